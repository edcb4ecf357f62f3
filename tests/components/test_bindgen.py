"""Bindings of components: the package that `wasmz bindgen` writes, stubs, and components that Python imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.components.sample import sample
from tests.components.test_wit import WORLDS, make_component
from tests.support.components import build_component
from wasmz.component.binary.decoder import decode_component
from wasmz.component.validation.validator import validate_component
from wasmz.ship.component_stubs import render_bindings, render_component_stub

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")

# A program that uses everything of the sample; type checkers accept it as well.
PROGRAM = """
import sys

import app
from wasmz.component import ComponentError

class Clock(app.ClockImports):
    def now(self) -> int:
        return 1234567890123

def describe(shape: app.Shapes.Shape.Circle | app.Shapes.Shape.At | app.Shapes.Shape.Nothing) -> str:
    match shape:
        case app.Shapes.Shape.Circle(radius):
            return f"circle of {radius}"
        case app.Shapes.Shape.At(app.Shapes.Point(x, y)):
            return f"at {x}, {y}"
        case _:
            return "nothing"

said: list[str] = []
with app.instantiate({"log": said.append, "acme:app/clock@1.0.0": Clock()}) as instance:
    exports = instance.exports
    shapes = exports.shapes
    name: str = exports.greet("Ada")
    moment: int = exports.when()
    point: app.Shapes.Point = shapes.scale(app.Shapes.Point(1.5, y=2.0), 2.0)
    x: float = point.x
    print(name, said, moment, point, x, shapes.scale({"x": 1, "y": 2}, 3.0).y)
    print(shapes.flip(app.Shapes.Colour.RED) is app.Shapes.Colour.DARK_BLUE, shapes.flip("dark-blue").value)
    access: app.Shapes.Access = shapes.toggle(app.Shapes.Access.READ)
    print(access == app.Shapes.Access.WRITE, "write" in shapes.toggle([]))
    Shape = app.Shapes.Shape
    for shape in (Shape.Circle(2.0), Shape.At(point), Shape.Nothing()):
        print(describe(shapes.same(shape)))
    counter = shapes.Counter(5)
    with counter:
        print(counter.next(), counter.next())
    print(shapes.check(3))
    try:
        shapes.check(0)
    except ComponentError as error:
        print("failed:", error.payload)
"""

OUTPUT = """\
Ada ['Ada'] 1234567890123 Point(x=3.0, y=4.0) 3.0 6.0
True red
True True
circle of 2.0
at 3.0, 4.0
nothing
6 7
3
failed: zero
"""

# What type checkers notice in it: a line of Python, and a word of the message.
WRONG = (
    ("exports.greet(1)", "str"),
    ("exports.greet()", "greet"),
    ("exports.great('x')", "great"),
    ("app.Shapes.Point(1.0)", "y"),
    ("point.z", "z"),
    ("shapes.flip(1)", "flip"),
    ("x = shapes.check(1).upper()", "upper"),
    ("app.instantiate({'log': 3})", "log"),
    ("shapes.Counter('x')", "Counter"),
)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.wasm").write_bytes(sample())
    return tmp_path


@pytest.fixture
def package(folder: Path) -> Path:
    (folder / "work").mkdir()
    done = run(folder, "-m", "wasmz", "bindgen", "app.wasm", "-o", "work/app")
    assert done.returncode == 0, done.stderr
    (folder / "work" / "program.py").write_text(PROGRAM, encoding="utf-8")
    return folder / "work"


def test_package_is_whole(package: Path) -> None:
    assert sorted(path.name for path in (package / "app").iterdir()) == [
        *("__init__.py", "__init__.pyi", "app.wasm", "py.typed")
    ]


def test_program_runs(package: Path) -> None:
    done = run(package, "program.py")
    assert done.stderr == ""
    assert done.stdout == OUTPUT


def test_program_is_typed(package: Path) -> None:
    pytest.importorskip("mypy")
    done = run(package, "-m", "mypy", "--strict", "--config-file=", "program.py", "app")
    assert "Success" in done.stdout, done.stdout + done.stderr


def test_mistakes_are_found_before_the_program_runs(package: Path) -> None:
    pytest.importorskip("mypy")
    lines = PROGRAM.count("\n") + 1
    wrong = "".join([f"{line}\n" for line, _ in WRONG])
    (package / "program.py").write_text(PROGRAM + wrong, encoding="utf-8")
    done = run(package, "-m", "mypy", "--strict", "--config-file=", "program.py")
    for number, (line, word) in enumerate(WRONG):
        found = [said for said in done.stdout.splitlines() if said.startswith(f"program.py:{lines + number}: error")]
        assert found and any(word in said for said in found), f"{line}\n{done.stdout}"


def test_components_can_be_imported(folder: Path) -> None:
    (folder / "acme" / "app").mkdir(parents=True)
    (folder / "acme" / "app" / "clock.py").write_text("def now():\n    return 42\n", encoding="utf-8")
    script = """
