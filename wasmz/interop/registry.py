"""The families of modules that the host has code for: how to tell them, and the file that has the code.

    find_families(module.imports)            -> ["wasm-bindgen"]
    define_found(linker, module, find_glue)  defines what the module imports, as far as it is clear what that is

A family's file is loaded when a module needs it. It has ``define(linker, module, glue)``, which defines what the module
imports and nobody else defined; if something is to be done after that, ``finish(instance, glue)``; if the family's
exports are to be called in a manner of their own, ``bind(instance, glue)``, which gives Python functions and classes by
name; and, for programs, ``run_main(instance, args)``.
"""

from __future__ import annotations

from wasmz.startup.concurrency import load
from wasmz.types import FuncType, GlobalType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from wasmz.runtime.calls.host import Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.types import ImportType


class Family:
    """A family.

    Attributes:
        name: what it is called.
        file: the module of wasmz that has its code.
        toolchain: what makes such modules, for people.
        needs: what is needed beside the module, for people.
        needs_glue: whether that is the package's JavaScript.
        binds: whether its file has ``bind``.
        finishes: whether it has ``finish``.
        runs: whether it has ``is_program``, ``configure`` and ``run_main``, for programs.
    """

    __slots__ = ("binds", "file", "finishes", "name", "needs", "needs_glue", "runs", "toolchain")

    def __init__(
        self,
        name: str,
        file: str,
        toolchain: str,
        needs: str,
        *,
        needs_glue: bool = False,
        binds: bool = False,
        finishes: bool = False,
        runs: bool = False,
    ) -> None:
        self.name: str = name
        self.file: str = file
        self.toolchain: str = toolchain
        self.needs: str = needs
        self.needs_glue: bool = needs_glue
        self.binds: bool = binds
        self.finishes: bool = finishes
        self.runs: bool = runs


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "wasm-bindgen",
            "wasmz.interop.bindgen.binding",
            "Rust with wasm-bindgen",
            "its .js file: wasmz.bind(file), or linker.define_wasm_bindgen(module, glue)",
            needs_glue=True,
            binds=True,
        ),
        Family(
            "js-strings",
            "wasmz.interop.js_strings",
            "a compiler for JavaScript's strings (Kotlin, Dart, Java, OCaml, Scala)",
            "nothing for its strings; functions of its own JavaScript, if it imports some, by imports=",
        ),
        Family(
            "kotlin",
            "wasmz.interop.kotlin",
            "Kotlin for JavaScript",
            "its .import-object.mjs or .uninstantiated.mjs file beside it: wasmz.bind(file, glue)",
            needs_glue=True,
            binds=True,
            runs=True,
        ),
        Family(
            "dart",
            "wasmz.interop.dart",
            "Dart",
            "its .mjs file beside it: wasmz.bind(file, glue)",
            needs_glue=True,
            binds=True,
            runs=True,
        ),
        Family("j2cl", "wasmz.interop.j2cl", "J2CL from Java", "nothing", binds=True),
        Family(
            "go", "wasmz.interop.go", "Go or TinyGo for JavaScript", "nothing; it has no files", binds=True, runs=True
        ),
        Family(
            "assemblyscript",
            "wasmz.interop.assemblyscript",
            "AssemblyScript",
            "nothing; the bindings of asc --bindings, beside the module, for strings and arrays",
            binds=True,
        ),
        Family(
            "emscripten",
            "wasmz.runtime.link.emscripten",
            "Emscripten",
            "its .js file, where imports have lost their names: wasmz.bind(file, glue), instantiate(..., glue=...)",
            binds=True,
            finishes=True,
        ),
    )
}

_I32, _F64 = ValType.I32, ValType.F64
# Names that others have, too, tell by their types.
_OF_ASSEMBLYSCRIPT = {
    ("env", "abort"): FuncType((_I32, _I32, _I32, _I32)),
    ("env", "trace"): FuncType((_I32, _I32, _F64, _F64, _F64, _F64, _F64)),
}
# Names in "env" that only emscripten has; what it calls imports in a module that has lost their names.
_OF_EMSCRIPTEN = (
    "invoke_",
    "emscripten_",
    "_emscripten_",
    "__syscall_",
    "_embind_",
    "_emval_",
    "__cxa_",
    "__resumeException",
    "setTempRet0",
    "getTempRet0",
    "_abort_js",
    "_tzset_js",
    "_localtime_js",
    "_mmap_js",
)
# And those that others have, too: emscripten's if there is WASI beside them.
_OF_C = (
    "abort",
    "exit",
    "longjmp",
    "__assert_fail",
    "__call_sighandler",
    "getentropy",
    "strftime",
    "strftime_l",
    "strptime",
    "strptime_l",
    "system",
)
_WASI = "wasi_snapshot_preview1"
_SHORT = "a"
_LONGEST_SHORT = 2
_WITH_STRINGS = {"kotlin", "dart", "j2cl"}
_BINDGEN_MODULES = ("wbg", "__wbindgen_placeholder__", "__wbindgen_externref_xform__")


