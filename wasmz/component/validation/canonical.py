"""Canonical definitions: lifts, lowers and built-ins, their options and the types of their core functions."""

from __future__ import annotations

from wasmz.component.layout import MAX_FLAT_RESULTS
from wasmz.component.types import FunctionType, FutureType, StreamType
from wasmz.component.validation.scopes import fail
from wasmz.component.validation.value_types import resolve_optional
from wasmz.types import DefinedType, FuncType, MemoryType, RefType, ValType, define_function_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.component.forms import Resource, ResourceName
    from wasmz.component.layout import Layouts
    from wasmz.component.syntax import BuiltIn, Lift, Lower, Options
    from wasmz.component.types import ValueType
    from wasmz.component.validation.scopes import Scope

_I32, _I64 = ValType.I32, ValType.I64
_CALLBACK: Final = FuncType((_I32, _I32, _I32), (_I32,))

# The core types of built-ins that have always the same.
_FIXED: Final = {
    **dict.fromkeys(("backpressure.inc", "backpressure.dec", "task.cancel"), FuncType()),
    **dict.fromkeys(
        (
            *("resource.drop", "subtask.drop", "error-context.drop", "waitable-set.drop", "thread.resume-later"),
            *("stream.drop-readable", "stream.drop-writable", "future.drop-readable", "future.drop-writable"),
        ),
        FuncType((_I32,)),
    ),
    **dict.fromkeys(
        (
            *("subtask.cancel", "stream.cancel-read", "stream.cancel-write", "future.cancel-read"),
            *("future.cancel-write", "thread.suspend-then-resume", "thread.yield-then-resume"),
            *("thread.suspend-then-promote", "thread.yield-then-promote"),
        ),
        FuncType((_I32,), (_I32,)),
    ),
    **dict.fromkeys(("waitable-set.new", "thread.index", "thread.suspend", "thread.yield"), FuncType((), (_I32,))),
    **dict.fromkeys(("stream.new", "future.new"), FuncType((), (_I64,))),
    "waitable.join": FuncType((_I32, _I32)),
}


def add_lift(scope: Scope, lift: Lift) -> None:
    """A function made of a core function."""
    offset, options = lift.offset, lift.options
    type = scope.function_type_at(lift.type_index, offset)
    found = _core_function(scope, lift.core_function, offset)
    _check_options(scope, options, offset)
    _check_asynchrony(options, type, offset)
    params = tuple([param for _, param in type.params])
    results = () if type.result is None else (type.result,)
    layouts = _layouts(scope, options)
    if scope.context.has_pointers(params) or layouts.flat_all(params) is None:
        _require(options, "realloc", offset)
    flat = layouts.flat_all(results)
    most = len(flat or ()) if options.is_async else MAX_FLAT_RESULTS
    if scope.context.has_pointers(results) or flat is None or len(flat) > most:
        _require(options, "memory", offset)
    wanted = layouts.lifted(type, is_async=options.is_async, has_callback=options.callback is not None)
    _check_lifted(lift, found, wanted)
    if options.post_return is not None:
        cleanup = _core_function(scope, options.post_return, offset)
        if cleanup.composite != FuncType(wanted.results):
            fail("canonical option `post-return` uses a core function with an incorrect signature", offset)
    lift.type = type
    scope.add("func", type)


def _check_lifted(lift: Lift, found: DefinedType, wanted: FuncType) -> None:
    core = found.composite
    if not isinstance(core, FuncType):
        fail(f"core function {lift.core_function} is no function", lift.offset)
    for what, needed, given in (("parameter", wanted.params, core.params), ("result", wanted.results, core.results)):
        if needed != given:
            place = f"core function {lift.core_function}"
            fail(
                f"lowered {what} types `{_listed(needed)}` do not match {what} types `{_listed(given)}` of {place}",
                lift.offset,
            )


def _listed(types: tuple[ValType, ...]) -> str:
    return f"[{', '.join(type.name for type in types)}]"


