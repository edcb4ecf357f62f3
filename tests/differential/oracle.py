"""Runs one module with wasmtime and, at every level and in tiers, with wasmz, and compares all that can be seen.

    compare(binary, calls=[("f0", (1, 2.5))])     -> 1, the calls made, or raises Disagreement with the first difference

Traps agree if they are of one kind, floats if they have the same bits or are both NaN, memories byte for byte; all of
these are compared after every call. Calls that run for too long are left out.
"""

from __future__ import annotations

import random
import signal
import struct
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NoReturn

import wasmtime

import wasmz
from tests.differential.vocabulary import EDGES
from wasmz.config import OPT_LEVELS

Call = tuple[str, tuple[Any, ...]]

# An exported global that is set before every call, if the module has it.
FUEL = "fuel"
_FUEL_PER_CALL = 12

# The most instructions of one call, as wasmtime counts them. Beyond that, Python would take too long.
_MOST_INSTRUCTIONS = 30_000
# The same limit for wasmz, so that a loop that it wrongly made endless ends.
_MOST_SECONDS = 5

# wasmtime's names of traps where they differ from wasmz's. It does not tell a call beyond a table's end from another
# access there.
_SAME_KIND = {"UNDEFINED_ELEMENT": "TABLE_OUT_OF_BOUNDS"}


# Stand for levels: functions are compiled when they are called, and at the highest level at once, or after some
# iterations of a loop, the rest of which is then a continuation, or never again.
_TIERS = {-1: (1, 1, 0, 0), -2: (6, 6, 0, 1), -3: (1024, 1 << 60, 0, 0)}
LEVELS = (*OPT_LEVELS, *_TIERS)

# How all are compiled.
SETTINGS: dict[str, Any] = {"verify": True}


class Disagreement(AssertionError):
    """wasmz and wasmtime differ: on what, and what either says."""


class TrapKind(str):
    """The outcome of a call that trapped."""

    __slots__ = ()


class TooLong(Exception):
    """A call ran for more than ``_MOST_INSTRUCTIONS``, or needed more memory than wasmtime gives."""


