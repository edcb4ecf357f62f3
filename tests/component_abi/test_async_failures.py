"""What ends when an asynchronous component fails, is cancelled, or its store is closed: that, and nothing else."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.component_abi.support import ALLOCATOR, instantiate, parse
from tests.component_abi.test_async import STREAMS, TWICE
from wasmz.component import Component, Linker, WrongValue

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="no event loop can be waited for here")

# As TWICE, but it traps when `fetch` is done.
TRAPPING = TWICE.replace(
    "(call $return (i32.mul (i32.const 2) (i32.load (i32.const 16))))\n      (i32.const 0)))", "unreachable))"
)
assert TRAPPING != TWICE


def _named(text: str, name: str) -> str:
    return text.replace("(component", f"(component {name}", 1)


# Each of its instances waits for the next one, and the last for the host: `outer` for `inner`, which traps.
CHAIN = f"""(component
  (import "fetch" (func $fetch async (param "key" u32) (result u32)))
  {_named(TRAPPING, "$inner")}
  {_named(TWICE, "$outer")}
  (instance $i (instantiate $inner (with "fetch" (func $fetch))))
  (instance $o (instantiate $outer (with "fetch" (func $i "twice"))))
  (instance $other (instantiate $outer (with "fetch" (func $fetch))))
  (export "outer" (func $o "twice"))
  (export "inner" (func $i "twice")))"""


def _two(text: str, **imports: Any) -> tuple[Any, Any]:
    """The exports of TWICE, and of another component in the same store."""
    engine = wasmz.Engine()
    store = wasmz.Store(engine)
    linker = Linker(engine)
    for name, item in imports.items():
        linker.define(name, item)
    made = [linker.instantiate(store, Component.compile(engine, parse(one))) for one in (TWICE, text)]
    return made[0].exports, made[1].exports


async def _fetch(key: int) -> int:
    await asyncio.sleep(0.001 * key)
    return key


def test_a_trap_ends_the_calls_of_its_instance_only() -> None:
    good, bad = _two(TRAPPING, fetch=_fetch)

    async def run() -> list[Any]:
        return await asyncio.gather(good.twice(30), bad.twice(1), return_exceptions=True)

    result, error = asyncio.run(run())
    assert result == 60
    assert isinstance(error, wasmz.Trap)
    assert error.code is wasmz.TrapCode.UNREACHABLE
    assert asyncio.run(good.twice(2)) == 4


def test_a_trap_ends_the_calls_that_wait_for_its_instance() -> None:
    good, chain = _two(CHAIN, fetch=_fetch)

    async def run() -> list[Any]:
        return await asyncio.gather(good.twice(30), chain.outer(1), return_exceptions=True)

    result, error = asyncio.run(run())
    assert result == 60
    assert isinstance(error, wasmz.Trap)
    assert error.code is wasmz.TrapCode.UNREACHABLE
    for function in (chain.outer, chain.inner):
        with pytest.raises(wasmz.Trap, match="cannot enter component instance"):
            asyncio.run(function(1))


def test_what_a_host_function_raises_ends_the_calls_of_its_instance_only() -> None:
    async def fetch(key: int) -> int:
        if key == 1:
            raise KeyError(key)
        return await _fetch(key)

    first, second = _two(TWICE, fetch=fetch)

    async def run() -> list[Any]:
        return await asyncio.gather(first.twice(20), second.twice(1), return_exceptions=True)

    result, error = asyncio.run(run())
    assert (result, type(error)) == (40, KeyError)


def test_closing_the_store_ends_all_calls() -> None:
    async def fetch(key: int) -> int:
        await asyncio.sleep(60)
        return key

    instance = instantiate(TWICE, fetch=fetch)

    async def run() -> None:
        call = asyncio.create_task(instance.exports.twice(1))
        await asyncio.sleep(0.01)
        instance.store.close()
        with pytest.raises(ValueError, match="the store is closed"):
            await asyncio.wait_for(call, 30)

    asyncio.run(run())
    with pytest.raises(ValueError, match="the store is closed"):
        asyncio.run(instance.exports.twice(1))


def test_arguments_that_can_be_gone_over_once_are_taken_as_they_are() -> None:
    text = f"""(component
      (core module $memory {ALLOCATOR})
      (core instance $memory (instantiate $memory))
      (alias core export $memory "memory" (core memory $m)) (alias core export $memory "realloc" (core func $realloc))
      (core func $return (canon task.return (result u32)))
      (core module $m (import "" "return" (func $return (param i32)))
        (func (export "f") (param i32 i32) (result i32) (call $return (local.get 1)) (i32.const 0))
        (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
      (core instance $m (instantiate $m (with "" (instance (export "return" (func $return))))))
      (func (export "f") async (param "a" (list u32)) (result u32)
        (canon lift (core func $m "f") async (callback (core func $m "callback")) (memory $m) (realloc $realloc))))"""
    exports = instantiate(text).exports
    assert asyncio.run(exports.f(number for number in range(5))) == 5
    with pytest.raises(WrongValue, match="a: can't convert negative"):
        asyncio.run(exports.f(number for number in (1, -1)))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(exports.f(1 // number for number in (1, 0)))
    # Nothing was wrong with the component.
    assert asyncio.run(exports.f([1])) == 1


def test_components_of_a_store_run_in_one_thread_at_a_time() -> None:
    entered, goes_on = threading.Event(), threading.Event()

    def fetch(key: int) -> int:
        entered.set()
        assert goes_on.wait(60)
        return key

    first, second = _two(TWICE, fetch=fetch)
    results = []
    thread = threading.Thread(target=lambda: results.append(asyncio.run(first.twice(2))))
    thread.start()
    try:
        assert entered.wait(60)
        with pytest.raises(wasmz.Trap, match="active in another thread"):
            asyncio.run(second.twice(1))
    finally:
        goes_on.set()
        thread.join()
    assert results == [4]


def test_streams_stay_in_their_store() -> None:
    first, second = instantiate(STREAMS).exports, instantiate(STREAMS).exports

    async def run() -> None:
        texts = await first.texts()
        with pytest.raises((WrongValue, ValueError, TypeError)):
            await second.sum(texts)
        assert [text async for text in texts] == ["one", "two", "three"]

    asyncio.run(run())


# Says again and again that it wants to go on later.
YIELDING = """(component
  (core func $return (canon task.return (result u32)))
  (core module $m
    (func (export "f") (result i32) (i32.const 1))
    (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 1)))
  (core instance $m (instantiate $m))
  (func (export "f") async (result u32)
    (canon lift (core func $m "f") async (callback (core func $m "callback")))))"""

_DEADLINES = """
import asyncio, sys
{setup}
import wasmz
from tests.component_abi.support import instantiate
from tests.component_abi.test_async import TWICE
from tests.component_abi.test_async_failures import YIELDING

async def fetch(key):
    await asyncio.sleep(100)

for text, name, given in ((YIELDING, "f", ()), (TWICE, "twice", (1,))):
    instance = instantiate(text, fetch=fetch)
    instance.store.set_deadline(0.3)
    try:
        asyncio.run(asyncio.wait_for(instance.exports[name](*given), 60))
    except wasmz.Interrupted:
        print("interrupted")
    try:
        asyncio.run(asyncio.wait_for(instance.exports[name](*given), 60))
    except wasmz.Trap as trap:
        print(trap.message)
"""


@pytest.mark.parametrize("setup", ["", 'sys.modules["greenlet"] = None'])
def test_deadlines_end_calls_that_wait_or_give_way(setup: str) -> None:
    root = Path(__file__).parent.parent.parent
    code = _DEADLINES.format(setup=setup)
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=root)
    assert made.stdout.split("\n")[:-1] == ["interrupted", "cannot enter component instance"] * 2, made.stderr


def test_two_reads_at_once_are_refused() -> None:
    async def run() -> None:
        stream = await instantiate(SLOW, fetch=_fetch).exports.texts()
        first = asyncio.create_task(stream.read())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="being read already"):
            await stream.read()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        for count in (0, -1, "x"):
            with pytest.raises(ValueError, match="count must be a positive integer"):
                await stream.read(count)

    asyncio.run(run())


# A stream whose writable end stays open.
SLOW = """(component
  (type $texts (stream u32))
  (core func $new (canon stream.new $texts))
  (core func $return (canon task.return (result $texts)))
  (core module $m
    (import "" "new" (func $new (result i64))) (import "" "return" (func $return (param i32)))
    (func (export "texts") (result i32) (call $return (i32.wrap_i64 (call $new))) (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
  (core instance $m (instantiate $m (with "" (instance (export "new" (func $new)) (export "return" (func $return))))))
  (func (export "texts") async (result $texts)
    (canon lift (core func $m "texts") async (callback (core func $m "callback")))))"""

# Items of nothing, as many as there may be, in no memory: from itself, and from Python.
NOTHING = """(component
  (type $s (stream))
  (core func $new (canon stream.new $s))
  (core func $read (canon stream.read $s async))
  (core func $write (canon stream.write $s async))
  (core func $return (canon task.return (result u32)))
  (core module $m
    (import "" "new" (func $new (result i64)))
    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "return" (func $return (param i32)))
    (func (export "own") (result i32) (local $ends i64)
      (local.set $ends (call $new))
      (drop (call $write (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32)))
        (i32.const 0) (i32.const 0xfffffff)))
      (call $return (call $read (i32.wrap_i64 (local.get $ends)) (i32.const 0) (i32.const 0xfffffff)))
      (i32.const 0))
    (func (export "take") (param i32) (result i32)
      (call $return (call $read (local.get 0) (i32.const 0) (i32.const 0xfffffff))) (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
  (core instance $m (instantiate $m (with "" (instance
    (export "new" (func $new)) (export "read" (func $read)) (export "write" (func $write))
    (export "return" (func $return))))))
  (func (export "own") async (result u32)
    (canon lift (core func $m "own") async (callback (core func $m "callback"))))
  (func (export "take") async (param "s" $s) (result u32)
    (canon lift (core func $m "take") async (callback (core func $m "callback")))))"""


def test_items_without_memory_cost_none() -> None:
    assert asyncio.run(instantiate(NOTHING).exports.own()) == 0xFFFFFFF << 4
    taken = asyncio.run(instantiate(NOTHING).exports.take(itertools.repeat(None)))
    assert 0 < taken >> 4 <= 1 << 16


def test_threads_begin_with_functions_of_their_type() -> None:
    text = """(component
      (core type $start (func (param i32)))
      (core module $t (table (export "t") 5 funcref)
        (func $a (param f64)) (func $b (param externref)) (func $c (param i64)) (func $d (param i32) (result i32)
          (local.get 0))
        (elem (i32.const 0) $a $b $c $d))
      (core instance $t (instantiate $t)) (alias core export $t "t" (core table $t))
      (core func $new (canon thread.new-indirect $start (core table $t)))
      (core func $return (canon task.return))
      (core module $m (import "" "new" (func $new (param i32 i32) (result i32))) (import "" "return" (func $return))
        (func (export "f") (param i32) (result i32)
          (drop (call $new (local.get 0) (i32.const 7))) (call $return) (i32.const 0))
        (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
      (core instance $i (instantiate $m
        (with "" (instance (export "new" (func $new)) (export "return" (func $return))))))
      (func (export "f") async (param "n" u32)
        (canon lift (core func $i "f") async (callback (core func $i "callback")))))"""
    for index in range(5):
        with pytest.raises(wasmz.Trap, match="called with a function of another type"):
            asyncio.run(instantiate(text).exports.f(index))


def test_messages_of_errors_are_kept_short() -> None:
    text = """(component
      (core module $memory (memory (export "memory") 100))
      (core instance $memory (instantiate $memory)) (alias core export $memory "memory" (core memory $m))
      (core func $new (canon error-context.new (memory $m)))
      (core module $m (import "" "new" (func $new (param i32 i32) (result i32)))
        (func (export "f") (result i32) (call $new (i32.const 0) (i32.const 6000000))))
      (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
      (func (export "f") (result error-context) (canon lift (core func $i "f"))))"""
    assert instantiate(text).exports.f().debug_message == "\0" * 4096
