"""JavaScript's values as Python has them, and what becomes of them at the border to users.

undefined       UNDEFINED; ``None`` for users             Error             JavaScriptError
null            ``None``                                  function          a callable
number          an int or a float                         Array             a list; a tuple may be given
bigint          BigInt, and ints past 2**53               plain Object      a dict
string          str                                       Map, Set          JsMap, JsSet; dict and set for users
Uint8Array      TypedArray; bytes for users               Float64Array ...  TypedArray; array.array for users
"""

from __future__ import annotations

from _thread import get_ident
from array import array
from reprlib import Repr

from wasmz.errors import Trap, WasmzError, bounded
from wasmz.runtime.calls.host import arity
from wasmz.runtime.limits.depth import MAX_NESTING, in_scripts
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Any, Final

    from wasmz.runtime.memory.linear import Memory

    _Entries = dict[Any, Any]
else:
    _Entries = dict

# Integers beyond these are bigints: a number does not hold them exactly.
SAFE: Final = 2**53 - 1


class Undefined:
    """The type of ``UNDEFINED``."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


class BigInt(int):
    """An integer that is a bigint, however small."""

    __slots__ = ()


class Symbol:
    """A well-known symbol, by its name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name: str = name

    def __repr__(self) -> str:
        return f"Symbol({self.name})"


class JavaScriptError(WasmzError):
    """What JavaScript would throw: an ``Error``, or any other value that a module threw.

    Attributes:
        name: of the error: ``Error``, ``TypeError`` ...
        message: its text.
        value: what was thrown, if it was no error.
        properties: what the module has set on it.
    """

    def __init__(self, message: str = "", name: str = "Error", value: object = UNDEFINED) -> None:
        super().__init__(message)
        self.name: str = name
        self.message: str = message
        self.value: Any = value
        self.properties: dict[str, Any] = {}

    def __str__(self) -> str:
        return self.message if self.name == "Error" else f"{self.name}: {self.message}"


def type_error(message: str) -> JavaScriptError:
    """The error of an operation on a value of the wrong kind."""
    return JavaScriptError(message, "TypeError")


def not_here(name: str) -> JavaScriptError:
    """The error for what only a browser has."""
    return JavaScriptError(f"{bounded(name)} is not defined: it is the browser's", "ReferenceError")


def thrown(value: Any) -> BaseException:
    """What Python raises where JavaScript throws a value."""
    if isinstance(value, BaseException):
        return value
    return JavaScriptError(value if isinstance(value, str) else shown(value), value=value)


def shown(value: Any) -> str:
    """A value for a message. What is deep in it is left out: ``repr`` takes the stack of C for each list in a list."""
    form = Repr()
    form.maxstring = form.maxother = form.maxlong = 200
    form.maxlist = form.maxdict = form.maxset = form.maxarray = 20
    try:
        return bounded(form.repr(to_python(value)))
    except JavaScriptError:
        return "a value that is nested too deeply"


def is_catchable(error: BaseException) -> bool:
    """Whether a guest may catch it: no traps, limits, ends of programs."""
    return isinstance(error, Exception) and not isinstance(error, Trap)


def caught(error: BaseException) -> Any:
    """The value that JavaScript catches; raises what no guest may catch."""
    if not is_catchable(error):
        raise error
    error = understood(error)
    if isinstance(error, JavaScriptError) and error.value is not UNDEFINED:
        return error.value
    # Its frames hold what they ran with, and it may be kept for long.
    return error


# What Python raises where a value is not of the kind that JavaScript's functions are for.
PYTHONS: Final = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, BufferError)


def understood(error: BaseException) -> BaseException:
    """An error of Python's in the code of JavaScript's functions as an error of JavaScript's; others as they are.

    What a function of the user's raises is the user's.
    """
    if not isinstance(error, PYTHONS) or not _is_own(error.__traceback__):
        return error
    made = JavaScriptError(bounded(str(error)), "RangeError" if isinstance(error, OverflowError) else "TypeError")
    made.__cause__ = error
    return made


def _is_own(entry: TracebackType | None) -> bool:
    """Whether the innermost frame is that of our code, or of translated code, and not of what calls the user's."""
    if entry is None:
        return False
    while entry.tb_next is not None:
        entry = entry.tb_next
    code, place = entry.tb_frame.f_code, str(entry.tb_frame.f_globals.get("__name__", ""))
    if code is call.__code__:
        return False
    return place.startswith("wasmz.interop.") or code.co_filename.startswith("<glue ")


