"""Code that instances of a component take over of earlier ones: it must mean the same with other definitions."""

from __future__ import annotations

from typing import Any

import pytest

import wasmz
from wasmz.component import Linker

# Two resource types of the host, which may be the same one, or not.
COMPONENT = """
(component
  (import "a" (instance $a
    (export "one" (type $one (sub resource)))
    (export "other" (type $other (sub resource)))
    (export "make" (func (param "n" u32) (result (own $one))))
    (export "take" (func (param "x" (borrow $one)) (param "y" (borrow $other)) (result u32)))
    (export "make-other" (func (param "n" u32) (result (own $other))))))
  (core module $memory (memory (export "memory") 1))
  (core instance $m (instantiate $memory))
  (core func $make (canon lower (func $a "make")))
  (core func $make_other (canon lower (func $a "make-other")))
  (core func $take (canon lower (func $a "take")))
  (core module $main
    (import "a" "make" (func $make (param i32) (result i32)))
    (import "a" "make-other" (func $make_other (param i32) (result i32)))
    (import "a" "take" (func $take (param i32 i32) (result i32)))
    (func (export "run") (param i32 i32) (result i32)
      (call $take (call $make (local.get 0)) (call $make_other (local.get 1))))
    (func (export "mixed") (param i32 i32) (result i32)
      (call $take (call $make_other (local.get 0)) (call $make (local.get 1)))))
  (core instance $i (instantiate $main (with "a" (instance
    (export "make" (func $make)) (export "make-other" (func $make_other)) (export "take" (func $take))))))
  (func (export "run") (param "x" u32) (param "y" u32) (result u32) (canon lift (core func $i "run")))
  (func (export "mixed") (param "x" u32) (param "y" u32) (result u32) (canon lift (core func $i "mixed"))))
"""


class _Number:
    def __init__(self, number: int) -> None:
        self.number = number


def _definitions(one: Any, other: Any) -> dict[str, Any]:
    return {
        "one": one,
        "other": other,
        "make": one,
        "make-other": other,
        "take": lambda x, y: x.number * 10 + y.number,
    }


@pytest.fixture(scope="module")
def component() -> wasmz.Component:
    from tests.component_abi.support import parse

    return wasmz.Component.compile(parse(COMPONENT))


def test_other_definitions(component: wasmz.Component) -> None:
    class One(_Number):
        pass

    class Other(_Number):
        pass

    # The same type first, then two, then the reverse: code that is taken over must not confuse them.
    for one, other in ((One, One), (One, Other), (Other, One), (Other, Other), (One, Other)):
        linker = Linker(component.engine)
        linker.define_instance("a", _definitions(one, other))
        for _ in range(2):
            with wasmz.Store(component.engine) as store:
                exports = linker.instantiate(store, component).exports
                assert exports.run(1, 2) == 12
                if one is other:
                    assert exports.mixed(3, 4) == 34
                else:
                    with pytest.raises(wasmz.Trap):
                        exports.mixed(3, 4)


def test_the_host_functions_of_each_instance_are_called(component: wasmz.Component) -> None:
    calls: list[int] = []
    for number in range(3):
        linker = Linker(component.engine)
        definitions = _definitions(_Number, _Number)

        def take(x: Any, y: Any, number: int = number) -> int:
            calls.append(number)
            return number

        definitions["take"] = take
        linker.define_instance("a", definitions)
        with wasmz.Store(component.engine) as store:
            assert linker.instantiate(store, component).exports.run(1, 2) == number
    assert calls == [0, 1, 2]
