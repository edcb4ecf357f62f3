"""Imports of wasmz's own modules are what Python's own finder and loader would make of them."""

from __future__ import annotations

import importlib.util
import inspect
import marshal
import os
import py_compile
import sys
from _frozen_importlib_external import PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType

import pytest

import wasmz
from wasmz.startup import light
from wasmz.startup.own_modules import OwnLoader, OwnModules, install


def test_specifications_are_pythons_own() -> None:
    compared = 0
    for name, module in list(sys.modules.items()):
        if name.startswith("wasmz.") and module.__spec__ is not None:
            parent = sys.modules[name.rpartition(".")[0]]
            ours, theirs = OwnModules.find_spec(name, parent.__path__), PathFinder.find_spec(name, parent.__path__)
            assert ours is not None and theirs is not None, name
            assert isinstance(ours.loader, SourceFileLoader) and isinstance(theirs.loader, SourceFileLoader)
            assert ours.loader.path == theirs.loader.path
            for field in ("name", "origin", "cached", "has_location", "parent", "submodule_search_locations"):
                assert getattr(ours, field) == getattr(theirs, field), (name, field)
            compared += 1
    assert compared > 1


def test_the_finder_stands_before_pythons_once() -> None:
    install(wasmz.__spec__)
    assert [f for f in sys.meta_path if getattr(f, "__module__", None) == OwnModules.__module__] == sys.meta_path[
        sys.meta_path.index(PathFinder) - 1 : sys.meta_path.index(PathFinder)
    ]
    assert "def memoized" in inspect.getsource(light)


@pytest.mark.parametrize("name", ["other.module", "wasmz", "wasmz.Module", "wasmz.absent", "wasmzed.module"])
def test_other_names_are_left_to_python(tmp_path: Path, name: str) -> None:
    for stem in ("module", "Module"):
        (tmp_path / f"{stem}.py").write_text("")
    assert OwnModules.find_spec(name, [str(tmp_path)]) is None
    assert OwnModules.find_spec("wasmz.module") is None
    assert OwnModules.find_spec("wasmz.module", [str(tmp_path), str(tmp_path)]) is None


def find(folder: Path, content: str = "value = 1") -> Path:
    source = folder / "module.py"
    source.write_text(content)
    os.utime(source, (1_000_000_000, 1_000_000_000))
    return source


def value_of(folder: Path) -> object:
    """What the module's code sets."""
    spec = OwnModules.find_spec("wasmz.module", [str(folder)])
    assert spec is not None and isinstance(spec.loader, OwnLoader)
    names: dict[str, object] = {}
    codes = [spec.loader.get_code(spec.name) for _ in range(2)]
    for code in codes:
        assert isinstance(code, CodeType) and code.co_filename == spec.origin == str(folder / "module.py")
        exec(code, names)
    assert codes[0] == codes[1]
    return names["value"]


def keep(source: Path, content: str, mode: py_compile.PycInvalidationMode | None = None) -> Path:
    """Has compiled code that is not the source's, so that one can tell which was taken."""
    target = Path(importlib.util.cache_from_source(str(source)))
    py_compile.compile(str(source), str(target), invalidation_mode=mode, doraise=True)
    header = target.read_bytes()[:16]
    target.write_bytes(header + marshal.dumps(compile(content, "elsewhere.py", "exec")))
    return target


def test_compiled_code_is_taken_while_its_source_is_the_same(tmp_path: Path) -> None:
    source = find(tmp_path)
    assert value_of(tmp_path) == 1
    keep(source, "value = 2", py_compile.PycInvalidationMode.TIMESTAMP)
    assert value_of(tmp_path) == 2
    os.utime(source, (1_000_000_001, 1_000_000_001))
    assert value_of(tmp_path) == 1
    keep(source, "value = 2", py_compile.PycInvalidationMode.TIMESTAMP)
    find(tmp_path, "value = 30")
    os.utime(source, (1_000_000_001, 1_000_000_001))
    assert value_of(tmp_path) == 30


def test_code_with_a_hash_is_left_to_python(tmp_path: Path) -> None:
    source = find(tmp_path)
    keep(source, "value = 2", py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert value_of(tmp_path) == 2
    target = keep(source, "value = 2", py_compile.PycInvalidationMode.CHECKED_HASH)
    target.write_bytes(target.read_bytes()[:8] + bytes(8) + target.read_bytes()[16:])
    assert value_of(tmp_path) == 1


@pytest.mark.parametrize("length", [0, 3, 15])
def test_broken_headers_are_left_to_python(tmp_path: Path, length: int) -> None:
    target = keep(find(tmp_path), "value = 2", py_compile.PycInvalidationMode.TIMESTAMP)
    target.write_bytes(target.read_bytes()[:length])
    assert value_of(tmp_path) == 1


@pytest.mark.parametrize("body", [b"", b"c", b"\xff" * 40, b"N", b"i\x01\x00\x00\x00"])
def test_broken_code_raises_what_python_raises(tmp_path: Path, body: bytes) -> None:
    target = keep(find(tmp_path), "value = 2", py_compile.PycInvalidationMode.TIMESTAMP)
    target.write_bytes(target.read_bytes()[:16] + body)
    expected = raised(SourceFileLoader("wasmz.module", str(tmp_path / "module.py")))
    spec = OwnModules.find_spec("wasmz.module", [str(tmp_path)])
    assert spec is not None and isinstance(spec.loader, OwnLoader)
    assert raised(spec.loader) == expected


def raised(loader: SourceFileLoader) -> str:
    with pytest.raises((EOFError, ValueError, TypeError, ImportError)) as caught:
        loader.get_code("wasmz.module")
    return repr(caught.value)
