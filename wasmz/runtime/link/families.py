"""Recognises by their names whose conventions imports follow, for errors about imports without definitions.

hints_for(missing)     -> ["wasi_snapshot_preview1 is WASI preview 1: linker.define_wasi() ..."]
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from wasmz.types import ImportType

_WASI: Final = "is WASI preview 1: linker.define_wasi(config) defines it, or instantiate(..., wasi=True)"
_BINDGEN: Final = (
    "is the JavaScript of wasm-bindgen: wasmz.bind(file, glue) reads it, or linker.define_wasm_bindgen(module, glue)"
)
_GO: Final = "is the JavaScript of Go, of which this is not known: instantiate and wasmz.bind define the rest"
_KOTLIN: Final = (
    "is the JavaScript of Kotlin: wasmz.bind(file, glue) reads the .import-object.mjs file beside the module"
)
_DART: Final = "is the JavaScript of Dart: wasmz.bind(file, glue) reads the .mjs file beside it"

# By the module name of the import.
_MODULES: Final = {
    "wasi_snapshot_preview1": _WASI,
    "wasi_unstable": _WASI,
    "wbg": _BINDGEN,
    "__wbindgen_placeholder__": _BINDGEN,
    "__wbindgen_externref_xform__": _BINDGEN,
    "gojs": _GO,
    "go": _GO,
    "js_code": _KOTLIN,
    "dart2wasm": _DART,
    "wasm:js-string": "is JavaScript's strings: linker.define_js_strings(module) defines them",
}
# Prefixes of names in "env".
_EMSCRIPTEN: Final = ("invoke_", "emscripten_", "_emscripten_", "__syscall_", "setTempRet0", "getTempRet0", "_embind_")
# What emscripten calls imports that have lost their names.
_SHORT: Final = (
    "what emscripten's -O3 calls imports: instantiate(..., glue='module.js') reads their names from its JavaScript"
)
_LONGEST_SHORT: Final = 2
# Prefixes of interface names.
_COMPONENTS: Final = ("wasi:", "wasi_snapshot_preview2")


def hints_for(missing: Iterable[ImportType]) -> list[str]:
    """A line for each known kind of imports among those without a definition."""
    hints: dict[str, None] = {}
    for item in missing:
        module, name = item.module_name, item.name
        if module in _MODULES:
            hints[f"{module} {_MODULES[module]}"] = None
        elif module.endswith("_bg.js"):
            hints[f"{module} {_BINDGEN}"] = None
        elif module.startswith(_COMPONENTS):
            hints["wasi:... is WASI 0.2: this module is a part of a component"] = None
        elif module == "env" and name.startswith(_EMSCRIPTEN):
            hints["env is emscripten's JavaScript: linker.define_emscripten(module) defines the usual part of it"] = (
                None
            )
        elif module == "a" and len(name) <= _LONGEST_SHORT:
            hints[f"a is {_SHORT}"] = None
        elif (module, name) == ("wasi", "thread-spawn"):
            hints["wasi.thread-spawn is wasi-threads: wasmz run starts threads"] = None
    return list(hints)