class ArrayBuffer:
    """Bytes that typed arrays look at: its own, or all of a memory."""

    __slots__ = ("data", "memory")

    def __init__(self, data: bytearray | memoryview | bytes, memory: Memory | None = None) -> None:
        self.data: Any = data
        self.memory: Memory | None = memory

    def __len__(self) -> int:
        return len(self.data) if self.memory is None else self.memory.size_bytes

    def part(self, start: int, size: int) -> memoryview:
        """A view of some bytes, for now: a memory may grow."""
        if self.memory is not None:
            return self.memory.slice(start, size)
        return memoryview(self.data)[start : start + size]


# Typed arrays by name: the item's format and size.
KINDS: Final[dict[str, tuple[str, int]]] = {
    "Int8Array": ("b", 1),
    "Uint8Array": ("B", 1),
    "Uint8ClampedArray": ("B", 1),
    "Int16Array": ("h", 2),
    "Uint16Array": ("H", 2),
    "Int32Array": ("i", 4),
    "Uint32Array": ("I", 4),
    "Float32Array": ("f", 4),
    "Float64Array": ("d", 8),
    "BigInt64Array": ("q", 8),
    "BigUint64Array": ("Q", 8),
}
_KIND_OF: Final = {"b": "Int8Array", "h": "Int16Array", "H": "Uint16Array", "i": "Int32Array", "I": "Uint32Array"} | {
    "l": "BigInt64Array",
    "L": "BigUint64Array",
    "q": "BigInt64Array",
    "Q": "BigUint64Array",
    "f": "Float32Array",
    "d": "Float64Array",
}


class TypedArray:
    """Numbers of one kind in a buffer."""

    __slots__ = ("buffer", "count", "kind", "start")

    def __init__(self, kind: str, buffer: ArrayBuffer, start: int, count: int) -> None:
        self.kind: str = kind
        self.buffer: ArrayBuffer = buffer
        self.start: int = start
        self.count: int = count

    def __len__(self) -> int:
        return self.count

    def part(self) -> memoryview:
        """Its bytes, for now."""
        return self.buffer.part(self.start, self.count * KINDS[self.kind][1])

    def items(self) -> memoryview:
        """Its numbers, for now."""
        part: Any = self.part()
        return part.cast(KINDS[self.kind][0])  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items().tolist())

    def to_python(self) -> bytes | array[Any]:
        """A copy: bytes, or an array of the numbers."""
        if self.kind in ("Uint8Array", "Uint8ClampedArray"):
            return bytes(self.part())
        result: array[Any] = array(KINDS[self.kind][0])
        result.frombytes(self.part())
        return result


class JsMap(_Entries):
    """A ``Map``: a dict whose keys are not turned into strings."""


class JsSet(_Entries):
    """A ``Set``, in order."""


class Iterating:
    """An iterator as JavaScript has them: ``next()`` gives a dict with ``done`` and ``value``."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Any]) -> None:
        self.items: Iterator[Any] = iter(items)

    def next(self) -> dict[str, Any]:
        """The next result."""
        for item in self.items:
            return {"done": False, "value": item}
        return {"done": True, "value": UNDEFINED}


class Callable_:
    """A function that is not the user's: of our standard objects, or of a module. Users may call it, too."""

    __slots__ = ("name",)

    name: str

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        """Calls it with JavaScript's values."""
        raise NotImplementedError

    def __call__(self, *args: Any) -> Any:
        return to_python(self.invoke(UNDEFINED, tuple([UNDEFINED if arg is None else arg for arg in args])))


class Builtin(Callable_):
    """A function of a standard object."""

    __slots__ = ("function",)

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function: Callable[..., Any] = function

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        return self.function(*args)


class Bound(Callable_):
    """A function with ``this`` and its first arguments."""

    __slots__ = ("args", "function", "this")

    def __init__(self, function: Any, this: Any, args: tuple[Any, ...]) -> None:
        self.name = "bound"
        self.function: Any = function
        self.this: Any = this
        self.args: tuple[Any, ...] = args

    def invoke(self, this: Any, args: tuple[Any, ...]) -> Any:
        return call(self.function, self.this, (*self.args, *args))


