"""Assembles a module in the text format to the binary format.

assemble("(module)")                     -> b"\\0asm\\1\\0\\0\\0"
assemble("(module (func (nop)", "a.wat") -> InvalidText: a.wat:1:20: unexpected token: the text ends, expected )
"""

from __future__ import annotations

from itertools import pairwise

from wasmz.errors import bounded
from wasmz.startup.concurrency import without_collections
from wasmz.text.encoding import custom_section, section, sized, unsigned
from wasmz.text.reading.customs import PLACES, Customs, check_left_over, name_section
from wasmz.text.reading.fields import TYPE_FIELDS, Module
from wasmz.text.reading.lexer import HINT, NAME, Source, is_word
from wasmz.text.reading.literals import OutOfRange, float_bits, is_integer, is_string
from wasmz.text.reading.origins import find_origins
from wasmz.text.reading.parser import KEYWORDS, Parser, Unexpected, Wrong

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, NoReturn

_PREAMBLE: Final = b"\0asm\1\0\0\0"
# Fields in which the positions of inner forms are recorded, too.
_LOOKED_INTO: Final = frozenset({"rec", "memory", "table"})


def assemble(text: bytes | str, name: str | None = None) -> bytes:
    """The binary form of a module in the text format.

    Args:
        text: the module; bytes are UTF-8.
        name: the name of its file, for messages.

    Raises:
        InvalidText: the text is malformed. The module is not validated here.
    """
    # A text may have a million tokens, none of which is garbage.
    with without_collections():
        return _assemble(Source(text, name), traced=False)[0]


def assemble_traced(source: Source) -> tuple[bytes, list[tuple[int, int]]]:
    """Like :func:`assemble`; also returns the origins of the result's parts, in order: offset and token number."""
    with without_collections():
        data, module = _assemble(source, traced=True)
        return data, [] if module is None else find_origins(data, module)


def _assemble(source: Source, traced: bool) -> tuple[bytes, Module | None]:
    parser = Parser(source)
    try:
        return _read_module(parser, traced)
    except Wrong as wrong:
        parser.fail(wrong.reason)
    except OutOfRange as wrong:
        parser.fail(str(wrong))
    except Unexpected as unexpected:
        _fail_unexpected(parser, unexpected.wanted)


def _fail_unexpected(parser: Parser, wanted: str) -> NoReturn:
    token = parser.tokens[parser.at]
    if not token:
        parser.fail(f"unexpected token: the text ends, expected {wanted}")
    shown = bounded(token)
    known = token in KEYWORDS or token in "()" or token[0] == "$" or _is_literal(token)
    parser.fail(f"unexpected token {shown}, expected {wanted}" if known else f"unknown operator {shown}")


def _is_literal(token: str) -> bool:
    if is_integer(token) or is_string(token):
        return True
    if token.startswith(("offset=", "align=")):
        number = token.partition("=")[2]
        return number[:1].isdigit() and is_integer(number)
    try:
        return is_word(token) and float_bits(token, 64) is not None
    except OutOfRange:
        return True


def _read_module(parser: Parser, traced: bool) -> tuple[bytes, Module | None]:
    module = Module(parser, traced)
    module_name: dict[int, str] = {}
    bare = not (parser.tokens[0] == "(" and parser.tokens[1] == "module")
    if not bare:
        parser.at = 2
        id = parser.identifier()
        if id is not None:
            module_name[0] = id[1:]
        if parser.accept("binary"):
            content = parser.strings()
            parser.expect(")")
            parser.expect("")
            return content, None
    named = parser.take_annotations(NAME)
    if len(named) > 1:
        parser.source.fail_in(named[1], "@name annotation: multiple module")
    if named:
        module_name[0] = parser.annotation_name(named[0])
    starts, end = _outline(parser, 0 if bare else 1)
    module.declare(starts)
    tokens, customs = parser.tokens, Customs()
    for types in (True, False):
        for start, _ in starts:
            if (tokens[start + 1] in TYPE_FIELDS) is types:
                module.read_field(start)
    for start in (*(start for start, _ in starts), end):
        parser.at = start
        customs.read(parser)
    if parser.source.annotations:
        edges = [*(start for start, _ in starts), end]
        functions = [(start, after) for start, after in pairwise(edges) if tokens[start + 1] == "func"]
        check_left_over(parser.source, functions)
    return _join(parser, module, customs, name_section(parser, module_name.get(0))), module


def _outline(parser: Parser, level: int) -> tuple[list[tuple[int, list[int]]], int]:
    """The fields: for each, its parenthesis and those in it that matter, as token numbers; and the end of the module.

    Args:
        parser: positioned at the first field.
        level: 1 in a ``module`` form, 0 without one.
    """
    tokens = parser.tokens
    starts: list[tuple[int, list[int]]] = []
    inner: list[int] = []
    depth, looked_into = 0, False
    at = first = parser.at
    for at in range(first, len(tokens) - 1):
        token = tokens[at]
        if token == "(":
            depth += 1
            if depth == 1:
                inner = []
                starts.append((at, inner))
                looked_into = tokens[at + 1] in _LOOKED_INTO
            elif depth == 2 and looked_into:
                inner.append(at)
        elif token == ")":
            depth -= 1
            if depth < 0:
                break
        elif not depth:
            parser.at = at
            raise Unexpected("a field of a module")
    else:
        at = len(tokens) - 1
    parser.at = at
    if level and depth < 0:
        if tokens[at + 1]:
            parser.at = at + 1
            raise Unexpected("the end of the text")
    elif level or depth:
        raise Unexpected(")" if depth >= 0 else "the end of the text")
    return starts, at


def _join(parser: Parser, module: Module, customs: Customs, names: bytes) -> bytes:
    """The module's bytes."""
    contents = {id: section(id, items) for id, items in module.sections()}
    contents[8] = b"" if module.start is None else b"\x08" + sized(module.start)
    contents[12] = b"\x0c" + sized(unsigned(len(module.data))) if parser.needs_data_count else b""
    pieces = [_PREAMBLE, customs.at("before", "first"), customs.at("after", "first")]
    for place, id in PLACES.items():
        pieces.append(customs.at("before", place))
        if place == "code" and (hints := module.hints()):
            pieces.append(custom_section(HINT, hints))
        pieces += (contents[id], customs.at("after", place))
    pieces += (customs.at("before", "last"), customs.at("after", ""), names, customs.at("after", "last"))
    return b"".join(pieces)
