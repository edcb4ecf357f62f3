"""The text form of the IR; `parser.py` reads it back.

    func 0 "max" (i32, i32) -> (i32)
      locals i32 i32
    b0:
      v0: i32 = local.get 0
      v1: i32 = local.get 1
      v2: bool = i32.gt_s v0 v1
      branch v2 b1 b2(v1)
    b1:
      return v0
    b2(v3: i32):
      return v3

An immediate comes between the operation and the operands. With ``offsets``, each line ends in ``@0x1e``, the offset of
the instruction in the module.
"""

from __future__ import annotations

import json
from typing import Any

from wasmz.ir.nodes import Block, Edge, Function, ResultType, Terminator, Value
from wasmz.types import FuncType


def print_function(function: Function, *, offsets: bool = False) -> str:
    """The text of a function, ending in a line break."""
    return "".join(line + "\n" for line in function_lines(function, offsets=offsets))


def function_lines(function: Function, *, offsets: bool = False) -> list[str]:
    """The lines of a function's text."""
    return _Printer(function, offsets).lines()


def format_signature(type: FuncType) -> str:
    """``(i32, i32) -> (i32)``"""
    return f"({', '.join(map(str, type.params))}) -> ({', '.join(map(str, type.results))})"


class _Printer:
    def __init__(self, function: Function, offsets: bool) -> None:
        self.function = function
        self.offsets = offsets
        self.names: dict[Value, str] = {}
        for block in function.blocks:
            for value in (*block.params, *block.body):
                if value.type is not None:
                    self.names[value] = f"v{len(self.names)}"
        function.number_blocks()

    def lines(self) -> list[str]:
        function = self.function
        name = "" if function.name is None else f" {json.dumps(function.name)}"
        lines = [f"func {function.index}{name} {format_signature(function.type)}{self.place(function.offset)}"]
        if function.locals:
            lines.append(f"  locals {' '.join(map(str, function.locals))}")
        for block in function.blocks:
            lines.append(self.block(block))
            lines += (f"  {self.value(value)}" for value in block.body)
            # The verifier reports blocks without a terminator.
            terminator = getattr(block, "terminator", None)
            lines.append("  (no terminator)" if terminator is None else f"  {self.terminator(terminator)}")
        return lines

    def place(self, offset: int) -> str:
        return f" @0x{offset:x}" if self.offsets else ""

    def name(self, value: Value) -> str:
        # The verifier reports values that are not in the function; printing must not fail on them.
        return self.names.get(value, f"<{value.op}>")

    def block(self, block: Block) -> str:
        params = ", ".join(f"{self.name(param)}: {param.type}" for param in block.params)
        return f"b{block.number}({params}):" if params else f"b{block.number}:"

    def value(self, value: Value) -> str:
        result = "" if value.type is None else f"{self.name(value)}: {_format_type(value.type)} = "
        return result + self.operation(value.op, value.imm, value.args) + self.place(value.offset)

    def terminator(self, terminator: Terminator) -> str:
        edges = "".join(f" {self.edge(edge)}" for edge in terminator.edges)
        text = self.operation(terminator.op, terminator.imm, terminator.args) + edges
        return text + self.place(terminator.offset)

    def operation(self, op: str, imm: Any, args: tuple[Value, ...]) -> str:
        parts = [op]
        if imm is not None:
            parts.append(repr(imm) if isinstance(imm, str) else str(imm))
        parts += (self.name(arg) for arg in args)
        return " ".join(parts)

    def edge(self, edge: Edge) -> str:
        args = ", ".join(self.name(arg) for arg in edge.args)
        return f"b{edge.block.number}({args})" if args else f"b{edge.block.number}"


def _format_type(type: ResultType) -> str:
    return f"({', '.join(map(str, type))})" if isinstance(type, tuple) else str(type)