def add_lower(scope: Scope, lower: Lower) -> None:
    """A core function made of a function."""
    offset, options = lower.offset, lower.options
    type: FunctionType = scope.at("func", lower.function, offset)
    _check_options(scope, options, offset)
    _check_lowering(options, offset)
    _check_asynchrony(options, type, offset)
    lower.type = type
    lower.core_type = _lowered(scope, type, options, offset)
    scope.add("core func", define_function_type(lower.core_type))


def _lowered(scope: Scope, type: FunctionType, options: Options, offset: int) -> FuncType:
    """The core type of a lowered function, if the options suffice for it."""
    params = tuple([param for _, param in type.params])
    results = () if type.result is None else (type.result,)
    layouts = _layouts(scope, options)
    core_type = layouts.lowered(type, is_async=options.is_async)
    flat = layouts.flat_all(params)
    if scope.context.has_pointers(results):
        _require(options, "realloc", offset)
    in_memory = flat is None or core_type.params[: len(flat)] != flat or len(core_type.params) > len(flat)
    if scope.context.has_pointers(params) or in_memory:
        _require(options, "memory", offset)
    return core_type


def add_built_in(scope: Scope, built_in: BuiltIn) -> None:
    """A core function of the canonical ABI itself."""
    name, offset = built_in.name, built_in.offset
    kind = name.partition(".")[0]
    if built_in.options is not None:
        _check_options(scope, built_in.options, offset)
        _check_lowering(built_in.options, offset)
    if kind == "resource":
        built_in.type = _resource(scope, built_in)
    elif kind in ("stream", "future"):
        built_in.type = _transferred_type(scope, built_in, kind)
    core_type = _FIXED.get(name)
    if core_type is None:
        core_type = _core_type(scope, built_in)
    built_in.core_type = core_type
    scope.add("core func", define_function_type(core_type))


def _core_type(scope: Scope, built_in: BuiltIn) -> FuncType:
    """The core type of a built-in whose type depends on something."""
    name, offset, options = built_in.name, built_in.offset, built_in.options
    if name == "thread.new-indirect":
        return _check_new_thread(scope, built_in)
    if name in ("context.get", "context.set"):
        type = _check_context(scope, built_in)
        return FuncType((), (type,)) if name == "context.get" else FuncType((type,))
    if options is None:
        resource: Resource = built_in.type  # type: ignore[assignment]
        representation = resource.representation or _I32
        return FuncType((representation,), (_I32,)) if name == "resource.new" else FuncType((_I32,), (representation,))
    address = _I64 if options.pointer == 8 else _I32
    if name in ("waitable-set.wait", "waitable-set.poll"):
        return FuncType((_I32, address), (_I32,))
    if name == "task.return":
        return _check_task_return(scope, built_in, options)
    if name.startswith("error-context."):
        _require_synchronous(options, name, offset)
        _require(options, "memory" if name.endswith("new") else "realloc", offset)
        results = (_I32,) if name.endswith("new") else ()
        return FuncType((address, address) if results else (_I32, address), results)
    item: ValueType | None = built_in.type.item  # type: ignore[union-attr]
    if item is not None:
        reads_pointers = name.endswith(".read") and scope.context.has_pointer(item)
        _require(options, "realloc" if reads_pointers else "memory", offset)
    if name.startswith("stream."):
        return FuncType((_I32, address, address), (address,))
    return FuncType((_I32, address), (_I32,))


def _resource(scope: Scope, built_in: BuiltIn) -> Resource:
    index = built_in.type_index or 0
    found: ResourceName = scope.resource_at(index, built_in.offset)
    resource = found.resource
    if built_in.name != "resource.drop" and scope.defined.get(resource) is None:
        fail(f"type {index} is not a local resource", built_in.offset)
    return resource


def _transferred_type(scope: Scope, built_in: BuiltIn, kind: str) -> ValueType:
    type = scope.value_type_at(built_in.type_index or 0, built_in.offset)
    if not isinstance(type, StreamType if kind == "stream" else FutureType):
        fail(f"`{built_in.name}` requires a {kind} type", built_in.offset)
    return type


