"""How the uses of each integer need it represented: unsigned, signed, either of these, or as any congruent int.

i32.lt_s v0 v1        wants v0 and v1 signed
i32.load v2           wants v2 as an address: not negative
i32.add v3 v4         takes anything
"""

from __future__ import annotations

from wasmz.ir.edit import distinct_edges
from wasmz.ir.facts import ACCESS_WIDTHS, CONSTANTS, DIVISIONS, LOADS, NARROW_STORES, OPS, QUIET_SINGLES, QUIETING
from wasmz.ir.nodes import Edge, Function, Value
from wasmz.passes.analysis.intervals import BITS, NUMBER_TYPES, Fact
from wasmz.passes.representation.webs import Webs
from wasmz.types import ValType

# How a number is represented.
UNSIGNED, SIGNED, UNREDUCED = range(3)


# Unreduced results may have at most this many bits. CPython's arithmetic takes 2-4 ns more for each digit of an int,
# and a reduction costs 25.
UNREDUCED_BITS = {"i32": 100, "i64": 200}


class Represented:
    """How a value is represented, and what its uses want; kept in ``Value.note``.

    Attributes:
        value: the new value that represents it.
        form: the form in which it is represented.
        low, high: its bounds if unreduced.
        uses: the number of all uses.
        bitwise: the bitwise operations that use it and no constant.
        unsigned, signed, canonical, address: how many uses want it so (canonical: unsigned or signed). Uses that take
            any congruent number are not counted here.
    """

    __slots__ = ("address", "bitwise", "canonical", "form", "high", "low", "signed", "unsigned", "uses", "value")

    def __init__(self, value: Value) -> None:
        self.value: Value = value
        self.form: int = UNSIGNED
        self.low: int = 0
        self.high: int = 0
        self.unsigned: int = 0
        self.signed: int = 0
        self.canonical: int = 0
        self.address: int = 0
        self.uses: int = 0
        self.bitwise: list[Value] | tuple[Value, ...] = ()

    def become(self, value: Value, form: int, low: int = 0, high: int = 0) -> None:
        """Sets how it is represented."""
        self.value = value
        self.form = form
        self.low = low
        self.high = high

    def count(self, want: int, fact: Fact) -> None:
        """Counts a use."""
        self.uses += 1
        if want == _UNSIGNED:
            self.unsigned += 1
        elif want == _ADDRESS:
            self.address += 1
        elif want == _CANONICAL or (want == _SIGNED and fact[2] >= 0):
            self.canonical += 1
        elif want == _SIGNED:
            self.signed += 1


_ANY, _UNSIGNED, _SIGNED, _CANONICAL, _ADDRESS = range(5)

# The forms that operations want for their operands, in order; the last one applies to all further operands.
WANTS: dict[str, tuple[int, ...]] = {"select": (_CANONICAL,), "i32.wrap_i64": (_ANY,), "i64.extend_i32_s": (_SIGNED,)}
for _type in BITS:
    for _name in ("add", "sub", "mul", "and", "or", "xor", "extend8_s", "extend16_s", "extend32_s"):
        WANTS[f"{_type}.{_name}"] = (_ANY,)
    for _name in ("eq", "ne", "eqz"):
        WANTS[f"{_type}.{_name}"] = (_CANONICAL,)
    WANTS[f"{_type}.shl"] = (_ANY, _UNSIGNED)
    WANTS[f"{_type}.shr_s"] = (_SIGNED, _UNSIGNED)
    for _name in ("lt_s", "gt_s", "le_s", "ge_s"):
        WANTS[f"{_type}.{_name}"] = (_SIGNED,)
    WANTS[f"f64.convert_{_type}_s"] = WANTS[f"f32.convert_{_type}_s"] = (_SIGNED,)
for _name in ACCESS_WIDTHS:
    WANTS[_name] = (_ADDRESS, _CANONICAL)
