"""Memories: growth, limits, access from Python, and both ways of allocating."""

from __future__ import annotations

import array
import copy
import ctypes
import mmap
import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from wasmz.config import Config
from wasmz.errors import Trap, TrapCode
from wasmz.runtime.limits.budgets import ResourceLimiter
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.store import Store
from wasmz.runtime.memory import linear as memory_module
from wasmz.runtime.memory import memory_helpers as operations
from wasmz.runtime.memory.atomics import HELPERS
from wasmz.runtime.memory.linear import Memory
from wasmz.runtime.memory.memory_helpers import DataSegment
from wasmz.types import PAGE_BYTES, MemoryType, ValType


@pytest.fixture(params=["reserved", "copying", "copying, plain views"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    if request.param != "reserved":
        monkeypatch.setattr(memory_module, "_CAN_RESERVE", False)
    if "plain" in request.param:
        monkeypatch.setenv("WASMZ_PLAIN_VIEWS", "1")
    with Store(Engine()) as made:
        yield made


def trap_of(function: Any, *args: Any) -> TrapCode:
    with pytest.raises(Trap) as caught:
        function(*args)
    return caught.value.code


def test_growth(store: Store) -> None:
    memory = Memory(store, MemoryType(1, 3))
    view = memory._strided("I", 0)
    view[PAGE_BYTES - 4] = 7
    with pytest.raises(IndexError):
        view[PAGE_BYTES - 3]
    assert (memory.grow(0), memory.grow(1), memory.size_pages, len(memory)) == (1, 1, 2, 2 * PAGE_BYTES)
    assert memory._strided("I", 0) is view
    assert view[PAGE_BYTES - 4] == 7
    view[2 * PAGE_BYTES - 4] = 9
    assert memory.read_value(2 * PAGE_BYTES - 4, "I") == 9
    assert memory.grow(2) == -1
    assert memory.grow(1) == 2
    assert memory.grow(1) == -1
    assert view[2 * PAGE_BYTES] == 0
    with pytest.raises(ValueError, match="shrink"):
        memory.grow(-1)


def test_growth_from_nothing(store: Store) -> None:
    memory = Memory(store, MemoryType(0))
    view = memory._strided("B")
    with pytest.raises(IndexError):
        view[0]
    assert memory.grow(65_537) == -1
    assert memory.grow(1) == 0
    view[PAGE_BYTES - 1] = 1
    assert memory[PAGE_BYTES - 1] == 1


@pytest.mark.skipif(not memory_module._CAN_RESERVE, reason="address space cannot be reserved here")
def test_growing_keeps_views_of_a_reserved_memory() -> None:
    memory = Memory(Store(), MemoryType(1, 10))
    old = memory.view()
    memory.grow(9)
    memory[5] = 77
    assert old[5] == 77
    assert len(old) == PAGE_BYTES


def test_python_access(store: Store) -> None:
    memory = Memory(store, MemoryType(1))
    memory[0:4] = b"abcd"
    assert memory[0:4] == b"abcd"
    assert memory[1] == ord("b")
    assert memory[PAGE_BYTES - 2 : PAGE_BYTES + 9] == b"\0\0"
    memory.write(2, bytearray(b"xy"))
    assert memory.read(0, 5) == b"abxy\0"
    memory.write_value(8, "Hb", 0x1234, -1)
    assert memory.read_value(8, "Hb") == (0x1234, -1)
    memory.slice(0, 2)[:] = b"__"
    assert bytes(memory.view()[:4]) == b"__xy"
    with pytest.raises(IndexError):
        memory[PAGE_BYTES]
    with pytest.raises(ValueError):
        memory[0:2] = b"abc"
    numpy = pytest.importorskip("numpy", reason="it is compiled code")
    array = numpy.frombuffer(memory.view(), dtype="<u2")
    array[0] = 0x4142
    assert memory[0:2] == b"BA"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="classes cannot export buffers before 3.12")
def test_buffer_protocol(store: Store) -> None:
    memory = Memory(store, MemoryType(1))
    memory[0] = 5
    assert memoryview(memory)[0] == 5  # type: ignore[arg-type]


def test_guest_addresses_out_of_bounds_trap(store: Store) -> None:
    memory = Memory(store, MemoryType(1))
    out_of_bounds = TrapCode.MEMORY_OUT_OF_BOUNDS
    assert memory.read(PAGE_BYTES, 0) == b""
    assert trap_of(memory.read, PAGE_BYTES, 1) is out_of_bounds
    assert trap_of(memory.read, -1, 1) is out_of_bounds
    assert trap_of(memory.read, 0, 1 << 40) is out_of_bounds
    assert trap_of(memory.write, PAGE_BYTES - 1, b"ab") is out_of_bounds
    assert trap_of(memory.read_value, PAGE_BYTES - 3, "I") is out_of_bounds
    assert trap_of(memory.write_value, PAGE_BYTES, "B", 1) is out_of_bounds
    assert memory[PAGE_BYTES - 1] == 0
    with pytest.raises(ValueError, match="negative"):
        memory.read(0, -1)


@pytest.mark.skipif(sys.maxsize < 1 << 32, reason="Python has 32 bits")
def test_signed_addresses_mean_the_upper_half() -> None:
    memory = Memory(Store(), MemoryType(40_000))
    memory.write(-(1 << 31), b"high")
    assert memory[1 << 31 : (1 << 31) + 4] == b"high"


def test_limit_of_the_store() -> None:
    store = Store(Engine(Config(mem_limit_bytes=3 * PAGE_BYTES)))
    memory = Memory(store, MemoryType(1))
    assert store.memory_budget.total_used == PAGE_BYTES
    assert trap_of(Memory, store, MemoryType(3)) is TrapCode.OUT_OF_MEMORY
    other = Memory(store, MemoryType(1))
    assert memory.grow(1) == 1
    assert [each.grow(1) for each in (memory, other)] == [-1, -1]
    assert store.memory_budget.total_used == 3 * PAGE_BYTES
    other.close()
    assert memory.grow(1) == 2
    del memory, other
    assert store.memory_budget.total_used == 0


def test_closing_stops_every_access(store: Store) -> None:
    memory = Memory(store, MemoryType(1))
    view, users = memory._strided("B"), memory.view()
    memory[3] = 3
    memory.close()
    with pytest.raises(IndexError):
        view[0]
    with pytest.raises(IndexError):
        memory[0]
    assert trap_of(memory.read, 0, 1) is TrapCode.MEMORY_OUT_OF_BOUNDS
    assert memory.grow(1) == -1
    assert users[3] == 3
    assert store.memory_budget.total_used == 0


def test_a_failing_reservation_falls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **keywords: Any) -> Any:
        raise OSError("no address space")

    monkeypatch.setattr(memory_module.mmap, "mmap", refuse)
    memory = Memory(Store(), MemoryType(1))
    memory[1] = 1
    assert memory.grow(3) == 1
    assert memory[1] == 1


