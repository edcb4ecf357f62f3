"""Random orders of everything that makes, changes or ends a memory.

    python -m tests.stress.memory --orders 10000 [--seed 0] [--jobs 2]

An order makes an instance with a memory, and lets several actors work on it: the main thread, other threads, a signal
handler, finalizers that the garbage collector calls, and what interrupts the runtime's own code between two lines of it
(a trace function does, so that each place is met). Any of them may be stopped by an exception. They grow, close, copy,
pickle, read, write, wait, notify, fork, and keep or drop views, slices and iterators.

The memory's bytes lie between canaries, and are overwritten with poison when they are freed. Each byte that is read
must be one that was written: neither canary nor poison. The canaries must be whole, and all views agree with the
memory's size. Orders run in child processes under ``faulthandler``: a crash, or a child that takes too long, names its
orders, and ``--seed N --orders 1`` repeats one.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import faulthandler
import gc
import mmap
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

from wasmtime import wat2wasm

import wasmz
from tests.support.turns import short_turns
from wasmz.runtime.memory import linear as memory_module
from wasmz.runtime.memory import views as views_module
from wasmz.runtime.memory.views import WIDTHS, NativeViews, extent

CANARY, POISON, LARGEST_BYTE = 0xA5, 0xDB, 0x7F
MARGIN = 256
# The most address space that memories reserve here; growing beyond it moves them.
CAPACITY = 4096
# Otherwise a forked child would write to its parent's memory.
PRIVATE: dict[str, int] = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
# A child process that takes longer for its orders is waiting for ever.
SECONDS = 300
ORDERS_PER_CHILD = 250

GUEST = """
(module
  (memory (export "m") 16 20000 (pagesize 1))
  (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "word") (param i32) (result i64) (i64.load offset=3 (local.get 0)))
  (func (export "poke") (param i32) (i32.store8 (local.get 0) (i32.const 66)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "spread") (param $n i32) (result i32)
    (local $i i32)
    (loop $l
      (drop (memory.grow (i32.const 3)))
      (i32.store8 (local.get $i) (i32.const 33))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.load8_u (i32.const 1)))
  (func (export "sum") (param $n i32) (result i32)
    (local $i i32) (local $s i32)
    (loop $l
      (local.set $s (i32.or (local.get $s) (i32.load8_u (local.get $i))))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $s))
  (func (export "fill") (param i32 i32) (memory.fill (local.get 0) (i32.const 7) (local.get 1))))
"""

# Errors of accesses to a memory that is closed, too small, or changed meanwhile.
EXPECTED = (wasmz.Trap, IndexError, ValueError)


class Broken(AssertionError):
    """Something that must not happen."""


class Stopped(Exception):
    """What a signal handler raises."""


# Printed by buffers whose canaries were changed, when they are freed.
damaged: list[str] = []


def _finish(backing: Any) -> None:
    wanted = bytes((CANARY,)) * MARGIN
    if not backing.is_ready:
        # Its maker was stopped.
        return
    if backing[:MARGIN] != wanted or backing[-MARGIN:] != wanted:
        places = [i for i, byte in enumerate(backing) if byte != CANARY and not MARGIN <= i < len(backing) - MARGIN]
        damaged.append(
            f"{len(places)} bytes were written outside of a memory of {len(backing) - 2 * MARGIN} bytes, "
            f"{bytes(backing[places[0] : places[0] + 4])!r} at {places[0] - MARGIN}"
        )
    backing[:] = bytes((POISON,)) * len(backing)


class MappedBacking(mmap.mmap):
    """Address space that is poisoned before it is unmapped."""

    is_ready = False

    def __del__(self) -> None:
        _finish(self)


class HeapBacking(bytearray):
    """The same of the heap."""

    is_ready = False

    def __del__(self) -> None:
        _finish(self)


class Allocator:
    """Stands in for the runtime's own: puts canaries around each buffer, and looks after them."""

    def __init__(self, random: random.Random) -> None:
        self.mapped = random.random() < 0.5
        self.reserve = random.choice((0, 64, CAPACITY))

    def allocate(self, size: int, capacity: int, spare: int) -> Any:
        length = max(size, 1, min(capacity, self.reserve)) if self.reserve else max(size + spare, 1)
        whole = length + 2 * MARGIN
        backing: Any = MappedBacking(-1, whole, **PRIVATE) if self.mapped else HeapBacking(whole)
        backing[:MARGIN] = backing[-MARGIN:] = bytes((CANARY,)) * MARGIN
        backing.is_ready = True
        return memoryview(backing)[MARGIN : MARGIN + length]


