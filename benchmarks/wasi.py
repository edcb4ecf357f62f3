"""Throughput of files: 100 MB through ``fd_read`` and ``fd_write``, and through the same loops in Python.

throughput(rounds=5)    -> {"read": {"wasmz": 4100.0, "os.readv": 5200.0}, "write": {...}}, megabytes a second
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.timing import measure

MODULE = Path(__file__).parent / "micro" / "wasi.wasm"
PIECE_BYTES = 1 << 16
PIECES = 1_526
TOTAL_BYTES = PIECES * PIECE_BYTES


def throughput(rounds: int) -> dict[str, dict[str, float]]:
    """Megabytes a second, of the median round; the file lies in the temporary folder, and in the system's cache."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        source.write_bytes(os.urandom(PIECE_BYTES) * PIECES)
        target.write_bytes(bytes(TOTAL_BYTES))
        exports = _instantiate(folder)
        buffer = memoryview(bytearray(PIECE_BYTES))

        def read_by_hand() -> int:
            total = 0
            with source.open("rb", buffering=0) as file:
                fd = file.fileno()
                while got := os.readv(fd, [buffer]):
                    total += got
            return total

        def write_by_hand() -> int:
            total = 0
            with target.open("rb+", buffering=0) as file:
                fd = file.fileno()
                while total < TOTAL_BYTES:
                    total += os.writev(fd, [buffer])
            return total

        contenders: dict[str, dict[str, Callable[[], int]]] = {
            "read": {"wasmz": exports.read, "os.readv": read_by_hand},
            "write": {"wasmz": partial(exports.write, TOTAL_BYTES), "os.writev": write_by_hand},
        }
        times = {}
        for title, functions in contenders.items():
            for name, function in functions.items():
                if function() != TOTAL_BYTES:
                    raise AssertionError(f"{name} did not {title} everything")
            times[title] = measure(functions, rounds)
    return {
        title: {name: TOTAL_BYTES / 1e6 / statistics.median(seconds) for name, seconds in by_name.items()}
        for title, by_name in times.items()
    }


def _instantiate(folder: str) -> Any:
    import wasmz

    engine = wasmz.Engine()
    linker = wasmz.Linker(engine)
    linker.define_wasi(wasmz.WasiConfig().preopen_dir(folder, "/"))
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, MODULE), linker).exports
