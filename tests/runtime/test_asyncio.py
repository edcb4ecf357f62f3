"""Calls from asyncio in which functions of the host are coroutines, on stacks of their own and in threads."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.runtime.calls import asynchronous
from wasmz.runtime.limits import depth
from wasmz.runtime.limits.checkpoints import suspended

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="no threads here")

GUEST = assemble("""
(module
  (import "env" "fetch" (func $fetch (param i32) (result i32)))
  (import "env" "note" (func $note (param i32)))
  (func $twice (export "twice") (param i32) (result i32)
    (i32.add (call $fetch (local.get 0)) (call $fetch (i32.add (local.get 0) (i32.const 1)))))
  (func (export "noted") (param i32) (call $note (local.get 0)) (call $note (call $twice (local.get 0))))
  (func $spin (export "spin") (loop (br 0)))
  (func $down (export "down") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
      (else (call $fetch (i32.const 0))))))
""")


@pytest.fixture(params=["greenlet", "threads"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "threads":
        monkeypatch.setattr(asynchronous, "greenlet", None)
    else:
        pytest.importorskip("greenlet")
    limit, before = sys.getrecursionlimit(), threading.active_count()
    yield request.param
    # Nothing stays behind.
    gc.collect()
    assert suspended == {} and depth.nesting == {}
    assert sys.getrecursionlimit() == limit
    end = time.monotonic() + 10
    while threading.active_count() > before + 1 and time.monotonic() < end:
        time.sleep(0.01)
    # There may be a thread that watches deadlines.
    assert threading.active_count() <= before + 1


def make(fetch: Any, note: Any = lambda number: None) -> wasmz.Instance:
    return wasmz.instantiate(GUEST, {"env": {"fetch": fetch, "note": note}})


async def fetch_slowly(number: int) -> int:
    await asyncio.sleep(0.001)
    return number * 10


def test_results(kind: str) -> None:
    notes: list[int] = []
    instance = make(fetch_slowly, notes.append)

    async def main() -> None:
        assert await instance.exports.twice.call_async(3) == 70
        assert await instance.call_async("twice", 4) == 90
        assert await instance.exports.twice.wasmz_func.call_async(-1) == -10
        assert await instance.exports.noted.call_async(1) is None
        # Without a coroutine of the host, too.
        assert await make(lambda number: number).call_async("twice", 1) == 3

    asyncio.run(main())
    assert notes == [1, 30]


def test_a_thousand_at_once(kind: str) -> None:
    """All wait at the same time, deeply nested ones among them, and get what is theirs."""
    waiting = 0
    most = 0
    everyone = asyncio.Event()

    async def fetch(number: int) -> int:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        if waiting == 1000:
            everyone.set()
        await everyone.wait()
        await asyncio.sleep(0)
        waiting -= 1
        return 5

    instance = make(fetch)

    async def main() -> list[int]:
        return await asyncio.gather(*(instance.exports.down.call_async(number) for number in range(1000)))

    assert asyncio.run(main()) == [number + 5 for number in range(1000)]
    assert most == 1000


def test_exceptions_of_coroutines_pass(kind: str) -> None:
    async def fetch(number: int) -> int:
        await asyncio.sleep(0)
        raise LookupError(number)

    with pytest.raises(LookupError, match="^7$"):
        asyncio.run(make(fetch).call_async("twice", 7))


def test_traps(kind: str) -> None:
    with pytest.raises(wasmz.Trap, match="call stack exhausted"):
        asyncio.run(make(fetch_slowly).call_async("down", 10**8))


def test_results_are_checked(kind: str) -> None:
    async def fetch(number: int) -> Any:
        return "7"

    with pytest.raises(TypeError, match=r"result 1 of env\.fetch: expected i32, got str '7'"):
        asyncio.run(make(fetch).call_async("twice", 1))


def test_a_call_that_is_not_awaited(kind: str) -> None:
    with pytest.raises(
        TypeError, match=r"env\.fetch is a coroutine function: use call_async for the export that calls it"
    ):
        make(fetch_slowly).exports.twice(1)


@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_cancelling_while_the_guest_waits(kind: str, how: str) -> None:
    ended: list[str] = []
    waits = asyncio.Event()

    async def fetch(number: int) -> int:
        waits.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("fetch")
        return 0

    instance = make(fetch)

    async def main() -> None:
        if how == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await instance.call_async("down", 500)
            return
        task = asyncio.ensure_future(instance.call_async("down", 500))
        await waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended == ["fetch"]
    # The instance is still usable.
    assert asyncio.run(make(fetch_slowly).call_async("twice", 1)) == 30


def test_cancelling_while_the_guest_computes(kind: str) -> None:
    if kind == "greenlet":
        pytest.skip("the guest has the event loop's thread: a deadline stops it")

    async def main() -> None:
        task = asyncio.ensure_future(make(fetch_slowly).call_async("spin"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_deadlines_while_the_guest_waits(kind: str) -> None:
    async def fetch(number: int) -> int:
        await asyncio.sleep(60)
        return 0

    instance = make(fetch)

    async def main() -> None:
        instance.store.set_deadline(0.05)
        with pytest.raises(wasmz.Interrupted):
            await instance.call_async("twice", 1)
        # The task itself was not to end.
        task = asyncio.current_task()
        assert task is not None and task.cancelling() == 0
        instance.store.set_deadline(None)

    asyncio.run(main())


def test_deadlines_while_it_computes(kind: str) -> None:
    instance = make(fetch_slowly)

    async def main() -> None:
        instance.store.set_deadline(0.05)
        with pytest.raises(wasmz.Interrupted):
            await instance.call_async("spin")
        instance.store.set_deadline(None)
        assert await instance.call_async("twice", 1) == 30

    asyncio.run(main())


def test_interrupting_who_waits(kind: str) -> None:
    waits = threading.Event()

    async def fetch(number: int) -> int:
        waits.set()
        await asyncio.sleep(60)
        return 0

    instance, other = make(fetch), make(fetch_slowly)

    async def main() -> None:
        task = asyncio.ensure_future(instance.call_async("twice", 1))
        also = asyncio.ensure_future(other.call_async("twice", 1))
        assert await asyncio.to_thread(waits.wait, 20)
        await asyncio.to_thread(instance.store.interrupt)
        with pytest.raises(wasmz.Interrupted):
            await task
        assert await also == 30

    asyncio.run(main())


@pytest.mark.parametrize("ending", ["returns", "raises"])
def test_interrupting_a_coroutine_that_does_not_end_as_cancelled(kind: str, ending: str) -> None:
    """The guest is stopped all the same, and the task is as if it had not been cancelled."""

    async def fetch(number: int) -> int:
        asyncio.get_running_loop().call_soon(instance.store.interrupt)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if ending == "raises":
                raise ValueError("cleaning up") from None
        return 7

    instance = make(fetch)

    async def main() -> None:
        with pytest.raises(wasmz.Interrupted):
            await instance.call_async("twice", 1)
        task = asyncio.current_task()
        assert task is not None and task.cancelling() == 0

    asyncio.run(main())


@pytest.mark.parametrize("is_first", [True, False])
def test_interrupting_while_the_task_is_cancelled(kind: str, is_first: bool) -> None:
    """Whoever cancels a task finds it cancelled."""

    waits = asyncio.Event()

    async def fetch(number: int) -> int:
        waits.set()
        await asyncio.sleep(60)
        return 0

    instance = make(fetch)

    async def main() -> None:
        task = asyncio.ensure_future(instance.call_async("twice", 1))
        await waits.wait()
        for stop in (task.cancel, instance.store.interrupt)[:: 1 if is_first else -1]:
            stop()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(main())


def test_a_guest_that_is_called_back(kind: str) -> None:
    """A coroutine of the host calls the guest, which waits for another one."""
    notes: list[int] = []

    async def note(number: int) -> None:
        notes.append(number)
        if number < 3:
            await instance.exports.noted.call_async(number + 1)

    instance = make(fetch_slowly, note)
    asyncio.run(instance.call_async("noted", 1))
    assert notes[0] == 1 and sorted(set(notes)) == [1, 2, 3, 30, 50, 70]


def test_objects_and_methods_that_are_coroutine_functions(kind: str) -> None:
    class Fetcher:
        async def __call__(self, number: int) -> int:
            return number

        async def method(self, number: int) -> int:
            return number + 1

    assert asyncio.run(make(Fetcher()).call_async("twice", 1)) == 3
    assert asyncio.run(make(Fetcher().method).call_async("twice", 1)) == 5
    hosted = wasmz.HostFunc(Fetcher(), [wasmz.ValType.I32], [wasmz.ValType.I32])
    assert asyncio.run(make(hosted).call_async("twice", 1)) == 3
