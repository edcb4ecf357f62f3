"""The specification's scripts through the parser of the text format: their modules, taken from the text itself.

in_our_text(script)    -> Converted, as for binary modules
read_forms(text)       -> [Form("module", line=1, module="(module ...)", kind="text", message=None), ...]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.spec.suite import ConversionError, Converted, Script, convert
from wasmz.text import assemble
from wasmz.text.reading.lexer import token_spans
from wasmz.text.reading.literals import string_bytes


def in_our_text(script: Script) -> Converted:
    """A script as it was converted, with each module that is written as text assembled by our parser."""
    converted = convert(script)
    commands = [command for command in converted.commands if "filename" in command]
    forms = list(read_forms(script.path.read_text(encoding="utf-8")))
    if len(commands) != len(forms):
        raise ConversionError(f"{len(commands)} commands have modules, but {len(forms)} forms of the script")
    modules = {}
    for command, form in zip(commands, forms, strict=True):
        name = command.get("binary_filename", command["filename"])
        if name.endswith(".wasm") and form.kind != "binary" and not form.command.endswith("_custom"):
            modules[name] = form.assemble()
    return replace(converted, modules=modules)


@dataclass(frozen=True, slots=True)
class Form:
    """A command of a script that has a module.

    Attributes:
        command: its first word.
        line: where its module begins.
        kind: ``"text"``, ``"quote"`` or ``"binary"``.
        content: the module: text, or the bytes of one in quotes or of a binary one.
        message: what an assertion expects.
    """

    command: str
    line: int
    kind: str
    content: str | bytes
    message: str | None

    def assemble(self) -> bytes:
        """The module's bytes, by our parser unless they are written as such."""
        if self.kind == "binary":
            assert isinstance(self.content, bytes)
            return self.content
        return assemble(self.content, f"line {self.line}")


def read_forms(text: str) -> Iterator[Form]:
    """The commands that have modules, in order. A script of fields alone is one module."""
    spans = token_spans(text)
    tokens = [text[start:end] for start, end in spans]
    if tokens[:1] == ["("] and tokens[1] not in _COMMANDS and not tokens[1].startswith("("):
        yield Form("module", 1, "text", text, None)
        return
    at = 0
    while at < len(tokens):
        end = _closing(tokens, at)
        first = _skip_annotations(tokens, at + 1)
        word = tokens[first]
        line = text.count("\n", 0, spans[at][0]) + 1
        if word == "module":
            kind, content = _module(text, spans, tokens, at, end)
            if kind:
                yield Form(word, line, kind, content, None)
        elif word.startswith("assert_") and tokens[at + 2 : at + 4] == ["(", "module"]:
            inner_end = _closing(tokens, at + 2)
            kind, content = _module(text, spans, tokens, at + 2, inner_end)
            message = string_bytes(tokens[inner_end + 1]).decode()
            line = text.count("\n", 0, spans[at + 2][0]) + 1
            yield Form(word, line, kind, content, message)
        at = end + 1


_COMMANDS = (
    "module",
    "register",
    "invoke",
    "get",
    "assert_return",
    "assert_trap",
    "assert_malformed",
    "assert_invalid",
)
_COMMANDS += ("assert_exhaustion", "assert_exception", "assert_unlinkable", "assert_malformed_custom")
_COMMANDS += ("assert_invalid_custom", "thread", "wait")


def _module(
    text: str, spans: list[tuple[int, int]], tokens: list[str], start: int, end: int
) -> tuple[str, str | bytes]:
    """Kind and content of the module form between two parentheses; no kind for an instance of a definition."""
    at = _skip_annotations(tokens, start + 1) + 1
    is_definition = tokens[at] == "definition"
    at += is_definition
    if tokens[at] == "instance":
        return "", b""
    id = tokens[at] if tokens[at].startswith("$") else ""
    at += bool(id)
    if tokens[at] in ("quote", "binary"):
        return tokens[at], b"".join(string_bytes(token) for token in tokens[at + 1 : end])
    source = text[spans[start][0] : spans[end][1]]
    return "text", source.replace("definition", "", 1) if is_definition else source


def _skip_annotations(tokens: list[str], at: int) -> int:
    while tokens[at].startswith("(@"):
        at = _closing(tokens, at) + 1
    return at


def _closing(tokens: list[str], at: int) -> int:
    depth = 0
    while True:
        depth += tokens[at].startswith("(") - (tokens[at] == ")")
        if not depth:
            return at
        at += 1
