"""Vectors: operations of a few operators on the whole 128-bit int are inlined, all others call the runtime.

i8x16.add v0 v1          ((v0 & low) + (v1 & low)) ^ ((v0 ^ v1) & top)
i16x8.shr_u v0 3         v0 >> 3 & 0x1FFF1FFF...
v128.load offset=4 v0    m0_Q_12[v0] << 64 | m0_Q_4[v0]
i8x16.shuffle v0 v1      groups of bytes that move together, or i8x16_shuffle(v0, v1, lanes)
f32x4.add v0 v1          f32x4_add(v0, v1)

Inlined operations are templates in postfix notation: ``a`` to ``d`` are the operands, ``=x`` names the top of the
stack, which ``x`` then pushes again, and ``[Q+8]`` loads from the address ``a``; ``[Q+8]=`` stores there. This file is
imported when the first vector operation is lowered.
"""

from __future__ import annotations

import itertools

from wasmz.codegen.emitter import Emitter, Lowering
from wasmz.codegen.lowering.memory import view_name
from wasmz.codegen.lowering.numeric import define_condition
from wasmz.codegen.lowering.registry import lowers
from wasmz.ir.facts import CONSTANTS, OPS
from wasmz.ir.nodes import Value
from wasmz.runtime import abi
from wasmz.runtime.simd.lanes import ALL, INTEGER_SHAPES, LOW_HALF, lows, ones, tops
from wasmz.wasm.instructions import BY_NAME

_OPERATORS = frozenset({"+", "-", "*", "&", "|", "^", "<<", ">>"})
_COMPARISONS = frozenset({"==", "!="})
_BITS = {**INTEGER_SHAPES, "f32x4": 32, "f64x2": 64}
_SIGN_EXTENSION = 0xFFFF_FFFF


def shape_bits(op: str) -> int:
    """The number of bits in a lane of an operation's shape."""
    return _BITS[OPS[op].type]


# Templates


def emit_template(emitter: Emitter, value: Value, template: str, args: tuple[Value, ...] | None = None) -> int:
    """Emits a template with a value's operands, or with ``args``; returns where its code begins."""
    tokens = template.split()
    operands = value.args if args is None else args
    names = "abcd"[: len(operands)]
    slots: dict[str, int] = {}
    loads: dict[str, bytes] = {}
    ready = ""
    if _takes_in_order(tokens, names):
        start = emitter.push(operands)
        tokens = tokens[len(names) :]
    else:
        # Temporaries are taken before the operands are emitted, so that no operand uses one of them.
        stored = [token[1] for token in tokens if token[0] == "="]
        slots = {name: emitter.temporary() for name in dict.fromkeys((*names, *stored))}
        start, loads, ready = _take_apart(emitter, operands, names, tokens, slots)
    target, out = emitter.target, emitter.out
    if any(token[0] == "[" for token in tokens):
        emitter.mark(value.offset)
    for token in tokens:
        if token in _OPERATORS:
            out.append(target.binary(token))
        elif token in _COMPARISONS:
            out.append(target.compare(token))
        elif token == ready:
            ready = ""
        elif token in loads:
            out.append(loads[token])
        elif token[0] == "=":
            out += (target.copy1, target.stores[slots[token[1]]])
            loads[token[1]] = target.loads[slots[token[1]]]
        elif token[0] == "[":
            _emit_access(emitter, value, token, loads["a"])
        else:
            out.append(emitter.constant(int(token)))
    for slot in slots.values():
        emitter.release(slot)
    return start


def _takes_in_order(tokens: list[str], names: str) -> bool:
    """Whether a template begins with its operands in order, and uses each once."""
    if any(token[0] in "=[" for token in tokens):
        return False
    return tokens[: len(names)] == list(names) and not set(names) & set(tokens[len(names) :])


def _take_apart(
    emitter: Emitter, args: tuple[Value, ...], names: str, tokens: list[str], slots: dict[str, int]
) -> tuple[int, dict[str, bytes], str]:
    """Where the operands' code begins, the piece that loads each of them, and the operand on the stack, if any.

    Operands that are constants or in fast locals are loaded where they are used; others are computed and stored. The
    first operand that a template uses may stay on the stack.
    """
    target, out = emitter.target, emitter.out
    starts = emitter.push_apart(args)
    start = starts[0]
    codes = [out[begin:end] for begin, end in itertools.pairwise(starts)]
    del out[start:]
    loads: dict[str, bytes] = {}
    computed: list[str] = []
    for index, (name, pieces) in enumerate(zip(names, codes, strict=True)):
        piece = pieces[0]
        if (
            len(pieces) == 1
            and type(piece) is bytes
            and piece in target.movable
            and all(target.effectful.isdisjoint(later) for later in codes[index + 1 :])
        ):
            loads[name] = piece
        else:
            out += pieces
            computed.append(name)
    ready = ""
    for name in reversed(computed):
        if name == computed[0] == tokens[0]:
            ready = name
            if name in tokens[1:]:
                out += (target.copy1, target.stores[slots[name]])
        else:
            out.append(target.stores[slots[name]])
        loads[name] = target.loads[slots[name]]
    return start, loads, ready


