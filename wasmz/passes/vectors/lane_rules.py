"""Vector operations as operations on single lanes: which ones `lanes` can split, how, and at which cost.

    f32x4.add v0 v1         four f32.add
    v128.load v0            f32.load offset=12, offset=8, ..., or i64.load twice, by the shape that uses want
    i8x16.shuffle           no operation, if it moves whole lanes
    f32x4.lt v0 v1          four f32.lt, as conditions for a `v128.bitselect`, and as lanes with all bits set

Operations on each lane separately are lines of ``rules/lanes.rules``. Here are the others: they combine lanes, move
them, or access memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from wasmz.ir.facts import MASKS, OPS
from wasmz.ir.nodes import Value
from wasmz.passes.rules import lanes
from wasmz.passes.rules.lane_support import (
    ANY,
    COUNTS,
    INTEGERS,
    NONE,
    SHAPES,
    SIZES,
    VECTOR_SHAPES,
    Emit,
    Lanes,
    Operand,
    Rule,
    Writer,
)
from wasmz.types import ValType

RULES: dict[str, Rule] = dict(lanes.RULES)


# Bits


def _bitwise(name: str) -> Emit:
    def emit(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
        conditions = [writer.conditions.get(arg) for arg in value.args]
        integer = INTEGERS[shape]
        first, second = args
        if integer == shape and all(found is not None and len(found) == COUNTS[shape] for found in conditions):
            op = {"and": "i32.and", "or": "i32.or", "xor": "i32.xor"}.get(name)
            if op is not None:
                pairs = zip(*conditions, strict=True)
                return writer.masks(value, integer, [writer.add(op, ValType.I32, a, b) for a, b in pairs])
        if name in ("and", "andnot") and shape != integer:
            # The number where the condition is true (or false), otherwise zero.
            kept, found = (second, conditions[0]) if name == "and" and conditions[0] else (first, conditions[1])
            if found is not None and len(found) == COUNTS[shape]:
                zero = writer.constant(shape, 0)
                arms = [(lane, zero) if name == "and" else (zero, lane) for lane in kept]
                return [
                    writer.add("select", SHAPES[shape], *pair, condition)
                    for pair, condition in zip(arms, found, strict=True)
                ]
        one = writer.converted(first, shape, integer)
        other = writer.converted(second, shape, integer)
        if name == "andnot":
            ones = writer.constant(integer, MASKS[integer])
            other = [writer.add(f"{integer}.xor", SHAPES[integer], lane, ones) for lane in other]
        op = f"{integer}.{name if name != 'andnot' else 'and'}"
        lanes = [writer.add(op, SHAPES[integer], a, b) for a, b in zip(one, other, strict=True)]
        return writer.converted(lanes, integer, shape)

    return emit


def _not(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    integer = INTEGERS[shape]
    lanes = writer.converted(args[0], shape, integer)
    ones = writer.constant(integer, MASKS[integer])
    found = writer.conditions.get(value.args[0])
    if found is not None and len(found) == COUNTS[shape] and integer == shape:
        return writer.masks(value, integer, [writer.add("i32.eqz", ValType.I32, lane) for lane in found])
    lanes = [writer.add(f"{integer}.xor", SHAPES[integer], lane, ones) for lane in lanes]
    return writer.converted(lanes, integer, shape)


def _bitselect(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    first, second, mask = args
    found = writer.conditions.get(value.args[2])
    if found is not None and len(found) == COUNTS[shape]:
        arms = zip(first, second, found, strict=True)
        return [writer.add("select", SHAPES[shape], *lane) for lane in arms]
    integer = INTEGERS[shape]
    type = SHAPES[integer]
    parts = [writer.converted(lanes, shape, integer) for lanes in (first, second, mask)]
    lanes = []
    for a, b, c in zip(*parts, strict=True):
        unlike = writer.add(f"{integer}.xor", type, a, b)
        lanes.append(writer.add(f"{integer}.xor", type, b, writer.add(f"{integer}.and", type, unlike, c)))
    return writer.converted(lanes, integer, shape)


def _select(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    first, second, condition = args
    return [writer.add("select", SHAPES[shape], a, b, condition) for a, b in zip(first, second, strict=True)]


for _name in ("and", "or", "xor", "andnot"):
    RULES[f"v128.{_name}"] = Rule((ANY, ANY), ANY, _bitwise(_name), 48, 30)
RULES["v128.not"] = Rule((ANY,), ANY, _not, 40, 30)
for _op in ("v128.bitselect", "i32x4.relaxed_laneselect", "i64x2.relaxed_laneselect"):
    RULES[_op] = Rule((ANY, ANY, ANY), ANY, _bitselect, 110, 30)
# For vectors only; the width of the lanes does not matter.
SELECT = Rule((ANY, ANY, NONE), ANY, _select, 30, 30)


# Single lanes


def _splat(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    return [args[0]] * COUNTS[VECTOR_SHAPES[OPS[value.op].type]]


def _extract(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    return args[0][value.imm]


def _replace(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    lanes = list(args[0])
    lanes[value.imm] = args[1]
    return lanes


def _shuffle(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    size = 4 if SIZES[shape] == 4 or not _moves_lanes(value.imm, 8) else 8
    moved = shape if SIZES[shape] == size else "i32"
    pool = [lane for lanes in args for lane in writer.converted(lanes, shape, moved)]
    lanes = [pool[value.imm[place] // size] for place in range(0, 16, size)]
    return writer.converted(lanes, moved, shape)


def _moves_lanes(lanes: bytes, size: int) -> bool:
    """Whether a shuffle moves whole lanes of ``size`` bytes."""
    return all(
        lanes[place] % size == 0 and lanes[place : place + size] == bytes(range(lanes[place], lanes[place] + size))
        for place in range(0, 16, size)
    )


SHUFFLE = Rule((ANY, ANY), ANY, _shuffle, 250, 0)
for _vector, _shape in VECTOR_SHAPES.items():
    _is_float = _shape[0] == "f"
    RULES[f"{_vector}.splat"] = Rule((NONE,), _shape, _splat, 210 if _is_float else 40, 0)
    RULES[f"{_vector}.extract_lane"] = Rule((_shape,), NONE, _extract, 210 if _is_float else 55, 0)
    RULES[f"{_vector}.replace_lane"] = Rule((_shape, NONE), _shape, _replace, 350 if _is_float else 95, 0)


# Memory. The highest lane is accessed first: if it is in bounds, all are, so no store is partial.


def _parts(imm: tuple[int, int, int], size: int, count: int) -> list[tuple[int, int, int]]:
    alignment, offset, memory = imm
    return [(min(alignment, size.bit_length() - 1), offset + size * number, memory) for number in range(count)]


def _loading(op: str, shape: str, size: int, count: int) -> Emit:
    """Loads of consecutive items."""

    def emit(writer: Writer, value: Value, args: Sequence[Operand], _: str) -> Operand:
        places = _parts(value.imm, size, count)
        lanes = [writer.add(op, SHAPES[shape], args[0], imm=place) for place in reversed(places)]
        return lanes[::-1]

    return emit


def _load(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    return _loading(f"{shape}.load", shape, SIZES[shape], COUNTS[shape])(writer, value, args, shape)


def _store(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    address, lanes = args
    places = _parts(value.imm, SIZES[shape], COUNTS[shape])
    for place, lane in zip(reversed(places), reversed(lanes), strict=True):
        writer.add(f"{shape}.store", None, address, lane, imm=place)
    return []


def _load_part(size: int, *, is_splat: bool) -> Emit:
    """One item, in each lane or with zeros above."""

    def emit(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
        loaded = shape if SIZES[shape] == size else {4: "i32", 8: "i64"}[size]
        lane = writer.add(f"{loaded}.load", SHAPES[loaded], args[0], imm=value.imm)
        count = COUNTS[loaded]
        lanes = [lane] * count if is_splat else [lane, *(writer.constant(loaded, 0) for _ in range(count - 1))]
        return writer.converted(lanes, loaded, shape)

    return emit


_PARTS = {f"v128.{name}{bits}_lane": shape for name in ("load", "store") for bits, shape in ((32, "i32"), (64, "i64"))}


def _load_lane(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    place, lane = value.imm
    shape = _PARTS[value.op]
    lanes = list(args[1])
    lanes[lane] = writer.add(f"{shape}.load", SHAPES[shape], args[0], imm=place)
    return lanes


def _store_lane(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    place, lane = value.imm
    part = _PARTS[value.op]
    if SIZES[shape] != SIZES[part]:
        given, shape = shape, part
        lanes = writer.converted(args[1], given, shape)
    else:
        lanes = args[1]
    writer.add(f"{shape}.store", None, args[0], lanes[lane], imm=place)
    return []


RULES["v128.load"] = Rule((NONE,), ANY, _load, 160, 34)
RULES["v128.store"] = Rule((NONE, ANY), NONE, _store, 170, 42)
for _size in (4, 8):
    _bits = 8 * _size
    RULES[f"v128.load{_bits}_splat"] = Rule((NONE,), ANY, _load_part(_size, is_splat=True), 105, 15)
    RULES[f"v128.load{_bits}_zero"] = Rule((NONE,), ANY, _load_part(_size, is_splat=False), 40, 10)
    _shape = {4: "i32", 8: "i64"}[_size]
    RULES[f"v128.load{_bits}_lane"] = Rule((NONE, _shape), _shape, _load_lane, 130, 15)
    RULES[f"v128.store{_bits}_lane"] = Rule((NONE, ANY), NONE, _store_lane, 90, 15)
for _sign in "su":
    _emit = _loading(f"i32.load16_{_sign}", "i32", 2, 4)
    RULES[f"v128.load16x4_{_sign}"] = Rule((NONE,), "i32", _emit, 330, 40)
    _emit = _loading(f"i64.load32_{_sign}", "i64", 4, 2)
    RULES[f"v128.load32x2_{_sign}"] = Rule((NONE,), "i64", _emit, 240, 40)


# Conditions on all lanes


def _all_true(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    shape = VECTOR_SHAPES[OPS[value.op].type]
    found = writer.conditions.get(value.args[0])
    if found is None or len(found) != COUNTS[shape]:
        zero = writer.constant(shape, 0)
        found = [writer.add(f"{shape}.ne", ValType.I32, lane, zero) for lane in args[0]]
    return _folded(writer, "i32.and", found)


def _any_true(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    found = writer.conditions.get(value.args[0])
    if found is None:
        integer = INTEGERS[shape]
        zero = writer.constant(integer, 0)
        lanes = writer.converted(args[0], shape, integer)
        found = [writer.add(f"{integer}.ne", ValType.I32, lane, zero) for lane in lanes]
    return _folded(writer, "i32.or", found)


def _bitmask(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    shape = VECTOR_SHAPES[OPS[value.op].type]
    found = writer.conditions.get(value.args[0])
    if found is None or len(found) != COUNTS[shape]:
        zero = writer.constant(shape, 0)
        found = [writer.add(f"{shape}.lt_s", ValType.I32, lane, zero) for lane in args[0]]
    bits = [
        writer.add("i32.shl", ValType.I32, condition, writer.constant("i32", number)) if number else condition
        for number, condition in enumerate(found)
    ]
    return _folded(writer, "i32.or", bits)


def _folded(writer: Writer, op: str, values: Lanes) -> Value:
    found = values[0]
    for value in values[1:]:
        found = writer.add(op, ValType.I32, found, value)
    return found


RULES["v128.any_true"] = Rule((ANY,), NONE, _any_true, 40, 40)
for _vector in ("i32x4", "i64x2"):
    RULES[f"{_vector}.all_true"] = Rule((VECTOR_SHAPES[_vector],), NONE, _all_true, 170, 40)
    RULES[f"{_vector}.bitmask"] = Rule((VECTOR_SHAPES[_vector],), NONE, _bitmask, 90, 40)

# Lanes at larger offsets could have addresses above 32 bits, which would not trap by themselves.
_LARGEST_OFFSET = 0xFFFF_FFFF - 16


def rule_of(value: Value) -> Rule | None:
    """The rule that splits a value, if there is one."""
    if value.op == "select":
        return SELECT if value.type is ValType.V128 else None
    if value.op == "i8x16.shuffle":
        return SHUFFLE if _moves_lanes(value.imm, 4) else None
    rule = RULES.get(value.op)
    if rule is not None and value.op.startswith(("v128.load", "v128.store")):
        place = value.imm[0] if isinstance(value.imm[0], tuple) else value.imm
        if place[1] > _LARGEST_OFFSET:
            return None
    return rule
