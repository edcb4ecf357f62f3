"""What the kernels execute: Python instructions of each contender's code, by kind, and the time of one instruction.

count_kernel(kernel, engines, rounds=5)["pwasm"]   -> Executed(moves=81_022, operations=40_311, control=20_100, ...)

If two programs take the same time per instruction, the ratio of their times is the ratio of their instruction counts.
If the counts are close, the difference is the time of CPython's operations. A call into C (slices, ``struct``) counts
as one instruction.
"""

from __future__ import annotations

import dis
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from benchmarks.catalogue import Kernel
from benchmarks.engines import Engine
from benchmarks.suite import contenders_of
from benchmarks.timing import measure

_OPERATIONS = ("BINARY_", "COMPARE_", "UNARY_", "STORE_SUBSCR", "IS_OP", "CONTAINS_", "TO_BOOL", "BUILD_", "UNPACK_")
_WRAPS = (0xFFFFFFFF, 0xFFFFFFFF_FFFFFFFF, 0x80000000, 0x80000000_00000000, 0x3FFFFFFF)
_REDUCTION = 10  # of the kernels' sizes: counting takes many times as long as what is counted
_MOVES = ("LOAD_", "STORE_", "COPY", "SWAP", "POP_TOP", "PUSH_NULL", "NOP", "RESUME", "EXTENDED_ARG", "CACHE")


@dataclass(frozen=True, slots=True)
class Executed:
    """What one run executed.

    Attributes:
        moves: instructions that move values between locals, constants, globals and the stack.
        operations: those that compute, compare, or access an item.
        control: jumps, calls, returns and the rest.
        seconds: the time of a run, not counting.
        accesses: those of the operations that load or store an item.
        wraps: those of the operations that reduce to 32 or 64 bits, or test whether that is needed.
        rounds: executions of the instruction that was executed most: iterations of the hottest loop.
    """

    moves: int
    operations: int
    control: int
    seconds: float
    accesses: int
    wraps: int
    rounds: int

    @property
    def total(self) -> int:
        """All instructions."""
        return self.moves + self.operations + self.control

    @property
    def nanoseconds(self) -> float:
        """The mean time of an instruction."""
        return self.seconds / self.total * 1e9


def can_count() -> bool:
    """Whether this Python tells about each instruction: from 3.12 on."""
    return hasattr(sys, "monitoring")


def count_kernel(kernel: Kernel, engines: Sequence[Engine], rounds: int) -> dict[str, Executed]:
    """Counts a kernel's instructions with a tenth of its size, for every contender that is Python code."""
    able = [engine for engine in engines if kernel.runs_on(engine.name)]
    contenders = contenders_of(kernel, able, max(kernel.small_size, kernel.size // _REDUCTION))
    times = measure(contenders, rounds)
    return {name: _executed(run, statistics.median(times[name])) for name, run in contenders.items()}


def _executed(run: Callable[[], Any], seconds: float) -> Executed:
    counts: dict[int, Counter[int]] = {}  # by identity: hashing a code object reads all of it
    codes: dict[int, CodeType] = {}

    def note(code: CodeType, offset: int) -> None:
        try:
            counts[id(code)][offset] += 1
        except KeyError:
            codes[id(code)] = code
            counts[id(code)] = Counter((offset,))

    monitoring = sys.monitoring
    event = monitoring.events.INSTRUCTION
    monitoring.use_tool_id(monitoring.PROFILER_ID, "benchmarks")
    monitoring.register_callback(monitoring.PROFILER_ID, event, note)
    monitoring.set_events(monitoring.PROFILER_ID, event)
    try:
        run()
    finally:
        monitoring.set_events(monitoring.PROFILER_ID, 0)
        monitoring.register_callback(monitoring.PROFILER_ID, event, None)
        monitoring.free_tool_id(monitoring.PROFILER_ID)
    kinds: Counter[str] = Counter()
    for identity, offsets in counts.items():
        for item, before in _with_previous(codes[identity]):
            kind = _kind(item.opname)
            kinds[kind] += offsets[item.offset]
            if "SUBSCR" in item.opname or "SLICE" in item.opname:
                kinds["accesses"] += offsets[item.offset]
            elif kind == "operations" and before and before.opname == "LOAD_CONST" and before.argval in _WRAPS:
                kinds["wraps"] += offsets[item.offset]
    rounds = max((max(offsets.values()) for offsets in counts.values()), default=0)
    moves, operations, control = kinds["moves"], kinds["operations"], kinds["control"]
    return Executed(moves, operations, control, seconds, kinds["accesses"], kinds["wraps"], rounds)


def _with_previous(code: CodeType) -> Iterator[tuple[dis.Instruction, dis.Instruction | None]]:
    before = None
    for item in dis.get_instructions(code):
        yield item, before
        before = item


def _kind(name: str) -> str:
    if name.startswith(_OPERATIONS):
        return "operations"
    return "moves" if name.startswith(_MOVES) else "control"
