"""wasm-bindgen's modules: their imports defined, and their exports as Python functions and classes.

    define(linker, module, glue)                 what the module imports
    bind(instance, glue).greet("you")            -> "Hello, you!"

Values are converted as ``javascript/values.py`` says. A class of Rust's is a Python class: its objects are freed when
Python has no more use for them, by ``free()``, or at the end of a ``with`` statement.
"""

from __future__ import annotations

import re
from weakref import WeakValueDictionary

from wasmz.errors import LinkError, bounded
from wasmz.interop.bindgen.glue import read_glue
from wasmz.interop.bindgen.support import Holder, Support
from wasmz.interop.bindgen.translation import HELPERS, Translator
from wasmz.interop.javascript.expressions import spelled
from wasmz.interop.javascript.standard import GLOBALS
from wasmz.interop.javascript.tokens import UnreadableScript
from wasmz.interop.javascript.translation import compile_text
from wasmz.interop.javascript.values import PYTHONS, UNDEFINED, JavaScriptError, understood
from wasmz.runtime.calls.adapters import make_host_adapter
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.limits.inside import run_inside
from wasmz.types import FuncType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from wasmz.interop.bindgen.glue import Glue, GlueClass, GlueFunction
    from wasmz.runtime.calls.host import Caller, Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance

_OURS = re.compile(r"wbg|__wbindgen_placeholder__|__wbindgen_externref_xform__|.*_bg\.js")
_OURS_IN_CLASSES = ("_session", "_names", "_free", "_of", "_ptr", "glue_get", "glue_put")
_INTERNAL = ("__wrap", "__unwrap", "__destroy_into_raw", "free", "toJSON", "@@dispose")


def imports_from(module_name: str) -> bool:
    """Whether modules that import from this name are wasm-bindgen's."""
    return _OURS.fullmatch(module_name) is not None


def define(linker: Definitions, module: CompiledModule, glue: str | None) -> None:
    """Defines what a module imports of its glue, as far as nobody has defined it.

    Args:
        linker: where.
        module: the module.
        glue: the text of its JavaScript file.

    Raises:
        LinkError: the text is not wasm-bindgen's.
    """
    _Definition(module, glue or "").define(linker)


def bind(instance: Instance, glue: str | None) -> dict[str, Any]:
    """Python functions, classes and enumerations by name, for the exports of an instance whose imports ``define`` made.

    Raises:
        LinkError: the text is not wasm-bindgen's.
    """
    session = _sessions.get(id(instance))
    if session is None or session.definition.text != (glue or ""):
        # The module imports nothing of the glue.
        session = _Session(_Definition(instance.module, glue or ""), instance)
    return session.bound()


def _read(glue: str) -> Glue:
    try:
        return read_glue(glue)
    except UnreadableScript as error:
        raise LinkError([f"the glue is no JavaScript of wasm-bindgen: {error}"]) from None


class _Definition:
    """A glue, for one module: what was translated of it.

    Attributes:
        glue: what was read of it.
        codes: compiled functions by the name in the code, with what they refer to.
    """

    def __init__(self, module: CompiledModule, text: str) -> None:
        self.text = text
        self.module: CompiledModule = module
        self.glue: Glue = _read(text)
        self.codes: dict[str, tuple[CodeType, set[tuple[str, str]]]] = {}

    def define(self, linker: Definitions) -> None:
        for item in self.module.imported_funcs:
            if not imports_from(item.module_name) or linker.get(item.module_name, item.name) is not None:
                continue
            if item.name in self.glue.functions or item.name in self.glue.values:
                assert_type = item.type
                if isinstance(assert_type, FuncType):
                    linker.define(item.module_name, item.name, GlueImport(self, item.name, assert_type))

    def session(self, instance: Instance) -> _Session:
        """The one that all imports of an instance share."""
        session = _sessions.get(id(instance))
        if session is None or session.definition is not self:
            session = _sessions[id(instance)] = _Session(self, instance)
        return session

    def type_of_export(self, name: str) -> FuncType | None:
        export = self.module.exports.get(name)
        return export.type if export is not None and isinstance(export.type, FuncType) else None

    def code(self, key: str, make: Callable[[Translator], str]) -> tuple[CodeType, set[tuple[str, str]]]:
        """The code of a function that ``make`` translates, made once.

        Raises:
            UnreadableScript: it cannot be translated.
        """
        known = self.codes.get(key)
        if known is None:
            translator = Translator(self.glue, self.type_of_export)
            known = compile_text(make(translator), f"<glue {bounded(key)}>"), translator.needs
            self.codes[key] = known
        return known


