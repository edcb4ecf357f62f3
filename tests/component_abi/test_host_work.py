"""What the host does for components on asyncio: when it is begun, stopped and closed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import wasmz
from tests.component_abi.support import ALLOCATOR, instantiate
from tests.component_abi.test_async import STREAMS, TWICE

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="no event loop can be waited for here")


async def _never(key: int) -> int:
    await asyncio.sleep(60)
    return key


def test_a_function_decides_at_each_call_whether_it_waits() -> None:
    async def later(key: int) -> int:
        await asyncio.sleep(0)
        return key + 1

    def fetch(key: int) -> Any:
        return key if key % 2 else later(key)

    exports = instantiate(TWICE, fetch=fetch).exports
    assert [asyncio.run(exports.twice(key)) for key in (3, 4)] == [6, 10]


def test_a_call_may_be_cancelled_before_it_begins() -> None:
    text = TWICE.replace(
        "(global.set $set (call $new))",
        """(drop (call $cancel-subtask (i32.shr_u (local.get $state) (i32.const 4))))
        (call $return (i32.const 5)) (return (i32.const 0))""",
    )
    assert text != TWICE
    assert asyncio.run(instantiate(text, fetch=_never).exports.twice(1)) == 5

    def plain(key: int) -> Any:
        return _never(key)

    assert asyncio.run(instantiate(text, fetch=plain).exports.twice(1)) == 5


@pytest.mark.parametrize(
    ("stop", "error"),
    [
        (lambda store: store.set_deadline(0.05), wasmz.Interrupted),
        (lambda store: asyncio.get_running_loop().call_later(0.05, store.interrupt), wasmz.Interrupted),
        (lambda store: asyncio.get_running_loop().call_later(0.05, store.close), ValueError),
    ],
)
def test_waiting_calls_are_stopped(stop: Callable[[wasmz.Store], object], error: type[Exception]) -> None:
    ended: list[int] = []

    async def fetch(key: int) -> int:
        try:
            return await _never(key)
        finally:
            ended.append(key)

    instance = instantiate(TWICE, fetch=fetch)

    async def run() -> None:
        stop(instance.store)
        with pytest.raises(error):
            await asyncio.wait_for(instance.exports.twice(4), 30)
        # The host's part is stopped, too.
        for _ in range(3):
            await asyncio.sleep(0)
        assert ended == [4]

    asyncio.run(run())
    with pytest.raises((wasmz.Trap, ValueError)):
        asyncio.run(instance.exports.twice(1))


def test_streams_that_are_dropped_are_closed() -> None:
    text = STREAMS.replace("(br_if $more (i32.eqz (i32.and (local.get $got) (i32.const 15))))", "")
    assert text != STREAMS
    ended: list[str] = []

    async def coroutines() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"\x01\x02"
        finally:
            await asyncio.sleep(0)
            ended.append("asynchronous")

    def plain() -> Any:
        try:
            while True:
                yield b"\x03"
        finally:
            ended.append("plain")

    exports = instantiate(text).exports

    async def run(given: Any) -> int:
        result: int = await exports.sum(given)
        await asyncio.sleep(0.01)
        return result

    assert asyncio.run(run(coroutines())) == 3
    assert asyncio.run(run(plain())) == 3
    assert ended == ["asynchronous", "plain"]


# `wait` reads the future that `go` writes.
_MEETING = f"""(component
  (core module $memory {ALLOCATOR})
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (type $later (future u32))
  (core func $return (canon task.return (result u32)))
  (core func $new (canon future.new $later))
  (core func $write (canon future.write $later (memory $mem)))
  (core func $read (canon future.read $later (memory $mem)))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "return" (func $return (param i32)))
    (import "" "new" (func $new (result i64)))
    (import "" "write" (func $write (param i32 i32) (result i32)))
    (import "" "read" (func $read (param i32 i32) (result i32)))
    (global $end (mut i32) (i32.const 0))
    (func (export "wait") (local $ends i64)
      (local.set $ends (call $new))
      (global.set $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (drop (call $read (i32.wrap_i64 (local.get $ends)) (i32.const 64)))
      (call $return (i32.load (i32.const 64))))
    (func (export "go") (param $value i32)
      (i32.store (i32.const 128) (local.get $value))
      (call $return (call $write (global.get $end) (i32.const 128)))))
  (core instance $m (instantiate $m (with "" (instance
    (export "memory" (memory $mem)) (export "return" (func $return)) (export "new" (func $new))
    (export "write" (func $write)) (export "read" (func $read))))))
  (func (export "wait") async (result u32) (canon lift (core func $m "wait") async))
  (func (export "go") async (param "value" u32) (result u32) (canon lift (core func $m "go") async)))"""


def test_a_call_may_wait_for_a_later_one() -> None:
    """As long as a task of the host's may make it, that is no deadlock."""

    async def run() -> list[int]:
        exports = instantiate(_MEETING).exports
        first = asyncio.ensure_future(exports.wait())
        await asyncio.sleep(0.02)
        assert not first.done()
        return await asyncio.gather(first, exports.go(7))

    assert asyncio.run(run()) == [7, 0]
    with pytest.raises(wasmz.Trap, match="deadlock"):
        asyncio.run(instantiate(_MEETING).exports.wait())


async def _asynchronously(items: list[bytes]) -> AsyncIterator[bytes]:
    for item in items:
        await asyncio.sleep(0)
        yield item


@pytest.mark.parametrize("given", [bytes(range(11)), [bytes(range(6)), bytes(range(6, 11))], None])
def test_a_read_without_room_asks_whether_there_is_more(given: Any) -> None:
    """A component may read nothing until that fails: the end is told there, too."""
    text = STREAMS.replace(
        "(br_if $more",
        """(local.set $got (call $read (local.get $from) (i32.const 512) (i32.const 0)))
        (br_if $more""",
    )
    assert text != STREAMS

    async def run() -> int:
        items = _asynchronously([bytes(range(6)), bytes(range(6, 11))]) if given is None else given
        found: int = await asyncio.wait_for(instantiate(text).exports.sum(items), 30)
        return found

    assert asyncio.run(run()) == sum(range(11))
