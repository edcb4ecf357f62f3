"""Values at the border between Python and generated code (docs/abi.md, "Values inside generated code").

    to_internal(-1, ValType.I32, "parameter 1 of add")     -> 0xFFFFFFFF
    to_python(0xFFFFFFFF, ValType.I32)                     -> -1
    to_i32("x", "parameter 1 of add")                      -> TypeError: parameter 1 of add: expected i32, got str 'x'

For i32 and i64, Python may pass any integer of the width, signed or unsigned, and objects with ``__index__``; it gets
signed ones. For f32 and f64, it may pass real numbers; an f32 is rounded to the nearest single.
"""

from __future__ import annotations

from _operator import index

from wasmz.errors import WasmException
from wasmz.runtime.abi import may_hold_numbers
from wasmz.runtime.calls.func import Func, FuncMaker
from wasmz.startup.concurrency import load
from wasmz.subtyping import heap_top, is_heap_subtype
from wasmz.types import HeapType, RefType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.link.store import Store

__wasmz_frame__ = "helper"

_SIGN_32, _RANGE_32 = 1 << 31, 1 << 32
_SIGN_64, _RANGE_64 = 1 << 63, 1 << 64


def to_i32(value: Any, what: str, number: int = 0) -> int:
    """The unsigned form of a Python integer; errors call it ``what.format(number)``."""
    number_value = _integer(value, "i32", what, number)
    if -_SIGN_32 <= number_value < _RANGE_32:
        return number_value & (_RANGE_32 - 1)
    raise _out_of_range(number_value, "i32", what, number)


def to_i64(value: Any, what: str, number: int = 0) -> int:
    """The same for 64 bits."""
    number_value = _integer(value, "i64", what, number)
    if -_SIGN_64 <= number_value < _RANGE_64:
        return number_value & (_RANGE_64 - 1)
    raise _out_of_range(number_value, "i64", what, number)


def to_f64(value: Any, what: str, number: int = 0) -> float:
    """The float of a real number."""
    if value.__class__ is float:
        return value
    # Imported only here and below: most modules take no floats from Python.
    load("wasmz.runtime.numeric.floats")
    from wasmz.runtime.numeric.floats import float_of_real

    result = float_of_real(value)
    if result is None:
        raise _wrong_type(value, "f64", what, number)
    return result


def to_f32(value: Any, what: str, number: int = 0) -> float:
    """The single nearest to a real number; NaNs keep those bits that a single has."""
    load("wasmz.runtime.numeric.floats")
    from wasmz.runtime.numeric.floats import f32_from_bits, f32_round, f32_to_bits, float_of_real, single_of_int

    if value.__class__ is int:
        return single_of_int(value)
    result = value if value.__class__ is float else float_of_real(value)
    if result is None:
        raise _wrong_type(value, "f32", what, number)
    return f32_round(result) if result == result else f32_from_bits(f32_to_bits(result))


def to_v128(value: Any, what: str, number: int = 0) -> int:
    """The vector of 16 bytes as an int, the first byte lowest."""
    if not isinstance(value, (bytes, bytearray, memoryview)) or len(value) != 16:
        raise TypeError(f"{what.format(number)}: expected v128 as 16 bytes, got {value!r}")
    return int.from_bytes(value, "little")


def v128_to_python(value: int) -> bytes:
    """The 16 bytes of a vector."""
    return value.to_bytes(16, "little")


def to_funcref(value: Any, what: str, number: int = 0) -> Func | None:
    """``None``, a ``Func``, or the ``Func`` behind an exported function."""
    if value is None or value.__class__ is Func:
        return value
    func = getattr(value, "wasmz_func", None)
    if func.__class__ is not Func:
        raise _wrong_type(value, "funcref", what, number)
    return func


def to_reference(value: Any, type: RefType, what: str, number: int = 0) -> Any:
    """A reference of any type; checks for null, and the type of a function."""
    heap_type = type.heap_type
    if value is None:
        if not type.nullable:
            raise TypeError(f"{what.format(number)}: expected {type}, which cannot be null, got None")
        return None
    if heap_type is HeapType.EXTERN:
        return value
    top = heap_top(heap_type)
    if top is HeapType.FUNC:
        func = to_funcref(value, what, number)
        if func is not None and (
            func.defined_type is heap_type if type.exact else is_heap_subtype(func.defined_type, heap_type)
        ):
            return func
    elif top is HeapType.EXN:
        if isinstance(value, WasmException) and heap_type is HeapType.EXN:
            return value
    elif top is HeapType.ANY:
        load("wasmz.runtime.gc.any_references")
        from wasmz.runtime.gc.any_references import to_any

        held = to_any(value, type)
        if held is not NotImplemented:
            return held
    raise _wrong_type(value, str(type), what, number)


def to_internal(value: Any, type: ValType, what: str, store: Store | None = None) -> Any:
    """The form of a value in generated code. A ``HostFunc`` becomes a function of ``store``.

    Raises:
        TypeError, OverflowError: naming ``what``, the type and the value.
    """
    convert = _TO_INTERNAL.get(type)
    if convert is not None:
        return convert(value, what)
    if not isinstance(type, RefType):
        raise TypeError(f"{what}: there are no values of type {type} in Python")
    if isinstance(value, FuncMaker) and store is not None:
        value = value.make_func(store)
    return to_reference(value, type, what)


def to_python(value: Any, type: ValType) -> Any:
    """The Python value for a value of generated code."""
    if type is ValType.I32:
        return value if value < _SIGN_32 else value - _RANGE_32
    if type is ValType.I64:
        return value if value < _SIGN_64 else value - _RANGE_64
    if type is ValType.V128:
        return v128_to_python(value)
    if value is not None and may_hold_numbers(type):
        load("wasmz.runtime.gc.any_references")
        from wasmz.runtime.gc.any_references import from_any

        return from_any(value)
    return value


_TO_INTERNAL: dict[ValType, Callable[[Any, str], Any]] = {
    ValType.I32: to_i32,
    ValType.I64: to_i64,
    ValType.F32: to_f32,
    ValType.F64: to_f64,
    ValType.V128: to_v128,
}


def _integer(value: Any, type: str, what: str, number: int) -> int:
    try:
        return index(value)
    except TypeError:
        raise _wrong_type(value, type, what, number) from None


def _wrong_type(value: Any, type: str, what: str, number: int) -> TypeError:
    return TypeError(f"{what.format(number)}: expected {type}, got {value.__class__.__name__} {_short(value)}")


def _out_of_range(value: int, type: str, what: str, number: int) -> OverflowError:
    return OverflowError(f"{what.format(number)}: {_short(value)} does not fit {type}")


def _short(value: Any) -> str:
    if value.__class__ is int and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
