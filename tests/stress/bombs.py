"""Small valid modules that could be expensive to compile, of many shapes: their cost must not be a product.

    python -m tests.stress.bombs                 each shape at each tier: seconds of the processor, peak megabytes
    python -m tests.stress.bombs loops-params    these shapes only

Every module has at most ``SIZE`` bytes, and those for the baseline compiler alone ``LARGE_SIZE``; a shape is as large as
fits. What a module makes the compiler refuse by its budgets (`docs/limits.md`) counts as an answer, if it names the
function.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.wasm.encode import I32, I64, body, module, name, section, signature, signed, unsigned, vector

SIZE = 5_000
MOST_SECONDS, MOST_MEGABYTES = 2.0, 100
TIERS = ("baseline", "continuation", "optimised", "eager", "call")
LARGE, LARGE_SIZE, LARGE_MEGABYTES = "large", 300_000, 200

CONST, DROP, END, LOCAL_GET, LOCAL_SET, LOCAL_TEE = b"\x41\x01", b"\x1a", b"\x0b", b"\x20", b"\x21", b"\x22"
BLOCK, LOOP, IF, ELSE, BR, BR_IF, BR_TABLE, RETURN = (
    b"\x02",
    b"\x03",
    b"\x04",
    b"\x05",
    b"\x0c",
    b"\x0d",
    b"\x0e",
    b"\x0f",
)
CALL, ADD, SELECT, EMPTY = b"\x10", b"\x6a", b"\x1b", b"\x40"


def one(code: bytes, *, types: tuple[bytes, ...] = (), locals: bytes = b"", sections: tuple[bytes, ...] = ()) -> bytes:
    """A module of one exported function without parameters, its type before ``types``; sections 4 and up are given."""
    made = {5: section(5, vector(b"\x00\x01")), 7: section(7, vector(name("f") + b"\x00\x00"))}
    made.update({part[0]: part for part in sections})
    made[1] = section(1, vector(signature(), *types))
    made[3] = section(3, vector(b"\x00"))
    content = (locals or b"\x00") + code + END
    made[10] = section(10, vector(unsigned(len(content)) + content))
    return module(*(made[number] for number in sorted(made)))


def moved(count: int) -> tuple[bytes, ...]:
    """A block type that takes and gives so many numbers."""
    return (signature(I32 * count, I32 * count),)


def given(count: int) -> tuple[bytes, ...]:
    """A block type that gives so many numbers."""
    return (signature(b"", I32 * count),)


def local_group(count: int, type: bytes = I32) -> bytes:
    """Declares so many locals of a type."""
    return unsigned(1) + unsigned(count) + type


def spread(count: int, piece: Callable[[int], bytes]) -> bytes:
    return b"".join(map(piece, range(count)))


def get(index: int) -> bytes:
    return LOCAL_GET + unsigned(index)


def put(index: int) -> bytes:
    return LOCAL_SET + unsigned(index)


Shape = Callable[[int], bytes]
SHAPES: dict[str, Shape] = {
    # Values that blocks take and give
    "loops-params": lambda n: one(CONST * n + b"\x03\x01\x0b" * n + DROP * n, types=moved(n)),
    "loops-params-back": lambda n: one(CONST * n + (LOOP + b"\x01\x41\x00" + BR_IF + b"\x00" + END) * n + DROP * n, types=moved(n)),
    "nested-loops-params": lambda n: one(CONST * n + b"\x03\x01" * n + END * n + DROP * n, types=moved(n)),
    "blocks-params": lambda n: one(CONST * n + b"\x02\x01\x0b" * n + DROP * n, types=moved(n)),
    "blocks-params-exit": lambda n: one(CONST * n + (b"\x02\x01" + CONST + BR_IF + b"\x00" + END) * n + DROP * n, types=moved(n)),
    "blocks-results-br": lambda n: one((b"\x02\x01" + CONST * n + BR + b"\x00" + END + DROP * n) * 5, types=given(n)),
    "ifs-params": lambda n: one(CONST * n + (CONST + IF + b"\x01" + ELSE + END) * n + DROP * n, types=moved(n)),
    "ifs-params-one-arm": lambda n: one(CONST * n + (CONST + IF + b"\x01" + END) * n + DROP * n, types=moved(n)),
    "nested-ifs-params": lambda n: one(CONST * n + (CONST + IF + b"\x01") * n + (ELSE + END) * n + DROP * n, types=moved(n)),
    "br-table-params": lambda n: one(
        CONST * n + b"\x02\x01" * 20 + CONST + BR_TABLE + unsigned(n) + spread(n, lambda i: unsigned(i % 20)) + b"\x00"
        + END * 20 + DROP * n, types=moved(n)),
    "br-ifs-params": lambda n: one(b"\x02\x01" + CONST * n + (CONST + BR_IF + b"\x00") * n + END + DROP * n, types=given(n)),
    "loop-many-back": lambda n: one(
        CONST * n + LOOP + b"\x01" + (b"\x41\x00" + BR_IF + b"\x00") * n + END + DROP * n, types=moved(n)),
    # Locals and blocks
    "locals-blocks": lambda n: one(
        spread(n, lambda i: BLOCK + EMPTY + CONST + put(i) + CONST + BR_IF + b"\x00" + END), locals=local_group(n)),
    "locals-loops": lambda n: one(
        spread(n, lambda i: LOOP + EMPTY + get(i) + BR_IF + b"\x00" + END), locals=local_group(n)),
    "locals-ifs": lambda n: one(
        spread(n, lambda i: get(i) + IF + EMPTY + CONST + put((i * 7) % n) + END), locals=local_group(n)),
    "locals-nested-loops": lambda n: one(
        spread(n, lambda i: LOOP + EMPTY + CONST + put(i)) + spread(n, lambda i: get(n - 1 - i) + BR_IF + b"\x00" + END),
        locals=local_group(n)),
    "many-locals-some-blocks": lambda n: one(
        spread(n, lambda i: get(i * 50) + IF + EMPTY + get(i * 50) + put(i * 50 + 1) + END), locals=local_group(50_000)),
    "wide-locals": lambda n: one(
        spread(n, lambda i: LOOP + EMPTY + get(i) + b"\xa7" + BR_IF + b"\x00" + END), locals=local_group(n, I64)),
    "locals-across-one-loop": lambda n: one(
        LOOP + EMPTY + spread(n, lambda i: get(i) + put((i + 1) % n)) + CONST + b"\x41\x00\x71" + BR_IF + b"\x00" + END,
        locals=local_group(n)),
    "swaps-in-loops": lambda n: one(
        (LOOP + EMPTY + get(0) + get(1) + put(0) + put(1) + get(2) + BR_IF + b"\x00" + END) * n, locals=local_group(3)),
    # Nesting
    "nested-blocks": lambda n: one((BLOCK + EMPTY) * n + END * n),
    "nested-blocks-exits": lambda n: one((BLOCK + EMPTY) * n + spread(n, lambda i: CONST + BR_IF + unsigned(i)) + END * n),
    "nested-loops": lambda n: one((LOOP + EMPTY) * n + END * n),
    "nested-loops-back": lambda n: one((LOOP + EMPTY) * n + spread(n, lambda i: b"\x41\x00" + BR_IF + unsigned(i)) + END * n),
    "nested-ifs": lambda n: one((CONST + IF + EMPTY) * n + END * n),
    "nested-calls": lambda n: one(b"\x41\x00" + b"\x45" * n + DROP),
    "nested-sums": lambda n: one(CONST * n + ADD * (n - 1) + DROP),
    "sums-of-locals": lambda n: one(get(0) * n + ADD * (n - 1) + put(0), locals=local_group(1)),
    "nested-selects": lambda n: one(CONST * 2 + (CONST + SELECT + CONST) * n + DROP * 2),
    "tees": lambda n: one(CONST + spread(n, lambda i: LOCAL_TEE + unsigned(i % 50)) + DROP, locals=local_group(50)),
    "pending-reads": lambda n: one(get(0) * n + CONST + put(0) + DROP * n, locals=local_group(1)),
    "loads": lambda n: one(b"\x41\x00" + b"\x28\x02\x00" * n + DROP),
    "stores": lambda n: one((b"\x41\x00\x41\x00\x36\x02\x00") * n),
    "memory-loops": lambda n: one(
        (LOOP + EMPTY + get(0) + get(0) + b"\x2d\x00\x00\x3a\x00\x01" + get(0) + CONST + ADD + LOCAL_TEE + b"\x00\x41\x64\x49"
         + BR_IF + b"\x00" + END) * n, locals=local_group(1)),
    "unreachable-code": lambda n: one(b"\x00" + ADD * n + DROP),
    "unreachable-blocks": lambda n: one(b"\x00" + b"\x02\x01\x0b" * n + DROP * 100, types=moved(100)),
    # Jumps
    "long-br-table": lambda n: one(BLOCK + EMPTY + CONST + BR_TABLE + unsigned(n) + b"\x00" * (n + 1) + END),
    "br-tables-labels": lambda n: one(
        (BLOCK + EMPTY) * n + (CONST + BR_TABLE + unsigned(n) + spread(n, unsigned) + b"\x00" + END) + END * (n - 1)),
    "many-br-tables": lambda n: one(
        (BLOCK + EMPTY + CONST + BR_TABLE + unsigned(40) + b"\x00" * 41 + END) * n),
    "returns": lambda n: one((CONST + IF + EMPTY + RETURN + END) * n),
    # Calls, types, sections
    "calls-params": lambda n: module(
        section(1, vector(signature(), signature(I32 * n, I32 * n))), section(3, vector(b"\x00", b"\x01")),
        section(7, vector(name("f") + b"\x00\x00")),
        section(10, vector(body(CONST * n + (CALL + b"\x01") * n + DROP * n), body(spread(n, get))))),
    "calls-doubling": lambda n: module(
        section(1, vector(signature())), section(3, vector(*(b"\x00",) * n)), section(7, vector(name("f") + b"\x00\x00")),
        section(10, vector(*(body((CALL + unsigned(i + 1)) * 2) for i in range(n - 1)), body(b"")))),
    "calls-doubling-values": lambda n: module(
        section(1, vector(signature(I32, I32), signature())), section(3, vector(b"\x01", *(b"\x00",) * n)),
        section(7, vector(name("f") + b"\x00\x00")),
        section(10, vector(body(CONST + CALL + b"\x01" + DROP), *(
            body(get(0) + CALL + unsigned(i + 2) + CALL + unsigned(i + 2)) for i in range(n - 1)), body(get(0))))),
    "types-tables": lambda n: one(
        spread(n, lambda i: b"\x41\x00\x11" + unsigned(i % n) + unsigned(i % 100)), types=(signature(),) * n,
        sections=(section(4, vector(*(b"\x70\x00\x0a",) * 100)),)),
    "many-functions": lambda n: module(
        section(1, vector(signature())), section(3, vector(*(b"\x00",) * n)), section(7, vector(name("f") + b"\x00\x00")),
        section(10, vector(*(body(b""),) * n))),
    "globals-chain": lambda n: one(
        b"\x23" + unsigned(n - 1) + DROP,
        sections=(section(6, vector(b"\x7f\x00\x41\x01\x0b", *(
            b"\x7f\x00\x23" + unsigned(i) + b"\x23" + unsigned(i) + b"\x6a\x0b" for i in range(n - 1)))),)),
    "exports": lambda n: one(b"", sections=(section(7, vector(name("f") + b"\x00\x00", *(
        name(f"e{i}") + b"\x00\x00" for i in range(n)))),)),
    "element-segments": lambda n: one(
        b"", sections=(section(4, vector(b"\x70\x00\x0a")), section(9, vector(*(b"\x00\x41\x00\x0b\x01\x00",) * n)))),
    "table-of-millions": lambda n: one(b"", sections=(section(4, vector(b"\x70\x00" + unsigned(9_999_999))),)),
    "nested-handlers": lambda n: one((b"\x1f\x40\x01\x02\x00" + CALL + b"\x00") * n + END * n + b"\x00" if n > 1 else b""),
}  # fmt: skip


# For baseline code alone, and as large as real functions are at most: what costs the baseline compiler much here costs
# it as much for each kilobyte of a small one.
WIDE = CONST * 1_000
LARGE_SHAPES: dict[str, Shape] = {
    "dead-ends": lambda n: one((BLOCK + EMPTY + BR + b"\x00" + CONST + DROP + END) * n),
    "dead-ends-nested": lambda n: one((BLOCK + EMPTY) * n + (b"\x00\x01" + END) * n),
    "wide-blocks-nested": lambda n: one(WIDE + b"\x02\x01" * n + END * n + DROP * 1_000, types=moved(1_000)),
    "wide-blocks": lambda n: one(WIDE + (b"\x02\x01" + END) * n + DROP * 1_000, types=moved(1_000)),
    "wide-ifs": lambda n: one(WIDE + (CONST + IF + b"\x01" + ELSE + END) * n + DROP * 1_000, types=moved(1_000)),
    "distinct-accesses": lambda n: one(spread(n, lambda i: CONST + b"\x2a\x02" + unsigned(200 + i) + DROP)),
    "distinct-constants": lambda n: one(spread(n, lambda i: b"\x41" + signed(1_000 + i) + DROP)),
    "statements-in-operand": lambda n: one(CONST * 900 + (get(0) + put(0)) * n + ADD * 899 + DROP, locals=local_group(1)),
}  # fmt: skip


def build(shape: Shape, size: int = SIZE) -> bytes:
    """The largest module of a shape that has at most ``size`` bytes."""
    low, high = 2, 6_000 * size // SIZE
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(shape(middle)) <= size else (low, middle - 1)
    return shape(low)


def measure(shape_name: str, tier: str) -> tuple[float, int, str]:
    """Seconds of the processor, megabytes at the peak, and the error or nothing; to be called in a fresh process."""
    import resource
    import time

    import wasmz
    from wasmz.runtime.abi import BASELINE, OPTIMISED, CodeForm

    # Beyond this, a shape has failed anyway.
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    is_large = tier == LARGE
    data = build(LARGE_SHAPES[shape_name], LARGE_SIZE) if is_large else build(SHAPES[shape_name])
    start = time.process_time()
    error = ""
    try:
        if is_large:
            from wasmz.baseline.function import compile_function
            from wasmz.compile.on_demand import TierCompiler

            compiler = TierCompiler(data, wasmz.Config())
            compile_function(compiler.baseline, compiler.module.bodies[0])
        elif tier in ("call", "eager"):
            config = wasmz.Config(use_cache=False, max_call_depth=50, fuel=None if tier == "eager" else 100_000)
            if tier == "eager":
                config = wasmz.Config(use_cache=False, compile_mode="eager")
            engine = wasmz.Engine(config)
            compiled = wasmz.Module.compile(engine, data)
            if tier == "call":
                try:
                    wasmz.Instance(wasmz.Store(engine), compiled).exports.f()
                except wasmz.Trap:
                    pass
        else:
            from wasmz.compile.on_demand import TierCompiler

            form = {"baseline": BASELINE, "optimised": OPTIMISED, "continuation": CodeForm.of(0)}[tier]
            compiler = TierCompiler(data, wasmz.Config())
            if form.loop is None or 0 in compiler.pipeline.build_index(0, 0).loops:
                compiler.compile(0, form)
    except Exception as caught:
        error = f"{type(caught).__name__}: {str(caught)[:200]}"
    return time.process_time() - start, _peak(), error


def _peak() -> int:
    """The most memory that this process has held, in megabytes."""
    import resource

    try:
        # Linux's rusage has what the parent held when it forked.
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1024
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // (1 << 20 if sys.platform == "darwin" else 1024)


def run(shape_name: str, tier: str) -> tuple[float, int, str]:
    """The same, from a process of its own."""
    code = f"import json; from tests.stress.bombs import measure; print(json.dumps(measure({shape_name!r}, {tier!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)
    if done.returncode:
        return 0.0, 0, f"exit status {done.returncode}: {done.stderr[-300:]}"
    seconds, megabytes, error = json.loads(done.stdout)
    return seconds, megabytes, error


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stress.bombs", description="Compile small costly modules.")
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=f"of: {', '.join([*SHAPES, *LARGE_SHAPES])}")
    failed = 0
    for shape_name in parser.parse_args().shapes or [*SHAPES, *LARGE_SHAPES]:
        for tier in TIERS if shape_name in SHAPES else (LARGE,):
            seconds, megabytes, error = run(shape_name, tier)
            most_megabytes = LARGE_MEGABYTES if tier == LARGE else MOST_MEGABYTES
            over = seconds > MOST_SECONDS or megabytes > most_megabytes or error.startswith("exit")
            failed += over
            print(f"{shape_name:26} {tier:13} {seconds:6.2f} s {megabytes:5} MB  {'OVER ' * over}{error}", flush=True)
    bounds = f"{MOST_SECONDS} s or {MOST_MEGABYTES} MB (large ones: {LARGE_MEGABYTES} MB)"
    print(f"{len(SHAPES) + len(LARGE_SHAPES)} shapes, {failed} beyond {bounds}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
