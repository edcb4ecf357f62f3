"""Random sequences of file functions, under wasmz and wasmtime: the same results, and the same files afterwards.

Each of wasmz's file systems is compared: by directory descriptors, by checked paths, in memory. What differs on purpose
is in ``docs/wasi.md``, and is not generated here, or ends a sequence.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.wasi.guest import (
    CREATE,
    DIRECTORY,
    EXCLUSIVE,
    READ,
    TRUNCATE,
    WRITE,
    Guest,
    wasmtime_calls,
    wasmz_calls,
)
from wasmz.runtime.wasi import host_files
from wasmz.runtime.wasi.memory_files import MemoryFileSystem
from wasmz.runtime.wasi.wasi_config import WasiConfig

pytest.importorskip("wasmtime")
if not host_files.HAS_DIRECTORY_DESCRIPTORS:
    pytest.skip("compared with wasmtime on POSIX systems", allow_module_level=True)

STEPS = 60
NAMES = ("a", "b", "c", "d", "l", "m")
ODD_PATHS = ("", "/", "/a", ".", "..", "./", "../", "a" * 300, "a/" * 2100, "/..", "./.", "a/..", "..a")
TARGETS = ("a", "b", "../a", "../../x", "l", "m", "b/c", "/etc/passwd", ".", "..", "a/", "./b", "../outside", "")
OPEN_FLAGS = (0, 0, CREATE, CREATE, CREATE | EXCLUSIVE, TRUNCATE, DIRECTORY, CREATE | TRUNCATE, DIRECTORY | CREATE)
NAMING = ("rmdir", "unlink", "rename", "link", "symlink", "readlink")
DIRECTORIES = (3, 3, 3, 4, 5, 6, 7)
DESCRIPTORS = (3, 3, 4, 4, 5, 6, 7, 0, 1, 9)
METHODS = """
    open open open open mkdir mkdir rmdir unlink unlink rename rename link symlink symlink symlink readlink stat stat
    read read write write seek close readdir set_times fdstat fstat set_size set_flags renumber set_fd_times advise
