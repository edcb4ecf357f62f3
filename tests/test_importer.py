"""WebAssembly modules that Python imports: where they are found, what is cached, and what they import themselves."""

from __future__ import annotations

import importlib
import importlib.resources
import importlib.util
import os
import pkgutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import wasmz
from tests.wasm.encode import I32, I64, function
from wasmz import importer

ROOT = Path(__file__).resolve().parent.parent
EXPORT = b"\x07\x05\x01\x01f\x00\x00"


def adds(number: int) -> bytes:
    """A module whose ``f`` adds a number below 64."""
    return function(bytes((0x20, 0, 0x41, number, 0x6A)), I32, I32, before=EXPORT)


# (import "helper" "twice" (func (param i32) (result i32))) (func (export "f") ... call 0)
IMPORTING = (
    b"\0asm\1\0\0\0"
    b"\x01\x06\x01\x60\x01\x7f\x01\x7f"
    b"\x02\x10\x01\x06helper\x05twice\x00\x00"
    b"\x03\x02\x01\x00"
    b"\x07\x05\x01\x01f\x00\x01"
    b"\x0a\x08\x01\x06\x00\x20\x00\x10\x00\x0b"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory on ``sys.path`` from which WebAssembly modules can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    before = set(sys.modules)
    importer.install()
    yield tmp_path
    importer.uninstall()
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def load(name: str) -> Any:
    importlib.invalidate_caches()
    return importlib.import_module(name)


def kept(folder: Path) -> Path:
    return folder / "__pycache__" / f"sums.{sys.implementation.cache_tag}.wasmz.pyc"


def test_exports_are_attributes(folder: Path) -> None:
    (folder / "sums.wasm").write_bytes(adds(5))
    sums = load("sums")
    assert sums.f(1) == 6
    assert sums.__file__ == str(folder / "sums.wasm")
    assert isinstance(sums.__wasm_instance__, wasmz.Instance)
    assert kept(folder).is_file()


def test_second_time_nothing_is_compiled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sums.wasm").write_bytes(adds(5))
    load("sums")
    del sys.modules["sums"]

    def refuse(*args: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr("wasmz.compile.pipeline.compile_module", refuse)
    assert load("sums").f(2) == 7


def test_changed_source_is_compiled_again(folder: Path) -> None:
    path = folder / "sums.wasm"
    path.write_bytes(adds(5))
    sums = load("sums")
    path.write_bytes(adds(6))
    os.utime(path, (2_000_000_000, 2_000_000_000))
    assert sums.f(1) == 6
    assert importlib.reload(sums) is sums
    assert sums.f(1) == 7


def test_damaged_files_are_made_again(folder: Path) -> None:
    (folder / "sums.wasm").write_bytes(adds(5))
    load("sums")
    whole = kept(folder).read_bytes()
    for damaged in (b"", whole[:-1], whole[:40] + b"\xff" + whole[41:]):
        kept(folder).write_bytes(damaged)
        del sys.modules["sums"]
        assert load("sums").f(1) == 6
        assert kept(folder).read_bytes() == whole


def test_nothing_is_written_where_python_writes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (folder / "sums.wasm").write_bytes(adds(5))
    assert load("sums").f(1) == 6
    assert not (folder / "__pycache__").exists()


def test_prefix_of_python_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, prefix = folder / "source", folder / "elsewhere"
    source.mkdir()
    monkeypatch.syspath_prepend(str(source))
    monkeypatch.setattr(sys, "pycache_prefix", str(prefix))
    (source / "sums.wasm").write_bytes(adds(5))
    assert load("sums").f(1) == 6
    # Imports the compiler itself only now; its bytecode is stored there, too.
    assert [path.name for path in prefix.rglob("*.wasmz.pyc")] == [kept(folder).name]
    assert not (source / "__pycache__").exists()


def test_packages_and_modules_in_them(folder: Path) -> None:
    package = folder / "pack"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.wasm").write_bytes(adds(1))
    (package / "part.wasm").write_bytes(adds(2))
    (package / "inner" / "__init__.py").write_text("from pack import part\n")
    (package / "data.txt").write_text("some data")
    assert load("pack").f(0) == 1
    assert load("pack.part").f(0) == 2
    assert load("pack.inner").part.f(0) == 2
    assert importlib.resources.files("pack").joinpath("data.txt").read_text() == "some data"


def test_python_comes_first(folder: Path) -> None:
    (folder / "sums.py").write_text("f = None\n")
    (folder / "sums.wasm").write_bytes(adds(5))
    assert load("sums").f is None


def test_modules_are_listed(folder: Path) -> None:
    (folder / "alpha.wasm").write_bytes(adds(1))
    (folder / "beta.py").touch()
    (folder / "no-name.wasm").write_bytes(adds(1))
    (folder / "gamma").mkdir()
    (folder / "gamma" / "__init__.wasm").write_bytes(adds(1))
    found = {item.name: item.ispkg for item in pkgutil.iter_modules([str(folder)], "x.")}
    assert found == {"x.alpha": False, "x.beta": False, "x.gamma": True}


def test_from_a_zip_file(folder: Path, monkeypatch: pytest.MonkeyPatch, cache_dir: Path) -> None:
    archive = folder / "all.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped.wasm", adds(3))
        file.writestr("zippack/__init__.wasm", adds(4))
        file.writestr("zippack/inner.wasm", adds(5))
        file.writestr("plain.py", "x = 1\n")
    monkeypatch.syspath_prepend(str(archive))
    assert load("zipped").f(0) == 3
    assert load("zippack").f(0) == 4
    assert load("zippack.inner").f(0) == 5
    assert load("plain").x == 1
    with pytest.raises(ModuleNotFoundError):
        load("absent_from_the_archive")


def test_imports_are_python_modules(folder: Path) -> None:
    (folder / "helper.py").write_text("def twice(x): return 2 * x\n")
    (folder / "using.wasm").write_bytes(IMPORTING)
    assert load("using").f(21) == 42


def test_imports_are_looked_for_in_the_package_first(folder: Path) -> None:
    (folder / "helper.py").write_text("def twice(x): return -1\n")
    package = folder / "near"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "helper.py").write_text("def twice(x): return 2 * x\n")
    (package / "using.wasm").write_bytes(IMPORTING)
    assert load("near.using").f(21) == 42


