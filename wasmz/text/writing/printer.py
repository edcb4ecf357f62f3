"""Prints a module in the binary format as text, which assembles to the same module.

print_module(data)                   -> "(module\\n  (func (;0;) ...)\\n)\\n"
print_module(data, folded=True)      -> the same with operands inside their instructions
"""

from __future__ import annotations

from wasmz.startup.concurrency import without_collections
from wasmz.text.writing.bodies import WIDTH, Line, find_arities, flat_lines, folded_lines, indented
from wasmz.text.writing.names import Identifiers, Names, identifier, quoted, quoted_bytes
from wasmz.text.writing.operands import Context, instruction_texts
from wasmz.text.writing.types import (
    Signature,
    clauses,
    global_type,
    memory_type,
    table_type,
    type_lines,
    type_use,
    value_type,
)
from wasmz.wasm.body import decode_body
from wasmz.wasm.branch_hints import SECTION as HINT_SECTION
from wasmz.wasm.branch_hints import read_branch_hints
from wasmz.wasm.decoder import EXACT_FUNCTION, decode_module
from wasmz.wasm.proposals import ALL_PROPOSALS
from wasmz.wasm.reader import Reader, read_u32
from wasmz.wasm.sections import list_sections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasmz.wasm.syntax import FunctionBody, WasmModule

_PASSIVE, _EXPLICIT, _EXPRESSIONS = 1, 2, 4
_KINDS: Final = ("func", "table", "memory", "global", "tag")
# The words for places of custom sections.
_PLACES: Final = {
    1: "type",
    2: "import",
    3: "func",
    4: "table",
    5: "memory",
    6: "global",
    7: "export",
    8: "start",
    9: "elem",
    10: "code",
    11: "data",
    12: "datacount",
    13: "tag",
}
# Instructions that may have branch hints, by opcode: br_if and if.
_HINTED: Final = (0x0D, 0x04)


def print_module(data: bytes, folded: bool = False) -> str:
    """The text of a module.

    Args:
        data: the module; it need not be valid.
        folded: whether operands are written inside their instructions.

    Raises:
        InvalidWasm: the bytes are malformed.
    """
    with without_collections():
        return _Printer(data, folded).print()


class Listing:
    """The instructions of functions, one by one."""

    def __init__(self, data: bytes, module: WasmModule) -> None:
        self._data: bytes = data
        self._module: WasmModule = module
        self._names: Names = Names(data, module)
        self._signatures: list[Signature | None] = []
        for name, start, end in list_sections(data):
            if name == "type":
                type_lines(Reader(data, start, end, ALL_PROPOSALS), self._names, self._signatures)

    def lines(self, body: FunctionBody) -> list[tuple[str, int]]:
        """The instructions of a function, flat and without indentation, each with its offset.

        Raises:
            InvalidWasm: its body is malformed.
        """
        decode_body(self._data, body, self._module)
        reader = Reader(self._data, body.code_start, body.end, ALL_PROPOSALS)
        found = instruction_texts(reader, Context(self._names, self._signatures, body.index))
        return [(name + operands, offset) for name, operands, offset in [*found, ("end", "", body.end - 1)]]


