"""What may stand for what: the types of things given, and those of imports and exports.

Values and functions fit only if their types are equal, as in other runtimes. Instances may export more than is wanted,
components may import less. Resource types that are wanted stand for whatever is given: `open_externs` finds it.
"""

from __future__ import annotations

from wasmz.component.forms import ResourceName
from wasmz.component.types import (
    ComponentType,
    CoreModuleType,
    FunctionType,
    InstanceType,
    MapType,
    RecordType,
    ResultType,
    TupleType,
    TypeBound,
    ValueBound,
    ValueType,
    VariantType,
)
from wasmz.component.validation.core_modules import check_core_module_type
from wasmz.component.validation.scopes import fail
from wasmz.component.validation.substitution import Substitution
from wasmz.errors import InvalidWasm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from wasmz.component.forms import Resource
    from wasmz.component.types import ExternType
    from wasmz.component.validation.scopes import Context


def open_externs(
    given: Mapping[str, ExternType],
    wanted: Mapping[str, ExternType],
    resources: Mapping[Resource, tuple[str, ...]],
    what: str,
    context: Context,
    offset: int,
) -> Substitution:
    """Checks that what is given has all that is wanted.

    Args:
        given: things by name.
        wanted: what they must be, by name.
        resources: those of ``wanted`` for which any resource type may stand, and where they are in it.
        what: ``"import"`` or ``"export"``, for messages.
        context: counts the work.
        offset: for messages.

    Returns:
        What puts the given resource types and definitions in the place of the wanted ones.

    Raises:
        InvalidWasm: something is missing, or does not fit.
    """
    mapping = {}
    for resource, path in resources.items():
        found = _find(given, path)
        if found is not None:
            mapping[resource] = found
    substitution = Substitution(context, mapping)
    pairs: list[tuple[Any, Any]] = []
    for name, extern in wanted.items():
        argument = given.get(name)
        if argument is None:
            fail(f"missing {what} named `{name}`", offset)
        try:
            check_extern(argument, substitution.extern(extern), context, offset)
        except InvalidWasm as error:
            raise InvalidWasm(f"type mismatch for {what} `{name}`: {error.reason}", offset=offset) from None
        pairs += _definitions(extern, argument)
    return Substitution(context, mapping, pairs)


def _find(given: Mapping[str, ExternType], path: tuple[str, ...]) -> Resource | None:
    """The resource type that is given under these names; ``None`` if there is none, which is noticed elsewhere."""
    extern = given.get(path[0])
    for name in path[1:]:
        extern = extern.exports.get(name) if isinstance(extern, InstanceType) else None
    if isinstance(extern, TypeBound) and isinstance(extern.type, ResourceName):
        return extern.type.resource
    return None


def _definitions(wanted: ExternType, given: ExternType) -> Iterator[tuple[Any, Any]]:
    """The definitions of types in what is wanted, each with that in what is given."""
    if isinstance(wanted, TypeBound) and isinstance(given, TypeBound):
        yield wanted.type, given.type
    elif isinstance(wanted, InstanceType) and isinstance(given, InstanceType):
        for name, extern in wanted.exports.items():
            yield from _definitions(extern, given.exports[name])


def check_extern(given: ExternType, wanted: ExternType, context: Context, offset: int) -> None:
    """Checks that something of one type may stand where another is wanted."""
    if given is wanted:
        return
    context.spend(1)
    if isinstance(wanted, CoreModuleType) and isinstance(given, CoreModuleType):
        context.spend(wanted.size + len(given.imports))
        check_core_module_type(given, wanted, offset)
    elif isinstance(wanted, (FunctionType, ValueType)) and isinstance(given, (FunctionType, ValueType)):
        _check_equal(given, wanted, offset)
    elif isinstance(wanted, InstanceType) and isinstance(given, InstanceType):
        _check_instance(given, wanted, context, offset)
    elif isinstance(wanted, ComponentType) and isinstance(given, ComponentType):
        _check_component(given, wanted, context, offset)
    elif isinstance(wanted, TypeBound) and isinstance(given, TypeBound):
        _check_type(given.type, wanted.type, context, offset)
    elif isinstance(wanted, ValueBound) and isinstance(given, ValueBound):
        _check_equal(given.type, wanted.type, offset)
    else:
        fail(f"expected {wanted.kind}, found {given.kind}", offset)