def _emit_access(emitter: Emitter, value: Value, token: str, address: bytes) -> None:
    place, _, is_store = token[1:].partition("]")
    format, _, added = place.partition("+")
    alignment, offset, memory = value.imm[0] if type(value.imm[0]) is tuple else value.imm
    view = view_name(format, (alignment, offset + int(added or 0), memory))
    emitter.out += (emitter.load_global(view), address)
    emitter.out.append(emitter.target.store_subscript if is_store else emitter.target.subscript)


def _by_template(template: str) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        emitter.define(value, emit_template(emitter, value, template))

    return lowering


def _condition(template: str) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        define_condition(emitter, value, emit_template(emitter, value, template))

    return lowering


def _call_helper(emitter: Emitter, value: Value, *more: object) -> None:
    """Calls the runtime's function of the operation's name; ``more`` are constants after the operands."""
    start = emitter.push(value.args)
    emitter.out.insert(start, emitter.load_callee(OPS[value.op].helper))
    emitter.mark(value.offset)
    emitter.out += [emitter.constant(constant) for constant in more]
    emitter.out.append(emitter.target.call(len(value.args) + len(more)))
    emitter.define(value, start)


# The whole vector


_WHOLE = {
    "v128.not": f"a {ALL} ^",
    "v128.and": "a b &",
    "v128.or": "a b |",
    "v128.xor": "a b ^",
    "v128.andnot": "a a b & ^",
    "v128.bitselect": "a b ^ c & b ^",
}
for _op, _template in _WHOLE.items():
    lowers(_op)(_by_template(_template))
for _shape in INTEGER_SHAPES:
    lowers(f"{_shape}.relaxed_laneselect")(_by_template(_WHOLE["v128.bitselect"]))
lowers("v128.any_true")(_condition("a 0 !="))


# Integer lanes


def _register_integer_lanes(shape: str, bits: int) -> None:
    one, top, low, lane = ones(bits), tops(bits), lows(bits), (1 << bits) - 1
    lowers(f"{shape}.add")(_by_template(f"a {low} & b {low} & + a b ^ {top} & ^"))
    lowers(f"{shape}.sub")(_by_template(f"a {top} | b {low} & - a b ^ {top} & ^ {top} ^"))
    lowers(f"{shape}.neg")(_by_template(f"{top} a {low} & - a {top} & ^ {top} ^"))
    lowers(f"{shape}.abs")(_by_template(f"a {top} & {bits - 1} >> =s {lane} * a ^ s +"))
    _register_comparisons(shape, bits)
    lowers(f"{shape}.all_true")(_condition(f"a {low} & {low} + a | {top} & {top} =="))
    if bits <= 16:
        lowers(f"{shape}.avgr_u")(_by_template(f"a b | a b ^ {ALL ^ one} & 1 >> -"))
        lowers(f"{shape}.splat")(_splat(f"a {lane} & {one} *", lane, one))
    else:
        lowers(f"{shape}.splat")(_splat(f"a {one} *", lane, one))
    if bits > 8:
        # See `bitmask` in wasmz.runtime.simd.integer_lanes.
        count = 128 // bits
        gather = sum(1 << (bits - 1) * index for index in range(count))
        lowers(f"{shape}.bitmask")(_by_template(f"a {top} & {gather} * {(bits - 1) * count} >> {(1 << count) - 1} &"))
    if bits > 8:
        narrow = bits // 2
        kept = one * ((1 << narrow) - 1)
        sums = f"{shape}.extadd_pairwise_i{narrow}x{128 // narrow}_u"
        if sums in BY_NAME:
            lowers(sums)(_by_template(f"a {kept} & a {narrow} >> {kept} & +"))