def family_of(item: ImportType) -> str | None:
    """The family that an import tells, by its name and type; ``None`` if it might be anybody's."""
    module = item.module_name
    if module in _BINDGEN_MODULES or module.endswith("_bg.js"):
        return "wasm-bindgen"
    if module == "wasm:js-string" or (module, item.name) == ("WebAssembly", "JSTag"):
        return "js-strings"
    if module == "js_code" or (module, item.name) == ("intrinsics", "tag"):
        return "kotlin"
    if module == "dart2wasm":
        return "dart"
    if module == "string.const" or (module == "imports" and item.name.startswith("j2wasm.")):
        return "j2cl"
    if module in ("gojs", "go"):
        return "go"
    if (module, item.name) in _OF_ASSEMBLYSCRIPT and item.type == _OF_ASSEMBLYSCRIPT[module, item.name]:
        return "assemblyscript"
    if (module == "env" and item.name.startswith(_OF_EMSCRIPTEN)) or _is_short(item):
        return "emscripten"
    if module == "'" and isinstance(item.type, GlobalType):
        return "js-strings"
    return None


def _is_short(item: ImportType) -> bool:
    return item.module_name == _SHORT and len(item.name) <= _LONGEST_SHORT and isinstance(item.type, FuncType)


def needs_glue(name: str, imports: Iterable[ImportType]) -> bool:
    """Whether the family of this name needs the package's JavaScript for a module with these imports."""
    return FAMILIES[name].needs_glue or (name == "emscripten" and any(map(_is_short, imports)))


def find_families(imports: Iterable[ImportType]) -> list[str]:
    """The families that imports belong to, in order."""
    items = list(imports)
    found = [name for name in dict.fromkeys(map(family_of, items)) if name is not None]
    if not found and any(item.module_name == _WASI for item in items):
        return ["emscripten"] if any(item.module_name == "env" and item.name in _OF_C for item in items) else []
    # Those that have strings among other things.
    return [name for name in found if name != "js-strings"] if _WITH_STRINGS.intersection(found) else found


def families_of(module: CompiledModule) -> list[str]:
    """The families that a module is of, by what it imports, or else exports."""
    found = find_families(module.imports)
    if not found and all(name in module.exports for name in ("__new", "__pin", "__unpin", "__rtti_base")):
        return ["assemblyscript"]
    return found


def runner_of(module: CompiledModule) -> Any:
    """The file that runs a module as a program of its family; ``None`` if it is none, or runs as others do."""
    exports = module.exports
    # Most programs export neither, and import WASI only.
    if "resume" in exports:
        name = "go"
    elif "$invokeMain" in exports:
        name = "dart"
    elif any(item.module_name == "js_code" for item in module.imported_funcs):
        name = "kotlin"
    else:
        return None
    file = load(FAMILIES[name].file)
    return file if file.is_program(module) else None


def define_found(linker: Definitions, module: CompiledModule, find_glue: Callable[[], str | None]) -> list[str]:
    """Defines the imports of all families that a module is of; gives the families' names.

    Args:
        linker: where; what it has stays.
        module: the module.
        find_glue: gives the package's JavaScript, if it is at hand. It is asked only if a family has a use for it.

    Raises:
        LinkError, ValueError: the JavaScript is not the family's.
    """
    missing = [item for item in module.imports if linker.get(item.module_name, item.name) is None]
    found = find_families(missing)
    # Functions of WASI may have types of emscripten's own, even if nothing is missing.
    if "emscripten" not in found and "emscripten" in find_families(module.imports):
        found.append("emscripten")
    for name in found:
        is_needed = needs_glue(name, module.imports)
        glue = find_glue() if is_needed or name == "emscripten" else None
        if glue is not None or not is_needed:
            load(FAMILIES[name].file).define(linker, module, glue)
    return found
