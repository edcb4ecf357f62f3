"""Threads that share instances, modules and the compiler, with the shortest turns: no crash, no wrong value.

    python -m tests.stress.threads                 20 seconds of each kind
    python -m tests.stress.threads --seconds 600 --kind shared --kind compile

Kinds: ``shared`` is 8 threads that make the first calls of one instance, and call it until everything is optimised;
``instances`` is 8 threads with instances of one module, ``compile`` 8 threads that compile modules of their own,
``tier-up`` one instance whose functions are hot at once. Every result is compared with Python's own arithmetic.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import struct
import sys
import threading
import time
from collections.abc import Callable

import wasmz
from tests.support.turns import short_turns
from wasmz.text import assemble

THREADS = 8
TURN = 1e-5

# Calls of every kind, singles, a table, tail calls, loops that become hot in the middle; nothing that threads share.
SOURCE = """
(module
  (type $unary (func (param i32) (result i32)))
  (table 4 funcref)
  (elem (i32.const 0) $add $double $square $same)
  (memory 1)
  (func $add (type $unary) (i32.add (local.get 0) (i32.const {seed})))
  (func $double (type $unary) (i32.shl (local.get 0) (i32.const 1)))
  (func $square (type $unary) (i32.mul (local.get 0) (local.get 0)))
  (func $same (type $unary) (local.get 0))
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "sum") (param $n i32) (result i64) (local $s i64)
    (loop $again
      (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 3)) (i64.extend_i32_u (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))
  (func (export "single") (param $x f32) (param $n i32) (result f32)
    (loop $again
      (local.set $x (f32.add (f32.mul (local.get $x) (f32.const 1.1)) (f32.const {seed})))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "table") (param $x i32) (param $n i32) (result i32)
    (loop $again
      (local.set $x (call_indirect (type $unary) (local.get $x) (i32.and (local.get $n) (i32.const 3))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func $odd (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
    (return_call $even (i32.sub (local.get 0) (i32.const 1))))
  (func $even (export "even") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
  (func (export "own") (param $at i32) (param $n i32) (result i32)
    (i32.store (local.get $at) (i32.const 0))
    (loop $again
      (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (local.get $n)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.load (local.get $at))))
"""

Check = tuple[str, tuple[object, ...], object]


def module_bytes(seed: int) -> bytes:
    """The module above, with a constant that makes it another one."""
    return assemble(SOURCE.replace("{seed}", str(seed)))


def signed(value: int, bits: int = 32) -> int:
    """As Python sees an integer of the guest's."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def single(value: float) -> float:
    """The nearest single."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def make_check(seed: int, number: int, choose: random.Random) -> Check:
    """A call, and its result; ``number`` is the thread's, which has bytes of the memory for itself."""
    name = choose.choice(("fib", "sum", "single", "table", "even", "own"))
    count = choose.randrange(1, 60)
    if name == "fib":
        before, after = 0, 1
        for _ in range(count % 9):
            before, after = after, before + after
        return name, (count % 9,), before
    if name == "sum":
        total = 0
        for n in range(count, 0, -1):
            total = total * 3 + n
        return name, (count,), signed(total, 64)
    if name == "single":
        x = start = float(choose.randrange(100))
        for _ in range(count):
            x = single(single(x * single(1.1)) + single(float(seed)))
        return name, (start, count), x
    if name == "table":
        x = start = choose.randrange(1 << 31)
        for n in range(count, 0, -1):
            x = (x + seed, x << 1, x * x, x)[n & 3] & 0xFFFF_FFFF
        return name, (start, count), signed(x)
    if name == "even":
        return name, (count,), int(count % 2 == 0)
    return name, (64 * number, count), count * (count + 1) // 2


def call_at_random(instance: wasmz.Instance, seed: int, number: int, calls: int, choose: random.Random) -> list[str]:
    """Makes calls; what was wrong."""
    wrong = []
    for _ in range(calls):
        name, args, expected = make_check(seed, number, choose)
        try:
            got = getattr(instance.exports, name)(*args)
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
        if got != expected:
            wrong.append(f"{name}{args} gave {got!r}, expected {expected!r}")
    return wrong


def in_threads(work: Callable[[int], list[str]]) -> list[str]:
    """Runs work in threads that begin at the same moment; what was wrong in any."""
    start, wrong = threading.Barrier(THREADS), []

    def run(number: int) -> None:
        start.wait()
        try:
            wrong.extend(work(number))
        except BaseException as error:
            wrong.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def open_module(seed: int, *, is_hot: bool = False) -> wasmz.Module:
    """A module that nothing is compiled of; ``is_hot`` has everything compiled again after a few calls."""
    config = wasmz.Config(use_cache=False, _thresholds=(4, 4, 0, 1) if is_hot else ())
    return wasmz.Module.compile(wasmz.Engine(config), module_bytes(seed))


def share(seed: int, calls: int, *, is_hot: bool = False) -> list[str]:
    """All threads call one instance, first calls included."""
    module = open_module(seed, is_hot=is_hot)
    instance = wasmz.Instance(wasmz.Store(module.engine), module)
    wrong = in_threads(lambda number: call_at_random(instance, seed, number, calls, random.Random(seed * 8 + number)))
    # Afterwards nothing may have stayed broken.
    return wrong + call_at_random(instance, seed, 0, 30, random.Random(seed))


def tier_up(seed: int, calls: int) -> list[str]:
    """The same, where everything is hot at once."""
    return share(seed, calls, is_hot=True)


def instances(seed: int, calls: int) -> list[str]:
    """Each thread has an instance of one module."""
    module = open_module(seed, is_hot=bool(seed % 2))

    def work(number: int) -> list[str]:
        instance = wasmz.Instance(wasmz.Store(module.engine), module)
        return call_at_random(instance, seed, number, calls, random.Random(seed * 8 + number))

    return in_threads(work)


def compile_all(seed: int, calls: int) -> list[str]:
    """Each thread compiles a module of its own."""

    def work(number: int) -> list[str]:
        own = seed * THREADS + number
        config = wasmz.Config(use_cache=False, compile_mode="eager" if number % 2 else "smart")
        module = wasmz.Module.compile(wasmz.Engine(config), module_bytes(own))
        instance = wasmz.Instance(wasmz.Store(module.engine), module)
        return call_at_random(instance, own, number, calls, random.Random(own))

    return in_threads(work)


KINDS: dict[str, Callable[[int, int], list[str]]] = {
    "shared": share,
    "instances": instances,
    "compile": compile_all,
    "tier-up": tier_up,
}


def stress(kind: str, seconds: float, first: int = 1, calls: int = 60) -> tuple[int, list[str]]:
    """Repeats a kind with other seeds until the time is over; how often, and what was wrong."""
    end = time.monotonic() + seconds
    wrong: list[str] = []
    done = 0
    with short_turns(TURN):
        while done == 0 or time.monotonic() < end:
            # Small enough to be exact as a single.
            wrong += [f"seed {first + done}: {problem}" for problem in KINDS[kind]((first + done) % 1_000_000, calls)]
            done += 1
    return done, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each kind")
    parser.add_argument("--kind", action="append", choices=list(KINDS))
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    options = parser.parse_args()
    faulthandler.enable()
    is_wrong = False
    for kind in options.kind or KINDS:
        done, wrong = stress(kind, options.seconds, options.first)
        is_wrong |= bool(wrong)
        print(f"{kind:10} {done:6} times, {THREADS} threads: {len(wrong)} wrong", *wrong[:5], sep="\n    ", flush=True)
    return int(is_wrong)


if __name__ == "__main__":
    sys.exit(main())
