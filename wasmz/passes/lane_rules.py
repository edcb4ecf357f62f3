"""Vector operations as operations on single lanes: what `lanes` can take apart, how, and what that is worth.

    f32x4.add v0 v1         four f32.add
    v128.load v0            f32.load offset=12, offset=8, ..., or i64.load twice: as the uses want the lanes
    i8x16.shuffle           nothing, if it moves whole lanes
    f32x4.lt v0 v1          four f32.lt, kept as conditions for a `v128.bitselect`, and as lanes of ones

Costs are nanoseconds on CPython 3.12, measured in generated code of level 2; only their proportions count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wasmz.ir.nodes import Block, Value
from wasmz.types import ValType
from wasmz.wasm.instructions import BY_NAME

# Shape of lanes that are held apart -> their type.
SHAPES = {"i32": ValType.I32, "i64": ValType.I64, "f32": ValType.F32, "f64": ValType.F64}
COUNTS = {"i32": 4, "f32": 4, "i64": 2, "f64": 2}
SIZES = {"i32": 4, "f32": 4, "i64": 8, "f64": 8}
VECTOR_SHAPES = {"i32x4": "i32", "i64x2": "i64", "f32x4": "f32", "f64x2": "f64"}
INTEGERS = {"i32": "i32", "i64": "i64", "f32": "i32", "f64": "i64"}

Lanes = list[Value]
# A vector operand's lanes, or another operand: a `Value`.
Operand = Any

# As an operand's or a result's shape: a vector of any shape, that of the group; no vector.
ANY = ""
NONE = "-"

_ONES = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}


class Writer:
    """Writes operations into a block, all for one instruction.

    Attributes:
        conditions: for comparisons, and what combines them, the i32 that says for each lane whether it holds.
    """

    def __init__(self) -> None:
        self.conditions: dict[Value, Lanes] = {}
        self.block: Block = Block()
        self.offset = 0
        self.body: list[Value] = []

    def add(self, op: str, type: ValType | None, *args: Value, imm: Any = None) -> Value:
        """Appends an operation."""
        value = Value(op, type, args, imm, self.offset, self.block)
        self.body.append(value)
        return value

    def constant(self, shape: str, bits: int) -> Value:
        """A constant by its bits."""
        return self.add(f"{shape}.const", SHAPES[shape], imm=bits)

    def constants(self, shape: str, bits: int) -> Lanes:
        """The lanes of a ``v128.const``."""
        width = 8 * SIZES[shape]
        return [self.constant(shape, bits >> place & (1 << width) - 1) for place in range(0, 128, width)]

    def converted(self, lanes: Lanes, held: str, wanted: str) -> Lanes:
        """The same bits as lanes of another shape."""
        if held == wanted:
            return lanes
        if INTEGERS[held] != held:
            integer = INTEGERS[held]
            lanes = [self.add(f"{integer}.reinterpret_{held}", SHAPES[integer], lane) for lane in lanes]
            return self.converted(lanes, integer, wanted)
        integer = INTEGERS[wanted]
        i32, i64 = ValType.I32, ValType.I64
        if held == "i32" and integer == "i64":
            wide = [self.add("i64.extend_i32_u", i64, lane) for lane in lanes]
            count = self.constant("i64", 32)
            moved = [self.add("i64.shl", i64, lane, count) for lane in wide[1::2]]
            lanes = [self.add("i64.or", i64, low, high) for low, high in zip(wide[::2], moved, strict=True)]
        elif held == "i64" and integer == "i32":
            count = self.constant("i64", 32)
            halves = [half for lane in lanes for half in (lane, self.add("i64.shr_u", i64, lane, count))]
            lanes = [self.add("i32.wrap_i64", i32, half) for half in halves]
        if integer != wanted:
            lanes = [self.add(f"{wanted}.reinterpret_{integer}", SHAPES[wanted], lane) for lane in lanes]
        return lanes

    def masks(self, value: Value, shape: str, conditions: Lanes) -> Lanes:
        """Lanes of ones where a condition holds, kept as conditions, too."""
        self.conditions[value] = conditions
        zero = self.constant(shape, 0)
        if shape == "i64":
            conditions = [self.add("i64.extend_i32_u", ValType.I64, lane) for lane in conditions]
        return [self.add(f"{shape}.sub", SHAPES[shape], zero, lane) for lane in conditions]


# Writes the operation's lanes; takes it, its operands and the shape of its group.
Emit = Callable[[Writer, Value, Sequence[Operand], str], Operand]


@dataclass(frozen=True)
class Rule:
    """How an operation is taken apart.

    Attributes:
        args: shapes of the operands.
        result: shape of the result.
        emit: writes it.
        cost: of the vector operation.
        lane_cost: of each lane.
    """

    args: tuple[str, ...]
    result: str
    emit: Emit
    cost: int
    lane_cost: int


RULES: dict[str, Rule] = {}


def _lanewise(op: str, type: ValType) -> Emit:
    def emit(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
        return [writer.add(op, type, *lane) for lane in zip(*args, strict=True)]

    return emit


def _register_floats() -> None:
    for vector, shape in (("f32x4", "f32"), ("f64x2", "f64")):
        type, integer = SHAPES[shape], INTEGERS[shape]
        is_single = shape == "f32"
        costs = {
            **dict.fromkeys(("add", "sub", "mul"), (750 if is_single else 600, 55 if is_single else 18)),
            "div": (1500, 130) if is_single else (1150, 80),
            **dict.fromkeys(("min", "max"), (1550 if is_single else 1250, 130)),
            **dict.fromkeys(("sqrt", "ceil", "floor", "trunc"), (1400 if is_single else 1000, 130)),
            "nearest": (1800 if is_single else 1200, 200),
            "neg": (40, 20),
            "abs": (40, 70),
        }
        for name, (cost, lane_cost) in costs.items():
            count = len(BY_NAME[f"{vector}.{name}"].params or ())
            rule = Rule((shape,) * count, shape, _lanewise(f"{shape}.{name}", type), cost, lane_cost)
            RULES[f"{vector}.{name}"] = rule
            if name in ("min", "max"):
                RULES[f"{vector}.relaxed_{name}"] = rule
        for name in ("eq", "ne", "lt", "gt", "le", "ge"):
            RULES[f"{vector}.{name}"] = Rule((shape, shape), integer, _comparison(f"{shape}.{name}", integer), 480, 60)
        for name, less in (("pmin", (1, 0)), ("pmax", (0, 1))):
            RULES[f"{vector}.{name}"] = Rule((shape, shape), shape, _chosen(f"{shape}.lt", less, (1, 0)), 620, 50)
        RULES[f"{vector}.relaxed_madd"] = Rule((shape,) * 3, shape, _fused(shape, is_negated=False), 1300, 70)
        RULES[f"{vector}.relaxed_nmadd"] = Rule((shape,) * 3, shape, _fused(shape, is_negated=True), 1300, 70)


def _register_integers() -> None:
    for vector, shape in (("i32x4", "i32"), ("i64x2", "i64")):
        type = SHAPES[shape]
        is_narrow = shape == "i32"
        for name, cost, lane_cost in (
            ("add", 205, 40 if is_narrow else 60),
            ("sub", 235, 40 if is_narrow else 60),
            ("mul", 1130 if is_narrow else 450, 55 if is_narrow else 90),
        ):
            RULES[f"{vector}.{name}"] = Rule((shape, shape), shape, _lanewise(f"{shape}.{name}", type), cost, lane_cost)
        for name in ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"):
            if f"{vector}.{name}" in BY_NAME:
                emit = _comparison(f"{shape}.{name}", shape)
                RULES[f"{vector}.{name}"] = Rule((shape, shape), shape, emit, 320, 60)
        for name, op in (("min", "lt"), ("max", "gt")):
            for sign in "su":
                if f"{vector}.{name}_{sign}" in BY_NAME:
                    emit = _chosen(f"{shape}.{op}_{sign}", (0, 1), (0, 1))
                    RULES[f"{vector}.{name}_{sign}"] = Rule((shape, shape), shape, emit, 450, 60)
        for name, cost, lane_cost in (("shl", 50, 40), ("shr_u", 50, 30), ("shr_s", 115, 60)):
            RULES[f"{vector}.{name}"] = Rule((shape, NONE), shape, _shifted(f"{shape}.{name}", shape), cost, lane_cost)
        RULES[f"{vector}.neg"] = Rule((shape,), shape, _negated, 165, 50)


def _comparison(op: str, integer: str) -> Emit:
    def emit(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
        lanes = [writer.add(op, ValType.I32, *lane) for lane in zip(*args, strict=True)]
        return writer.masks(value, integer, lanes)

    return emit


def _chosen(op: str, compared: tuple[int, int], arms: tuple[int, int]) -> Emit:
    """One of two lanes, as a comparison says."""

    def emit(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
        found = []
        for lane in zip(*args, strict=True):
            condition = writer.add(op, ValType.I32, lane[compared[0]], lane[compared[1]])
            found.append(writer.add("select", lane[0].type, lane[arms[0]], lane[arms[1]], condition))
        return found

    return emit


def _fused(shape: str, *, is_negated: bool) -> Emit:
    """Two roundings, as docs/simd.md says."""
    type = SHAPES[shape]

    def emit(writer: Writer, value: Value, args: Sequence[Operand], _: str) -> Operand:
        found = []
        for a, b, c in zip(*args, strict=True):
            product = writer.add(f"{shape}.mul", type, a, b)
            operands = (c, product) if is_negated else (product, c)
            found.append(writer.add(f"{shape}.{'sub' if is_negated else 'add'}", type, *operands))
        return found

    return emit


def _shifted(op: str, shape: str) -> Emit:
    def emit(writer: Writer, value: Value, args: Sequence[Operand], _: str) -> Operand:
        lanes, count = args
        if shape == "i64":
            count = writer.add("i64.extend_i32_u", ValType.I64, count)
        return [writer.add(op, SHAPES[shape], lane, count) for lane in lanes]

    return emit


def _negated(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    shape = VECTOR_SHAPES[value.op.partition(".")[0]]
    zero = writer.constant(shape, 0)
    return [writer.add(f"{shape}.sub", SHAPES[shape], zero, lane) for lane in args[0]]


# Conversions


def _converting(op: str, type: ValType, count: int, zeros: int = 0) -> Emit:
    """Of the lowest lanes; those above become zero."""

    def emit(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
        lanes = [writer.add(op, type, lane) for lane in args[0][:count]]
        return lanes + [writer.constant(str(type), 0) for _ in range(zeros)]

    return emit


def _register_conversions() -> None:
    i32, i64, f32, f64 = ValType.I32, ValType.I64, ValType.F32, ValType.F64
    for sign in "su":
        to_single = _converting(f"f32.convert_i32_{sign}", f32, 4)
        RULES[f"f32x4.convert_i32x4_{sign}"] = Rule(("i32",), "f32", to_single, 730, 90)
        to_double = _converting(f"f64.convert_i32_{sign}", f64, 2)
        RULES[f"f64x2.convert_low_i32x4_{sign}"] = Rule(("i32",), "f64", to_double, 500, 50)
        extend = _converting(f"i64.extend_i32_{sign}", i64, 2)
        RULES[f"i64x2.extend_low_i32x4_{sign}"] = Rule(("i32",), "i64", extend, 190, 20)
        for relaxed in ("trunc_sat", "relaxed_trunc"):
            truncate = _converting(f"i32.trunc_sat_f32_{sign}", i32, 4)
            RULES[f"i32x4.{relaxed}_f32x4_{sign}"] = Rule(("f32",), "i32", truncate, 1100, 150)
            truncate = _converting(f"i32.trunc_sat_f64_{sign}", i32, 2, 2)
            RULES[f"i32x4.{relaxed}_f64x2_{sign}_zero"] = Rule(("f64",), "i32", truncate, 700, 70)
    RULES["f64x2.promote_low_f32x4"] = Rule(("f32",), "f64", _converting("f64.promote_f32", f64, 2), 350, 60)
    RULES["f32x4.demote_f64x2_zero"] = Rule(("f64",), "f32", _converting("f32.demote_f64", f32, 2, 2), 260, 50)


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
            # A number where the condition holds (or does not), and zero elsewhere.
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
            ones = writer.constant(integer, _ONES[integer])
            other = [writer.add(f"{integer}.xor", SHAPES[integer], lane, ones) for lane in other]
        op = f"{integer}.{name if name != 'andnot' else 'and'}"
        lanes = [writer.add(op, SHAPES[integer], a, b) for a, b in zip(one, other, strict=True)]
        return writer.converted(lanes, integer, shape)

    return emit


def _not(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    integer = INTEGERS[shape]
    lanes = writer.converted(args[0], shape, integer)
    ones = writer.constant(integer, _ONES[integer])
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
# Of vectors only; the width of the lanes does not matter.
SELECT = Rule((ANY, ANY, NONE), ANY, _select, 30, 30)


# Single lanes


def _splat(writer: Writer, value: Value, args: Sequence[Operand], shape: str) -> Operand:
    return [args[0]] * COUNTS[VECTOR_SHAPES[value.op.partition(".")[0]]]


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
    """Whether a shuffle moves whole lanes of so many bytes."""
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


# Memory. What is accessed first is the highest lane: if that is in bounds, all are, and nothing is half written.


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
        held, shape = shape, part
        lanes = writer.converted(args[1], held, shape)
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
    shape = VECTOR_SHAPES[value.op.partition(".")[0]]
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
    shape = VECTOR_SHAPES[value.op.partition(".")[0]]
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

_register_floats()
_register_integers()
_register_conversions()

# Addresses of lanes beyond this would be above 32 bits, where a sum with the address could not trap by itself.
_LARGEST_OFFSET = 0xFFFF_FFFF - 16


def rule_of(value: Value) -> Rule | None:
    """How a value can be taken apart, if it can."""
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
