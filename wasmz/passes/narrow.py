"""Drops reductions to 32 or 64 bits that do nothing, or that a later one makes good.

Upper bounds of values are known from constants, narrow loads, masks and shifts; a sum that fits needs no mask. Going
backwards, a value whose only use reduces modulo 2^32 itself need not be reduced before.

    v1 = i32.load8_u v0                v1 = i32.load8_u v0
    v3 = i32.add v1 v2            ->   v3 = i32.add.nowrap v1 v2       v2 = i32.const 1: at most 256
    v5 = i32.mul v4 v4                 v5 = i32.mul.nowrap v4 v4
    v6 = i32.add v5 v3                 v6 = i32.add v5 v3              reduces both

A memory access that succeeded bounds its address: after it, address + 4 cannot wrap, unless the memory reaches the last
page of the address space. (What relies on that it does not, is noted in ``Function.gap_memories``.)

    i32.store (2, 0, 0) v0 v1          i32.store (2, 0, 0) v0 v1
    v2 = i32.const 4              ->   v2 = i32.const 4
    v3 = i32.add v0 v2                 v3 = i32.add.nowrap v0 v2

The same idea makes signed comparisons of small values unsigned, stores of narrow values plain, leaves single-precision
results unrounded when the store rounds them, and signalling NaNs alone when arithmetic quiets them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from wasmz.ir.nodes import Block, Function, Value, count_uses
from wasmz.passes.context import Context, largest_size
from wasmz.types import MEMORY32_LIMIT_BYTES, ValType
from wasmz.wasm.instructions import BY_NAME

_MASKS = {"i32": 0xFFFF_FFFF, "i64": 0xFFFF_FFFF_FFFF_FFFF}
_SIGNS = {"i32": 0x8000_0000, "i64": 0x8000_0000_0000_0000}
_BITS = {"i32": 32, "i64": 64}

# Operations that give the unsigned one's result when no operand is negative.
_SIGNED_FORMS = {
    f"{type}.{name}_s": f"{type}.{name}_u" for type in _BITS for name in ("lt", "gt", "le", "ge", "div", "rem", "shr")
}
_SIGNED_CONVERSIONS = {
    "i64.extend_i32_s": "i64.extend_i32_u",
    "f64.convert_i32_s": "f64.convert_i32_u",
    "f64.convert_i64_s": "f64.convert_i64_u",
}

# Bounds that hold whatever the operands are.
_FIXED_BOUNDS = {
    "i32.load8_u": 0xFF, "i32.load16_u": 0xFFFF,
    "i64.load8_u": 0xFF, "i64.load16_u": 0xFFFF, "i64.load32_u": 0xFFFF_FFFF,
    "i32.clz": 32, "i32.ctz": 32, "i32.popcnt": 32, "i64.clz": 64, "i64.ctz": 64, "i64.popcnt": 64,
    "i32.eqz": 1, "i64.eqz": 1, "ref.is_null": 1, "i64.extend_i32_u": 0xFFFF_FFFF,
}  # fmt: skip
_FIXED_BOUNDS |= {
    f"{type}.{name}": 1
    for type in _BITS
    for name in ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
}
_FIXED_BOUNDS |= {f"{type}.{name}": 1 for type in ("f32", "f64") for name in ("eq", "ne", "lt", "gt", "le", "ge")}

_STORE_BOUNDS = {
    "i32.store8": 0xFF, "i32.store16": 0xFFFF, "i64.store8": 0xFF, "i64.store16": 0xFFFF, "i64.store32": 0xFFFF_FFFF,
}  # fmt: skip

# Bytes that a load or store touches.
ACCESS_WIDTHS = {
    name: row.access.width
    for name, row in BY_NAME.items()
    if row.access is not None and (".load" in name or ".store" in name) and "lane" not in name
}

# Uses that look at the low bits of their operands only, by position: all / the first.
_REDUCING_ALL = frozenset(f"{type}.{name}" for type in _BITS for name in ("add", "sub", "mul"))
_REDUCING_FIRST = frozenset({"i32.shl", "i64.shl", "i32.wrap_i64", "i32.extend8_s", "i32.extend16_s"})
_REDUCING_STORES = frozenset(_STORE_BOUNDS)
# What may be left unreduced, with the name of that form.
_UNREDUCED = {f"{type}.{name}": f"{type}.{name}.nowrap" for type in _BITS for name in ("add", "sub", "mul", "shl")}
_UNREDUCED |= {
    f"{name}": f"{name}.signed"
    for name in ("i32.load8_s", "i32.load16_s", "i64.load8_s", "i64.load16_s", "i64.load32_s")
}
_UNREDUCED |= {f"{type}.xor": f"{type}.xor.nowrap" for type in _BITS}
_UNREDUCED["i64.extend_i32_s"] = "i64.extend_i32_s.nowrap"

_SINGLE_ARITHMETIC = frozenset(f"f32.{name}" for name in ("add", "sub", "mul"))
# Uses that compute with a single, so that a signalling NaN need not be kept.
_QUIETING = frozenset(
    f"f32.{name}"
    for name in (
        "add", "sub", "mul", "div", "sqrt", "min", "max", "ceil", "floor", "trunc", "nearest",
        "eq", "ne", "lt", "gt", "le", "ge",
    )
) | {"f64.promote_f32"}  # fmt: skip


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
    return _MASKS.get(str(value.type), 0)


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
    # Value -> the local that holds it, with the number of that local's writes so far.
    held: dict[Value, tuple[int, int]] = {}
    writes: dict[int, int] = {}
    # What an access here says of a value from elsewhere does not hold on other ways from there: put back at the end.
    elsewhere: dict[Value, int] = {}
    for value in block.body:
        op = value.op
        args = value.args
        bound = -1
        if op == "i32.const" or op == "i64.const":
            bound = value.imm
        elif op == "local.get":
            bound = local_bounds.get(value.imm, -1)
            held[value] = (value.imm, writes.get(value.imm, 0))
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
            if op in _UNREDUCED and op[4:] != "xor":
                if bound <= _MASKS[op[:3]]:
                    # A large constant is added by subtracting its complement, which only reducing makes good.
                    if op[4:] != "add" or not _is_negative(args[1]):
                        value.op = _UNREDUCED[op]
                        exact.add(value)
                else:
                    bound = -1
            elif op == "i32.wrap_i64":
                if bound <= _MASKS["i32"]:
                    value.op = "i32.wrap_i64.nowrap"
                else:
                    bound = -1
        elif op in _STORE_BOUNDS:
            if _known(bounds, args[1]) <= _STORE_BOUNDS[op]:
                value.op = op + ".fits"
        elif op in _SIGNED_CONVERSIONS and _known(bounds, args[0]) < _SIGNS[str(args[0].type)]:
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
                local, version = held.get(address, (-1, 0))
                if local >= 0 and writes.get(local, 0) == version:
                    local_bounds[local] = reached
        if bound >= 0:
            bounds[value] = bound
    bounds.update(elsewhere)
    return exact


def _is_negative(value: Value) -> bool:
    """Whether it is a constant with the sign bit set."""
    return value.op in ("i32.const", "i64.const") and bool(value.imm & _SIGNS[str(value.type)])


def _known(bounds: dict[Value, int], value: Value) -> int:
    bound = bounds.get(value, -1)
    return bound if bound >= 0 else _default_bound(value)


def _make_unsigned(value: Value, bounds: dict[Value, int], bound: int) -> int:
    """Makes a signed operation unsigned if no operand can be negative."""
    first = _known(bounds, value.args[0])
    second = _known(bounds, value.args[1])
    type = value.op[:3]
    is_shift = "shr" in value.op
    if first < _SIGNS[type] and (is_shift or second < _SIGNS[type]):
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
    if not count.op.endswith(".const"):
        return 1 << 200
    return known[0] << int(count.imm) % _BITS[op[:3]]


def _shr_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    count = args[1]
    return known[0] >> count.imm % _BITS[op[:3]] if count.op.endswith(".const") else known[0]


def _div_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    divisor = args[1]
    return known[0] // divisor.imm if divisor.op.endswith(".const") and divisor.imm else known[0]


def _rem_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    return min(known[0], max(known[1] - 1, 0))


def _select_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    return max(known[0], known[1]) if str(args[0].type) in _BITS else -1


def _same_bound(op: str, known: list[int], args: tuple[Value, ...]) -> int:
    return known[0] if str(args[0].type) in _BITS else -1


_RULES: dict[str, _Rule] = {"select": _select_bound, "copy": _same_bound, "i32.wrap_i64": _same_bound}
for _type in _BITS:
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
        base = op[:-7] if op.endswith(".nowrap") and value not in exact else op
        if base in _REDUCING_ALL:
            operands = value.args
        elif base in _REDUCING_FIRST:
            operands = value.args[:1]
        elif op in _REDUCING_STORES:
            operands = value.args[1:]
        elif op in ("i32.and", "i64.and"):
            # One operand may be unreduced: the other one, which is not negative, cuts it off.
            operands = tuple(filter(partial(_may_be_left, block), value.args))[:1]
        else:
            if op.removesuffix(".unrounded") in _QUIETING or op == "f32.store":
                _relax_singles(block, value)
            continue
        for operand in operands:
            if _may_be_left(block, operand):
                if operand.op[4:] == "mul" and base[4:] == "mul":
                    # A product of products would grow without bound.
                    continue
                operand.op = _UNREDUCED[operand.op]


def _may_be_left(block: Block, operand: Value) -> bool:
    """Whether an operand has an unreduced form, and no other use."""
    if operand.uses != 1 or operand.block is not block or operand.op not in _UNREDUCED:
        return False
    # Of exclusive ors only the complement is cheaper unreduced.
    if operand.op[4:] != "xor":
        return True
    flipped = operand.args[1]
    return flipped.op.endswith(".const") and bool(flipped.imm == _MASKS[operand.op[:3]])


def _relax_singles(block: Block, value: Value) -> None:
    for operand in value.args:
        if operand.uses != 1 or operand.block is not block:
            continue
        if operand.op in _SINGLE_ARITHMETIC and value.op == "f32.store":
            operand.op += ".unrounded"
        elif operand.op == "f32.load" and value.op != "f32.store":
            operand.op = "f32.load.quieting"
