"""WASI's own tests of preview 1 over WASI 0.2: each program as a component, by the adapter; see ``tests/wasi``."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import wasmz
from tests.wasi.test_suite import FEWEST_PROGRAMS, _root, _specification, find_programs, suite_folder
from tests.wasi2.components import FAILED, component_of
from wasmz.component.commands import run_command
from wasmz.runtime.wasi import host_files

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
    folder = suite_folder(request.config)
    if folder is None:
        pytest.skip("WASI's test suite is missing: set WASMZ_WASI_TESTSUITE, or --wasi-testsuite, to its folder")
    assert len(find_programs(folder)) >= FEWEST_PROGRAMS


@pytest.mark.parametrize("kind", ["descriptors", "paths", "memory"])
def test_program(program: Path, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{program.parents[2].name}/{program.stem}"
    if name in SHARED_FAILURES:
        pytest.skip(f"fails under wasmtime, too: {SHARED_FAILURES[name]}")
    expected = _specification(program)
    out, err = io.BytesIO(), io.BytesIO()
    args = [program.name, *expected["args"]]
    config = wasmz.WasiConfig(args=args, env=expected["env"], stdin=b"", stdout=out, stderr=err)
    if expected["root"] is not None:
        if kind == "paths":
            monkeypatch.setattr(host_files, "HAS_DIRECTORY_DESCRIPTORS", False)
        config.preopen_dir(_root(program.parent / expected["root"], tmp_path / "root", kind), "/")
    component = wasmz.Component.compile(component_of(program))
    linker = wasmz.component.Linker(component.engine)
    linker.define_wasi(config)
    with wasmz.Store(component.engine) as store:
        try:
            exit_code = run_command(linker.instantiate(store, component))
        except wasmz.WasiExit as stopped:
            exit_code = stopped.exit_code
        except wasmz.Trap as trap:
            pytest.fail(f"{trap.message}\n{err.getvalue().decode(errors='replace')}")
    assert exit_code == (FAILED if expected["exit_code"] else 0), err.getvalue().decode(errors="replace")
    for stream, wanted in ((out, expected["stdout"]), (err, expected["stderr"])):
        if wanted is not None:
            assert stream.getvalue().decode() == wanted
