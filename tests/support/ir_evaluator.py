"""A slow, direct evaluator of the IR: passes must not change its results or effects.

Variants of operations (``i32.add.nowrap``) are evaluated like the original, but without the reductions that they omit,
so that a pass that drops a needed reduction is detected.
"""

from __future__ import annotations

import operator
import struct
from types import SimpleNamespace
from typing import Any

from wasmz.errors import Trap
from wasmz.ir.nodes import BOOL, Block, Function, Terminator, Value
from wasmz.ir.operations import BULK_MEMORIES, EFFECTS
from wasmz.runtime.link.find_helpers import find_helper
from wasmz.wasm.instructions import Effects

_UNREDUCED = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
}
_BITS = {"i32": 32, "i64": 64}
# Operations on Python ints, as `represent` leaves them.
_PYTHON = {
    **{f"int.{name}": getattr(operator, name) for name in ("eq", "ne", "lt", "gt", "le", "ge", "add", "sub", "mul")},
    "int.and": operator.and_,
    "int.or": operator.or_,
    "int.xor": operator.xor,
    "int.neg": operator.neg,
    "int.shl": operator.lshift,
    "int.shr": operator.rshift,
    "int.not": operator.invert,
    "int.floordiv": operator.floordiv,
    "int.mod": operator.mod,
    "int.to_float": float,
}


_PAGE = 1 << 16
_CONTENT = bytes(i * 37 & 0xFF for i in range(_PAGE))
_FORMATS = {
    "i32.load": "<I", "i64.load": "<Q", "f64.load": "<d", "i32.load8_u": "<B", "i32.load8_s": "<b",
    "i32.load16_u": "<H", "i32.load16_s": "<h", "i64.load8_u": "<B", "i64.load8_s": "<b",
    "i64.load16_u": "<H", "i64.load16_s": "<h", "i64.load32_u": "<I", "i64.load32_s": "<i",
    "i32.store": "<I", "i64.store": "<Q", "f64.store": "<d", "i32.store8": "<B", "i32.store16": "<H",
    "i64.store8": "<B", "i64.store16": "<H", "i64.store32": "<I",
}  # fmt: skip
_MASKS = {"<B": 0xFF, "<H": 0xFFFF, "<I": 0xFFFF_FFFF, "<Q": (1 << 64) - 1}


class _Trapped(Exception):
    """Stands for any trap."""


