"""Calls, callbacks and memory access from Python: through ``wasmtime``, ``wasmz.wasmtime``, and wasmz itself.

python -m benchmarks.binding                    nanoseconds of CPU time, the best of rounds that are interleaved
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from time import process_time
from typing import Any

import wasmtime

import wasmz
import wasmz.wasmtime

TEXT = """(module
    (import "" "callback" (func $callback (param i32) (result i32)))
    (memory (export "memory") 1)
    (global (export "global") (mut i32) (i32.const 5))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "mixed") (param i32 i64 f32 f64) (result f64) (local.get 3))
    (func (export "loop") (param i32) (local i32)
        (loop $again
            (local.set 1 (call $callback (local.get 1)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"""

CONTENDERS = ("wasmtime", "wasmz.wasmtime", "wasmz")
Case = Callable[[int], object]


def binding_cases(w: Any) -> dict[str, Case]:
    """What is timed, by name, through the binding or the drop-in: functions of a number of repetitions."""
    store = w.Store()
    type = w.FuncType([w.ValType.i32()], [w.ValType.i32()])
    module = w.Module(store.engine, bytes(wasmtime.wat2wasm(TEXT)))
    exports = w.Instance(store, module, [w.Func(store, type, lambda number: number + 1)]).exports(store)
    add, mixed, loop, memory = (exports[name] for name in ("add", "mixed", "loop", "memory"))
    value, piece = exports["global"], bytearray(64)
    return {
        "call (i32, i32)": repeated(lambda: add(store, 3, 4)),
        "call (i32, i64, f32, f64)": repeated(lambda: mixed(store, 3, 4, 5.0, 6.0)),
        "callback (i32)": lambda count: loop(store, count),
        "read 64 bytes": repeated(lambda: memory.read(store, 100, 164)),
        "read 64 KiB": repeated(lambda: memory.read(store, 0, 65536)),
        "write 64 bytes": repeated(lambda: memory.write(store, piece, 100)),
        "read a global": repeated(lambda: value.value(store)),
    }


def own_cases() -> dict[str, Case]:
    """The same with wasmz's own API."""
    source = bytes(wasmtime.wat2wasm(TEXT))
    exports = wasmz.instantiate(source, {"": {"callback": lambda number: number + 1}}).exports
    add, mixed, memory, value, piece = exports.add, exports.mixed, exports.memory, exports["global"], bytearray(64)
    return {
        "call (i32, i32)": repeated(lambda: add(3, 4)),
        "call (i32, i64, f32, f64)": repeated(lambda: mixed(3, 4, 5.0, 6.0)),
        "callback (i32)": exports.loop,
        "read 64 bytes": repeated(lambda: memory.read(100, 64)),
        "read 64 KiB": repeated(lambda: memory.read(0, 65536)),
        "write 64 bytes": repeated(lambda: memory.write(100, piece)),
        "read a global": repeated(lambda: value.value),
    }


def repeated(function: Callable[[], object]) -> Case:
    """Calls a function so many times."""

    def run(count: int) -> None:
        for _ in range(count):
            function()

    return run


def nanoseconds(cases: list[Case], rounds: int) -> list[float]:
    """The best time of each contender's case, for one repetition."""
    best = [float("inf")] * len(cases)
    counts = [2_000, 50_000, 50_000]
    for _ in range(rounds):
        for position, (case, count) in enumerate(zip(cases, counts, strict=True)):
            started = process_time()
            case(count)
            best[position] = min(best[position], (process_time() - started) / count * 1e9)
    return best


def main() -> int:
    """Prints a table."""
    about = "Times calls, callbacks and memory access through wasmtime, wasmz.wasmtime and wasmz."
    parser = argparse.ArgumentParser(prog="python -m benchmarks.binding", description=about)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    contenders = [binding_cases(wasmtime), binding_cases(wasmz.wasmtime), own_cases()]
    print(f"| nanoseconds | {' | '.join(CONTENDERS)} | drop-in: times faster | wasmz: times faster |")
    print("|---|---|---|---|---|---|")
    for name in contenders[0]:
        best = nanoseconds([cases[name] for cases in contenders], rounds)
        cells = [f"{value:,.0f}" for value in best] + [f"{best[0] / value:.1f}" for value in best[1:]]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