def test_custom_page_size(store: Store) -> None:
    memory = Memory(store, MemoryType(3, 10, page_bytes=1))
    assert (len(memory), memory.grow(7), memory.grow(1), memory.size_pages) == (3, 3, -1, 10)


def test_fill_and_copy(store: Store) -> None:
    memory = Memory(store, MemoryType(50))
    operations.memory_fill(memory, 10, 0x1FF, 5)
    assert memory[9:16] == b"\0\xff\xff\xff\xff\xff\0"
    size = len(memory)
    operations.memory_fill(memory, 1, 0xAB, size - 2)
    assert memory[0:2] == b"\0\xab"
    assert memory[size - 2 : size] == b"\xab\0"
    assert memory[1 : size - 1].count(0xAB) == size - 2
    memory[0:6] = b"abcdef"
    operations.memory_copy(memory, memory, 2, 0, 4)
    assert memory[0:6] == b"ababcd"
    operations.memory_copy(memory, memory, 0, 1, 4)
    assert memory[0:6] == b"babccd"
    for arguments in ((size, 1, 1), (0, size, 1), (size + 1, 0, 0), (0, 0xFFFF_FFFF, 0xFFFF_FFFF)):
        assert trap_of(operations.memory_copy, memory, memory, *arguments) is TrapCode.MEMORY_OUT_OF_BOUNDS
    operations.memory_copy(memory, memory, size, size, 0)
    assert trap_of(operations.memory_fill, memory, size - 1, 0, 2) is TrapCode.MEMORY_OUT_OF_BOUNDS


def test_copy_between_memories(store: Store) -> None:
    first, second = Memory(store, MemoryType(1)), Memory(store, MemoryType(1))
    first[0:3] = b"123"
    operations.memory_copy(second, first, 5, 1, 2)
    assert second[4:8] == b"\x0023\0"