def call(function: Any, this: Any, args: tuple[Any, ...]) -> Any:
    """Calls a function with JavaScript's values; the user's get Python's.

    Raises:
        JavaScriptError: it is no function, or so many calls are nested that the stack of C might end: some of CPython's
            functions take of it for each.
    """
    thread = get_ident()
    before = in_scripts.get(thread, 0)
    if before >= MAX_NESTING:
        raise JavaScriptError("Maximum call stack size exceeded", "RangeError")
    in_scripts[thread] = before + 1
    try:
        if isinstance(function, Callable_):
            return function.invoke(this, args)
        if callable(function) and not isinstance(function, (TypedArray, dict)):
            most = _most_arguments(function)
            # JavaScript's functions ignore the arguments that they have no names for.
            return from_python(function(*map(to_python, args if most is None else args[:most])))
    finally:
        if before:
            in_scripts[thread] = before
        else:
            in_scripts.pop(thread, None)
    raise type_error(f"{shown(function)} is not a function")


def _most_arguments(function: Callable[..., Any]) -> int | None:
    taken = arity(function)
    if taken is not None:
        return taken[1]
    # Imported only here: it takes as long as all else of a small module.
    load("inspect")
    from inspect import Parameter, signature

    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    return sum(item.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD) for item in parameters)


def from_python(value: Any) -> Any:
    """What a user's value is for a module: ``None`` is undefined, buffers are typed arrays."""
    if value is None:
        return UNDEFINED
    if isinstance(value, (str, int, float, dict, list)):
        return value
    return as_object(value)


def as_object(value: Any) -> Any:
    """Buffers as typed arrays on them, sets as sets; all else as it is."""
    if isinstance(value, (bytes, bytearray)):
        return TypedArray("Uint8Array", ArrayBuffer(value), 0, len(value))
    if isinstance(value, (set, frozenset)):
        return JsSet.fromkeys(value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, (memoryview, array)) or hasattr(type(value), "__array_interface__"):
        view = memoryview(value)
        if view.c_contiguous and view.format in (*_KIND_OF, "B", "?", "c"):
            kind = _KIND_OF.get(view.format, "Uint8Array")
            if KINDS[kind][1] != view.itemsize:
                kind = {4: {"l": "Int32Array", "L": "Uint32Array"}}.get(view.itemsize, {}).get(view.format, kind)
            return TypedArray(kind, ArrayBuffer(view.cast("B")), 0, view.nbytes // KINDS[kind][1])
    return value


def to_python(value: Any) -> Any:
    """What a module's value is for users: copies of arrays and objects, in which nothing is JavaScript's any more."""
    if value is None or value.__class__ in (str, int, bool):
        return value
    try:
        return _copied(value, {})
    except RecursionError:
        raise JavaScriptError("the value is nested too deeply", "RangeError") from None


def shown_to_users(value: Any, function: Callable[[Any], Any], seen: dict[int, Any]) -> Any:
    """As ``to_python``, where plain objects have JavaScript's functions as those that ``function`` makes."""
    if type(value) is not dict:
        return function(value) if isinstance(value, Callable_) else to_python(value)
    made = seen.get(id(value))
    if made is None:
        made = seen[id(value)] = {}
        try:
            made.update({name: shown_to_users(item, function, seen) for name, item in value.items()})
        except RecursionError:
            raise JavaScriptError("the value is nested too deeply", "RangeError") from None
    return made


def _copied(value: Any, seen: dict[int, Any]) -> Any:
    if value is UNDEFINED:
        return None
    if value.__class__ is float:
        # A number: JavaScript has no other integers.
        return int(value) if value.is_integer() and -SAFE <= value <= SAFE and value else value
    if isinstance(value, TypedArray):
        return value.to_python()
    if isinstance(value, ArrayBuffer):
        return bytes(value.part(0, len(value)))
    if isinstance(value, BigInt):
        return int(value)
    if not isinstance(value, (list, dict)):
        return value
    made = seen.get(id(value))
    if made is not None:
        return made
    if isinstance(value, list):
        made = seen[id(value)] = []
        made.extend([_copied(item, seen) for item in value])
    elif isinstance(value, JsSet):
        made = seen[id(value)] = set()
        made.update([_copied(item, seen) for item in value])
    else:
        made = seen[id(value)] = {}
        made.update({_copied(key, seen): _copied(item, seen) for key, item in value.items()})
    return made


def encode_text(text: str) -> bytes:
    """UTF-8 as ``TextEncoder`` makes it: a lone surrogate is U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