def test_imports_from_a_mapping_and_nothing_else(folder: Path) -> None:
    (folder / "helper.py").write_text("raise AssertionError('imported')\n")
    (folder / "using.wasm").write_bytes(IMPORTING)
    importer.install(imports={})
    with pytest.raises(ImportError, match="imports from 'helper', which it was not given"):
        load("using")
    assert "using" not in sys.modules
    importer.install(imports={"helper": {"other": abs}})
    with pytest.raises(ImportError, match="imports 'twice', which 'helper' lacks"):
        load("using")
    stand_in: Any = ModuleType("stand_in")
    stand_in.twice = lambda x: 3 * x
    for given in ({"twice": lambda x: 3 * x}, stand_in):
        importer.install(imports={"helper": given})
        assert load("using").f(5) == 15
        del sys.modules["using"]


def test_invalid_module_is_an_import_error(folder: Path) -> None:
    (folder / "broken.wasm").write_bytes(adds(5)[:-2])
    with pytest.raises(ImportError, match=r"cannot import .*broken\.wasm") as caught:
        load("broken")
    assert isinstance(caught.value.__cause__, wasmz.InvalidWasm)
    assert "broken" not in sys.modules
    assert not (folder / "__pycache__").exists()


def test_text_format(folder: Path) -> None:
    (folder / "text.wat").write_text('(module (func (export "f") (result i32) (i32.const 7)))')
    assert load("text").f() == 7
    (folder / "bad.wat").write_text("(module (func (export")
    with pytest.raises(ImportError, match=r"bad\.wat"):
        load("bad")


def test_large_modules_are_compiled_as_they_are_called(
    folder: Path, monkeypatch: pytest.MonkeyPatch, cache_dir: Path
) -> None:
    monkeypatch.setattr(importer, "LARGEST_EAGER", 10)
    (folder / "sums.wasm").write_bytes(adds(5))
    assert load("sums").f(1) == 6
    assert not kept(folder).exists()


def test_uninstalled_it_finds_nothing(folder: Path) -> None:
    (folder / "sums.wasm").write_bytes(adds(5))
    importer.uninstall()
    with pytest.raises(ModuleNotFoundError):
        load("sums")


def test_as_a_program(tmp_path: Path) -> None:
    """``python -m`` runs a command module, and an import in a fresh process works without more ado."""
    # Its "_start" is an unreachable instruction, which shows that it ran.
    command = function(b"\x00", before=b"\x07\x0a\x01\x06_start\x00\x00")
    (tmp_path / "stopping.wasm").write_bytes(command)
    (tmp_path / "sums.wasm").write_bytes(adds(5))
    script = textwrap.dedent("""
        import gc, sys, runpy
        import wasmz.importer
        import sums
        frozen = gc.get_freeze_count()
        print(sums.f(1))
        try:
            runpy.run_module("stopping", run_name="__main__", alter_sys=True)
        finally:
            print("frozen:", gc.get_freeze_count() - frozen)
    """)
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        input="",
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
        timeout=120,
    )
    assert done.stdout.startswith("6\n"), done.stderr
    assert done.stderr.startswith("trap: unreachable"), done.stderr
    assert "Traceback" not in done.stderr
    # Objects are frozen when the process ends, but not when a program runs inside another.
    assert done.stdout.endswith("frozen: 0\n"), done.stdout


