"""``wasmz dis --after``: the IR as passes leave it, and passes left out by name."""

from __future__ import annotations

from pathlib import Path

import pytest
import wasmtime
from click.testing import CliRunner, Result

from wasmz.cli.commands import commands
from wasmz.passes import PIPELINES

TWICE = '(module (func (export "twice") (param i32) (result i32) local.get 0 local.get 0 i32.add))'


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "twice.wasm"
    path.write_bytes(wasmtime.wat2wasm(TWICE))
    return str(path)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["dis", *arguments])


def test_all_passes_in_order(file: str) -> None:
    result = _run(file, "--opt-level", "2", "--after", "all", "--verify")
    assert result.exit_code == 0, result.output
    titles = [line[8:] for line in result.output.splitlines() if line.startswith("; after ")]
    assert titles == ["build", *PIPELINES[2]]


def test_one_pass(file: str) -> None:
    result = _run(file, "twice", "--opt-level", "2", "--after", "ssa")
    assert result.output.count("; after") == 1
    assert "v1: i32 = i32.add v0 v0" in result.output


def test_a_disabled_pass_does_not_run(file: str) -> None:
    result = _run(file, "--opt-level", "2", "--after", "all", "--disable-pass", "values")
    assert "; after values" not in result.output
    assert "; after dead" in result.output


def test_unknown_passes_are_named(file: str) -> None:
    result = _run(file, "--opt-level", "0", "--after", "ssa")
    assert result.exit_code == 2
    assert "level 0 has no pass 'ssa'" in result.output
