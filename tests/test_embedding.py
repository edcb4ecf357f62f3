"""Cases that embedders and tools met: replaced streams, odd names, files that are not modules, closed stores."""

from __future__ import annotations

import contextlib
import gzip
import importlib.machinery
import io
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

import wasmz
import wasmz.importer
from tests.wasm.encode import I32, function
from wasmz.build.pyinstaller import get_hook_dirs
from wasmz.text import assemble

ROOT = Path(__file__).resolve().parent.parent

ADDS_5 = function(b"\x20\x00\x41\x05\x6a", I32, I32, before=b"\x07\x05\x01\x01f\x00\x00")
COMPONENT = b"\0asm\x0d\0\1\0"

HELLO = """
(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\08\\00\\00\\00\\04\\00\\00\\00hey\\n")
  (func (export "hello") (param i32) (result i32)
    (call $write (local.get 0) (i32.const 0) (i32.const 1) (i32.const 32))))
"""

needs_processes = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")


def exports_of(text: str, imports: Any = None) -> Any:
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    return wasmz.instantiate(assemble(text), imports, engine=engine).exports


def greeter() -> wasmz.Exports:
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    linker = wasmz.Linker(engine)
    linker.define_wasi(wasmz.WasiConfig())
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(HELLO)), linker).exports


# Streams


def test_inherited_output_goes_where_print_goes() -> None:
    hello = greeter().hello
    for redirect, number in ((contextlib.redirect_stdout, 1), (contextlib.redirect_stderr, 2)):
        for _ in range(2):
            # Each is closed before the next one.
            with io.StringIO() as text:
                with redirect(text):
                    assert hello(number) == 0
                assert text.getvalue() == "hey\n"


def test_inherited_output_is_discarded_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    hello = greeter().hello
    monkeypatch.setattr(sys, "stdout", None)
    assert hello(1) == 0