class _Instance:
    """What a function acts on: a memory of one page, globals, and callees that only leave a trace."""

    def __init__(self) -> None:
        self.memory = bytearray(_CONTENT)
        self.view = SimpleNamespace(
            bytes=memoryview(self.memory),
            size_bytes=_PAGE,
            store=SimpleNamespace(memory_budget=SimpleNamespace(limit=None)),
        )
        self.globals: dict[int, Any] = {}
        self.calls: list[tuple[int, list[Any]]] = []
        # What `next` took last.
        self.items: tuple[Any, ...] = ()
        self.units_used = 0

    def outcome(self, results: list[Any] | None) -> tuple[Any, ...]:
        """All that can be told afterwards; ``None`` for results means a trap."""
        return (
            results,
            bytes(self.memory),
            {i: value for i, value in self.globals.items() if value},
            self.calls,
            self.units_used,
        )

    def use_fuel(self, op: str, operands: list[int]) -> int | None:
        """Takes fuel, of which there is no end but for operations that do many iterations: they get a few."""
        if op == "fuel.limit":
            return min(operands[0], 50)
        self.units_used += operands[0] if operands else 1
        return None

    def operate(self, value: Value, operands: list[Any]) -> Any:
        op = ".".join(value.op.split(".")[:2])
        if op == "global.get":
            return self.globals.get(value.imm, 0)
        if op == "global.set":
            self.globals[value.imm] = operands[0]
            return None
        if op == "call":
            self.calls.append((value.imm, operands))
            # A callee may change anything.
            self.memory[len(self.calls)] ^= 0x55
            self.globals = {index: held + 1 for index, held in self.globals.items()}
            return len(self.calls)
        if op in BULK_MEMORIES:
            count = BULK_MEMORIES[op]
            function = find_helper(op.replace(".", "_"))
            return function(*[self.view] * count, *operands, *value.imm[count:])
        if op in _FORMATS:
            return self.access(op, value, operands)
        if op.startswith(("memory.", "stream.")):
            return self.stream(op, value, operands)
        raise NotImplementedError(value.op)

    def stream(self, op: str, value: Value, operands: list[Any]) -> Any:
        """Iterators over slices, each item of which is read when it comes."""
        if op == "stream.zip":
            return zip(*operands, strict=False)
        if op == "stream.item":
            return self.items[value.imm]
        if op == "stream.items":
            assert len(self.items) == value.imm
        if op in ("memory.hold", "stream.items", "stream.end"):
            return None
        load, memory_argument, *step = value.imm
        offset, (added, scale) = memory_argument[1], memory_argument[3:] or (0, 1)
        layout = _FORMATS[".".join(load.split(".")[:2])]
        extent = max(0, (_PAGE - offset - added - struct.calcsize(layout)) // scale + 1)
        if op == "memory.extent":
            return extent
        assert operands[0] >= 0
        if len(operands) > 1:
            assert 0 <= operands[1] <= extent
        places = range(extent)[slice(*operands, step[0]) if len(operands) > 1 else slice(operands[0], None, step[0])]
        return (struct.unpack_from(layout, self.memory, offset + added + place * scale)[0] for place in places)

    def access(self, op: str, value: Value, operands: list[Any]) -> Any:
        layout = _FORMATS[op]
        offset, (added, scale) = value.imm[1], value.imm[3:] or (0, 1)
        assert operands[0] >= 0
        address = operands[0] * scale + added + offset
        if ".loose" in value.op and address + struct.calcsize(layout) > _PAGE:
            # Repeats the access with the reduced address.
            address = (operands[0] * scale + added) % (1 << 32) + offset
        if address + struct.calcsize(layout) > _PAGE:
            raise _Trapped
        if ".store" in op:
            stored = operands[1] & _MASKS[layout] if layout in _MASKS else operands[1]
            struct.pack_into(layout, self.memory, address, stored)
            return None
        (loaded,) = struct.unpack_from(layout, self.memory, address)
        bits = _BITS.get(op[:3])
        return loaded % (1 << bits) if bits and not value.op.endswith(".signed") else loaded


def evaluate(function: Function, arguments: list[Any], steps: int = 10_000) -> tuple[Any, ...]:
    """What a function does: its results, or that it traps, and what it leaves behind; integers unsigned."""
    instance = _Instance()
    try:
        return instance.outcome(_evaluate(function, arguments, steps, instance))
    except (_Trapped, Trap, ZeroDivisionError):
        return instance.outcome(None)


def _evaluate(function: Function, arguments: list[Any], steps: int, instance: _Instance) -> list[Any]:
    locals = [*arguments, *([0] * (len(function.locals) - len(arguments)))]
    values: dict[Value, Any] = {}
    block: Block = function.blocks[0]
    for _ in range(steps):
        for value in block.body:
            if value.op == "local.get":
                values[value] = locals[value.imm]
            elif value.op == "local.set":
                locals[value.imm] = values[value.args[0]]
            elif value.op.startswith("fuel."):
                values[value] = instance.use_fuel(value.op, [values[arg] for arg in value.args])
            elif EFFECTS[value.op] & (Effects.READS | Effects.WRITES | Effects.CALLS):
                values[value] = instance.operate(value, [values[arg] for arg in value.args])
            else:
                result = _operate(value, [values[arg] for arg in value.args])
                values[value] = bool(result) if value.type is BOOL else result
        terminator = block.terminator
        if terminator.op == "return":
            return [values[arg] for arg in terminator.args]
        if terminator.op == "unreachable":
            raise _Trapped
        if terminator.op == "next":
            taken = next(values[terminator.args[0]], None)
            instance.items = taken if isinstance(taken, tuple) else (taken,)
            number = 0 if taken is not None else 1
        else:
            number = _edge_number(terminator, values)
        edge = terminator.edges[number]
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
    if op in ("i32.const", "i64.const", "int.const"):
        return value.imm
    if op == "f64.const":
        return struct.unpack("<d", struct.pack("<Q", value.imm))[0]
    if op == "copy":
        return operands[0]
    if op == "project":
        return operands[0][value.imm]
    if op == "select":
        return operands[0] if operands[2] else operands[1]
    if op.startswith("int."):
        return _operate_python(op, value.imm, operands)
    type, _, name = op.partition(".")
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
    return find_helper(op.replace(".", "_"))(*(int(x) if isinstance(x, bool) else x for x in operands))


def _operate_python(op: str, imm: Any, operands: list[Any]) -> Any:
    if op in _PYTHON:
        return _PYTHON[op](*operands)
    number = operands[0]
    if op in ("int.wrap", "int.wrap.small", "int.wrap.natural"):
        if (op == "int.wrap.small" and number < 0) or (op == "int.wrap.natural" and number >= 1 << imm):
            raise AssertionError(f"{op} {imm} of {number}")
        return number % (1 << imm)
    if op == "int.sign":
        assert 0 <= number < 1 << imm, f"{op} {imm} of {number}"
        return number - (1 << imm) if number >> (imm - 1) else number
    if op in ("int.quotient", "int.remainder"):
        divisor = operands[1] if len(operands) > 1 else imm
        quotient = abs(number) // divisor * (-1 if number < 0 else 1)
        return quotient if op == "int.quotient" else number - quotient * divisor
    raise NotImplementedError(op)
