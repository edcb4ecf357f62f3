"""Names in WIT that meet each other, or Python's own, when they are spelled as Python does."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from tests.component_abi.support import echo, instantiate, parse
from wasmz.component import Component
from wasmz.ship.bindings import package_files
from wasmz.ship.component_stubs import stub_of_component


def _type(written: str) -> str:
    return f"(type $t' {written}) (import \"t\" (type $t (eq $t')))"


def _echo(written: str, value: Any) -> Any:
    exports = instantiate(echo("$t", _type(written)), host=lambda *given: (given[-1], 5)).exports
    return exports.echo(*range(16), value)[0]


@pytest.mark.parametrize(("first", "second"), [("AB", "A-B"), ("a1", "a-1"), ("FOO-bar", "FO-O-bar")])
def test_cases_that_would_be_one_class_are_two(first: str, second: str) -> None:
    written = f'(variant (case "{first}" u32) (case "{second}" string))'
    one, other = _echo(written, (first, 7)), _echo(written, (second, "x"))
    assert (one.case, one.value, other.case, other.value) == (first, 7, second, "x")
    assert type(one).__qualname__ != type(other).__qualname__


@pytest.mark.parametrize("label", ["cls", "self", "class", "index", "count", "mro", "none", "true"])
def test_fields_may_have_names_of_pythons(label: str) -> None:
    spelled = f"{label}_" if label == "class" else label
    made = _echo(f'(record (field "{label}" u32) (field "other" u32))', {label: 1, "other": 2})
    assert getattr(made, spelled) == 1
    assert type(made)(**{spelled: 1, "other": 2}) == made


_CONSTANT = """(component
  (core module $m (func (export "f") (result i32) (i32.const 5)))
  (core instance $m (instantiate $m))
  (func $f (result u32) (canon lift (core func $m "f")))
  {exports})"""


@pytest.mark.parametrize("name", ["get", "items", "keys", "values"])
def test_exports_come_before_methods_of_mappings(name: str) -> None:
    exports = instantiate(_CONSTANT.format(exports=f'(export "{name}" (func $f)) (export "other" (func $f))')).exports
    assert getattr(exports, name)() == exports[name]() == 5
    assert list(exports) == [name, "other"]
    assert "get_" not in exports


def test_what_was_looked_up_as_an_attribute_is_no_key() -> None:
    exports = instantiate(
        _CONSTANT.format(exports='(instance $i (export "f" (func $f))) (export "a:b/poll@1.0.0" (instance $i))')
    ).exports
    assert exports.poll.f() == 5
    assert "poll" not in exports
    with pytest.raises(KeyError):
        exports["poll"]


def test_versions_of_an_interface_are_apart() -> None:
    listed = " ".join([f'(export "a:b/c@{version}" (instance $i))' for version in ("1.0.0", "2.0.0", "2.1.0-rc.1")])
    exports = instantiate(_CONSTANT.format(exports=f'(instance $i (export "f" (func $f))) {listed}')).exports
    assert dir(exports) == ["a_b_c_1_0_0", "a_b_c_2_0_0", "a_b_c_2_1_0_rc_1"]
    assert exports.a_b_c_2_0_0.f() == 5
    stub = stub_of_component(_constants(listed), "app")
    classes = [node.name for node in ast.parse(stub).body if isinstance(node, ast.ClassDef)]
    assert len(set(classes)) == 3


def _constants(listed: str) -> bytes:
    """A component that exports an instance under several names."""
    return parse(_CONSTANT.format(exports=f'(instance $i (export "f" (func $f))) {listed}'))


_HOSTILE = """(component
  (import "a:b/class@1.0.0" (instance
    (export "r" (type $r (sub resource)))
    (export "[constructor]r" (func (param "self" u32) (param "cls" u32) (result (own $r))))
    (export "[method]r.close" (func (param "self" (borrow $r)) (param "other" u32)))
    (type $t' (record (field "cls" u32) (field "self" u32) (field "int" u32)))
    (export "str" (type $t (eq $t')))
    (type $v' (variant (case "AB") (case "A-B" u32) (case "none")))
    (export "v" (type $v (eq $v')))
    (export "import" (func (param "self" u32) (param "class" $t) (param "int" $v) (result u32))))))"""


def test_stubs_are_python_whatever_the_names() -> None:
    data = parse(_HOSTILE)
    Component.compile(data)
    ast.parse(stub_of_component(data, "app"))
    files = package_files(data, "app")
    for name in ("__init__.py", "__init__.pyi"):
        compile(files[name].decode(), name, "exec")
