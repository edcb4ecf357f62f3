"""Random modules use the same fuel at every level and in tiers, and stop at the same places."""

from __future__ import annotations

import random
from typing import Any
from unittest import mock

import pytest

import wasmz
from tests.differential.affine import generate_affine
from tests.differential.generator import PROFILES, generate
from tests.differential.loops import generate_loops
from tests.differential.oracle import Call, Reference, TooLong, TrapKind, assemble, make_calls
from tests.differential.thresholds import without_thresholds
from wasmz.passes import idioms

_SEEDS = range(1, 13)
_PLENTY = 1 << 40
_STOPS = 4

_MAKERS = {"affine": generate_affine, "loops": generate_loops}
_FORMS: dict[str, dict[str, Any]] = {
    "pipeline": {"opt_level": 0, "compile_mode": "eager"},
    "level 2": {"opt_level": 2, "compile_mode": "eager"},
    "baseline": {"compile_mode": "smart", "_thresholds": (1024, 1 << 60, 0, 0)},
    "tiers": {"compile_mode": "smart", "_thresholds": (6, 6, 0, 1)},
}


class _Metered:
    """A module, compiled in one form, of which each call can be made with any fuel."""

    def __init__(self, binary: bytes, form: str) -> None:
        self.name = form
        self.engine = wasmz.Engine(wasmz.Config(fuel=_PLENTY, use_cache=False, verify=True, **_FORMS[form]))
        self.module = wasmz.Module.compile(self.engine, binary)

    def outcomes(self, calls: list[Call], fuel: list[int]) -> list[tuple[Any, ...]]:
        """What calls of one instance give with so much fuel each: result or trap, units used, memories, globals."""
        store = wasmz.Store(self.engine)
        exports = wasmz.Instance(store, self.module).exports
        found: list[tuple[Any, ...]] = []
        for (name, arguments), units in zip(calls, fuel, strict=True):
            if isinstance(exports.get("fuel"), wasmz.Global):
                exports["fuel"].value = 12
            store.set_fuel(units)
            result: Any
            try:
                result = repr(exports[name](*arguments))
            except wasmz.Trap as trap:
                result = TrapKind(trap.code.name)
            except wasmz.WasmException as error:
                result = TrapKind(error.as_trap().code.name)
            state = {
                key: item.read(0, len(item)) if isinstance(item, wasmz.Memory) else repr(item.value)
                for key, item in exports.items()
                if isinstance(item, (wasmz.Memory, wasmz.Global))
            }
            left = store.fuel
            assert left is not None
            found.append((result, units - left, state))
        return found


def _short_calls(binary: bytes, seed: int) -> list[Call]:
    """The calls that end soon, as wasmtime tells."""
    reference = Reference(binary)
    found = []
    for call in make_calls(binary, seed, 2):
        try:
            if reference.call(call) != "STACK_OVERFLOW":
                found.append(call)
        except TooLong:
            reference = Reference(binary)
    return found


@pytest.mark.parametrize("seed", _SEEDS)
@pytest.mark.parametrize("name", ["affine", "loops", "control", "calls", "exceptions"])
def test_fuel_is_the_same_in_all_forms(name: str, seed: int) -> None:
    choices = random.Random(seed).randbytes(1500)
    make = _MAKERS.get(name)
    binary = assemble(make(choices) if make is not None else generate(choices, PROFILES[name]))
    try:
        calls = _short_calls(binary, seed)
    except TooLong:
        return
    numbers = random.Random(seed)
    with without_thresholds(), mock.patch.dict(idioms._FEWEST_ACCESSES, dict.fromkeys(idioms._FEWEST_ACCESSES, 2)):
        forms = [_Metered(binary, form) for form in _FORMS]
        first, *others = forms
        expected = first.outcomes(calls, [_PLENTY] * len(calls))
        stopped = [[numbers.randint(0, used) for _, used, _ in expected] for _ in range(_STOPS)]
        for units in stopped:
            expected += first.outcomes(calls, units)
        for form in others:
            found = form.outcomes(calls, [_PLENTY] * len(calls))
            for units in stopped:
                found += form.outcomes(calls, units)
            for number, (one, other) in enumerate(zip(expected, found, strict=True)):
                assert one[:2] == other[:2], (form.name, number, calls[number % len(calls)])
                assert one[2] == other[2], (form.name, number, calls[number % len(calls)])
