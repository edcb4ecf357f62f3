"""WASI's own tests: ``pytest --wasi-testsuite FOLDER tests/wasi``; see ``suite.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

import wasmz
from tests.wasi.suite import FEWEST_PROGRAMS, Run, find_programs, needed_suite_folder, suite_folder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    programs = find_programs(suite_folder(metafunc.config))
    if "program" in metafunc.fixturenames:
        metafunc.parametrize("program", programs.values(), ids=programs)


def test_the_suite_is_there(request: pytest.FixtureRequest) -> None:
    assert len(find_programs(needed_suite_folder(request.config))) >= FEWEST_PROGRAMS


@pytest.mark.parametrize(("kind", "opt_level"), [("descriptors", 0), ("descriptors", 2), ("paths", 2), ("memory", 2)])
def test_program(program: Path, kind: str, opt_level: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(program, kind, tmp_path, monkeypatch)
    engine = wasmz.Engine(wasmz.Config(opt_level=opt_level))
    linker = wasmz.Linker(engine)
    linker.define_wasi(run.config)
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, program), linker)
    exit_code = 0
    try:
        instance.run_start_function()
    except wasmz.WasiExit as stopped:
        exit_code = stopped.exit_code
    except wasmz.Trap as trap:
        pytest.fail(f"{trap.message}\n{run.errors}")
    assert exit_code == run.exit_code, run.errors
    run.check_outputs()
