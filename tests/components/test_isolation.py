"""A component reaches what its linker gave it, and nothing else: handles, memory, names, WASI."""

from __future__ import annotations

import functools
import sys
from typing import Any

import pytest

import wasmz
from tests.support.components import build_component
from wasmz.component import ComponentInstance, Linker

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="there are no processes here")

WORLD = """
package acme:thief@1.0.0;

interface vault {
  resource coin { value: func() -> u32; }
  resource key { turn: func() -> u32; }
  pay: func() -> coin;
  lend: func() -> key;
  keep: func(coin: coin);
}

world thief {
  import vault;
  import log: func(text: string);
  export pay: func() -> u32;
  export lend: func() -> u32;
  export value: func(handle: u32) -> u32;
  export keep: func(handle: u32);
  export drop: func(handle: u32);
  export say: func(at: u32, length: u32);
}
"""

# What the component does with numbers for handles and addresses is up to whoever calls it.
MODULE = """
(module
  (import "acme:thief/vault@1.0.0" "pay" (func $pay (result i32)))
  (import "acme:thief/vault@1.0.0" "lend" (func $lend (result i32)))
  (import "acme:thief/vault@1.0.0" "keep" (func $keep (param i32)))
  (import "acme:thief/vault@1.0.0" "[method]coin.value" (func $value (param i32) (result i32)))
  (import "acme:thief/vault@1.0.0" "[method]key.turn" (func $turn (param i32) (result i32)))
  (import "acme:thief/vault@1.0.0" "[resource-drop]coin" (func $drop (param i32)))
  (import "$root" "log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "pay") (result i32) (call $pay))
  (func (export "lend") (result i32) (call $lend))
  (func (export "value") (param i32) (result i32) (call $value (local.get 0)))
  (func (export "keep") (param i32) (call $keep (local.get 0)))
  (func (export "drop") (param i32) (call $drop (local.get 0)))
  (func (export "say") (param i32 i32) (call $log (local.get 0) (local.get 1)))
  (func (export "turn") (param i32) (result i32) (call $turn (local.get 0))))
"""

_WRONG_HANDLES = (0, 2, 3, 7, 255, 1 << 16, (1 << 28) - 1, 1 << 28, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)


@functools.cache
def _thief() -> bytes:
    return build_component(WORLD, MODULE)


class Coin:
    """A resource of the host's; it notes what is done with it."""

    def __init__(self, events: list[str]) -> None:
        self.events = events

    def value(self) -> int:
        self.events.append("value")
        return 100

    def close(self) -> None:
        self.events.append("close")


class Key:
    def turn(self) -> int:
        return 1


def _instance() -> tuple[ComponentInstance, list[str]]:
    events: list[str] = []
    component = wasmz.Component.compile(_thief())
    linker = Linker(component.engine)
    items: dict[str, Any] = {
        "coin": Coin,
        "key": Key,
        "pay": lambda: Coin(events),
        "lend": Key,
        "keep": lambda coin: events.append(f"kept {coin.value()}"),
    }
    linker.define_instance("acme:thief/vault@1.0.0", items)
    linker.define("log", events.append)
    return linker.instantiate(wasmz.Store(component.engine), component), events


@pytest.mark.parametrize("handle", _WRONG_HANDLES)
@pytest.mark.parametrize("action", ["value", "keep", "drop"])
def test_handles_cannot_be_guessed(action: str, handle: int) -> None:
    instance, events = _instance()
    assert instance.exports.pay() == 1
    with pytest.raises(wasmz.Trap, match="handle"):
        getattr(instance.exports, action)(handle)
    assert events == []


@pytest.mark.parametrize("action", ["value", "keep", "drop"])
def test_handles_are_of_one_type(action: str) -> None:
    instance, events = _instance()
    key = instance.exports.lend()
    with pytest.raises(wasmz.Trap):
        getattr(instance.exports, action)(key)
    assert events == []


def test_what_was_given_away_is_gone() -> None:
    instance, events = _instance()
    coin = instance.exports.pay()
    assert instance.exports.value(coin) == 100
    instance.exports.keep(coin)
    assert events == ["value", "value", "kept 100"]
    with pytest.raises(wasmz.Trap, match="handle"):
        instance.exports.value(coin)
    # The component is not entered again after a trap.
    with pytest.raises(wasmz.Trap):
        instance.exports.pay()


def test_what_was_dropped_is_gone() -> None:
    instance, events = _instance()
    coin = instance.exports.pay()
    instance.exports.drop(coin)
    assert events == ["close"]
    with pytest.raises(wasmz.Trap, match="handle"):
        instance.exports.drop(coin)
    assert events == ["close"]


