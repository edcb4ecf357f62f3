"""Types of values and functions as written, to types resolved."""

from __future__ import annotations

from wasmz.component import types
from wasmz.component.types import (
    BorrowType,
    EnumType,
    FixedListType,
    FlagsType,
    FunctionType,
    FutureType,
    ListType,
    MapType,
    OptionType,
    OwnType,
    PrimitiveType,
    RecordType,
    ResultType,
    StreamType,
    TupleType,
    ValueType,
    VariantType,
)
from wasmz.component.validation.extern_names import label_problem
from wasmz.component.validation.scopes import check_size, fail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final

    from wasmz.component.syntax import Reference, WrittenType
    from wasmz.component.validation.scopes import Scope

PRIMITIVES: Final = {
    type.kind: type
    for type in (
        *(types.BOOL, types.S8, types.U8, types.S16, types.U16, types.S32, types.U32, types.S64, types.U64),
        *(types.F32, types.F64, types.CHAR, types.STRING, types.ERROR_CONTEXT),
    )
}

_MAX_FLAGS: Final = 32
# The size in memory of a value, which must be less.
_SIZE_LIMIT: Final = 1 << 28
_KEYS: Final = frozenset(PRIMITIVES) - {"f32", "f64", "error-context"}


def resolve_reference(scope: Scope, reference: Reference, offset: int) -> ValueType:
    """The type of values that a reference in another type means."""
    if isinstance(reference, str):
        return PRIMITIVES[reference]
    return scope.value_type_at(reference, offset)


def resolve_optional(scope: Scope, reference: Reference | None, offset: int) -> ValueType | None:
    """The same, or none."""
    return None if reference is None else resolve_reference(scope, reference, offset)


def resolve_value_type(scope: Scope, written: WrittenType) -> ValueType:
    """The type of values that is written.

    Raises:
        InvalidWasm: it is not valid, or too large.
    """
    if written.content is None and written.form in PRIMITIVES:
        return PRIMITIVES[written.form]
    type = _RESOLVERS[written.form](scope, written.content, written.offset)
    check_size(type, written.offset)
    if scope.context.wide_layouts.of(type).size >= _SIZE_LIMIT:
        fail(f"type exceeds maximum byte size of values: {_SIZE_LIMIT - 1}", written.offset)
    return type


def resolve_function_type(scope: Scope, written: WrittenType) -> FunctionType:
    """The type of functions that is written."""
    params, result, is_async = written.content
    offset = written.offset
    _check_labels([label for label, _ in params], "function parameter", offset)
    resolved = _resolve_result(scope, result, offset)
    type = FunctionType(
        [(label, resolve_reference(scope, reference, offset)) for label, reference in params], resolved, is_async
    )
    check_size(type, offset)
    return type


def _resolve_result(scope: Scope, result: Reference | None, offset: int) -> ValueType | None:
    resolved = resolve_optional(scope, result, offset)
    if resolved is not None and resolved.has_borrow:
        fail("function result cannot contain a `borrow` type", offset)
    return resolved


def _check_labels(labels: Iterable[str], what: str, offset: int) -> None:
    """Checks that labels are labels, and that no two are alike."""
    seen: dict[str, str] = {}
    for label in labels:
        problem = label_problem(label, what)
        if problem is not None:
            fail(problem, offset)
        key = label.lower()
        if key in seen:
            noun = what.rpartition(" ")[2]
            fail(f"{what} name `{label}` conflicts with previous {noun} name `{seen[key]}`", offset)
        seen[key] = label


def _record(scope: Scope, content: Any, offset: int) -> ValueType:
    if not content:
        fail("record type must have at least one field", offset)
    _check_labels([label for label, _ in content], "record field", offset)
    return RecordType([(label, resolve_reference(scope, item, offset)) for label, item in content])


def _variant(scope: Scope, content: Any, offset: int) -> ValueType:
    if not content:
        fail("variant type must have at least one case", offset)
    _check_labels([label for label, _ in content], "variant case", offset)
    return VariantType([(label, resolve_optional(scope, item, offset)) for label, item in content])


def _list(scope: Scope, content: Any, offset: int) -> ValueType:
    return ListType(resolve_reference(scope, content, offset))


def _fixed_list(scope: Scope, content: Any, offset: int) -> ValueType:
    item, length = content
    if length < 1:
        fail("Fixed-length lists must have more than zero elements", offset)
    return FixedListType(resolve_reference(scope, item, offset), length)


def _tuple(scope: Scope, content: Any, offset: int) -> ValueType:
    if not content:
        fail("tuple type must have at least one type", offset)
    return TupleType([resolve_reference(scope, item, offset) for item in content])


def _flags(_: Scope, content: Any, offset: int) -> ValueType:
    if not content:
        fail("flags must have at least one entry", offset)
    if len(content) > _MAX_FLAGS:
        fail(f"cannot have more than {_MAX_FLAGS} flags", offset)
    _check_labels(content, "flag", offset)
    return FlagsType(content)


def _enum(_: Scope, content: Any, offset: int) -> ValueType:
    if not content:
        fail("enum type must have at least one variant", offset)
    _check_labels(content, "enum tag", offset)
    return EnumType(content)


def _option(scope: Scope, content: Any, offset: int) -> ValueType:
    return OptionType(resolve_reference(scope, content, offset))


def _result(scope: Scope, content: Any, offset: int) -> ValueType:
    ok, error = content
    return ResultType(resolve_optional(scope, ok, offset), resolve_optional(scope, error, offset))


def _own(scope: Scope, content: Any, offset: int) -> ValueType:
    return OwnType(scope.resource_at(content, offset))


def _borrow(scope: Scope, content: Any, offset: int) -> ValueType:
    return BorrowType(scope.resource_at(content, offset))


def _stream(scope: Scope, content: Any, offset: int) -> ValueType:
    item = _transferred(scope, content, "stream", offset)
    if item == types.CHAR:
        fail("`stream<char>` is not valid at this time: use `stream<u8>` and an encoding", offset)
    return StreamType(item)


def _future(scope: Scope, content: Any, offset: int) -> ValueType:
    return FutureType(_transferred(scope, content, "future", offset))


def _transferred(scope: Scope, content: Any, what: str, offset: int) -> ValueType | None:
    item = resolve_optional(scope, content, offset)
    if item is not None and item.has_borrow:
        fail(f"a {what} cannot contain a `borrow` type", offset)
    return item


def _map(scope: Scope, content: Any, offset: int) -> ValueType:
    key, value = (resolve_reference(scope, item, offset) for item in content)
    if not isinstance(key, PrimitiveType) or key.kind not in _KEYS:
        fail(f"the keys of a map cannot be of type {key.kind}", offset)
    return MapType(key, value)


_RESOLVERS: Final[dict[str, Callable[[Scope, Any, int], ValueType]]] = {
    "record": _record,
    "variant": _variant,
    "list": _list,
    "fixed-list": _fixed_list,
    "tuple": _tuple,
    "flags": _flags,
    "enum": _enum,
    "option": _option,
    "result": _result,
    "own": _own,
    "borrow": _borrow,
    "stream": _stream,
    "future": _future,
    "map": _map,
}
