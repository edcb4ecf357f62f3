"""The drop-in instead of the package ``wasmtime``: unchanged programs, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = """import sys
import wasmtime
from wasmtime import Instance, Module, Store, Trap
import wasmtime._types
from wasmtime._func import Func
store = Store()
module = Module(store.engine, WASM)
f = Instance(store, module, []).exports(store)["f"]
print(f(store), isinstance(f, Func), wasmtime._types is sys.modules["wasmz.wasmtime._types"], wasmtime.__name__)
print(__name__, sys.argv[1:], "wasmtime" in sys.modules)
"""
# (module (func (export "f") (result i32) i32.const 42))
WASM = bytes.fromhex("0061736d010000000105016000017f03020100070501016600000a06010400412a0b")


def run(*args: str, folder: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *args]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env, timeout=120, check=False)
    assert done.returncode == code, done.stderr
    return done


def write(folder: Path, name: str, source: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return path


EXPECTED = "42 True True wasmz.wasmtime\n"


def test_a_script_runs_with_it(tmp_path: Path) -> None:
    write(tmp_path, "beside.py", "here = 1\n")
    write(tmp_path, "program.py", "import beside\n" + program())
    done = run("-m", "wasmz.wasmtime", str(tmp_path / "program.py"), "a", "-m", folder=ROOT)
    assert done.stdout == EXPECTED + "__main__ ['a', '-m'] True\n"


def test_a_module_runs_with_it(tmp_path: Path) -> None:
    write(tmp_path, "tool/__init__.py", "")
    write(tmp_path, "tool/__main__.py", program())
    done = run("-m", "wasmz.wasmtime", "-m", "tool", "a", folder=tmp_path)
    assert done.stdout == EXPECTED + "__main__ ['a'] True\n"


def test_without_a_program_it_says_how_to_use_it(tmp_path: Path) -> None:
    assert "SCRIPT" in run("-m", "wasmz.wasmtime", folder=tmp_path, code=2).stderr
    assert "SCRIPT" in run("-m", "wasmz.wasmtime", "--help", folder=tmp_path).stdout
    assert "no file x.py" in run("-m", "wasmz.wasmtime", "x.py", folder=tmp_path, code=2).stderr


def program() -> str:
    return PROGRAM.replace("WASM", repr(WASM))


def test_it_is_installed_by_a_call(tmp_path: Path) -> None:
    write(
        tmp_path, "program.py", "import wasmz\nwasmz.install_as_wasmtime()\nwasmz.install_as_wasmtime()\n" + program()
    )
    assert run("program.py", folder=tmp_path).stdout.startswith(EXPECTED)


def test_it_is_not_installed_beside_the_binding(tmp_path: Path) -> None:
    pytest.importorskip("wasmtime")
    write(tmp_path, "program.py", "import wasmtime\nimport wasmz\nwasmz.install_as_wasmtime()\n")
    assert "wasmtime was imported already" in run("program.py", folder=tmp_path, code=1).stderr


def test_importing_wasmz_does_not_load_it(tmp_path: Path) -> None:
    source = (
        "import sys, wasmz\nwasmz.Store, wasmz.Module\nprint([name for name in sys.modules if 'wasmtime' in name])\n"
    )
    write(tmp_path, "program.py", source)
    assert run("program.py", folder=tmp_path).stdout == "[]\n"


def test_components_are_there_under_the_bindings_name(tmp_path: Path) -> None:
    source = """import wasmz
wasmz.install_as_wasmtime()
from wasmtime.component import Component
from wasmtime.component._types import VariantLikeType
print(Component.__module__, VariantLikeType.__name__)
"""
    write(tmp_path, "program.py", source)
    assert run("program.py", folder=tmp_path).stdout == "wasmz.wasmtime.component._component VariantLikeType\n"


def test_the_loader_imports_files(tmp_path: Path) -> None:
    (tmp_path / "answer.wasm").write_bytes(WASM)
    # (module (import "answer" "f" (func (result i32))) (import "host" "add" (func (param i32) (result i32)))
    #   (func (export "g") (result i32) call 0 call 1))
    user = "0061736d01000000010a026000017f60017f017f02170206616e7377657201660000"
    user += "04686f737403616464000103020100070501016700020a08010600100010010b"
    (tmp_path / "user.wasm").write_bytes(bytes.fromhex(user))
    write(tmp_path, "host.py", "def add(number):\n    return number + 1\n")
    write(
        tmp_path,
        "program.py",
        "import wasmtime.loader\nimport answer\nimport user\nprint(answer.f(), user.g(), user.__name__)\n",
    )
    done = run("-m", "wasmz.wasmtime", "program.py", folder=tmp_path)
    assert done.stdout == "42 43 user\n"
    (tmp_path / "user.wasm").write_bytes(b"\0asm\1\0\0\0\xff")
    done = run("-m", "wasmz.wasmtime", "program.py", folder=tmp_path, code=1)
    assert "ImportError: cannot import" in done.stderr
