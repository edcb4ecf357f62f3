"""Strings and lists in linear memory: what generated lifts and lowering call (Canonical ABI, "Loading", "Storing").

lift_utf8(memory, 8, 3)                     -> "abc"
utf8_of_text("abc", memory, realloc)        -> (address, 3), where the guest's realloc said
utf16_of_utf8("abc", memory, realloc)       the same for a string that came from a component with UTF-8: what is asked
                                            of realloc depends on that
"""

from __future__ import annotations

from _operator import index
from array import array

from wasmz.component.traps import component_trap
from wasmz.runtime.numeric.floats import f32_from_bits, f32_to_bits, f64_from_bits, f64_to_bits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Protocol

    from wasmz.runtime.memory.linear import Memory

    class ComponentState(Protocol):
        """The state of an instance: `state.py`."""

        budget: int

    Realloc = Callable[[int, int, int, int], int]

__wasmz_frame__ = "helper"

# The longest string and list, in bytes.
MOST_BYTES: Final = (1 << 28) - 1

# What the values of one call may take in Python, in bytes, where they can take more than the component's memory.
MOST_LIFTED: Final = 1 << 28
# The longest list of numbers as Python's.
_MOST_NUMBERS: Final = 1 << 24

_LIST_BOUNDS = "list content out-of-bounds"
_STRING_BOUNDS = "string content out-of-bounds"
_UNALIGNED = "unaligned pointer"


class Wide(str):
    """A string that was UTF-16 in its component, though it might choose Latin-1."""

    __slots__ = ()


# Lifting


def lift_utf8(memory: Memory, start: int, count: int) -> str:
    """A string in UTF-8."""
    end = start + count
    if count > MOST_BYTES or end > memory.size_bytes:
        trap_string()
    try:
        return memory.bytes[start:end].tobytes().decode()
    except UnicodeDecodeError as error:
        return str(trap_string(error))


def lift_utf16(memory: Memory, start: int, count: int) -> str:
    """A string in UTF-16."""
    end = start + 2 * count
    if 2 * count > MOST_BYTES:
        raise component_trap("string pointer/length out of bounds of memory")
    if start & 1:
        raise component_trap(_UNALIGNED)
    if end > memory.size_bytes:
        raise component_trap("string pointer/length out of bounds of memory")
    try:
        return str(memory.bytes[start:end], "utf-16-le")
    except UnicodeDecodeError as error:
        raise component_trap(f"invalid utf-16 sequence: {error.reason}") from None


def lift_latin1_or_utf16(memory: Memory, start: int, count: int, tag: int, is_passed: bool) -> str:
    """A string whose length says which of the two it is."""
    if count & tag:
        text = lift_utf16(memory, start, count ^ tag)
        return Wide(text) if is_passed else text
    if count > MOST_BYTES:
        raise component_trap("string pointer/length out of bounds of memory")
    if start & 1:
        raise component_trap(_UNALIGNED)
    end = start + count
    if end > memory.size_bytes:
        raise component_trap("string pointer/length out of bounds of memory")
    return str(memory.bytes[start:end], "latin-1")


def check_list(memory: Memory, start: int, count: int, size: int, alignment: int) -> int:
    """Checks that a list's items are in memory; where they end."""
    total = count * size
    end = start + total
    if total > MOST_BYTES or start & (alignment - 1) or end > memory.size_bytes:
        raise _bad_list(start, total, alignment)
    return end


def _bad_list(start: int, total: int, alignment: int) -> Exception:
    if total <= MOST_BYTES and start & (alignment - 1):
        return component_trap(_UNALIGNED)
    return component_trap("list pointer/length out of bounds of memory")


def charged(state: ComponentState, count: int, size: int) -> int:
    """The count of items, of which each takes so many bytes. A trap if that is more than one call may take."""
    left = state.budget - count * size
    if left < 0:
        raise component_trap("the values of a call are too large")
    state.budget = left
    return count


def charged_units(state: ComponentState, count: int, size: int, tag: int) -> int:
    """The same for the units of a string whose length says in a bit which encoding it has."""
    charged(state, count & ~tag, size)
    return count


def lift_bytes(memory: Memory, start: int, count: int) -> bytes:
    """A list of bytes."""
    end = start + count
    if count > MOST_BYTES or end > memory.size_bytes:
        raise _bad_list(start, count, 1)
    return memory.bytes[start:end].tobytes()