def may_raise(frame: FrameType | None) -> bool:
    """Whether what is interrupted passes exceptions on: finalizers do not."""
    while frame is not None:
        if frame.f_code.co_name in ("__del__", "_remove"):
            return False
        frame = frame.f_back
    return True


def check_number(number: int | float, width: int) -> None:
    """Every byte of a number that was read must be one that someone wrote."""
    if isinstance(number, int):
        for byte in (number & ((1 << 8 * width) - 1)).to_bytes(width, "little"):
            if byte > LARGEST_BYTE:
                raise Broken(f"{byte:#x} was read, which no one has written")


class Order:
    """One order: what is there, and what the actors do with it."""

    # Of the last one, for messages.
    kind = ""

    def __init__(self, seed: int, engine: wasmz.Engine, module: wasmz.Module) -> None:
        self.random = random.Random(seed)
        self.allocator = Allocator(self.random)
        self.store: Any = wasmz.Store(engine)
        self.memory: Any = None
        self.exports: Any = None
        # What users keep, and the native views and their slices, which no one should have.
        self.kept: list[Any] = []
        self.stoppable = self.random.random() < 0.3
        self.depth = 0
        instance = wasmz.Instance(self.store, module)
        self.memory = instance.exports.m
        # Called once before anything happens: first calls are not what this is about.
        calls = {"peek": (0,), "word": (0,), "poke": (0,), "grow": (0,), "spread": (1,), "sum": (1,), "fill": (0, 1)}
        self.exports = SimpleNamespace(**{name: getattr(instance.exports, name) for name in calls})
        for name, arguments in calls.items():
            getattr(self.exports, name)(*arguments)
        self.memory.notify(0)
        self.actions: list[Callable[[random.Random], None]] = [
            *(self.grow, self.grow, self.grow_guest, self.spread, self.make_view, self.make_view, self.read, self.read),
            *(
                self.write,
                self.sum,
                self.keep,
                self.keep,
                self.check_kept,
                self.drop,
                self.copy,
                self.fill,
                self.notify,
            ),
        ]

    # Actions

    def grow(self, random: random.Random) -> None:
        old = self.memory.grow(random.choice((0, 1, 1, 7, 100, 1000)))
        if not -1 <= old <= 20_000:
            raise Broken(f"grow gave {old}")

    def grow_guest(self, random: random.Random) -> None:
        self.exports.grow(random.choice((0, 1, 5, 300)))

    def spread(self, random: random.Random) -> None:
        if self.exports.spread(random.randrange(1, 60)) > LARGEST_BYTE:
            raise Broken("the guest read what no one has written")

    def sum(self, random: random.Random) -> None:
        if self.exports.sum(random.choice((1, 10, 16, 50, 200))) > LARGEST_BYTE:
            raise Broken("the guest read what no one has written")

    def fill(self, random: random.Random) -> None:
        self.exports.fill(random.randrange(40), random.randrange(40))

    def make_view(self, random: random.Random) -> None:
        format = random.choice([*WIDTHS])
        offset, stride = random.randrange(40), random.choice((1, 1, 2, 4))
        view = self.memory._strided(format, offset, stride)
        if random.random() < 0.1:
            self.kept.append((view, WIDTHS[format]))
        self.check_view(random, view, WIDTHS[format])

    def read(self, random: random.Random) -> None:
        place = random.randrange(1200)
        check_number(self.exports.peek(place), 1)
        check_number(self.exports.word(random.randrange(40)), 8)
        for byte in (*self.memory.read(random.randrange(20), 9), self.memory[random.randrange(20)]):
            check_number(byte, 1)

    def write(self, random: random.Random) -> None:
        self.exports.poke(random.choice((0, 15, 16, 100, 4000)))
        self.memory.write(random.randrange(20), b"<>")
        self.memory[3:6] = b"abc"
        self.memory.write_value(8, "I", 0x01020304)

    def keep(self, random: random.Random) -> None:
        kind = random.randrange(4)
        if kind == 0:
            self.kept.append((self.memory.view(), 1))
        elif kind == 1:
            self.kept.append((self.memory.slice(0, 4), 1))
        elif kind == 2:
            self.kept.append((self.memory._strided("H")[: random.randrange(20)], 2))
        else:
            self.kept.append((iter(self.memory._strided("I", 0)[::2]), 4))

    def check_kept(self, random: random.Random) -> None:
        if self.kept:
            item, width = random.choice(self.kept)
            if hasattr(item, "__next__"):
                number = next(item, None)
                if number is not None:
                    check_number(number, width)
            else:
                self.check_view(random, item, width)

    def drop(self, random: random.Random) -> None:
        if self.kept:
            with contextlib.suppress(IndexError):
                self.kept.pop()

    def copy(self, random: random.Random) -> None:
        how = random.choice((copy.copy, copy.deepcopy, pickle.dumps))
        try:
            how(self.memory)
        except TypeError:
            return
        raise Broken("a memory was copied")

    def notify(self, random: random.Random) -> None:
        self.memory.notify(random.choice((0, 4, 8)))

    def close(self, random: random.Random) -> None:
        (self.store.close if random.random() < 0.5 else self.memory.close)()
        if len(self.memory) or self.memory.grow(1) != -1:
            raise Broken("the memory is not closed")

    def fork(self, random: random.Random) -> None:
        # Threads do not exist in the child; what they were doing must not go on, either.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if not child:
            sys.settrace(None)
            code = 1
            with contextlib.suppress(BaseException):
                signal.alarm(0)
                for action in (self.grow, self.read, self.make_view, self.notify, self.check_kept, self.close):
                    with contextlib.suppress(*EXPECTED):
                        action(random)
                self.check_views()
                code = 0
            os._exit(code)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                if status:
                    raise Broken(f"a forked child ended with {status}")
                return
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise Broken("a forked child waits for ever")

    def check_view(self, random: random.Random, view: Any, width: int) -> None:
        """Reads the first, the last and some other item."""
        length = len(view)
        for index in (0, length - 1, random.randrange(length)) if length else ():
            try:
                number = view[index]
            except IndexError:
                continue
            check_number(number, width)

    # Actors

    def act(self, random: random.Random, count: int) -> None:
        """So many actions, each of which may be stopped."""
        for _ in range(count):
            with contextlib.suppress(*EXPECTED, Stopped):
                random.choice(self.actions)(random)

    def interrupt(self, random: random.Random) -> None:
        """What comes in between: an action, and an exception now and then."""
        if self.depth > 2:
            return
        self.depth += 1
        try:
            self.act(random, 1)
            if random.random() < 0.05:
                with contextlib.suppress(*EXPECTED):
                    self.close(random)
        finally:
            self.depth -= 1
        if self.stoppable and random.random() < 0.3 and may_raise(sys._getframe()):
            raise Stopped

    def run(self) -> None:
        random = self.random
        kinds = ["threads", "signals", "finalizers", "lines", "lines"]
        kind = Order.kind = random.choice(kinds)
        with contextlib.suppress(Stopped):
            getattr(self, f"run_with_{kind}")(random)
        self.check_views()
        if random.random() < 0.02 and hasattr(os, "fork"):
            self.fork(random)
        if random.random() < 0.7:
            # A stopped close can be repeated.
            with contextlib.suppress(*EXPECTED):
                self.close(random)
            self.check_views()
            if not self.stoppable and self.store.memory_budget.total_used:
                raise Broken(f"{self.store.memory_budget.total_used} bytes are still counted")
        # What is kept may outlive the memory, the instance and the store.
        for name in random.sample(["memory", "exports", "store"], random.randrange(4)):
            setattr(self, name, None)
        self.actions.clear()
        for _ in range(len(self.kept)):
            with contextlib.suppress(*EXPECTED):
                self.check_kept(random)
        self.kept.clear()
        if damaged:
            raise Broken(damaged.pop())

    def run_with_threads(self, seeds: random.Random) -> None:
        broken: list[BaseException] = []

        def work(own: random.Random) -> None:
            try:
                self.act(own, 12)
            except BaseException as error:
                broken.append(error)

        threads = [
            threading.Thread(target=work, args=(random.Random(seeds.random()),)) for _ in range(seeds.randrange(1, 4))
        ]
        for thread in threads:
            thread.start()
        self.act(seeds, 6)
        if seeds.random() < 0.5:
            with contextlib.suppress(*EXPECTED):
                self.close(seeds)
        self.act(seeds, 3)
        for thread in threads:
            thread.join()
        if broken:
            raise broken[0]

    def run_with_signals(self, random: random.Random) -> None:
        if not hasattr(signal, "setitimer"):
            return self.run_with_lines(random)
        before = signal.signal(signal.SIGALRM, lambda *_: self.interrupt(random))
        try:
            for _ in range(4):
                with contextlib.suppress(Stopped):
                    signal.setitimer(signal.ITIMER_REAL, random.uniform(2e-5, 3e-4), 2e-4)
                    self.act(random, 8)
                with contextlib.suppress(Stopped):
                    signal.setitimer(signal.ITIMER_REAL, 0)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        return None

    def run_with_finalizers(self, random: random.Random) -> None:
        broken: list[BaseException] = []
        order = self

        class Finalized:
            def __init__(self) -> None:
                self.itself = self

            def __del__(self) -> None:
                try:
                    order.interrupt(random)
                except (Stopped, *EXPECTED):
                    pass
                except BaseException as error:
                    broken.append(error)

        thresholds = gc.get_threshold()
        gc.set_threshold(5)
        try:
            for _ in range(20):
                Finalized()
                self.act(random, 2)
        finally:
            gc.set_threshold(*thresholds)
        if broken:
            raise broken[0]

    def run_with_lines(self, random: random.Random) -> None:
        """Interrupts the runtime's code before lines of it."""
        files = {memory_module.__file__, views_module.__file__}
        left = random.randrange(1, 120)

        def trace_line(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            if event == "line":
                left -= 1
                if left <= 0:
                    left = random.randrange(1, 120)
                    sys.settrace(None)
                    try:
                        self.interrupt(random)
                    finally:
                        sys.settrace(trace_call)
            return trace_line

        def trace_call(frame: FrameType, event: str, _: Any) -> Any:
            return trace_line if frame.f_code.co_filename in files else None

        for _ in range(4):
            with contextlib.suppress(Stopped):
                sys.settrace(trace_call)
                self.act(random, 6)
        sys.settrace(None)
        if random.random() < 0.4:
            with contextlib.suppress(*EXPECTED):
                self.close(random)

    def check_views(self) -> None:
        """All views are exactly as long as the memory lets them be."""
        memory = self.memory
        for (format, offset, stride), view in memory._views.known.items():
            if len(view) != extent(len(memory), offset, WIDTHS[format], stride):
                raise Broken(f"a view has {len(view)} items in a memory of {len(memory)} bytes")
            self.check_view(self.random, view, WIDTHS[format])
        views = memory._views
        if isinstance(views, NativeViews) and id(views._buffer) not in views._buffers:
            raise Broken("views point to a buffer that they do not own")


def run_orders(first: int, count: int) -> None:
    """Runs some orders in this process. Raises what is wrong with one, with its seed."""
    allocate = memory_module._allocate
    data = wat2wasm(GUEST)
    modules = []
    for settings in ({"opt_level": 0}, {"opt_level": 2}, {"compile_mode": "eager"}):
        engine = wasmz.Engine(wasmz.Config(use_cache=False, **settings))
        modules.append((engine, wasmz.Module.compile(engine, data)))
    try:
        with short_turns(1e-5):
            for seed in range(first, first + count):
                engine, module = modules[seed % len(modules)]
                chosen = Allocator(random.Random(seed))
                memory_module._allocate = chosen.allocate
                try:
                    Order(seed, engine, module).run()
                except BaseException as error:
                    error.add_note(f"in order {seed}, which ran with {Order.kind}")
                    raise
    finally:
        memory_module._allocate = allocate


class Last:
    """Acts once more when the interpreter shuts down, while a thread goes on that is not waited for."""

    def __init__(self, seed: int) -> None:
        engine = wasmz.Engine(wasmz.Config(use_cache=False))
        self.random = random.Random(seed)
        self.order = Order(seed, engine, wasmz.Module.compile(engine, wat2wasm(GUEST)))
        self.order.stoppable = False
        self.expected, self.broken = Exception, Broken
        threading.Thread(target=self.order.act, args=(random.Random(seed), 1 << 30), daemon=True).start()

    def __del__(self) -> None:
        try:
            self.order.interrupt(self.random)
        except self.broken:
            raise
        except self.expected:
            pass  # modules are taken apart already


last: list[Last] = []


def run_child(first: int, count: int) -> subprocess.Popen[str]:
    """A process that runs some orders."""
    command = [sys.executable, "-m", "tests.stress.memory", "--child", "--seed", str(first), "--orders", str(count)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first order")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        faulthandler.enable()
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        run_orders(options.seed, options.orders)
        last.extend(Last(options.seed + number) for number in range(3))
        return 0
    end = options.seed + options.orders
    waiting = [(first, min(ORDERS_PER_CHILD, end - first)) for first in range(options.seed, end, ORDERS_PER_CHILD)]
    running: list[tuple[int, int, subprocess.Popen[str]]] = []
    started, failures = time.monotonic(), 0
    while waiting or running:
        while waiting and len(running) < options.jobs:
            first, count = waiting.pop(0)
            running.append((first, count, run_child(first, count)))
        first, count, process = running.pop(0)
        output = process.communicate()[0]
        if process.returncode or output:
            failures += 1
            print(
                f"orders {first} to {first + count - 1}: exit status {process.returncode}\n{output[-4000:]}", flush=True
            )
    seconds = time.monotonic() - started
    print(f"{options.orders} orders in {seconds:.0f} s, {failures} of their processes failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