def test_data_segments(store: Store) -> None:
    memory, segment = Memory(store, MemoryType(1)), DataSegment(b"hello")
    operations.memory_init(memory, segment, 2, 1, 3)
    assert memory[0:6] == b"\0\0ell\0"
    assert trap_of(operations.memory_init, memory, segment, 0, 3, 3) is TrapCode.MEMORY_OUT_OF_BOUNDS
    assert trap_of(operations.memory_init, memory, segment, PAGE_BYTES, 0, 1) is TrapCode.MEMORY_OUT_OF_BOUNDS
    operations.data_drop(segment)
    operations.memory_init(memory, segment, 0, 0, 0)
    assert trap_of(operations.memory_init, memory, segment, 0, 0, 1) is TrapCode.MEMORY_OUT_OF_BOUNDS


def test_grow_and_size_as_instructions(store: Store) -> None:
    memory = Memory(store, MemoryType(1, 2))
    assert operations.memory_grow(memory, 0xFFFF_FFFF) == 0xFFFF_FFFF
    assert operations.memory_grow(memory, 1) == 1
    assert operations.memory_size(memory) == 2
    wide = Memory(store, MemoryType(0, 1, address_type=ValType.I64))
    assert operations.memory_grow(wide, 2) == 0xFFFF_FFFF_FFFF_FFFF


# Mistakes in Python code


@pytest.mark.parametrize("pages", [0.5, 1.0, "1", None])
def test_growing_by_what_is_no_number_of_pages(store: Store, pages: Any) -> None:
    memory = Memory(store, MemoryType(1, 10))
    with pytest.raises(TypeError):
        memory.grow(pages)
    assert (memory.grow(True), len(memory)) == (1, 2 * 65_536)


def test_types_that_no_memory_has(store: Store) -> None:
    for type in (MemoryType(3, 2), MemoryType(-1), MemoryType(1, shared=True)):
        with pytest.raises(ValueError, match="cannot make a memory"):
            Memory(store, type)
    with pytest.raises(TypeError, match="MemoryType"):
        Memory(store, 1)  # type: ignore[arg-type]
    assert store.memory_budget.total_used == 0


def test_values_by_type(store: Store) -> None:
    memory = Memory(store, MemoryType(1))
    for type, value in (
        (ValType.I32, -5),
        (ValType.I64, -(1 << 40)),
        (ValType.F32, 1.5),
        (ValType.F64, 0.1),
        (ValType.V128, bytes(range(16))),
    ):
        memory.write_value(24, type, value)
        assert memory.read_value(24, type) == value
    with pytest.raises(ValueError, match="externref"):
        memory.read_value(0, ValType.EXTERNREF)
    with pytest.raises(ValueError, match="not a format of the struct module"):
        memory.read_value(0, "i32")


# Threads


def test_python_waits_and_notifies() -> None:
    memory = Memory(Store(), MemoryType(1, 1, shared=True))
    memory.write_value(8, "iq", 7, -1)
    assert memory.wait32(8, 6) == 1
    assert memory.wait32(8, 7, timeout=0.001) == 2
    assert memory.wait64(16, -1, timeout=0) == 1
    memory.write_value(16, "q", -1)
    assert memory.wait64(16, -1, timeout=0) == 2
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(memory.wait32(8, 7, timeout=60)))
    thread.start()
    while not memory.notify(8):
        pass
    thread.join(60)
    assert answers == [0]
    assert memory.notify(8) == 0
    for call, code in (
        (lambda: memory.wait32(2, 0), TrapCode.UNALIGNED_ATOMIC_ACCESS),
        (lambda: memory.wait64(65_536, 0), TrapCode.MEMORY_OUT_OF_BOUNDS),
        (lambda: memory.notify(-4), TrapCode.MEMORY_OUT_OF_BOUNDS),
        (lambda: Memory(Store(), MemoryType(1)).wait32(0, 0), TrapCode.UNSHARED_MEMORY_WAIT),
    ):
        with pytest.raises(Trap) as caught:
            call()
        assert caught.value.code is code
    with pytest.raises(ValueError, match="timeout"):
        memory.wait32(8, 7, timeout=-1)


def test_closing_wakes_who_waits() -> None:
    memory = Memory(Store(), MemoryType(1, 1, shared=True))
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(memory.wait32(8, 0)))
    thread.start()
    while not memory.waiting:
        pass
    memory.close()
    thread.join(60)
    assert answers == [0]
    assert trap_of(memory.wait32, 8, 0) is TrapCode.MEMORY_OUT_OF_BOUNDS
    assert not memory.waiting


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers here")
def test_signal_handlers_may_use_the_atomics_that_they_interrupt() -> None:
    memory = Memory(Store(), MemoryType(1, 1, shared=True))
    view = memory._strided("I")
    add = HELPERS["atomic_add4"]
    handled = 0

    def handle(*_: Any) -> None:
        nonlocal handled
        handled += 1
        add(memory, view, 0, 1)
        memory.notify(4)
        memory.wait32(8, 0, timeout=0)

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
        for done in range(20_000):
            add(memory, view, 0, 1)
            if done % 50 == 0:
                memory.wait32(4, 0, timeout=1e-5)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert memory.read_value(0, "I") == 20_000 + handled
    assert not memory.waiting


