"""The functions of a module's JavaScript at work: translated at their first call, for each instance.

    define(linker, module, Snippets({"js_code": {...}}, helpers))      the imports that it has functions for
    session_of(instance).events.finish()                               timers and promises

The functions may use JavaScript's standard objects, time, randomness, a console, timers and promises, the module's own
exports, and nothing else. What a module's functions throw goes to the module by ``WebAssembly.JSTag``, and back.
"""

from __future__ import annotations

from weakref import WeakValueDictionary

from wasmz.errors import LinkError, Trap, WasmException, bounded
from wasmz.interop.javascript import standard, texts
from wasmz.interop.javascript.events import Events
from wasmz.interop.javascript.expressions import spelled
from wasmz.interop.javascript.operations import (
    Namespace,
    get,
    to_double,
    to_int32,
    to_int64,
)
from wasmz.interop.javascript.promises import Promise
from wasmz.interop.javascript.streams import writer_of
from wasmz.interop.javascript.tokens import UnreadableScript, tokenize
from wasmz.interop.javascript.values import (
    PYTHONS,
    UNDEFINED,
    BigInt,
    Builtin,
    Callable_,
    JavaScriptError,
    call,
    from_python,
    shown_to_users,
    thrown,
    understood,
)
from wasmz.interop.javascript.views import Unbound, library
from wasmz.interop.javascript.vocabulary import BUILTINS, COMMON
from wasmz.interop.snippets.reading import read_object
from wasmz.interop.snippets.translation import translate
from wasmz.runtime.calls.adapters import make_host_adapter
from wasmz.runtime.calls.func import Func
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.limits.inside import run_inside
from wasmz.runtime.link.per_store import PerStore, js_tag
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType
    from typing import Any

    from wasmz.interop.javascript.tokens import Token
    from wasmz.runtime.calls.host import Caller, Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance
    from wasmz.runtime.link.store import Store
    from wasmz.runtime.wasi.wasi_config import WasiConfig
    from wasmz.types import ExternType

# Their tables are filled when they are loaded.
_ = texts