def test_instances_share_no_handles() -> None:
    first, events = _instance()
    second, others = _instance()
    coin = first.exports.pay()
    with pytest.raises(wasmz.Trap, match="handle"):
        second.exports.value(coin)
    assert (events, others) == ([], [])
    assert first.exports.value(coin) == 100


@pytest.mark.parametrize(
    ("at", "length"), [(65_536, 1), (65_535, 2), (0, 65_537), ((1 << 32) - 1, 1), (1, (1 << 32) - 1), (0, 1 << 31)]
)
def test_strings_are_read_from_the_components_memory_only(at: int, length: int) -> None:
    instance, events = _instance()
    instance.exports.say(65_536, 0)
    instance.exports.say(0, 2)
    assert events == ["", "\0\0"]
    with pytest.raises(wasmz.Trap, match="out of bounds|out-of-bounds"):
        instance.exports.say(at, length)
    assert len(events) == 2


def test_nothing_is_linked_that_was_not_given() -> None:
    component = wasmz.Component.compile(_thief())
    linker = Linker(component.engine)
    calls: list[str] = []
    linker.define("log", calls.append)
    with pytest.raises(wasmz.LinkError, match="acme:thief/vault"):
        linker.instantiate(wasmz.Store(component.engine), component)
    # A part of an interface is missing.
    linker.define_instance("acme:thief/vault@1.0.0", {"coin": Coin, "key": Key, "pay": lambda: None})
    with pytest.raises(wasmz.LinkError, match="keep"):
        linker.instantiate(wasmz.Store(component.engine), component)
    assert calls == []


def test_other_versions_are_not_taken() -> None:
    """Only what semantic versioning calls compatible."""
    component = wasmz.Component.compile(_thief())
    items = {"coin": Coin, "key": Key, "pay": lambda: None, "lend": lambda: None, "keep": lambda _: None}
    for version, fits in (("1.3.0", True), ("2.0.0", False), ("0.9.0", False), ("1.0.0-rc.1", False)):
        linker = Linker(component.engine)
        linker.define("log", print)
        linker.define_instance(f"acme:thief/vault@{version}", items)
        if fits:
            linker.instantiate(wasmz.Store(component.engine), component)
        else:
            with pytest.raises(wasmz.LinkError):
                linker.instantiate(wasmz.Store(component.engine), component)


def test_private_attributes_have_no_name_in_wit() -> None:
    """What Python would not show, no import can spell: labels begin with letters, and have single hyphens."""
    from wasmz.component.spelling import attribute_name, class_name
    from wasmz.component.validation.extern_names import is_label

    for label in ("-init", "a--b", "--class--", "_secret", "a_b", "a.b", "mro()"):
        assert not is_label(label)
    for label in ("init", "class", "import", "a-b-c", "x1-2"):
        assert is_label(label)
        for name in (attribute_name(label), class_name(label)):
            assert name.isidentifier() and not name.startswith("_")


_OUTSIDE = """
package acme:outside@1.0.0;

world outside {
  import wasi:cli/environment@0.2.0;
  import wasi:filesystem/preopens@0.2.0;
  export variables: func() -> u32;
  export directories: func() -> u32;
}

package wasi:cli@0.2.0 {
  interface environment {
    get-environment: func() -> list<tuple<string, string>>;
  }
}

package wasi:filesystem@0.2.0 {
  interface types {
    resource descriptor;
  }
  interface preopens {
    use types.{descriptor};
    get-directories: func() -> list<tuple<descriptor, string>>;
  }
}
"""

_COUNTING = """
(module
  (import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))
  (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $directories (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "variables") (result i32) (call $environment (i32.const 16)) (i32.load (i32.const 20)))
  (func (export "directories") (result i32) (call $directories (i32.const 16)) (i32.load (i32.const 20))))
"""


def test_wasi_gives_nothing_by_itself(tmp_path: Any) -> None:
    component = wasmz.Component.compile(build_component(_OUTSIDE, _COUNTING))
    linker = Linker(component.engine)
    with pytest.raises(wasmz.LinkError, match="wasi:cli/environment"):
        linker.instantiate(wasmz.Store(component.engine), component)
    linker.define_wasi()
    instance = linker.instantiate(wasmz.Store(component.engine), component)
    assert (instance.exports.variables(), instance.exports.directories()) == (0, 0)
    open_linker = Linker(component.engine)
    open_linker.define_wasi(wasmz.WasiConfig(env={"A": "b"}).preopen_dir(str(tmp_path), "/"))
    instance = open_linker.instantiate(wasmz.Store(component.engine), component)
    assert (instance.exports.variables(), instance.exports.directories()) == (1, 1)