for _name in NARROW_STORES:
    WANTS[_name] = (_ADDRESS, _ANY)
_SIGNED_DIVISIONS = frozenset(name for name in DIVISIONS if OPS[name].is_signed)


def find_demand(function: Function, webs: Webs, float_uses: dict[Value, set[str]]) -> None:
    """Makes the notes of all values, and counts in them the forms that their uses want."""
    sums, contains = webs.sums, webs.forest.contains
    for block in function.blocks:
        for value in block.params:
            value.note = Represented(value)
        for value in block.body:
            value.note = Represented(value)
    for block in function.blocks:
        for value in block.body:
            args = value.args
            if not args:
                continue
            op = value.op
            wants = WANTS.get(op)
            if wants is None:
                wants = (_SIGNED,) if op in _SIGNED_DIVISIONS and args[1].op in CONSTANTS else (_UNSIGNED,)
            elif op in _SINGLE_ACCESSES and not is_quiet_access(value, float_uses):
                # The bits of a NaN are examined as well, at the same address.
                wants = (_UNSIGNED,)
            last = len(wants) - 1
            if last or sums:
                for position, arg in enumerate(args):
                    want = wants[position if position < last else last]
                    if sums and arg in sums and not contains(sums[arg], block):
                        want = _ANY
                    arg.note.count(want, arg.fact)
            elif wants[0] == _ANY:
                is_bitwise = op in _BITWISE and args[1].op not in CONSTANTS
                for arg in args:
                    note = arg.note
                    note.uses += 1
                    if is_bitwise:
                        note.bitwise = (*note.bitwise, value)
            else:
                want = wants[0]
                for arg in args:
                    arg.note.count(want, arg.fact)
        terminator = block.terminator
        for arg in terminator.args:
            if arg not in sums or contains(sums[arg], block):
                arg.note.count(_CANONICAL if terminator.op == "branch" else _UNSIGNED, arg.fact)
        for edge in distinct_edges(terminator):
            if edge.args:
                _count_passed(edge, webs)


def _count_passed(edge: Edge, webs: Webs) -> None:
    """Counts the uses of an edge's arguments."""
    for param, arg in zip(edge.block.params, edge.args, strict=True):
        type = NUMBER_TYPES.get(param.type)
        if type is None or param in webs.params:
            continue
        if arg in webs.sums and not webs.forest.contains(webs.sums[arg], edge.block):
            continue
        crosses = param.fact[0] < 1 << (BITS[type] - 1) <= param.fact[1]
        arg.note.count(_CANONICAL if crosses else _UNSIGNED, arg.fact)


# Operations whose result has as many bits as their operands, and those of them that may have fewer.
_BITWISE = frozenset(f"{type}.{name}" for type in BITS for name in ("and", "or", "xor"))
_MASKING = frozenset(f"{type}.and" for type in BITS)
# Operations whose results are unsigned or signed numbers.
_REDUCED = CONSTANTS | LOADS.keys() | {"param", "local.get", "call", "global.get"}
_MOST_SEEN = 12


def is_reduced_often(value: Value) -> bool:
    """Whether an unreduced value would need several reductions later, which one of the value itself saves.

    In Keccak's ``a ^ (~b & c)``, whose result is rotated, each of the three is a rotation and has that many uses.
    """
    note: Represented = value.note
    if len(note.bitwise) < 2:
        return False
    count = 0
    work = list(note.bitwise)
    for _ in range(_MOST_SEEN):
        if not work:
            break
        user = work.pop()
        wanted: Represented = user.note
        if user.op in _MASKING:
            # One reduced operand suffices for both.
            count += not any(arg.op in _REDUCED for arg in user.args)
        elif wanted.unsigned or wanted.signed or wanted.canonical or wanted.address:
            count += 1
        else:
            work += wanted.bitwise
        if count > 1:
            return True
    return False


_SINGLE_ACCESSES = frozenset({"f32.load", "f32.store"})


