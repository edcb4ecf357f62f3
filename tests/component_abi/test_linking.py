"""What linkers are given for imports of components, modules and resource types: it must be of the right type."""

from __future__ import annotations

from typing import Any

import pytest

import wasmz
from tests.component_abi.support import instantiate, parse
from wasmz.component import Component, Linker

_MODULE = """(component
  (import "m" (core module $m
    (export "f" (func (param i32) (result i32)))))
  (core instance $i (instantiate $m))
  (func (export "f") (param "a" u32) (result u32) (canon lift (core func $i "f"))))"""

_COMPONENT = """(component
  (import "c" (component $c (import "x" (func (result u32))) (export "f" (func (result u32)))))
  (import "h" (func $h (result u32)))
  (instance $i (instantiate $c (with "x" (func $h))))
  (export "f" (func $i "f")))"""


def _link(text: str, store: wasmz.Store | None = None, **given: Any) -> Any:
    engine = wasmz.Engine() if store is None else store.engine
    linker = Linker(engine)
    for name, item in given.items():
        linker.define(name, item)
    return linker.instantiate(wasmz.Store(engine) if store is None else store, Component.compile(engine, parse(text)))


_IDENTITY = '(func (export "f") (param i32) (result i32) local.get 0)'


def test_a_core_module_that_fits_is_taken() -> None:
    module = wasmz.Module.compile(f'(module {_IDENTITY} (memory (export "more") 1))')
    assert _link(_MODULE, wasmz.Store(module.engine), m=module).exports.f(5) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(module)", "missing expected export `f`"),
        ('(module (func (export "f") (param f64) (result f32) f32.const 1))', "type mismatch in export `f`"),
        ('(module (memory (export "f") 1))', "type mismatch in export `f`"),
        (f'(module (import "a" "b" (func)) {_IDENTITY})', "missing expected import `a::b`"),
    ],
)
def test_core_modules_of_other_types_are_refused(text: str, message: str) -> None:
    module = wasmz.Module.compile(text)
    with pytest.raises(wasmz.LinkError, match=f"import 'm' is a module of another type: {message}"):
        _link(_MODULE, wasmz.Store(module.engine), m=module)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(component)", "missing export named `f`"),
        ('(component (import "y" (func $x (result u32))) (export "f" (func $x)))', "missing import named `y`"),
        ('(component (import "x" (func $x (result string))) (export "f" (func $x)))', "type mismatch for import `x`"),
        ('(component (core module $m) (export "f" (core module $m)))', "type mismatch for export `f`"),
    ],
)
def test_components_of_other_types_are_refused(text: str, message: str) -> None:
    component = Component.compile(parse(text))
    with pytest.raises(wasmz.LinkError, match=f"import 'c' is a component of another type: {message}"):
        _link(_COMPONENT, wasmz.Store(component.engine), c=component, h=lambda: 5)


def test_a_component_that_fits_is_taken() -> None:
    component = Component.compile(parse('(component (import "x" (func $x (result u32))) (export "f" (func $x)))'))
    assert _link(_COMPONENT, wasmz.Store(component.engine), c=component, h=lambda: 5).exports.f() == 5


_RESOURCE = """(component
  (type $r' (resource (rep i32)))
  (export $r "r" (type $r'))
  (core func $new (canon resource.new $r'))
  (func (export "make") (param "a" u32) (result (own $r)) (canon lift (core func $new))))"""

_USER = """(component (import "i" (instance $i (export "r" (type $r (sub resource))))))"""


def test_resource_types_of_other_stores_are_refused() -> None:
    exports = instantiate(_RESOURCE).exports
    with pytest.raises(wasmz.LinkError, match="import 'r' is a resource type of another store"):
        _link('(component (import "r" (type (sub resource))))', r=exports.R)
    with pytest.raises(wasmz.LinkError, match="import 'i#r' is a resource type of another store"):
        _link(_USER, i=exports)


def test_instances_of_other_kinds_of_items_are_refused() -> None:
    text = '(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))'
    exports = instantiate(f'{text} (func (export "r") (canon lift (core func $i "f"))))').exports
    with pytest.raises(wasmz.LinkError, match="import 'i#r' is a resource type, but"):
        _link(_USER, i=exports)
    with pytest.raises(wasmz.LinkError, match="import 'i#r' is an instance, but"):
        _link('(component (import "i" (instance (export "r" (instance (export "f" (func)))))))', i=exports)


def test_instances_that_multiply_are_too_many() -> None:
    text = "(component)"
    for _ in range(30):
        inner = text.replace("(component", "(component $c", 1)
        text = f"(component {inner} (instance (instantiate $c)) (instance (instantiate $c)))"
    component = Component.compile(parse(text))
    with pytest.raises(wasmz.ImplementationLimit, match="more than 200,000 definitions"):
        Linker(component.engine).instantiate(wasmz.Store(component.engine), component)