def test_imports_by_a_dotted_name(folder: Path) -> None:
    """In a package, too, "names.helper" may be the whole name of a module."""
    package = folder / "names"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "helper.py").write_text("def twice(x): return 2 * x\n")
    whole = IMPORTING.replace(b"\x02\x10\x01\x06helper", b"\x02\x16\x01\x0cnames.helper")
    (package / "using.wasm").write_bytes(whole)
    assert load("names.using").f(21) == 42
    # Nor are missing imports replaced by anything else.
    (package / "helper.py").write_text("import not_there_at_all\n")
    del sys.modules["names.helper"], sys.modules["names.using"]
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        load("names.using")


@pytest.mark.parametrize("name", ["", ".", "../x", "a..b"])
def test_imports_from_what_names_no_module(folder: Path, name: str) -> None:
    data = IMPORTING.replace(b"\x02\x10\x01\x06helper", bytes((2, 10 + len(name), 1, len(name))) + name.encode())
    (folder / "odd.wasm").write_bytes(data)
    with pytest.raises(ImportError, match="names no module"):
        load("odd")


def test_what_cannot_be_linked_is_an_import_error(folder: Path) -> None:
    (folder / "helper.py").write_text("twice = 2\n")
    (folder / "using.wasm").write_bytes(IMPORTING)
    with pytest.raises(ImportError, match=r"helper\.twice has another type: expected function .*, found the value 2"):
        load("using")
    other = function(b"\x20\x00", I64, I64, before=b"\x07\x09\x01\x05twice\x00\x00")
    (folder / "another.wasm").write_bytes(other)
    (folder / "user.wasm").write_bytes(IMPORTING.replace(b"\x02\x10\x01\x06helper", b"\x02\x11\x01\x07another"))
    with pytest.raises(ImportError, match=r"cannot import .*user\.wasm: import another\.twice has another type"):
        load("user")
    (folder / "newer.wasm").write_bytes(b"\0asm\x0e\0\1\0")
    with pytest.raises(ImportError, match="cannot import"):
        load("newer")


def test_packages_are_walked(folder: Path) -> None:
    package = folder / "walked"
    package.mkdir()
    (package / "__init__.wasm").write_bytes(adds(1))
    (package / "part.wasm").write_bytes(adds(2))
    assert [item.name for item in pkgutil.walk_packages([str(folder)])] == ["walked", "walked.part"]


@pytest.mark.parametrize("is_absolute", [True, False])
def test_zip_files_are_walked_and_read(
    is_absolute: bool, folder: Path, monkeypatch: pytest.MonkeyPatch, cache_dir: Path
) -> None:
    archive = folder / "walk.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("single.wasm", adds(3))
        file.writestr("wpack/__init__.wasm", adds(4))
        file.writestr("wpack/inner.wasm", adds(5))
        file.writestr("wpack/plain.py", "")
        file.writestr("wpack/data.txt", "some data")
        file.writestr("not/a/package.wasm", adds(5))
    monkeypatch.chdir(folder)
    archive_path = str(archive) if is_absolute else archive.name
    monkeypatch.syspath_prepend(archive_path)
    found = {item.name: item.ispkg for item in pkgutil.walk_packages([archive_path])}
    assert found == {"single": False, "wpack": True, "wpack.inner": False, "wpack.plain": False}
    assert load("wpack").f(0) == 4
    files = importlib.resources.files("wpack")
    assert files.joinpath("data.txt").read_text() == "some data"
    assert files.joinpath("inner.wasm").read_bytes() == adds(5)
    assert pkgutil.get_data("wpack", "data.txt") == b"some data"


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_what_is_kept_can_be_read_by_whoever_reads_the_source(folder: Path) -> None:
    for name, mode in (("open", 0o644), ("closed", 0o600)):
        (folder / f"{name}.wasm").write_bytes(adds(1))
        (folder / f"{name}.wasm").chmod(mode)
        old = os.umask(0o022)
        try:
            load(name)
        finally:
            os.umask(old)
        (kept,) = (folder / "__pycache__").glob(f"{name}.*")
        assert kept.stat().st_mode & 0o077 == mode & 0o077


@pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")
@pytest.mark.parametrize("first", ["wasmz.importer", "pkgutil"])
def test_the_hook_needs_little_and_pkgutil_knows_it(tmp_path: Path, first: str) -> None:
    """Whichever is imported first: the hook does without ``pkgutil``, which takes as long to import as itself."""
    (tmp_path / "listed.wasm").write_bytes(b"\0asm\1\0\0\0")
    script = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]
import {first}
import wasmz.importer
heavy = sys.modules.keys() & {{"importlib.abc", "inspect", "typing", "pathlib", "tempfile", "bytecode"}}
print(sorted(heavy) if "pkgutil" not in sys.modules else [])
import pkgutil
print("listed" in [info.name for info in pkgutil.iter_modules([{str(tmp_path)!r}])])
print(type(pkgutil.__loader__).__name__, type(pkgutil.__spec__.loader).__name__)
"""
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "True", "SourceFileLoader SourceFileLoader"], done.stderr
