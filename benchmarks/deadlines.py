"""How long after its deadline a guest is stopped, by what keeps it busy, in the main thread and in another.

latency("table.fill", in_thread=True)       -> seconds
latencies(10)                               -> the median of ten for each kind and thread
"""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import wasmz
from wasmz import Config, Engine, Instance, Linker, Module, Store, WasiConfig

DEADLINE = 0.05

# What a guest does over and over: declarations, locals, and the body of the loop.
LOOPS: dict[str, tuple[str, str, str]] = {
    "nothing": ("", "", ""),
    "arithmetic": ("", "(local $x f64)", "(local.set $x (f64.sqrt (f64.add (local.get $x) (f64.const 1))))"),
    "division helper": (
        "",
        "(local $x i64)",
        "(local.set $x (i64.sub (i64.rem_s (local.get $x) (i64.const 7)) (i64.const 99)))",
    ),
    "loads and stores": (
        "(memory 1)",
        "(local $i i32)",
        (
            "(i32.store (i32.and (local.get $i) (i32.const 0xfffc)) (local.get $i))"
            "(local.set $i (i32.add (i32.load (i32.and (local.get $i) (i32.const 0xfff0))) (i32.const 4)))"
        ),
    ),
    "calls": ("(func $g)", "", "(call $g)"),
    "indirect calls": (
        "(type $t (func)) (table 1 funcref) (elem (i32.const 0) $g) (func $g)",
        "",
        "(call_indirect (type $t) (i32.const 0))",
    ),
    "byte loop of 256 MiB": (
        "(memory 4096)",
        "(local $i i32)",
        (
            "(local.set $i (i32.const 0)) (loop $b (i32.store8 (local.get $i) (i32.const 7))"
            "(br_if $b (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 0xfffffff))))"
        ),
    ),
    "memory.fill of 1 GiB": ("(memory 16384)", "", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x40000000))"),
    "memory.copy of 256 MiB": (
        "(memory 8192)",
        "",
        "(memory.copy (i32.const 0x8000000) (i32.const 0) (i32.const 0x10000000))",
    ),
    "memory.copy of 64 bytes": ("(memory 1)", "", "(memory.copy (i32.const 64) (i32.const 0) (i32.const 64))"),
    "memory.grow": ("(memory 1 2)", "", "(drop (memory.grow (i32.const 1)))"),
    "short atomic waits": (
        "(memory 1 1 shared)",
        "",
        "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 1000)))",
    ),
    "endless atomic wait": (
        "(memory 1 1 shared)",
        "",
        "(drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))",
    ),
    "atomic.rmw": ("(memory 1 1 shared)", "", "(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))"),
    "atomic.notify": ("(memory 1 1 shared)", "", "(drop (memory.atomic.notify (i32.const 0) (i32.const 1)))"),
    "table.fill": (
        "(table 5000000 funcref)",
        "",
        "(table.fill (i32.const 0) (ref.null func) (i32.const 5000000))",
    ),
    "table.copy": (
        "(table 5000000 funcref)",
        "",
        "(table.copy (i32.const 1) (i32.const 0) (i32.const 4999999))",
    ),
    "table.grow": ("(table 1 2 funcref)", "", "(drop (table.grow (ref.null func) (i32.const 1)))"),
    "table.init": (
        "(table 9 funcref) (func $g) (elem $e func $g $g $g)",
        "",
        "(table.init $e (i32.const 0) (i32.const 0) (i32.const 3))",
    ),
    "array.new of 400 MB": (
        "(type $a (array (mut i64)))",
        "",
        "(drop (array.new $a (i64.const 1) (i32.const 50000000)))",
    ),
    "array.fill": (
        "(type $a (array (mut i8)))",
        "(local $x (ref null $a))",
        (
            "(if (ref.is_null (local.get $x)) (then (local.set $x (array.new_default $a (i32.const 100000000)))))"
            "(array.fill $a (local.get $x) (i32.const 0) (i32.const 3) (i32.const 100000000))"
        ),
    ),
    "array.copy": (
        "(type $a (array (mut i32)))",
        "(local $x (ref null $a))",
        (
            "(if (ref.is_null (local.get $x)) (then (local.set $x (array.new_default $a (i32.const 20000000)))))"
            "(array.copy $a $a (local.get $x) (i32.const 1) (local.get $x) (i32.const 0) (i32.const 19999999))"
        ),
    ),
    "struct.new": ("(type $s (struct (field i32)))", "", "(drop (struct.new $s (i32.const 1)))"),
    "ref.cast": (
        "(type $s (sub (struct (field i32)))) (type $u (sub $s (struct (field i32) (field i32))))",
        "(local $x (ref null $s))",
        "(local.set $x (struct.new $u (i32.const 1) (i32.const 2))) (drop (ref.cast (ref $u) (local.get $x)))",
    ),
    "vectors": (
        "",
        "(local $x v128)",
        "(local.set $x (f32x4.sqrt (f32x4.add (local.get $x) (v128.const f32x4 1 2 3 4))))",
    ),
    "exceptions": (
        "(tag $t (param i32))",
        "(local $x i32)",
        "(local.set $x (block $c (result i32) (try_table (catch $t $c) (throw $t (i32.const 1))) (i32.const 2)))",
    ),
}

