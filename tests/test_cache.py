"""The compilation cache: hits, misses, and that damaged or foreign files are never run."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import textwrap
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import platformdirs
import pytest

import wasmz
from tests.component_abi.support import parse
from tests.wasm.encode import I32, function
from wasmz.artifact import cache as cache_module
from wasmz.artifact.pyc import DamagedFile, decode_pyc, encode_pyc, hash_source
from wasmz.compile.pipeline import compile_module
from wasmz.component import Linker, opening

ROOT = Path(__file__).resolve().parent.parent

EXPORT = b"\x07\x05\x01\x01f\x00\x00"


def eager(**settings: Any) -> wasmz.Config:
    """Settings with which a module is compiled and kept as a whole."""
    return wasmz.Config(compile_mode="eager", **settings)


def with_export(code: bytes) -> bytes:
    """The module with its function exported as ``f``."""
    return function(code, I32, I32, before=EXPORT)


# i32 -> i32: the parameter + 5, or + 6.
ADDS_5, ADDS_6 = with_export(b"\x20\x00\x41\x05\x6a"), with_export(b"\x20\x00\x41\x06\x6a")


def forbid_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("compiled, but the cache should have had it")

    monkeypatch.setattr("wasmz.compile.pipeline.compile_module", refuse)


def count_compilations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by one item with every compilation."""
    seen: list[int] = []

    def counted(data: bytes, *args: object) -> object:
        seen.append(len(data))
        return compile_module(data, *args)  # type: ignore[arg-type]

    monkeypatch.setattr("wasmz.compile.pipeline.compile_module", counted)
    return seen


