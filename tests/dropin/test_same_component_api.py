"""The drop-in's ``component`` has the binding's names, attributes of classes, and parameters.

Exceptions are listed here.
"""

from __future__ import annotations

import inspect

import pytest

import wasmz.wasmtime.component as ours
from tests.dropin.shapes import attributes, parameters

theirs = pytest.importorskip("wasmtime.component")

# What is for the C library only.
FOREIGN = {"ptr", "convert_to_c", "convert_from_c"}

# What only classes made by `dataclass` have.
GENERATED = {"__dataclass_fields__", "__dataclass_params__", "__replace__"}

# By method, why its parameters differ.
OTHER_PARAMETERS = {
    "Variant.__init__": "types are written otherwise",
}

CLASSES = sorted(name for name in theirs.__all__ if isinstance(getattr(theirs, name), type))


def test_every_name_is_there() -> None:
    assert set(ours.__all__) == set(theirs.__all__)
    assert all(hasattr(ours, name) for name in ours.__all__)


@pytest.mark.parametrize("name", CLASSES)
def test_every_attribute_of_a_class_is_there(name: str) -> None:
    missing = attributes(getattr(theirs, name)) - attributes(getattr(ours, name))
    assert missing <= FOREIGN | GENERATED, name


@pytest.mark.parametrize("name", CLASSES)
def test_parameters_are_the_same(name: str) -> None:
    cls, own = getattr(theirs, name), getattr(ours, name)
    for attribute in sorted((attributes(cls) | {"__init__"}) - GENERATED):
        item = getattr(cls, attribute)
        if f"{name}.{attribute}" in OTHER_PARAMETERS or attribute in FOREIGN or not inspect.isfunction(item):
            continue
        if getattr(own, attribute) is object.__init__ and len(parameters(item)) == 1:
            continue
        assert parameters(getattr(own, attribute)) == parameters(item), f"{name}.{attribute}"


def test_subclasses_are_the_same() -> None:
    for name in CLASSES:
        wanted = {base.__name__ for base in getattr(theirs, name).__mro__} & {*CLASSES, "Managed"}
        assert wanted <= {base.__name__ for base in getattr(ours, name).__mro__}, name


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_says_what_it_is(name: str) -> None:
    cls = getattr(ours, name)
    assert inspect.getdoc(cls)
    for attribute, item in vars(cls).items():
        if not attribute.startswith("_") and (inspect.isfunction(item) or isinstance(item, property)):
            assert inspect.getdoc(item), f"{name}.{attribute}"
