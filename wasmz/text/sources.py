"""Recognises files in the text format, and finds the places in the text of later errors.

binary_form(b"(module)", "a.wat")              -> Assembled, the bytes of the module
in_text(data, InvalidWasm("...", offset=30))   -> InvalidText: a.wat:3:5: ...
"""

from __future__ import annotations

import bisect

from wasmz.errors import InvalidText, InvalidWasm, bounded
from wasmz.text.reading.assembler import assemble, assemble_traced
from wasmz.text.reading.lexer import Source
from wasmz.wasm.preamble import check_preamble, describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_SUFFIX: Final = ".wat"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_STARTS: Final = (b"(", b";;")
# How texts of no other known kind are described.
_ANY_TEXT: Final = "text"


class Assembled(bytes):
    """The bytes of a module that was in the text format.

    Attributes:
        text: the text.
        name: the name of the file, or ``None``.
    """

    text: bytes | str
    name: str | None


def binary_form(data: bytes | str, name: str | None = None) -> bytes:
    """A module's bytes, from the content of a file that may be in the text format.

    It is in the text format if it begins with a parenthesis or a comment, or if it is called ``.wat`` and is not of
    another known kind.

    Raises:
        InvalidText: the text is malformed. InvalidWasm, UnsupportedFeature: the file is something else; they name the
            file.
    """
    if isinstance(data, bytes) and not is_text(data, name):
        if name is not None:
            check_preamble(data, bounded(name))
        return data
    found = Assembled(assemble(data, name))
    found.text, found.name = data, name
    return found


def is_text(data: bytes, name: str | None = None) -> bool:
    """Whether a file is in the text format."""
    if data[:4] == b"\0asm":
        return False
    if data.removeprefix(_BYTE_ORDER_MARK).lstrip(b" \t\r\n").startswith(_STARTS):
        return True
    return name is not None and name.lower().endswith(_SUFFIX) and describe(data) in (None, _ANY_TEXT)


def in_text(data: bytes, error: InvalidWasm) -> InvalidWasm:
    """An error at an offset of a module, changed to one at a place in the text if the module was text."""
    if not isinstance(data, Assembled) or isinstance(error, InvalidText) or error.offset is None:
        return error
    source = Source(data.text, data.name)
    made, origins = assemble_traced(source)
    place = bisect.bisect_right([offset for offset, _ in origins], error.offset) - 1
    if made != data or place < 0:
        return error
    inside = f" (function {error.function})" if error.function is not None else ""
    found = source.error_of(origins[place][1], error.reason + inside)
    found.function = error.function
    return found
