"""Wrong arguments of the public interface: one clear error, of the right type, that names the argument."""

from __future__ import annotations

import functools
import inspect
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble
from tests.test_api import sample
from wasmz import FieldType, FuncType, HeapType, MemoryType, SubType, TableType, ValType

PROCEDURE = '(module (func (export "f")))'


class Odd:
    """What no parameter takes."""

    def __repr__(self) -> str:
        return "an odd object"


WRONG = (Odd(), [Odd()], {Odd(): 1}, 2.5, b"\xff")

# Parameters that take any object, and values that are right after all.
ANYTHING = {
    *("Caller.context", "Caller.instance", "Caller.store", "ExecResult.ok", "HostFunc.context", "Store.data"),
    *("WasiConfig.stdin", "WasiConfig.stdout", "WasiConfig.stderr", "WasmFrame.find_source", "Func.context"),
    *("Linker.define.item", "Memory.write.data", "Memory.__setitem__.value"),
}
ALSO_RIGHT = [
    *(("Store.set_deadline.seconds", 2.5), ("Memory.wait32.timeout", 2.5), ("Memory.wait64.timeout", 2.5)),
    *(("f32_bits.value", 2.5), ("f64_bits.value", 2.5), ("StructRef.new.fields", 2.5)),
    *(("WasiConfig.args", b"\xff"), ("MemoryFileSystem.write.content", b"\xff")),
    *(("WasmException.values", b"\xff"), ("ArrayRef.new.items", b"\xff"), ("ImportList.items", b"\xff")),
]


