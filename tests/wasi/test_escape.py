"""Attempts to escape from a guest's sandbox: each is refused with the right error, and nothing outside is touched.

The functions are called directly, with one folder preopened; a secret lies beside it.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.wasi.guest import (
    CREATE,
    DATA,
    DIRECTORY,
    EXCLUSIVE,
    FOLLOW,
    PAGES,
    PATH,
    READ,
    RESULT,
    TRUNCATE,
    VECTORS,
    WRITE,
    Guest,
    wasmz_calls,
)
from wasmz.runtime.wasi import host_files
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.memory_files import MemoryFileSystem
from wasmz.runtime.wasi.wasi_config import WasiConfig

SECRET = b"the secret that nobody may read"
MEMORY_BYTES = PAGES * 65_536
HAS_LINKS = hasattr(os, "symlink") and os.name == "posix"

if not HAS_LINKS:
    pytest.skip("needs symbolic links that anyone may make", allow_module_level=True)


class Sandbox:
    """A guest, the folder it has, and what lies outside."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.inside = base / "inside"
        self.outside = base / "outside"
        for folder in (self.inside / "dir" / "deep", self.outside / "folder"):
            folder.mkdir(parents=True)
        (self.outside / "secret").write_bytes(SECRET)
        (self.inside / "file").write_bytes(b"mine")
        links = {
            "up": "..",
            "dir/deep/far": "../../..",
            "to_secret": "../outside/secret",
            "to_outside": "../outside",
            "absolute": str(self.outside),
            "absolute_file": str(self.outside / "secret"),
            "root": "/",
            "proc": "/proc/self/root",
            "chain": "dir/chain",
            "dir/chain": "./deep/chain",
            "dir/deep/chain": "../../up/outside",
            "back": "dir/../../outside",
            "dangling": "../outside/new",
            "loop": "loop",
            "ping": "pong",
            "pong": "ping",
        }
        for name, target in links.items():
            (self.inside / name).symlink_to(target)
        self.before = self.snapshot()
        self.guest = Guest(wasmz_calls(WasiConfig().preopen_dir(self.inside, "/")))

    def snapshot(self) -> list[tuple[str, bytes | None, int, int]]:
        """All that is outside: content, timestamps of modification, numbers of links."""
        found = []
        for path in sorted(self.outside.rglob("*")):
            stat = path.lstat()
            content = path.read_bytes() if path.is_file() else None
            found.append((path.name, content, stat.st_mtime_ns, stat.st_nlink))
        stat = self.outside.stat()
        return [*found, ("outside", None, stat.st_mtime_ns, stat.st_nlink)]

    def check(self) -> None:
        assert self.snapshot() == self.before
        assert SECRET not in self.guest.memory_read(0, MEMORY_BYTES)
        assert sorted(path.name for path in self.base.iterdir()) == ["inside", "outside"]


