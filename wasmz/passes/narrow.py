"""Drops reductions to 32 or 64 bits that change nothing, or that a later one repeats.

Upper bounds of values are known from constants, narrow loads, masks and shifts; a sum that fits needs no mask. A
backward walk leaves out the reduction of a value whose only use reduces modulo 2^32 itself.

    v1 = i32.load8_u v0                v1 = i32.load8_u v0
    v3 = i32.add v1 v2            ->   v3 = i32.add.nowrap v1 v2       v2 = i32.const 1: at most 256
    v5 = i32.mul v4 v4                 v5 = i32.mul.nowrap v4 v4
    v6 = i32.add v5 v3                 v6 = i32.add v5 v3              reduces both

A memory access that succeeded bounds its address: after it, address + 4 cannot wrap, unless the memory reaches the last
page of the address space. (``Function.gap_memories`` notes the memories for which code relies on this.)

    i32.store (2, 0, 0) v0 v1          i32.store (2, 0, 0) v0 v1
    v2 = i32.const 4              ->   v2 = i32.const 4
    v3 = i32.add v0 v2                 v3 = i32.add.nowrap v0 v2

The pass also makes signed comparisons of small values unsigned and stores of narrow values plain. It leaves
single-precision results unrounded if the store rounds them, and signalling NaNs unchanged if arithmetic quiets them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from wasmz.ir.facts import (
    ACCESS_WIDTHS,
    CONSTANTS,
    INTEGER_BITS,
    MASKS,
    NARROW_STORES,
    NUMBER_TYPES,
    OPS,
    QUIETING,
    SIGNS,
    SINGLE_ARITHMETIC,
    SIZED_CONSTANTS,
)
from wasmz.ir.nodes import Block, Function, Value, count_uses
from wasmz.passes.context import Context, largest_size
from wasmz.types import MEMORY32_LIMIT_BYTES, ValType

# Operations that give the unsigned one's result when no operand is negative.
_SIGNED_FORMS = {
    op.name: f"{op.type}.{op.kind[:-1]}u"
    for op in OPS.values()
    if op.is_signed and op.type in INTEGER_BITS and (op.compares or op.kind in ("div_s", "rem_s", "shr_s"))
}
_SIGNED_CONVERSIONS = {
    "i64.extend_i32_s": "i64.extend_i32_u",
    "f64.convert_i32_s": "f64.convert_i32_u",
    "f64.convert_i64_s": "f64.convert_i64_u",
}

# Bounds that hold whatever the operands are.
_FIXED_BOUNDS = {op.name: op.bounds[1] for op in OPS.values() if op.bounds is not None and op.bounds[0] >= 0}
_STORE_BOUNDS = {name: (1 << bits) - 1 for name, bits in NARROW_STORES.items()}

# Uses that depend only on the low bits of their operands: of all, or of the first.
_REDUCING_ALL = frozenset(f"{type}.{name}" for type in INTEGER_BITS for name in ("add", "sub", "mul"))
_REDUCING_FIRST = frozenset({"i32.shl", "i64.shl", "i32.wrap_i64", "i32.extend8_s", "i32.extend16_s"})
# Operations that may be left unreduced, with the name of that form.
_UNREDUCED = {OPS[name].base: name for name, op in OPS.items() if op.form == "nowrap" and op.kind != "wrap_i64"}
_UNREDUCED |= {op.base: name for name, op in OPS.items() if op.form == "signed" and op.is_load and op.is_signed}


def run(function: Function, context: Context) -> None:
    """Narrows in place, and leaves the bounds that it found in ``function.bounds``."""
    count_uses(function)
    bounds = function.bounds
    limits = [largest_size(type) for type in context.memory_types]
    gets: dict[int, int] = {}
    for block in function.blocks:
        for value in block.body:
            if value.op == "local.get":
                gets[value.imm] = gets.get(value.imm, 0) + 1
    for block in function.blocks:
        _note_gap(function, block, limits, gets)
        exact = _forward(block, bounds, limits, dict(function.parameter_bounds) if block is function.blocks[0] else {})
        _backward(block, exact)


def _default_bound(value: Value) -> int:
    return MASKS[NUMBER_TYPES[value.type]] if value.type in NUMBER_TYPES else 0


def _note_gap(function: Function, block: Block, limits: list[int], gets: dict[int, int]) -> None:
    """Notes the memories that are accessed at addresses which anything else uses, too."""
    for value in block.body:
        if value.op in ACCESS_WIDTHS and value.args[0].type is ValType.I32:
            address, memory = value.args[0], value.imm[2]
            is_shared = address.uses > 1 or (address.op == "local.get" and gets[address.imm] > 1)
            if is_shared and _limit_of(limits, memory) == MEMORY32_LIMIT_BYTES:
                function.gap_memories.add(memory)


def _limit_of(limits: list[int], memory: int) -> int:
    return limits[memory] if memory < len(limits) else MEMORY32_LIMIT_BYTES


def _forward(block: Block, bounds: dict[Value, int], limits: list[int], local_bounds: dict[int, int]) -> set[Value]:
    """Finds upper bounds, and rewrites what they decide; returns the values whose reduction is idle."""
    exact: set[Value] = set()
    # Value -> the local that has it, with the number of that local's writes so far.
    local_of: dict[Value, tuple[int, int]] = {}
    writes: dict[int, int] = {}
    # The bound that an access gives a value of another block is not valid on other paths: it is restored at the end.
    elsewhere: dict[Value, int] = {}
    for value in block.body:
        op = value.op
        args = value.args
        bound = -1
        if op in SIZED_CONSTANTS:
            bound = value.imm
        elif op == "local.get":
            bound = local_bounds.get(value.imm, -1)
            local_of[value] = (value.imm, writes.get(value.imm, 0))
        elif op == "local.set":
            local_bounds[value.imm] = bounds.get(args[0], -1)
            writes[value.imm] = writes.get(value.imm, 0) + 1
            continue
        elif op in _FIXED_BOUNDS:
            bound = _FIXED_BOUNDS[op]
            if op == "i64.extend_i32_u":
                bound = min(bound, _known(bounds, args[0]))
        elif op in _RULES:
            bound = _RULES[op](op, [_known(bounds, arg) for arg in args], args)
            if op in _UNREDUCED and OPS[op].kind != "xor":
                if bound <= OPS[op].mask:
                    # A large constant is added by subtracting its complement, which needs a reduction.
                    if OPS[op].kind != "add" or not _is_negative(args[1]):
                        value.op = _UNREDUCED[op]
                        exact.add(value)
                else:
                    bound = -1
            elif op == "i32.wrap_i64":
                if bound <= MASKS["i32"]:
                    value.op = "i32.wrap_i64.nowrap"
                else:
                    bound = -1
        elif op in _STORE_BOUNDS:
            if _known(bounds, args[1]) <= _STORE_BOUNDS[op]:
                value.op = op + ".fits"
        elif op in _SIGNED_CONVERSIONS and _known(bounds, args[0]) < SIGNS[NUMBER_TYPES[args[0].type]]:
            value.op = _SIGNED_CONVERSIONS[op]
            bound = _known(bounds, args[0])
        if op in _SIGNED_FORMS:
            bound = _make_unsigned(value, bounds, bound)
        if op in ACCESS_WIDTHS:
            address = args[0]
            reached = _limit_of(limits, value.imm[2]) - ACCESS_WIDTHS[op] - value.imm[1]
            if address.type is ValType.I32 and 0 <= reached < _known(bounds, address):
                if address.block is not block:
                    elsewhere.setdefault(address, bounds.get(address, -1))
                bounds[address] = reached
                local, version = local_of.get(address, (-1, 0))
                if local >= 0 and writes.get(local, 0) == version:
                    local_bounds[local] = reached
        if bound >= 0:
            bounds[value] = bound
    bounds.update(elsewhere)
    return exact


def _is_negative(value: Value) -> bool:
    """Whether it is a constant with the sign bit set."""
    return value.op in SIZED_CONSTANTS and bool(value.imm & OPS[value.op].sign)


def _known(bounds: dict[Value, int], value: Value) -> int:
    bound = bounds.get(value, -1)
    return bound if bound >= 0 else _default_bound(value)


def _make_unsigned(value: Value, bounds: dict[Value, int], bound: int) -> int:
    """Makes a signed operation unsigned if no operand can be negative."""
    first = _known(bounds, value.args[0])
    second = _known(bounds, value.args[1])
    op = OPS[value.op]
    if first < op.sign and (op.kind == "shr_s" or second < op.sign):
        value.op = _SIGNED_FORMS[value.op]
        if value.op in _RULES:
            return _RULES[value.op](value.op, [first, second], value.args)
    return bound


_Rule = Callable[[str, list[int], tuple[Value, ...]], int]


def _and_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    return min(known)


def _or_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    return (1 << max(known).bit_length()) - 1


def _add_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    return known[0] + known[1]


def _mul_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    return known[0] * known[1]


def _shl_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    count = args[1]
    if count.op not in CONSTANTS:
        return 1 << 200
    return known[0] << int(count.imm) % OPS[op].bits


def _shr_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    count = args[1]
    return known[0] >> count.imm % OPS[op].bits if count.op in CONSTANTS else known[0]


def _div_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    divisor = args[1]
    return known[0] // divisor.imm if divisor.op in CONSTANTS and divisor.imm else known[0]


def _rem_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    return min(known[0], max(known[1] - 1, 0))


def _select_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    return max(known[0], known[1]) if args[0].type in NUMBER_TYPES else -1


def _same_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    return known[0] if args[0].type in NUMBER_TYPES else -1


_RULES: dict[str, _Rule] = {"select": _select_bound, "copy": _same_bound, "i32.wrap_i64": _same_bound}
for _type in INTEGER_BITS:
    _RULES[f"{_type}.and"] = _and_bound
    _RULES[f"{_type}.or"] = _RULES[f"{_type}.xor"] = _or_bound
    _RULES[f"{_type}.add"] = _add_bound
    _RULES[f"{_type}.mul"] = _mul_bound
    _RULES[f"{_type}.shl"] = _shl_bound
    _RULES[f"{_type}.shr_u"] = _shr_bound
    _RULES[f"{_type}.div_u"] = _div_bound
    _RULES[f"{_type}.rem_u"] = _rem_bound


def _backward(block: Block, exact: set[Value]) -> None:
    """Leaves operands unreduced, unrounded or quiet whose only use makes it good."""
    for value in reversed(block.body):
        op = value.op
        base = OPS[op].base if OPS[op].form == "nowrap" and value not in exact else op
        if base in _REDUCING_ALL:
            operands = value.args
        elif base in _REDUCING_FIRST:
            operands = value.args[:1]
        elif op in _STORE_BOUNDS:
            operands = value.args[1:]
        elif op in ("i32.and", "i64.and"):
            # One operand may be unreduced: the other one, which is not negative, masks it.
            operands = tuple(filter(partial(_may_be_left, block), value.args))[:1]
        else:
            if OPS[op].base in QUIETING or op == "f32.store":
                _relax_singles(block, value)
            continue
        for operand in operands:
            if _may_be_left(block, operand):
                if OPS[operand.op].kind == OPS[base].kind == "mul":
                    # A product of products would grow without bound.
                    continue
                operand.op = _UNREDUCED[operand.op]


def _may_be_left(block: Block, operand: Value) -> bool:
    """Whether an operand has an unreduced form, and no other use."""
    if operand.uses != 1 or operand.block is not block or operand.op not in _UNREDUCED:
        return False
    # An exclusive or is cheaper unreduced only if it is a complement.
    if OPS[operand.op].kind != "xor":
        return True
    flipped = operand.args[1]
    return flipped.op in CONSTANTS and bool(flipped.imm == OPS[operand.op].mask)


def _relax_singles(block: Block, value: Value) -> None:
    for operand in value.args:
        if operand.uses != 1 or operand.block is not block:
            continue
        if operand.op in SINGLE_ARITHMETIC and value.op == "f32.store":
            operand.op += ".unrounded"
        elif operand.op == "f32.load" and value.op != "f32.store":
            operand.op = "f32.load.quieting"