def lift_numbers(memory: Memory, start: int, count: int, format: str, size: int) -> list[Any]:
    """A list of numbers."""
    if count > _MOST_NUMBERS:
        raise component_trap("the values of a call are too large")
    end = check_list(memory, start, count, size, size)
    return memory.bytes[start:end].cast(format).tolist()  # type: ignore[call-overload, no-any-return]


def lift_view(memory: Memory, start: int, count: int, size: int) -> memoryview:
    """The bytes of a list of numbers that goes on to another component."""
    return memory.bytes[start : check_list(memory, start, count, size, size)]


def trap_address(start: int, alignment: int) -> Any:
    """Values are not in memory where a function was told that they are."""
    if start & (alignment - 1):
        raise component_trap(_UNALIGNED)
    raise component_trap("pointer out of bounds of memory")


def trap_string(error: UnicodeDecodeError | None = None) -> Any:
    """A string is not in memory, or not in UTF-8."""
    if error is not None:
        raise component_trap(f"invalid utf-8 sequence: {error.reason}") from None
    raise component_trap("string pointer/length out of bounds of memory")


# Lowering


def allocate(memory: Memory, realloc: Realloc, alignment: int, size: int) -> int:
    """Room for so many bytes, for what Python passes."""
    start = realloc(0, 0, alignment, size)
    if start & (alignment - 1):
        raise component_trap("realloc return: result not aligned")
    if start + size > memory.size_bytes:
        raise component_trap("realloc return: beyond end of memory")
    return start


def allocate_passed(memory: Memory, realloc: Realloc, alignment: int, size: int) -> int:
    """The same for what another component passes."""
    return _checked(realloc(0, 0, alignment, size), memory, alignment, size, _LIST_BOUNDS)


def _checked(start: int, memory: Memory, alignment: int, size: int, message: str) -> int:
    if start & (alignment - 1):
        raise component_trap(_UNALIGNED)
    if start + size > memory.size_bytes:
        raise component_trap(message)
    return start


def store_bytes(value: Any, memory: Memory, realloc: Realloc) -> tuple[int, int]:
    """A list of bytes: anything with a buffer of them, or integers."""
    if value.__class__ is not bytes:
        value = _bytes_of(value)
    count = len(value)
    if count > MOST_BYTES:
        raise OverflowError("the list is too long")
    start = allocate(memory, realloc, 1, count)
    memory.bytes[start : start + count] = value
    return start, count


def _bytes_of(value: Any) -> bytes | memoryview:
    if isinstance(value, (str, int)):
        raise TypeError("expected bytes")
    try:
        view = memoryview(value)
    except TypeError:
        return bytes(list(value))
    if view.itemsize != 1 or view.format == "c":
        raise TypeError("expected bytes")
    return view.tobytes()


def store_numbers(value: Any, memory: Memory, realloc: Realloc, format: str, size: int) -> tuple[int, int]:
    """A list of numbers: of Python's, or anything with a buffer of just these."""
    data = _numbers_of(value, format)
    total = len(data)
    if total > MOST_BYTES:
        raise OverflowError("the list is too long")
    start = allocate(memory, realloc, size, total)
    memory.bytes[start : start + total] = data
    return start, total // size


def _numbers_of(value: Any, format: str) -> bytes | memoryview:
    kind = value.__class__
    if kind is list or kind is tuple:
        if format != "f":
            return memoryview(array(format, value)).cast("B")
        return _singles(value)
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError("expected a list of numbers")
    try:
        view = memoryview(value)
    except TypeError:
        return _numbers_of(list(value), format)
    if view.format != format and (view.format, format) not in _SAME_FORMATS:
        return _numbers_of(view.tolist(), format)
    return view.tobytes()


# "l" is 64 bits wide on some systems; values are checked one by one where widths differ.
_SAME_FORMATS: Final = {("l", "q"), ("L", "Q")} if array("l").itemsize == 8 else {("l", "i"), ("L", "I")}


def _singles(value: Any) -> bytes:
    """Numbers rounded to singles; those that are too large become infinite."""
    numbers = array("d", value)
    singles = memoryview(bytearray(4 * len(numbers))).cast("f")
    for position, number in enumerate(numbers):
        singles[position] = number
    return singles.tobytes()


