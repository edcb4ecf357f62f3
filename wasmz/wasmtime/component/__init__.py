"""The API of ``wasmtime.component``, over :mod:`wasmz.component`.

    component = Component.from_file(engine, "app.wasm")
    linker = Linker(engine)
    with linker.root() as root:
        root.add_func("log", lambda store, text: print(text))
    instance = linker.instantiate(store, component)
    instance.get_func(store, "run")(store, "x")

_component.py       components, and what their exports are found by
_linker.py          collects definitions (_definitions.py) by name; _linking.py: what a component gets of them
_instance.py        instances; _func.py: their functions
_types.py           types of functions, instances and components; _plain.py, _values.py: of values, and these in Python
_resources.py       resources, and their types
"""

from __future__ import annotations

from wasmz.wasmtime.component._component import Component, ExportIndex
from wasmz.wasmtime.component._func import Func
from wasmz.wasmtime.component._instance import Instance
from wasmz.wasmtime.component._linker import Linker, LinkerInstance
from wasmz.wasmtime.component._resource_type import ResourceType
from wasmz.wasmtime.component._resources import ResourceAny, ResourceHost
from wasmz.wasmtime.component._types import (
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    BorrowType,
    Char,
    ComponentInstanceType,
    ComponentItem,
    ComponentType,
    EnumType,
    ErrorContext,
    FlagsType,
    FuncType,
    FutureType,
    ListType,
    ModuleType,
    OptionType,
    OwnType,
    Record,
    RecordType,
    ResultType,
    StreamType,
    String,
    TupleType,
    ValType,
    Variant,
    VariantType,
)

__all__ = [
    "F32",
    "F64",
    "S8",
    "S16",
    "S32",
    "S64",
    "U8",
    "U16",
    "U32",
    "U64",
    "Bool",
    "BorrowType",
    "Char",
    "Component",
    "ComponentInstanceType",
    "ComponentItem",
    "ComponentType",
    "EnumType",
    "ErrorContext",
    "ExportIndex",
    "FlagsType",
    "Func",
    "FuncType",
    "FutureType",
    "Instance",
    "Linker",
    "LinkerInstance",
    "ListType",
    "ModuleType",
    "OptionType",
    "OwnType",
    "Record",
    "RecordType",
    "ResourceAny",
    "ResourceHost",
    "ResourceType",
    "ResultType",
    "StreamType",
    "String",
    "TupleType",
    "ValType",
    "Variant",
    "VariantType",
]
