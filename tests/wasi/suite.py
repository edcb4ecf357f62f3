"""WASI's own tests: the programs of the repository ``WebAssembly/wasi-testsuite``, branch ``prod/testsuite-base``.

The option ``--wasi-testsuite`` of pytest, or the environment variable ``WASMZ_WASI_TESTSUITE``, says where they are;
nothing of them is kept here. Each program has a JSON file that says arguments, environment, a folder to preopen, and
what to expect.

run = Run(program, "memory", tmp_path, monkeypatch)
run.config                              for WASI; after the program's end:
run.check_outputs()
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

# The least that the suite has, so that another folder is not taken for it.
FEWEST_PROGRAMS = 60


def suite_folder(config: pytest.Config) -> Path | None:
    """The suite's folder, if the option or the environment names it."""
    folder = config.getoption("--wasi-testsuite") or os.environ.get("WASMZ_WASI_TESTSUITE")
    return Path(folder) if folder else None


def needed_suite_folder(config: pytest.Config) -> Path:
    """The suite's folder; the test is skipped if there is none."""
    folder = suite_folder(config)
    if folder is None:
        pytest.skip("WASI's test suite is missing: set WASMZ_WASI_TESTSUITE, or --wasi-testsuite, to its folder")
    return folder


def find_programs(folder: Path | None) -> dict[str, Path]:
    """The programs of preview 1 by name, such as ``rust/fd_readdir``."""
    if folder is None:
        return {}
    return {name_of(path): path for path in sorted(folder.rglob("testsuite/wasm32-wasip1/*.wasm"))}


def name_of(program: Path) -> str:
    """A program's name, which begins with the language that it is written in."""
    return f"{program.parents[2].name}/{program.stem}"


def copy_folder(folder: Path, copy: Path, kind: str) -> Path | wasmz.MemoryFileSystem:
    """A copy of a folder: in memory if ``kind`` is ``memory``, on the disk otherwise."""
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


class Run:
    """What a program is given, and what is expected of it.

    Attributes:
        config: its arguments, environment and folder.
        exit_code: what it has to end with.
    """

    def __init__(self, program: Path, kind: str, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """``kind`` says how files are opened: by ``descriptors``, by ``paths``, or in ``memory``."""
        self._expected = _specification(program)
        self._out, self._err = io.BytesIO(), io.BytesIO()
        self.exit_code: int = self._expected["exit_code"]
        args = [program.name, *self._expected["args"]]
        self.config = wasmz.WasiConfig(
            args=args, env=self._expected["env"], stdin=b"", stdout=self._out, stderr=self._err
        )
        if self._expected["root"] is not None:
            if kind == "paths":
                monkeypatch.setattr(host_files, "HAS_DIRECTORY_DESCRIPTORS", False)
            self.config.preopen_dir(copy_folder(program.parent / self._expected["root"], scratch / "root", kind), "/")

    @property
    def errors(self) -> str:
        """What the program wrote to its standard error."""
        return self._err.getvalue().decode(errors="replace")

    def check_outputs(self) -> None:
        """Compares what it wrote with what is expected."""
        for stream, wanted in ((self._out, self._expected["stdout"]), (self._err, self._expected["stderr"])):
            found = stream.getvalue().decode()
            assert wanted is None or found == wanted, f"{found!r} instead of {wanted!r}"


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
