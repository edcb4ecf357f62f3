"""The standard objects: what names mean that a module's JavaScript takes from its surroundings. All are listed here.

GLOBALS["Math"], GLOBALS["Uint8Array"], ...

Names that are not in ``GLOBALS`` are the browser's: they are undefined, and using them raises an error that says so.
"""

from __future__ import annotations

import math
import os
import random
import sys
import time

from wasmz.errors import bounded
from wasmz.interop.javascript.dates import DATE
from wasmz.interop.javascript.json_text import parse, stringify
from wasmz.interop.javascript.operations import (
    METHODS,
    PROPERTIES,
    Namespace,
    StandardClass,
    call_method,
    check_bits,
    check_items,
    check_size,
    construct,
    delete,
    expect_depth,
    get,
    has,
    instance_of,
    is_number,
    iterate,
    joined,
    key_of,
    new_typed,
    next_result,
    own_keys,
    put,
    read_bigint,
    strict_equals,
    to_int32,
    to_number,
    to_string,
    truthy,
    typeof,
)
from wasmz.interop.javascript.sequences import char_code, mapped, sliced, units
from wasmz.interop.javascript.values import (
    KINDS,
    SAFE,
    UNDEFINED,
    ArrayBuffer,
    BigInt,
    Bound,
    Builtin,
    Callable_,
    Iterating,
    JavaScriptError,
    JsMap,
    JsSet,
    Symbol,
    TypedArray,
    as_object,
    call,
    caught,
    encode_text,
    not_here,
    thrown,
    type_error,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _functions(name: str, **functions: Callable[..., Any]) -> dict[str, Any]:
    return {key.rstrip("_"): Builtin(f"{name}.{key.rstrip('_')}", function) for key, function in functions.items()}


# --- objects, maps, sets, functions, errors -------------------------------------------------------------------------


def _plain_key(key: Any) -> Any:
    # As a key, a number is the same whether or not it is written with a fraction.
    return int(key) if isinstance(key, float) and key.is_integer() else key


METHODS[object] = {
    "hasOwnProperty": has,
    "toString": to_string,
    "valueOf": lambda value: value,
}
METHODS[dict] = {}
METHODS[JsMap] = {
    "get": lambda value, key: value.get(_plain_key(key), UNDEFINED),
    "set": lambda value, key, item: (value.__setitem__(_plain_key(key), item), value)[1],
    "has": lambda value, key: _plain_key(key) in value,
    "delete": lambda value, key: value.pop(_plain_key(key), value) is not value,
    "clear": lambda value: (value.clear(), UNDEFINED)[1],
    "keys": lambda value: Iterating(list(value)),
    "values": lambda value: Iterating(list(value.values())),
    "entries": lambda value: Iterating([[key, item] for key, item in value.items()]),
    "forEach": lambda value, function: (
        [call(function, UNDEFINED, (x, key, value)) for key, x in value.items()] and UNDEFINED
    ),
    "@@iterator": lambda value: Iterating([[key, item] for key, item in value.items()]),
}
PROPERTIES[JsMap] = {"size": len}
METHODS[JsSet] = {
    "add": lambda value, item: (value.__setitem__(_plain_key(item), None), value)[1],
    "has": lambda value, item: _plain_key(item) in value,
    "delete": lambda value, item: value.pop(_plain_key(item), value) is not value,
    "clear": lambda value: (value.clear(), UNDEFINED)[1],
    "keys": lambda value: Iterating(list(value)),
    "values": lambda value: Iterating(list(value)),
    "forEach": lambda value, function: [call(function, UNDEFINED, (x, x, value)) for x in list(value)] and UNDEFINED,
    "@@iterator": lambda value: Iterating(list(value)),
}
PROPERTIES[JsSet] = {"size": len}
METHODS[Iterating] = {"next": next_result, "@@iterator": lambda value: value}
METHODS[Callable_] = {
    "call": lambda value, this=UNDEFINED, *args: call(value, this, args),
    "apply": lambda value, this=UNDEFINED, args=(): call(value, this, tuple(iterate(args))),
    "bind": lambda value, this=UNDEFINED, *args: Bound(value, this, args),
    "toString": to_string,
}
PROPERTIES[Callable_] = {
    "name": lambda value: value.name if isinstance(value, Callable_) else getattr(value, "__name__", ""),
    "length": lambda value: 0,
}
PROPERTIES[BaseException] = {
    "name": lambda value: value.name if isinstance(value, JavaScriptError) else type(value).__name__,
    "message": lambda value: value.message if isinstance(value, JavaScriptError) else str(value),
    "stack": to_string,
}
METHODS[BaseException] = {"toString": to_string}


def _error_class(name: str) -> StandardClass:
    def make(message: Any = UNDEFINED, options: Any = UNDEFINED) -> JavaScriptError:
        made = JavaScriptError("" if message is UNDEFINED else to_string(message), name)
        if type(options) is dict and "cause" in options:
            made.properties["cause"] = options["cause"]
        return made

    def check(value: Any) -> bool:
        return isinstance(value, BaseException) and (name == "Error" or getattr(value, "name", None) == name)

    return StandardClass(name, make, check)


def _assign(target: Any, *sources: Any) -> Any:
    for source in sources:
        for key in own_keys(source):
            put(target, key, get(source, key))
    return target


def _define_property(value: Any, key: Any, description: Any) -> Any:
    put(value, key, get(description, "value"))
    return value


def _from_entries(entries: Any) -> dict[Any, Any]:
    return {key_of(get(pair, 0)): get(pair, 1) for pair in iterate(entries)}


_OBJECT = StandardClass(
    "Object",
    lambda value=UNDEFINED: {} if value is UNDEFINED or value is None else value,
    lambda value: typeof(value) in ("object", "function") and value is not None,
    _functions(
        "Object",
        keys=own_keys,
        values=lambda value: [get(value, key) for key in own_keys(value)],
        entries=lambda value: [[key, get(value, key)] for key in own_keys(value)],
        fromEntries=_from_entries,
        assign=_assign,
        create=lambda prototype: {},
        freeze=lambda value: value,
        is_=lambda left, right: strict_equals(left, right) or (left != left and right != right),
        defineProperty=_define_property,
        getPrototypeOf=lambda value: None,
        getOwnPropertyNames=own_keys,
        hasOwn=has,
    ),
)


def _reflect_set(value: Any, key: Any, item: Any) -> bool:
    put(value, key, item)
    return True


_REFLECT = Namespace(
    "Reflect",
    _functions(
        "Reflect",
        get=get,
        set=_reflect_set,
        has=has,
        ownKeys=own_keys,
        deleteProperty=delete,
        apply=lambda function, this, args: call(function, this, tuple(iterate(args))),
        construct=lambda kind, args: construct(kind, tuple(iterate(args))),
        getPrototypeOf=lambda value: None,
        defineProperty=lambda value, key, description: bool(_define_property(value, key, description) is value),
    ),
)


def _array_length(value: Any) -> int:
    return check_items(to_int32(value))


def _new_array(*items: Any) -> list[Any]:
    if len(items) == 1 and is_number(items[0]):
        return [UNDEFINED] * _array_length(items[0])
    return list(items)


def _array_from(value: Any, function: Any = UNDEFINED) -> list[Any]:
    value = as_object(value)
    if type(value) is dict:
        items = [get(value, index) for index in range(_array_length(value.get("length", 0)))]
    else:
        items = [] if is_number(value) else iterate(value)
    return items if function is UNDEFINED else mapped(items, function)


_ARRAY = StandardClass(
    "Array",
    _new_array,
    lambda value: isinstance(value, list),
    _functions(
        "Array", isArray=lambda value: isinstance(value, (list, tuple)), from_=_array_from, of=lambda *a: list(a)
    ),
)


def _typed_class(kind: str) -> StandardClass:
    return StandardClass(
        kind,
        lambda *args: new_typed(kind, *args),
        lambda value: isinstance(value, TypedArray) and value.kind == kind,
        {
            **_functions(
                kind, from_=lambda value: new_typed(kind, iterate(value)), of=lambda *a: new_typed(kind, list(a))
            ),
            "BYTES_PER_ELEMENT": KINDS[kind][1],
        },
    )


# --- numbers, time, randomness, text, output ------------------------------------------------------------------------


def _math(function: Callable[..., float]) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        try:
            return function(*[to_number(arg) for arg in args])
        except (ValueError, OverflowError):
            return math.nan

    return run


def _floor(value: Any) -> Any:
    return math.floor(value) if math.isfinite(value) else value


def _ceil(value: Any) -> Any:
    return math.ceil(value) if math.isfinite(value) else value


def _log(value: float) -> float:
    return -math.inf if value == 0 else math.log(value)


_MATH_NAMES = ("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh")
_MATH_MEMBERS: dict[str, Callable[..., Any]] = {
    **{name: _math(getattr(math, name)) for name in (*_MATH_NAMES, "sqrt", "exp", "expm1", "log1p", "log2", "log10")},
    "pow": _math(math.pow),
    "log": _math(_log),
    "cbrt": _math(lambda x: math.copysign(abs(x) ** (1 / 3), x)),
    "floor": _math(_floor),
    "ceil": _math(_ceil),
    "trunc": _math(lambda x: math.trunc(x) if math.isfinite(x) else x),
    "round": _math(lambda x: _floor(x + 0.5)),
    "abs": _math(abs),
    "sign": _math(lambda x: x if x == 0 or x != x else math.copysign(1, x)),
    "min": _math(lambda *xs: min(xs, default=math.inf)),
    "max": _math(lambda *xs: max(xs, default=-math.inf)),
    "hypot": _math(math.hypot),
    "random": lambda: random.SystemRandom().random(),
    "imul": lambda a, b: to_int32(to_int32(a) * to_int32(b)),
    "clz32": lambda x: 32 - to_int32(x).bit_length(),
}
_STARTED = time.monotonic_ns()
_PERFORMANCE = Namespace(
    "performance",
    {
        **_functions("performance", now=lambda: (time.monotonic_ns() - _STARTED) / 1e6),
        "timeOrigin": float(time.time_ns() // 1_000_000),
    },
)


def _random_values(view: Any) -> Any:
    view = as_object(view)
    if not isinstance(view, TypedArray):
        raise type_error("crypto.getRandomValues takes a typed array")
    part = view.part()
    part[:] = os.urandom(len(part))
    return view


def _uuid() -> str:
    digits = f"{(int.from_bytes(os.urandom(16), 'big') & ~(0xF << 76) & ~(3 << 62)) | (4 << 76) | (2 << 62):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


_CRYPTO = Namespace(
    "crypto", _functions("crypto", getRandomValues=_random_values, randomFillSync=_random_values, randomUUID=_uuid)
)


def _print(to_error: bool) -> Callable[..., Any]:
    def log(*values: Any) -> Any:
        stream = sys.stderr if to_error else sys.stdout
        text = joined([value if isinstance(value, str) else debug_string(value) for value in values], " ")
        # Halves of characters have no form in UTF-8.
        print(text.encode("utf-8", "replace").decode(), file=stream)
        return UNDEFINED

    return log


_CONSOLE = Namespace(
    "console",
    _functions(
        "console",
        **dict.fromkeys(("log", "info", "debug", "group", "groupEnd", "time", "timeEnd"), _print(False)),
        **dict.fromkeys(("error", "warn", "trace", "assert"), _print(True)),
    ),
)


class _TextCoder:
    """A ``TextEncoder`` or ``TextDecoder``, of UTF-8."""

    def __init__(self, label: Any = "utf-8", options: Any = UNDEFINED) -> None:
        if to_string(label).lower() not in ("utf-8", "utf8", "undefined"):
            raise JavaScriptError(f"the encoding {bounded(to_string(label))} is not supported", "RangeError")
        self.fatal = type(options) is dict and bool(options.get("fatal"))

    def decode(self, data: Any = UNDEFINED, options: Any = UNDEFINED) -> str:
        if data is UNDEFINED:
            return ""
        view = as_object(data)
        content = bytes(view.part() if isinstance(view, TypedArray) else view.part(0, len(view)))
        try:
            return content.decode("utf-8", "strict" if self.fatal else "replace")
        except UnicodeDecodeError:
            raise type_error("The encoded data was not valid for encoding utf-8") from None


METHODS[_TextCoder] = {
    "encode": lambda coder, text="": new_typed("Uint8Array", ArrayBuffer(bytearray(encode_text(to_string(text))))),
    "decode": _TextCoder.decode,
}


class WeakReference:
    """A ``WeakRef``: one that keeps its object."""

    def __init__(self, value: Any) -> None:
        self.value: Any = value


METHODS[WeakReference] = {"deref": lambda reference: reference.value}


def debug_string(value: Any, depth: int = 0) -> str:
    """A value as Rust's ``{:?}`` shows it; ``depth`` is how many lists it is in."""
    kind = typeof(value)
    if kind in ("number", "boolean", "bigint", "undefined") or value is None:
        return to_string(value)
    if kind == "string":
        return f'"{value}"'
    if kind == "symbol":
        return repr(value)
    if kind == "function":
        name = get(value, "name")
        return f"Function({name})" if name else "Function"
    if isinstance(value, list):
        return f"[{joined([debug_string(item, expect_depth(depth + 1)) for item in value], ', ')}]"
    if isinstance(value, BaseException):
        return f"{to_string(value)}\n{get(value, 'stack')}"
    if type(value) is dict:
        return f"Object({stringify(value)})"
    return type(value).__name__ if not isinstance(value, TypedArray) else value.kind


def _no_function(*args: Any) -> Any:
    raise not_here("Function: code that is made of text")


def _bigint(value: Any) -> BigInt:
    if isinstance(value, str):
        return BigInt(read_bigint(value))
    number = to_number(value)
    if isinstance(number, float) and not number.is_integer():
        raise JavaScriptError(f"{to_string(value)} cannot be converted to a BigInt", "RangeError")
    return BigInt(number)


def _as_bits(bits: int, signed: bool, value: Any) -> BigInt:
    bits = check_bits(to_int32(bits))
    number = int(value) & ((1 << bits) - 1)
    return BigInt(number - (1 << bits) if signed and bits and number >> (bits - 1) else number)


def _is_integer(value: Any) -> bool:
    return is_number(value) and float(value).is_integer()


def _from_code_points(*codes: Any) -> str:
    numbers = [to_int32(code) for code in codes]
    if numbers and max(numbers) > 0x10FFFF:
        raise JavaScriptError(f"Invalid code point {max(numbers)}", "RangeError")
    return "".join(map(chr, numbers))


_DATE_FORMAT = StandardClass(
    "DateTimeFormat",
    lambda *args: {"resolvedOptions": Builtin("resolvedOptions", lambda: {"locale": "en-US", "timeZone": "UTC"})},
    lambda value: False,
)
_WINDOWED = ("Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError")
_NUMBER_MEMBERS = {
    **_functions(
        "Number",
        isInteger=_is_integer,
        isSafeInteger=lambda value: _is_integer(value) and abs(value) <= SAFE,
        isFinite=lambda value: is_number(value) and math.isfinite(value),
        isNaN=lambda value: isinstance(value, float) and value != value,
        parseFloat=to_number,
    ),
    "MAX_SAFE_INTEGER": SAFE,
    "MIN_SAFE_INTEGER": -SAFE,
    "EPSILON": 2.0**-52,
    "MAX_VALUE": sys.float_info.max,
}

GLOBALS: dict[str, Any] = {
    **{kind: _typed_class(kind) for kind in KINDS},
    **{name: _error_class(name) for name in _WINDOWED},
    "Array": _ARRAY,
    "ArrayBuffer": StandardClass(
        "ArrayBuffer",
        lambda size=0: ArrayBuffer(bytearray(check_size(to_int32(size)))),
        lambda value: isinstance(value, ArrayBuffer),
        _functions("ArrayBuffer", isView=lambda value: isinstance(as_object(value), TypedArray)),
    ),
    "BigInt": StandardClass(
        "BigInt",
        _bigint,
        lambda value: False,
        _functions(
            "BigInt",
            asUintN=lambda bits, value: _as_bits(bits, False, value),
            asIntN=lambda bits, value: _as_bits(bits, True, value),
        ),
    ),
    "Boolean": StandardClass("Boolean", truthy, lambda value: False),
    "Date": DATE,
    "Function": StandardClass("Function", _no_function, lambda value: typeof(value) == "function"),
    "Infinity": math.inf,
    # What asks for the time zone is told UTC.
    "Intl": Namespace("Intl", {"DateTimeFormat": _DATE_FORMAT}),
    "JSON": Namespace("JSON", _functions("JSON", parse=parse, stringify=stringify)),
    "Map": StandardClass(
        "Map",
        lambda pairs=None: JsMap((get(pair, 0), get(pair, 1)) for pair in (iterate(pairs) if pairs else ())),
        lambda value: isinstance(value, JsMap),
    ),
    "Math": Namespace(
        "Math",
        {**{key: Builtin(f"Math.{key}", value) for key, value in _MATH_MEMBERS.items()}, "PI": math.pi, "E": math.e},
    ),
    "NaN": math.nan,
    "Number": StandardClass("Number", to_number, lambda value: False, _NUMBER_MEMBERS),
    "Object": _OBJECT,
    "Reflect": _REFLECT,
    "Set": StandardClass(
        "Set",
        lambda items=None: JsSet.fromkeys(map(_plain_key, iterate(items) if items else ())),
        lambda value: isinstance(value, JsSet),
    ),
    "String": StandardClass(
        "String",
        to_string,
        lambda value: False,
        _functions(
            "String",
            fromCodePoint=_from_code_points,
            fromCharCode=lambda *codes: b"".join(
                (to_int32(code) & 0xFFFF).to_bytes(2, "little") for code in codes
            ).decode("utf-16-le", "surrogatepass"),
        ),
    ),
    "Symbol": Namespace(
        "Symbol", {name: Symbol(name) for name in ("iterator", "asyncIterator", "dispose", "toStringTag")}
    ),
    "TextDecoder": StandardClass("TextDecoder", _TextCoder, lambda value: isinstance(value, _TextCoder)),
    "TextEncoder": StandardClass("TextEncoder", _TextCoder, lambda value: isinstance(value, _TextCoder)),
    "WeakRef": StandardClass("WeakRef", WeakReference, lambda value: isinstance(value, WeakReference)),
    "console": _CONSOLE,
    "crypto": _CRYPTO,
    "isNaN": Builtin("isNaN", lambda value: to_number(value) != to_number(value)),
    "parseFloat": Builtin("parseFloat", to_number),
    "performance": _PERFORMANCE,
    "structuredClone": Builtin("structuredClone", lambda value: parse(stringify(value))),
}
# The global object, which has itself as a member.
GLOBALS["globalThis"] = GLOBALS["self"] = Namespace("globalThis", GLOBALS)

__all__ = ["GLOBALS", "call_method", "caught", "char_code", "debug_string", "instance_of", "sliced", "thrown", "units"]
