"""What is too large, too deep or too much is refused at once: components come from anyone."""

from __future__ import annotations

import time

import pytest

from tests.components.building import (
    ALIAS,
    COMPONENT,
    EXPORT,
    IMPORT,
    INSTANCE,
    TYPE,
    component,
    leb,
    nested,
    reference,
    section,
    text,
    vector,
    whole_section,
)
from tests.components.runner import validate
from wasmz.errors import ImplementationLimit, InvalidWasm

_RESOURCE = b"\x3f\x7f\x00"
_FUNCTION = b"\x40\x00\x01\x00"


def _types(*items: bytes) -> bytes:
    return component(section(TYPE, *items))


def _lists(count: int) -> bytes:
    """Lists of lists of lists."""
    return _types(b"\x70\x7d", *[b"\x70" + reference(index) for index in range(count - 1)])


def _pairs(count: int) -> bytes:
    """Pairs of pairs of pairs: short to write, and twice as large each time."""
    return _types(b"\x6f\x01\x7d", *[b"\x6f\x02" + 2 * reference(index) for index in range(count)])


def _instance_types(depth: int) -> bytes:
    made = b"\x42\x00"
    for _ in range(depth):
        made = b"\x42\x01\x01" + made
    return _types(made)


def _chained_instance_types(count: int) -> bytes:
    """Instance types that export two instances of the one before."""
    items = [b"\x42\x00"]
    for index in range(count):
        exports = [b"\x04\x00" + text(name) + b"\x05\x00" for name in ("x", "y")]
        items.append(b"\x42" + vector(b"\x02\x03\x02\x01" + leb(index), *exports))
    return _types(*items)


def _instances_of_resources(resources: int, instances: int) -> bytes:
    exports = [b"\x00" + text(f"r{index}") + b"\x03" + leb(index) + b"\x00" for index in range(resources)]
    inner = component(section(TYPE, *[_RESOURCE] * resources), section(EXPORT, *exports))
    return component(whole_section(COMPONENT, inner), section(INSTANCE, *[b"\x00\x00\x00"] * instances))


def _imports_of_resources(resources: int, imports: int) -> bytes:
    declarations = [b"\x04\x00" + text(f"r{index}") + b"\x03\x01" for index in range(resources)]
    return component(
        section(TYPE, b"\x42" + vector(*declarations)),
        section(IMPORT, *[b"\x00" + text(f"i{index}") + b"\x05\x00" for index in range(imports)]),
    )


@pytest.mark.parametrize(
    "data",
    [
        *(nested(99), _lists(99), _pairs(18), _instance_types(90), _chained_instance_types(15)),
        *(_instances_of_resources(20, 500), _imports_of_resources(20, 500), _types(*[b"\x7d"] * 50_000)),
    ],
    ids=["components", "lists", "pairs", "instance types", "chained", "instances", "imports", "many"],
)
def test_what_is_just_possible(data: bytes) -> None:
    validate(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (nested(100), "nesting too deep"),
        (nested(50_000), "nesting too deep"),
        (_instance_types(50_000), "nesting too deep"),
        (_lists(100), "type nesting is too deep"),
        (_lists(100_000), "type nesting is too deep"),
        (_pairs(60), "type size exceeds"),
        (_chained_instance_types(60), "type size exceeds"),
        (_instances_of_resources(1, 1_001), "too many instance definitions"),
        (_types(b"\x40" + leb(0xFFFFFFF)), "length out of bounds"),
        (_types(b"\x40" + leb(1_001) + b"\x00" * 2_002), "too many parameters"),
        (_types(b"\x72" + leb(10_001) + b"\x00" * 20_002), "too many fields"),
        (component(section(ALIAS, b"\x03\x02" + leb(2**32 - 1) + b"\x00")), "invalid outer alias count"),
        (component(section(IMPORT, b"\x00" + text("a" * 100_001) + b"\x01\x00")), "name too long"),
    ],
    ids=range(13),
)
def test_what_is_too_much(data: bytes, message: str) -> None:
    start = time.process_time()
    with pytest.raises(InvalidWasm, match=message):
        validate(data)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("data", [_instances_of_resources(10_000, 900), _imports_of_resources(10_000, 900)])
def test_instances_cannot_multiply_types(data: bytes) -> None:
    """A hundred thousand bytes that would make ten million types."""
    start = time.process_time()
    with pytest.raises(ImplementationLimit, match="types are too many"):
        validate(data)
    assert time.process_time() - start < 30


def test_deep_types_are_found_when_the_stack_is_deep_already() -> None:
    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
        else:
            with pytest.raises(InvalidWasm, match="too deep"):
                validate(_lists(1_000))
            validate(_lists(99))

    deeper(300)