import wasmz.importer
try:
    import app
except ImportError as error:
    print(error)
wasmz.importer.install(imports={"log": print, "acme:app/clock@1.0.0": {"now": lambda: 7}})
import app
print(app.greet("Ada"), app.when(), app.shapes.scale((app.shapes.Point(1, 2)), 2))
print(sorted(app.__all__), app.__wasm_instance__.exports["acme:app/shapes@1.0.0"].flip("red").name)
from app import *
print(greet("Bob"), hasattr(app, "nothing"), "shapes" in dir(app))
"""
    done = run(folder, "-c", script)
    assert done.stderr == ""
    missing, *lines = done.stdout.splitlines()
    assert "imports 'log', which is no interface" in missing
    assert lines == [
        *("Ada", "Ada 7 Point(x=2.0, y=4.0)", "['greet', 'shapes', 'when'] DARK_BLUE", "Bob", "Bob False True")
    ]


def test_interfaces_come_from_python_modules(folder: Path) -> None:
    """`acme:app/clock` is the module `acme.app.clock`, of the component's own package first."""
    for place, answer in (("pkg/acme/app", 1), ("other/app", 2)):
        (folder / place).mkdir(parents=True)
        (folder / place / "clock.py").write_text(f"def now():\n    return {answer}\n", encoding="utf-8")
    world, module = _clock_only()
    (folder / "pkg" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "pkg" / "tick.wasm").write_bytes(build_component(world, module))
    done = run(folder, "-c", "import wasmz.importer, pkg.tick; print(pkg.tick.when())")
    assert (done.stdout, done.stderr) == ("1\n", "")


def _clock_only() -> tuple[str, str]:
    world = """
        package acme:app@1.0.0;
        interface clock { now: func() -> u64; }
        world w { import clock; export when: func() -> u64; }
    """
    module = """
        (module (import "acme:app/clock@1.0.0" "now" (func $now (result i64)))
          (func (export "when") (result i64) (call $now)))
    """
    return world, module


def test_stub_says_what_the_imported_module_has(folder: Path) -> None:
    done = run(folder, "-m", "wasmz", "stubs", "app.wasm")
    assert done.returncode == 0, done.stderr
    stub = (folder / "app.pyi").read_text(encoding="utf-8")
    assert "def greet(name: str) -> str: ..." in stub.splitlines()
    program = """
import app
point: app.Shapes.Point = app.shapes.scale(app.shapes.Point(1.0, 2.0), by=2.0)
name: str = app.greet("x")
number: int = app.shapes.Counter(1).next()
"""
    (folder / "program.py").write_text(program, encoding="utf-8")
    pytest.importorskip("mypy")
    done = run(folder, "-m", "mypy", "--strict", "--config-file=", "program.py")
    assert "Success" in done.stdout, done.stdout + done.stderr


def test_modules_are_refused(folder: Path) -> None:
    (folder / "module.wasm").write_bytes(b"\0asm\1\0\0\0")
    done = run(folder, "-m", "wasmz", "bindgen", "module.wasm")
    assert done.returncode == 2 and "is no component" in done.stderr
    assert run(folder, "-m", "wasmz", "bindgen", "app.wasm", "-o", "class").returncode == 2