# Calls of WASI that wait: import, and the call. Descriptor 3 is a socket.
CALLS: dict[str, tuple[str, str]] = {
    "fd_read of an empty pipe": (
        "fd_read (param i32 i32 i32 i32)",
        "(i32.const 0) (i32.const 64) (i32.const 1) (i32.const 80)",
    ),
    "fd_write to a full pipe": (
        "fd_write (param i32 i32 i32 i32)",
        "(i32.const 1) (i32.const 64) (i32.const 1) (i32.const 80)",
    ),
    "poll_oneoff": (
        "poll_oneoff (param i32 i32 i32 i32)",
        "(i32.const 128) (i32.const 256) (i32.const 1) (i32.const 80)",
    ),
    "sock_recv": (
        "sock_recv (param i32 i32 i32 i32 i32 i32)",
        "(i32.const 3) (i32.const 64) (i32.const 1) (i32.const 0) (i32.const 80) (i32.const 84)",
    ),
    "sock_send": (
        "sock_send (param i32 i32 i32 i32 i32)",
        "(i32.const 3) (i32.const 64) (i32.const 1) (i32.const 0) (i32.const 80)",
    ),
    "sock_accept": ("sock_accept (param i32 i32 i32)", "(i32.const 4) (i32.const 0) (i32.const 80)"),
    "random_get": ("random_get (param i32 i32)", "(i32.const 65536) (i32.const 0x1000000)"),
}

# Besides: the work is done before any export is called, or by the compiler.
OTHERS = ("start function", "initial value of a global", "compilation")
KINDS = (*LOOPS, *CALLS, *OTHERS)


def _assembled(text: str) -> bytes:
    # Imported only here: benchmarks can be listed without it.
    from wasmtime import wat2wasm

    return bytes(wat2wasm(text))


@cache
def binary(kind: str) -> bytes:
    """The module of a kind, which exports the function ``f``."""
    if kind in CALLS:
        imported, arguments = CALLS[kind]
        name, _, types = imported.partition(" ")
        # A vector of 1 MiB at 65536; a subscription to a clock in a day.
        return _assembled(f"""(module
          (import "wasi_snapshot_preview1" "{name}" (func $call {types} (result i32)))
          (memory (export "memory") 512) (data (i32.const 64) "\\00\\00\\01\\00\\00\\00\\10\\00")
          (data (i32.const 144) "\\01") (data (i32.const 152) "\\00\\00\\00\\00\\00\\30\\00\\00")
          (func (export "f") (loop $l (drop (call $call {arguments})) (br $l))))""")
    if kind == "start function":
        return _assembled("(module (func $s (loop $l (br $l))) (start $s))")
    if kind == "initial value of a global":
        array = "(global (ref $a) (array.new $a (i64.const 1) (i32.const 50000000)))"
        return _assembled(f"(module (type $a (array (mut i64))) {array * 30})")
    if kind == "compilation":
        steps = "(local.set $x (i32.add (i32.mul (local.get $x) (local.get $y)) (i32.load (local.get $x))))" * 40
        body = f"(block (br_if 0 (local.get $y)) {steps})" * 2700
        return _assembled(f'(module (memory 1) (func (export "f") (local $x i32) (local $y i32) {body}))')
    declarations, local, body = LOOPS[kind]
    return _assembled(f'(module {declarations} (func (export "f") {local} (loop $l {body} (br $l))))')


@contextmanager
def _linked(engine: Engine, kind: str) -> Iterator[Linker]:
    """A linker with what the guest waits for."""
    linker = Linker(engine)
    if kind not in CALLS:
        yield linker
        return
    empty, full = os.pipe(), os.pipe()
    os.set_blocking(full[1], False)
    try:
        while True:
            os.write(full[1], bytes(1 << 16))
    except BlockingIOError:
        os.set_blocking(full[1], True)
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as server:
        config = WasiConfig(stdin=empty[0], stdout=full[1], stderr=None)
        linker.define_wasi(config.preopen_socket(ours).preopen_socket(server))
        try:
            yield linker
        finally:
            for number in (*empty, *full):
                os.close(number)


def latency(kind: str, *, in_thread: bool, **settings: Any) -> float:
    """Seconds from the deadline until the guest has been stopped; ``RuntimeError`` if it ended otherwise."""
    engine = Engine(Config(use_cache=False, **settings))
    store = Store(engine)
    module = Module.compile(engine, binary(kind))
    outcome: list[Any] = []

    def run(linker: Linker) -> None:
        run_export: Callable[[], object] | None = None
        if kind in LOOPS or kind in CALLS or kind == "compilation":
            run_export = Instance(store, module, linker).exports.f
        started = time.monotonic()
        store.set_deadline(DEADLINE)
        try:
            if run_export is None:
                Instance(store, module, linker)
            else:
                run_export()
            outcome.append("returned")
        except wasmz.Interrupted:
            outcome.append(time.monotonic() - started - DEADLINE)
        except Exception as error:
            outcome.append(repr(error))
        finally:
            store.set_deadline(None)

    with _linked(engine, kind) as linker:
        if in_thread:
            thread = threading.Thread(target=run, args=(linker,))
            thread.start()
            thread.join()
        else:
            run(linker)
    if not isinstance(outcome[0], float):
        raise RuntimeError(f"{kind}: the guest was not stopped, but {outcome[0]}")
    return outcome[0]


def latencies(times: int) -> dict[str, tuple[float, float]]:
    """For each kind, the median latency in seconds in the main thread, and in another."""
    found = {}
    for kind in KINDS:
        main, other = (
            statistics.median(latency(kind, in_thread=in_thread) for _ in range(times)) for in_thread in (False, True)
        )
        found[kind] = main, other
    return found