class _Printer:
    """Prints one module."""

    def __init__(self, data: bytes, folded: bool) -> None:
        self.data: bytes = data
        self.folded: bool = folded
        self.module = decode_module(data, ALL_PROPOSALS)
        self.names: Names = Names(data, self.module)
        self.signatures: list[Signature | None] = []
        self.lines: list[str] = []
        # The number of items of each kind so far.
        self.counts: dict[str, int] = dict.fromkeys((*_KINDS, "elem", "data"), 0)
        self.hints: dict[int, dict[int, bool]] = self._find_hints()
        self.spaces: dict[str, Identifiers] = {
            "func": self.names.functions,
            "table": self.names.tables,
            "memory": self.names.memories,
            "global": self.names.globals,
            "tag": self.names.tags,
            "elem": self.names.elements,
            "data": self.names.data,
        }

    def print(self) -> str:
        """The whole text."""
        data, position = self.data, 8
        name = self.names.module
        head = "(module"
        if name is not None:
            head += f" {identifier(name)}" if name else ' (@name "")'
        place = "(before first)"
        while position < len(data):
            id = data[position]
            size, start = read_u32(data, position + 1, len(data))
            position = start + size
            reader = Reader(data, start, position, ALL_PROPOSALS)
            if id:
                if data[start] or id == 8:
                    # The assembler does not write sections without items.
                    place = f"(after {_PLACES[id]})"
                _SECTIONS[id](self, reader)
                continue
            title = reader.name()
            if title == "name" and self.names.is_whole:
                place = "(after last)"
            elif title != HINT_SECTION or not self.hints:
                content = data[reader.pos : position]
                self._add_strings(f"(@custom {quoted(title.encode())} {place}", content, ")")
        return "\n".join([head, *self.lines, ")", ""])

    def _find_hints(self) -> dict[int, dict[int, bool]]:
        """The branch hints that annotations can express: those of a section before the code, if all are on branches."""
        module, data = self.module, self.data
        sections = [section for section in module.custom_sections if section.name == HINT_SECTION]
        if len(sections) != 1 or not module.bodies or sections[0].end > module.code_start:
            return {}
        hints = read_branch_hints(data, module)
        content = Reader(data, sections[0].start, sections[0].end)
        counted = content.u32()
        for function, found in hints.items():
            body = module.bodies[function - module.imported_function_count]
            if not all(body.start <= offset < body.end and data[offset] in _HINTED for offset in found):
                return {}
            starts = {start for _, _, start in decode_body(data, body, module)}
            if not found.keys() <= starts or list(found) != sorted(found) or not found:
                return {}
        return hints if counted == len(hints) and list(hints) == sorted(hints) else {}

    # Parts

    def add(self, text: str, depth: int = 1) -> None:
        """Adds a line."""
        self.lines.append("  " * depth + text)

    def _add_wrapped(self, head: str, parts: list[str], tail: str) -> None:
        """Adds the parts as one line, or as several if it would be too wide."""
        line = "  " + head
        for part in parts:
            if len(line) + 1 + len(part) > WIDTH and line.strip():
                self.lines.append(line)
                line = "   "
            line += f" {part}"
        self.lines.append(line + tail)

    def _add_strings(self, head: str, content: bytes, tail: str) -> None:
        """Adds a form that ends with strings."""
        strings = quoted_bytes(content, WIDTH - 8)
        if len(strings) == 1 and len(head) + len(strings[0]) < WIDTH:
            self.add(f"{head} {strings[0]}{tail}")
        elif strings:
            self.add(head)
            strings[-1] += tail
            self.lines += ["    " + line for line in strings]
        else:
            self.add(head + tail)

    def _next(self, kind: str) -> tuple[int, str]:
        """The index of the next item of a kind, and what precedes its type."""
        index = self.counts[kind]
        self.counts[kind] = index + 1
        return index, f"({kind} {self.spaces[kind].defined(index)}".rstrip()

    def _instructions(self, function: int | None, start: int, end: int) -> tuple[list[tuple[str, str, int]], int]:
        reader = Reader(self.data, start, end, ALL_PROPOSALS)
        return instruction_texts(reader, Context(self.names, self.signatures, function)), reader.pos

    def _expression(self, reader: Reader) -> list[str]:
        """A constant expression: its instructions."""
        found, reader.pos = self._instructions(None, reader.pos, reader.end)
        return [name + operands for name, operands, _ in found]

    def _offset(self, reader: Reader) -> str:
        found = self._expression(reader)
        return f"({found[0]})" if len(found) == 1 else f"(offset {' '.join(found)})"

    def _initial(self, reader: Reader) -> str:
        found = self._expression(reader)
        return f" ({found[0]})" if len(found) == 1 else f" {' '.join(found)}"

    # Sections

    def types(self, reader: Reader) -> None:
        """The type section."""
        for line in type_lines(reader, self.names, self.signatures):
            self.add(line)

    def imports(self, reader: Reader) -> None:
        """The import section."""
        for _ in range(reader.u32()):
            names = f"{quoted(reader.name().encode())} {quoted(reader.name().encode())}"
            code = reader.byte()
            exact = code == EXACT_FUNCTION
            kind = _KINDS[0 if exact else code]
            index, head = self._next(kind)
            if kind == "func":
                text = self._type_use(reader.u32(), index)
                if exact:
                    text = f" (exact{text})"
            elif kind == "tag":
                reader.byte()
                text = self._type_use(reader.u32())
            else:
                text = f" {self._item_type(kind, reader)}"
            self.add(f"(import {names} {head}{text}))")

    def _item_type(self, kind: str, reader: Reader) -> str:
        if kind == "table":
            return table_type(reader, self.names)
        return memory_type(reader) if kind == "memory" else global_type(reader, self.names)

    def _type_use(self, type: int, function: int | None = None) -> str:
        """A type by its index; and its clauses, if parameters have names."""
        locals = self.names.locals.get(function) if function is not None else None
        if locals is None:
            return f" (type {self.names.types[type]})"
        return type_use(type, self.names, self.signatures, locals)

    def functions(self, reader: Reader) -> None:
        """The function section, which is written with the code."""

    def tables(self, reader: Reader) -> None:
        """The table section."""
        for _ in range(reader.u32()):
            _, head = self._next("table")
            initial = reader.peek() == 0x40
            if initial:
                reader.pos += 2
            type = table_type(reader, self.names)
            self.add(f"{head} {type}{self._initial(reader) if initial else ''})")

    def memories(self, reader: Reader) -> None:
        """The memory section."""
        for _ in range(reader.u32()):
            self.add(f"{self._next('memory')[1]} {memory_type(reader)})")

    def tags(self, reader: Reader) -> None:
        """The tag section."""
        for _ in range(reader.u32()):
            reader.byte()
            self.add(f"{self._next('tag')[1]}{self._type_use(reader.u32())})")

    def globals(self, reader: Reader) -> None:
        """The global section."""
        for _ in range(reader.u32()):
            head = self._next("global")[1]
            self.add(f"{head} {global_type(reader, self.names)}{self._initial(reader)})")

    def exports(self, reader: Reader) -> None:
        """The export section."""
        for _ in range(reader.u32()):
            name = quoted(reader.name().encode())
            kind = _KINDS[reader.byte()]
            self.add(f"(export {name} ({kind} {self.spaces[kind][reader.u32()]}))")

    def start(self, reader: Reader) -> None:
        """The start section."""
        self.add(f"(start {self.names.functions[reader.u32()]})")

    def elements(self, reader: Reader) -> None:
        """The element section."""
        for _ in range(reader.u32()):
            head = self._next("elem")[1]
            flags = reader.u32()
            if flags & _PASSIVE:
                head += " declare" if flags & _EXPLICIT else ""
            else:
                if flags & _EXPLICIT:
                    head += f" (table {self.names.tables[reader.u32()]})"
                head += f" {self._offset(reader)}"
            typed = flags & (_PASSIVE | _EXPLICIT)
            if flags & _EXPRESSIONS:
                element = value_type(reader, self.names) if typed else "funcref"
                items = [self._item(reader) for _ in range(reader.u32())]
                self._add_wrapped(f"{head} {element}", items, ")")
            else:
                if typed:
                    reader.byte()
                functions = [self.names.functions[reader.u32()] for _ in range(reader.u32())]
                self._add_wrapped(f"{head} func", functions, ")")

    def _item(self, reader: Reader) -> str:
        found = self._expression(reader)
        return f"({found[0]})" if len(found) == 1 else f"(item {' '.join(found)})"

    def data_count(self, reader: Reader) -> None:
        """The data count section, which the assembler adds if instructions need it."""

    def code(self, reader: Reader) -> None:
        """The code section."""
        self.counts["func"] = self.module.imported_function_count
        for body in self.module.bodies:
            self._function(body)

    def _function(self, body: FunctionBody) -> None:
        """Prints a function with its code."""
        index, head = self._next("func")
        # Raises the error for a malformed body.
        decoded = decode_body(self.data, body, self.module)
        type = self.module.function_types[index]
        locals = self.names.locals.get(index)
        signature = self.signatures[type] if type < len(self.signatures) else None
        parts = [f"(type {self.names.types[type]})"]
        if signature is not None:
            parts += [*clauses("param", signature[0], locals), *clauses("result", signature[1])]
        contents = Reader(self.data, body.start, body.end, ALL_PROPOSALS)
        own: list[str] = []
        for _ in range(contents.u32()):
            count = contents.u32()
            own += [value_type(contents, self.names)] * count
        found, _ = self._instructions(index, body.code_start, body.end)
        if not own and not found:
            self._add_wrapped(head, parts, ")")
            return
        self._add_wrapped(head, parts, "")
        if own:
            first = len(signature[0]) if signature is not None else 0
            self._add_locals(clauses("local", own, locals, first))
        hints = self.hints.get(index, {})
        written = {offset: f'(@{HINT_SECTION} "\\{value:02x}")' for offset, value in hints.items()}
        lines: list[Line]
        if self.folded:
            lines = folded_lines(found, written, find_arities(self.module, index, decoded))
        else:
            lines = flat_lines(found, written)
        self.lines += indented(lines)
        self.add(")")

    def _add_locals(self, declared: list[str]) -> None:
        """Adds declarations of locals, split if they are long."""
        line = ""
        for clause in declared:
            words = clause[1:-1].split(" ") if len(clause) > WIDTH else []
            pieces = [f"(local {' '.join(words[at : at + 16])})" for at in range(1, len(words), 16)] or [clause]
            for piece in pieces:
                if line and len(line) + len(piece) > WIDTH - 4:
                    self.add(line, 2)
                    line = ""
                line += f" {piece}" if line else piece
        self.add(line, 2)

    def segments(self, reader: Reader) -> None:
        """The data section."""
        for _ in range(reader.u32()):
            head = self._next("data")[1]
            flags = reader.u32()
            if not flags & _PASSIVE:
                memory = reader.u32() if flags & _EXPLICIT else 0
                head += f" (memory {self.names.memories[memory]})" if memory else ""
                head += f" {self._offset(reader)}"
            content = reader.take(reader.u32())
            if content:
                self._add_strings(head, content, ")")
            else:
                self.add(f'{head} "")')


_SECTIONS: Final[dict[int, Callable[[_Printer, Reader], None]]] = {
    1: _Printer.types,
    2: _Printer.imports,
    3: _Printer.functions,
    4: _Printer.tables,
    5: _Printer.memories,
    6: _Printer.globals,
    7: _Printer.exports,
    8: _Printer.start,
    9: _Printer.elements,
    10: _Printer.code,
    11: _Printer.segments,
    12: _Printer.data_count,
    13: _Printer.tags,
}