class Snippets:
    """The functions that one module's JavaScript has.

    Attributes:
        functions: tokens of functions, by the import's module and name.
        helpers: what other names mean in the file: makes their values for a session.
        own: what functions are instead that are known by their names.
    """

    def __init__(
        self,
        text: str,
        objects: Mapping[str, str],
        helpers: Callable[[Session], dict[str, Any]],
        own: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        """Reads a file.

        Args:
            text: its text.
            objects: by the name of an import's module the name of the variable that has its functions.
            helpers: as the attribute.
            own: as the attribute.

        Raises:
            LinkError: it is not of the form that is known.
        """
        self.helpers: Callable[[Session], dict[str, Any]] = helpers
        self.own: Mapping[str, Callable[..., Any]] = own or {}
        self.codes: dict[tuple[str, str, FuncType], tuple[CodeType, set[tuple[str, str]], bool]] = {}
        self.functions: dict[tuple[str, str], list[Token]] = {}
        try:
            tokens = tokenize(text)
            for module_name, variable in objects.items():
                for name, function in read_object(tokens, variable).items():
                    self.functions[module_name, name] = function
        except UnreadableScript as error:
            raise LinkError([f"the module's JavaScript is not of a form that is known: {error}"]) from None

    def define(self, linker: Definitions, module: CompiledModule) -> None:
        """Defines the imports that there are functions for, as far as nobody has."""
        for item in module.imported_funcs:
            key = item.module_name, item.name
            if isinstance(item.type, FuncType) and linker.get(*key) is None:
                if item.name in self.own:
                    linker.define(*key, SnippetImport(self, key, self.own[item.name]))
                elif key in self.functions:
                    linker.define(*key, SnippetImport(self, key))


def configure(linker: Definitions, module: CompiledModule, config: WasiConfig) -> None:
    """Gives a program's console the streams of a configuration."""
    for item in module.imported_funcs:
        defined = linker.get(item.module_name, item.name)
        if isinstance(defined, SnippetImport):
            defined.config = config


class OfSession:
    """A function that is known by its name, but needs an instance's session."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[Session], Callable[..., Any]]) -> None:
        self.make: Callable[[Session], Callable[..., Any]] = make


class SnippetImport(PerStore):
    """One of the functions, of the type that a module imports it with, or of each of them.

    Attributes:
        config: the guest's streams, if it has other ones than this process.
    """

    __slots__ = ("config", "function", "key", "snippets")

    def __init__(self, snippets: Snippets, key: tuple[str, str], function: Any = None) -> None:
        self.snippets: Snippets = snippets
        self.key: tuple[str, str] = key
        self.function: Any = function
        self.config: WasiConfig | None = None

    def in_store(self, store: Store, wanted: ExternType) -> Any:
        return _Typed(self, wanted) if isinstance(wanted, FuncType) else self


class _Typed(HostFunc):
    """A function of one type: made anew for each instance."""

    __slots__ = ("item",)

    def __init__(self, item: SnippetImport, type: FuncType) -> None:
        super().__init__(_unlinked, type.params, type.results, caller=True)
        self.item: SnippetImport = item

    def make_code(self, caller: Caller | None, name: str) -> Callable[..., Any]:
        if caller is None:
            return make_host_adapter(_unlinked, self.type, name, None)
        item = self.item
        session = session_of(caller.instance, item.snippets)
        if item.config is not None:
            session.configure(item.config)
        return make_host_adapter(_late(session, item, self.type), self.type, name, None)


def _unlinked(*args: Any) -> Any:
    raise RuntimeError("a function of a module's JavaScript belongs to an instance")


def _late(session: Session, item: SnippetImport, type: FuncType) -> Callable[..., Any]:
    """Finds the function at its first call; what it raises, the module can catch."""
    tag = js_tag(session.instance.store)
    own = item.function
    if isinstance(own, OfSession):
        own = own.make(session)
    function: Callable[..., Any] | None = None if own is None else session.typed(own, type)

    def call(*args: Any) -> Any:
        nonlocal function
        try:
            if function is None:
                function = session.imported(item.key, type)
            return function(*args)
        except (Trap, WasmException):
            raise
        except Exception as error:
            raise WasmException(tag, (_value_of(understood(error)),)) from error

    return call


def _value_of(error: BaseException) -> Any:
    """What JavaScript throws."""
    return error.value if isinstance(error, JavaScriptError) and error.value is not UNDEFINED else error


# By the ids of their instances.
_sessions: WeakValueDictionary[int, Session] = WeakValueDictionary()


def session_of(instance: Instance, snippets: Snippets | None = None) -> Session:
    """The one that all imports of an instance share."""
    session = _sessions.get(id(instance))
    if session is None:
        session = _sessions[id(instance)] = Session(instance, snippets)
    return session


class Session:
    """The functions of one instance.

    Attributes:
        instance: the instance.
        events: its timers and promises.
        globals: the members of its global object.
        exports: its exports, as JavaScript sees them.
    """

    def __init__(self, instance: Instance, snippets: Snippets | None) -> None:
        self.instance: Instance = instance
        self.snippets: Snippets | None = snippets
        self.events: Events = Events(instance)
        self.globals: dict[str, Any] = library(self.events.members())
        self.exports: Exports = Exports(instance)
        self._given: dict[str, Any] = dict(self.globals)
        self._namespace: dict[str, Any] | None = None

    def configure(self, config: WasiConfig) -> None:
        """Takes the streams of a WASI guest for the console."""
        if self.globals["console"] is self._given["console"]:
            self.globals["console"] = self._given["console"] = _console(config)

    @property
    def namespace(self) -> dict[str, Any]:
        """Where translated functions run."""
        made = self._namespace
        if made is None:
            made = self._namespace = {
                "__builtins__": BUILTINS,
                **COMMON,
                "h_function": as_function,
                "h_unbound": Unbound,
            }
            if self.snippets is not None:
                made.update({f"h_{spelled(name)}": value for name, value in self.snippets.helpers(self).items()})
        return made

    def imported(self, key: tuple[str, str], type: FuncType) -> Callable[..., Any]:
        """The function for an import; one that says why, if it cannot be translated."""
        snippets, name = self.snippets, f"i_{spelled(key[1])}"
        if snippets is None:
            raise JavaScriptError("the module's JavaScript is not known", "LinkError")
        namespace = self.namespace
        known = snippets.codes.get((*key, type))
        if known is None:
            try:
                helpers = {name[2:] for name in namespace if name[:2] == "h_"}
                known = translate(name, snippets.functions[key], type, helpers, self.globals)
            except UnreadableScript as error:
                reason = f"{bounded(key[1])} of the module's JavaScript is not of a form that is known: {error}"
                raise JavaScriptError(reason, "LinkError") from None
            snippets.codes[(*key, type)] = known
        code, needs, is_function = known
        exec(code, namespace)
        for _, needed in needs:
            namespace[f"s_{spelled(needed)}"] = self.globals[needed]
        found: Callable[..., Any] = namespace[name]
        return found if is_function else self.typed(found(), type)

    def typed(self, value: Any, type: FuncType) -> Callable[..., Any]:
        """A value of JavaScript's as a function of a type."""
        convert = _TO_TYPE.get(type.results[0]) if len(type.results) == 1 else None
        integers = [number for number, wanted in enumerate(type.params) if wanted is ValType.I64]
        if isinstance(value, Callable_):
            invoke = value.invoke
        elif callable(value):

            def invoke(this: Any, args: tuple[Any, ...]) -> Any:
                return value(*args)
        else:

            def invoke(this: Any, args: tuple[Any, ...]) -> Any:
                return call(value, this, args)

        def function(*args: Any) -> Any:
            if integers:
                args = tuple([BigInt(arg) if number in integers else arg for number, arg in enumerate(args)])
            result = invoke(UNDEFINED, args)
            return convert(result) if convert is not None else result if type.results else None

        return function

    def give(self, values: Mapping[str, Any]) -> None:
        """Puts a user's values into the global object."""
        self.globals.update({name: from_python(value) for name, value in values.items()})
        self._given.update({name: self.globals[name] for name in values})

    def results(self) -> dict[str, Any]:
        """What the module has set in the global object, for users."""
        return {
            name: self.shown(value)
            for name, value in self.globals.items()
            if isinstance(name, str) and self._given.get(name, UNDEFINED) is not value
        }

    def function(self, function: Any) -> Callable[..., Any]:
        """An export, or a function of JavaScript's, for users: with their values, and what happens later."""

        def called(*args: Any) -> Any:
            try:
                given = tuple([from_python(arg) for arg in args])
                result = run_inside(self.instance, call, (function, UNDEFINED, given))
                if isinstance(result, Promise):
                    result = self.events.wait_for(result)
                self.events.settle()
            except WasmException as error:
                raise raised(self.instance, error) from error
            except PYTHONS as error:
                raise understood(error)  # noqa: B904
            return self.shown(result)

        called.__name__ = called.__qualname__ = str(getattr(function, "name", None) or "function")
        return called

    def exported(self, item: Any) -> Any:
        """An export for users."""
        function = as_function(item)
        return item if function is item else self.function(function)

    def shown(self, value: Any) -> Any:
        """A value for users."""
        return shown_to_users(value, self.function, {})


def raised(instance: Instance, error: WasmException) -> BaseException:
    """What a module's exception is in Python: that of JavaScript, if its tag says so; else itself."""
    if error.tag is js_tag(instance.store) and len(error.values) == 1:
        return thrown(error.values[0])
    return error


_TO_TYPE: dict[ValType, Callable[[Any], Any]] = {
    ValType.I32: to_int32,
    ValType.I64: to_int64,
    ValType.F32: to_double,
    ValType.F64: to_double,
}


class ExportFunction(Callable_):
    """A function of the module's, as JavaScript calls it: arguments become what its type says."""

    __slots__ = ("_call", "_convert", "_store", "results")

    def __init__(self, name: str, func: Func, call: Callable[..., Any]) -> None:
        self.name = name
        self.results: tuple[ValType, ...] = func.type.results
        self._call: Callable[..., Any] = call
        self._store: Any = func.store
        self._convert: list[Callable[[Any], Any] | None] = [_TO_TYPE.get(wanted) for wanted in func.type.params]

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        missing = len(self._convert) - len(args)
        if missing > 0:
            args += (UNDEFINED,) * missing
        given = [arg if to is None else to(arg) for to, arg in zip(self._convert, args, strict=False)]
        try:
            result = self._call(*given)
        except WasmException as error:
            if error.tag is js_tag(self._store) and len(error.values) == 1:
                raise thrown(error.values[0]) from error
            raise
        if not self.results:
            return UNDEFINED
        return BigInt(result) if self.results == (ValType.I64,) else result


def as_function(value: Any) -> Any:
    """A function of the module's for JavaScript; anything else as it is."""
    func = value if isinstance(value, Func) else getattr(value, "wasmz_func", None)
    return value if func is None else ExportFunction(func.name or "function", func, value)


class Exports:
    """An instance's exports."""

    __slots__ = ("_functions", "instance")

    def __init__(self, instance: Instance) -> None:
        self.instance: Instance = instance
        self._functions: dict[str, Any] = {}

    def glue_get(self, name: str) -> Any:
        """An export, or ``UNDEFINED``."""
        found = self._functions.get(name)
        if found is None:
            exports = self.instance.exports
            found = as_function(exports[name]) if name in exports else UNDEFINED
            self._functions[name] = found
        return found


def _console(config: WasiConfig) -> Namespace:
    """A console that writes to a guest's streams."""
    out, error = writer_of(config.stdout, 1), writer_of(config.stderr, 2)
    members = dict(get(standard.GLOBALS["globalThis"], "console").members)

    def printing(write: Callable[[bytes], None]) -> Builtin:
        def log(*values: Any) -> Any:
            texts = [value if isinstance(value, str) else standard.debug_string(value) for value in values]
            write((" ".join(texts) + "\n").encode("utf-8", "replace"))
            return UNDEFINED

        return Builtin("log", log)

    for name in members:
        members[name] = printing(error if name in ("error", "warn", "trace", "assert") else out)
    return Namespace("console", members)