@pytest.fixture(params=["descriptors", "paths"])
def sandbox(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    if request.param == "paths":
        monkeypatch.setattr(host_files, "HAS_DIRECTORY_DESCRIPTORS", False)
    elif not host_files.HAS_DIRECTORY_DESCRIPTORS:
        pytest.skip("this system has no directory descriptors")
    box = Sandbox(tmp_path)
    yield box
    box.check()


# Paths that lead out, in every way that a path can.
ROADS = (
    "..",
    "../",
    "../outside/secret",
    "./../outside/secret",
    "dir/../../outside/secret",
    "dir/deep/../../../outside/secret",
    "dir//..//..//outside/secret",
    "dir/./../.././outside/folder",
    "../../../../../../../../etc/passwd",
    "../inside/file",
    "/",
    "/etc/passwd",
    "//etc/passwd",
    "/file",
    "up/outside/secret",
    "up/up/etc",
    "dir/deep/far/outside/secret",
    "dir/deep/far/inside/file",
    "to_outside/secret",
    "absolute/secret",
    "root/etc/passwd",
    "proc/etc/passwd",
    "chain/secret",
    "back/secret",
    "dir/../to_outside/folder",
)
# Names of links that lead out, for functions that follow the last component.
LAST_LINKS = ("to_secret", "absolute_file", "up", "root", "proc", "chain", "back", "dangling", "to_secret/", "up/")

ATTEMPTS: dict[str, Callable[[Guest, str], int]] = {
    "open": lambda guest, path: guest.open(3, path, rights=READ)[0],
    "open for writing": lambda guest, path: guest.open(3, path, rights=READ | WRITE)[0],
    "create": lambda guest, path: guest.open(3, path, CREATE, rights=WRITE)[0],
    "cut": lambda guest, path: guest.open(3, path, TRUNCATE, rights=WRITE)[0],
    "open a directory": lambda guest, path: guest.open(3, path, DIRECTORY, rights=READ)[0],
    "stat": lambda guest, path: guest.stat(3, path)[0],
    "set times": lambda guest, path: guest.set_times(3, path, 1, 1, 5),
}
NAMING_ATTEMPTS: dict[str, Callable[[Guest, str], int]] = {
    "create exclusively": lambda guest, path: guest.open(3, path, CREATE | EXCLUSIVE, rights=WRITE)[0],
    "stat a link": lambda guest, path: guest.stat(3, path, follow=False)[0],
    "mkdir": lambda guest, path: guest.mkdir(3, path),
    "rmdir": lambda guest, path: guest.rmdir(3, path),
    "unlink": lambda guest, path: guest.unlink(3, path),
    "rename from": lambda guest, path: guest.rename(3, path, 3, "stolen"),
    "rename to": lambda guest, path: guest.rename(3, "file", 3, path),
    "link from": lambda guest, path: guest.link(3, path, 3, "stolen"),
    "link to": lambda guest, path: guest.link(3, "file", 3, path),
    "symlink": lambda guest, path: guest.symlink("file", 3, path),
    "readlink": lambda guest, path: guest.readlink(3, path)[0],
}


@pytest.mark.parametrize("attempt", [*ATTEMPTS, *NAMING_ATTEMPTS])
def test_paths_that_lead_out(sandbox: Sandbox, attempt: str) -> None:
    for path in ROADS:
        assert {**ATTEMPTS, **NAMING_ATTEMPTS}[attempt](sandbox.guest, path) == Errno.PERM, path


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_links_that_lead_out(sandbox: Sandbox, attempt: str) -> None:
    for path in LAST_LINKS:
        assert ATTEMPTS[attempt](sandbox.guest, path) == Errno.PERM, path


@pytest.mark.parametrize("path", ["loop", "ping", "loop/file", "dir/../ping/x"])
def test_links_in_circles(sandbox: Sandbox, path: str) -> None:
    for attempt in ATTEMPTS.values():
        assert attempt(sandbox.guest, path) == Errno.LOOP


def test_links_are_not_followed_unasked(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    for flags in (0, CREATE, TRUNCATE, DIRECTORY):
        for name in ("to_secret", "absolute_file", "up", "dangling"):
            assert guest.open(3, name, flags, rights=READ, follow=False)[0] in (Errno.LOOP, Errno.NOTDIR)
    assert guest.open(3, "dangling", CREATE | EXCLUSIVE, rights=WRITE)[0] == Errno.EXIST
    # These operate on a link itself.
    assert guest.unlink(3, "to_secret") == 0
    assert guest.rename(3, "absolute_file", 3, "dir/moved") == 0
    assert guest.open(3, "dir/moved", rights=READ)[0] == Errno.PERM


def test_absolute_links_are_neither_made_nor_told(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    assert guest.symlink(str(sandbox.outside / "secret"), 3, "mine") == Errno.PERM
    assert guest.symlink("/", 3, "mine") == Errno.PERM
    assert guest.readlink(3, "absolute_file")[0] == Errno.PERM
    assert not (sandbox.inside / "mine").is_symlink()


def test_own_links_lead_nowhere_else(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    assert guest.symlink("../outside/secret", 3, "own") == 0
    assert guest.open(3, "own", rights=READ)[0] == Errno.PERM
    assert guest.symlink("../../outside/secret", 3, "dir/own") == 0
    assert guest.stat(3, "dir/own")[0] == Errno.PERM


def test_a_link_that_moves_up_leads_out_from_there(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    assert guest.symlink("../../outside/secret", 3, "dir/deep/tricky") == 0
    assert guest.stat(3, "dir/deep/tricky")[0] == Errno.NOENT
    assert guest.rename(3, "dir/deep/tricky", 3, "dir/tricky") == 0
    assert guest.open(3, "dir/tricky", rights=READ)[0] == Errno.PERM


@pytest.mark.skipif(sys.platform == "emscripten", reason="its file system has no hard links")
def test_hard_links(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    assert guest.link(3, "to_secret", 3, "copy", follow=True) == Errno.INVAL
    # For a link, another name of the link is made.
    assert guest.link(3, "to_secret", 3, "copy") == 0
    assert guest.open(3, "copy", rights=READ)[0] == Errno.PERM
    assert guest.link(3, "dir", 3, "copy2") == Errno.PERM


def test_a_directory_is_its_own_root(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    error, directory = guest.open(3, "dir/deep", DIRECTORY, rights=READ)
    assert error == 0
    for path in ("..", "../deep", "../../file", "far/outside/secret"):
        assert guest.open(directory, path, rights=READ)[0] == Errno.PERM
    # Also if it was moved to where its old parent would be outside.
    assert guest.rename(3, "dir/deep", 3, "deep") == 0
    for path in ("..", "../..", "../../outside/secret"):
        assert guest.open(directory, path, rights=READ)[0] == Errno.PERM


def test_a_link_swapped_during_calls(tmp_path: Path) -> None:
    if not host_files.HAS_DIRECTORY_DESCRIPTORS:
        pytest.skip("only directory descriptors exclude this")
    sandbox = Sandbox(tmp_path)
    guest, inside = sandbox.guest, sandbox.inside
    (inside / "swap").mkdir()
    (inside / "swap" / "secret").write_bytes(b"decoy")
    (inside / "link").symlink_to("../outside")
    stop = threading.Event()

    def swap() -> None:
        # The name is a directory at times, and a link that leads out at others.
        while not stop.is_set():
            (inside / "swap").rename(inside / "kept")
            (inside / "link").rename(inside / "swap")
            (inside / "swap").rename(inside / "link")
            (inside / "kept").rename(inside / "swap")

    thread = threading.Thread(target=swap)
    thread.start()
    answers = set()
    try:
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            error, descriptor = guest.open(3, "swap/secret", rights=READ)
            answers.add(error)
            if error == 0:
                assert guest.read(descriptor, 100) == (0, b"decoy")
                guest.close(descriptor)
            answers.add(guest.open(3, "swap/new", CREATE, rights=WRITE)[0])
            answers.add(guest.unlink(3, "swap/folder"))
            answers.add(guest.mkdir(3, "swap/made"))
            for descriptor in range(4, 40):
                guest.close(descriptor)
    finally:
        stop.set()
        thread.join()
    assert answers <= {0, Errno.PERM, Errno.NOENT, Errno.EXIST, Errno.NOTDIR, Errno.LOOP}
    sandbox.check()


def test_renames_across_preopens(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    other = sandbox.inside / "dir"
    config = WasiConfig().preopen_dir(sandbox.inside, "/").preopen_dir(other, "/ro", read_only=True)
    config.preopen_dir(MemoryFileSystem({"file": b""}), "/mem")
    guest = Guest(wasmz_calls(config))
    assert guest.rename(3, "file", 4, "file") == Errno.PERM
    assert guest.rename(4, "deep", 3, "deep") == Errno.PERM
    assert guest.link(4, "chain", 3, "chain2") == Errno.PERM
    assert guest.rename(3, "file", 5, "file2") == Errno.XDEV
    assert guest.rename(5, "file", 3, "file2") == Errno.XDEV
    assert guest.link(3, "file", 5, "file2") == Errno.XDEV
    assert guest.rename(3, "../outside/secret", 5, "file2") == Errno.PERM
    assert guest.open(5, "../file", rights=READ)[0] == Errno.PERM
    sandbox.check()


def test_read_only(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path)
    guest = Guest(wasmz_calls(WasiConfig().preopen_dir(sandbox.inside, "/", read_only=True)))
    before = sorted(path.name for path in sandbox.inside.rglob("*"))
    attempts = [
        guest.open(3, "file", rights=READ | WRITE)[0],
        guest.open(3, "new", CREATE, rights=READ)[0],
        guest.open(3, "file", TRUNCATE, rights=READ)[0],
        guest.mkdir(3, "new"),
        guest.rmdir(3, "dir/deep"),
        guest.unlink(3, "file"),
        guest.rename(3, "file", 3, "new"),
        guest.link(3, "file", 3, "new"),
        guest.symlink("file", 3, "new"),
        guest.set_times(3, "file", 1, 1, 5),
        guest.call("fd_filestat_set_times", 3, 1, 1, 5),
    ]
    assert set(attempts) == {Errno.PERM}
    error, descriptor = guest.open(3, "file", rights=READ)
    assert error == 0
    assert guest.read(descriptor, 10) == (0, b"mine")
    assert guest.write(descriptor, b"x")[0] == Errno.BADF
    assert guest.call("fd_filestat_set_size", descriptor, 0) == Errno.BADF
    assert guest.call("fd_allocate", descriptor, 0, 100) == Errno.BADF
    assert guest.call("fd_filestat_set_times", descriptor, 1, 1, 5) == Errno.PERM
    # What is opened below it is read-only, too.
    directory = guest.open(3, "dir", DIRECTORY, rights=READ)[1]
    assert guest.mkdir(directory, "new") == Errno.PERM
    assert sorted(path.name for path in sandbox.inside.rglob("*")) == before
    assert (sandbox.inside / "file").stat().st_mtime > 1
    sandbox.check()


@pytest.mark.skipif(not Path("/proc/self/root").exists(), reason="needs /proc")
def test_magic_links_of_proc(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET)
    guest = Guest(wasmz_calls(WasiConfig().preopen_dir("/proc", "/", read_only=True)))
    with (tmp_path / "secret").open("rb") as file:
        paths = ["self/root/etc/passwd", "self/root", "self/cwd", "self/cwd/..", "thread-self/root/etc/passwd"]
        paths += [f"self/fd/{file.fileno()}", f"{os.getpid()}/fd/{file.fileno()}", f"{os.getpid()}/cwd"]
        for path in paths:
            assert guest.open(3, path, rights=READ)[0] == Errno.PERM, path
            assert guest.stat(3, path)[0] == Errno.PERM, path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_opening_a_pipe_does_not_wait(sandbox: Sandbox) -> None:
    os.mkfifo(sandbox.inside / "pipe")
    guest = sandbox.guest
    error, descriptor = guest.open(3, "pipe", rights=READ)
    assert error == 0
    assert guest.read(descriptor, 10) == (0, b"")
    guest.close(descriptor)
    # 60 is NXIO: there is no reader.
    assert guest.open(3, "pipe", rights=WRITE)[0] == 60
    assert guest.open(3, "pipe/x", rights=READ)[0] == Errno.NOTDIR


NO_PATHS = [
    ("a" * 256, Errno.NAMETOOLONG),
    ("dir/" + "a" * 300, Errno.NAMETOOLONG),
    ("dir/../" * 600 + "file", Errno.NAMETOOLONG),
    ("a/" * 40_000, Errno.NAMETOOLONG),
    ("file\0", Errno.INVAL),
    ("\0", Errno.INVAL),
    ("file\0/../../outside/secret", Errno.INVAL),
    ("", Errno.NOENT),
]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        *NO_PATHS,
        (b"\xff", Errno.ILSEQ),
        (b"dir/\xc0\xaf../file", Errno.ILSEQ),
        (b"\xed\xa0\x80", Errno.ILSEQ),
    ],
)
def test_paths_that_are_none(sandbox: Sandbox, path: str | bytes, error: int) -> None:
    for name, attempt in {**ATTEMPTS, **NAMING_ATTEMPTS}.items():
        assert attempt(sandbox.guest, path) == error, name  # type: ignore[arg-type]


def test_deep_paths_keep_nothing_open(sandbox: Sandbox) -> None:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("needs /proc")
    guest = sandbox.guest
    before = len(list(folder.iterdir()))
    for path in ("dir/deep/" + "../deep/" * 300 + "missing", "dir/../" * 500 + "../x", "loop/x", "dir/" * 900):
        assert guest.open(3, path, rights=READ)[0] != 0
    for number in range(2_000):
        error, descriptor = guest.open(3, "dir/deep" if number % 2 else "file", rights=READ)
        assert error == 0
        assert guest.close(descriptor) == 0
    assert len(list(folder.iterdir())) == before


def test_descriptors_that_are_none(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    with (sandbox.outside / "secret").open("rb") as file:
        # The host's numbers are not the guest's. (Its own number 3 is the folder, as may be one of the host's.)
        for number in {file.fileno(), 4, 1_000, -1, -(1 << 31), (1 << 31) - 1} - {3}:
            assert guest.read(number, 100)[0] == Errno.BADF
            assert guest.open(number, "file", rights=READ)[0] == Errno.BADF
            assert guest.close(number) == Errno.BADF
    descriptor = guest.open(3, "file", rights=READ)[1]
    assert guest.close(descriptor) == 0
    assert guest.close(descriptor) == Errno.BADF
    assert guest.read(descriptor, 1)[0] == Errno.BADF
    first, second = guest.open(3, "file", rights=READ)[1], guest.open(3, "dir", DIRECTORY, rights=READ)[1]
    assert guest.call("fd_renumber", first, 99) == Errno.BADF
    assert guest.call("fd_renumber", first, second) == 0
    assert guest.read(first, 1)[0] == Errno.BADF
    assert guest.open(second, "deep", rights=READ)[0] == Errno.NOTDIR
    # Without its directory a guest has no files at all.
    assert guest.call("fd_renumber", second, 3) == 0
    assert guest.open(3, "file", rights=READ)[0] == Errno.NOTDIR
    assert guest.close(3) == 0
    assert guest.call("fd_prestat_get", 3, 0) == Errno.BADF


@pytest.mark.parametrize("name", ["fd_read", "fd_write", "fd_pread", "fd_pwrite"])
@pytest.mark.parametrize(
    ("table", "count", "error"),
    [
        pytest.param([(MEMORY_BYTES, 1)], 1, Errno.FAULT, id="behind the end"),
        pytest.param([(MEMORY_BYTES - 4, 8)], 1, Errno.FAULT, id="across the end"),
        pytest.param([(0xFFFF_FFF8, 16)], 1, Errno.FAULT, id="around 2^32"),
        pytest.param([(16, 0xFFFF_FFFF)], 1, Errno.FAULT, id="of 4 GiB"),
        pytest.param([(DATA, 4), (0xFFFF_FFFF, 2)], 2, Errno.FAULT, id="the second"),
        pytest.param([(DATA, 4)], -1, Errno.FAULT, id="2^32 - 1 of them"),
        pytest.param([(DATA, 4)], 0x2000_0001, Errno.FAULT, id="whose number times 8 is 8"),
    ],
)
def test_pieces_of_memory_that_are_none(
    sandbox: Sandbox, name: str, table: list[tuple[int, int]], count: int, error: int
) -> None:
    guest = sandbox.guest
    descriptor = guest.open(3, "file", rights=READ | WRITE)[1]
    guest.memory_write(VECTORS, b"".join(struct.pack("<II", *pair) for pair in table))
    before = guest.memory_read(0, MEMORY_BYTES)
    offset = (0,) if name.startswith("fd_p") else ()
    assert guest.call(name, descriptor, VECTORS, count, *offset, RESULT) == error
    assert guest.memory_read(0, MEMORY_BYTES) == before
    assert (sandbox.inside / "file").read_bytes() == b"mine"


def test_more_bytes_than_can_be_counted(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    descriptor = guest.open(3, "file", rights=READ | WRITE)[1]
    # 32,000 pieces, each of nearly all the memory: 8 GiB in all, of which a part at least is written, or nothing.
    guest.memory_write(0, struct.pack("<II", 0, MEMORY_BYTES) * (MEMORY_BYTES // 8 - 8))
    error = guest.call("fd_write", descriptor, 0, MEMORY_BYTES // 8 - 8, MEMORY_BYTES - 16)
    assert error in (0, Errno.INVAL)
    assert (sandbox.inside / "file").stat().st_size <= 1_024 * MEMORY_BYTES


def test_overlapping_pieces_are_filled_in_turn(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    (sandbox.inside / "file").write_bytes(b"0123456789")
    descriptor = guest.open(3, "file", rights=READ)[1]
    guest.memory_write(VECTORS, struct.pack("<IIII", DATA, 6, DATA + 2, 4))
    assert guest.call("fd_read", descriptor, VECTORS, 2, RESULT) == 0
    assert guest.memory_read(DATA, 6) == b"016789"


def test_results_outside_the_memory(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    out = MEMORY_BYTES - 2
    for address in (out, -1, -4, 1 << 30):
        path = guest._path("file")
        assert guest.call("path_open", 3, FOLLOW, *path, 0, READ, 0, 0, address) == Errno.FAULT
        assert guest.call("path_filestat_get", 3, FOLLOW, *path, address) == Errno.FAULT
        assert guest.call("fd_prestat_get", 3, address) == Errno.FAULT
        assert guest.call("fd_prestat_dir_name", 3, address if address != out else MEMORY_BYTES, 1) == Errno.FAULT
        assert guest.call("fd_fdstat_get", 3, address) == Errno.FAULT
        assert guest.call("fd_readdir", 3, address, 64, 0, RESULT) == Errno.FAULT
        assert guest.call("fd_readdir", 3, DATA, 64, 0, address) == Errno.FAULT
        assert guest.call("random_get", address, 16) == Errno.FAULT
        assert guest.call("clock_time_get", 0, 0, address) == Errno.FAULT
        assert guest.call("poll_oneoff", address, DATA, 1, RESULT) == Errno.FAULT
        assert guest.call("path_readlink", 3, *guest._path("chain"), DATA, 16, address) == Errno.FAULT
    # Nothing stayed open that could not be reported.
    assert guest.open(3, "file", rights=READ) == (0, 4)
    assert guest.call("path_open", 3, FOLLOW, out, 100, 0, READ, 0, 0, RESULT) == Errno.FAULT
    assert guest.call("path_open", 3, FOLLOW, PATH, -1, 0, READ, 0, 0, RESULT) == Errno.FAULT
    assert guest.call("random_get", 0, -1) == Errno.FAULT
    assert guest.call("fd_readdir", 3, DATA, -1, 0, RESULT) == Errno.FAULT


def test_numbers_past_all_limits(sandbox: Sandbox) -> None:
    guest = sandbox.guest
    descriptor = guest.open(3, "file", rights=READ | WRITE)[1]
    largest = (1 << 63) - 1
    assert guest.read(descriptor, 1, -1)[0] == Errno.INVAL
    assert guest.write(descriptor, b"x", -1)[0] == Errno.INVAL
    assert guest.write(descriptor, b"x", largest)[0] in (Errno.INVAL, 22, Errno.OVERFLOW)
    assert guest.seek(descriptor, -1)[0] == Errno.INVAL
    assert guest.seek(descriptor, -largest - 1, 1)[0] in (Errno.INVAL, 22, Errno.OVERFLOW)
    assert guest.call("fd_allocate", descriptor, largest, largest) == Errno.INVAL
    assert guest.call("fd_allocate", descriptor, -1, 1) == Errno.INVAL
    assert guest.call("fd_filestat_set_size", descriptor, -1) == Errno.INVAL
    assert guest.call("fd_filestat_set_times", descriptor, -1, 0, 1) == Errno.INVAL
    assert guest.call("fd_advise", descriptor, -1, 0, 0) == Errno.INVAL
    assert guest.call("poll_oneoff", 0, 0, -1, RESULT) == Errno.INVAL
    assert guest.call("fd_readdir", 3, DATA, 4_096, -1, RESULT) == 0
    assert guest.memory_read(RESULT, 4) == bytes(4)
    assert (sandbox.inside / "file").read_bytes() == b"mine"


def test_memory_for_files_is_limited() -> None:
    guest = Guest(wasmz_calls(WasiConfig().preopen_dir(MemoryFileSystem(limit_bytes=100_000), "/")))
    descriptor = guest.open(3, "file", CREATE, rights=READ | WRITE)[1]
    assert guest.write(descriptor, b"x", 1 << 40)[0] == Errno.NOSPC
    assert guest.call("fd_filestat_set_size", descriptor, 1 << 50) == Errno.NOSPC
    assert guest.call("fd_allocate", descriptor, 0, 1 << 62) == Errno.NOSPC
    answers = {guest.mkdir(3, f"d{number}") for number in range(1_000)}
    assert answers == {0, Errno.NOSPC}
    # A name that was removed can be used again.
    for number in range(1_000):
        guest.rmdir(3, f"d{number}")
    assert guest.write(descriptor, bytes(50_000))[0] == 0


def test_descriptors_are_limited() -> None:
    guest = Guest(wasmz_calls(WasiConfig().preopen_dir(MemoryFileSystem({"file": b""}), "/")))
    path = guest._path("file")
    errors = [guest.call("path_open", 3, 0, *path, 0, READ, 0, 0, RESULT) for _ in range(70_000)]
    assert errors.count(0) == 65_536 - 4
    assert set(errors) == {0, Errno.MFILE}
