"""What the site is made of fits together: its pages, the live page's examples, what is fetched."""

from __future__ import annotations

import importlib.util
import json
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import wasmz
import wasmz.component
import wasmz.guests
import wasmz.text

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LIVE = DOCS / "live"


def test_every_page_is_in_the_navigation() -> None:
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    listed = re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2])
    assert sorted(listed) == sorted(pages), "nav of mkdocs.yml"


def test_the_reference_has_every_name() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md"))
    documented = re.findall(r"^::: wasmz\.([\w.]+)$", text, re.MULTILINE)
    rooms = {"text": wasmz.text, "guests": wasmz.guests, "component": wasmz.component}
    inside = {f"{room}.{name}" for room, package in rooms.items() for name in package.__all__}
    named = {name for name in wasmz.__all__ if name not in rooms} - {"__version__"}
    # A component is one name of both.
    assert sorted(documented) == sorted((named | inside) - {"component.Component"})


def test_what_is_fetched_has_a_version_and_a_hash() -> None:
    for name, source in tomllib.loads((ROOT / "website" / "sources.toml").read_text(encoding="utf-8")).items():
        assert name in source["archive"] and source["version"] in source["archive"]
        assert re.fullmatch("[0-9a-f]{64}", source["sha256"])


@pytest.fixture
def live() -> ModuleType:
    """The live page's Python, which runs here as well."""
    spec = importlib.util.spec_from_file_location("live", LIVE / "live.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ask(live: ModuleType, request: str, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(live.answer(request, given))
    return answer


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("path", sorted((LIVE / "examples").glob("*.wat")), ids=lambda path: path.stem)
def test_examples(live: ModuleType, path: Path, level: int) -> None:
    opened = ask(live, "open", source=path.read_text(encoding="utf-8"), level=level)["value"]
    for function in opened["functions"]:
        shown = ask(live, "rows", index=function["index"])["value"]
        assert shown["rows"] and any(row["code"] for row in shown["rows"])
    assert f"\n  {path.stem}: " in (LIVE / "live.js").read_text(encoding="utf-8")
    results = {
        "factorial": (["20"], "2432902008176640000"),
        "bytes": (["0", "3"], str(sum(b"the"))),
        "imports": (["27"], "111"),
        "hello": ([], "done"),
        "structures": (["100"], "5050"),
        "trap": (["2"], "0"),
    }
    arguments, result = results[path.stem]
    called = ask(live, "call", name=opened["exports"][-1]["name"], arguments=arguments)["value"]
    assert called["result"] == result


def test_output_and_traps(live: ModuleType) -> None:
    ask(live, "open", source=(LIVE / "examples" / "hello.wat").read_text(encoding="utf-8"), level=2)
    assert ask(live, "call", name="_start", arguments=[])["value"]["output"] == "hello from WebAssembly\n"
    ask(live, "open", source=(LIVE / "examples" / "trap.wat").read_text(encoding="utf-8"), level=2)
    error = ask(live, "call", name="peek", arguments=["20000"])["error"]
    assert error["title"] == "Trap: out of bounds memory access" and "peek at 0x" in error["message"]
    assert ask(live, "call", name="peek", arguments=["x"])["error"]["message"] == "'x' is no i32"


def test_mistakes_have_a_place(live: ModuleType) -> None:
    for source, place in (
        ("(module\n  (func i32.ad))", (2, 9)),
        ("(module (func (result i32)\n i64.const 1))", (2, 2)),
    ):
        error = ask(live, "open", source=source, level=2)["error"]
        assert (error["line"], error["column"]) == place
        assert error["source"] == source.split("\n")[1]
    assert "magic header" in ask(live, "open", source=b"\x7fELF", level=2)["error"]["message"]
    assert "no module is open" in ask(live, "rows", index=0)["error"]["message"]


def test_binary_modules_are_printed(live: ModuleType) -> None:
    data = (ROOT / "examples" / "factorial.wasm").read_bytes()
    opened = ask(live, "open", source=data, level=2, name="factorial.wasm")["value"]
    assert wasmz.Module.compile(opened["text"]).exports.keys() == {"factorial", "mean", "divide"}


def test_every_kind_of_import(live: ModuleType) -> None:
    source = """(module
      (import "a" "f" (func $f (param i32 v128) (result i64 f32)))
      (import "a" "m" (memory 1)) (import "a" "t" (table 1 funcref)) (import "a" "g" (global $g (mut f64)))
      (import "a" "e" (tag (param i32)))
      (func (export "run") (result i64 f32) (call $f (i32.const 5) (v128.const i64x2 1 0))))"""
    ask(live, "open", source=source, level=2)
    called = ask(live, "call", name="run", arguments=[])["value"]
    assert called == {"result": "(0, 0.0)", "output": "a.f(5, 01000000000000000000000000000000)\n"}