def _register_comparisons(shape: str, bits: int) -> None:
    """Comparisons (true lanes have all bits set), and operations made from them (`runtime.simd.integer_lanes`)."""
    top, low, lane = tops(bits), lows(bits), (1 << bits) - 1
    spread = f"{top} & {bits - 1} >> {lane} *"
    unspread = f"{top} & {top} ^ {bits - 1} >> {lane} *"
    unlike = f"a b ^ =x {low} & {low} + x |"
    found = {"eq": f"{unlike} {unspread}", "ne": f"{unlike} {spread}"}
    for sign, compared in (("u", "a"), ("s", "b")):
        # In the highest bit of each lane: whether a >= b.
        borrow = f"a {top} | b {low} & - =d a b ^ {compared} d ^ & ^"
        found[f"ge_{sign}"] = f"{borrow} {spread}"
        found[f"lt_{sign}"] = f"{borrow} {unspread}"
        found[f"le_{sign}"] = _exchanged(found[f"ge_{sign}"])
        found[f"gt_{sign}"] = _exchanged(found[f"lt_{sign}"])
        found[f"min_{sign}"] = f"a b ^ {borrow} {spread} & a ^"
        found[f"max_{sign}"] = f"a b ^ {borrow} {spread} & b ^"
    found["add_sat_u"] = f"a {low} & b {low} & + a b ^ {top} & ^ =s a b & a b | s {top} ^ & | {spread} |"
    found["sub_sat_u"] = f"a {top} | b {low} & - =d a b ^ =x {top} & ^ {top} ^ d x a d ^ & ^ {spread} &"
    for name, template in found.items():
        if f"{shape}.{name}" in BY_NAME:
            lowers(f"{shape}.{name}")(_by_template(template))


def _exchanged(template: str) -> str:
    """The template with its operands exchanged."""
    exchanged = {"a": "b", "b": "a"}
    return " ".join(exchanged.get(token, token) for token in template.split())


def _splat(template: str, lane: int, one: int) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        arg = value.args[0]
        if arg.op in CONSTANTS:
            start = len(emitter.out)
            emitter.out.append(emitter.constant((arg.imm & lane) * one))
        else:
            start = emit_template(emitter, value, template)
        emitter.define(value, start)

    return lowering


def shift_template(name: str, bits: int, count: int) -> str:
    """A shift of lanes by a constant."""
    count %= bits
    if not count:
        return "a"
    kept = ones(bits) * ((1 << (bits - count)) - 1)
    if name == "shl":
        return f"a {kept} & {count} <<"
    template = f"a {count} >> {kept} &"
    if name == "shr_s":
        template += f" a {tops(bits)} & {bits - 1} >> {((1 << count) - 1) << (bits - count)} * |"
    return template


def _shift(name: str, bits: int) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        count = value.args[1]
        if count.op in CONSTANTS:
            template = shift_template(name, bits, count.imm)
            emitter.define(value, emit_template(emitter, value, template, value.args[:1]))
        else:
            _call_helper(emitter, value)

    return lowering


for _shape, _bits in INTEGER_SHAPES.items():
    _register_integer_lanes(_shape, _bits)
    for _name in ("shl", "shr_u", "shr_s"):
        lowers(f"{_shape}.{_name}")(_shift(_name, _bits))


# Floating-point lanes: bitwise operations only

for _shape in ("f32x4", "f64x2"):
    lowers(f"{_shape}.abs")(_by_template(f"a {lows(_BITS[_shape])} &"))
    lowers(f"{_shape}.neg")(_by_template(f"a {tops(_BITS[_shape])} ^"))


# Single lanes


@lowers("i8x16.extract_lane_u", "i16x8.extract_lane_u", "i32x4.extract_lane", "i64x2.extract_lane")
def _extract_unsigned(emitter: Emitter, value: Value) -> None:
    emitter.define(value, emit_template(emitter, value, extract_template(shape_bits(value.op), value.imm)))


def extract_template(bits: int, index: int) -> str:
    """The number in a lane, unsigned."""
    if not index:
        return f"a {(1 << bits) - 1} &"
    if bits * (index + 1) == 128:
        return f"a {bits * index} >>"
    return f"a {bits * index} >> {(1 << bits) - 1} &"


@lowers("i8x16.extract_lane_s", "i16x8.extract_lane_s")
def _extract_signed(emitter: Emitter, value: Value) -> None:
    bits = shape_bits(value.op)
    sign = 1 << (bits - 1)
    template = f"{extract_template(bits, value.imm)} {sign} ^ {sign} - {_SIGN_EXTENSION} &"
    emitter.define(value, emit_template(emitter, value, template))


@lowers(*(f"{shape}.replace_lane" for shape in INTEGER_SHAPES))
def _replace(emitter: Emitter, value: Value) -> None:
    bits = shape_bits(value.op)
    lane = (1 << bits) - 1
    shift = bits * value.imm
    number = f"b {lane} &" if bits <= 16 else "b"
    moved = f"{number} {shift} <<" if shift else number
    emitter.define(value, emit_template(emitter, value, f"a {ALL ^ lane << shift} & {moved} |"))


