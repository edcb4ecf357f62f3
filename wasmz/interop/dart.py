"""Dart (``dart compile wasm``, dart2wasm), for programs without a browser.

    define(linker, module, glue)           what the module imports; ``glue`` is the .mjs file beside it
    bind(instance, glue)                   runs `main`, and gives what it has set in the global object
    run_main(instance, ["argument"])       runs it to its end

The compiler numbers the functions of a program's JavaScript, so that the file is needed. They are translated.
"""

from __future__ import annotations

from wasmz.errors import WasmException
from wasmz.interop.javascript.operations import Namespace, call_method, get
from wasmz.interop.javascript.values import UNDEFINED, Builtin, Symbol
from wasmz.interop.javascript.views import LIBRARY
from wasmz.interop.js_strings import define as define_strings
from wasmz.interop.snippets.session import Session, SnippetImport, Snippets, configure, raised, session_of
from wasmz.types import FuncType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from wasmz.runtime.calls.host import Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance

MODULE = "dart2wasm"
# Modules that are standard objects.
_OBJECTS = ("Math", "Date", "Object", "Array", "Reflect")
_MAIN = "$invokeMain"


def define(linker: Definitions, module: CompiledModule, glue: str | None = None) -> None:
    """Defines what a module imports of its JavaScript, as far as nobody has.

    Raises:
        LinkError: the text is not of the compiler's form.
    """
    snippets = Snippets(glue or "", {MODULE: MODULE}, _helpers)
    if glue is not None:
        snippets.define(linker, module)
    for item in module.imported_funcs:
        owner, name = item.module_name, item.name
        if owner in _OBJECTS and isinstance(item.type, FuncType) and linker.get(owner, name) is None:
            function = get(LIBRARY[owner], name)
            if function is not UNDEFINED:
                linker.define(owner, name, SnippetImport(snippets, (owner, name), function))
    define_strings(linker, module)


def bind(instance: Instance, glue: str | None, globals: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Runs ``main`` until it waits; gives what it has set in the global object, and the exports that are not Dart's.

    ``globals`` are put into the global object before.
    """
    session, exports = session_of(instance), instance.exports
    session.give(globals or {})
    try:
        _start(session, [])
        session.events.settle()
    except WasmException as error:
        raise raised(instance, error) from error
    found = {name: session.exported(exports[name]) for name in exports if name[:1] != "$"}
    return {**found, **session.results()}


def run_main(instance: Instance, args: Sequence[str | bytes]) -> int:
    """Runs a program to its end, with the arguments after its name; gives its status, which is 0."""
    session = session_of(instance)
    _start(session, [arg if isinstance(arg, str) else arg.decode(errors="replace") for arg in args[1:]])
    session.events.finish()
    return 0


def is_program(module: CompiledModule) -> bool:
    """Whether a module is a program of Dart's, which ``run_main`` runs."""
    return _MAIN in module.exports and any(item.module_name == MODULE for item in module.imported_funcs)


def _start(session: Session, args: list[str]) -> None:
    call_method(session.exports, _MAIN, (args,))


class _Wrapped(Builtin):
    """A function of Dart's as JavaScript has it.

    Attributes:
        dart: the function.
        symbol: the name of the property that marks it.
    """

    __slots__ = ("dart", "symbol")

    def __init__(self, dart: Any, function: Builtin, symbol: Symbol) -> None:
        super().__init__(function.name, function.function)
        self.dart: Any = dart
        self.symbol: Symbol = symbol

    def glue_get(self, name: str) -> Any:
        """Its two properties."""
        if name == "dartFunction":
            return self.dart
        return True if name == f"@@{self.symbol.name}" else UNDEFINED


def _helpers(session: Session) -> dict[str, Any]:
    symbol = Symbol("JSWrappedDartFunction")

    def finalize(dart: Any, function: Any) -> Any:
        return _Wrapped(dart, function, symbol) if isinstance(function, Builtin) else function

    def write(value: Any) -> Any:
        return call_method(session.globals["console"], "log", (value,))

    return {
        "dartInstance": Namespace("dartInstance", {"exports": session.exports}),
        "finalizeWrapper": Builtin("finalizeWrapper", finalize),
        "jsWrappedDartFunctionSymbol": symbol,
        "printToConsole": Builtin("printToConsole", write),
    }


__all__ = ["bind", "configure", "define", "is_program", "run_main"]
