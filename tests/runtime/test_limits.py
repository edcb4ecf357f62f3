"""Limits for untrusted code: fuel, deadlines, interrupts, memory, tables; the process is intact after them."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

import wasmz
from wasmz import Config, Engine, Instance, Linker, Module, Store, TrapCode

# How long a limit may take to stop something on a busy machine; it is 5 to 15 ms on an idle one.
PROMPTLY = 0.5

PROGRAM = wat2wasm("""
(module
  (import "host" "sleep" (func $sleep))
  (import "host" "call" (func $call))
  (memory (export "memory") 1)
  (table (export "table") 1 funcref)
  (type $t (func (param i32) (result i32)))
  (func (export "answer") (result i32) i32.const 42)
  (func $sum (export "sum") (param $n i32) (result i32) (local $s i32)
    (loop $again
      (local.set $s (i32.add (local.get $s) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))
  (func $fib (export "fib") (param $n i32) (result i32)
    (if (result i32) (i32.lt_u (local.get $n) (i32.const 2)) (then (local.get $n))
      (else (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1)))
                     (call $fib (i32.sub (local.get $n) (i32.const 2)))))))
  (func (export "clear") (param $to i32) (local $i i32)
    (loop $again
      (i32.store8 (local.get $i) (i32.const 7))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $to)))))
  (func $tail (export "tail") (param $n i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 5))))
    (return_call $tail (i32.sub (local.get $n) (i32.const 1))))
  (func (export "twice") (param $n i32) (result i32)
    (i32.add (call $sum (local.get $n)) (call $sum (local.get $n))))
  (func (export "spin") (loop $forever (br $forever)))
  (func (export "spin_with_work") (param $x f64)
    (loop $forever (local.set $x (f64.sqrt (f64.add (local.get $x) (f64.const 1)))) (br $forever)))
  (func (export "spin_in_memory") (local $i i32)
    (loop $forever
      (i32.store (i32.and (local.get $i) (i32.const 0xfffc)) (local.get $i))
      (local.set $i (i32.add (i32.load offset=8 (i32.and (local.get $i) (i32.const 0xfff0))) (local.get $i)))
      (br $forever)))
  (func $call_each_other (export "call_each_other") (loop $forever (call $nothing) (br $forever)))
  (func $nothing)
  (func $recurse (export "recurse") (call $recurse) (call $nothing))
  (func (export "grow_for_ever") (loop $forever (drop (memory.grow (i32.const 1))) (br $forever)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "grow_table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0)))
  (func (export "grow_table_for_ever")
    (loop $forever (drop (table.grow (ref.null func) (i32.const 100))) (br $forever)))
  (func (export "sleep") (call $sleep))
  (func (export "call") (loop $forever (call $call) (br $forever)))
)
""")


class Guest:
    """An instance of the program above, with functions of the host that can be replaced."""

    def __init__(self, limiter: wasmz.ResourceLimiter | None = None, **settings: Any) -> None:
        engine = Engine(Config(use_cache=False, **settings))
        self.store = Store(engine, limiter=limiter)
        linker = Linker(engine)
        self.on_call: Any = lambda: None
        linker.define("host", "sleep", lambda: time.sleep(60))
        linker.define("host", "call", self.call_back)
        self.instance = Instance(self.store, Module.compile(engine, PROGRAM), linker)
        self.exports = self.instance.exports

    def call_back(self) -> None:
        self.on_call()


def forms() -> Iterator[Any]:
    for level in (0, 2):
        yield pytest.param({"opt_level": level, "compile_mode": "eager"}, id=f"O{level}")
    yield pytest.param({"compile_mode": "smart", "_thresholds": (1, 1, 0, 0)}, id="tiers")


every_form = pytest.mark.parametrize("form", [*forms()])


def check_whole(guest: Guest) -> None:
    """The guest's other functions still work, and so do those of other instances."""
    guest.store.set_deadline(None)
    assert guest.exports.answer() == 42
    assert Guest().exports.sum(10) == 55


# Fuel


@every_form
@pytest.mark.parametrize(
    ("name", "argument", "used"),
    [
        ("answer", None, 1),
        # The call, and each iteration of the loop.
        ("sum", 10, 1 + 10),
        ("sum", 1000, 1 + 1000),
        # fib(n) makes 2 fib(n + 1) - 1 calls.
        ("fib", 10, 2 * 89 - 1),
        ("clear", 100, 1 + 100),
        # A tail call is a call.
        ("tail", 50, 51),
        ("twice", 10, 1 + 2 * (1 + 10)),
    ],
)
def test_fuel_is_a_unit_for_each_call_and_round(
    form: dict[str, Any], name: str, argument: int | None, used: int
) -> None:
    guest = Guest(fuel=10_000, **form)
    arguments = () if argument is None else (argument,)
    for calls in (1, 2, 3):
        guest.instance.call(name, *arguments)
        assert guest.store.fuel == 10_000 - calls * used
    guest.store.set_fuel(used)
    guest.instance.call(name, *arguments)
    assert guest.store.fuel == 0
    guest.store.set_fuel(used - 1)
    with pytest.raises(wasmz.OutOfFuel) as caught:
        guest.instance.call(name, *arguments)
    assert caught.value.code is TrapCode.OUT_OF_FUEL
    assert caught.value.frames
    assert guest.store.fuel == 0
    guest.store.set_fuel(5)
    check_whole(guest)


@every_form
def test_effects_before_the_end_of_the_fuel_stay(form: dict[str, Any]) -> None:
    guest = Guest(fuel=31, **form)
    with pytest.raises(wasmz.OutOfFuel):
        guest.exports.clear(100)
    assert guest.exports.memory[:40] == b"\7" * 30 + bytes(10)


@every_form
@pytest.mark.parametrize("name", ["spin", "spin_in_memory", "call_each_other", "recurse"])
def test_fuel_ends_what_would_never_end(form: dict[str, Any], name: str) -> None:
    guest = Guest(fuel=3000, **form)
    with pytest.raises(wasmz.OutOfFuel):
        guest.instance.call(name)
    guest.store.set_fuel(10)
    check_whole(guest)


@every_form
def test_the_host_may_set_fuel_during_a_call(form: dict[str, Any]) -> None:
    guest = Guest(fuel=100, **form)
    seen: list[Any] = []

    def refill() -> None:
        seen.append(guest.store.fuel)
        guest.store.set_fuel(10 if len(seen) < 4 else 0)

    guest.on_call = refill
    with pytest.raises(wasmz.OutOfFuel):
        guest.exports.call()
    assert seen == [98, 9, 9, 9]


def test_without_fuel_there_is_none_to_set() -> None:
    store = Store()
    assert store.fuel is None
    with pytest.raises(ValueError, match="Config"):
        store.set_fuel(1)
    for units in (-1, sys.maxsize + 1):
        with pytest.raises(ValueError, match="fuel must be between"):
            Config(fuel=units)
        with pytest.raises(ValueError, match="fuel must be between"):
            Store(Engine(Config(fuel=1))).set_fuel(units)


def test_code_that_uses_no_fuel_cannot_get_around_it() -> None:
    module = Module.compile(Engine(Config(use_cache=False)), PROGRAM)
    with pytest.raises(ValueError, match="compile it with the store's engine"):
        Instance(Store(Engine(Config(fuel=1))), module)


def test_metered_code_runs_in_a_store_without_limit() -> None:
    wasm = wat2wasm('(module (func (export "f") (result i32) (i32.const 3)))')
    module = Module.compile(Engine(Config(use_cache=False, fuel=1)), wasm)
    function = Instance(Store(), module).exports.f
    assert [function() for _ in range(5)] == [3] * 5


def test_the_cache_keeps_metered_code_apart(cache_dir: Path) -> None:
    for fuel in (None, 100, 50, None):
        engine = Engine(Config(fuel=fuel, compile_mode="eager"))
        store = Store(engine)
        linker = Linker(engine)
        module = Module.compile(engine, PROGRAM)
        linker.define_unknown_as_traps(module)
        assert Instance(store, module, linker).exports.sum(10) == 55
        assert store.fuel == (None if fuel is None else fuel - 11)


# Deadlines and interrupts


@every_form
@pytest.mark.parametrize(
    "name", ["spin", "spin_with_work", "spin_in_memory", "call_each_other", "grow_for_ever", "call", "sleep"]
)
def test_deadline_stops_everything(form: dict[str, Any], name: str) -> None:
    guest = Guest(**form)
    arguments = (1.0,) if name == "spin_with_work" else ()
    started, used = time.monotonic(), time.thread_time()
    guest.store.set_deadline(0.05)
    with pytest.raises(wasmz.Interrupted) as caught:
        guest.instance.call(name, *arguments)
    assert time.monotonic() - started >= 0.05
    assert time.thread_time() - used < 0.05 + PROMPTLY
    assert caught.value.code is TrapCode.INTERRUPTED
    assert caught.value.frames or name == "spin"
    check_whole(guest)


def test_deadline_in_another_thread() -> None:
    guest = Guest()
    outcome: list[Any] = []

    def work() -> None:
        outcome.append(guest.instance.try_call("spin_in_memory"))

    thread = threading.Thread(target=work)
    guest.store.set_deadline(0.05)
    thread.start()
    thread.join(10)
    assert outcome[0].trap.code is TrapCode.INTERRUPTED
    check_whole(guest)


def test_code_called_after_the_deadline_is_stopped_too() -> None:
    guest = Guest()
    guest.store.set_deadline(0)
    for _ in range(3):
        with pytest.raises(wasmz.Interrupted):
            guest.exports.spin()
    check_whole(guest)


def test_deadline_that_is_moved_or_taken_away() -> None:
    guest = Guest()
    guest.store.set_deadline(0.02)
    guest.store.set_deadline(None)
    time.sleep(0.05)
    assert guest.exports.fib(20) == 6765
    guest.store.set_deadline(0.01)
    guest.store.set_deadline(60)
    time.sleep(0.03)
    assert guest.exports.fib(20) == 6765
    guest.store.close()
    for wrong in (-1, float("nan")):
        with pytest.raises(ValueError, match="deadline"):
            guest.store.set_deadline(wrong)


@pytest.mark.parametrize("seconds", [1e10, 1e300, float("inf")])
def test_deadlines_that_never_come(seconds: float) -> None:
    """The thread that keeps deadlines waits for all of them."""
    guest, other = Guest(), Guest()
    guest.store.set_deadline(seconds)
    assert guest.exports.fib(20) == 6765
    other.store.set_deadline(0.02)
    with pytest.raises(wasmz.Interrupted):
        other.exports.spin()
    other.store.close()
    time.sleep(0.02)
    assert "wasmz deadlines" in [thread.name for thread in threading.enumerate()]
    guest.store.set_deadline(0.02)
    with pytest.raises(wasmz.Interrupted):
        guest.exports.spin()
    guest.store.set_deadline(None)


def test_only_the_store_itself_is_stopped() -> None:
    guest, other = Guest(), Guest()
    guest.store.set_deadline(0)
    ended = time.monotonic() + 0.1
    while time.monotonic() < ended:
        assert other.exports.fib(12) == 144
    other.on_call = guest.exports.spin
    with pytest.raises(wasmz.Interrupted):
        other.exports.call()
    check_whole(guest)


def test_nothing_is_raised_outside_of_the_guest() -> None:
    """Short calls, so that the sending meets every stage of entering and leaving, also of growing memories."""
    guest = Guest()
    guest.store.set_deadline(0)
    ended = time.monotonic() + 1.0
    stopped = 0
    while time.monotonic() < ended:
        try:
            guest.exports.sum(50)
            guest.exports.grow(int(len(guest.exports.memory) < 1 << 28))
            guest.exports.fib(6)
        except wasmz.Interrupted:
            stopped += 1
        for _ in range(20):
            pass
    assert stopped
    memory = guest.exports.memory
    memory[len(memory) - 1] = 1
    check_whole(guest)


def test_interrupt_from_another_thread() -> None:
    guest = Guest()
    threading.Timer(0.05, guest.store.interrupt).start()
    with pytest.raises(wasmz.Interrupted):
        guest.exports.spin_in_memory()
    guest.store.interrupt()
    assert guest.exports.fib(10) == 55
    check_whole(guest)


def test_interrupt_by_a_function_of_the_host() -> None:
    guest = Guest()
    guest.on_call = guest.store.interrupt
    with pytest.raises(wasmz.Interrupted) as caught:
        guest.exports.call()
    assert caught.value.frames
    check_whole(guest)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers that send signals")
def test_interrupt_from_a_signal_handler() -> None:
    guest = Guest()
    before = signal.signal(signal.SIGALRM, lambda number, frame: guest.store.interrupt())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(wasmz.Interrupted):
            guest.exports.spin_with_work(1.0)
    finally:
        signal.signal(signal.SIGALRM, before)
    check_whole(guest)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process")
def test_control_c_stops_the_command(tmp_path: Path) -> None:
    path = tmp_path / "spin.wasm"
    path.write_bytes(wat2wasm('(module (func (export "_start") (loop $forever (br $forever))))'))
    command = [sys.executable, "-m", "wasmz", "run", "--no-cache", str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode not in (0, -signal.SIGKILL)
    assert b"Traceback" not in errors


def test_limits_of_the_command(tmp_path: Path) -> None:
    path = tmp_path / "spin.wasm"
    path.write_bytes(wat2wasm('(module (func (export "_start") (loop $forever (br $forever))))'))
    for option, message in (
        ("--fuel=1000", "all fuel consumed"),
        ("--timeout=0.2", "stopped after the 0.2 s of --timeout"),
    ):
        command = [sys.executable, "-m", "wasmz", "run", "--no-cache", option, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, message in done.stderr) == (1, True), done.stderr


# Memory, tables, depth


@every_form
def test_memory_bomb(form: dict[str, Any]) -> None:
    guest = Guest(mem_limit_bytes=40 * 65536, **form)
    used = time.thread_time()
    guest.store.set_deadline(0.05)
    with pytest.raises(wasmz.Interrupted):
        guest.exports.grow_for_ever()
    assert time.thread_time() - used < PROMPTLY + 0.05
    assert guest.store.memory_budget.total_used == len(guest.exports.memory) == 40 * 65536
    check_whole(guest)


@every_form
def test_table_bomb(form: dict[str, Any]) -> None:
    guest = Guest(table_limit=1000, **form)
    used = time.thread_time()
    guest.store.set_deadline(0.05)
    with pytest.raises(wasmz.Interrupted):
        guest.exports.grow_table_for_ever()
    assert time.thread_time() - used < PROMPTLY + 0.05
    assert guest.store.table_budget.total_used == len(guest.exports.table) == 901
    check_whole(guest)


def test_limits_hold_when_things_are_made() -> None:
    with pytest.raises(wasmz.MemoryLimit, match="65535"):
        Guest(mem_limit_bytes=65535)
    with pytest.raises(wasmz.Trap, match="limit of 0 elements"):
        Guest(table_limit=0)
    with pytest.raises(ValueError, match="table_limit"):
        Config(table_limit=-1)


def test_tables_that_are_gone_do_not_count() -> None:
    store = Store(Engine(Config(table_limit=10)))
    for _ in range(5):
        table = wasmz.Table(store, wasmz.TableType(wasmz.ValType.FUNCREF, 6))
        assert table.grow(4) == 6
        del table
    assert store.table_budget.total_used == 0


class _Asked(wasmz.ResourceLimiter):
    def __init__(self) -> None:
        self.asked: list[Any] = []

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        self.asked.append(("memory", current, desired, maximum))
        return desired <= 3 * 65536

    def table_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        self.asked.append(("table", current, desired, maximum))
        return desired <= 5


def test_limiter_decides() -> None:
    limiter = _Asked()
    guest = Guest(limiter=limiter)
    assert limiter.asked == [("memory", 0, 65536, None), ("table", 0, 1, None)]
    # To the guest it looks like a lack of memory, and does not stop it.
    assert [guest.exports.grow(2), guest.exports.grow(1)] == [1, -1]
    assert [guest.exports.grow_table(4), guest.exports.grow_table(1)] == [1, -1]
    assert limiter.asked[2:] == [
        *(("memory", 65536, 3 * 65536, None), ("memory", 3 * 65536, 4 * 65536, None)),
        *(("table", 1, 5, None), ("table", 5, 6, None)),
    ]


def test_limiter_that_raises_ends_the_call() -> None:
    class Refusing(wasmz.ResourceLimiter):
        def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
            if current:
                raise wasmz.MemoryLimit("not with me")
            return True

    guest = Guest(limiter=Refusing())
    with pytest.raises(wasmz.MemoryLimit, match="not with me"):
        guest.exports.grow(1)
    assert len(guest.exports.memory) == 65536
    check_whole(guest)


@every_form
def test_endless_recursion(form: dict[str, Any]) -> None:
    guest = Guest(max_call_depth=500, **form)
    used = time.thread_time()
    with pytest.raises(wasmz.Trap) as caught:
        guest.exports.recurse()
    assert time.thread_time() - used < PROMPTLY
    assert caught.value.code is TrapCode.STACK_OVERFLOW
    check_whole(guest)


@pytest.mark.skipif(sys.platform == "emscripten", reason="no threads here")
@pytest.mark.parametrize("opt_level", [0, 2])
def test_counted_calls_take_no_c_stack(opt_level: int) -> None:
    """So a thread's stack may be small, whatever the number of calls."""
    types = "i32 i64 f64 f32 " * 3
    module = wat2wasm(f"""(module (table 1 funcref) (elem (i32.const 0) $indirect)
      (func $none (export "none") (result i32) (i32.add (call $none) (i32.const 1)))
      (func $many (export "many") (param {types}) (result i32)
        (i32.add (call $many {" ".join(f"(local.get {n})" for n in range(12))}) (i32.const 1)))
      (func $indirect (export "indirect") (param i32) (result i32)
        (i32.add (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0)) (i32.const 1))))""")
    config = Config(max_call_depth=12_000, opt_level=opt_level, compile_mode="eager", use_cache=False)
    exports = wasmz.instantiate(module, engine=Engine(config)).exports
    codes = []

    def run() -> None:
        for name, args in (("none", ()), ("many", (1, 2, 3.0, 4.0) * 3), ("indirect", (1,))):
            try:
                exports[name](*args)
            except wasmz.Trap as trap:
                codes.append(trap.code)

    # CPython 3.13 itself needs more: it frees the entries of a long traceback one within the other.
    size = threading.stack_size((256 if sys.version_info < (3, 13) else 2048) << 10)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(size)
    thread.join()
    assert codes == [TrapCode.STACK_OVERFLOW] * 3