@functools.cache
def calls() -> dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]]:
    """Calls with right arguments, by the names of what is called."""
    found: dict[str, tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = {}

    def add(name: str, function: Callable[..., Any], /, *args: Any, **named: Any) -> None:
        found[name] = function, args, named

    # Not the one that other tests look at.
    parts, i32 = sample.__wrapped__(), ValType.I32
    module, store, engine, instance = (parts[name] for name in ("Module", "Store", "Engine", "Instance"))
    data = assemble(PROCEDURE)
    types = module.types
    add("ArcModule", wasmz.ArcModule, module)
    add("ArrayType", wasmz.ArrayType, FieldType(i32))
    add("Caller", wasmz.Caller, store, instance, None)
    add("DefinedType", wasmz.DefinedType, types[0].group, 0)
    add("Engine", wasmz.Engine, wasmz.Config())
    add("ExecResult", wasmz.ExecResult, 1, None)
    add("ExportType", wasmz.ExportType, "a", FuncType())
    add("FieldType", FieldType, i32, False)
    add("FuncType", FuncType, [i32], [i32])
    add("Global", wasmz.Global, store, wasmz.GlobalType(i32), 1)
    add("GlobalType", wasmz.GlobalType, i32, True)
    add("GroupReference", wasmz.GroupReference, 0, None, False)
    add("HeapType", HeapType, "any")
    add("HostFunc", wasmz.HostFunc, len, [i32], [i32], context=None, caller=None)
    add("I31Ref", wasmz.I31Ref, 1)
    add("ImportType", wasmz.ImportType, "a", "b", FuncType())
    add("Instance", wasmz.Instance, wasmz.Store(engine), wasmz.Module.compile(engine, data), None)
    add("InvalidText", wasmz.InvalidText, "x", 1, 2, "line", "a.wat")
    add("InvalidWasm", wasmz.InvalidWasm, "x", offset=1, function="x")
    add("LinkError", wasmz.LinkError, ["x"])
    add("Linker", wasmz.Linker, engine)
    add("Memory", wasmz.Memory, store, MemoryType(1))
    add("MemoryFileSystem", wasmz.MemoryFileSystem, {"a": b""}, limit_bytes=1 << 20)
    add("MemoryType", MemoryType, 1, 2, False, i32, 65_536)
    add("Module", wasmz.Module, engine, data)
    add("ImportList", wasmz.ImportList, [print])
    add("Func", wasmz.Func, store, FuncType([i32]), print, caller=True)
    for name in ("Interrupted", "MemoryLimit", "OutOfFuel"):
        add(name, getattr(wasmz, name), "x")
    add("PackedType", wasmz.PackedType, "i8")
    add("RefType", wasmz.RefType, HeapType.ANY, True, False)
    add("Store", wasmz.Store, engine, None, limiter=None)
    add("StructType", wasmz.StructType, (FieldType(i32),))
    add("SubType", SubType, FuncType(), (), True, None, None)
    add("Table", wasmz.Table, store, TableType(ValType.FUNCREF, 1), None)
    add("TableType", TableType, ValType.FUNCREF, 1, 2, i32)
    add("Tag", wasmz.Tag, store, [i32])
    add("TagType", wasmz.TagType, FuncType())
    add("Trap", wasmz.Trap, wasmz.TrapCode.EXIT, "x")
    add("TrapCode", wasmz.TrapCode, "exit")
    add("UnsupportedFeature", wasmz.UnsupportedFeature, "x", proposal="x", offset=1, function="x")
    add("ValType", ValType, "i32")
    add(
        *("WasiConfig", wasmz.WasiConfig, ["a"], {"a": "b"}, b"", None, None),
        inherit_env=False,
        realtime=1,
        monotonic=1,
        random=1,
        on_exit=None,
        max_descriptors=5,
    )
    add("WasiExit", wasmz.WasiExit, 3)
    add("WasmException", wasmz.WasmException, parts["Tag"], (1,))
    add("WasmFrame", wasmz.WasmFrame, 1, "a", 3, "b", None)
    # Functions
    add("define_group", wasmz.define_group, [SubType(FuncType())])
    add("f32_bits", wasmz.f32_bits, 1.0)
    add("f64_bits", wasmz.f64_bits, 1.0)
    add("f32_from_bits", wasmz.f32_from_bits, 1)
    add("f64_from_bits", wasmz.f64_from_bits, 1)
    add("bind", wasmz.bind, data, engine=engine)
    add("instantiate", wasmz.instantiate, data, {}, engine=engine)
    add("worker_instance", wasmz.worker_instance, wasmz.Module.compile(wasmz.Engine(), data), None)
    # Methods
    add("ArrayRef.new", wasmz.ArrayRef.new, types[1], [1])
    add("StructRef.new", wasmz.StructRef.new, types[0], 1, 2.0)
    for name in ("ArrayRef", "StructRef"):
        add(f"{name}.__getitem__", parts[name].__getitem__, 0)
        add(f"{name}.__setitem__", parts[name].__setitem__, 0, 1)
    add("Module.compile", wasmz.Module.compile, engine, data)
    add("Module.compile_arc", wasmz.Module.compile_arc, engine, data)
    add("Module.validate", wasmz.Module.validate, data)
    add("Module.compile_function", module.compile_function, 0)
    add("Module.compile_all", module.compile_all, 1, None)
    add("Module.warmup", module.warmup, "add")
    add("Module.custom_sections", module.custom_sections, "x")
    add("Instance.call", instance.call, "add", 1, 2)
    add("Instance.try_call", instance.try_call, "add", 1, 2)
    add("Instance.extern", instance.extern, "add")
    linker = wasmz.Linker(engine)
    add("Linker.define", linker.define, "a", "b", 5)
    add("Linker.define_instance", linker.define_instance, "m", instance)
    add("Linker.define_unknown_as_traps", linker.define_unknown_as_traps, module)
    add("Linker.define_wasi", linker.define_wasi, wasmz.WasiConfig())
    add("Linker.define_emscripten", linker.define_emscripten, module)
    add("Linker.define_wasm_bindgen", linker.define_wasm_bindgen, module, "export function f() {}")
    add("Linker.define_js_strings", linker.define_js_strings, module)
    add("Linker.get", linker.get, "a", "b")
    memory = wasmz.Memory(store, MemoryType(1, 1, shared=True))
    add("Memory.grow", memory.grow, 0)
    add("Memory.read", memory.read, 0, 1)
    add("Memory.write", memory.write, 0, b"a")
    add("Memory.slice", memory.slice, 0, 1)
    add("Memory.read_value", memory.read_value, 0, "i")
    add("Memory.write_value", memory.write_value, 0, "i", 1)
    add("Memory.notify", memory.notify, 0, 1)
    add("Memory.wait32", memory.wait32, 0, 1, 0.0)
    add("Memory.wait64", memory.wait64, 0, 1, 0.0)
    add("Memory.__getitem__", memory.__getitem__, 0)
    add("Memory.__setitem__", memory.__setitem__, 0, 1)
    table = wasmz.Table(store, TableType(ValType.FUNCREF, 1, 2))
    add("Table.grow", table.grow, 0, None)
    add("Table.get", table.get, 0)
    add("Table.set", table.set, 0, None)
    add("Table.fill", table.fill, 0, None, 1)
    add("Table.__getitem__", table.__getitem__, 0)
    add("Table.__setitem__", table.__setitem__, 0, None)
    add("Store.set_fuel", wasmz.Store(engine).set_fuel, 5)
    add("Store.set_deadline", wasmz.Store(engine).set_deadline, None)
    files = wasmz.MemoryFileSystem({"a": b""})
    add("MemoryFileSystem.write", files.write, "a", "b")
    add("MemoryFileSystem.read", files.read, "a")
    add("MemoryFileSystem.make_directories", files.make_directories, "q")
    add("WasiConfig.preopen_dir", wasmz.WasiConfig().preopen_dir, files, "/", read_only=False)
    with socket.socket() as closed:
        add("WasiConfig.preopen_socket", wasmz.WasiConfig().preopen_socket, closed)
    return found


NAMES = [
    *(
        "ArcModule",
        "ArrayType",
        "Caller",
        "DefinedType",
        "Engine",
        "ExecResult",
        "ExportType",
        "FieldType",
        "Func",
        "FuncType",
    ),
    *("Global", "GlobalType", "GroupReference", "HeapType", "HostFunc", "I31Ref", "ImportType", "Instance"),
    *("ImportList", "InvalidText", "InvalidWasm", "LinkError", "Linker", "Memory", "MemoryFileSystem", "MemoryType"),
    *("Module", "Interrupted"),
    *("MemoryLimit", "OutOfFuel", "PackedType", "RefType", "Store", "StructType", "SubType", "Table", "TableType"),
    *("Tag", "TagType", "Trap", "TrapCode", "UnsupportedFeature", "ValType", "WasiConfig", "WasiExit", "WasmException"),
    *("WasmFrame", "define_group", "f32_bits", "f64_bits", "f32_from_bits", "f64_from_bits", "instantiate"),
    *("worker_instance", "ArrayRef.new", "StructRef.new", "ArrayRef.__getitem__", "ArrayRef.__setitem__"),
    *("StructRef.__getitem__", "StructRef.__setitem__", "Module.compile", "Module.compile_arc", "Module.validate"),
    *("Module.compile_function", "Module.compile_all", "Module.warmup", "Module.custom_sections", "Instance.call"),
    *("Instance.try_call", "Instance.extern", "Linker.define", "Linker.define_instance"),
    *("Linker.define_unknown_as_traps", "Linker.define_wasi", "Linker.define_emscripten", "Linker.get", "Memory.grow"),
    *("Linker.define_wasm_bindgen", "Linker.define_js_strings", "bind"),
    *("Memory.read", "Memory.write", "Memory.slice", "Memory.read_value", "Memory.write_value", "Memory.notify"),
    *("Memory.wait32", "Memory.wait64", "Memory.__getitem__", "Memory.__setitem__", "Table.grow", "Table.get"),
    *("Table.set", "Table.fill", "Table.__getitem__", "Table.__setitem__", "Store.set_fuel", "Store.set_deadline"),
    *("MemoryFileSystem.write", "MemoryFileSystem.read", "MemoryFileSystem.make_directories"),
    *("WasiConfig.preopen_dir", "WasiConfig.preopen_socket"),
]


def parameters(function: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """The names of given parameters, with the positions of positional ones, or -1."""
    known = inspect.signature(function).parameters
    names = [name for name, about in known.items() if about.kind is not about.VAR_POSITIONAL]
    rest = [name for name, about in known.items() if about.kind is about.VAR_POSITIONAL]
    for position in range(len(args)):
        yield (names[position] if position < len(names) - len(named) else rest[0]), position
    yield from ((name, -1) for name in named)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_arguments_are_named(name: str) -> None:
    function, args, named = calls()[name]
    function(*args, **named)
    for parameter, position in parameters(function, args, named):
        where = f"{name}.{parameter}"
        for wrong in WRONG:
            if where in ANYTHING or (where, wrong) in ALSO_RIGHT:
                continue
            given = list(args)
            if position >= 0:
                given[position] = wrong
            try:
                function(*given, **(named if position >= 0 else {**named, parameter: wrong}))
            except (TypeError, ValueError, OverflowError, wasmz.WasmzError) as error:
                shown = (
                    parameter.strip("_"),
                    "an odd object",
                    "2.5",
                    "float",
                    "b'\\xff'",
                    "bytes",
                    "0xff",
                    "offset 0x0",
                )
                assert any(word in str(error) for word in shown), f"{where} = {wrong!r}: {error}"
                continue
            pytest.fail(f"{where} takes {wrong!r}")


def test_all_calls_are_tried() -> None:
    assert {*calls()} == {*NAMES} and len(NAMES) == len({*NAMES})