@pytest.mark.parametrize("name", WORLDS)
def test_stubs_of_all_kinds_of_types_are_valid(name: str, tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    data = make_component(tmp_path, WORLDS[name]).read_bytes()
    component = decode_component(data)
    validate_component(component)
    assert component.type is not None
    (tmp_path / "module.pyi").write_text(render_component_stub(component.type, name), encoding="utf-8")
    (tmp_path / "package.pyi").write_text(render_bindings(component.type, name), encoding="utf-8")
    done = run(tmp_path, "-m", "mypy", "--strict", "--config-file=", "module.pyi", "package.pyi")
    assert "Success" in done.stdout, done.stdout


def test_types_of_the_world_leave_the_packages_own_names(tmp_path: Path) -> None:
    world = """
        package test:names;
        world w { record instance { a: u8 } record other { b: u8 } import f: func(i: instance, o: other); }
    """
    (tmp_path / "names.wasm").write_bytes(make_component(tmp_path, world).read_bytes())
    assert run(tmp_path, "-m", "wasmz", "bindgen", "names.wasm", "-o", "names").returncode == 0
    program = "import names; print(names.Instance_(1), names.Other(b=2), names.Instance.__name__)"
    assert run(tmp_path, "-c", program).stdout == "Instance(a=1) Other(b=2) object\n"
    assert "class Instance_(Record):" in (tmp_path / "names" / "__init__.pyi").read_text(encoding="utf-8")


def test_streams_and_futures_are_typed(tmp_path: Path) -> None:
    component = decode_component(make_component(tmp_path, WORLDS["asynchronous"]).read_bytes())
    validate_component(component)
    assert component.type is not None
    lines = [line.strip() for line in render_component_stub(component.type, "pipes").splitlines()]
    sent = "AsyncIterable[Any] | Iterable[Any]"
    assert f"async def send(data: {sent}) -> Awaitable[Ok | Err]: ..." in lines
    assert "def pulse() -> tuple[AsyncIterator[None], Awaitable[None]]: ..." in lines


# Precompiled


def _tick() -> bytes:
    world = """
        package acme:tick@1.0.0;
        interface counters { resource counter { next: func() -> u32; } make: func() -> counter; }
        world w { export counters; export double: func(n: u32) -> u32; }
    """
    module = """
        (module
          (import "[export]acme:tick/counters@1.0.0" "[resource-new]counter" (func $new (param i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "acme:tick/counters@1.0.0#make") (result i32) (call $new (i32.const 8)))
          (func (export "acme:tick/counters@1.0.0#[method]counter.next") (param i32) (result i32)
            (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1)))
            (i32.load (local.get 0)))
          (func (export "double") (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1))))
    """
    return build_component(world, module)


_USE = "import tick; print(tick.double(21), tick.counters.make().next(), tick.__wasm_instance__ is not None)"


def test_precompiled_component(tmp_path: Path) -> None:
    (tmp_path / "tick.wasm").write_bytes(_tick())
    done = run(tmp_path, "-m", "wasmz", "compile", "tick.wasm", "-o", "tick.pyc")
    assert done.returncode == 0 and " core modules" in done.stdout, done.stderr
    # Neither a decoder of core modules nor the compiler is needed.
    script = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.startswith(("wasmz.compile.", "wasmz.codegen", "wasmz.baseline", "wasmz.passes", "bytecode")):
            raise AssertionError(f"imports {{name}}")
sys.meta_path.insert(0, Refuse())
{_USE}
"""
    done = run(tmp_path, "-c", script)
    assert (done.stdout, done.stderr) == ("42 1 True\n", "")


def test_damaged_precompiled_component_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tick.wasm").write_bytes(_tick())
    assert run(tmp_path, "-m", "wasmz", "compile", "tick.wasm", "--python", sys.executable, "-o", "out").returncode == 0
    (compiled,) = (tmp_path / "out" / "__wasmz__").iterdir()
    content = bytearray(compiled.read_bytes())
    content[len(content) // 2] ^= 0xFF
    compiled.write_bytes(content)
    # The wasm is there to be compiled.
    done = run(tmp_path / "out", "-c", _USE)
    assert (done.stdout, done.stderr) == ("42 1 True\n", "")
    (tmp_path / "out" / "tick.wasm").unlink()
    done = run(tmp_path / "out", "-c", _USE)
    assert "the file's checksum does not match, and tick.wasm is missing" in done.stderr


def test_component_for_versions_of_python(tmp_path: Path) -> None:
    (tmp_path / "tick.wasm").write_bytes(_tick())
    done = run(tmp_path, "-m", "wasmz", "compile", "tick.wasm", "--python", sys.executable, "--no-wasm", "-o", "out")
    assert done.returncode == 0, done.stderr
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.py*")}
    assert names == {"tick.py", "tick.pyi", f"__wasmz__/tick.{sys.implementation.cache_tag}.pyc"}
    done = run(tmp_path / "out", "-c", _USE)
    assert (done.stdout, done.stderr) == ("42 1 True\n", "")
