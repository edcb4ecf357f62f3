"""WASI's own tests: the programs of the repository ``WebAssembly/wasi-testsuite``, branch ``prod/testsuite-base``.

``pytest --wasi-testsuite FOLDER tests/wasi``, or the environment variable ``WASMZ_WASI_TESTSUITE``, says where they
are; nothing of them is kept here. Each program has a JSON file that says arguments, environment, a folder to preopen,
and what to expect.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import wasmz
from wasmz.runtime.wasi import host_files

# Failures that wasmtime shares, with the reason.
SHARED_FAILURES: dict[str, str] = {}

# The least that the suite has, so that another folder is not taken for it.
FEWEST_PROGRAMS = 60


def suite_folder(config: pytest.Config) -> Path | None:
    """The suite's folder, if the option or the environment names it."""
    folder = config.getoption("--wasi-testsuite") or os.environ.get("WASMZ_WASI_TESTSUITE")
    return Path(folder) if folder else None


def find_programs(folder: Path | None) -> dict[str, Path]:
    """The suite's programs by name, such as ``rust/fd_readdir``."""
    if folder is None:
        return {}
    found = sorted(folder.rglob("testsuite/wasm32-wasip1/*.wasm"))
    return {f"{path.parents[2].name}/{path.stem}": path for path in found}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    programs = find_programs(suite_folder(metafunc.config))
    if "program" in metafunc.fixturenames:
        metafunc.parametrize("program", programs.values(), ids=programs)


def test_the_suite_is_there(request: pytest.FixtureRequest) -> None:
    folder = suite_folder(request.config)
    if folder is None:
        pytest.skip("WASI's test suite is missing: set WASMZ_WASI_TESTSUITE, or --wasi-testsuite, to its folder")
    assert len(find_programs(folder)) >= FEWEST_PROGRAMS


@pytest.mark.parametrize(("kind", "opt_level"), [("descriptors", 0), ("descriptors", 2), ("paths", 2), ("memory", 2)])
def test_program(program: Path, kind: str, opt_level: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{program.parents[2].name}/{program.stem}"
    if name in SHARED_FAILURES:
        pytest.skip(f"fails under wasmtime, too: {SHARED_FAILURES[name]}")
    expected = _specification(program)
    out, err = io.BytesIO(), io.BytesIO()
    config = wasmz.WasiConfig(
        args=[program.name, *expected["args"]], env=expected["env"], stdin=b"", stdout=out, stderr=err
    )
    if expected["root"] is not None:
        if kind == "paths":
            monkeypatch.setattr(host_files, "HAS_DIRECTORY_DESCRIPTORS", False)
        config.preopen_dir(_root(program.parent / expected["root"], tmp_path / "root", kind), "/")
    engine = wasmz.Engine(wasmz.Config(opt_level=opt_level))
    linker = wasmz.Linker(engine)
    linker.define_wasi(config)
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, program), linker)
    exit_code = 0
    try:
        instance.run_start_function()
    except wasmz.WasiExit as stopped:
        exit_code = stopped.exit_code
    except wasmz.Trap as trap:
        pytest.fail(f"{trap.message}\n{err.getvalue().decode(errors='replace')}")
    assert exit_code == expected["exit_code"], err.getvalue().decode(errors="replace")
    for stream, wanted in ((out, expected["stdout"]), (err, expected["stderr"])):
        if wanted is not None:
            assert stream.getvalue().decode() == wanted


def _root(folder: Path, copy: Path, kind: str) -> Path | wasmz.MemoryFileSystem:
    """A copy of a folder, on the disk or in memory."""
    if kind != "memory":
        return Path(shutil.copytree(folder, copy, symlinks=True))
    files = wasmz.MemoryFileSystem()
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            files.make_directories(name)
        else:
            files.write(name, path.read_bytes())
    return files


def _specification(program: Path) -> dict[str, Any]:
    """What is to be given and expected (the suite's doc/specification.md)."""
    given: dict[str, Any] = {"args": [], "root": None, "env": {}, "exit_code": 0, "stdout": None, "stderr": None}
    path = program.with_suffix(".json")
    if path.exists():
        read = json.loads(path.read_bytes())
        unknown = read.keys() - given.keys()
        assert not unknown, f"{path} says more than this runner understands: {unknown}"
        given.update(read)
    return given
