"""What translated code is made of: JavaScript's operators, properties, calls and conversions as Python functions.

COMMON["add"]("a", 1)       -> "a1"
COMMON["signed"](2**31)     -> -2147483648
"""

from __future__ import annotations

import math
import operator

from wasmz.interop.javascript import operations
from wasmz.interop.javascript.values import (
    SAFE,
    UNDEFINED,
    ArrayBuffer,
    BigInt,
    Builtin,
    JavaScriptError,
    call,
    caught,
    from_python,
    is_catchable,
    not_here,
    thrown,
    to_python,
)
from wasmz.runtime.memory.globals import Global
from wasmz.runtime.memory.linear import Memory
from wasmz.runtime.memory.table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _numbers(left: Any, right: Any) -> tuple[Any, Any, bool]:
    """Two values as numbers, and whether they are bigints."""
    left, right = operations.to_number(left), operations.to_number(right)
    if isinstance(left, float) or isinstance(right, float):
        return left, right, False
    return left, right, operations.is_bigint(left) or operations.is_bigint(right)


def _number(value: int, is_bigint: bool) -> Any:
    """The result of an operation on integers."""
    if is_bigint:
        operations.check_bits(value.bit_length())
        return BigInt(value)
    return value if -SAFE <= value <= SAFE else float(value)


def _sum(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str) or _is_text(left) or _is_text(right):
        first, second = operations.to_string(left), operations.to_string(right)
        operations.check_size(len(first) + len(second))
        return first + second
    left, right, is_bigint = _numbers(left, right)
    total = left + right
    return total if isinstance(total, float) else _number(total, is_bigint)


def _is_text(value: Any) -> bool:
    """Whether a sum with a value is a string: of objects, but for those that stand for numbers."""
    return not isinstance(value, (int, float)) and value is not None and value is not UNDEFINED


def _difference(left: Any, right: Any) -> Any:
    left, right, is_bigint = _numbers(left, right)
    rest = left - right
    return rest if isinstance(rest, float) else _number(rest, is_bigint)


def _product(left: Any, right: Any) -> Any:
    left, right, is_bigint = _numbers(left, right)
    if isinstance(left, int) and isinstance(right, int):
        operations.check_bits(left.bit_length() + right.bit_length())
        return _number(left * right, is_bigint) if (left and right) or is_bigint else float(left) * float(right)
    return left * right


def _quotient(left: Any, right: Any) -> Any:
    left, right, is_bigint = _numbers(left, right)
    if is_bigint:
        if not right:
            raise JavaScriptError("Division by zero", "RangeError")
        size = abs(left) // abs(right)
        return BigInt(size if (left < 0) == (right < 0) else -size)
    if right == 0:
        if left == 0 or left != left:
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1, right)
    return left // right if isinstance(left, int) and isinstance(right, int) and left % right == 0 else left / right


def _remainder(left: Any, right: Any) -> Any:
    left, right, is_bigint = _numbers(left, right)
    if isinstance(left, int) and isinstance(right, int) and right:
        # It has the sign of what is divided.
        rest = abs(left) % abs(right)
        return _number(-rest if left < 0 else rest, is_bigint)
    try:
        return math.fmod(left, right)
    except (ValueError, OverflowError):
        return math.nan