class GlueImport(HostFunc):
    """A function of the glue that a module imports: made anew for each instance."""

    __slots__ = ("definition", "name")

    def __init__(self, definition: _Definition, name: str, type: FuncType) -> None:
        super().__init__(_unlinked, type.params, type.results, caller=True)
        self.definition: _Definition = definition
        self.name: str = name

    def make_code(self, caller: Caller | None, name: str) -> Callable[..., Any]:
        if caller is None:
            return make_host_adapter(_unlinked, self.type, name, None)
        session = self.definition.session(caller.instance)
        return make_host_adapter(_Late(session, self.name, self.type), self.type, name, None)


def _unlinked(*args: Any) -> Any:
    raise RuntimeError("a function of wasm-bindgen's glue belongs to an instance")


class _Late:
    """Finds the function at the first call: while an instance is made, it is not known what it exports."""

    __slots__ = ("function", "name", "session", "type")

    def __init__(self, session: _Session, name: str, type: FuncType) -> None:
        self.session = session
        self.name = name
        self.type = type
        self.function: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        function = self.function
        if function is None:
            function = self.function = self.session.imported(self.name, self.type)
        try:
            return function(*args)
        except PYTHONS as error:
            # Its own are raised as JavaScript's.
            raise understood(error)  # noqa: B904


class _Session:
    """The glue at work for one instance."""

    def __init__(self, definition: _Definition, instance: Instance) -> None:
        self.definition: _Definition = definition
        self.instance: Instance = instance
        self.classes: dict[str, type[GlueObject]] = {}
        self._bound: dict[str, Any] | None = None
        self._support: Support | None = None

    @property
    def support(self) -> Support:
        """Made when it is first used, after the instance."""
        support = self._support
        if support is None:
            support = self._support = Support(self.instance, self.definition.glue)
        return support

    def load(self, key: str, name: str, make: Callable[[Translator], str]) -> Callable[..., Any]:
        """The function that some code defines, with all that it refers to."""
        code, needs = self.definition.code(key, make)
        namespace = self.support.namespace
        exec(code, namespace)
        for sort, needed in needs:
            self.provide(sort, needed)
        found: Callable[..., Any] = namespace[name]
        return found

    def provide(self, sort: str, name: str) -> None:
        namespace, place = self.support.namespace, f"{sort}_{spelled(name)}"
        if place in namespace:
            return
        glue = self.definition.glue
        if sort == "w":
            namespace[place] = self.support.export(name)
        elif sort == "s":
            namespace[place] = GLOBALS[name]
        elif sort == "c":
            namespace[place] = self.class_of(glue.classes[name])
        else:
            function = glue.functions[name]
            namespace[place] = None
            namespace[place] = self.guarded(place, name, lambda made: made.function(place, function))

    def guarded(self, key: str, name: str, make: Callable[[Translator], str]) -> Callable[..., Any]:
        """As ``load``; of what cannot be translated a function that says why."""
        try:
            return self.load(key, key, make)
        except UnreadableScript as error:
            reason = f"{bounded(name)} of the glue is not of a form that is known: {error}"

            def refuse(*args: Any) -> Any:
                raise JavaScriptError(reason, "LinkError")

            return refuse

    def imported(self, name: str, type: FuncType) -> Callable[..., Any]:
        glue, place = self.definition.glue, f"i_{spelled(name)}"
        if name in glue.functions:
            return self.guarded(place, name, lambda made: made.function(place, glue.functions[name], type=type))
        return self.guarded(place, name, lambda made: made.value(place, glue.values[name], type))

    # --- exports ---

    def bound(self) -> dict[str, Any]:
        if self._bound is None:
            start = self.instance.exports.get("__wbindgen_start")
            self._bound = self._make_bound()
            if start is not None:
                start()
        return self._bound

    def _make_bound(self) -> dict[str, Any]:
        glue = self.definition.glue
        found: dict[str, Any] = {}
        for outer, inner in glue.exported.items():
            if inner in glue.classes:
                found[outer] = self.class_of(glue.classes[inner])
            elif inner in glue.enums:
                found[outer] = _Enumeration(outer, glue.enums[inner])
            elif inner in glue.functions and not _is_internal(inner):
                found[outer] = self.late(outer, glue.functions[inner], is_method=False)
        return found

    def late(self, name: str, function: GlueFunction, is_method: bool) -> Callable[..., Any]:
        """A function for users, which is translated when it is first called."""
        place = f"x_{spelled(name)}"
        made: list[Callable[..., Any]] = []

        def called(*args: Any) -> Any:
            if not made:
                made.append(
                    self.guarded(
                        place, name, lambda made: made.function(place, function, as_export=True, is_method=is_method)
                    )
                )
            support = self.support
            if support.unused:
                support.drain()
            try:
                return run_inside(self.instance, made[0], args)
            except PYTHONS as error:
                raise understood(error)  # noqa: B904

        called.__name__ = called.__qualname__ = name.rpartition(".")[2]
        called.__doc__ = f"{name}({', '.join(function.params)})"
        return called

    def class_of(self, read: GlueClass) -> type[GlueObject]:
        known = self.classes.get(read.name)
        if known is None:
            known = self.classes[read.name] = self._make_class(read)
        return known

    def _make_class(self, read: GlueClass) -> type[GlueObject]:
        members: dict[str, Any] = {"__slots__": (), "_session": self, "__doc__": None}
        properties: dict[str, list[Any]] = {}
        for (kind, name), member in read.members.items():
            if name in _INTERNAL or name.startswith("@@") or _is_ours(name):
                continue
            function = self.late(f"{read.name}.{kind}.{name}", member.function, is_method=kind != "static")
            if kind == "constructor":
                members["__init__"] = function
            elif kind in ("get", "set"):
                properties.setdefault(name, [None, None])[kind == "set"] = function
            else:
                members[name] = staticmethod(function) if kind == "static" else function
        for name, (reader, writer) in properties.items():
            members[name] = property(reader, writer)
        if "toString" in members:
            members["__str__"] = members["toString"]
        free = read.members.get(("method", "free"))
        members["_free"] = staticmethod(self._freeing(free.function if free is not None else None))
        names = frozenset(name for _, name in read.members) - set(_INTERNAL)
        members["_names"] = frozenset(name for name in names if not _is_ours(name))
        if "__init__" not in members:
            members["__init__"] = _no_constructor
        made: type[GlueObject] = type(read.name, (GlueObject,), members)
        return made

    def _freeing(self, function: GlueFunction | None) -> Callable[[int], Any]:
        """What frees the object at a pointer: the export that the method ``free`` calls."""
        body = [] if function is None else function.body
        names = [body[at + 2][1] for at in range(len(body) - 2) if body[at] == ("name", "wasm")]
        if not names:
            return lambda pointer: None
        export, type = self.support.export(names[-1]), self.definition.type_of_export(names[-1])
        more = (0,) * (len(type.params) - 1 if type is not None else 0)
        return lambda pointer: export(pointer, *more)


