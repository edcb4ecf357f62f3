"""``emscripten::val``: what C++ does with values of Python, by JavaScript's operations.

    VALUES["_emval_get_property"](session, handle, key)         -> a handle of the property

C++ sees what JavaScript sees: undefined, numbers, strings, lists, dicts, functions, the standard objects of the
language. What is the browser's raises an error that names it, when it is used.
"""

from __future__ import annotations

from wasmz.interop.embind.wires import run
from wasmz.interop.javascript.operations import (
    call_method,
    construct,
    delete,
    get,
    has,
    instance_of,
    is_number,
    iterate,
    loose_equals,
    put,
    set_items,
    strict_equals,
    truthy,
    typeof,
)
from wasmz.interop.javascript.standard import GLOBALS
from wasmz.interop.javascript.values import (
    UNDEFINED,
    JavaScriptError,
    Symbol,
    call,
    from_python,
    not_here,
    thrown,
    to_python,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.interop.embind.session import Session

_FUNCTION, _METHOD, _CONSTRUCTOR, _CAST = range(4)
# Places of a list that C++ may leave empty.
_MOST_SKIPPED: Final = 1_000
_MOST_CALLERS: Final = 100_000


class ImageData:
    """Pixels, as codecs of images return them: what browsers call so.

    Attributes:
        data: red, green, blue and alpha of each pixel, as bytes.
        width, height: of the image.
    """

    def __init__(self, data: Any, width: Any, height: Any = UNDEFINED) -> None:
        self.data: Any = to_python(data)
        self.width: int = int(width)
        self.height: int = len(self.data) // 4 // self.width if height is UNDEFINED else int(height)

    def glue_get(self, name: str) -> Any:
        """A property, for C++."""
        return from_python(getattr(self, name)) if name in ("data", "width", "height") else UNDEFINED

    def __repr__(self) -> str:
        return f"<ImageData, {self.width} x {self.height}>"


class _Undo:
    """What is to be undone after C++ has used a result."""

    __slots__ = ("actions",)

    def __init__(self, actions: list[Callable[[], Any]]) -> None:
        self.actions = actions


def _find_global(session: Session, name: int) -> int:
    if not name:
        return session.hold(GLOBALS["globalThis"])
    text = session.text_at(name)
    if text == "ImageData":
        return session.hold(ImageData)
    # A name that is not there is undefined for C++, which asks for some to find out where it is.
    return session.hold(GLOBALS[text] if text in GLOBALS else _Missing(text))


class _Missing:
    """A global that is not here: an error once it is used."""

    def __init__(self, name: str) -> None:
        self.name = name


def _used(value: Any) -> Any:
    if isinstance(value, _Missing):
        raise not_here(value.name)
    return value


def _value(session: Session, handle: int) -> Any:
    return _used(session.value_of(handle))


def _get(session: Session, handle: int, key: int) -> int:
    return session.hold(get(_value(session, handle), session.value_of(key)))


def _set(session: Session, handle: int, key: int, value: int) -> None:
    target, name = _value(session, handle), session.value_of(key)
    if isinstance(target, list) and is_number(name) and name > len(target) + _MOST_SKIPPED:
        raise JavaScriptError("Invalid array length", "RangeError")
    put(target, name, session.value_of(value))


def _delete(session: Session, handle: int, key: int) -> int:
    return int(delete(_value(session, handle), session.value_of(key)))


def _key(session: Session, address: int) -> Any:
    """A name, or the symbol that C++ has said it is."""
    return session.symbols.get(address) or session.string_at(address)


def _wide_text(session: Session, address: int) -> int:
    return session.hold(session.string_at(address, 2))


def _take(session: Session, raw: int, address: int) -> int:
    return session.hold(session.type_of(raw, "val").read(session, address))


def _as(session: Session, handle: int, raw: int, destructors: int) -> float:
    return float(_result(session, raw, destructors, session.value_of(handle)))


def _as_big(session: Session, handle: int, raw: int, *_: int) -> int:
    wire: int = session.type_of(raw, "val").to_wire(session, [], session.value_of(handle))
    return wire


def _result(session: Session, raw: int, destructors: int, value: Any) -> Any:
    """What C++ gets for a value; it says later when that is no longer used."""
    undo: list[Callable[[], Any]] = []
    wire = session.type_of(raw, "val")
    result = wire.to_wire(session, undo, _as_argument(value))
    if undo and destructors:
        session.memory.write_value(destructors & 0xFFFF_FFFF, "I", session.hold(_Undo(undo)))
    return 0 if result is None else result


def _as_argument(value: Any) -> Any:
    return None if value is UNDEFINED else value


def _run_destructors(session: Session, handle: int) -> None:
    held = session.take(handle)
    if isinstance(held, _Undo):
        run(held.actions)


class _Caller:
    """How a value is called: with which types, and as what."""

    def __init__(self, session: Session, count: int, types: int, kind: int) -> None:
        raws = session.words(count, types)
        self.kind: int = kind
        if not raws:
            raise JavaScriptError("the module makes a caller without the type of a result", "BindingError")
        self.returned: int = raws[0]
        self.args: list[int] = raws[1:]

    def call(self, session: Session, handle: int, name: Any, destructors: int, address: int) -> Any:
        args = tuple(
            session.type_of(raw, "val").read(session, (address & 0xFFFF_FFFF) + 8 * position)
            for position, raw in enumerate(self.args)
        )
        if self.kind == _CAST:
            value: Any = args[0] if args else UNDEFINED
        elif self.kind == _CONSTRUCTOR:
            value = construct(_value(session, handle), args)
        elif name is not None:
            value = call_method(_value(session, handle), name, args)
        else:
            value = call(_value(session, handle), UNDEFINED, args)
        return _result(session, self.returned, destructors, value)


def _new_caller(session: Session, count: int, types: int, kind: int) -> int:
    if len(session.callers) >= _MOST_CALLERS:
        raise JavaScriptError("the module makes callers without end", "RangeError")
    session.callers.append(_Caller(session, count, types, kind))
    return len(session.callers)


def _method_caller(session: Session, count: int, types: int, kind: int = 0) -> int:
    # Of the versions before 4.0, which had no kind at first.
    return _new_caller(session, count, types, _CONSTRUCTOR if kind else _FUNCTION)


def _caller(session: Session, number: int) -> _Caller:
    if not 0 < number <= len(session.callers):
        raise JavaScriptError("the module uses a caller that it has not made", "BindingError")
    found: _Caller = session.callers[number - 1]
    return found


def _invoke(session: Session, caller: int, handle: int, name: int, destructors: int, args: int) -> float:
    known = _caller(session, caller)
    text = _key(session, name) if known.kind == _METHOD else None
    return float(known.call(session, handle, text, destructors, args))


def _invoke_big(session: Session, caller: int, handle: int, name: int, destructors: int, args: int) -> int:
    known = _caller(session, caller)
    text = _key(session, name) if known.kind == _METHOD else None
    return int(known.call(session, handle, text, destructors, args))


def _call_method(session: Session, caller: int, handle: int, name: int, destructors: int, args: int) -> float:
    return float(_caller(session, caller).call(session, handle, _key(session, name), destructors, args))


def _call_void_method(session: Session, caller: int, handle: int, name: int, args: int) -> None:
    _caller(session, caller).call(session, handle, _key(session, name), 0, args)


def _call(session: Session, handle: int, count: int, types: int, args: int) -> int:
    """Of versions before 3.1.47."""
    raws = session.words(count, types)
    values = tuple(_at(session, raw, args, position) for position, raw in enumerate(raws))
    return session.hold(call(_value(session, handle), UNDEFINED, values))


def _call_by(session: Session, caller: int, handle: int, destructors: int, args: int) -> float:
    """The same, of newer versions."""
    return float(_caller(session, caller).call(session, handle, None, destructors, args))


def _at(session: Session, raw: int, args: int, position: int) -> Any:
    return session.type_of(raw, "val").read(session, (args & 0xFFFF_FFFF) + 8 * position)


def _new(session: Session, handle: int, count: int, types: int, args: int) -> int:
    raws = session.words(count, types)
    values = tuple(_at(session, raw, args, position) for position, raw in enumerate(raws))
    return session.hold(construct(_value(session, handle), values))


def _typeof(session: Session, handle: int) -> int:
    value = session.value_of(handle)
    return session.hold("undefined" if isinstance(value, _Missing) else typeof(value))


def _throw(session: Session, handle: int) -> int:
    raise thrown(session.take(handle))


def _compare(operation: Callable[[Any, Any], Any]) -> Callable[[Session, int, int], int]:
    def compare(session: Session, first: int, second: int) -> int:
        left, right = _value(session, first), _value(session, second)
        try:
            return int(bool(operation(left, right)))
        except TypeError:
            return 0

    return compare


def _iter_begin(session: Session, handle: int) -> int:
    return session.hold(iter(iterate(_value(session, handle))))


def _iter_next(session: Session, handle: int) -> int:
    for item in session.value_of(handle):
        return session.hold(item)
    return 0


def _refuse(name: str) -> Callable[..., Any]:
    def refuse(session: Session, *_: Any) -> Any:
        raise JavaScriptError(f"{name} is not supported: there are no promises for C++", "Error")

    return refuse


def _module_property(session: Session, name: int) -> int:
    text = session.text_at(name)
    found = session.public.get(text, UNDEFINED)
    return session.hold(getattr(found, "python", found))


def _symbol(session: Session, address: int) -> None:
    session.count()
    session.symbols[address] = Symbol(session.text_at(address))


def _copy_to_view(session: Session, target: int, source: int) -> None:
    set_items(session.value_of(target), _value(session, source))


def _from_exception(session: Session) -> int:
    raise JavaScriptError("exceptions of C++ are not passed on as values", "Error")


def _is_in(item: Any, value: Any) -> bool:
    return has(value, item)


# By the name of the import; its types are in names.py.
VALUES: Final[dict[str, Callable[..., Any]]] = {
    "_emval_incref": lambda session, handle: session.retain(handle),
    "_emval_decref": lambda session, handle: session.release(handle),
    "_emval_run_destructors": _run_destructors,
    "_emval_new_array": lambda session: session.hold([]),
    "_emval_new_object": lambda session: session.hold({}),
    "_emval_new_cstring": lambda session, address: session.hold(_key(session, address)),
    "_emval_new_u8string": lambda session, address: session.hold(session.string_at(address)),
    "_emval_new_u16string": _wide_text,
    "_emval_take_value": _take,
    "_emval_new": _new,
    "_emval_get_global": _find_global,
    "_emval_get_module_property": _module_property,
    "_emval_get_property": _get,
    "_emval_set_property": _set,
    "_emval_delete": _delete,
    "_emval_as": _as,
    "_emval_as_int64": _as_big,
    "_emval_as_uint64": _as_big,
    "_emval_equals": _compare(loose_equals),
    "_emval_strictly_equals": _compare(strict_equals),
    "_emval_greater_than": _compare(lambda left, right: left > right),
    "_emval_less_than": _compare(lambda left, right: left < right),
    "_emval_in": _compare(_is_in),
    "_emval_instanceof": _compare(instance_of),
    "_emval_not": lambda session, handle: int(not truthy(session.value_of(handle))),
    "_emval_is_number": lambda session, handle: int(is_number(session.value_of(handle))),
    "_emval_is_string": lambda session, handle: int(isinstance(session.value_of(handle), str)),
    "_emval_typeof": _typeof,
    "_emval_get_method_caller": _method_caller,
    "_emval_create_invoker": _new_caller,
    "_emval_invoke": _invoke,
    "_emval_invoke_i64": _invoke_big,
    "_emval_call": _call,
    # Of another type since version 3.1.47.
    "_emval_call iiii:d": _call_by,
    "_emval_call_method": _call_method,
    "_emval_call_void_method": _call_void_method,
    "_emval_iter_begin": _iter_begin,
    "_emval_iter_next": _iter_next,
    "_emval_array_to_memory_view": _copy_to_view,
    "_emval_throw": _throw,
    "_emval_await": _refuse("await"),
    "_emval_coro_suspend": _refuse("co_await"),
    "_emval_coro_make_promise": _refuse("co_await"),
    "_emval_from_current_cxa_exception": _from_exception,
    "_emval_register_symbol": _symbol,
}
