"""Every function with random arguments: returns an error number, and never raises an exception of the host."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from tests.wasi.guest import NAMES, PAGES, Guest, wasmz_calls
from wasmz.runtime.wasi.functions import FUNCTIONS
from wasmz.runtime.wasi.memory_files import MemoryFileSystem
from wasmz.runtime.wasi.wasi_config import WasiConfig

MEMORY_BYTES = PAGES * 65_536
LARGEST_ERROR = 76
CALLS = 8_000
CALLS_OF_A_GUEST = 100
I32 = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    16,
    64,
    255,
    256,
    4_096,
    65_536,
    MEMORY_BYTES - 1,
    MEMORY_BYTES,
    1 << 30,
    -1,
    -8,
    -(1 << 31),
)
I64 = (0, 1, 2, 10, 64, 66, 4_096, 1 << 29, 1 << 40, (1 << 63) - 1, -1, -(1 << 63))
PATHS = (b"file", b"dir", b"dir/x", b"link", b"..", b"../x", b"/", b"\xff", b"new", b"a/b/c")


def fill(guest: Guest, chance: random.Random) -> None:
    """Paths, lists of pieces, subscriptions: whatever the arguments may point at."""
    guest.memory_write(4_096, chance.choice(PATHS) + b"\0")
    pairs = [(chance.choice((0, 8, 64, 4_096, MEMORY_BYTES - 4, 1 << 31)), chance.choice((0, 1, 4, 100, 70_000)))]
    guest.memory_write(256, b"".join(struct.pack("<II", *pair) for pair in pairs * 4))
    guest.memory_write(64, struct.pack("<QBxxxxxxxI4xQQH6x", 1, chance.randrange(4), chance.randrange(5), 1_000, 0, 0))


@pytest.mark.parametrize("kind", ["host", "memory"])
@pytest.mark.parametrize("module", ["wasi_snapshot_preview1", "wasi_unstable"])
def test_any_arguments(kind: str, module: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    (inside / "dir").mkdir(parents=True)
    (inside / "file").write_bytes(b"content")
    files = MemoryFileSystem({"file": b"content", "dir/x": b""}, limit_bytes=10_000_000)
    config = WasiConfig(
        args=["a", "b"], env={"A": "1"}, stdin=b"x" * 1_000, stdout=None, stderr=None, monotonic=0, realtime=10**18
    )
    config.preopen_dir(inside if kind == "host" else files, "/")
    chance = random.Random(f"{kind} {module}")
    # Allocating this many bytes could fill the host's disk.
    names = [name for name in NAMES if name not in ("proc_exit", "fd_allocate" if kind == "host" else "")]
    answers: dict[str, set[int]] = {name: set() for name in names}
    for number in range(CALLS):
        if number % CALLS_OF_A_GUEST == 0:
            guest = Guest(wasmz_calls(config, module))
        fill(guest, chance)
        name = chance.choice(names)
        arguments = [chance.choice(I32 if letter == "i" else I64) for letter in FUNCTIONS[name][0].partition(":")[0]]
        answer = guest.call(name, *arguments)
        assert isinstance(answer, int) and 0 <= answer <= LARGEST_ERROR, (name, arguments)
        answers[name].add(answer)
    # Not all calls are refused for their first error.
    assert sum(len(found) > 1 for found in answers.values()) > 37, answers
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
