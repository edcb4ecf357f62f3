"""Images survive being written as plain values."""

from __future__ import annotations

import marshal
from typing import Any

import pytest

from tests.runtime.handmade import make_image
from wasmz.artifact.image_writer import dump_image
from wasmz.artifact.pyc import decode_pyc, encode_pyc
from wasmz.runtime.calls.supply import precompiled_supply
from wasmz.runtime.image import ElementSpec, GlobalSpec, TableSpec, data_spec, load_image
from wasmz.runtime.link.compiled_module import CompiledModule
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.store import Store
from wasmz.types import (
    ArrayType,
    FieldType,
    FuncType,
    GlobalType,
    GroupReference,
    HeapType,
    MemoryType,
    PackedType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagType,
    ValType,
    define_group,
)


def rich_image() -> Any:
    leaf = define_group([SubType(FuncType([ValType.I32], []), final=False)])[0]
    recursive = define_group(
        [
            SubType(StructType((FieldType(PackedType.I8, True), FieldType(GroupReference(1, True))))),  # type: ignore[arg-type]
            SubType(ArrayType(FieldType(GroupReference(0, False), True))),  # type: ignore[arg-type]
            SubType(FuncType([RefType(leaf, False), GroupReference(1, False)], [ValType.EXNREF])),  # type: ignore[list-item]
            SubType(FuncType([ValType.I32], []), (leaf,)),
        ]
    )
    image = make_image(
        [("add", "ii:i", "def add(a, b): return a + b"), ("go", "i:i", "def go(a): return a")],
        imports=[
            ("env", "f", "rv:eF"),
            ("env", "m", MemoryType(1, 2, address_type=ValType.I64)),
            ("env", "t", TableType(RefType(HeapType.ANY, False), 1, 7)),
            ("env", "g", GlobalType(RefType(leaf), True)),
            ("env", "e", TagType(FuncType([ValType.I64], []))),
        ],
        exports=["add"],
        deep=["go"],
        tail_sources={"go": "def go(args): return None, args[0]"},
        tables=(
            TableSpec(TableType(ValType.FUNCREF, 1), None),
            TableSpec(TableType(RefType(leaf), 1), (("ref.func", 1),)),
        ),
        memories=(MemoryType(1, None, page_bytes=1), MemoryType(1, 2, True)),
        globals=(
            GlobalSpec(GlobalType(ValType.I64), (("i64.const", 1 << 63), ("global.get", 0), ("i64.add", None)), True),
            GlobalSpec(GlobalType(ValType.V128), (("v128.const", (1 << 128) - 1),), False),
        ),
        elements=(
            ElementSpec("active", ValType.FUNCREF, ((("ref.func", 1),), (("ref.null", None),)), 1, (("i32.const", 3),)),
            ElementSpec("declarative", RefType(leaf, False), ((("ref.null", RefType(leaf)),),)),
        ),
        data=(data_spec("active", b"\0\xff", 0, (("i32.const", 3),)), data_spec("passive", b"")),
        custom_sections=(("name", b"\0"),),
        start=2,
    )
    values = {name: getattr(image, name) for name in image.__match_args__}
    return type(image)(**{**values, "types": (*image.types, *recursive, leaf), "tags": (3,)})


def test_round_trip_through_marshal() -> None:
    image = rich_image()
    loaded = load_image(marshal.loads(marshal.dumps(dump_image(image))))
    values = {name: getattr(image, name) for name in image.__match_args__}
    # The code is kept beside it.
    without_code = type(image)(**{**values, "functions": ()})
    for name in image.__match_args__:
        assert getattr(loaded, name) == getattr(without_code, name), name
    # Types are canonical: the same objects, not only equal ones.
    assert all(one is other for one, other in zip(image.types, loaded.types, strict=True))
    assert loaded == without_code


def test_loaded_images_run() -> None:
    image = make_image([("add", "ii:i", "def add(a, b): return a + b")], exports=["add"])
    loaded, code = decode_pyc(encode_pyc(image, bytes(8)))
    module = CompiledModule(Engine(), loaded, precompiled_supply(loaded, code))
    assert Instance(Store(module.engine), module).exports.add(1, 2) == 3


@pytest.mark.parametrize("bad", [None, (), (0, (), {}), (1, ())])
def test_foreign_values_are_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match="another version"):
        load_image(bad)