@lowers("f32x4.extract_lane", "f64x2.extract_lane", "f32x4.replace_lane", "f64x2.replace_lane")
def _float_lane(emitter: Emitter, value: Value) -> None:
    _call_helper(emitter, value, shape_bits(value.op) * value.imm)


# Moves of bytes

# With more groups than this, calling the runtime is cheaper.
_MOST_PIECES = 3


@lowers("i8x16.shuffle")
def _shuffle(emitter: Emitter, value: Value) -> None:
    lanes = value.imm
    if value.args[0] is value.args[1]:
        lanes = bytes(lane & 15 for lane in lanes)
    template = shuffle_template(lanes)
    if template is None:
        _call_helper(emitter, value, lanes)
    else:
        emitter.define(value, emit_template(emitter, value, template))


def shuffle_template(lanes: bytes) -> str | None:
    """A shuffle as a shift for each group of bytes that move equally far; ``None`` if there are too many groups."""
    pieces: dict[tuple[int, int], int] = {}
    for place, lane in enumerate(lanes):
        source, byte = lane >> 4, lane & 15
        pieces[source, place - byte] = pieces.get((source, place - byte), 0) | 0xFF << 8 * byte
    if len(pieces) > _MOST_PIECES:
        return None
    template: list[str] = []
    for (source, distance), mask in pieces.items():
        name = "ab"[source]
        # Bits that are shifted out at the low end need no mask.
        needs_mask = mask != ALL >> -8 * distance << -8 * distance if distance < 0 else mask != ALL
        first = not template
        template += [name, str(mask), "&"] if needs_mask else [name]
        if distance:
            template += [str(abs(8 * distance)), "<<" if distance > 0 else ">>"]
        if not first:
            template.append("|")
    return " ".join(template)


# Memory

# The upper half is accessed first: an access that is out of bounds fails there.
_LOADS = {
    "v128.load": "[Q+8] 64 << [Q] |",
    "v128.load32_zero": "[I]",
    "v128.load64_zero": "[Q]",
    **{
        f"v128.load{bits}_splat": f"[{view}] {ones(bits)} *"
        for bits, view in ((8, "B"), (16, "H"), (32, "I"), (64, "Q"))
    },
}
for _op, _template in _LOADS.items():
    lowers(_op)(_by_template(_template))
# Load -> the runtime's function that extends the eight bytes.
_EXTENDING = {
    f"v128.load{bits}x{64 // bits}_{sign}": f"i{2 * bits}x{64 // bits}.extend_low_i{bits}x{128 // bits}_{sign}"
    for bits in (8, 16, 32)
    for sign in "su"
}


@lowers(*_EXTENDING)
def _load_extending(emitter: Emitter, value: Value) -> None:
    start = emit_template(emitter, value, "[Q]")
    emitter.out.insert(start, emitter.load_callee(abi.helper(_EXTENDING[value.op])))
    emitter.out.append(emitter.target.call(1))
    emitter.define(value, start)


@lowers("v128.store")
def _store(emitter: Emitter, value: Value) -> None:
    emit_template(emitter, value, f"b 64 >> [Q+8]= b {LOW_HALF} & [Q]=")


_LANE_VIEWS = {8: "B", 16: "H", 32: "I", 64: "Q"}


@lowers(*(f"v128.load{bits}_lane" for bits in _LANE_VIEWS))
def _load_lane(emitter: Emitter, value: Value) -> None:
    bits = 8 * OPS[value.op].access
    shift = bits * value.imm[1]
    moved = f"[{_LANE_VIEWS[bits]}] {shift} <<" if shift else f"[{_LANE_VIEWS[bits]}]"
    kept = ALL ^ ((1 << bits) - 1) << shift
    emitter.define(value, emit_template(emitter, value, f"{moved} b {kept} & |"))


@lowers(*(f"v128.store{bits}_lane" for bits in _LANE_VIEWS))
def _store_lane(emitter: Emitter, value: Value) -> None:
    bits = 8 * OPS[value.op].access
    lane = extract_template(bits, value.imm[1]).replace("a", "b")
    emit_template(emitter, value, f"{lane} [{_LANE_VIEWS[bits]}]=")


# Vectors from lanes, and lanes from vectors, where `passes/lanes.py` splits these

lowers("i32x4.pack")(_by_template("a b 32 << | c 64 << | d 96 << |"))
lowers("i64x2.pack")(_by_template("a b 64 << |"))


@lowers("f32x4.pack", "f64x2.pack", "f32x4.unpack", "f64x2.unpack")
def _pack(emitter: Emitter, value: Value) -> None:
    _call_helper(emitter, value)
