"""AssemblyScript: what its modules import, and their functions with Python's strings, arrays and objects.

    define(linker, module)                        abort, trace, seed, console.*, Date.now, Math.random ...
    bind(instance, glue)["greet"]("you")          -> "hello, you", by the bindings that `asc --bindings` wrote

The bindings are read as wasm-bindgen's glue is (bindgen/translation.py). Without them there are the module's exports as
they are, and functions for strings and buffers in its memory.
"""

from __future__ import annotations

import math
import os
import random
import sys
import time

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import LinkError, Trap, bounded
from wasmz.interop.assemblyscript_values import HELPERS, Values
from wasmz.interop.bindgen.glue import Glue, GlueFunction, GlueReader, read_glue
from wasmz.interop.bindgen.translation import Translator
from wasmz.interop.javascript.expressions import spelled
from wasmz.interop.javascript.operations import number_text
from wasmz.interop.javascript.standard import GLOBALS
from wasmz.interop.javascript.tokens import UnreadableScript, closing, tokenize
from wasmz.interop.javascript.translation import compile_text
from wasmz.interop.javascript.values import JavaScriptError
from wasmz.interop.javascript.vocabulary import BUILTINS, COMMON
from wasmz.runtime.calls.host import HostFunc
from wasmz.types import FuncType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.calls.host import Caller, Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance

_MODULE = "env"
# What the bindings' functions are defined in.
_HOLDERS = ("instantiate",)


def define(linker: Definitions, module: CompiledModule, glue: str | None = None) -> None:
    """Defines what a module imports of AssemblyScript's standard library, as far as nobody has."""
    for item in module.imported_funcs:
        function = _FUNCTIONS.get(item.name)
        if item.module_name != _MODULE or function is None or not isinstance(item.type, FuncType):
            continue
        if linker.get(_MODULE, item.name) is None:
            linker.define(_MODULE, item.name, HostFunc(function, item.type.params, item.type.results, caller=True))


def bind(instance: Instance, glue: str | None) -> dict[str, Any]:
    """The exports by name: those that the bindings have, with Python's values; the others as they are.

    Raises:
        LinkError: the bindings cannot be read.
    """
    exports = instance.exports
    found = {name: exports[name] for name in exports}
    values = Values(instance)
    found.update(values.functions())
    if glue is not None and "adaptedExports" in glue:
        try:
            found.update(_Bindings(instance, values, glue).adapted())
        except UnreadableScript as error:
            raise LinkError([f"the bindings are not of AssemblyScript's form: {error}"]) from None
    return found


def read_text(caller: Caller, pointer: int) -> str:
    """A string in the caller's memory, for messages: ``null`` for none."""
    pointer &= 0xFFFF_FFFF
    if pointer < 4:
        return "null"
    size = caller.read_value(pointer - 4, "I") & ~1
    return caller.read(pointer, min(size, 1 << 20)).decode("utf-16-le", "replace")


def _abort(caller: Caller, message: int, file: int, line: int, column: int) -> None:
    place = f"{read_text(caller, file)}:{line & 0xFFFF_FFFF}:{column & 0xFFFF_FFFF}"
    what = f"{read_text(caller, message)} in {place}" if message else f"abort in {place}"
    raise Trap(TrapCode.UNREACHABLE, what)


def _trace(caller: Caller, message: int, count: int, *numbers: float) -> None:
    shown = "".join(f"{', ' if at else ' '}{number_text(number)}" for at, number in enumerate(numbers[:count]))
    print(f"trace: {read_text(caller, message)}{shown}", file=sys.stderr)


def _printing(to_error: bool) -> Callable[..., None]:
    def log(caller: Caller, message: int) -> None:
        print(read_text(caller, message), file=sys.stderr if to_error else sys.stdout)

    return log


def _math(function: Callable[..., float]) -> Callable[..., float]:
    def run(caller: Caller, *args: float) -> float:
        try:
            return float(function(*args))
        except (ValueError, OverflowError):
            return math.nan

    return run


def _fill_random(caller: Caller, array: int) -> None:
    data, size = caller.read_value((array & 0xFFFF_FFFF) + 4, "II")
    caller.write(data, os.urandom(size))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abort": _abort,
    "trace": _trace,
    "seed": lambda caller: float(int.from_bytes(os.urandom(6), "little")),
    "Date.now": lambda caller: float(time.time_ns() // 1_000_000),
    "Math.random": lambda caller: random.SystemRandom().random(),
    "performance.now": lambda caller: time.monotonic_ns() / 1e6,
    "crypto.getRandomValuesN": _fill_random,
    **{f"console.{name}": _printing(False) for name in ("log", "info", "debug")},
    **{f"console.{name}": _printing(True) for name in ("error", "warn")},
    **{f"Math.{name}": _math(getattr(math, name)) for name in ("sin", "cos", "tan", "exp", "log", "pow", "sqrt")},
}


class Enumeration:
    """The members of an enumeration, as attributes."""

    def __init__(self, name: str, members: dict[str, int]) -> None:
        self.__dict__.update(members)
        self._name: str = name

    def __repr__(self) -> str:
        return f"<enumeration {self._name}>"