def test_copies_are_refused() -> None:
    memory = Memory(Store(), MemoryType(1))
    for how in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            how(memory)
    with pytest.raises(TypeError, match="cannot be initialised twice"):
        memory.__init__(memory.store, MemoryType(1))  # type: ignore[misc]


def test_closing_while_growing(store: Store) -> None:
    """A limiter closes the memory that asks it; what it allows comes too late."""

    class Closing(ResourceLimiter):
        def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
            if current:
                store.close()
            return True

    store.limiter = Closing()
    memory = Memory(store, MemoryType(1, 9))
    view = memory._strided("I")
    assert (memory.grow(1), len(memory), len(view), store.memory_budget.total_used) == (-1, 0, 0, 0)


_NEEDS_64_BITS = pytest.mark.skipif(sys.maxsize < 1 << 32, reason="Python has 32 bits")


@pytest.mark.parametrize("pages", [1, pytest.param(40_000, marks=_NEEDS_64_BITS)])
def test_negative_numbers_are_pointers(pages: int) -> None:
    memory = Memory(Store(), MemoryType(pages))
    pointer = 0x9000_0000 - (1 << 32)
    if pages == 1:
        for access in (
            lambda: memory[pointer],
            lambda: memory[pointer : pointer + 1],
            lambda: memory[0:pointer],
            lambda: memory[-1],
            lambda: memory[-4:],
            lambda: memory[:-1],
            lambda: memory.__setitem__(pointer, 1),
            lambda: memory.__setitem__(slice(pointer, None), b""),
            lambda: memory[-(1 << 40)],
        ):
            with pytest.raises(IndexError):
                access()
        return
    memory[pointer] = 65
    assert memory[pointer] == memory[0x9000_0000] == 65
    memory[pointer : pointer + 3] = b"xyz"
    assert memory[pointer : pointer + 3] == memory[0x9000_0000 : pointer + 3] == b"xyz"
    assert memory[pointer + 2 : pointer - 1 : -1] == b"zyx"
    assert memory.slice(pointer, 2) == memory.read(pointer, 2) == b"xy"
    assert memory.read_value(pointer, "H") == 0x7978


def test_buffers_of_any_kind_are_written(store: Store) -> None:
    memory = Memory(store, MemoryType(1))
    rows = memoryview(bytes(range(6))).cast("B", (2, 3))
    sources: list[Any] = [
        *(b"ab", bytearray(b"ab"), memoryview(b"a_b_")[::2], array.array("H", [0x6261]), rows),
        *(ctypes.c_uint32(5), (ctypes.c_uint16 * 2)(1, 2), memoryview(b"ab").cast("b"), mmap.mmap(-1, 4096)),
    ]
    for source in sources:
        wanted = memoryview(source).tobytes()
        memory.write(0, source)
        assert memory.read(0, len(wanted)) == wanted
        memory[100 : 100 + len(wanted)] = source
        assert memory[100 : 100 + len(wanted)] == wanted
    memory[0:4:2] = memoryview(b"1_2_")[::2]
    assert memory[0:4:2] == b"12"
    for call in (lambda: memory.write(0, [1]), lambda: memory.__setitem__(slice(0, 1), [1])):  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("can_reserve", [False, True])
def test_growth_beyond_the_reservation_rarely_moves(can_reserve: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    allocate = memory_module._allocate
    monkeypatch.setattr(memory_module, "_CAN_RESERVE", can_reserve and memory_module._CAN_RESERVE)
    monkeypatch.setattr(memory_module, "_allocate", lambda *args: (made.append(args), allocate(*args))[1])
    monkeypatch.setattr(memory_module, "_RESERVATIONS", dict.fromkeys(memory_module._RESERVATIONS, 4096))
    memory = Memory(Store(), MemoryType(4096, address_type=ValType.I64, page_bytes=1))
    view = memory._strided("H", 1)
    view[4000] = 77
    for page in range(40_000):
        assert memory.grow(1) == 4096 + page
        view[4096 + page - 2] = page
    assert (view[4000], view[4093], view[44_093], len(view)) == (77, 0, 39_999, 44_094)
    assert len(made) < 10