def test_inherited_input_is_what_it_is_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from wasmz.runtime.wasi.standard_streams import open_input

    stream = open_input("inherit")
    for text in ("first", "second"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        target = bytearray(10)
        assert stream.read([memoryview(target)]) == len(text)
        assert bytes(target[: len(text)]) == text.encode()


# Exports of any name

ODD_NAMES = ["keys", "items", "values", "get", "_instance", "_specs", "_make", "__reduce__", "__class__", "plain"]
ODD = "".join(f'(func (export "{name}") (result i32) (i32.const {i}))' for i, name in enumerate(ODD_NAMES))


def test_exports_of_any_name() -> None:
    exports = exports_of(f"(module {ODD})")
    assert [exports[name]() for name in ODD_NAMES] == list(range(len(ODD_NAMES)))
    assert [function() for function in dict(exports).values()] == list(range(len(ODD_NAMES)))
    assert list({**exports}) == ODD_NAMES
    assert [getattr(exports, name)() for name in ODD_NAMES if name not in ("keys", "__reduce__", "__class__")] == [
        *range(1, 7),
        9,
    ]
    assert list(exports.keys()) == ODD_NAMES
    assert type(exports) is wasmz.Exports
    assert exports == exports
    assert exports["keys"] is exports["keys"]


def test_modules_with_such_exports_are_imported_and_give_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd_names.wasm").write_bytes(assemble(f"(module {ODD})"))
    user = '(module (import "odd_names" "items" (func $i (result i32))) (func (export "f") (result i32) (call $i)))'
    (tmp_path / "odd_user.wasm").write_bytes(assemble(user))
    monkeypatch.syspath_prepend(str(tmp_path))
    wasmz.importer.install()
    odd, used = importlib.import_module("odd_names"), importlib.import_module("odd_user")
    assert (odd.keys(), odd.items(), odd._instance(), used.f()) == (0, 1, 4, 1)
    exports = exports_of(f"(module {ODD})")
    assert exports_of(user, {"odd_names": exports}).f() == 1


# Imports


def test_numbers_are_imported_as_constants() -> None:
    text = """(module (import "env" "i" (global i32)) (import "env" "x" (global f32)) (import "env" "v" (global v128))
        (func (export "i") (result i32) (global.get 0)) (func (export "x") (result f32) (global.get 1))
        (func (export "v") (result v128) (global.get 2)))"""
    exports = exports_of(text, {"env": {"i": -5, "x": 0.1, "v": bytes(range(16))}})
    # The single nearest to 0.1.
    assert (exports.i(), exports.x(), exports.v()) == (-5, 13421773 / 2**27, bytes(range(16)))
    mutable = '(module (import "env" "g" (global (mut i32))))'
    with pytest.raises(wasmz.LinkError, match="found the value 5"):
        exports_of(mutable, {"env": {"g": 5}})
    with pytest.raises(wasmz.LinkError, match="env.g"):
        exports_of('(module (import "env" "g" (global i32)))', {"env": {"g": 1 << 40}})


def test_messages_have_an_end() -> None:
    many = " ".join(["i32"] * 900)
    wrong = f'(import "{"m" * 60_000}" "{"n" * 60_000}" (func (param {many}) (result {many})))'
    with pytest.raises(wasmz.LinkError) as caught:
        exports_of(f"(module {wrong * 50})")
    assert len(str(caught.value)) < 40_000
    assert "and 30 more" in str(caught.value)
    name = "x" * 100_000
    exports = exports_of(f'(module (func (export "{name}")))')
    with pytest.raises(AttributeError) as missing:
        _ = exports.y
    assert len(str(missing.value)) < 1000
    assert len(repr(exports)) < 1000
    assert len(str(wasmz.InvalidWasm("r" * 300_000, offset=1))) < 10_000


# Files that are not modules


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(ADDS_5, mtime=0), "gzip"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"\x7fELF\2\1\1\0", "ELF"),
        (b"hello, world\n", "text"),
        (COMPONENT, "component"),
        (b"\xde\xad\xbe\xef\0\0\0\0", "magic header not detected"),
        (b"\0asm\2\0\0\0", "unknown binary version"),
    ],
)
def test_files_that_are_no_modules_are_called_what_they_are(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "given.wasm"
    file.write_bytes(content)
    for source in (file, str(file), file.open("rb")):
        with pytest.raises((wasmz.InvalidWasm, wasmz.UnsupportedFeature), match=words) as caught:
            wasmz.Module.compile(source)
        assert str(file) in str(caught.value)
        if isinstance(source, io.BufferedReader):
            source.close()
    with pytest.raises((wasmz.InvalidWasm, wasmz.UnsupportedFeature), match=words):
        wasmz.Module.validate(content)


# The import hook


def test_directories_of_others_stay_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Loader:
        def create_module(self, spec: object) -> None:
            return None

        def exec_module(self, module: Any) -> None:
            module.answer = 42

    class Finder:
        def find_spec(self, name: str, target: object = None) -> Any:
            return importlib.machinery.ModuleSpec(name, Loader()) if name == "only_theirs" else None  # type: ignore[arg-type]

    def hook(path: str) -> Finder:
        if path == str(tmp_path):
            return Finder()
        raise ImportError(path)

    monkeypatch.setattr(sys, "path_hooks", [*sys.path_hooks, hook][-1:] + sys.path_hooks)
    monkeypatch.syspath_prepend(str(tmp_path))
    wasmz.importer.install()
    assert importlib.import_module("only_theirs").answer == 42
    wasmz.importer.uninstall()
    wasmz.importer.install()
    sys.path_importer_cache.pop(str(tmp_path), None)
    del sys.modules["only_theirs"]
    assert importlib.import_module("only_theirs").answer == 42


def test_loaders_that_rewrite_sources_go_on_to_do_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Rewriting(importlib.machinery.SourceFileLoader):
        def source_to_code(self, data: Any, path: Any, *_: Any, **__: Any) -> Any:  # type: ignore[override]
            return compile(bytes(data).replace(b"as_written", b"rewritten"), path, "exec")

    rewriting = importlib.machinery.FileFinder.path_hook((Rewriting, [".py"]))
    hooks = [item for item in sys.path_hooks if item is not wasmz.importer._make_finder]
    monkeypatch.setattr(sys, "path_hooks", [wasmz.importer._make_finder, rewriting, *hooks])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    (tmp_path / "rewritten.py").write_text("how = 'as_written'\n")
    (tmp_path / "beside_rewritten.wasm").write_bytes(ADDS_5)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert importlib.import_module("rewritten").how == "rewritten"
    assert importlib.import_module("beside_rewritten").f(1) == 6


def test_pyinstaller_finds_the_hook() -> None:
    (folder,) = get_hook_dirs()
    assert (Path(folder) / "hook-wasmz.py").exists()


# Stores that are closed


def test_what_is_in_a_closed_store_says_so() -> None:
    text = """(module (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") i32 (i32.const 1))
        (func (export "f") (result i32) (i32.const 3)) (func (export "late") (result i32) (i32.const 4)))"""
    for mode in ("smart", "eager"):
        engine = wasmz.Engine(wasmz.Config(use_cache=False, compile_mode=mode))
        store = wasmz.Store(engine)
        instance = wasmz.Instance(store, wasmz.Module.compile(engine, assemble(text)))
        exports = instance.exports
        f, table, value = exports.f, exports.t, exports.g
        assert f() == 3
        store.close()
        store.close()
        attempts = (
            f,
            lambda instance=instance: instance.call("f"),
            lambda instance=instance: instance.call("late"),
            lambda table=table: table[0],
            lambda value=value: value.value,
            lambda store=store: wasmz.Memory(store, wasmz.MemoryType(1)),
            lambda store=store: wasmz.Global(store, wasmz.GlobalType(I32_TYPE), 1),
            lambda store=store: store.set_deadline(1),
        )
        for attempt in attempts:
            with pytest.raises(ValueError, match="the store is closed"):
                attempt()


I32_TYPE = wasmz.ValType.I32


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list descriptors")
def test_closing_a_store_closes_what_its_guest_was_given(tmp_path: Path) -> None:
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    module = wasmz.Module.compile(engine, assemble(HELLO))
    linker = wasmz.Linker(engine)
    linker.define_wasi(wasmz.WasiConfig(stdout=io.BytesIO()).preopen_dir(tmp_path, "/"))

    def is_open() -> bool:
        links = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
        return os.path.realpath(tmp_path) in links

    first, second = wasmz.Store(engine), wasmz.Store(engine)
    instances = [wasmz.Instance(store, module, linker) for store in (first, second)]
    first.close()
    assert is_open()
    second.close()
    assert not is_open()
    # The linker serves other stores as before.
    with wasmz.Store(engine) as third:
        assert wasmz.Instance(third, module, linker).exports.hello(1) == 0
        assert is_open()
    assert not is_open()
    assert len(instances) == 2


# Handles


def test_an_instance_is_made_of_a_handle() -> None:
    handle = wasmz.Module.compile_arc(ADDS_5)
    assert wasmz.Instance(wasmz.Store(), handle).exports.f(1) == 6
    assert wasmz.worker_instance(handle).exports.f(2) == 7
    handle.release_unwrap()
    with pytest.raises(ValueError, match="released"):
        wasmz.Instance(wasmz.Store(), handle)


def test_a_released_handle_is_not_retained_by_another_thread() -> None:
    for _ in range(200):
        handle = wasmz.Module.compile_arc(ADDS_5)
        counted = handle._live()
        start, retained = threading.Barrier(2), []

        def retain(handle: Any = handle, start: Any = start, retained: Any = retained) -> None:
            start.wait()
            try:
                retained.append(handle.retain())
            except ValueError:
                pass

        thread = threading.Thread(target=retain)
        thread.start()
        start.wait()
        module = handle.release_unwrap()
        thread.join()
        assert (module is None) == bool(retained)
        assert counted.count == len(retained)


# The cache


def test_a_module_that_was_pickled_uses_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = wasmz.Config(cache_dir=tmp_path / "cache")
    module = wasmz.Module.compile(wasmz.Engine(config), ADDS_5)
    pickled = pickle.dumps(module)
    assert wasmz.Instance(wasmz.Store(module.engine), module).exports.f(1) == 6
    module.close()
    del module
    monkeypatch.setattr("wasmz.compile.lazy._LateCompiler.compile", lambda *_: pytest.fail("compiled again"))
    monkeypatch.setattr("wasmz.compile.packing._here", {})
    again = pickle.loads(pickled)
    assert wasmz.Instance(wasmz.Store(again.engine), again).exports.f(2) == 7


def _entries(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix in (".pyc", ".tiers")]


@pytest.mark.parametrize("kind", ["pipe", "folder", "full folder", "unreadable", "loop"])
@pytest.mark.parametrize("mode", ["smart", "eager"])
def test_entries_that_are_no_files_are_replaced_or_passed_by(tmp_path: Path, kind: str, mode: str) -> None:
    folder = tmp_path / "cache"
    config = wasmz.Config(cache_dir=folder, compile_mode=mode)

    def run() -> None:
        with wasmz.Module.compile(wasmz.Engine(config), ADDS_5) as module:
            assert wasmz.Instance(wasmz.Store(module.engine), module).exports.f(1) == 6

    run()
    (entry,) = _entries(folder)
    entry.unlink()
    if kind == "pipe":
        if not hasattr(os, "mkfifo") or sys.platform == "emscripten":
            pytest.skip("this system has no named pipes")
        os.mkfifo(entry)
    elif kind == "loop":
        if sys.platform in ("win32", "emscripten"):
            pytest.skip("this system has no links for everyone")
        entry.symlink_to(entry)
    elif kind == "unreadable":
        entry.write_bytes(b"x")
        entry.chmod(0)
    else:
        entry.mkdir()
        if kind == "full folder":
            (entry / "file").write_bytes(b"")
    run()
    run()
    if kind == "unreadable":
        entry.chmod(0o600)
    (entry,) = _entries(folder)
    assert entry.is_dir() == (kind == "full folder")


def test_no_run_fails_because_nothing_can_be_cached(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    config = wasmz.Config(cache_dir=tmp_path / "file" / "cache")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module = wasmz.Module.compile(wasmz.Engine(config), ADDS_5)
    assert wasmz.Instance(wasmz.Store(module.engine), module).exports.f(1) == 6
    assert "cannot make the cache directory" in capsys.readouterr().err


@needs_processes
def test_output_under_pytests_capture_in_a_process(tmp_path: Path) -> None:
    program = """
        import contextlib, io, wasmz
        linker = wasmz.Linker()
        linker.define_wasi()
        module = wasmz.Module.compile("hello.wasm")
        exports = wasmz.Instance(wasmz.Store(linker.engine), module, linker).exports
        print("before")
        exports.hello(1)
        print("after")
    """
    (tmp_path / "hello.wasm").write_bytes(assemble(HELLO))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WASMZ_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "before\nhey\nafter\n"
