"""Calls of components, beside wasmtime's own API for them: ``python -m benchmarks.components``.

Both run the same component in one process, in turns, so that what slows the machine down slows both. Times are CPU
time, the median of some rounds. The component passes values back or on; what it computes costs next to nothing.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import wasmz
from tests.spec.suite import find_wasm_tools
from wasmz.component import Linker

# What is called: for each case the export, its type, and a core function of that name.
_CASES = {
    "add": '(param "a" u32) (param "b" u32) (result u32)',
    "text": '(param "a" string) (result string)',
    "bytes": '(param "a" (list u8)) (result (list u8))',
    "size": '(param "a" (list u8)) (result u32)',
    "record": '(param "a" $point) (result $point)',
    "variant": '(param "a" $shape) (result $shape)',
    "records": '(param "a" (list $point)) (result (list $point))',
    "host": '(param "a" u32) (result u32)',
}

_COMPONENT = """(component
  (type $point' (record (field "x" s32) (field "y" f64) (field "name" string)))
  (import "point" (type $point (eq $point')))
  (type $shape' (variant (case "nothing") (case "circle" f64) (case "square" u32)))
  (import "shape" (type $shape (eq $shape')))
  (import "ask" (func $ask (param "a" u32) (result u32)))
  (core func $ask' (canon lower (func $ask)))
  (type $counter' (resource (rep i32)))
  (core func $new (canon resource.new $counter'))
  (export $counter "counter" (type $counter'))
  (core module $m
    (import "" "ask" (func $ask (param i32) (result i32)))
    (import "" "new" (func $new (param i32) (result i32)))
    (memory (export "memory") 64)
    (global $next (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    (func $pair (param i32 i32) (result i32)
      (i32.store (i32.const 1024) (local.get 0)) (i32.store (i32.const 1028) (local.get 1)) (i32.const 1024))
    (func (export "reset") (param i32) (global.set $next (i32.const 65536)))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "text") (param i32 i32) (result i32) (call $pair (local.get 0) (local.get 1)))
    (func (export "bytes") (param i32 i32) (result i32) (call $pair (local.get 0) (local.get 1)))
    (func (export "size") (param i32 i32) (result i32) (global.set $next (i32.const 65536)) (local.get 1))
    (func (export "record") (param i32 f64 i32 i32) (result i32)
      (i32.store (i32.const 1024) (local.get 0)) (f64.store (i32.const 1032) (local.get 1))
      (i32.store (i32.const 1040) (local.get 2)) (i32.store (i32.const 1044) (local.get 3)) (i32.const 1024))
    (func (export "variant") (param i32 i64) (result i32)
      (i32.store8 (i32.const 1024) (local.get 0)) (i64.store (i32.const 1032) (local.get 1)) (i32.const 1024))
    (func (export "records") (param i32 i32) (result i32) (call $pair (local.get 0) (local.get 1)))
    (func (export "host") (param i32) (result i32) (call $ask (local.get 0)))
    (func (export "make") (result i32) (call $new (i32.const 7)))
    (func (export "get") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $m (with "" (instance
    (export "ask" (func $ask')) (export "new" (func $new))))))
  (alias core export $m "memory" (core memory $memory))
  (alias core export $m "realloc" (core func $realloc))
  %s
  (func (export "[constructor]counter") (result (own $counter)) (canon lift (core func $m "make")))
  (func (export "[method]counter.get") (param "self" (borrow $counter)) (result u32)
    (canon lift (core func $m "get"))))"""

_IN_MEMORY = ("text", "bytes", "record", "variant", "records")


def component() -> bytes:
    """The component."""
    functions = []
    for name, type in _CASES.items():
        post = ' (post-return (core func $m "reset"))' if name in _IN_MEMORY else ""
        lift = f'(canon lift (core func $m "{name}") (memory $memory) (realloc $realloc){post})'
        functions.append(f'(func (export "{name}") {type} {lift})')
    text = _COMPONENT % "\n  ".join(functions)
    made = subprocess.run([find_wasm_tools(), "parse", "-"], input=text.encode(), capture_output=True, check=False)
    if made.returncode:
        sys.exit(made.stderr.decode())
    return made.stdout


def _ours(data: bytes) -> dict[str, Callable[[], Any]]:
    engine = wasmz.Engine()
    linker = Linker(engine)
    linker.define("ask", lambda a: a + 1)
    exports = linker.instantiate(wasmz.Store(engine), wasmz.Component.compile(engine, data)).exports
    counter = exports.Counter()
    point_class = type(exports.record({"x": 1, "y": 2.0, "name": "name"}))
    shape = type(exports.variant(("circle", 1.5)))(1.5)
    point = point_class(1, 2.0, "name")
    points = [point] * 1000
    record, records, variant = exports.record, exports.records, exports.variant
    return {
        **_calls(exports.__getitem__),
        "record": lambda: record(point),
        "variant": lambda: variant(shape),
        "list of 1,000 records": lambda: records(points),
        "method of a resource": counter.get,
    }


_SHORT, _LONG, _MEGABYTE = "0123456789abcdef", "0123456789abcdef" * 4096, bytes(range(256)) * 4096


def _calls(find: Callable[[str], Callable[..., Any]]) -> dict[str, Callable[[], Any]]:
    """The calls whose values are the same for both."""
    add, text, data, size, host = map(find, ("add", "text", "bytes", "size", "host"))
    return {
        "add(u32, u32)": lambda: add(1, 2),
        "string of 16 B, there and back": lambda: text(_SHORT),
        "string of 64 KB, there and back": lambda: text(_LONG),
        "list<u8> of 1 MB, there": lambda: size(_MEGABYTE),
        "list<u8> of 1 MB, there and back": lambda: data(_MEGABYTE),
        "call of a host function": lambda: host(1),
    }


def _theirs(data: bytes) -> dict[str, Callable[[], Any]]:
    import wasmtime
    from wasmtime import component as components

    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    linker = components.Linker(engine)
    with linker.root() as root:
        root.add_func("ask", lambda _, a: a + 1)
    instance = linker.instantiate(store, components.Component(engine, data))

    def find(name: str) -> Callable[..., Any]:
        function = instance.get_func(store, name)

        def call(*args: Any) -> Any:
            result = function(store, *args)
            function.post_return(store)
            return result

        return call

    point: Any = components.Record()
    point.x, point.y, point.name = 1, 2.0, "name"
    points = [point] * 1000
    counter = find("[constructor]counter")()
    record, records, variant, get = map(find, ("record", "records", "variant", "[method]counter.get"))
    return {
        **_calls(find),
        "record": lambda: record(point),
        "variant": lambda: variant(1.5),
        "list of 1,000 records": lambda: records(points),
        "method of a resource": lambda: get(counter),
    }


def _time(call: Callable[[], Any], seconds: float) -> float:
    """The CPU time of a call in seconds: the mean of as many as fit into the given time."""
    call()
    start = time.process_time()
    call()
    once = max(time.process_time() - start, 1e-7)
    count = max(1, int(seconds / once))
    start = time.process_time()
    for _ in range(count):
        call()
    return (time.process_time() - start) / count


def measure(rounds: int, seconds: float) -> dict[str, tuple[float, float]]:
    """For each case our time and theirs."""
    data = component()
    ours, theirs = _ours(data), _theirs(data)
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ours}
    gc.disable()
    for _ in range(rounds):
        for name, (mine, others) in found.items():
            mine.append(_time(ours[name], seconds))
            others.append(_time(theirs[name], seconds))
            gc.collect()
    gc.enable()
    return {name: (statistics.median(mine), statistics.median(others)) for name, (mine, others) in found.items()}


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.components", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.02, help="for each case, engine and round")
    options = parser.parse_args()
    print(f"{'':36s}{'wasmz':>12s}{'wasmtime':>12s}{'times':>8s}")
    for name, (ours, theirs) in measure(options.rounds, options.seconds).items():
        print(f"{name:36s}{ours * 1e6:>9.2f} us{theirs * 1e6:>9.2f} us{theirs / ours:>8.1f}")


if __name__ == "__main__":
    main()
