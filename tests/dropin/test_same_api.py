"""The drop-in has the binding's names, attributes of classes, and parameters. Exceptions are listed here."""

from __future__ import annotations

import enum
import inspect

import pytest

import wasmz.wasmtime as ours
from tests.dropin.shapes import attributes, parameters

theirs = pytest.importorskip("wasmtime")

# Attributes of the binding's classes for its own use only: pointers of the C library.
FOREIGN = {"ptr"}

# By class, the attributes that the drop-in leaves out, and why.
LEFT_OUT = {
    "Limits": {"__ffi__"},  # the structure of the C library
}

# By callable, why its parameters differ.
OTHER_PARAMETERS = {
    "Func.__call__": "each function has a call of its own as attribute, which CPython finds at the least cost",
    "WasiConfig.preopen_dir": "takes what versions before 47 took beside",
    "ImportType.__init__": "nobody makes one: modules list them",
    "ExportType.__init__": "nobody makes one: modules list them",
    "InstancePre.__init__": "nobody makes one: linkers do",
}


def public_names() -> list[str]:
    return sorted({*theirs.__all__, *(name for name in dir(theirs) if not name.startswith("_"))})


def public_classes() -> list[str]:
    return [name for name in public_names() if isinstance(getattr(theirs, name), type)]


def test_every_name_is_there() -> None:
    missing = [
        name for name in public_names() if not hasattr(ours, name) and not inspect.ismodule(getattr(theirs, name))
    ]
    assert missing == []
    assert set(theirs.__all__) <= set(ours.__all__)


@pytest.mark.parametrize("name", public_classes())
def test_every_attribute_of_a_class_is_there(name: str) -> None:
    missing = attributes(getattr(theirs, name)) - attributes(getattr(ours, name))
    assert missing - FOREIGN == LEFT_OUT.get(name, set()), name


@pytest.mark.parametrize("name", public_classes())
def test_parameters_are_the_same(name: str) -> None:
    cls, own = getattr(theirs, name), getattr(ours, name)
    for attribute in sorted(attributes(cls) | {"__init__"}):
        where = f"{name}.{attribute}"
        item = getattr(cls, attribute)
        left_out = FOREIGN | LEFT_OUT.get(name, set())
        if where in OTHER_PARAMETERS or attribute in left_out or issubclass(cls, enum.Enum):
            continue
        if inspect.isroutine(item) and inspect.getmodule(item) is not None and item.__module__.startswith("wasmtime"):
            assert parameters(getattr(own, attribute)) == parameters(item), where


@pytest.mark.parametrize("where", OTHER_PARAMETERS)
def test_what_is_said_to_differ_does(where: str) -> None:
    name, _, attribute = where.partition(".")
    own = getattr(getattr(ours, name), attribute)
    if not inspect.isroutine(own) or inspect.ismemberdescriptor(own):
        return
    assert parameters(own) != parameters(getattr(getattr(theirs, name), attribute))


def test_functions_have_the_same_parameters() -> None:
    assert parameters(ours.wat2wasm) == parameters(theirs.wat2wasm)


def test_traps_have_the_same_codes() -> None:
    assert {code.name: code.value for code in ours.TrapCode} == {code.name: code.value for code in theirs.TrapCode}


def test_subclasses_are_the_same() -> None:
    for name in public_classes():
        wanted = {base.__name__ for base in getattr(theirs, name).__mro__} & set(public_names())
        assert wanted <= {base.__name__ for base in getattr(ours, name).__mro__}, name


def test_every_class_says_what_it_is() -> None:
    for name in public_classes():
        assert inspect.getdoc(getattr(ours, name)), name
        for attribute, item in vars(getattr(ours, name)).items():
            if not attribute.startswith("_") and (inspect.isfunction(item) or isinstance(item, property)):
                assert inspect.getdoc(item), f"{name}.{attribute}"