def is_quiet_access(value: Value, float_uses: dict[Value, set[str]]) -> bool:
    """Whether a load or store of a single may ignore signalling NaNs."""
    if value.op == "f32.load":
        return value in float_uses and float_uses[value] <= QUIETING
    stored = value.args[1]
    if stored.op == "f32.load":
        return is_quiet_access(stored, float_uses)
    if stored.op == "f32.const":
        # A signalling NaN: the exponent is all ones, the fraction is not zero, and its highest bit is clear.
        return not (
            stored.imm & 0x7F80_0000 == 0x7F80_0000 and stored.imm & 0x007F_FFFF and not stored.imm & 0x0040_0000
        )
    return stored.op in QUIET_SINGLES


def find_float_uses(function: Function) -> dict[Value, set[str]]:
    """The operations that use each single; passing it out of the block counts as an operation without a name."""
    uses: dict[Value, set[str]] = {}
    # Most functions have no singles.
    if not any(value.type is ValType.F32 for block in function.blocks for value in (*block.params, *block.body)):
        return uses
    for block in function.blocks:
        for value in block.body:
            for arg in value.args:
                if arg.type is ValType.F32:
                    uses.setdefault(arg, set()).add(value.op)
        terminator = block.terminator
        for arg in (*terminator.args, *(arg for edge in distinct_edges(terminator) for arg in edge.args)):
            if arg.type is ValType.F32:
                uses.setdefault(arg, set()).add("")
    return uses


_SCRAMBLING = frozenset(f"{type}.{name}" for type in BITS for name in ("xor", "rotl", "rotr"))
_PRODUCTS = frozenset(f"{type}.mul" for type in BITS)
_SEEDS = _SCRAMBLING | _PRODUCTS
_CARRIERS = frozenset(f"{type}.{name}" for type in BITS for name in ("add", "sub", "mul", "shl", "or", "xor"))
_LARGEST_SMALL = (1 << 30) - 1
# Constant factors up to this are sizes of items or the like.
_LARGEST_SIZE = 1 << 16
_LONGEST_SEARCH = 100


def find_hashes(function: Function) -> set[Value]:
    """The values that are likely large, so that testing whether they need a reduction does not pay off.

    These are exclusive ors, rotations and products of numbers without bounds, and sums of these, also through loops. A
    product with a small constant is one if it grows with each iteration, as in ``h = 31 * h + c``.
    """
    seeds = [
        value
        for block in function.blocks
        for value in block.body
        if value.op in _SEEDS and value.fact[1] > _LARGEST_SMALL
    ]
    if not seeds:
        return set()
    users: dict[Value, list[Value]] = {}
    for block in function.blocks:
        for value in block.body:
            if value.op in _CARRIERS:
                for arg in value.args:
                    users.setdefault(arg, []).append(value)
        for edge in distinct_edges(block.terminator):
            for param, arg in zip(edge.block.params, edge.args, strict=True) if edge.args else ():
                users.setdefault(arg, []).append(param)
    found: set[Value] = set()
    for seed in seeds:
        if seed.op in _SCRAMBLING or not _is_scaling(seed) or _feeds_itself(seed, users):
            found.add(seed)
    work = list(found)
    while work:
        for user in users.get(work.pop(), ()):
            if user not in found and user.type in NUMBER_TYPES and user.fact[1] > _LARGEST_SMALL:
                found.add(user)
                work.append(user)
    return found


def _is_scaling(product: Value) -> bool:
    factor = product.args[1]
    return factor.op in CONSTANTS and factor.imm <= _LARGEST_SIZE


def _feeds_itself(value: Value, users: dict[Value, list[Value]]) -> bool:
    seen: set[Value] = set()
    work = [value]
    while work and len(seen) < _LONGEST_SEARCH:
        for user in users.get(work.pop(), ()):
            if user is value:
                return True
            if user not in seen:
                seen.add(user)
                work.append(user)
    return False
