"""The two parsers of ``wasmz run``: the one without click returns what click does, or leaves it to click."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from wasmz.cli import _needs_click
from wasmz.cli.commands import commands
from wasmz.cli.options import RUN_OPTIONS, Option, engine_options
from wasmz.cli.plain import COMMANDS, parse_run

ROOT = Path(__file__).resolve().parent.parent

OPTIONS = (*RUN_OPTIONS, *engine_options())
# (module (func (export "_start")))
MODULE = bytes.fromhex("0061736d01000000 010401600000 03020100 070a01065f7374617274 0000 0a040102000b".replace(" ", ""))

# Arguments of options, valid and invalid ones.
VALUES = {
    "text": ["", "a", "a=b", "-x", "--", "--stub", "x::/y", "ä"],
    "integer": ["0", "1", "7", " 8", "1_0", "-1", "1.5", "", "x"],
    "seconds": ["0", "1.5", "-0.1", "nan", "inf", "", "x"],
    "input": ["FILE", "missing", "FOLDER", "-"],
    "output": ["new", "FILE", "FOLDER"],
}
WORDS = [
    "FILE",
    "FILE",
    "FILE",
    "missing",
    "FOLDER",
    "--",
    "-",
    "",
    "run",
    "-h",
    "--help",
    "--version",
    "--unknown",
    "-x",
]


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Real paths for names in generated words."""
    (tmp_path / "file.wasm").touch()
    (tmp_path / "folder").mkdir()
    names = {"FILE": "file.wasm", "FOLDER": "folder", "missing": "missing.wasm", "new": "new.profile"}
    return {name: str(tmp_path / path) for name, path in names.items()}


def by_click(words: list[str]) -> dict[str, Any] | None:
    """What click gives ``run_command``; ``None`` if it does not come to that, or not to that command."""
    try:
        with commands.make_context("wasmz", list(words)) as outer:
            if not outer._protected_args + outer.args:
                return None
            name, command, rest = commands.resolve_command(outer, outer._protected_args + outer.args)
            if name != "run" or command is None:
                return None
            with command.make_context(name, rest, parent=outer) as inner:
                return inner.params
    except (click.ClickException, click.exceptions.Exit):
        return None


def given(parameters: dict[str, Any]) -> dict[str, str]:
    """Those that are not the default, comparable: not even nan differs from itself."""
    return {name: repr(value) for name, value in parameters.items() if value not in (None, False, ())}


def generate(source: random.Random, places: dict[str, str]) -> list[str]:
    words: list[str] = []
    for _ in range(source.choice((0, 0, 1, 1, 2, 3))):
        option = source.choice(OPTIONS)
        words += written(source, option, places)
    words += [places["FILE"]] if source.random() < 0.7 else []
    words += [places.get(word, word) for word in source.choices(WORDS, k=source.choice((0, 0, 1, 2, 3)))]
    if source.random() < 0.3:
        words += written(source, source.choice(OPTIONS), places)
    return ["run", *words] if source.random() < 0.5 else words


def written(source: random.Random, option: Option, places: dict[str, str]) -> list[str]:
    """An option as a user may write it, rightly or not."""
    name = source.choice(option.names)
    if option.kind in ("flag", "constant"):
        return [name] if source.random() < 0.95 else [f"{name}=1"]
    value = source.choice(VALUES.get(option.kind) or [*option.choices, option.choices[0], "", "none"])
    value = places.get(value, value)
    return source.choice(([name, value], [name, value], [f"{name}={value}"], [name]))


def test_both_parsers_agree(places: dict[str, str]) -> None:
    source = random.Random(14)
    plain = 0
    for _ in range(5_000):
        words = generate(source, places)
        parsed = parse_run(words)
        if parsed is not None:
            plain += 1
            expected = by_click(words)
            assert expected is not None, words
            assert given(parsed) == given(expected), words
    # Otherwise this test would show nothing.
    assert plain > 1_000, plain


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.names[0])
def test_each_option_is_parsed_without_click(option: Option, places: dict[str, str]) -> None:
    values = {"text": "a=b", "integer": "3", "seconds": "0.5", "input": places["FILE"], "output": places["new"]}
    argument = [option.choices[0] if option.choices else values.get(option.kind, "")]
    for name in option.names:
        words = [name, *(argument if option.kind not in ("flag", "constant") else ()), places["FILE"], "-v", "a"]
        expected = by_click(words)
        assert expected is not None
        parsed = parse_run(words)
        if option.kind in ("input", "output"):
            # Click opens and checks them.
            assert parsed is None
        else:
            assert parsed is not None and given(parsed) == given(expected)


@pytest.mark.parametrize(
    "words",
    [[], ["run"], ["--help"], ["cache", "info"], ["run", "--help"], ["--eager-compile", "--compile-mode=lazy", "FILE"]],
)
def test_the_rest_is_left_to_click(words: list[str], places: dict[str, str]) -> None:
    assert parse_run([places.get(word, word) for word in words]) is None


def test_all_commands_are_there() -> None:
    context = click.Context(commands)
    assert commands.list_commands(context) == sorted(COMMANDS)
    for name in COMMANDS:
        found = commands.get_command(context, name)
        assert found is not None and found.name == name


def test_completion_is_left_to_click(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _needs_click(["FILE"])
    monkeypatch.setenv("_WASMZ_COMPLETE", "bash_source")
    assert _needs_click(["FILE"])


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
def test_a_plain_run_imports_little(tmp_path: Path) -> None:
    """Neither click nor what it brings along; and a compiled module needs no compiler."""
    source = tmp_path / "nothing.wasm"
    source.write_bytes(MODULE)
    script = """
import atexit, sys
def report():
    heavy = {"click", "pathlib", "shlex", "typing", "dataclasses", "enum", "inspect", "contextlib", "re", "functools",
             "collections", "platformdirs", "wasmz.compile.pipeline", "bytecode", "wasmz.cli.commands"} - before
    print(sorted(heavy & set(sys.modules)))
atexit.register(report)
before = set(sys.modules)
from wasmz.cli import main
main(["run", "--dir", sys.argv[1], sys.argv[2], "a"])
"""
    command = [sys.executable, "-S", "-c", script, str(tmp_path), str(source)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), *filter(None, sys.path)))}
    environment["HOME"] = environment["XDG_CACHE_HOME"] = str(tmp_path)
    environment.pop("WASMZ_CACHE_DIR", None)
    for expected in (None, "[]"):
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        if expected is not None:
            assert done.stdout.strip() == expected
