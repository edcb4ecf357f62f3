"""Does many iterations of a loop at once on numpy arrays, for generated code (docs/abi.md, "Rounds of loops").

    memory_array_rounds(m, 100, 64, 2.5, 0, "...def rounds(memory,count,a0,k0): ...")  -> 100

The compiler writes the function as text (``wasmz/passes/loops/array_text.py`` shows one); it is compiled here on its
first call. It does iterations whose accesses are all in bounds. It returns their number, or a tuple of that with the
totals and other values with which the next iteration begins.

numpy is imported once it pays off. Without numpy nothing is done here, and the loop itself does all iterations.
"""

from __future__ import annotations

import sys
from _struct import unpack_from

from wasmz.runtime.limits.checkpoints import requests, stop_if_asked
from wasmz.runtime.limits.depth import has_room
from wasmz.runtime.memory.linear import Memory
from wasmz.runtime.numeric.floats import f32_from_bits, f32_to_bits, f64_to_bits
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

__all__ = ["memory_array_rounds"]

__wasmz_frame__ = "helper"

# Elements that are computed at once: 64 KiB; several such pieces fit into a processor's caches.
LONGEST_PIECE: Final = 8192
# A distance between iterations that no loop has.
NEVER: Final = 1 << 62

# How many iterations loops do themselves before numpy is imported: the import takes 100 to 200 ms and saves about 100
# ns per iteration.
_ITERATIONS_BEFORE_IMPORT: Final = 1_000_000
_OLDEST: Final = (1, 26)
# How many functions are kept, and how many characters their texts may have: each takes about five bytes of memory.
# Functions of modules that were closed are among them.
_MOST_FUNCTIONS: Final = 4096
_MOST_CHARACTERS: Final = 1 << 23
# For an iteration, arrays have as many elements as an unrolled loop has equal parts.
_MOST_LANES: Final = 16
_NUMBER_BYTES: Final = 8
_VECTOR_BYTES: Final = 16
_PASSING_ARRAYS: Final = 4


class State:
    """What this process knows about numpy.

    Attributes:
        left: how many iterations loops do before it is imported.
        names: the names that the functions use; ``None`` before the import.
        is_missing: whether it cannot be imported.
        characters: the length of the texts of all functions that are kept.
    """

    left: int = _ITERATIONS_BEFORE_IMPORT
    names: dict[str, Any] | None = None
    is_missing: bool = False
    characters: int = 0


# The compiled functions, by their texts, and how many bytes their arrays have for each element.
_functions: dict[str, tuple[Callable[..., Any], int]] = {}


def memory_array_rounds(memory: Memory, rounds: int, *operands: Any) -> Any:
    """Does iterations with the function whose text is the last operand; the one before is its number of results."""
    *numbers, results, text = operands
    found = _functions.get(text)
    if found is None:
        found = _find(text, rounds)
        if found is None:
            return (0, *numbers[len(numbers) - results :]) if results else 0
    function, bytes_each = found
    budget = memory.store.memory_budget
    if budget.limit is None:
        return function(memory, rounds, *numbers)
    # What the arrays take counts as the guest's own; where there is no room for them, the loop does without.
    size = bytes_each * min(LONGEST_PIECE, _MOST_LANES * rounds)
    if not budget.reserve(size):
        return (0, *numbers[len(numbers) - results :]) if results else 0
    try:
        return function(memory, rounds, *numbers)
    finally:
        budget.release(size)


def _find(text: str, rounds: int) -> tuple[Callable[..., Any], int] | None:
    names = State.names
    if names is None:
        if State.is_missing:
            return None
        if "numpy" not in sys.modules:
            State.left -= rounds
            # An import that fails for want of stack would be the last: numpy cannot be initialised twice.
            if State.left > 0 or not has_room():
                return None
        names = State.names = _find_names()
        if names is None:
            State.is_missing = True
            return None
    if len(_functions) >= _MOST_FUNCTIONS or State.characters + len(text) > _MOST_CHARACTERS:
        _functions.clear()
        State.characters = 0
    State.characters += len(text)
    made: dict[str, Any] = dict(names)
    exec(compile(text, "<wasmz arrays>", "exec"), made)
    # Each line of the loop makes an array at most, which is kept to the end, and passing ones beside it.
    arrays = text.count("\n   ") + _PASSING_ARRAYS
    found = _functions[text] = made["rounds"], arrays * (_VECTOR_BYTES if ",16)," in text else _NUMBER_BYTES)
    return found


