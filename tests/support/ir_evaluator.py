"""A slow, direct evaluator of the IR: what a pass does to a function must not change what this computes.

Variants of operations (``i32.add.nowrap``) are evaluated as what they stand for, without reduction where they leave it
out, so that a pass that drops a needed reduction is seen.
"""

from __future__ import annotations

import struct
from typing import Any

from wasmz.ir.nodes import BOOL, Block, Function, Terminator, Value
from wasmz.runtime import numeric

_UNREDUCED = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
}
_BITS = {"i32": 32, "i64": 64}


def evaluate(function: Function, arguments: list[Any], steps: int = 10_000) -> list[Any]:
    """The results of a function without memory and calls; integers unsigned."""
    locals = [*arguments, *([0] * (len(function.locals) - len(arguments)))]
    values: dict[Value, Any] = {}
    block: Block = function.blocks[0]
    for _ in range(steps):
        for value in block.body:
            if value.op == "local.get":
                values[value] = locals[value.imm]
            elif value.op == "local.set":
                locals[value.imm] = values[value.args[0]]
            else:
                result = _operate(value, [values[arg] for arg in value.args])
                values[value] = bool(result) if value.type is BOOL else result
        terminator = block.terminator
        if terminator.op == "return":
            return [values[arg] for arg in terminator.args]
        edge = terminator.edges[_edge_number(terminator, values)]
        values.update(zip(edge.block.params, [values[arg] for arg in edge.args], strict=True))
        block = edge.block
    raise RuntimeError("the function does not end")


def _edge_number(terminator: Terminator, values: dict[Value, Any]) -> int:
    if terminator.op == "jump":
        return 0
    condition = values[terminator.args[0]]
    if terminator.op == "branch":
        return 0 if condition else 1
    return min(condition, len(terminator.edges) - 1)


def _operate(value: Value, operands: list[Any]) -> Any:
    op = value.op
    if op in ("i32.const", "i64.const"):
        return value.imm
    if op == "f64.const":
        return struct.unpack("<d", struct.pack("<Q", value.imm))[0]
    if op == "copy":
        return operands[0]
    if op == "select":
        return operands[0] if operands[2] else operands[1]
    type, _, name = op.partition(".")
    if name.endswith(".guarded"):
        return _operate_guarded(type, name.removesuffix(".guarded"), operands)
    if name.endswith(".nowrap"):
        plain = name.removesuffix(".nowrap")
        if plain == "shl":
            return operands[0] << operands[1] % _BITS[type]
        if plain == "wrap_i64":
            return operands[0]
        if plain == "extend_i32_s":
            return (operands[0] ^ 0x8000_0000) - 0x8000_0000
        if plain == "xor":
            return ~operands[0]
        return _UNREDUCED[plain](*operands)
    if type in _BITS and name in ("add", "sub", "mul", "and", "shl"):
        # Its own reduction covers operands that were left unreduced.
        bits = _BITS[type]
        count = operands[1] % bits if name == "shl" else None
        result = (
            operands[0] << count
            if name == "shl"
            else (operands[0] & operands[1] if name == "and" else _UNREDUCED[name](*operands))
        )
        return result % (1 << bits)
    return getattr(numeric, op.replace(".", "_"))(*(int(x) if isinstance(x, bool) else x for x in operands))


def _operate_guarded(type: str, name: str, operands: list[Any]) -> int:
    """Reduces only what the generated code's test finds to need it, as `mask_unless_small` does."""
    bits = _BITS[type]
    first, second = operands
    if name == "shl":
        result = first << second % bits
    elif name == "add" and second >= 1 << (bits - 1):
        name, result = "sub", first - ((1 << bits) - second)
    else:
        result = _UNREDUCED[name](first, second)
    is_fine = result >= 0 if name == "sub" else result <= 2**30 - 1
    return result if is_fine else result % (1 << bits)
