"""The public interface: everything in ``wasmz.__all__`` is documented, typed, and has a useful repr."""

from __future__ import annotations

import enum
import functools
import inspect
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble

ROOT = Path(__file__).resolve().parent.parent

MODULE = """
(module $sample
  (type $point (struct (field $x (mut i32)) (field $y f64)))
  (type $numbers (array (mut i32)))
  (tag $oops (export "oops") (param i32))
  (memory (export "memory") 1 4)
  (table (export "table") 2 4 funcref)
  (global (export "counter") (mut i32) (i32.const 5))
  (global (export "origin") (ref $point) (struct.new $point (i32.const 1) (f64.const 2.5)))
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "stop") unreachable)
  (func (export "throw") (throw $oops (i32.const 7)))
  (elem (i32.const 0) $add))"""


def public_names() -> list[str]:
    return [name for name in wasmz.__all__ if name != "__version__"]


def public_classes() -> list[type]:
    return [item for item in map(wasmz.__getattribute__, public_names()) if isinstance(item, type)]


def guests_classes() -> list[type]:
    return [getattr(wasmz.guests, name) for name in wasmz.guests.__all__]


def own_attributes(cls: type) -> dict[str, Any]:
    """What a class and its bases in wasmz define: public names, and Python's special methods that say something."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("wasmz"):
            found.update(vars(base))
    return {name: item for name, item in found.items() if not name.startswith("_") or name in SPECIAL}


SPECIAL = ("__getitem__", "__setitem__", "__call__")
CALLABLE = (types.FunctionType, classmethod, staticmethod)


def functions_of(item: Any) -> list[Any]:
    """The plain functions behind a method or property."""
    if isinstance(item, property):
        return [function for function in (item.fget, item.fset) if function is not None]
    return [inspect.unwrap(getattr(item, "__func__", item))] if isinstance(item, CALLABLE) else []


def described_attributes(cls: type) -> set[str]:
    """The names that docstrings of a class, and of its bases, list under "Attributes:"."""
    names: set[str] = set()
    for base in cls.__mro__:
        if base.__module__.startswith("wasmz"):
            _, _, section = inspect.cleandoc(base.__doc__ or "").partition("Attributes:\n")
            for line in section.split("\n\n")[0].splitlines():
                if found := re.match(r"    (\w+(?:, \w+)*):", line):
                    names.update(found[1].split(", "))
    return names


@pytest.mark.parametrize("name", public_names())
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    item = getattr(wasmz, name)
    assert item.__module__.startswith("wasmz") and item.__qualname__ == item.__name__ == name
    assert getattr(sys.modules[item.__module__], name) is item
    assert name in dir(wasmz)
    doc = inspect.cleandoc(item.__doc__ or "")
    assert len(doc) > 20 and doc.partition("\n")[0].endswith((".", ":")), doc
    signature = inspect.signature(item)
    for parameter in signature.parameters.values():
        is_variable = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        assert not is_variable or issubclass(item, (Exception, enum.Enum))
        assert parameter.annotation is not parameter.empty or issubclass(item, enum.Enum), parameter


@pytest.mark.parametrize("cls", [*public_classes(), *guests_classes()], ids=lambda cls: cls.__name__)
def test_every_public_attribute_is_documented_and_typed(cls: type) -> None:
    described = described_attributes(cls)
    for name, item in own_attributes(cls).items():
        where = f"{cls.__name__}.{name}"
        functions = functions_of(item)
        if functions:
            assert len(inspect.getdoc(item) or "") > 10 or name in described, f"{where} has no docstring"
        elif not isinstance(item, (type, cls, wasmz.ValType)) and not issubclass(cls, enum.Enum):
            assert name in described, f"{where} is not among the attributes that the docstring of {cls.__name__} lists"
        for function in functions:
            inspect.signature(function)
            annotations = function.__annotations__
            assert "return" in annotations, f"{where} does not say what it returns"
            for parameter in [*inspect.signature(function).parameters][0 if isinstance(item, staticmethod) else 1 :]:
                assert parameter in annotations, f"{where} does not say what {parameter} is"


# What objects look like


@functools.cache
def sample() -> dict[str, Any]:
    """An object of each public class, in several states."""
    engine = wasmz.Engine(wasmz.Config(use_cache=False, fuel=1_000))
    store = wasmz.Store(engine)
    module = wasmz.Module.compile(engine, assemble(MODULE))
    instance = wasmz.Instance(store, module)
    exports = instance.exports
    callers: list[wasmz.Caller] = []
    host = wasmz.HostFunc(callers.append, [], caller=True)
    linker = wasmz.Linker(engine)
    linker.define("env", "f", host)
    calling = wasmz.Module.compile(engine, assemble('(module (import "env" "f" (func $f)) (start $f))'))
    wasmz.Instance(store, calling, linker)
    errors: dict[str, BaseException] = {}
    for name in ("stop", "throw"):
        with pytest.raises(wasmz.WasmzError) as raised:
            instance.call(name)
        errors[name] = raised.value
    files = wasmz.MemoryFileSystem({"a.txt": b"x", "b/c": b""})
    defined = module.types[0]
    assert isinstance(errors["stop"], wasmz.Trap)
    found: dict[str, Any] = {
        "ArcModule": wasmz.Module.compile_arc(engine, assemble(MODULE)),
        "Component": wasmz.Component.compile(engine, b"\0asm\x0d\0\1\0"),
        "ArrayRef": wasmz.ArrayRef.new(module.types[1], [1, 2, 3]),
        "ArrayType": wasmz.ArrayType(wasmz.FieldType(wasmz.ValType.I32)),
        "Bindings": wasmz.bind(assemble('(module $lib (func (export "run")))')),
        "CacheWarning": wasmz.CacheWarning("no cache"),
        "Caller": callers[0],
        "Config": engine.config,
        "DefinedType": defined,
        "Engine": engine,
        "ExecResult": wasmz.ExecResult(ok=3),
        "RunResult": wasmz.RunResult(("a",), 0, b"out", b""),
        "ExportType": module.exports["add"],
        "Exports": exports,
        "FieldType": wasmz.FieldType(wasmz.PackedType.I8, mutable=True),
        "Func": instance.extern("add"),
        "FuncType": wasmz.FuncType([wasmz.ValType.I32]),
        "Global": exports.counter,
        "GlobalType": wasmz.GlobalType(wasmz.ValType.F32, mutable=True),
        "GroupReference": wasmz.GroupReference(0),
        "HeapType": wasmz.HeapType.ANY,
        "HostFunc": host,
        "I31Ref": wasmz.I31Ref(5),
        "ImplementationLimit": wasmz.ImplementationLimit("too large"),
        "ImportList": wasmz.ImportList([host, exports.memory]),
        "ImportType": calling.imports[0],
        "Instance": instance,
        "Interrupted": wasmz.Interrupted(),
        "InvalidText": wasmz.InvalidText("unknown operator", 3, 5, "    nopp", "a.wat"),
        "InvalidWasm": wasmz.InvalidWasm("unexpected end", offset=9),
        "JavaScriptError": wasmz.JavaScriptError("wrong", "TypeError"),
        "LinkError": wasmz.LinkError(["import a.b is not defined"]),
        "Linker": linker,
        "Memory": exports.memory,
        "MemoryFileSystem": files,
        "MemoryLimit": wasmz.MemoryLimit(),
        "MemoryType": exports.memory.type,
        "Module": module,
        "OutOfFuel": wasmz.OutOfFuel(),
        "PackedType": wasmz.PackedType.I16,
        "RefType": wasmz.RefType(defined, nullable=False),
        "ResourceLimiter": wasmz.ResourceLimiter(),
        "Store": store,
        "StructRef": exports.origin.value,
        "StructType": wasmz.StructType((wasmz.FieldType(wasmz.ValType.I32),)),
        "SubType": wasmz.SubType(wasmz.FuncType()),
        "Table": exports.table,
        "TableType": exports.table.type,
        "Tag": exports.oops,
        "TagType": exports.oops.type,
        "Trap": errors["stop"],
        "TrapCode": wasmz.TrapCode.EXIT,
        "UnsupportedFeature": wasmz.UnsupportedFeature("a tag", proposal="exceptions"),
        "ValType": wasmz.ValType.I64,
        "WasiConfig": wasmz.WasiConfig(args=["a"]).preopen_dir(files, "/"),
        "WasiExit": wasmz.WasiExit(3),
        "WasmException": errors["throw"],
        "WasmFrame": errors["stop"].frames[0],
        "WasmzError": wasmz.WasmzError("wrong"),
    }
    return found


SHOWN = {
    "ArcModule": "<ArcModule of <Module sample, 3 functions>, 1 handle>",
    "Component": "<Component, 8 bytes>",
    "ArrayRef": "<array of 3: 1, 2, 3>",
    "Bindings": "<bindings of lib>",
    "Caller": "<Caller of <Instance of <Module without a name, 0 functions>>>",
    "Config": "Config(fuel=1000, use_cache=False)",
    "DefinedType": "DefinedType(StructType(fields=(FieldType(storage=i32, mutable=True), "
    "FieldType(storage=f64, mutable=False))))",
    "Engine": "<Engine with Config(fuel=1000, use_cache=False)>",
    "Exports": "<Exports oops, memory, table, counter, origin, add, stop, throw>",
    "Func": "<Func add (i32, i32) -> (i32)>",
    "Global": "<Global global mut i32 = 5>",
    "HostFunc": "<HostFunc append () -> ()>",
    "ImportList": "<ImportList of 2 items>",
    "Instance": "<Instance of <Module sample, 3 functions>>",
    "JavaScriptError": "JavaScriptError('wrong')",
    "Linker": "<Linker of 1 definition>",
    "Memory": "<Memory of 1 page>",
    "MemoryFileSystem": "<MemoryFileSystem with a.txt, b/>",
    "Module": "<Module sample, 3 functions>",
    "RefType": "(ref defined struct)",
    "ResourceLimiter": "<ResourceLimiter>",
    "Store": "<Store, 65536 bytes in use>",
    "StructRef": "<struct x=1 y=2.5>",
    "Table": "<Table of 2 funcref>",
    "Tag": "<Tag (i32)>",
    "Trap": "Trap('unreachable')",
    "WasiConfig": "WasiConfig(args=('a',), env={}, preopens=[<directory <MemoryFileSystem with a.txt, b/> as '/'>])",
    "WasmFrame": "WasmFrame(1, 'stop', 172, 'sample')",
}


def test_there_is_a_sample_of_each_class() -> None:
    assert set(sample()) == {cls.__name__ for cls in public_classes()}
    for cls in public_classes():
        assert isinstance(sample()[cls.__name__], cls)


@pytest.mark.parametrize("name", [cls.__name__ for cls in public_classes()])
def test_every_object_says_what_it_is(name: str) -> None:
    shown = repr(sample()[name])
    assert " at 0x" not in shown and " object" not in shown and len(shown) < 500
    assert shown == SHOWN.get(name, shown)


@pytest.mark.parametrize("cls", public_classes(), ids=lambda cls: cls.__name__)
def test_objects_that_were_never_made_can_be_shown(cls: type) -> None:
    """As by a debugger, in the frame of a constructor that failed."""
    if issubclass(cls, (enum.Enum, wasmz.WasmException)) or cls.__name__ in ("HeapType", "PackedType", "TrapCode"):
        return
    made: Any = BaseException.__new__(cls) if issubclass(cls, BaseException) else None
    if made is None:
        made = int.__new__(cls) if issubclass(cls, int) else object.__new__(cls)
    shown = repr(made)
    assert shown and " at 0x" not in shown


def test_objects_that_are_closed_can_be_shown() -> None:
    engine = wasmz.Engine()
    module = wasmz.Module.compile(engine, assemble(MODULE))
    store = wasmz.Store(engine)
    instance = wasmz.Instance(store, module)
    parts = [instance.extern(name) for name in instance.exports]
    handle = wasmz.ArcModule(module)
    handle.release_unwrap()
    for closed in (module, store, engine):
        closed.close()
    assert repr(handle) == "<ArcModule, released>"
    assert [repr(closed) for closed in (module, store)] == ["<closed Module>", "<closed Store>"]
    assert repr(engine) == "<closed Engine with Config()>" and repr(instance) == "<Instance of <closed Module>>"
    assert "<closed Memory>" in list(map(repr, parts))


def test_what_is_shown_of_large_objects_is_short() -> None:
    store = wasmz.Store()
    large = "x" * 10_000_000
    kind = wasmz.StructType((wasmz.FieldType(wasmz.ValType.EXTERNREF),))
    text = wasmz.Global(store, wasmz.GlobalType(wasmz.ValType.EXTERNREF), large)
    many = wasmz.FuncType([wasmz.ValType.I32] * 1_000)
    defined = wasmz.define_group([wasmz.SubType(many)])[0]
    shown = [
        text,
        wasmz.StructRef.new(kind, large),
        wasmz.HostFunc(len, many.params, many.params),
        wasmz.Tag(store, many),
        wasmz.WasiConfig(args=[large], env={"a": large}),
        wasmz.MemoryFileSystem({f"file{number}": b"" for number in range(1_000)}),
        wasmz.WasmFrame(0, large, 0, large),
        defined,
    ]
    for item in shown:
        assert len(repr(item)) < 1_000, type(item)