def smallest_lag(distance: int, step: int, pairs: tuple[tuple[int, int, int, int], ...]) -> int:
    """The least number of iterations after which an access overlaps one of an earlier iteration.

    Each pair describes two accesses: how far the later is from the earlier, in addition to ``distance``; the widths of
    the later and the earlier one; and the smallest number of iterations to consider.
    """
    least = NEVER
    for apart, width, earlier, first in pairs:
        apart += distance
        # They overlap after m iterations if -width < apart + step * m < earlier.
        if step > 0:
            lag = max(first, (-width - apart) // step + 1)
        elif step < 0:
            lag = max(first, (apart - earlier) // -step + 1)
        else:
            lag = first
        if lag < least and -width < apart + step * lag < earlier:
            least = lag
    return least


def _find_names() -> dict[str, Any] | None:
    """The names that the functions use; ``None`` if numpy is missing or too old."""
    try:
        numpy = load("numpy")
        version = tuple([int(part) for part in numpy.__version__.split(".")[:2]])
    except Exception:
        # Whatever prevents the import: the loops work without.
        return None
    if version < _OLDEST or sys.byteorder != "little":
        return None
    names = ("ndarray", "where", "empty", "isnan", "errstate", "absolute", "sqrt", "ceil", "floor", "trunc", "rint")
    return {
        **{name: getattr(numpy, name) for name in (*names, "fmod", "bitwise_and", "bitwise_or", "bitwise_xor")},
        **{name: getattr(numpy, name) for name in ("add", "maximum", "minimum")},
        **{f"{kind}{size}": numpy.dtype(f"{kind}{size}").type for kind in "ui" for size in (1, 2, 4, 8)},
        "f4": numpy.float32,
        "f8": numpy.float64,
        "accumulate": numpy.add.accumulate,
        **{function.__name__: function for function in (*_number_functions(numpy), *_vector_functions(numpy))},
        "smallest_lag": smallest_lag,
        "requests": requests,
        "stop_if_asked": stop_if_asked,
        "unpack_from": unpack_from,
        "f32_from_bits": f32_from_bits,
        "f32_to_bits": f32_to_bits,
        "f64_to_bits": f64_to_bits,
        "__wasmz_frame__": "helper",
    }


def _number_functions(numpy: Any) -> tuple[Callable[..., Any], ...]:
    """The functions on arrays of numbers."""
    add, maximum, minimum, ndarray = numpy.add, numpy.maximum, numpy.minimum, numpy.ndarray
    uint64 = numpy.uint64
    signed = {"i32_s": numpy.int32, "i64_s": numpy.int64}
    masks = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}
    counts: dict[Any, Any] = {}

    def counting(type: Any) -> Any:
        found = counts.get(type)
        if found is None:
            found = counts[type] = numpy.arange(LONGEST_PIECE, dtype=type)
        return found

    def total(value: Any, count: int) -> int:
        if not value.ndim:
            return int(value) * count
        return int(add.reduce(value, dtype=uint64))

    def fold(function: Any, value: Any) -> int:
        return int(function.reduce(value))

    def last(value: Any) -> Any:
        return value[-1] if getattr(value, "ndim", 0) else value

    def extreme(kind: str, order: str, start: Any, *values: Any) -> Any:
        """The largest or smallest of a number and the elements of arrays; ``None`` if it may be a zero or a NaN."""
        function, choose = (maximum, max) if kind == "max" else (minimum, min)
        if order[0] == "f":
            found = choose(start, *[float(function.reduce(value)) for value in values])
            # If any is a NaN, so is the sum.
            checked = sum([float(function.reduce(value)) for value in values], start)
            return None if not found or checked != checked else found
        mask = masks[order[:3]]
        if order in signed:
            half = (mask >> 1) + 1
            type = signed[order]
            numbers = [int(function.reduce(value.view(type))) for value in values]
            return choose(start - ((start & half) << 1), *numbers) & mask
        return choose(start, *[int(function.reduce(value)) for value in values])

    def larger(one: Any, other: Any) -> Any:
        found = maximum(one, other)
        zeros = (one == 0) & (other == 0)
        return numpy.where(zeros, one + other, found) if zeros.any() else found

    def smaller(one: Any, other: Any) -> Any:
        found = minimum(one, other)
        zeros = (one == 0) & (other == 0)
        return numpy.where(zeros, -(-one - other), found) if zeros.any() else found

    def gather(memory: Any, type: Any, width: int, addresses: Any, offset: int) -> Any:
        """Items at any addresses, with those of the first byte and after the last one; ``None`` if one is outside."""
        first, last = int(addresses.min()) + offset, int(addresses.max()) + offset
        room = memory.size_bytes - width
        if last > room:
            return None
        items = ndarray((room + 1 - offset,), type, memory.bytes, offset, (1,))
        return items[addresses], first, last + width

    return counting, total, fold, last, extreme, larger, smaller, gather


def _vector_functions(numpy: Any) -> tuple[Callable[..., Any], ...]:
    """The functions on arrays of vectors, as rows of bytes or lanes."""
    minimum = numpy.minimum

    def vector(number: int) -> Any:
        return numpy.frombuffer(number.to_bytes(16, "little"), numpy.uint8)

    def join(one: Any, other: Any) -> Any:
        if one.ndim != other.ndim:
            one, other = numpy.broadcast_arrays(one, other)
        return numpy.concatenate((one, other), -1)

    def pack_lanes(*columns: Any) -> Any:
        rows = numpy.stack(numpy.broadcast_arrays(*columns), -1)
        return numpy.ascontiguousarray(rows).view(numpy.uint8)

    def take(value: Any, places: tuple[int, ...]) -> Any:
        return numpy.take(value, places, -1)

    def splat(value: Any, type: Any) -> Any:
        lanes = numpy.repeat(value.astype(type), 16 // type(0).itemsize).view(numpy.uint8)
        return lanes.reshape(-1, 16) if value.ndim else lanes

    def first_lane(value: Any) -> Any:
        rows = numpy.zeros((*value.shape, 16 // value.itemsize), value.dtype)
        rows[..., 0] = value
        return rows.view(numpy.uint8)

    def with_lane(vectors: Any, value: Any, type: Any, lane: int) -> Any:
        rows = vectors.view(type)
        shape = rows.shape if rows.ndim > 1 else value.shape + rows.shape
        rows = numpy.array(numpy.broadcast_to(rows, shape), order="C")
        rows[..., lane] = value.astype(type)
        return rows.view(numpy.uint8)

    def write_lane(vectors: Any, value: Any, type: Any, lane: int) -> Any:
        """The same in place, if there is a vector for each number."""
        if vectors.ndim == 1 or len(vectors) != value.size:
            return with_lane(vectors, value, type, lane)
        vectors.view(type)[..., lane] = value.astype(type)
        return vectors

    def widen(value: Any, type: Any) -> Any:
        """The eight bytes of each element as lanes."""
        return numpy.asarray(value, order="C")[..., None].view(type)

    def add_pairs(lanes: Any) -> Any:
        return (lanes[..., ::2] + lanes[..., 1::2]).view(numpy.uint8)

    def swizzle(value: Any, places: Any) -> Any:
        value, places = numpy.broadcast_arrays(value, places)
        found = numpy.take_along_axis(value, minimum(places, 15).astype(numpy.intp), -1)
        return numpy.ascontiguousarray(numpy.where(places < 16, found, numpy.uint8(0)))

    def fold_vectors(function: Any, type: Any, start: int, *values: Any) -> int:
        found = vector(start).view(type)
        for value in values:
            rows = value.view(type)
            # Lanes wrap around.
            part = function.reduce(rows, axis=0, dtype=type) if rows.ndim > 1 else rows
            found = function(found, part)
        return int.from_bytes(found.tobytes(), "little")

    lanes = (splat, first_lane, with_lane, write_lane, widen, add_pairs, swizzle)
    return vector, join, pack_lanes, take, *lanes, fold_vectors


# By name, for generated code (see find_helpers.py).
HELPERS = {name: globals()[name] for name in __all__}