""".split()


def random_path(chance: random.Random) -> str:
    if chance.randrange(20) == 0:
        return chance.choice(ODD_PATHS)
    names = (*NAMES, "..", ".") if chance.randrange(3) == 0 else NAMES
    path = "/".join(chance.choice(names) for _ in range(chance.choice((1, 1, 1, 2, 2, 3))))
    return path + ("/" if chance.randrange(8) == 0 else "")


def random_step(chance: random.Random) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """A method of ``Guest`` with arguments."""
    method = chance.choice(METHODS)
    directory, path = chance.choice(DIRECTORIES), random_path(chance)
    descriptor = chance.choice(DESCRIPTORS)
    offset = chance.choice((None, None, 0, 1, 3, 50))
    if method == "open":
        rights = chance.choice((0, READ, WRITE, READ | WRITE, READ | WRITE))
        flags = chance.choice(OPEN_FLAGS)
        fd_flags = chance.choice((0, 0, 0, 1, 4, 5))
        return (
            method,
            (directory, path, flags),
            {"rights": rights, "follow": chance.random() < 0.7, "fd_flags": fd_flags},
        )
    if method in ("rename", "link"):
        return method, (directory, path, chance.choice(DIRECTORIES), random_path(chance)), {}
    if method == "symlink":
        return method, (chance.choice(TARGETS), directory, path), {}
    if method == "stat":
        return method, (directory, path), {"follow": chance.random() < 0.6}
    if method in ("mkdir", "rmdir", "unlink", "readlink"):
        return method, (directory, path), {}
    if method == "set_times":
        return method, (directory, path, 10**18, 10**18 + 123, chance.randrange(16)), {}
    if method == "read":
        return method, (descriptor, chance.choice((0, 1, 5, 100)), offset), {}
    if method == "write":
        return method, (max(descriptor, 3), chance.choice((b"", b"x", b"hello")), offset), {}
    if method == "seek":
        return method, (descriptor, chance.choice((0, 1, -1, 5, 100, -100)), chance.randrange(3)), {}
    if method == "readdir":
        return method, (descriptor, chance.choice((40, 100, 4096))), {}
    if method in ("fdstat", "fstat"):
        return method, (descriptor,), {}
    descriptor = max(descriptor, 4)
    calls: dict[str, tuple[Any, ...]] = {
        "close": ("fd_close", descriptor),
        "set_size": ("fd_filestat_set_size", descriptor, chance.choice((0, 3, 20))),
        "set_flags": ("fd_fdstat_set_flags", descriptor, chance.choice((0, 1, 4, 5))),
        "renumber": ("fd_renumber", descriptor, max(chance.choice(DESCRIPTORS), 4)),
        "set_fd_times": ("fd_filestat_set_times", descriptor, 5, 10**18, chance.randrange(16)),
        "advise": ("fd_advise", descriptor, 0, chance.choice((0, 10)), chance.randrange(6)),
    }
    return "call", calls[method], {}


def essence(method: str, result: Any) -> Any:
    """What of an answer must be equal: not inodes and times, sizes of directories, order of entries, rights."""
    if not isinstance(result, tuple) or result[0]:
        return result[0] if isinstance(result, tuple) else result
    if method in ("stat", "fstat"):
        _, _, file_type, links, size, *_ = result[1]
        return file_type, *((links, size) if file_type != 3 else ())
    if method == "fdstat":
        return result[1][:2]
    if method == "readdir":
        return sorted(result[1])
    return result


def differs_on_purpose(method: str, arguments: tuple[Any, ...], mine: Any, others: Any) -> bool:
    if method == "open" and mine[0] == others[0] == 0:
        # The lowest free number, as in POSIX.
        return bool(mine[1] != others[1])
    # A link with a slash after it: removing and renaming do not follow it, as on Linux.
    return method in NAMING and any(isinstance(argument, str) and argument.endswith("/") for argument in arguments)


def is_refused_either_way(method: str, arguments: tuple[Any, ...], mine: Any, others: Any) -> bool:
    """Where several things are wrong with a call, it does not matter which of them is said."""
    numbers = [result[0] if isinstance(result, tuple) else result for result in (mine, others)]
    has_several_components = any(isinstance(argument, str) and "/" in argument for argument in arguments)
    return (method in NAMING or has_several_components) and 0 not in numbers


def tree_of_host(folder: Path) -> list[tuple[str, str | bytes | None]]:
    return sorted((path.relative_to(folder).as_posix(), _content(path)) for path in folder.rglob("*"))


def _content(path: Path) -> str | bytes | None:
    if path.is_symlink():
        # pathlib would drop a slash at the end.
        return os.readlink(path)  # noqa: PTH115
    return None if path.is_dir() else path.read_bytes()


def tree_of_guest(guest: Guest) -> list[tuple[str, str | bytes | None]]:
    """The same, seen by a guest."""
    found: list[tuple[str, str | bytes | None]] = []
    todo = [""]
    while todo:
        prefix = todo.pop()
        error, directory = guest.open(3, prefix or ".", DIRECTORY, rights=READ)
        assert error == 0
        for name, file_type in guest.readdir(directory)[1][2:]:
            path = prefix + name.decode()
            if file_type == 3:
                found.append((path, None))
                todo.append(path + "/")
            elif file_type == 7:
                # Guests are not told absolute targets, and none was made.
                found.append((path, guest.readlink(3, path)[1].decode()))
            else:
                descriptor = guest.open(3, path, rights=READ)[1]
                found.append((path, guest.read(descriptor, 4096)[1]))
                guest.close(descriptor)
        guest.close(directory)
    return sorted(found)


@pytest.mark.parametrize("kind", ["descriptors", "paths", "memory"])
@pytest.mark.parametrize("block", range(4))
def test_same_answers(kind: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "paths":
        monkeypatch.setattr(host_files, "HAS_DIRECTORY_DESCRIPTORS", False)
    steps_done = 0
    for seed in range(block * 10, block * 10 + 10):
        chance = random.Random(f"{kind} {seed}")
        folder, other = tmp_path / f"wasmz{seed}", tmp_path / f"wasmtime{seed}"
        folder.mkdir()
        other.mkdir()
        files = MemoryFileSystem() if kind == "memory" else folder
        guest = Guest(wasmz_calls(WasiConfig().preopen_dir(files, "/")))
        reference = Guest(wasmtime_calls(other))
        log: list[str] = []
        is_same = True
        for _ in range(STEPS):
            method, arguments, options = random_step(chance)
            mine = getattr(guest, method)(*arguments, **options)
            others = getattr(reference, method)(*arguments, **options)
            log.append(f"{method} {arguments} {options}: {mine} {others}")
            steps_done += 1
            if essence(method, mine) != essence(method, others):
                if is_refused_either_way(method, arguments, mine, others):
                    continue
                assert differs_on_purpose(method, arguments, mine, others), "\n".join(log)
                is_same = False
                break
        assert not is_same or tree_of_guest(guest) == tree_of_host(other), "\n".join(log)
    assert steps_done > 10 * STEPS // 2