def run(data: bytes, argument: int, config: wasmz.Config | None = None) -> int:
    engine = wasmz.Engine(config or eager())
    result: int = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, data)).exports.f(argument)
    return result


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def run_python(script: str, *args: str, **environment: str) -> str:
    """What a new process prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script), *args],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# Hits and misses


def test_second_time_is_a_hit(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(ADDS_5, 1) == 6
    assert len(files_of(cache_dir)) == 1
    forbid_compiling(monkeypatch)
    assert run(ADDS_5, 2) == 7


def test_a_hit_imports_no_compiler(cache_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "adds.wasm"
    path.write_bytes(ADDS_5)
    script = """
        import sys, wasmz
        print(wasmz.instantiate(sys.argv[1], engine=wasmz.Engine(wasmz.Config(compile_mode='eager'))).exports.f(1))
        wanted = ("wasmz.compile.pipeline", "wasmz.ir", "wasmz.passes", "wasmz.codegen", "wasmz.wasm", "bytecode")
        print(*sorted({name for name in wanted for loaded in sys.modules if (loaded + ".").startswith(name + ".")}))
    """
    result, loaded = run_python(script, str(path)).splitlines()
    assert result == "6"
    assert "wasmz.codegen wasmz.compile.pipeline wasmz.ir wasmz.passes wasmz.wasm" in loaded
    assert run_python(script, str(path)) == "6"


def test_other_bytes_and_other_options_miss(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compilations = count_compilations(monkeypatch)
    assert run(ADDS_5, 1) == 6
    assert run(ADDS_6, 1) == 7
    assert run(ADDS_5, 1, eager(opt_level=0)) == 6
    assert run(ADDS_5, 1, eager(legacy_exceptions=True)) == 6
    assert len(compilations) == 4
    assert len(files_of(cache_dir)) == 4
    for config in (eager(), eager(opt_level=0), eager(legacy_exceptions=True)):
        assert run(ADDS_5, 1, config) == 6
    # Settings that do not change code do not cause misses.
    assert run(ADDS_5, 1, eager(mem_limit_bytes=1 << 20, table_limit=99)) == 6
    assert len(compilations) == 4
    # Calls that are counted are not inlined, whatever their limit.
    assert run(ADDS_5, 1, eager(max_call_depth=99)) == run(ADDS_5, 1, eager(max_call_depth=100)) == 6
    assert len(compilations) == 5


def test_another_version_misses(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compilations = count_compilations(monkeypatch)
    run(ADDS_5, 1)
    monkeypatch.setattr(cache_module, "__version__", "99.9")
    run(ADDS_5, 1)
    assert len(compilations) == 2


def test_switched_off(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compilations = count_compilations(monkeypatch)
    run(ADDS_5, 1, eager(use_cache=False))
    run(ADDS_5, 1, eager(use_cache=False))
    assert len(compilations) == 2
    assert files_of(cache_dir) == []


def test_directory_of_the_configuration_wins(cache_dir: Path, tmp_path: Path) -> None:
    other = tmp_path / "not" / "there" / "yet"
    assert run(ADDS_5, 1, eager(cache_dir=other)) == 6
    assert len(files_of(other)) == 1
    assert files_of(cache_dir) == []
    if os.name == "posix":
        assert stat.S_IMODE(other.stat().st_mode) == 0o700


def test_invalid_modules_are_not_kept(cache_dir: Path) -> None:
    with pytest.raises(wasmz.InvalidWasm):
        run(with_export(b"\x20\x07"), 1)
    assert files_of(cache_dir) == []


# Damage


@pytest.fixture
def kept(cache_dir: Path) -> Path:
    """The one file in the cache, of ``ADDS_5``."""
    run(ADDS_5, 1)
    (path,) = files_of(cache_dir)
    return path


def test_truncated_at_every_length(kept: Path) -> None:
    whole = kept.read_bytes()
    for length in range(len(whole)):
        with pytest.raises(DamagedFile):
            decode_pyc(whole[:length])
    with pytest.raises(DamagedFile):
        decode_pyc(whole + b"\0")
    assert decode_pyc(whole)[0].exports[0].name == "f"


def test_any_bit_flipped(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is unmarshalled, let alone run, unless every bit is as it was written."""
    whole = kept.read_bytes()

    def refuse(*args: object) -> None:
        raise AssertionError("unmarshalled a damaged file")

    monkeypatch.setattr("marshal.loads", refuse)
    places = [(byte, bit) for byte in range(16) for bit in range(8)]
    places += [(byte, byte % 8) for byte in range(16, len(whole))]
    for byte, bit in places:
        damaged = bytearray(whole)
        damaged[byte] ^= 1 << bit
        with pytest.raises(DamagedFile):
            decode_pyc(bytes(damaged))


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "other module", "text"])
def test_damaged_is_compiled_and_written_again(kept: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = kept.read_bytes()
    other = encode_pyc(compile_module(ADDS_6, eager()), hash_source(ADDS_6))
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0x10
    kept.write_bytes(
        {"empty": b"", "cut": whole[:-1], "flipped": bytes(flipped), "other module": other, "text": b"x" * 99}[damage]
    )
    compilations = count_compilations(monkeypatch)
    assert run(ADDS_5, 1) == 6
    assert len(compilations) == 1
    assert kept.read_bytes() == whole
    assert run(ADDS_5, 1) == 6
    assert len(compilations) == 1


def test_whole_file_without_an_image_is_refused() -> None:
    """A checksum that matches is not enough."""
    import importlib.util
    import marshal

    for payload in (None, 5, (1, 2), compile("x = 1", "x", "exec")):
        content = importlib.util.MAGIC_NUMBER + b"\x01\0\0\0" + hash_source(ADDS_5) + marshal.dumps(payload)
        content += hash_source(content)
        with pytest.raises(DamagedFile):
            decode_pyc(content, hash_source(ADDS_5))


# Directories


posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owner and mode here")


def forge(path: Path) -> None:
    """Replaces an entry by code that adds 6, with a checksum that matches."""
    mark = path.read_bytes()[8:16]
    path.write_bytes(encode_pyc(compile_module(ADDS_6, eager()), mark))


@posix
@pytest.mark.parametrize("mode", [0o660, 0o606, 0o666])
def test_file_that_others_can_write_to(kept: Path, mode: int) -> None:
    """It is replaced by one that they cannot write to."""
    forge(kept)
    assert run(ADDS_5, 1) == 7
    kept.chmod(mode)
    assert run(ADDS_5, 1) == 6
    assert stat.S_IMODE(kept.stat().st_mode) & 0o022 == 0


_COMPONENT = """(component
  (core module $m (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 5))))
  (core instance $i (instantiate $m))
  (func (export "f") (param "x" s32) (result s32) (canon lift (core func $i "f"))))"""


@pytest.mark.parametrize("kind", ["pyc", "tiers", "component"])
def test_what_is_no_entry_at_all_is_replaced(cache_dir: Path, kind: str) -> None:
    """Also a file of another entry under this name, and one that is too large to be read."""
    binary = parse(_COMPONENT)

    def use(**settings: Any) -> None:
        mode = "eager" if kind == "pyc" else "lazy"
        engine = wasmz.Engine(wasmz.Config(compile_mode=mode, **settings))
        if kind == "component":
            made = wasmz.Component.compile(engine, binary)
            found = Linker(engine).instantiate(wasmz.Store(engine), made).exports.f(1)
            opening._keep_at_exit()
        else:
            with wasmz.Module.compile(engine, ADDS_5) as module:
                found = wasmz.Instance(wasmz.Store(engine), module).exports.f(1)
        assert found == 6

    use()
    (path,) = [path for path in files_of(cache_dir) if path.name.endswith(kind)]
    whole = path.read_bytes()
    use(fuel=1000)
    (other,) = [other for other in files_of(cache_dir) if other.name.endswith(kind) and other != path]
    moved = other.read_bytes()

    def put(content: bytes) -> Any:
        return lambda: path.write_bytes(content)

    def of_size(content: bytes, size: int) -> Any:
        # The rest is a hole, where the system knows them.
        return lambda: (path.write_bytes(content), os.truncate(path, size))

    damages = [put(b""), put(whole[:-9]), put(moved), put(bytes(len(whole))), path.mkdir]
    if sys.platform in ("linux", "darwin"):
        damages += [of_size(content, 50 << 30) for content in (b"", whole)]
    if hasattr(os, "mkfifo"):
        damages.append(lambda: os.mkfifo(path))
    if hasattr(os, "geteuid"):
        damages += [lambda: path.symlink_to(path), lambda: path.symlink_to("/dev/zero")]
    for damage in damages:
        path.unlink()
        damage()
        use()
        assert path.is_file() and not path.is_symlink() and path.read_bytes()[:16] == whole[:16]


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_directory_that_others_can_write_to(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    good = eager(cache_dir=folder)
    folder.chmod(0o700)
    assert run(ADDS_5, 1, good) == 6
    # The file could be anyone's now.
    (path,) = files_of(folder)
    forge(path)
    folder.chmod(mode)
    with pytest.warns(wasmz.CacheWarning, match="other users can write"):
        assert run(ADDS_5, 1, good) == 6
    assert len(files_of(folder)) == 1


@posix
def test_directory_of_someone_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.warns(wasmz.CacheWarning, match="another user"):
        assert run(ADDS_5, 1, eager(cache_dir=tmp_path)) == 6
    assert files_of(tmp_path) == []


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(wasmz.CacheWarning, match="cannot make"):
        assert run(ADDS_5, 1, eager(cache_dir=tmp_path / "file" / "cache")) == 6
    with pytest.warns(wasmz.CacheWarning, match="cannot make"):
        assert run(ADDS_5, 1, eager(cache_dir=tmp_path / "file")) == 6


def test_directory_that_cannot_be_written_to(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Raises the error itself, because a privileged user may write anywhere.
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.warns(wasmz.CacheWarning, match="No space left"):
        assert run(ADDS_5, 1) == 6
    assert files_of(cache_dir) == []


def test_failure_while_writing_leaves_nothing(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.replace", fail)
    with pytest.warns(wasmz.CacheWarning, match="Input/output"):
        assert run(ADDS_5, 1) == 6
    assert files_of(cache_dir) == []


# Several at once


def test_many_processes_at_once(cache_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "adds.wasm"
    path.write_bytes(ADDS_5)
    script = "import sys, wasmz; engine = wasmz.Engine(wasmz.Config(compile_mode='eager'))\n"
    script += "print(wasmz.instantiate(sys.argv[1], engine=engine).exports.f(1))"
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", script, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for _ in range(3)
    ]
    assert [process.communicate(timeout=120)[0] for process in processes] == ["6\n"] * 3
    assert len(files_of(cache_dir)) == 1


def test_no_warning_in_ordinary_use(cache_dir: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run(ADDS_5, 1) == run(ADDS_5, 1) == 6


# Determinism


def test_same_bytes_in_any_process(tmp_path: Path) -> None:
    """Compiling gives the same file again: in one process, and whatever the hash seed is."""
    script = """
        import hashlib, pathlib, sys, wasmz
        from wasmz.compile.pipeline import compile_module
        from wasmz.artifact.pyc import encode_pyc, hash_source
        for path in sys.argv[1:]:
            data = pathlib.Path(path).read_bytes()
            for level in (0, 2, 2):
                content = encode_pyc(compile_module(data, wasmz.Config(opt_level=level)), hash_source(data))
                print(hashlib.sha256(content).hexdigest())
    """
    (tmp_path / "adds.wasm").write_bytes(ADDS_5)
    paths = [str(tmp_path / "adds.wasm"), str(ROOT / "tests" / "programs" / "report.wasm")]
    printed = [run_python(script, *paths, PYTHONHASHSEED=seed).splitlines() for seed in ("0", "1", "4242")]
    assert len(printed[0]) == 6
    assert printed[0] == printed[1] == printed[2]
    assert printed[0][1] == printed[0][2] and printed[0][4] == printed[0][5]
    assert printed[0][0] != printed[0][3]


@pytest.mark.parametrize("home", ["/home/a", "/home/a/", "/", "relative", "", None])
@pytest.mark.parametrize("caches", ["/caches", "/caches/", "relative", "", None])
def test_the_usual_directory_is_where_platformdirs_has_it(
    home: str | None, caches: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("HOME", home), ("XDG_CACHE_HOME", caches)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    found = cache_module._usual_directory()
    assert Path(found).is_absolute()
    # If the system has no database of users, platformdirs returns a relative path.
    if caches != "relative" and ((home or "").startswith("/") or find_spec("pwd")):
        assert found == platformdirs.user_cache_dir("wasmz", appauthor=False)


@pytest.mark.skipif(sys.platform == "emscripten", reason="starts processes")
def test_in_a_checkout_the_compilers_sources_count(tmp_path: Path) -> None:
    """Code that an edited compiler makes is other code; in an installed package nothing is looked at."""
    package = Path(wasmz.__file__).parent
    shutil.copytree(package, tmp_path / "wasmz", ignore=shutil.ignore_patterns("__pycache__"))
    program = "import wasmz; from wasmz.artifact.cache import compiler_state as state; print(state(wasmz.Config()))"

    def state() -> str:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    installed = state()
    (tmp_path / "pyproject.toml").touch()
    checkout = state()
    with (tmp_path / "wasmz" / "passes" / "dead.py").open("a", encoding="utf-8") as file:
        file.write("# edited\n")
    edited = state()
    (tmp_path / "wasmz" / "cli" / "main.py").touch()
    assert len({installed, checkout, edited}) == 3
    assert state() == edited