def store_view(value: memoryview, memory: Memory, realloc: Realloc, size: int) -> tuple[int, int]:
    """The bytes of a list of numbers from another component."""
    total = len(value)
    start = allocate_passed(memory, realloc, size, total)
    memory.bytes[start : start + total] = value
    return start, total // size


# Strings from Python


def utf16_of_text(text: str, memory: Memory, realloc: Realloc) -> tuple[int, int]:
    """Python's string in UTF-16."""
    data = text_of(text).encode("utf-16-le")
    return _put(data, memory, realloc), len(data) // 2


def latin1_or_utf16_of_text(text: str, memory: Memory, realloc: Realloc, tag: int) -> tuple[int, int]:
    """Python's string in Latin-1 if that is possible."""
    try:
        data = text_of(text).encode("latin-1")
    except UnicodeEncodeError:
        data = text.encode("utf-16-le")
        return _put(data, memory, realloc), len(data) // 2 | tag
    return _put(data, memory, realloc), len(data)


def text_of(value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError("expected string")
    return value


def _put(data: bytes, memory: Memory, realloc: Realloc) -> int:
    count = len(data)
    if count > MOST_BYTES:
        raise no_room(count)
    start = allocate(memory, realloc, 2, count)
    memory.bytes[start : start + count] = data
    return start


def no_room(count: int) -> Exception:
    """What is wrong with a string of so many bytes, for which there is no room."""
    if count > MOST_BYTES:
        return OverflowError("the string is too long")
    return component_trap("realloc return: beyond end of memory")


# Strings from other components. What is asked of realloc, and in which order, is the specification's.


def _units(text: str) -> int:
    """How many units of UTF-16 a string has."""
    return len(text.encode("utf-16-le")) // 2


def _move(start: int, old: int, alignment: int, new: int, memory: Memory, realloc: Realloc) -> int:
    return _checked(realloc(start, old, alignment, new), memory, alignment, new, _STRING_BOUNDS)


def _copy(data: bytes, alignment: int, memory: Memory, realloc: Realloc) -> int:
    start = _move(0, 0, alignment, len(data), memory, realloc)
    memory.bytes[start : start + len(data)] = data
    return start


def utf8_of_utf8(text: str, memory: Memory, realloc: Realloc) -> tuple[int, int]:
    """UTF-8 as it is."""
    data = text.encode()
    return _copy(data, 1, memory, realloc), len(data)


def utf16_of_utf16(text: str, memory: Memory, realloc: Realloc) -> tuple[int, int]:
    """UTF-16 as it is."""
    data = text.encode("utf-16-le")
    return _copy(data, 2, memory, realloc), len(data) // 2


def utf8_of_utf16(text: str, memory: Memory, realloc: Realloc) -> tuple[int, int]:
    """UTF-16 to UTF-8."""
    units = _units(text)
    return _grow_to_utf8(text, units, 3 * units, memory, realloc)


def _grow_to_utf8(text: str, units: int, worst: int, memory: Memory, realloc: Realloc) -> tuple[int, int]:
    start = _move(0, 0, 1, units, memory, realloc)
    data = text.encode()
    if text.isascii():
        memory.bytes[start : start + units] = data
        return start, units
    # What comes before the first character beyond ASCII is written first.
    head = next(position for position, character in enumerate(text) if character > "\x7f")
    memory.bytes[start : start + head] = data[:head]
    start = _move(start, units, 1, worst, memory, realloc)
    memory.bytes[start + head : start + len(data)] = data[head:]
    if worst > len(data):
        start = _move(start, worst, 1, len(data), memory, realloc)
    return start, len(data)


def utf16_of_utf8(text: str, memory: Memory, realloc: Realloc) -> tuple[int, int]:
    """UTF-8 to UTF-16."""
    worst = 2 * len(text.encode())
    start = _move(0, 0, 2, worst, memory, realloc)
    data = text.encode("utf-16-le")
    memory.bytes[start : start + len(data)] = data
    if len(data) < worst:
        start = _move(start, worst, 2, len(data), memory, realloc)
    return start, len(data) // 2


def utf8_of_latin1_or_utf16(text: str, memory: Memory, realloc: Realloc) -> tuple[int, int]:
    """Either to UTF-8."""
    if not _is_latin1(text):
        return utf8_of_utf16(text, memory, realloc)
    return _grow_to_utf8(text, len(text), 2 * len(text), memory, realloc)


def utf16_of_latin1_or_utf16(text: str, memory: Memory, realloc: Realloc) -> tuple[int, int]:
    """Either to UTF-16."""
    return utf16_of_utf16(text, memory, realloc)


def _is_latin1(text: str) -> bool:
    """Whether a string was Latin-1 in a component that may choose."""
    return text.__class__ is not Wide


def latin1_or_utf16_of_utf8(text: str, memory: Memory, realloc: Realloc, tag: int) -> tuple[int, int]:
    """UTF-8 to either."""
    return _choose(text, len(text.encode()), memory, realloc, tag)


def latin1_or_utf16_of_utf16(text: str, memory: Memory, realloc: Realloc, tag: int) -> tuple[int, int]:
    """UTF-16 to either."""
    return _choose(text, _units(text), memory, realloc, tag)


def _choose(text: str, units: int, memory: Memory, realloc: Realloc, tag: int) -> tuple[int, int]:
    start = _move(0, 0, 2, units, memory, realloc)
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError as error:
        head = error.start
        memory.bytes[start : start + head] = text[:head].encode("latin-1")
        start = _move(start, units, 2, 2 * units, memory, realloc)
        data = text.encode("utf-16-le")
        memory.bytes[start : start + 2 * head] = bytes(
            [byte for unit in memory.bytes[start : start + head].tobytes() for byte in (unit, 0)]
        )
        memory.bytes[start + 2 * head : start + len(data)] = data[2 * head :]
        if 2 * units > len(data):
            start = _move(start, 2 * units, 2, len(data), memory, realloc)
        return start, len(data) // 2 | tag
    memory.bytes[start : start + len(data)] = data
    if len(data) < units:
        start = _move(start, units, 2, len(data), memory, realloc)
    return start, len(data)


def latin1_or_utf16_of_same(text: str, memory: Memory, realloc: Realloc, tag: int) -> tuple[int, int]:
    """Either as it is; UTF-16 becomes Latin-1 if it can."""
    if _is_latin1(text):
        return _copy(text.encode("latin-1"), 2, memory, realloc), len(text)
    data = text.encode("utf-16-le")
    start = _copy(data, 2, memory, realloc)
    try:
        narrow = text.encode("latin-1")
    except UnicodeEncodeError:
        return start, len(data) // 2 | tag
    memory.bytes[start : start + len(narrow)] = narrow
    start = _move(start, len(data), 1, len(narrow), memory, realloc)
    return start, len(narrow)


# Numbers and characters


def int_of(value: Any, low: int, high: int) -> int:
    """An integer within bounds."""
    number = index(value)
    if not low <= number <= high:
        raise OverflowError("out of range")
    return number


def float_of(value: Any) -> float:
    """A float of any real number."""
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError("expected a number")
    return float(value)


def bool_of(value: Any) -> bool:
    """A truth value: Python's, or numpy's."""
    if type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    raise TypeError("expected bool")


def char_of(code: int) -> str:
    """The character that a number stands for."""
    check_char(code)
    return chr(code)


def check_char(code: int) -> int:
    """The number, if it stands for a character."""
    if code >= 0x110000 or 0xD800 <= code <= 0xDFFF:
        raise component_trap("invalid `char` bit pattern")
    return code


def code_of(value: Any) -> int:
    """The number of a character."""
    code = ord(text_of(value))
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError("surrogates are no characters")
    return code


def trap_discriminant() -> Any:
    """A variant's number is none of its cases'."""
    raise component_trap("invalid variant discriminant")


def check_case(number: int, count: int) -> int:
    """The number of an enum's case, if it has so many."""
    if number >= count:
        trap_discriminant()
    return number


def case_of(members: tuple[Any, ...], number: int) -> Any:
    """The member of an enum."""
    if number >= len(members):
        trap_discriminant()
    return members[number]


# What generated code refers to.
NAMES: Final[dict[str, Any]] = {
    name: value for name, value in list(globals().items()) if callable(value) and not name.startswith("_")
}
NAMES.update(f32_from_bits=f32_from_bits, f32_to_bits=f32_to_bits, f64_from_bits=f64_from_bits, f64_to_bits=f64_to_bits)
NAMES["f32_scratch"] = memoryview(bytearray(4)).cast("f")