def _check_task_return(scope: Scope, built_in: BuiltIn, options: Options) -> FuncType:
    offset = built_in.offset
    result = resolve_optional(scope, built_in.result, offset)
    built_in.type = result
    _require_synchronous(options, built_in.name, offset)
    if options.realloc is not None:
        fail("cannot specify `realloc` option on `task.return`", offset)
    return _lowered(scope, FunctionType(() if result is None else [("v", result)]), options, offset)


def _check_context(scope: Scope, built_in: BuiltIn) -> ValType:
    name, offset, type = built_in.name, built_in.offset, built_in.value_type
    if type is not _I32 and type is not _I64:
        fail(f"`{name}` only supports `i32` or `i64`", offset)
    if built_in.slot > 1:
        fail(f"`{name}` immediate must be zero or one: {built_in.slot}", offset)
    if scope.context_type is None:
        scope.context_type = type
    if scope.context_type is not type:
        fail(f"`{name}` type must match previous context type", offset)
    return type


def _check_new_thread(scope: Scope, built_in: BuiltIn) -> FuncType:
    offset = built_in.offset
    start = scope.at("core type", built_in.type_index or 0, offset)
    if not isinstance(start, DefinedType) or not isinstance(start.composite, FuncType):
        fail("start type must be a function", offset)
    if start.composite not in (FuncType((_I32,)), FuncType((_I64,))):
        fail("start function must take a single `i32` argument, or `i64`, and return nothing", offset)
    table = scope.at("core table", built_in.table or 0, offset)
    if not isinstance(table.element, RefType) or table.element is not ValType.FUNCREF:
        fail("table is not one of (ref null (func))", offset)
    return FuncType((table.address_type, start.composite.params[0]), (_I32,))


def _layouts(scope: Scope, options: Options) -> Layouts:
    return scope.context.layouts if options.pointer == 4 else scope.context.wide_layouts


def _core_function(scope: Scope, index: int, offset: int) -> DefinedType:
    found: DefinedType = scope.at("core func", index, offset)
    return found


def _check_options(scope: Scope, options: Options, offset: int) -> None:
    """Checks what holds for options wherever they are; sets ``options.pointer``."""
    if options.memory is not None:
        memory: MemoryType = scope.at("core memory", options.memory, offset)
        if memory.shared:
            fail("mismatch in the shared flag for memories", offset)
        options.pointer = 8 if memory.address_type is _I64 else 4
    if options.callback is not None:
        if not options.is_async:
            fail("cannot specify callback without async", offset)
        if _core_function(scope, options.callback, offset).composite != _CALLBACK:
            fail("canonical option `callback` uses a core function with an incorrect signature", offset)
    if options.post_return is not None and options.is_async:
        fail("cannot specify post-return function in async", offset)
    if options.realloc is not None:
        if options.memory is None:
            fail("canonical option `realloc` requires `memory` to also be specified", offset)
        address = _I64 if options.pointer == 8 else _I32
        if _core_function(scope, options.realloc, offset).composite != FuncType((address,) * 4, (address,)):
            fail("canonical option `realloc` uses a core function with an incorrect signature", offset)


def _check_lowering(options: Options, offset: int) -> None:
    for name in ("post_return", "callback"):
        if getattr(options, name) is not None:
            fail(f"canonical option `{name.replace('_', '-')}` cannot be specified for lowerings", offset)


def _check_asynchrony(options: Options, type: FunctionType, offset: int) -> None:
    if options.is_async and not type.is_async:
        fail("the `async` canonical option requires an async function type", offset)


def _require_synchronous(options: Options, name: str, offset: int) -> None:
    if options.is_async:
        fail(f"cannot specify `async` option on `{name}`", offset)


def _require(options: Options, name: str, offset: int) -> None:
    """Checks that an option is there; memory is needed with ``realloc``, too."""
    for needed in ("memory", name):
        if getattr(options, needed) is None:
            fail(f"canonical option `{needed}` is required", offset)
