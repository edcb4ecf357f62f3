"""Components made of command modules of WASI preview 1, by the adapter that wasmtime's authors publish; and their runs.

component_of(Path("report.wasm"))                       -> the component's bytes
under_wasmtime(data, ["report"], tmp_path)              -> (0, b"what it wrote", b"")

The adapter comes with an npm package, which ``python -m benchmarks.build jco`` fetches; ``wasm-tools`` from PyPI joins
it with the module. Its assertions about some programs fail, under wasmtime as well: it is its authors' matter.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fetch import modules_of
from tests.support.built import built
from tests.support.components import wasm_tools

# Exit statuses besides 0 become 1: the adapter only has the older function for them, which takes a result.
FAILED = 1


def component_of(module: Path) -> bytes:
    """The component that a command module becomes."""
    if sys.platform == "emscripten":
        pytest.skip("needs other processes")
    (adapter,) = modules_of("jco")
    built(adapter, "jco")
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch, "component.wasm")
        command = [wasm_tools(), "component", "new", str(module), "--adapt", f"wasi_snapshot_preview1={adapter}"]
        done = subprocess.run([*command, "-o", str(output)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return output.read_bytes()


def under_wasmtime(
    data: bytes, args: list[str], scratch: Path, *, env: dict[str, str], stdin: bytes = b"", folder: Path | None = None
) -> tuple[int, bytes, bytes]:
    """The exit status and outputs of a component under wasmtime."""
    wasmtime: Any = pytest.importorskip("wasmtime")
    component: Any = pytest.importorskip("wasmtime.component")
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    config = wasmtime.WasiConfig()
    config.argv, config.env = args, list(env.items())
    (scratch / "stdin").write_bytes(stdin)
    config.stdin_file = str(scratch / "stdin")
    config.stdout_file, config.stderr_file = str(scratch / "stdout"), str(scratch / "stderr")
    if folder is not None:
        config.preopen_dir(str(folder), "/")
    store.set_wasi(config)
    linker = component.Linker(engine)
    linker.add_wasip2()
    instance = linker.instantiate(store, component.Component(engine, data))
    indices = (instance.get_export_index(store, f"wasi:cli/run@0.2.{patch}") for patch in range(13))
    run = instance.get_export_index(store, "run", next(index for index in indices if index is not None))
    status = 0
    try:
        instance.get_func(store, run)(store)
    except wasmtime.ExitTrap as stopped:
        status = stopped.code
    return status, (scratch / "stdout").read_bytes(), (scratch / "stderr").read_bytes()
