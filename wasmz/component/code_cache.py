"""The code of generated functions, by their text."""

from __future__ import annotations

from wasmz.startup.light import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_MOST_CHARACTERS: Final = 1 << 23

_codes: dict[str, CodeType] = {}
_characters = [0]


def code_of(source: str) -> CodeType:
    """The code of a text."""
    code = _codes.get(source)
    if code is None:
        code = compile(source, "<wasmz component>", "exec", dont_inherit=True, optimize=0)
        if _characters[0] < _MOST_CHARACTERS:
            _characters[0] += len(source)
            _codes[source] = code
    return code
