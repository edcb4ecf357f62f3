"""Loops for which the runtime does many iterations at once behave as in wasmtime, trap or not."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.differential.oracle import assemble, compare
from wasmz.compile.front_end import load_module
from wasmz.compile.pipeline import ModuleCompiler
from wasmz.config import Config
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.store import Store
from wasmz.runtime.memory import bulk
from wasmz.runtime.memory.linear import Memory
from wasmz.types import MemoryType

_FILE = Path(__file__).parent / "idioms.wat"
_BINARY = assemble(_FILE.read_text(encoding="utf-8"))
_END = 1 << 16
_COUNTS = (1, 2, 5, 10, 11, 12, 13, 14, 15, 20, 31, 33, 64, 65, 100, 129, 300)


def _names(kind: str) -> list[str]:
    """The functions of the module whose names begin with a word."""
    return [export.name for export in load_module(_BINARY).exports if export.name.startswith(kind)]


def _operations(name: str) -> list[str]:
    module = load_module(_BINARY)
    compiler = ModuleCompiler(_BINARY, module, Config(opt_level=2))
    index = next(export.index for export in module.exports if export.name == name)
    function = compiler.build(module.bodies[index])
    seen: list[str] = []

    def observe(after: str, function: Any) -> None:
        if after == "idioms":
            seen.extend(value.op for value in function.values() if value.op.startswith("memory."))

    compiler.optimise(function, observe)
    return seen


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("fill", "memory.fill_rounds"),
        ("copy", "memory.copy_rounds"),
        ("match", "memory.match_rounds"),
        ("find", "memory.find_rounds"),
        ("sum", "memory.rounds_within"),
    ],
)
def test_loops_are_recognised(kind: str, operation: str) -> None:
    for name in _names(kind):
        assert operation in _operations(name), name


def test_other_loops_are_left_alone() -> None:
    for name in _names("other"):
        assert not _operations(name), name


def _calls(name: str, random_numbers: random.Random) -> list[tuple[str, tuple[Any, ...]]]:
    """Arguments around all that matters: distances, counts, ends of the memory, addresses that wrap."""
    calls: list[tuple[str, tuple[Any, ...]]] = []
    count = random_numbers.choice
    middle, low, high = 3000, (0, 1, 7, 30, 200), (_END - 1, _END - 20, _END - 130, _END, _END + 5, -1, -20, -130)
    if name.startswith("copy"):
        middle = 6000
        for number, distance in enumerate((*range(-20, 21), 40, -40, 100, -100, 250, -250)):
            for counts in (_COUNTS, _COUNTS[6:]):
                calls.append(("shuffle", (number,)))
                calls.append((name, (middle + distance, middle, count(counts))))
    elif name.startswith("match"):
        for distance in (*range(-20, 21), 40, -40, 100, -100, 250, -250):
            calls.append((name, (middle + distance, middle, count(_COUNTS))))
            calls.append((name, (middle + distance, middle, count(_COUNTS[6:]))))
    if name == "copy until zero":
        # It never ends if it writes ahead of what it reads.
        return [call for call in calls if call[0] != name or call[1][0] <= middle]
    if name.startswith(("copy", "match")):
        for place in (*low, *high):
            calls.append((name, (place, middle, count(_COUNTS[4:]))))
            calls.append((name, (middle, place, count(_COUNTS[4:]))))
            calls.append((name, (place + 3, place, count(_COUNTS[4:]))))
        return calls
    for place in (middle, middle + 1, *low, *high):
        for number in (0, 1, 0x41, -1, 0x1C3, random_numbers.randrange(256), random_numbers.randrange(256)):
            calls.append((name, (place, number, count(_COUNTS))))
    for rounds in _COUNTS:
        calls.append((name, (middle, random_numbers.randrange(256), rounds)))
    return calls


@pytest.mark.parametrize("kind", ["fill", "copy", "match", "find", "sum", "other"])
def test_as_in_wasmtime(kind: str) -> None:
    calls = [call for name in _names(kind) for call in _calls(name, random.Random(name))]
    assert compare(_BINARY, calls) > 0.8 * len(calls)


def _memory(pages: int = 64) -> Memory:
    return Memory(Store(Engine()), MemoryType(pages))


def _step_by_step(content: bytearray, to: int, start: int, count: int, step: int) -> None:
    for number in range(count):
        content[to + number * step] = content[start + number * step]


@pytest.mark.parametrize("period", [1, 7, 4096, 1_500_000])
@pytest.mark.parametrize("step", [1, -1])
def test_long_copies_repeat(period: int, step: int) -> None:
    memory = _memory()
    memory.write(0, random.Random(period).randbytes(4 << 20))
    start = 10 if step > 0 else (4 << 20) - 10
    to, count = start + period * step, (1 << 21) + 12_345
    wanted = bytearray(memory.view())
    _step_by_step(wanted, to, start, count, step)
    assert bulk.memory_copy_rounds(memory, memory, to, start, count, 0, 0, step, 1, 0) == count
    assert memory.view() == wanted


def test_long_fills() -> None:
    memory = _memory()
    count = (1 << 20) + 77
    assert bulk.memory_fill_rounds(memory, 8, 0x12345, 2, count, 1, 2, 2) == count
    assert memory.read(9, 2 * count) == b"\x45\x23" * count
    assert memory.read(9 + 2 * count, 2) == bytes(2)
    assert bulk.memory_fill_rounds(memory, (4 << 20) - 3, 7, 2**32 - 3, count, 0, 1, 1) == count
    assert memory[(4 << 20) - 3 : (4 << 20) - 3 - 3 * count : -3] == b"\x07" * count


def test_long_searches_and_sums() -> None:
    memory = _memory()
    size = len(memory)
    memory[200_000] = 9
    assert bulk.memory_find_rounds(memory, 5, 9, 2**32 - 1, 0, 1, 0, False) == 200_000 - 5
    assert bulk.memory_find_rounds(memory, 5, 0, 2**32 - 1, 0, 1, 0, True) == 200_000 - 5
    assert bulk.memory_find_rounds(memory, size - 1, 9, 2**32 - 1, 0, -1, 0, False) == size - 1 - 200_000
    assert bulk.memory_find_rounds(memory, 5, 9, 150_000, 0, 1, 0, False) == 150_000
    assert bulk.memory_find_rounds(memory, 5, 300, 2**32 - 1, 0, 1, 0, False) == size - 5
    assert bulk.memory_match_rounds(memory, memory, 0, 1_000_000, 2**32 - 1, 0, 0, 8, 8) == 200_000 // 8
    content = random.Random(1).randbytes(200_000)
    memory.write(64, content)
    prefixes = total = 0
    for byte in content:
        total += byte
        prefixes += total
    assert bulk.memory_sum_rounds(memory, 60, len(content), 4, 1, 32) == total
    assert bulk.memory_weighted_rounds(memory, 60, len(content), 4, 1, 32) == prefixes % 2**32
    assert bulk.memory_weighted_rounds(memory, 60, len(content) // 4, 4, 4, 64) == prefixes
    prefixes = total = 0
    for byte in reversed(content):
        total += byte
        prefixes += total
    last = 64 + len(content) - 1
    assert bulk.memory_weighted_rounds(memory, last, len(content), 0, -1, 64) == prefixes
