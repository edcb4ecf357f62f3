"""Kotlin/Wasm for JavaScript (``kotlinc-wasm -Xwasm-target=wasm-js``, Gradle's ``wasmJs``), without a browser.

    define(linker, module, glue)           what the module imports; ``glue`` is its *.import-object.mjs
    bind(instance, glue)["greet"]("you")   runs the program's `main`, and gives what has @JsExport

The functions of ``js("...")`` and of external declarations are read from the file, and translated. Programs for WASI
(``wasm-wasi``) need none of this.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from wasmz.errors import WasmException
from wasmz.interop.javascript.operations import Namespace
from wasmz.interop.javascript.values import Builtin, thrown
from wasmz.interop.js_strings import define as define_strings
from wasmz.interop.snippets.session import Session, Snippets, configure, raised, session_of
from wasmz.runtime.gc.references import HeapRef
from wasmz.runtime.link.per_store import JS_TAG, PerStore
from wasmz.runtime.memory.globals import Global
from wasmz.runtime.memory.linear import Memory
from wasmz.types import GlobalType, MemoryType, TagType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from wasmz.runtime.calls.host import Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance
    from wasmz.runtime.link.store import Store
    from wasmz.types import ExternType

MODULE = "js_code"
_INTRINSICS = "intrinsics"
# How many of a program's functions are remembered that JavaScript has got.
_KEPT = 1024
# Exports that are the compiler's.
_INTERNAL = ("_start", "_initialize", "memory", "startUnitTests")


def define(linker: Definitions, module: CompiledModule, glue: str | None = None) -> None:
    """Defines what a module imports of its JavaScript, as far as nobody has.

    Raises:
        LinkError: the text is not of the compiler's form.
    """
    if glue is not None:
        Snippets(glue, {MODULE: MODULE}, _helpers, _OWN).define(linker, module)
    intrinsics = [item for item in module.imports if item.module_name == _INTRINSICS]
    types = [item.type for item in intrinsics if isinstance(item.type, MemoryType)]
    for item in intrinsics:
        if linker.get(_INTRINSICS, item.name) is None:
            if isinstance(item.type, TagType):
                linker.define(_INTRINSICS, item.name, JS_TAG)
            elif item.name == "memory":
                linker.define(_INTRINSICS, item.name, _OwnMemory(types[0] if types else MemoryType(0)))
    define_strings(linker, module)


def is_program(module: CompiledModule) -> bool:
    """Whether a module is a program of Kotlin's, which ``run_main`` runs."""
    return any(name in module.exports for name in ("_start", "_initialize"))


def run_main(instance: Instance, args: Sequence[str | bytes]) -> int:
    """Runs a program to its end; gives its status, which is 0. Kotlin's programs get no arguments."""
    instance.exports["_start" if "_start" in instance.exports else "_initialize"]()
    session_of(instance).events.finish()
    return 0


class _OwnMemory(PerStore):
    """The memory of a program, which imports it as one, and as an object in a variable."""

    __slots__ = ("memories", "type")

    def __init__(self, type: MemoryType) -> None:
        self.type = type
        self.memories: WeakKeyDictionary[Store, Memory] = WeakKeyDictionary()

    def in_store(self, store: Store, wanted: ExternType) -> Any:
        memory = self.memories.get(store)
        if memory is None:
            memory = self.memories[store] = Memory(store, self.type)
        return Global(store, wanted, memory) if isinstance(wanted, GlobalType) else memory


def bind(instance: Instance, glue: str | None) -> dict[str, Any]:
    """Runs the program's initialization and its ``main``, as JavaScript does that imports it; gives its exports."""
    session, exports = session_of(instance), instance.exports
    try:
        if instance.is_reactor:
            instance.initialize_reactor()
        elif "_start" in exports:
            exports["_start"]()
        session.events.settle()
    except WasmException as error:
        raise raised(instance, error) from error
    return {name: session.exported(exports[name]) for name in exports if name not in _INTERNAL}


def _helpers(session: Session) -> dict[str, Any]:
    known: dict[int, tuple[Any, Any]] = {}

    def cached(reference: Any, function: Any) -> Any:
        """The same function for the same object of the program's, as long as it is remembered."""
        if not isinstance(reference, HeapRef):
            return function
        found = known.get(id(reference))
        if found is None:
            if len(known) >= _KEPT:
                del known[next(iter(known))]
            found = known[id(reference)] = reference, function
        return found[1]

    return {
        "getCachedJsObject": Builtin("getCachedJsObject", cached),
        "wasmExports": session.exports,
        "wasmInstance": Namespace("wasmInstance", {"exports": session.exports}),
        "wasmTag": "tag",
        "wasmJsTag": "tag",
    }


def _throw(error: Any) -> Any:
    raise thrown(error)


_OWN = {"kotlin.wasm.internal.jsThrow": _throw}

__all__ = ["bind", "configure", "define", "is_program", "run_main"]