class _Bindings:
    """The functions that the bindings adapt, translated when they are first called."""

    def __init__(self, instance: Instance, values: Values, text: str) -> None:
        self.instance: Instance = instance
        self.module: CompiledModule = instance.module
        self.glue: Glue = read_glue(text, _HOLDERS)
        self.members: dict[str, GlueFunction] = {}
        self.variables: dict[str, dict[str, GlueFunction]] = {}
        self.enumerations: list[str] = []
        self._read(text)
        self.namespace: dict[str, Any] = {
            "__builtins__": BUILTINS,
            **COMMON,
            **values.helpers(),
        }

    def _read(self, text: str) -> None:
        """The object after ``adaptedExports``: methods, and variables with ``get value`` and ``set value``."""
        tokens = tokenize(text)
        names = [at for at, token in enumerate(tokens) if token == ("name", "adaptedExports")]
        reader = GlueReader(Glue(), tokens)
        reader.at = names[0] if names else len(tokens)
        while reader.word() not in ("{", ""):
            reader.at += 1
        end = closing(tokens, reader.at)
        reader.at += 1
        while reader.at < end - 1:
            name = tokens[reader.at][1]
            reader.at += 1
            if reader.word() == "(":
                self.members[name] = reader.function(name)
            elif reader.word() == ":" and reader.word(1) == "{":
                reader.at += 1
                after = closing(tokens, reader.at)
                self.variables[name] = self._accessors(reader, after)
                reader.at = after
            elif reader.word() == ":":
                # An enumeration: its members are exports of the module, whose names begin with its own.
                self.enumerations.append(name)
                while reader.at < end - 1 and reader.word() != ",":
                    reader.at = closing(tokens, reader.at) if reader.word() in ("(", "[", "{") else reader.at + 1

    def _accessors(self, reader: GlueReader, end: int) -> dict[str, GlueFunction]:
        found = {}
        reader.at += 1
        while reader.at < end - 1:
            kind = reader.word()
            reader.at += 1
            if kind in ("get", "set") and reader.word() == "value":
                reader.at += 1
                found[kind] = reader.function(f"{kind}_value")
            elif reader.word() == "(":
                reader.function(kind)
        return found

    def adapted(self) -> dict[str, Any]:
        found: dict[str, Any] = {name: self.late(name, function) for name, function in self.members.items()}
        for name, accessors in self.variables.items():
            late = {kind: self.late(f"{name}.{kind}", function) for kind, function in accessors.items()}
            found[name] = Variable(name, late.get("get"), late.get("set"))
        for name in self.enumerations:
            found[name] = Enumeration(name, self._members_of(f"{name}."))
        return found

    def _members_of(self, start: str) -> dict[str, int]:
        exports = self.instance.exports
        names = [name for name in exports if name.startswith(start)]
        return {name.removeprefix(start): exports[name].value for name in names if hasattr(exports[name], "value")}

    def late(self, name: str, function: GlueFunction) -> Callable[..., Any]:
        made: list[Callable[..., Any]] = []

        def called(*args: Any) -> Any:
            if not made:
                made.append(self.load(f"x_{spelled(name)}", function, as_export=True))
            return made[0](*args)

        called.__name__ = called.__qualname__ = name
        called.__doc__ = f"{name}({', '.join(function.params)})"
        return called

    def load(self, place: str, function: GlueFunction, as_export: bool = False) -> Callable[..., Any]:
        translator = Translator(self.glue, self._type_of, HELPERS, "exports")
        try:
            source = translator.function(place, function, as_export=as_export)
            code = compile_text(source, f"<bindings {bounded(place)}>")
        except UnreadableScript as error:
            raise JavaScriptError(f"{bounded(function.name)} of the bindings cannot be read: {error}") from None
        exec(code, self.namespace)
        for sort, name in translator.needs:
            key = f"{sort}_{spelled(name)}"
            if key in self.namespace:
                continue
            if sort == "w":
                self.namespace[key] = self.instance.exports[name]
            elif sort == "s":
                self.namespace[key] = GLOBALS[name]
            elif sort == "g":
                self.namespace[key] = None
                self.namespace[key] = self.load(key, self.glue.functions[name])
        made: Callable[..., Any] = self.namespace[place]
        return made

    def _type_of(self, name: str) -> FuncType | None:
        export = self.module.exports.get(name)
        return export.type if export is not None and isinstance(export.type, FuncType) else None


class Variable:
    """A variable of the module whose value is Python's.

    Attributes:
        value: the value.
    """

    def __init__(self, name: str, read: Callable[[], Any] | None, write: Callable[[Any], Any] | None) -> None:
        self._name: str = name
        self._read: Callable[[], Any] | None = read
        self._write: Callable[[Any], Any] | None = write

    @property
    def value(self) -> Any:
        """Setting it raises ``AttributeError`` if it cannot be set."""
        return None if self._read is None else self._read()

    @value.setter
    def value(self, value: Any) -> None:
        if self._write is None:
            raise AttributeError(f"{self._name} cannot be set")
        self._write(value)

    def __repr__(self) -> str:
        return f"<variable {self._name}>"