def _check_type(given: Any, wanted: Any, context: Context, offset: int) -> None:
    if isinstance(given, ResourceName) or isinstance(wanted, ResourceName):
        if not isinstance(wanted, ResourceName):
            fail(f"expected {wanted.kind}, found resource", offset)
        if not isinstance(given, ResourceName):
            fail(f"expected resource, found {given.kind}", offset)
        if given.resource is not wanted.resource:
            fail("resource types are not the same", offset)
    else:
        check_extern(given, wanted, context, offset)


def _check_equal(given: Any, wanted: Any, offset: int) -> None:
    if given != wanted:
        fail(difference(given, wanted), offset)


def difference(given: Any, wanted: Any) -> str:
    """Where two types of values or functions differ first, for messages."""
    where = ""
    while given.kind == wanted.kind:
        step = _first_step(given, wanted)
        if step is None:
            return where + _own_difference(given, wanted)
        name, given, wanted = step
        where += f"type mismatch in {name}: "
    return f"{where}expected {wanted.kind}, found {given.kind}"


def _first_step(given: Any, wanted: Any) -> tuple[str, Any, Any] | None:
    """The first part in which two types of one kind differ, if it is a part and they have the same parts."""
    if given.form.key[1] != wanted.form.key[1] or [form is None for form in given.form.key[2]] != [
        form is None for form in wanted.form.key[2]
    ]:
        return None
    for name, one, other in zip(_part_names(given), given.parts(), wanted.parts(), strict=True):
        if one != other:
            return name, one, other
    return None


def _part_names(type: Any) -> list[str]:
    """What messages call the parts of a type."""
    if isinstance(type, FunctionType):
        return [*[f"parameter `{label}`" for label, _ in type.params], "the result"][: len(type.parts())]
    if isinstance(type, RecordType):
        return [f"field `{label}`" for label, _ in type.fields]
    if isinstance(type, VariantType):
        return [f"case `{label}`" for label, payload in type.cases if payload is not None]
    if isinstance(type, TupleType):
        return [f"item {number} of a tuple" for number in range(len(type.items))]
    if isinstance(type, MapType):
        return ["the keys of a map", "the values of a map"]
    if isinstance(type, ResultType):
        return [name for name, part in (("the success", type.ok), ("the error", type.error)) if part is not None]
    return [f"the value of {type.kind}"] * len(type.parts())


def _own_difference(given: Any, wanted: Any) -> str:
    if given.kind in ("own", "borrow"):
        return "resource types are not the same"
    if given.kind == "func":
        if given.is_async is not wanted.is_async:
            names = ("async" if type.is_async else "sync" for type in (wanted, given))
            return "expected {} function, found {} function".format(*names)
        if len(given.params) != len(wanted.params):
            return f"expected {len(wanted.params)} parameters, found {len(given.params)}"
        for (found, _), (expected, _) in zip(given.params, wanted.params, strict=True):
            if found != expected:
                return f"expected parameter named `{expected}`, found `{found}`"
        if (given.result is None) is not (wanted.result is None):
            return "expected a result, found none" if given.result is None else "expected no result, found one"
    return f"mismatch in {given.kind} elements"


def _check_instance(given: InstanceType, wanted: InstanceType, context: Context, offset: int) -> None:
    exports: Mapping[str, ExternType] = wanted.exports
    if wanted.resources:
        own = {resource: wanted.paths[resource] for resource in wanted.resources}
        open_externs(given.exports, exports, own, "export", context, offset)
        return
    for name, extern in exports.items():
        found = given.exports.get(name)
        if found is None:
            fail(f"missing expected export `{name}`", offset)
        try:
            check_extern(found, extern, context, offset)
        except InvalidWasm as error:
            raise InvalidWasm(f"type mismatch in instance export `{name}`: {error.reason}", offset=offset) from None


def _check_component(given: ComponentType, wanted: ComponentType, context: Context, offset: int) -> None:
    """What is given must do with the imports of what is wanted, and then have all its exports."""
    substitution = open_externs(wanted.imports, given.imports, given.imported, "import", context, offset)
    open_externs(substitution.externs(given.exports), wanted.exports, wanted.defined, "export", context, offset)
