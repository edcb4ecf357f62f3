"""WASI's own tests of WASI 0.3: see ``tests/wasi`` for how the suite's folder is given."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.wasi.suite import copy_folder, needed_suite_folder, suite_folder
from tests.wasi3.suite import FEWEST_PROGRAMS, area_of, find_programs, run_program

if sys.platform == "emscripten":
    pytest.skip("needs threads and sockets", allow_module_level=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    programs = find_programs(suite_folder(metafunc.config))
    if "program" in metafunc.fixturenames:
        metafunc.parametrize("program", programs.values(), ids=programs)
    if "file_program" in metafunc.fixturenames:
        chosen = {name: program for name, program in programs.items() if area_of(name) == "filesystem"}
        metafunc.parametrize("file_program", chosen.values(), ids=chosen)


def test_the_suite_is_there(request: pytest.FixtureRequest) -> None:
    assert len(find_programs(needed_suite_folder(request.config))) >= FEWEST_PROGRAMS


def test_program(program: Path, tmp_path: Path) -> None:
    run_program(program, lambda folder: Path(shutil.copytree(folder, tmp_path / "root", symlinks=True)))


def test_files_in_memory(file_program: Path, tmp_path: Path) -> None:
    run_program(file_program, lambda folder: copy_folder(folder, tmp_path / "root", "memory"))