_BEYOND_LIMITS = frozenset({"OUT_OF_FUEL", "ALLOCATION_TOO_LARGE"})


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raises ``TimeoutError`` in the block after so many seconds of the processor, where the system has the signal."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> NoReturn:
        raise TimeoutError(f"still running after {seconds} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@cache
def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    config.wasm_multi_memory = True
    config.wasm_tail_call = True
    config.wasm_function_references = True
    config.wasm_gc = True
    config.wasm_relaxed_simd = True
    config.wasm_relaxed_simd_deterministic = True
    config.wasm_exceptions = True
    config.wasm_custom_page_sizes = True
    config.wasm_wide_arithmetic = True
    config.consume_fuel = True
    return wasmtime.Engine(config)


def assemble(text: str) -> bytes:
    """A module's text as bytes."""
    return bytes(wasmtime.wat2wasm(text))


class Reference:
    """The module in wasmtime."""

    name = "wasmtime"

    def __init__(self, binary: bytes) -> None:
        self.store = wasmtime.Store(_engine())
        self.store.set_fuel(_MOST_INSTRUCTIONS)
        self.instance: wasmtime.Instance | None = None
        self.problem: TrapKind | None = None
        self.module = wasmtime.Module(_engine(), binary)
        try:
            self.instance = wasmtime.Instance(self.store, self.module, [])
        except wasmtime.Trap as trap:
            self.problem = _wasmtime_kind(trap)
            if self.problem in _BEYOND_LIMITS:
                raise TooLong from None
        except wasmtime.WasmtimeError as error:
            # An exception thrown by a start function is not a trap in wasmtime.
            if not _is_thrown(str(error)):
                raise
            self.problem = TrapKind("UNHANDLED_EXCEPTION")

    def call(self, call: Call) -> Any:
        assert self.instance is not None
        exports = self.instance.exports(self.store)
        fuel = exports.get(FUEL)
        if isinstance(fuel, wasmtime.Global):
            fuel.set_value(self.store, _FUEL_PER_CALL)
        self.store.set_fuel(_MOST_INSTRUCTIONS)
        try:
            result = exports[call[0]](self.store, *call[1])  # type: ignore[operator]
        except wasmtime.Trap as trap:
            kind = _wasmtime_kind(trap)
            if kind in _BEYOND_LIMITS:
                raise TooLong from None
            return kind
        return tuple(result) if isinstance(result, list) else result

    def state(self) -> dict[str, Any]:
        """What memories and globals of numbers hold, by the names of the exports."""
        assert self.instance is not None
        found: dict[str, Any] = {}
        for name, item in self.instance.exports(self.store).items():
            if isinstance(item, wasmtime.Memory):
                found[name] = bytes(item.read(self.store))
            elif isinstance(item, wasmtime.Global) and str(item.type(self.store).content) in EDGES:
                found[name] = item.value(self.store)
        return found


class Subject:
    """The module in wasmz, at one level or in tiers, with some passes left out."""

    def __init__(
        self, binary: bytes, level: int, disable_passes: Collection[str] = (), *, legacy_exceptions: bool = False
    ) -> None:
        in_tiers = level in _TIERS
        self.name = f"wasmz in tiers {_TIERS[level]}" if in_tiers else f"wasmz at level {level}"
        config = wasmz.Config(
            opt_level=max(OPT_LEVELS) if in_tiers else level,
            compile_mode="smart" if in_tiers else "eager",
            _thresholds=_TIERS.get(level, ()),
            **SETTINGS,
            use_cache=False,
            disable_passes=tuple(disable_passes),
            legacy_exceptions=legacy_exceptions,
        )
        engine = wasmz.Engine(config)
        module = wasmz.Module.compile(engine, binary)
        self.instance: wasmz.Instance | None = None
        self.problem: TrapKind | None = None
        try:
            self.instance = wasmz.Instance(wasmz.Store(engine), module)
        except wasmz.Trap as trap:
            self.problem = _wasmz_kind(trap)
        except wasmz.WasmException as error:
            self.problem = _wasmz_kind(error.as_trap())

    def call(self, call: Call) -> Any:
        assert self.instance is not None
        exports = self.instance.exports
        fuel = exports.get(FUEL)
        if isinstance(fuel, wasmz.Global):
            fuel.value = _FUEL_PER_CALL
        try:
            with _time_limit(_MOST_SECONDS):
                return exports[call[0]](*call[1])
        except wasmz.Trap as trap:
            return _wasmz_kind(trap)
        except wasmz.WasmException as error:
            return _wasmz_kind(error.as_trap())

    def state(self) -> dict[str, Any]:
        """What memories and globals of numbers hold, by the names of the exports."""
        assert self.instance is not None
        found: dict[str, Any] = {}
        for name, item in self.instance.exports.items():
            if isinstance(item, wasmz.Memory):
                found[name] = item.read(0, len(item))
            elif isinstance(item, wasmz.Global) and isinstance(item.value, (int, float)):
                found[name] = item.value
        return found


def _is_thrown(message: str) -> bool:
    """Whether wasmtime's error is about an exception that nobody caught."""
    return message.rstrip().endswith("thrown Wasm exception")


def _wasmtime_kind(trap: wasmtime.Trap) -> TrapKind:
    code = trap.trap_code
    if code is None and _is_thrown(trap.message):
        return TrapKind("UNHANDLED_EXCEPTION")
    return TrapKind(code.name if code is not None else trap.message)


def _wasmz_kind(trap: wasmz.Trap) -> TrapKind:
    return TrapKind(_SAME_KIND.get(trap.code.name, trap.code.name))


def agree(expected: Any, found: Any) -> bool:
    """Whether two results are the same."""
    if isinstance(expected, float) and isinstance(found, float):
        return struct.pack("<d", expected) == struct.pack("<d", found) or (expected != expected and found != found)
    if isinstance(expected, tuple) and isinstance(found, tuple):
        return len(expected) == len(found) and all(map(agree, expected, found))
    return type(expected) is type(found) and bool(expected == found)


def compare(
    binary: bytes,
    calls: Iterable[Call],
    levels: Sequence[int] = LEVELS,
    disable_passes: Collection[str] = (),
    *,
    legacy: bytes | None = None,
) -> int:
    """Makes the calls one after the other in either implementation; returns how many there were.

    ``legacy`` is the same module with superseded exceptions, which wasmz runs then.

    Raises:
        Disagreement: at the first difference in an outcome, or in memories and globals after it.
    """
    try:
        reference, made = _expected(binary, list(calls))
    except TooLong:
        return 0
    for level in levels:
        subject = Subject(legacy or binary, level, disable_passes, legacy_exceptions=legacy is not None)
        if reference.problem != subject.problem:
            raise Disagreement(f"instantiation: {subject.name} {subject.problem!r}, wasmtime {reference.problem!r}")
        for call, expected, state in made:
            found = subject.call(call)
            place = f"{call[0]}{call[1]}"
            if not agree(expected, found) or isinstance(expected, TrapKind) != isinstance(found, TrapKind):
                raise Disagreement(f"{place}: {subject.name} gives {_show(found)}, wasmtime {_show(expected)}")
            _compare_states(subject, state, place)
    return len(made)


def _expected(binary: bytes, calls: list[Call]) -> tuple[Reference, list[tuple[Call, Any, dict[str, Any]]]]:
    """Calls with their outcomes and what they leave behind; those that run for too long are left out."""
    while True:
        reference = Reference(binary)
        made: list[tuple[Call, Any, dict[str, Any]]] = []
        if reference.problem is not None:
            return reference, made
        for call in calls:
            try:
                made.append((call, reference.call(call), reference.state()))
            except TooLong:
                # It has changed the state: starts again without it.
                calls = [other for other in calls if other is not call]
                break
        else:
            return reference, made


def _compare_states(subject: Subject, expected: dict[str, Any], after: str) -> None:
    found = subject.state()
    for name, value in expected.items():
        if isinstance(value, bytes) and value != found[name]:
            other = found[name]
            if len(value) != len(other):
                sizes = f"{subject.name} has {len(other)} bytes, wasmtime {len(value)}"
                raise Disagreement(f"memory {name} after {after}: {sizes}")
            place = next(i for i, (a, b) in enumerate(zip(value, other, strict=True)) if a != b)
            raise Disagreement(
                f"memory {name} at {place:#x} after {after}: {subject.name} has {other[place : place + 8].hex()}, "
                f"wasmtime {value[place : place + 8].hex()}"
            )
        if not isinstance(value, bytes) and not agree(value, found[name]):
            values = f"{subject.name} has {_show(found[name])}, wasmtime {_show(value)}"
            raise Disagreement(f"global {name} after {after}: {values}")


def _show(value: Any) -> str:
    return f"trap {value}" if isinstance(value, TrapKind) else value.hex() if isinstance(value, float) else repr(value)


def make_calls(binary: bytes, seed: int, rounds: int) -> list[Call]:
    """Calls of all exported functions with edge values, ``rounds`` times each."""
    generator = random.Random(seed)
    calls: list[Call] = []
    module = wasmtime.Module(_engine(), binary)
    functions = [
        (export.name, [str(param) for param in export.type.params], [str(result) for result in export.type.results])
        for export in module.exports
        if isinstance(export.type, wasmtime.FuncType)
    ]
    for _ in range(rounds):
        for name, params, results in functions:
            if all(type in EDGES for type in (*params, *results)):
                calls.append((name, tuple(_argument(generator, param) for param in params)))
    return calls


def _argument(generator: random.Random, type: str) -> int | float:
    width = int(type[1:])
    kind = generator.random()
    if kind < 0.25 and type in ("i32", "i64"):
        return generator.randrange(50)
    bits = generator.choice(EDGES[type]) if kind < 0.75 else generator.getrandbits(width)
    if type in ("i32", "i64"):
        return bits - (1 << width) if bits >> width - 1 else bits
    number: float
    if type == "f32":
        (number,) = struct.unpack("<f", bits.to_bytes(4, "little"))
    else:
        (number,) = struct.unpack("<d", bits.to_bytes(8, "little"))
    return number
