"""The fuel of a store: units as items of iterators, which code may keep, and which end when the number is changed."""

from __future__ import annotations

import random
import sys
import threading
from itertools import islice
from typing import Any

import pytest

from wasmz import OutOfFuel
from wasmz.runtime.limits.fuel import Fuel


def supplied(units: int | None) -> tuple[Fuel, dict[str, Any]]:
    fuel = Fuel(units)
    namespace: dict[str, Any] = {}
    fuel.supply(namespace)
    return fuel, namespace


class Code:
    """What generated code does: it keeps the iterator."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.kept = namespace["fuel"]
        self.more = namespace["fuel_more"]

    def take(self) -> None:
        for _ in self.kept:
            return
        self.kept = self.more()


@pytest.mark.parametrize("units", [0, 1, 2, 4095, 4096, 4097, 8192, 10_000])
def test_there_are_exactly_as_many_units(units: int) -> None:
    fuel, namespace = supplied(units)
    code = Code(namespace)
    for taken in range(units):
        assert fuel.units == units - taken
        code.take()
    assert fuel.units == 0
    for _ in range(2):
        with pytest.raises(OutOfFuel):
            code.take()
    fuel.replace(1)
    code.take()
    with pytest.raises(OutOfFuel):
        code.take()


def test_orders_of_operations() -> None:
    """Two instances, with iterators that they keep, against a number."""
    numbers = random.Random(5)
    for _ in range(200):
        left = numbers.choice((0, 1, 50, 4095, 4096, 4097, 9000, 100_000))
        fuel, namespace = supplied(left)
        other: dict[str, Any] = {}
        fuel.supply(other)
        codes = [Code(namespace), Code(other), Code(namespace)]
        for _ in range(60):
            kind = numbers.randrange(4)
            if kind == 0:
                code = numbers.choice(codes)
                for _ in range(numbers.choice((1, 3, 5000))):
                    if not left:
                        with pytest.raises(OutOfFuel):
                            code.take()
                        break
                    code.take()
                    left -= 1
            elif kind < 3:
                wanted = numbers.choice((1, 2, 40, 4096, 5000, 1 << 31))
                count = namespace["fuel_limit"](wanted)
                assert count == min(wanted, left)
                used = numbers.choice((count, count // 2, 0))
                namespace["fuel_use"](used)
                left -= used
            else:
                left = numbers.choice((0, 1, 4096, 4097, 20_000))
                fuel.replace(left)
            assert fuel.units == left


def test_fuel_without_end() -> None:
    fuel, namespace = supplied(None)
    code = Code(namespace)
    for _ in range(10_000):
        code.take()
    namespace["fuel_use"](namespace["fuel_limit"](1 << 40))
    assert fuel.units > 1 << 100


@pytest.mark.skipif(sys.platform == "emscripten", reason="no threads here")
def test_threads_take_no_unit_twice() -> None:
    fuel, namespace = supplied(300_000)
    taken = [0] * 4

    def run(number: int) -> None:
        code = Code(namespace)
        try:
            for _ in range(20):
                for _ in range(5000):
                    code.take()
                    taken[number] += 1
        except OutOfFuel:
            pass

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 300_000
    assert fuel.units == 0


def test_an_iterator_that_is_kept_ends_with_another_number() -> None:
    fuel, namespace = supplied(100)
    kept = namespace["fuel"]
    assert len(list(islice(kept, 10))) == 10
    fuel.replace(7)
    assert not list(kept)
    assert fuel.units == 7
