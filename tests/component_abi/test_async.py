"""Asynchronous components from Python: coroutines on both sides, streams, futures, cancellation, deadlocks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.component_abi.support import ALLOCATOR, instantiate, parse
from wasmz.component import Future, Linker, Stream, WrongValue

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="no event loop can be waited for here")

# A task that calls the host's `fetch`, waits for it, and returns twice its result.
TWICE = """(component
  (import "fetch" (func $fetch async (param "key" u32) (result u32)))
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (core func $fetch' (canon lower (func $fetch) async (memory $mem)))
  (core func $return (canon task.return (result u32)))
  (core func $new (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core func $wait (canon waitable-set.wait (memory $mem)))
  (core func $cancel (canon task.cancel))
  (core func $cancel-subtask (canon subtask.cancel))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "fetch" (func $fetch (param i32 i32) (result i32)))
    (import "" "return" (func $return (param i32)))
    (import "" "new" (func $new (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (import "" "cancel" (func $cancel))
    (import "" "cancel-subtask" (func $cancel-subtask (param i32) (result i32)))
    (global $set (mut i32) (i32.const 0))
    (func (export "twice") (param i32) (result i32) (local $state i32)
      (local.set $state (call $fetch (local.get 0) (i32.const 16)))
      (if (i32.eq (local.get $state) (i32.const 2))
        (then (call $return (i32.mul (i32.const 2) (i32.load (i32.const 16)))) (return (i32.const 0))))
      (global.set $set (call $new))
      (i32.store (i32.const 20) (i32.shr_u (local.get $state) (i32.const 4)))
      (call $join (i32.load (i32.const 20)) (global.get $set))
      (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
    (func (export "callback") (param $event i32) (param i32 i32) (result i32)
      (if (i32.eq (local.get $event) (i32.const 6))
        (then
          (call $join (i32.load (i32.const 20)) (i32.const 0))
          (drop (call $cancel-subtask (i32.load (i32.const 20))))
          (call $cancel)
          (return (i32.const 0))))
      (call $return (i32.mul (i32.const 2) (i32.load (i32.const 16))))
      (i32.const 0)))
  (core instance $m (instantiate $m (with "" (instance
    (export "memory" (memory $mem)) (export "fetch" (func $fetch')) (export "return" (func $return))
    (export "new" (func $new)) (export "join" (func $join)) (export "cancel" (func $cancel))
    (export "cancel-subtask" (func $cancel-subtask))))))
  (func (export "twice") async (param "key" u32) (result u32)
    (canon lift (core func $m "twice") async (callback (core func $m "callback")))))"""


async def _fetch(key: int) -> int:
    await asyncio.sleep(0.001 * (10 - key))
    return key + 1


def test_coroutines_on_both_sides() -> None:
    exports = instantiate(TWICE, fetch=_fetch).exports

    async def run() -> list[int]:
        return await asyncio.gather(*[exports.twice(key) for key in range(1, 2)])

    assert asyncio.run(run()) == [4]
    # In another event loop, and by a plain function of the host.
    assert asyncio.run(exports.twice(key=4)) == 10
    assert asyncio.run(instantiate(TWICE, fetch=lambda key: key * 5).exports.twice(3)) == 30


def test_what_coroutines_raise_passes() -> None:
    async def fetch(key: int) -> int:
        await asyncio.sleep(0)
        raise KeyError(key)

    exports = instantiate(TWICE, fetch=fetch).exports
    with pytest.raises(KeyError):
        asyncio.run(exports.twice(1))
    with pytest.raises(wasmz.Trap, match="cannot enter component instance"):
        asyncio.run(exports.twice(1))

    async def wrong(key: int) -> Any:
        return "x"

    with pytest.raises(WrongValue, match="result of fetch: expected u32, got str"):
        asyncio.run(instantiate(TWICE, fetch=wrong).exports.twice(1))
    with pytest.raises(WrongValue, match="key: expected u32, got str"):
        asyncio.run(instantiate(TWICE, fetch=_fetch).exports.twice("x"))


def test_cancelling_reaches_guest_and_host() -> None:
    cancelled: list[int] = []

    async def fetch(key: int) -> int:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(key)
            raise
        return 1

    exports = instantiate(TWICE, fetch=fetch).exports

    async def run() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(exports.twice(7), 0.02)

    asyncio.run(run())
    assert cancelled == [7]


# Doubles what it reads from a stream of bytes, and adds up what it reads from one of integers.
STREAMS = f"""(component
  (core module $memory {ALLOCATOR})
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (type $bytes (stream u8))
  (type $texts (stream string))
  (type $later (future u32))
  (core func $return (canon task.return (result u32)))
  (core func $read (canon stream.read $bytes (memory $mem)))
  (core func $drop (canon stream.drop-readable $bytes))
  (core func $new (canon stream.new $texts))
  (core func $write (canon stream.write $texts (memory $mem)))
  (core func $close (canon stream.drop-writable $texts))
  (core func $return-texts (canon task.return (result $texts)))
  (core func $new-later (canon future.new $later))
  (core func $write-later (canon future.write $later (memory $mem)))
  (core func $close-later (canon future.drop-writable $later))
  (core func $return-later (canon task.return (result $later)))
  (core func $read-later (canon future.read $later (memory $mem)))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "return" (func $return (param i32)))
    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "new" (func $new (result i64)))
    (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "close" (func $close (param i32)))
    (import "" "return-texts" (func $return-texts (param i32)))
    (import "" "new-later" (func $new-later (result i64)))
    (import "" "write-later" (func $write-later (param i32 i32) (result i32)))
    (import "" "close-later" (func $close-later (param i32)))
    (import "" "return-later" (func $return-later (param i32)))
    (import "" "read-later" (func $read-later (param i32 i32) (result i32)))
    (data (i32.const 64) "onetwothree")
    (func (export "sum") (param $from i32) (local $sum i32) (local $got i32) (local $at i32)
      (loop $more
        (local.set $got (call $read (local.get $from) (i32.const 512) (i32.const 5)))
        (local.set $at (i32.const 0))
        (block $done (loop $each
          (br_if $done (i32.ge_u (local.get $at) (i32.shr_u (local.get $got) (i32.const 4))))
          (local.set $sum (i32.add (local.get $sum) (i32.load8_u offset=512 (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $each)))
        (br_if $more (i32.eqz (i32.and (local.get $got) (i32.const 15)))))
      (call $drop (local.get $from))
      (call $return (local.get $sum)))
    (func (export "texts") (local $ends i64) (local $end i32)
      (local.set $ends (call $new))
      (local.set $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (call $return-texts (i32.wrap_i64 (local.get $ends)))
      (i64.store (i32.const 128) (i64.const 0x300000040))
      (i64.store (i32.const 136) (i64.const 0x300000043))
      (i64.store (i32.const 144) (i64.const 0x500000046))
      (if (i32.eqz (i32.and (i32.const 15) (call $write (local.get $end) (i32.const 128) (i32.const 2))))
        (then (drop (call $write (local.get $end) (i32.const 144) (i32.const 1)))))
      (call $close (local.get $end)))
    (func (export "later") (param $from i32) (local $ends i64) (local $end i32)
      (local.set $ends (call $new-later))
      (local.set $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (call $return-later (i32.wrap_i64 (local.get $ends)))
      (drop (call $read-later (local.get $from) (i32.const 256)))
      (i32.store (i32.const 256) (i32.add (i32.const 1) (i32.load (i32.const 256))))
      (drop (call $write-later (local.get $end) (i32.const 256)))
      (call $close-later (local.get $end))))
  (core instance $m (instantiate $m (with "" (instance
    (export "memory" (memory $mem)) (export "return" (func $return)) (export "read" (func $read))
    (export "drop" (func $drop)) (export "new" (func $new)) (export "write" (func $write))
    (export "close" (func $close)) (export "return-texts" (func $return-texts))
    (export "new-later" (func $new-later)) (export "write-later" (func $write-later))
    (export "close-later" (func $close-later)) (export "return-later" (func $return-later))
    (export "read-later" (func $read-later))))))
  (func (export "sum") async (param "from" $bytes) (result u32) (canon lift (core func $m "sum") async))
  (func (export "texts") async (result $texts) (canon lift (core func $m "texts") async (memory $mem)))
  (func (export "later") async (param "from" $later) (result $later) (canon lift (core func $m "later") async)))"""


async def _chunks() -> AsyncIterator[bytes]:
    for number in range(1, 5):
        await asyncio.sleep(0.001)
        yield bytes([number] * number)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(b"\x01\x02\x03" * 5, 30), ([1, 2, 250], 253), ([b"\x01\x01", b"", b"\x05"], 7), (_chunks, 30), ([], 0)],
)
def test_python_gives_streams(given: Any, expected: int) -> None:
    exports = instantiate(STREAMS).exports
    assert asyncio.run(exports.sum(given() if callable(given) else given)) == expected


def test_python_reads_streams() -> None:
    exports = instantiate(STREAMS).exports

    async def run() -> list[str]:
        stream = await exports.texts()
        assert isinstance(stream, Stream)
        return [text async for text in stream]

    assert asyncio.run(run()) == ["one", "two", "three"]

    async def first() -> list[str]:
        stream = await exports.texts()
        with stream:
            return await stream.read(1)  # type: ignore[no-any-return]

    assert asyncio.run(first()) == ["one"]
    assert list(asyncio.run(exports.texts())) == ["one", "two", "three"]


def test_futures() -> None:
    exports = instantiate(STREAMS).exports

    async def run(given: Any) -> tuple[int, int]:
        future = await exports.later(given)
        assert isinstance(future, Future)
        return await future, await future

    assert asyncio.run(run(4)) == (5, 5)

    async def later() -> tuple[int, int]:
        return await run(asyncio.sleep(0.001, 9))

    assert asyncio.run(later()) == (10, 10)
    assert asyncio.run(exports.later(1)).result() == 2


@pytest.mark.parametrize(
    ("item", "message"),
    [("x", "item: expected u8 or bytes, got str"), (256, "item: expected u8, got 256, which is out of range")],
)
def test_wrong_items_are_named(item: Any, message: str) -> None:
    async def items() -> AsyncIterator[Any]:
        yield 1
        yield item

    for given in ([1, item], items()):
        with pytest.raises(WrongValue, match=f"^{message}$"):
            asyncio.run(instantiate(STREAMS).exports.sum(given))


def test_failures_after_calls_are_told() -> None:
    told: list[Any] = []

    async def run() -> Any:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["exception"]))
        future = await instantiate(STREAMS).exports.later("x")
        await asyncio.sleep(0.01)
        return future

    future = asyncio.run(run())
    assert [str(error) for error in told] == ["item: expected u32, got str"]
    with pytest.raises(wasmz.Trap, match="deadlock"):
        future.result()


def test_waiting_for_python_is_no_deadlock() -> None:
    async def never() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    with pytest.raises(TimeoutError):
        asyncio.run(_cancelled(instantiate(STREAMS).exports.sum(never())))


async def _cancelled(call: Any) -> None:
    # The guest blocks in a read that cannot be cancelled: so the call is abandoned, and not waited for.
    done, _ = await asyncio.wait([asyncio.ensure_future(call)], timeout=0.05)
    if not done:
        raise TimeoutError


def test_it_works_without_greenlet() -> None:
    if sys.platform == "emscripten":
        pytest.skip("there are no processes")
    code = """
import sys
sys.modules["greenlet"] = None
import asyncio
from tests.component_abi.support import instantiate
from tests.component_abi.test_async import STREAMS, TWICE, _chunks, _fetch
from wasmz.component import fibers
assert fibers.greenlet is None
assert asyncio.run(instantiate(TWICE, fetch=_fetch).exports.twice(4)) == 10
assert asyncio.run(instantiate(STREAMS).exports.sum(_chunks())) == 30
print("done")
"""
    root = Path(__file__).parent.parent.parent
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=root)
    assert (made.stdout, made.returncode) == ("done\n", 0), made.stderr


def test_instances_that_trapped_leave_others_alone() -> None:
    engine = wasmz.Engine()
    store = wasmz.Store(engine)
    linker = Linker(engine)
    linker.define("fetch", _fetch)
    good = linker.instantiate(store, wasmz.Component.compile(engine, parse(TWICE))).exports
    # The callback traps, while another task of its instance waits to go on.
    text = TWICE.replace(
        '(func (export "callback") (param $event i32) (param i32 i32) (result i32)',
        '(func (export "callback") (param $event i32) (param i32 i32) (result i32) unreachable)\n'
        '    (func (export "unused") (param $event i32) (param i32 i32) (result i32)',
    )
    bad = linker.instantiate(store, wasmz.Component.compile(engine, parse(text))).exports

    async def run() -> list[Any]:
        return await asyncio.gather(bad.twice(8), bad.twice(9), return_exceptions=True)

    assert all(isinstance(result, wasmz.Trap) for result in asyncio.run(run()))
    assert asyncio.run(good.twice(8)) == 18
