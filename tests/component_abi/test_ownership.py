"""Who owns resources, when arguments are wrong, objects are collected, hosts raise, components trap, stores close."""

from __future__ import annotations

import gc
from typing import Any

import pytest

import wasmz
from tests.component_abi.support import ALLOCATOR, instantiate, parse
from wasmz.component import Component, Linker, WrongValue

# `r` counts how many of it were dropped. `refuse` traps.
TEXT = f"""(component
  (import "host" (type $hosts (sub resource)))
  (core module $state
    (global $dropped (mut i32) (i32.const 0))
    (func (export "dtor") (param i32) (global.set $dropped (i32.add (global.get $dropped) (i32.const 1))))
    (func (export "dropped") (result i32) (global.get $dropped)))
  (core instance $state (instantiate $state))
  (type $r' (resource (rep i32) (dtor (core func $state "dtor"))))
  (export $r "r" (type $r'))
  (core func $new (canon resource.new $r'))
  (core func $drop (canon resource.drop $r'))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    {ALLOCATOR}
    (func (export "take") (param i32 i32 i32) (call $drop (local.get 0)))
    (func (export "take-all") (param i32 i32 i32))
    (func (export "refuse") (param i32) unreachable))
  (core instance $m (instantiate $m (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  (alias core export $m "memory" (core memory $memory))
  (alias core export $m "realloc" (core func $realloc))
  (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $new)))
  (func (export "dropped") (result u32) (canon lift (core func $state "dropped")))
  (func (export "take") (param "a" (own $r)) (param "b" string)
    (canon lift (core func $m "take") (memory $memory) (realloc $realloc)))
  (func (export "take-all") (param "many" (list (tuple (own $r) (own $hosts)))) (param "number" u8)
    (canon lift (core func $m "take-all") (memory $memory) (realloc $realloc)))
  (func (export "drop-index") (param "index" u32) (canon lift (core func $drop)))
  (func (export "refuse") (param "a" u32) (canon lift (core func $m "refuse"))))"""


class Host:
    """A resource of the host's."""

    closed = 0

    def close(self) -> None:
        type(self).closed += 1


def _exports() -> Any:
    return instantiate(TEXT, host=Host).exports


def _has_no_handles(exports: Any) -> bool:
    with pytest.raises(wasmz.Trap, match="unknown handle index 1"):
        exports.drop_index(1)
    return True


@pytest.mark.parametrize("wrong", [5, None, "\ud800", b"x"])
def test_a_resource_beside_a_wrong_argument_stays_with_its_owner(wrong: Any) -> None:
    exports = _exports()
    resource = exports.make(7)
    with pytest.raises(WrongValue, match="b: expected string"):
        exports.take(resource, wrong)
    assert not resource.is_closed
    exports.take(resource, "text")
    assert (resource.is_closed, exports.dropped()) == (True, 1)


def test_nothing_of_a_wrong_list_is_given() -> None:
    exports = _exports()
    first, second, host = exports.make(1), exports.make(2), Host()
    for many, number in (
        ([(first, host), (second, 5)], 1),
        ([(first, host), (first, host)], 1),
        ([(first, host)], 300),
    ):
        with pytest.raises(WrongValue):
            exports.take_all(many, number)
    with pytest.raises(ZeroDivisionError):
        exports.take_all(((first, host) for _ in (1, 1 // 0)), 1)
    assert not first.is_closed
    assert not second.is_closed
    exports.take_all([(first, host), (second, host)], 1)
    assert first.is_closed
    assert second.is_closed


def test_the_component_cannot_use_what_it_was_not_given() -> None:
    exports = _exports()
    with pytest.raises(WrongValue):
        exports.take(exports.make(7), 5)
    assert _has_no_handles(exports)


def test_collected_objects_are_dropped_before_another_one_is_made() -> None:
    exports = _exports()
    for number in range(10):
        exports.make(number)
    gc.collect()
    # A component's code does not run in the middle of other code, such as the collector's.
    assert exports.dropped() == 9
    last = exports.make(10)
    assert exports.dropped() == 10
    cycle: list[Any] = [exports.make(11)]
    cycle.append(cycle)
    del cycle
    gc.collect()
    last.close()
    assert exports.dropped() == 12


def test_objects_that_were_closed_or_given_are_not_dropped_again() -> None:
    exports = _exports()
    closed, given = exports.make(1), exports.make(2)
    closed.close()
    exports.take(given, "")
    del closed, given
    gc.collect()
    exports.make(3).close()
    assert exports.dropped() == 3


def test_a_trap_is_not_hidden_by_leaving_with() -> None:
    exports = _exports()
    with pytest.raises(wasmz.Trap, match="unreachable"), exports.make(1):
        exports.refuse(1)
    gc.collect()
    with pytest.raises(wasmz.Trap, match="cannot enter component instance"):
        exports.make(1)


def test_closing_after_the_store() -> None:
    instance = instantiate(TEXT, host=Host)
    exports = instance.exports
    resource, other = exports.make(1), exports.make(2)
    instance.close()
    resource.close()
    assert resource.is_closed
    with other:
        pass
    for _ in range(2):
        with pytest.raises(ValueError, match="the store is closed"):
            exports.make(1)


CALLBACK = """(component
  (type $r' (resource (rep i32)))
  (export $r "r" (type $r'))
  (core func $new (canon resource.new $r'))
  (import "call" (func $call))
  (core func $call' (canon lower (func $call)))
  (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $new)))
  (core module $m (import "" "call" (func $call)) (func (export "run") (call $call)))
  (core instance $m (instantiate $m (with "" (instance (export "call" (func $call'))))))
  (func (export "run") (canon lift (core func $m "run"))))"""


def test_closing_while_the_component_is_active_changes_nothing() -> None:
    seen: list[str] = []

    def call() -> None:
        with pytest.raises(wasmz.Trap, match="cannot enter component instance"):
            resource.close()
        seen.append(repr(resource))

    exports = instantiate(CALLBACK, call=call).exports
    resource = exports.make(1)
    exports.run()
    assert seen == ["<R>"]
    resource.close()
    assert resource.is_closed


OWNER = """(component
  (type $r' (resource (rep i32)))
  (export $r "r" (type $r'))
  (core func $new (canon resource.new $r'))
  (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $new))))"""

LENT = """(component
  (import "r" (type $r (sub resource)))
  (import "look" (func $look (param "r" (borrow $r)) (result (result))))
  (core func $look' (canon lower (func $look)))
  (core module $m (import "" "look" (func $look (param i32) (result i32)))
    (func (export "show") (param i32) (result i32) (call $look (local.get 0))))
  (core instance $m (instantiate $m (with "" (instance (export "look" (func $look'))))))
  (func (export "show") (param "r" (own $r)) (result (result)) (canon lift (core func $m "show"))))"""


@pytest.mark.parametrize("raises", [True, False])
def test_what_is_lent_to_the_host_ends_with_the_call_also_if_it_raises(raises: bool) -> None:
    engine = wasmz.Engine()
    store = wasmz.Store(engine)
    owner = Linker(engine).instantiate(store, Component.compile(engine, parse(OWNER))).exports
    kept: list[Any] = []

    def look(resource: Any) -> None:
        kept.append(resource)
        assert not resource.is_closed
        if raises:
            raise KeyError(1)

    linker = Linker(engine)
    linker.define("r", owner.R)
    linker.define("look", look)
    user = linker.instantiate(store, Component.compile(engine, parse(LENT))).exports
    if raises:
        with pytest.raises(KeyError):
            user.show(owner.make(1))
    else:
        user.show(owner.make(1))
    assert kept[0].is_closed
