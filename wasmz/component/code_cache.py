"""The code of generated functions, by their text: of this process, and of one component, for which it is kept."""

from __future__ import annotations

from wasmz.startup.light import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Characters of texts whose code this process keeps for other components.
_MOST_CHARACTERS: Final = 1 << 23

_codes: dict[str, CodeType] = {}
_characters = [0]


def code_of(source: str, codes: dict[str, CodeType]) -> CodeType:
    """The code of a text; ``codes`` are those of the component that needs it."""
    code = codes.get(source)
    if code is None:
        code = _codes.get(source)
        if code is None:
            code = compile(source, "<wasmz component>", "exec", dont_inherit=True, optimize=0)
            if _characters[0] < _MOST_CHARACTERS:
                _characters[0] += len(source)
                _codes[source] = code
        codes[source] = code
    return code
