"""What ends when an asynchronous component fails, is cancelled, or its store is closed: that, and nothing else."""

from __future__ import annotations

import asyncio
import sys
import threading
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
