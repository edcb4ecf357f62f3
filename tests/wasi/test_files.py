"""A C program that does all that a C library can do with files: on the host, in memory, from the command line."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wasmz
from wasmz.runtime.wasi import host_files
from wasmz.runtime.wasi.memory_files import MemoryFileSystem

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "programs" / "files.wasm"
TEXT = "one\nzwei\nthree\n"
LEFT = {"hard.txt": "1: o", "in.txt": TEXT}


def run(config: wasmz.WasiConfig, opt_level: int = 2) -> int:
    engine = wasmz.Engine(wasmz.Config(opt_level=opt_level))
    linker = wasmz.Linker(engine)
    linker.define_wasi(config)
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, PROGRAM), linker)
    try:
        instance.run_start_function()
    except wasmz.WasiExit as stopped:
        return stopped.exit_code
    return 0


def make_folder(base: Path, name: str) -> Path:
    folder = base / name
    folder.mkdir()
    (folder / "in.txt").write_text(TEXT)
    return folder


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if not path.is_symlink()}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What it prints under wasmtime."""
    wasmtime: Any = pytest.importorskip("wasmtime")
    base = tmp_path_factory.mktemp("wasmtime")
    config = wasmtime.WasiConfig()
    config.preopen_dir(str(make_folder(base, "data")), "/data")
    config.stdout_file = str(base / "stdout")
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    store.set_wasi(config)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(PROGRAM)))
    try:
        instance.exports(store)["_start"](store)
    except wasmtime.ExitTrap as stopped:
        assert stopped.code == 0
    return (base / "stdout").read_bytes()


@pytest.mark.parametrize("opt_level", [0, 2])
@pytest.mark.parametrize("kind", ["descriptors", "paths", "memory"])
def test_same_as_under_wasmtime(
    kind: str, opt_level: int, expected: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "paths":
        monkeypatch.setattr(host_files, "HAS_DIRECTORY_DESCRIPTORS", False)
    out = io.BytesIO()
    files = MemoryFileSystem({"in.txt": TEXT})
    folder = make_folder(tmp_path, "data")
    config = wasmz.WasiConfig(stdout=out).preopen_dir(files if kind == "memory" else folder, "/data")
    assert run(config, opt_level) == 0
    assert out.getvalue() == expected
    if kind == "memory":
        assert files.paths() == ["hard.txt", "in.txt", "soft.txt"]
        assert {name: files.read(name).decode() for name in ("hard.txt", "in.txt")} == LEFT
    else:
        assert content(folder) == LEFT
        assert os.readlink(folder / "soft.txt") == "folder/moved.txt"  # noqa: PTH115


def test_from_the_command_line(expected: bytes, tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "data")

    def start(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "wasmz", "run", *words],
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            timeout=120,
        )

    done = start("--dir", f"{folder}::/data", str(PROGRAM), WASMZ_WASI_DIAG="1")
    assert (done.returncode, done.stdout) == (0, expected)
    assert b"[wasi] path_open " in done.stderr
    # Without a directory the C library has no way to say a path ("not capable").
    done = start(str(PROGRAM), "--", "data/in.txt")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (2, b"data/in.txt: error 76")
    (folder / "soft.txt").unlink()
    done = start("--dir", "data", str(PROGRAM), "--", "data/in.txt")
    assert done.stdout.startswith(b"after seeking: one\n")
    assert start("--dir", "missing", str(PROGRAM)).returncode == 2
    assert start("--tcplisten", "nowhere", str(PROGRAM)).returncode == 2


def test_what_a_module_does_not_use_is_not_loaded(tmp_path: Path) -> None:
    """A program that is given no files needs none of what works on them."""
    script = f"""
import sys, wasmz
engine = wasmz.Engine()
linker = wasmz.Linker(engine)
linker.define_wasi(wasmz.WasiConfig(stdout=None))
module = wasmz.Module.compile(engine, {str(ROOT / "tests" / "programs" / "report.wasm")!r})
wasmz.Instance(wasmz.Store(engine), module, linker)
print(*sorted(name for name in sys.modules if name.startswith("wasmz.runtime.wasi.")))
print("socket" in sys.modules, "selectors" in sys.modules, "random" in sys.modules)
"""
    # Without the site module, whose own imports differ from machine to machine.
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    loaded, others = done.stdout.splitlines()
    heavy = {"memory_files", "host_files", "checked_files", "sockets", "poll", "preopens", "diagnostics"}
    assert not heavy & {name.rpartition(".")[2] for name in loaded.split()}
    assert others == "False False False"
