"""Parts that a host makes itself: functions from callables, modules by their class, imports by position; counts."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import wasmz
from wasmz import Func, FuncType, ImportList, Instance, MemoryType, Module, ResourceLimiter, Store, ValType
from wasmz.text import assemble

I32 = ValType.I32
TWICE = """(module
    (import "" "" (func $first (param i32) (result i32)))
    (import "" "" (func $second (param i32) (result i32)))
    (import "" "" (memory 1))
    (func (export "f") (param i32) (result i32)
        local.get 0
        call $first
        call $second
        i32.const 0
        i32.load8_u
        i32.add))"""


def test_a_function_of_a_callable() -> None:
    store = Store()
    add = Func(store, FuncType([I32, I32], [I32]), lambda a, b: a + b)
    assert add(2, -5) == -3
    assert add.__class__ is Func
    assert (add.type, add.store, add.index) == (FuncType([I32, I32], [I32]), store, -1)
    with pytest.raises(TypeError, match="parameter 2"):
        add(1, "x")


def test_such_a_function_may_be_imported_and_put_into_tables() -> None:
    store = Store()
    seen: list[Any] = []
    note = Func(
        store, FuncType([I32]), lambda caller, value: seen.append((caller.store, caller.context, value)), context="c"
    )
    data = assemble("""(module
        (import "" "f" (func (param i32)))
        (table (export "t") 1 funcref)
        (type $t (func (param i32)))
        (func (export "run") (call 0 (i32.const 7)) (call_indirect (type $t) (i32.const -8) (i32.const 0))))""")
    instance = Instance(store, Module(store.engine, data), ImportList([note]))
    instance.exports.t[0] = note
    instance.exports.run()
    assert seen == [(store, "c", 7), (store, "c", -8)]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((None, FuncType(), print), TypeError),
        ((Store(), None, print), TypeError),
        ((Store(), FuncType(), 5), TypeError),
    ],
)
def test_wrong_parts_of_a_function_are_refused(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        Func(*arguments)


def test_a_closed_store_gets_no_function() -> None:
    store = Store()
    store.close()
    with pytest.raises(ValueError, match="closed"):
        Func(store, FuncType(), print)


def test_a_module_by_its_class() -> None:
    engine = wasmz.Engine()
    data = assemble('(module (func (export "f") (result i32) i32.const 5))')
    module = Module(engine, data)
    assert module.engine is engine
    assert Instance(Store(engine), module).exports.f() == 5
    assert Instance(Store(engine), pickle.loads(pickle.dumps(module))).exports.f() == 5
    with pytest.raises(TypeError, match="engine must be an Engine"):
        Module(data, data)  # type: ignore[arg-type]
    with pytest.raises(wasmz.InvalidWasm):
        Module(engine, b"\0asm")


def test_imports_by_position() -> None:
    store = Store()
    memory = wasmz.Memory(store, MemoryType(1))
    memory[0] = 100
    module = Module(store.engine, assemble(TWICE))
    instance = Instance(store, module, ImportList([lambda x: x * 2, lambda x: x + 1, memory]))
    assert instance.exports.f(20) == 141
    assert (
        wasmz.instantiate(assemble(TWICE), [lambda x: x, lambda x: -x, wasmz.Memory(Store(), MemoryType(1))]).exports.f(
            3
        )
        == -3
    )


def test_too_few_imports_by_position() -> None:
    store = Store()
    module = Module(store.engine, assemble(TWICE))
    with pytest.raises(wasmz.LinkError, match="the module has 3 imports, not 1"):
        Instance(store, module, ImportList([lambda x: x]))
    with pytest.raises(wasmz.LinkError, match="has another type: expected memory 1 pages"):
        Instance(store, module, ImportList([lambda x: x] * 3))
    with pytest.raises(TypeError, match="import 1: None cannot be imported"):
        ImportList([print, None])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="items must be an iterable"):
        ImportList(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["instances", "memories", "tables"])
def test_a_limiter_counts(kind: str) -> None:
    class Few(ResourceLimiter):
        pass

    setattr(Few, kind, 2)
    store = Store(limiter=Few())
    module = Module(store.engine, assemble("(module (memory 1) (table 1 funcref))"))
    wasmz.Memory(store, MemoryType(1))
    for _ in range(2):
        Instance(store, module)
    with pytest.raises(wasmz.Trap, match=f"the store's limiter allows 2 {kind}, not 3") as caught:
        Instance(store, module)
    assert caught.value.code is wasmz.TrapCode.GROWTH_OPERATION_LIMITED


def test_frames_say_whose_names_they_have_and_where_functions_begin() -> None:
    data = assemble(
        '(module (func $inner unreachable) (func (export "outer") nop call $inner) (func (export "bare") unreachable))'
    )
    instance = wasmz.instantiate(data)
    with pytest.raises(wasmz.Trap) as caught:
        instance.exports.outer()
    names = [(frame.function_name, frame.is_export_name) for frame in caught.value.frames]
    assert names == [("inner", False), ("outer", True)]
    for frame in caught.value.frames:
        assert frame.function_offset is not None
        # The number of local declarations comes first, and a nop before the call.
        assert data[frame.function_offset] == 0
        assert frame.byte_offset - frame.function_offset == (2 if frame.function_name == "outer" else 1)
    restored = pickle.loads(pickle.dumps(caught.value.frames[1]))
    assert (restored.is_export_name, restored.function_offset) == (True, caught.value.frames[1].function_offset)
