"""Behaviour of the drop-in only: clear errors for sharing across stores, shared memories, epochs that stop loops."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from typing import Any

import pytest

import wasmz.wasmtime as w
from wasmz.text import assemble

ADD = '(module (func (export "f") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))'
MEMORY = '(module (memory (export "m") 1 4) (func (export "grow") (result i32) (memory.grow (i32.const 1))))'
SHARED = """(module (import "" "" (memory 1 3 shared))
    (func (export "f") (param i32) (result i32) (i32.atomic.rmw.add (local.get 0) (i32.const 5))))"""
ENDLESS = '(module (func (export "f") (loop (br 0))))'


def instantiate(text: str, store: w.Store | None = None, imports: tuple[Any, ...] = ()) -> tuple[w.Store, Any]:
    store = w.Store() if store is None else store
    return store, w.Instance(store, w.Module(store.engine, assemble(text)), list(imports)).exports(store)


def with_epochs() -> w.Store:
    config = w.Config()
    config.epoch_interruption = True
    return w.Store(w.Engine(config))


@pytest.mark.parametrize("args", [(2**32 - 1, 1), (2**40, -(2**50)), (-1, 1), (2**31, 2**31)])
def test_integers_are_reduced(args: tuple[int, int]) -> None:
    store, exports = instantiate(ADD)
    wanted = (sum(args) + 2**31) % 2**32 - 2**31
    assert exports["f"](store, *args) == wanted


def test_an_error_of_the_hosts_is_not_taken_for_a_number_that_is_too_large() -> None:
    calls: list[int] = []

    def fail(number: int) -> None:
        calls.append(number)
        raise OverflowError("the host's own")

    store = w.Store()
    func = w.Func(store, w.FuncType([w.ValType.i32()], []), fail)
    text = '(module (import "" "" (func (param i32))) (func (export "f") (param i32) (call 0 (local.get 0))))'
    _, exports = instantiate(text, store, (func,))
    for _ in range(2):
        with pytest.raises(OverflowError, match="the host's own"):
            exports["f"](store, 5)
    with pytest.raises(OverflowError, match="the host's own"):
        exports["f"](store, 2**32 + 6)
    assert calls == [5, 5, 6]


def test_what_belongs_to_another_store_is_refused() -> None:
    store, exports = instantiate(ADD)
    other = w.Store(store.engine)
    with pytest.raises(w.WasmtimeError, match="belongs to another store"):
        exports["f"](other, 1, 2)
    memory = w.Memory(store, w.MemoryType(w.Limits(1, None)))
    for use in (memory.read, memory.size, memory.data_ptr, lambda given: memory.write(given, b"a")):
        with pytest.raises(w.WasmtimeError, match="belongs to another store"):
            use(other)
    with pytest.raises(w.WasmtimeError, match="belongs to another store"):
        w.Linker(store.engine).define(other, "a", "b", memory)
    with pytest.raises(w.WasmtimeError, match="cross-`Engine`"):
        w.Instance(store, w.Module(w.Engine(), assemble(ADD)), [])


def test_a_closed_store_is_of_no_use() -> None:
    store, exports = instantiate(MEMORY)
    memory, grow = exports["m"], exports["grow"]
    memory.write(store, b"abc", 0)
    assert grow(store) == 1
    store.close()
    for use in (grow, memory.read, memory.size, memory.data_ptr, lambda given: memory.write(given, b"a")):
        with pytest.raises(ValueError, match="closed"):
            use(store)
    with pytest.raises(ValueError, match="closed"):
        w.Memory(store, w.MemoryType(w.Limits(1, None)))


def test_memory_that_has_grown_is_read_and_written() -> None:
    store, exports = instantiate(MEMORY)
    memory = exports["m"]
    assert memory.read(store, 65536) == b""
    exports["grow"](store)
    assert memory.write(store, b"new", 65536) == 3
    assert memory.read(store, 65535, 65540) == b"\0new\0"
    assert memory.data_ptr(store)[65537] == ord("e")


def test_shared_memories_are_shared_by_stores() -> None:
    config = w.Config()
    config.shared_memory = True
    engine = w.Engine(config)
    shared = w.SharedMemory(engine, w.MemoryType(w.Limits(1, 3), shared=True))
    found = []
    for _ in range(3):
        store, exports = instantiate(SHARED, w.Store(engine), (shared,))
        found.append(exports["f"](store, 8))
    assert found == [0, 5, 10]
    assert shared.data_ptr()[8] == 15
    store, exports = instantiate('(module (memory (export "m") 1 2 shared))', w.Store(engine))
    assert isinstance(exports["m"], w.SharedMemory)
    assert exports["m"].data_len() == 65536


def test_an_epoch_stops_a_loop_in_another_thread() -> None:
    store = with_epochs()
    store.set_epoch_deadline(1)
    _, exports = instantiate(ENDLESS, store)

    def end() -> None:
        time.sleep(0.05)
        store.engine.increment_epoch()

    ticker = threading.Thread(target=end)
    ticker.start()
    with pytest.raises(w.Trap) as caught:
        exports["f"](store)
    ticker.join()
    assert caught.value.trap_code is w.TrapCode.INTERRUPT
    assert caught.value.frames[0].func_index == 0
    # It stays so until another deadline is set.
    with pytest.raises(w.Trap):
        exports["f"](store)


def test_an_epoch_stops_start_functions() -> None:
    store = with_epochs()
    text = "(module (func $f (loop (br 0))) (start $f))"
    with pytest.raises(w.Trap, match="interrupt"):
        instantiate(text, store)
    instantiate("(module (func $f))", store)
    store.set_epoch_deadline(1)
    timer = threading.Timer(0.05, store.engine.increment_epoch)
    timer.start()
    with pytest.raises(w.Trap, match="interrupt"):
        instantiate(text, store)
    timer.join()


def test_one_engines_epochs_are_for_all_its_stores() -> None:
    store = with_epochs()
    other = w.Store(store.engine)
    for user in (store, other):
        user.set_epoch_deadline(1)
    store.engine.increment_epoch()
    other.set_epoch_deadline(5)
    text = '(module (func (export "f") (result i32) i32.const 1))'
    assert instantiate(text, other)[1]["f"](other) == 1
    with pytest.raises(w.Trap):
        instantiate(text, store)[1]["f"](store)


def test_bytes_of_modules_are_no_code() -> None:
    engine = w.Engine()
    data = w.Module(engine, assemble(ADD)).serialize()
    assert data.endswith(assemble(ADD))
    with pytest.raises(w.WasmtimeError):
        w.Module.deserialize(engine, data[:-4])
    with pytest.raises(w.WasmtimeError, match="failed to open"):
        w.Module.deserialize_file(engine, "not there")


def test_what_cannot_be_had_says_so() -> None:
    with pytest.raises(NotImplementedError, match="no pointer"):
        w.Engine().ptr()
    with pytest.raises(NotImplementedError, match="access_caller"):
        w.Caller(None)
    with pytest.raises(NotImplementedError, match="contexts of stores"):
        w.StoreContext(None)


def test_a_function_that_is_called_through_a_table_has_no_callers_exports() -> None:
    store = w.Store()
    found: list[Any] = []
    func = w.Func(store, w.FuncType([], []), lambda caller: found.append(caller.get("m")), access_caller=True)
    text = """(module (import "" "" (func)) (memory (export "m") 1) (table (export "t") 1 funcref)
        (func (export "f") (call 0) (call_indirect (i32.const 0))))"""
    _, exports = instantiate(text, store, (func,))
    exports["t"].set(store, 0, func)
    exports["f"](store)
    assert isinstance(found[0], w.Memory)
    assert found[1] is None


def test_objects_of_the_host_go_when_guests_let_them_go() -> None:
    class Thing:
        pass

    store, exports = instantiate('(module (global (export "g") (mut externref) (ref.null extern)))')
    thing = Thing()
    reference = weakref.ref(thing)
    exports["g"].set_value(store, thing)
    del thing
    assert reference() is not None
    exports["g"].set_value(store, None)
    store.gc()
    assert reference() is None


def test_stores_are_collected() -> None:
    store, exports = instantiate(ADD)
    assert exports["f"](store, 1, 2) == 3
    reference = weakref.ref(store)
    del store, exports
    gc.collect()
    assert reference() is None
