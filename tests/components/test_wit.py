"""WIT of components: the same as `wasm-tools component wit` prints, but for blank lines."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tests.components.building import EXPORT, IMPORT, TYPE, component, section, text
from tests.support.components import wasm_tools
from wasmz.component.binary.decoder import decode_component
from wasmz.component.forms import Resource, ResourceName
from wasmz.component.types import (
    F32,
    STRING,
    U8,
    BorrowType,
    FunctionType,
    InstanceType,
    ListType,
    OptionType,
    OwnType,
    RecordType,
    ResultType,
    TupleType,
    TypeBound,
)
from wasmz.component.validation.validator import validate_component
from wasmz.component.wit import print_wit

needs_processes = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")

# Each is a package, whose world is made into a component that has everything in it.
WORLDS = {
    "types": """
        package test:types@1.2.3;
        interface shapes {
          record point { x: f32, y: f32 }
          variant shape { circle(tuple<point, u32>), square(point), empty }
          enum colour { red, green, dark-blue }
          flags %flags { a, b, c-d }
          type points = list<point>;
          type %list = option<result<_, string>>;
          area: func(shape: shape, scale: option<f64>) -> result<f64, string>;
          paint: func(which: points, %with: colour, %type: %flags) -> result;
          many: func(a: bool, b: s8, c: u8, d: s16, e: u16, f: s32, g: u32, h: s64, i: u64, j: char, k: string);
          nested: func(a: list<list<tuple<u8, string>>>) -> result<option<option<u8>>>;
        }
        world all {
          import shapes;
          export shapes;
          export %static: func(a: list<u8>) -> tuple<u8, char>;
        }
    """,
    "resources": """
        package test:files@0.2.6;
        interface streams {
          resource input-stream {
            read: func(len: u64) -> result<list<u8>, error>;
          }
          variant error { closed, failed(string) }
        }
        interface files {
          use streams.{input-stream, error as stream-error};
          resource file {
            constructor(name: string);
            open: static func(name: string) -> result<file, stream-error>;
            %stream: func() -> input-stream;
            copy-to: func(target: borrow<file>) -> own<file>;
          }
          take: func(files: list<own<file>>, other: borrow<input-stream>);
        }
        world w {
          use streams.{input-stream};
          import files;
          import read-all: func(%from: borrow<input-stream>) -> string;
          export %own: interface {
            use files.{file};
            resource thing { constructor(); get: func() -> file; }
            make: func() -> thing;
          }
          export files;
        }
    """,
    "world": """
        package test:worlds;
        world w {
          resource r { constructor(a: u8); m: func(); }
          record pair { a: u8, b: r2 }
          enum r2 { one, two }
          import f: func(p: pair, r: borrow<r>);
          import sub: interface { record inner { n: u8 } get: func() -> inner; }
          export g: func() -> pair;
        }
    """,
    "asynchronous": """
        package test:concurrent@0.3.0;
        interface pipes {
          send: async func(data: stream<u8>) -> future<result<u64, string>>;
          pulse: func() -> tuple<stream, future>;
          record r { s: stream<string> }
        }
        world w { import pipes; export pipes; export run: async func() -> result; }
    """,
}


def _tools(*arguments: str | Path) -> str:
    done = subprocess.run([wasm_tools(), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _lines(wit: str) -> list[str]:
    return [line for line in wit.splitlines() if line.strip()]


def printed(data: bytes) -> str:
    decoded = decode_component(data)
    validate_component(decoded)
    return print_wit(decoded)


def make_component(folder: Path, wit: str) -> Path:
    """A component for the world of a package, with functions that do nothing."""
    source, module, made = folder / "source.wit", folder / "module.wasm", folder / "made.wasm"
    source.write_text(wit, encoding="utf-8")
    _tools("component", "embed", "--dummy", source, "-o", module)
    _tools("component", "new", module, "-o", made)
    return made


@needs_processes
@pytest.mark.parametrize("name", WORLDS)
def test_wit_is_the_same_as_of_wasm_tools(name: str, tmp_path: Path) -> None:
    made = make_component(tmp_path, WORLDS[name])
    expected = _tools("component", "wit", made)
    wit = printed(made.read_bytes())
    assert _lines(wit) == _lines(expected)
    # It can be read again.
    (tmp_path / "again.wit").write_text(wit, encoding="utf-8")
    assert _lines(_tools("component", "wit", tmp_path / "again.wit")) == _lines(expected)


_SMALL = component(
    section(TYPE, b"\x42\x02\x01\x6d\x02" + text("on") + text("off") + b"\x04\x00" + text("state") + b"\x03\x00\x00"),
    section(IMPORT, b"\x00" + text("ns:pkg/switch@1.0.0") + b"\x05\x00"),
    section(TYPE, b"\x43\x01" + text("for") + b"\x73\x00\x7f"),
    section(IMPORT, b"\x00" + text("ask") + b"\x01\x01", b"\x00" + text("handle") + b"\x03\x01"),
    section(EXPORT, b"\x00" + text("again") + b"\x01\x00\x00"),
)


def test_small_component() -> None:
    assert printed(_SMALL).splitlines() == [
        "package root:component;",
        "",
        "world root {",
        "  import ns:pkg/switch@1.0.0;",
        "  import ask: async func(for: string) -> bool;",
        "  resource handle;",
        "",
        "  export again: async func(for: string) -> bool;",
        "}",
        "",
        "package ns:pkg@1.0.0 {",
        "  interface switch {",
        "    enum state {",
        "      on,",
        "      off,",
        "    }",
        "  }",
        "}",
    ]


def test_what_wit_cannot_say_is_a_comment() -> None:
    data = component(section(3, b"\x50\x00"), section(IMPORT, b"\x00" + text("m") + b"\x00\x11\x00"))
    assert "  // import m: core module" in printed(data).splitlines()


def _wasmz(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wasmz", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@needs_processes
def test_commands_know_components(tmp_path: Path) -> None:
    (tmp_path / "small.wasm").write_bytes(_SMALL)
    assert _wasmz(tmp_path, "inspect", "small.wasm").stdout == printed(_SMALL)
    assert _wasmz(tmp_path, "validate", "small.wasm").stdout == "small.wasm: valid\n"
    (tmp_path / "broken.wasm").write_bytes(_SMALL[:-1] + b"\x09")
    broken = _wasmz(tmp_path, "validate", "broken.wasm")
    assert broken.returncode == 1
    assert "export section, item 0: malformed type of an export: byte 0x09" in broken.stderr


@needs_processes
def test_inspect_as_json(tmp_path: Path) -> None:
    (tmp_path / "small.wasm").write_bytes(_SMALL)
    found = json.loads(_wasmz(tmp_path, "inspect", "--json", "small.wasm").stdout)
    assert found["file"] == "small.wasm" and found["size"] == len(_SMALL) and found["defines"] == []
    assert [section["name"] for section in found["sections"]] == ["type", "import", "type", "import", "export"]
    switch, ask, handle = found["imports"]
    assert switch["exports"] == [{"name": "state", "kind": "type", "type": "enum { on, off }"}]
    assert ask == {"name": "ask", "kind": "func", "type": "async func(for: string) -> bool"}
    assert handle == {"name": "handle", "kind": "type", "type": "resource"}
    assert found["exports"] == [{"name": "again", "kind": "func", "type": "async func(for: string) -> bool"}]


def test_types_are_shown_as_wit() -> None:
    point = RecordType([("x", F32), ("y", OptionType(F32))]).named("point")
    assert repr(point) == "<record { x: f32, y: option<f32> }>"
    assert repr(TypeBound(point)) == "<type record { x: f32, y: option<f32> }>"
    function = FunctionType([("p", point), ("list", ListType(ListType(U8)))], ResultType(None, STRING), True)
    assert repr(function) == "<async func(p: point, %list: list<list<u8>>) -> result<_, string>>"
    file = ResourceName(Resource("file"), "file")
    assert repr(TupleType([OwnType(file), BorrowType(file)])) == "<tuple<own<file>, borrow<file>>>"
    assert repr(TypeBound(file)) == "<type resource>"
    assert repr(InstanceType({"f": function})) == "<instance of f>"


def test_what_is_shown_of_types_is_short() -> None:
    """Of types that share parts, as of others."""
    type = TupleType([U8])
    for _ in range(18):
        type = TupleType([type, type])
    assert len(repr(type)) < 2_000


@needs_processes
def test_wit_of_what_was_pickled(tmp_path: Path) -> None:
    """As components in the cache are: which definition is which stays the same."""
    decoded = decode_component(make_component(tmp_path, WORLDS["resources"]).read_bytes())
    validate_component(decoded)
    assert print_wit(pickle.loads(pickle.dumps(decoded))) == print_wit(decoded)
