"""Baseline code for exceptions behaves as the specification says: checked by hand, and against the pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from tests.baseline.modules import MODULES
from wasmz import Config, Engine, Instance, Module, Store, Trap, WasmException, WasmzError

QUICK = Config(compile_mode="smart", use_cache=False, verify=True, _thresholds=(1024, 1 << 60, 0, 0))
# Counters run out at once, so calls that begin in baseline code go on in continuations.
TIERS = Config(compile_mode="smart", use_cache=False, verify=True, _thresholds=(1, 1, 0, 0))
EAGER = Config(compile_mode="eager", use_cache=False, verify=True)


def _instance(config: Config) -> Instance:
    engine = Engine(config)
    return Instance(Store(engine), Module.compile(engine, MODULES["exceptions"]))


def _caught(number: int) -> int | str:
    if number == 0:
        return 999
    if number == 1:
        return 1009
    if number == 2:
        return "unreachable"
    if number > 100:
        return 1000 + number
    if number == 50:
        return "integer divide by zero"
    return 1005 + int(2 * number / (number - 50))


def _outcome(instance: Instance, name: str, *args: int) -> Any:
    try:
        return getattr(instance.exports, name)(*args)
    except Trap as trap:
        return trap.code.value
    except WasmException as error:
        return error.values


@pytest.mark.parametrize("config", [QUICK, TIERS, EAGER], ids=["quick", "tiers", "eager"])
def test_clauses_catch_what_they_name_and_no_traps(config: Config) -> None:
    instance = _instance(config)
    for number in (0, 1, 2, 3, 7, 50, 49, 100, 101, 500):
        found = _outcome(instance, "catch", number)
        expected = _caught(number)
        assert found == expected or (isinstance(expected, str) and expected in str(found)), number


@pytest.mark.parametrize("config", [QUICK, TIERS], ids=["quick", "tiers"])
def test_blocks_within_blocks_are_what_the_pipeline_makes_of_them(config: Config) -> None:
    quick, eager = _instance(config), _instance(EAGER)
    for number in range(-3, 40):
        for name in ("nested", "passed"):
            assert _outcome(quick, name, number) == _outcome(eager, name, number), (name, number)
    for number in (99, 100, 101, 150):
        assert _outcome(quick, "nested", number) == _outcome(eager, "nested", number)
    # The first block's operand is gone when the clause's label is reached; the values around it are not.
    assert _outcome(quick, "passed", 101) == (101, 77)
    assert _outcome(quick, "passed", 5) == (6, 10)


@pytest.mark.parametrize("config", [QUICK, EAGER], ids=["quick", "eager"])
def test_an_exception_that_was_kept_is_thrown_again(config: Config) -> None:
    instance = _instance(config)
    with pytest.raises(WasmzError):
        instance.exports.again()
    assert instance.exports.catch(0) == 999
    with pytest.raises(WasmException) as found:
        instance.exports.again()
    assert found.value.values == ()
