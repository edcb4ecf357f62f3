"""The exports that the host needs, where a minifier has taken all names: told by what the JavaScript does with them.

found = find_exports(text, module, {"b": "invoke_ii", ...}, entries, definition)
found["setThrew"]                -> "ya"
"""

from __future__ import annotations

import re

from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Final

    from wasmz.runtime.link.compiled_module import CompiledModule

_I32: Final = ValType.I32
_CAN_CATCH: Final = FuncType((_I32, _I32, _I32), (_I32,))
_TO_NOTHING, _TO_ONE, _FROM_TWO, _FROM_NOTHING = (
    FuncType((_I32,)),
    FuncType((_I32,), (_I32,)),
    FuncType((_I32, _I32)),
    FuncType((), (_I32,)),
)
_SAVED: Final = re.compile(r"\bvar\s+([\w$]{1,40})\s*=\s*([\w$]{1,40})\(\)")
_THREW: Final = re.compile(r"(?<![\w$.])([\w$]{1,40})\(\s*1,\s*0\s*\)")
_FORWARDED: Final = re.compile(r"(?:=>|\breturn\b)\s*([\w$]{1,40})\([\w$]{0,40}\)")
_TYPE_NAME: Final = re.compile(
    r"\bvar\s+([\w$]{1,40})\s*=\s*([\w$]{1,40})\([\w$]{1,40}\),\s*([\w$]{1,40})\s*=\s*[\w$]{1,40}\(\1\);"
    r"\s*return\s+[\w$]{1,40}\(\1\),\s*\3"
)
_CAUGHT: Final = re.compile(r"(?<![\w$.])([\w$]{1,40})\(\s*\[")
_CLEARED: Final = re.compile(r"(?<![\w$.])([\w$]{1,40})\(\s*0\s*\)")
_LAST_CALL: Final = re.compile(r"(?<![\w$.])([\w$]{1,40})\([\w$]{1,40}\);?\s*\}?$")
_DEEPEST: Final = 3


class _Finder:
    def __init__(self, text: str, module: CompiledModule, definition: Callable[[str], str]) -> None:
        self._text = text
        self._module = module
        self._definition = definition
        self.found: dict[str, str] = {}

    def add(self, name: str, called: str | None, type: FuncType) -> None:
        """Notes that an export is called so by C, if the function is one, and of this type."""
        export = None if called is None else self._export(called)
        if export is not None and self._module.exports[export].type == type:
            self.found.setdefault(name, export)

    def _export(self, name: str, depth: int = 0) -> str | None:
        """The export that a variable has, or that its function calls."""
        pattern = (
            rf"(?<![\w$.]){re.escape(name)}\s*=\s*(?:[\w$.]{{1,60}}\s*=\s*)?[\w$]{{1,40}}\.([\w$]{{1,40}})(?![\w$(\[.])"
        )
        for found in re.finditer(pattern, self._text):
            if found[1] in self._module.exports:
                return found[1]
        forwarded = _FORWARDED.search(self._definition(name)) if depth < _DEEPEST else None
        return None if forwarded is None or forwarded[1] == name else self._export(forwarded[1], depth + 1)


def find_exports(
    text: str,
    module: CompiledModule,
    imports: Mapping[str, str],
    entries: Iterable[tuple[str, str]],
    definition: Callable[[str], str],
) -> dict[str, str]:
    """The exports that could be told, by what C calls them.

    Args:
        text: the JavaScript.
        module: the module.
        imports: what imports are, by their short names.
        entries: the texts of their functions, by the same.
        definition: finds the function of a name.
    """
    finder = _Finder(text, module, definition)
    named = _TYPE_NAME.search(text)
    if named is not None:
        finder.add("__getTypeName", named[2], _TO_ONE)
    bodies = {imports[key]: definition(value.strip()) or value for key, value in entries if key in imports}
    for name, body in bodies.items():
        if name.startswith("invoke_"):
            _read_invoke(finder, body)
            break
    begin = _LAST_CALL.search(bodies.get("__cxa_begin_catch", ""))
    if begin is not None:
        finder.add("__cxa_get_exception_ptr", begin[1], _TO_ONE)
    for name, body in bodies.items():
        common = _CAUGHT.search(body) if name.startswith("__cxa_find_matching_catch") else None
        if common is not None:
            cleared = _CLEARED.search(definition(common[1]))
            finder.add("_emscripten_tempret_set", cleared[1] if cleared is not None else None, _TO_NOTHING)
            can_catch = [key for key in module.exports if module.exports[key].type == _CAN_CATCH]
            if len(can_catch) == 1:
                finder.found["__cxa_can_catch"] = can_catch[0]
            break
    return finder.found


def _read_invoke(finder: _Finder, body: str) -> None:
    saved, threw = _SAVED.search(body), _THREW.search(body)
    if saved is None or threw is None:
        return
    finder.add("emscripten_stack_get_current", saved[2], _FROM_NOTHING)
    finder.add("setThrew", threw[1], _FROM_TWO)
    restored = re.search(rf"(?<![\w$.])([\w$]{{1,40}})\({re.escape(saved[1])}\)", body)
    if restored is not None:
        finder.add("_emscripten_stack_restore", restored[1], _TO_NOTHING)
