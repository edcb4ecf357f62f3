"""Whole modules compiled in several processes: the same bytes, the same errors."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import wasmz
from tests.wasm.encode import I32, function
from wasmz.artifact.pyc import encode_pyc, hash_source
from wasmz.compile import parallel
from wasmz.compile.pipeline import compile_module
from wasmz.errors import WasmFrame

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "tests" / "programs" / "report.wasm"


def done_of(seen: list[int]) -> Callable[[int, int], None]:
    """What keeps the numbers that progress is reported with; at last the number of all."""

    def progress(number: int, of: int) -> None:
        seen.append(number)
        if number == of:
            seen.append(of)

    return progress


@pytest.mark.parametrize("level", [0, 2])
def test_same_bytes_whatever_the_number(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_CHUNK_BYTES", 2_000)
    data = PROGRAM.read_bytes()
    config = wasmz.Config(opt_level=level)
    contents = set()
    for jobs in (1, 2, 3):
        done: list[int] = []
        image, code = parallel.compile_frozen(data, config, jobs, done_of(done))
        contents.add(encode_pyc(image, hash_source(data), code))
        count = len(image.body_offsets)
        assert done == [*range(1, count + 1), count]
    # Nor does it matter whether code existed as objects in between.
    contents.add(encode_pyc(compile_module(data, config), hash_source(data)))
    assert len(contents) == 1


def test_first_error_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_CHUNK_BYTES", 1)
    # Two functions, of which the second adds no names.
    data = (
        b"\0asm\1\0\0\0\x01\x04\x01\x60\x00\x00\x03\x04\x03\x00\x00\x00"
        b"\x0a\x0b\x03\x02\x00\x0b\x03\x00\x6a\x0b\x02\x00\x0b"
    )
    errors = []
    for jobs in (1, 2):
        with pytest.raises(wasmz.InvalidWasm) as caught:
            parallel.compile_frozen(data, wasmz.Config(), jobs)
        errors.append((str(caught.value), caught.value.offset, caught.value.function))
    assert errors[0] == errors[1]
    assert errors[0][2] == "1"


def test_command(tmp_path: Path) -> None:
    written = []
    for jobs in ("1", "2"):
        target = tmp_path / f"{jobs}.pyc"
        command = [sys.executable, "-m", "wasmz", "compile", "--jobs", jobs, str(PROGRAM), "-o", str(target)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, check=True, env=environment, capture_output=True, timeout=200)
        written.append(target.read_bytes())
    assert written[0] == written[1]


def test_errors_can_be_pickled() -> None:
    trap = wasmz.Trap(wasmz.TrapCode.UNREACHABLE, "because")
    trap.frames = (WasmFrame(1, "f", 20),)
    errors = [
        trap,
        *(wasmz.WasiExit(3), wasmz.OutOfFuel(), wasmz.Interrupted(), wasmz.MemoryLimit("too much")),
        wasmz.InvalidWasm("bad", offset=3, function="f"),
        wasmz.UnsupportedFeature("it", proposal="SIMD"),
        wasmz.LinkError(["one", "two"]),
    ]
    for error in errors:
        copied = pickle.loads(pickle.dumps(error))
        assert (type(copied), str(copied), vars(copied)) == (type(error), str(error), vars(error))


def test_traps_come_back_from_workers() -> None:
    module = wasmz.Module.compile(function(b"\x00", I32, I32, before=b"\x07\x05\x01\x01f\x00\x00"))
    script = "import pickle, sys, wasmz; m = pickle.loads(sys.stdin.buffer.read())\n"
    script += "sys.stdout.buffer.write(pickle.dumps(wasmz.worker_instance(m).try_call('f', 1).trap))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=pickle.dumps(module), capture_output=True, cwd=ROOT, timeout=60, check=True,
    )  # fmt: skip
    trap = pickle.loads(done.stdout)
    assert trap.code is wasmz.TrapCode.UNREACHABLE
    assert trap.frames
