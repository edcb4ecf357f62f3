"""WASI's own tests of preview 1 over WASI 0.2: each program as a component, by the adapter; see ``tests/wasi``."""

from __future__ import annotations

from pathlib import Path

import pytest

import wasmz
from tests.wasi.suite import FEWEST_PROGRAMS, Run, find_programs, name_of, needed_suite_folder, suite_folder
from tests.wasi2.components import FAILED, component_of
from wasmz.component.commands import run_command

# Failures that wasmtime shares, with the reason.
SHARED_FAILURES = {
    "assemblyscript/args_get-multiple-arguments": "an assertion of the adapter",
    "assemblyscript/environ_get-multiple-variables": "an assertion of the adapter",
    "assemblyscript/fd_write-to-invalid-fd": "the adapter gives another error",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    programs = find_programs(suite_folder(metafunc.config))
    if "program" in metafunc.fixturenames:
        metafunc.parametrize("program", programs.values(), ids=programs)


def test_the_suite_is_there(request: pytest.FixtureRequest) -> None:
    assert len(find_programs(needed_suite_folder(request.config))) >= FEWEST_PROGRAMS


@pytest.mark.parametrize("kind", ["descriptors", "paths", "memory"])
def test_program(program: Path, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name_of(program) in SHARED_FAILURES:
        pytest.skip(f"fails under wasmtime, too: {SHARED_FAILURES[name_of(program)]}")
    run = Run(program, kind, tmp_path, monkeypatch)
    component = wasmz.Component.compile(component_of(program))
    linker = wasmz.component.Linker(component.engine)
    linker.define_wasi(run.config)
    with wasmz.Store(component.engine) as store:
        try:
            exit_code = run_command(linker.instantiate(store, component))
        except wasmz.WasiExit as stopped:
            exit_code = stopped.exit_code
        except wasmz.Trap as trap:
            pytest.fail(f"{trap.message}\n{run.errors}")
    assert exit_code == (FAILED if run.exit_code else 0), run.errors
    run.check_outputs()
