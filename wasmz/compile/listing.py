"""What becomes of a function's instructions, side by side: for ``wasmz dis`` and the documentation's live page.

Listing(data, config).rows(body)     -> [Row(0x47, ["local.get $n"], ["v0: i64 = local.get 0"], [(2, ...)]), ...]
"""

from __future__ import annotations

import dis
from dataclasses import dataclass, replace

from wasmz.compile.front_end import load_module
from wasmz.compile.pipeline import ModuleCompiler
from wasmz.ir.printer import function_lines
from wasmz.runtime.abi import LARGEST_OFFSET
from wasmz.text.writing.printer import Listing as Instructions
from wasmz.wasm.proposals import accepted_by

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.config import Config
    from wasmz.wasm.syntax import FunctionBody, WasmModule


@dataclass(slots=True)
class Row:
    """What belongs to one byte offset of the module.

    Attributes:
        offset: of the instruction.
        wasm: the instruction in the text format, indented by its nesting; empty where code has something of its own.
        ir: lines of the intermediate representation, after all passes.
        bytecode: ``(offset in the code, name, argument)`` of each of Python's instructions.
    """

    offset: int
    wasm: list[str]
    ir: list[str]
    bytecode: list[tuple[int, str, str]]


class Listing:
    """A module that is looked at function by function. The code is what ``opt_level`` makes; nothing is cached."""

    def __init__(self, data: bytes, config: Config) -> None:
        """Decodes and validates a module.

        Raises:
            InvalidWasm, UnsupportedFeature: it cannot be compiled.
        """
        self.module: WasmModule = load_module(data, accepted_by(config))
        self.compiler: ModuleCompiler = ModuleCompiler(data, self.module, config)
        self.compiler.context = replace(self.compiler.context, remarks=[])
        self._instructions: Instructions = Instructions(data, self.module)

    def rows(self, body: FunctionBody) -> tuple[str, list[Row]]:
        """A function's line in the IR, with its name and type, and its rows in the order of their offsets."""
        function = self.compiler.build(body)
        self.compiler.optimise(function)
        found: dict[int, Row] = {}

        def row(offset: int) -> Row:
            return found.setdefault(offset, Row(offset, [], [], []))

        depth = 0
        for text, offset in self._instructions.lines(body):
            word = text.split(" ", 1)[0]
            depth -= word in _CLOSING
            row(offset).wasm.append("  " * max(depth, 0) + text)
            depth += word in _OPENING
        header, *lines = function_lines(function, offsets=True)
        # A block's label belongs to the first line below it.
        waiting: list[str] = []
        for line in lines:
            text, at, offset_text = line.rpartition(" @0x")
            if not at:
                waiting.append(line)
                continue
            row(int(offset_text, 16)).ir.extend((*waiting, text))
            waiting = []
        compiled = self.compiler.lower(function, every_offset=True)
        place = function.offset
        for instruction in dis.get_instructions(compiled.tail_code or compiled.code):
            position = instruction.positions
            if position is not None and position.lineno is not None:
                place = position.lineno & LARGEST_OFFSET
            row(place).bytecode.append((instruction.offset, instruction.opname, _argument(instruction)))
        return header.rpartition(" @0x")[0], [found[offset] for offset in sorted(found)]

    def remarks(self, body: FunctionBody) -> list[tuple[int, str]]:
        """What became of a function's loops, as passes say: the offset of each, and a line. After :meth:`rows`."""
        found = sorted(remark for remark in set(self.compiler.context.remarks or ()) if remark[0] == body.index)
        return [(offset, line) for _, offset, line in found]


def _argument(instruction: dis.Instruction) -> str:
    """What is shown of an instruction's argument: of a jump the offset that it goes to, and not a label."""
    text = instruction.argrepr
    if text.startswith("to "):
        return f"to {instruction.argval}"
    return text if text or instruction.arg is None or instruction.opname == "RESUME" else str(instruction.arg)


_OPENING = frozenset({"block", "loop", "if", "else", "try", "try_table", "catch", "catch_all"})
_CLOSING = frozenset({"end", "else", "catch", "catch_all", "delegate"})