def _is_internal(name: str) -> bool:
    return name in HELPERS or (name.startswith(("__wb", "init", "__init")) and name not in ("init",))


def _is_ours(name: str) -> bool:
    """Whether a member would change what Python or wasmz does with objects of a class."""
    return (name[:2] == name[-2:] == "__") or name in _OURS_IN_CLASSES


def _no_constructor(self: GlueObject, *args: Any) -> None:
    raise TypeError(f"{type(self).__name__} has no constructor: the module makes its objects")


# By the ids of their instances.
_sessions: WeakValueDictionary[int, _Session] = WeakValueDictionary()


class GlueObject(Holder):
    """An object of the module's."""

    __slots__ = ()

    _session: _Session
    _names: frozenset[str]
    _free: Callable[[int], Any]

    def __new__(cls, *args: Any, **keywords: Any) -> GlueObject:
        made = super().__new__(cls)
        made._ptr = 0
        return made

    @classmethod
    def _of(cls, pointer: int) -> GlueObject:
        made = cls.__new__(cls)
        made._ptr = pointer
        return made

    def free(self) -> None:
        """Frees the object in the module. Using it later is an error."""
        pointer, self._ptr = self._ptr, 0
        if pointer:
            self._free(pointer)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        self.free()

    def __del__(self) -> None:
        pointer = getattr(self, "_ptr", 0)
        if pointer:
            # Not now: this may be in the middle of the module's code.
            self._session.support.unused.append((self._free, pointer))

    def glue_get(self, name: str) -> Any:
        """A property or a method, as the module sees it."""
        return getattr(self, name) if name in self._names else UNDEFINED

    def glue_put(self, name: str, value: Any) -> None:
        """Sets a property, as the module does."""
        if name in self._names:
            setattr(self, name, value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._ptr:#x}>" if self._ptr else f"<{type(self).__name__}, freed>"


class _Enumeration:
    """The members of an enumeration, as attributes."""

    def __init__(self, name: str, members: dict[str, int | str]) -> None:
        self.__dict__.update(members)
        self._name = name

    def __repr__(self) -> str:
        return f"<enumeration {self._name}>"