def _power(left: Any, right: Any) -> Any:
    left, right, is_bigint = _numbers(left, right)
    if is_bigint:
        if right < 0:
            raise JavaScriptError("Exponent must be non-negative", "RangeError")
        operations.check_bits(left.bit_length() * right)
        return BigInt(left**right)
    try:
        return math.pow(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if left == 0 else math.nan


def _negated(value: Any) -> Any:
    number = operations.to_number(value)
    if isinstance(number, int) and operations.is_bigint(number):
        return BigInt(-number)
    return -number if number else -float(number)


def _moved(value: Any, step: int) -> Any:
    """A number that is counted up or down."""
    number = operations.to_number(value)
    return BigInt(number + step) if isinstance(number, BigInt) else number + step


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            # By their units of UTF-16.
            return compare(left.encode("utf-16-be", "surrogatepass"), right.encode("utf-16-be", "surrogatepass"))
        return compare(operations.to_number(left), operations.to_number(right))

    return run


def _joined(*parts: Any) -> str:
    return operations.joined([operations.to_string(part) for part in parts])


def _signed(value: Any) -> int:
    number = operations.to_int32(value)
    return number - (1 << 32) if number >> 31 else number


def _bits(combine: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    def run(left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int) and operations.is_bigint(left):
            return BigInt(combine(left, right))
        return _signed(combine(_signed(left), _signed(right)))

    return run


def _shifted(left: int, right: int) -> int:
    if right > 0:
        operations.check_bits(left.bit_length() + right)
    return left << right if right >= 0 else left >> min(-right, left.bit_length() + 1)


def _left(left: Any, right: Any) -> Any:
    if isinstance(left, int) and operations.is_bigint(left):
        return BigInt(_shifted(left, int(right)))
    return _signed(_signed(left) << (operations.to_int32(right) & 31))


def _right(left: Any, right: Any) -> Any:
    if isinstance(left, int) and operations.is_bigint(left):
        return BigInt(_shifted(left, -int(right)))
    return _signed(left) >> (operations.to_int32(right) & 31)


def _not(value: Any) -> Any:
    return BigInt(~value) if isinstance(value, int) and operations.is_bigint(value) else ~_signed(value)


# A loop of a script repeats no more often: nothing else would end one that does not end by itself.
_MOST_REPEATS = 100_000_000


def _repeated(count: int) -> int:
    if count >= _MOST_REPEATS:
        raise JavaScriptError("a loop of the package's JavaScript does not end", "RangeError")
    return count + 1


def _update(value: Any, key: Any, step: int, is_before: bool) -> Any:
    old = operations.to_number(operations.get(value, key))
    new = _moved(old, step)
    operations.put(value, key, new)
    return new if is_before else old


def _put(value: Any, key: Any, item: Any) -> Any:
    operations.put(value, key, item)
    return item


def _changed(value: Any, key: Any, change: Callable[[Any, Any], Any], by: Any) -> Any:
    return _put(value, key, change(operations.get(value, key), by))


def _members(value: Any) -> dict[Any, Any]:
    """What ``...value`` puts into an object."""
    return {key: operations.get(value, key) for key in operations.own_keys(value)}


def _not_defined(name: str) -> Any:
    raise not_here(name)


# What translated code is made of, the same for all instances.
COMMON: dict[str, Any] = {
    "UNDEFINED": UNDEFINED,
    "BigInt": BigInt,
    "Builtin": Builtin,
    "add": _sum,
    "bits_and": _bits(operator.and_),
    "bits_left": _left,
    "bits_not": _not,
    "bits_or": _bits(operator.or_),
    "bits_right": _right,
    "bits_xor": _bits(operator.xor),
    "call": call,
    "call_method": operations.call_method,
    "caught": caught,
    "changed": _changed,
    "construct": operations.construct,
    "count_given": lambda *args: sum(arg is not UNDEFINED for arg in args),
    "delete": operations.delete,
    "divide": _quotient,
    "from_python": from_python,
    "get": operations.get,
    "greater": _compared(operator.gt),
    "greater_or_equal": _compared(operator.ge),
    "has": operations.has,
    "ignore": lambda value, result=None: result,
    "instance_of": operations.instance_of,
    "is_nullish": lambda value: value is None or value is UNDEFINED,
    "is_catchable": is_catchable,
    "iterate": operations.iterate,
    "join_text": _joined,
    "key_of": operations.key_of,
    "keys": operations.own_keys,
    "less": _compared(operator.lt),
    "less_or_equal": _compared(operator.le),
    "loose_equals": operations.loose_equals,
    "members": _members,
    "moved": _moved,
    "multiply": _product,
    "negated": _negated,
    "not_defined": _not_defined,
    "power": _power,
    "put": _put,
    "remainder": _remainder,
    "repeated": _repeated,
    "signed": _signed,
    "strict_equals": operations.strict_equals,
    "subtract": _difference,
    "thrown": thrown,
    "to_double": operations.to_double,
    "to_int32": operations.to_int32,
    "to_int64": operations.to_int64,
    "to_number": operations.to_number,
    "to_python": to_python,
    "truthy": operations.truthy,
    "typeof": operations.typeof,
    "update": _update,
}
# Translated code calls nothing of Python's by itself, but for these.
BUILTINS: dict[str, Any] = {"BaseException": BaseException, "len": len, "list": list}

# A module's tables, variables and memories, as they are handed to it.
operations.METHODS[Table] = {
    "get": lambda table, index: table.get(operations.to_int32(index)),
    "set": lambda table, index, value=None: table.set(operations.to_int32(index), value),
    "grow": lambda table, count, value=UNDEFINED: table.grow(operations.to_int32(count), value),
}
operations.PROPERTIES[Table] = {"length": len}
operations.PROPERTIES[Global] = {"value": lambda variable: variable.value}
operations.SETTERS[Global] = {"value": lambda variable, value: setattr(variable, "value", value)}
operations.PROPERTIES[Memory] = {"buffer": lambda memory: ArrayBuffer(b"", memory)}
