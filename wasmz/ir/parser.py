"""Reads the text form of the IR (see `printer.py`), so that passes can be tested as text in, text out.

Lines that begin with ``;`` and empty lines are skipped. Values must be defined above their uses.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from wasmz.ir.nodes import BOOL, STREAM, Block, Edge, Function, ResultType, Terminator, Value
from wasmz.ir.operations import EFFECTS, TERMINATORS
from wasmz.types import FuncType, ValType

_HEADER = re.compile(r'func (\d+)(?: ("(?:[^"\\]|\\.)*"))? \((.*?)\) -> \((.*?)\)$')
_BLOCK = re.compile(r"b(\d+)(?:\((.*)\))?:$")
_RESULT = re.compile(r"(v\d+): (\(.*?\)|\S+) = (.*)$")
_OFFSET = re.compile(r" @0x([0-9a-f]+)$")
_EDGE = re.compile(r" b(\d+)(?:\(([^()]*)\))?(?= |$)")
_OPERANDS = re.compile(r"((?: v\d+)*)$")


class IRSyntaxError(ValueError):
    """A line is not in the text form."""


def parse_function(text: str) -> Function:
    """The function that a text describes.

    Raises:
        IRSyntaxError: naming the line.
    """
    lines = [line.strip() for line in text.splitlines()]
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line and not line.startswith(";")]
    parser = _Parser()
    for number, line in numbered:
        try:
            parser.line(line)
        except (ValueError, KeyError, IndexError, AttributeError, SyntaxError) as error:
            raise IRSyntaxError(f"line {number}: {line!r}: {error}") from error
    if parser.function is None:
        raise IRSyntaxError("there is no function")
    return parser.function


class _Parser:
    def __init__(self) -> None:
        self.function: Function | None = None
        self.blocks: dict[int, Block] = {}
        self.values: dict[str, Value] = {}
        self.block: Block | None = None

    def line(self, line: str) -> None:
        offset = 0
        if found := _OFFSET.search(line):
            offset = int(found[1], 16)
            line = line[: found.start()]
        if found := _HEADER.match(line):
            name = json.loads(found[2]) if found[2] else None
            type = FuncType(_types(found[3]), _types(found[4]))
            self.function = Function(int(found[1]), name, type, list(type.params), offset)
        elif self.function is None:
            raise ValueError("a function begins with 'func'")
        elif line.startswith("locals "):
            self.function.locals = [_type(name) for name in line.split()[1:]]
        elif found := _BLOCK.match(line):
            self.block = self.get_block(int(found[1]))
            self.function.blocks.append(self.block)
            for param in filter(None, (found[2] or "").split(", ")):
                name, _, type_name = param.partition(": ")
                self.values[name] = self.block.add_param(_type(type_name), offset)
        elif self.block is None:
            raise ValueError("a block begins with its label")
        elif found := _RESULT.match(line):
            self.values[found[1]] = self.add_value(found[3], _result_type(found[2]), offset)
        elif line.split(" ", 1)[0] in TERMINATORS:
            self.block.terminator = self.terminator(line, offset)
        else:
            self.add_value(line, None, offset)

    def get_block(self, number: int) -> Block:
        return self.blocks.setdefault(number, Block())

    def add_value(self, text: str, type: ResultType, offset: int) -> Value:
        op, imm, args = self.operation(text)
        if op not in EFFECTS:
            raise ValueError(f"there is no operation {op!r}")
        value = Value(op, type, args, imm, offset, self.block)  # type: ignore[arg-type]
        self.block.body.append(value)  # type: ignore[union-attr]
        return value

    def terminator(self, text: str, offset: int) -> Terminator:
        edges = []
        while (found := _EDGE.search(text)) is not None:
            args = tuple(self.values[name] for name in filter(None, (found[2] or "").split(", ")))
            edges.append(Edge(self.get_block(int(found[1])), args))
            text = text[: found.start()] + text[found.end() :]
        op, imm, args = self.operation(text)
        return Terminator(op, args, tuple(edges), imm, offset)

    def operation(self, text: str) -> tuple[str, Any, tuple[Value, ...]]:
        operands = _OPERANDS.search(text)
        args = tuple(self.values[name] for name in operands[1].split()) if operands else ()
        head = text[: operands.start()] if operands else text
        op, _, imm = head.partition(" ")
        return op, _immediate(imm), args


def _immediate(text: str) -> Any:
    if not text:
        return None
    return ast.literal_eval(text) if text[0] in "-(0123456789'TF" else _type(text)


def _types(text: str) -> list[ValType]:
    return [_type(name) for name in text.split(", ") if name]


def _result_type(text: str) -> ResultType:
    return tuple(_types(text[1:-1])) if text.startswith("(") else _type(text)


def _type(name: str) -> ValType:
    if name in ("bool", "stream"):
        return BOOL if name == "bool" else STREAM
    found = getattr(ValType, name.upper(), None)
    if not isinstance(found, ValType):
        raise ValueError(f"there is no type {name!r}")
    return found
