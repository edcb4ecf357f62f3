"""The cache stays within its limits, and its commands work as described."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import wasmz
from tests.test_cache import ADDS_5, eager, run
from tests.wasm.encode import I32, function
from wasmz.artifact import cache as cache_module
from wasmz.artifact import upkeep

ROOT = Path(__file__).resolve().parent.parent
EXPORT = b"\x07\x05\x01\x01f\x00\x00"
HOUR = 3600.0


def make(folder: Path, ages: list[float], size: int = 1000) -> list[Path]:
    """Entries of these ages in seconds."""
    made = []
    for number, age in enumerate(ages):
        path = folder / f"{number:040x}.cpython-312.{'tiers' if number % 2 else 'pyc'}"
        path.write_bytes(bytes(size))
        used = time.time() - age
        os.utime(path, (used, used))
        made.append(path)
    return made


def command(folder: Path, *words: str) -> str:
    environment = {**os.environ, "WASMZ_CACHE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "wasmz", "cache", *words],
        capture_output=True, text=True, cwd=ROOT, env=environment, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_least_recently_used_go_first(tmp_path: Path) -> None:
    made = make(tmp_path, [5 * HOUR, 1 * HOUR, 9 * HOUR, 3 * HOUR])
    removed = upkeep.prune(str(tmp_path), max_bytes=2500)
    assert [entry.name for entry in removed] == [made[2].name, made[0].name]
    assert upkeep.prune(str(tmp_path), max_bytes=2500) == []
    assert [entry.name for entry in upkeep.entries(str(tmp_path))] == [made[1].name, made[3].name]


def test_old_ones_go_whatever_the_size(tmp_path: Path) -> None:
    made = make(tmp_path, [5 * HOUR, 1 * HOUR])
    assert [entry.name for entry in upkeep.prune(str(tmp_path), older_than=2 * HOUR)] == [made[0].name]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    make(tmp_path, [1.0])
    others = [tmp_path / "README.md", tmp_path / "x.cpython-312.pyc", tmp_path / ".hidden"]
    for path in others:
        path.write_text("mine")
    (tmp_path / "spec").mkdir()
    assert len(upkeep.clear(str(tmp_path))) == 1
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "spec"])


def test_what_killed_processes_left_goes(tmp_path: Path) -> None:
    stem = f".{7:040x}.cpython-312.pyc."
    old, new = tmp_path / f"{stem}{1:016x}", tmp_path / f"{stem}{2:016x}"
    for path in (old, new):
        path.touch()
    os.utime(old, (1, 1))
    assert upkeep.prune(str(tmp_path)) == []
    assert not old.exists() and new.exists()


def test_nothing_there(tmp_path: Path) -> None:
    assert upkeep.entries(str(tmp_path / "absent")) == upkeep.clear(str(tmp_path / "absent")) == []


def test_cache_makes_room_by_itself(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = make(cache_dir, [9 * HOUR, 8 * HOUR], size=6_000)
    for number, (limit, kept) in enumerate(((99_000, [True, True]), (12_500, [False, True]), (5_000, [False, False]))):
        monkeypatch.setattr(cache_module, "_pruned", set())
        # Each writes an entry of its own, of about one kilobyte.
        data = function(bytes((0x41, number)), I32, I32, before=EXPORT)
        assert run(data, 1, eager(cache_limit_bytes=limit)) == number
        assert [path.exists() for path in old] == kept
        for path in cache_dir.iterdir():
            if path not in old:
                path.unlink()


def test_use_is_noted(cache_dir: Path) -> None:
    assert run(ADDS_5, 1) == 6
    (path,) = cache_dir.iterdir()
    os.utime(path, (1, 1))
    assert run(ADDS_5, 1) == 6
    assert time.time() - path.stat().st_mtime < 60


def test_commands(tmp_path: Path) -> None:
    make(tmp_path, [1.0, 48 * HOUR, 72 * HOUR])
    printed = command(tmp_path, "info").splitlines()
    assert printed[0].split() == ["directory", str(tmp_path)]
    assert printed[1].split() == ["size", "3.0", "KB", "of", "1.0", "GB"]
    assert printed[2].split() == ["entries", "3"]
    assert printed[3].split()[:2] == ["cpython-312", "3"]
    listed = command(tmp_path, "list").splitlines()
    assert [line.split()[6] for line in listed] == ["0" * 12] * 3
    dates = [" ".join(line.split()[:2]) for line in listed]
    assert dates == sorted(set(dates), reverse=True)
    assert command(tmp_path, "prune") == "removed 0 entries, 0 bytes\n"
    assert command(tmp_path, "prune", "--older-than", "2.5") == "removed 1 entries, 1.0 KB\n"
    assert command(tmp_path, "prune", "--max-size", "0") == "removed 2 entries, 2.0 KB\n"
    assert command(tmp_path, "clear") == "removed 0 entries, 0 bytes\n"
    assert "(not there yet)" in command(tmp_path, "--dir", str(tmp_path / "absent"), "info")


def test_limits_are_checked() -> None:
    with pytest.raises(ValueError, match="cache_limit_bytes"):
        wasmz.Config(cache_limit_bytes=-1)


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_directory_that_is_not_used(tmp_path: Path) -> None:
    """One line says why, and so does ``cache info``."""
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(0o777)
    (tmp_path / "sums.wasm").write_bytes(ADDS_5)
    done = subprocess.run(
        [sys.executable, "-m", "wasmz", "run", str(tmp_path / "sums.wasm")],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "WASMZ_CACHE_DIR": str(folder)}, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == f"wasmz: not using the cache directory {folder}: other users can write to it\n"
    assert "not used: other users can write to it\n" in command(folder, "info")
    folder.chmod(0o700)
    assert "not used" not in command(folder, "info")
