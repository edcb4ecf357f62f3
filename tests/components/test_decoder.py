"""The decoder: what its errors say, and what becomes of names and sections."""

from __future__ import annotations

import pytest

from tests.components.building import (
    CANON,
    COMPONENT,
    CORE_PREAMBLE,
    CORE_TYPE,
    IMPORT,
    INSTANCE,
    PREAMBLE,
    START,
    TYPE,
    component,
    leb,
    section,
    text,
    vector,
    whole_section,
)
from tests.components.runner import validate
from wasmz.component.binary.decoder import decode_component
from wasmz.component.syntax import BuiltIn, ComponentDefinition, CoreTypeDefinition, TypeDefinition
from wasmz.errors import InvalidWasm, UnsupportedFeature


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "magic header not detected (offset 0x0)"),
        (CORE_PREAMBLE, "unknown binary version: a core module, and not a component (offset 0x4)"),
        (b"(component)", "magic header not detected: this is WebAssembly's text format (.wat)"),
        (component(section(TYPE, b"\x7d", b"\x44")), "type section, item 1: malformed type: byte 0x44 (offset 0xc)"),
        (component(b"\x07\x02\x05\x7d"), "type section: length out of bounds (offset 0xa)"),
        (component(section(IMPORT, b"\x07")), "import section, item 0: malformed name: byte 0x07 (offset 0xb)"),
        (component(whole_section(TYPE, b"\x00\x00")), "type section: section size mismatch (offset 0xb)"),
        (
            component(whole_section(COMPONENT, component(section(TYPE, b"\x70")))),
            "type section, item 0: unexpected end of section or function (offset 0x16)",
        ),
        (
            component(section(TYPE, b"\x7d"), section(TYPE, b"\x7d", b"\x70\x09")),
            "type section, item 1: unknown type 9: type index out of bounds (offset 0x10)",
        ),
        (
            component(whole_section(1, CORE_PREAMBLE + b"\x01\x04\x01\x60\x00\x01")),
            "core module section, item 0: ",
        ),
        (component(section(INSTANCE, b"\x00\x00\x00")), "instance section, item 0: unknown component 0"),
    ],
)
def test_errors_name_section_item_and_offset(data: bytes, message: str) -> None:
    with pytest.raises(InvalidWasm) as raised:
        validate(data)
    assert str(raised.value).startswith(message)


def test_offsets_count_in_the_whole_file() -> None:
    """Those of core modules inside components inside components, too."""
    module = CORE_PREAMBLE + whole_section(1, b"\x01\x60\x00\x01\x99")
    data = component(whole_section(COMPONENT, component(whole_section(1, module))))
    with pytest.raises(InvalidWasm) as raised:
        validate(data)
    assert raised.value.offset == data.index(b"\x99")


def test_definitions_are_in_order() -> None:
    decoded = decode_component(
        component(
            section(TYPE, b"\x7d"),
            section(CORE_TYPE, b"\x60\x00\x00", b"\x4e\x02\x60\x00\x00\x60\x01\x7f\x00"),
            whole_section(COMPONENT, component()),
            section(TYPE, b"\x65\x00"),
            section(CANON, b"\x11\x01\x01"),
        )
    )
    kinds = [type(definition) for definition in decoded.definitions]
    # A recursive group is as many types as it has members.
    assert kinds == [
        *(TypeDefinition, CoreTypeDefinition, CoreTypeDefinition, CoreTypeDefinition),
        *(ComponentDefinition, TypeDefinition, BuiltIn),
    ]
    built_in = decoded.definitions[-1]
    assert isinstance(built_in, BuiltIn)
    assert (built_in.name, built_in.type_index, built_in.is_async) == ("stream.cancel-read", 1, True)
    assert [(part.id, part.first) for part in decoded.sections] == [(7, 0), (3, 1), (4, 4), (7, 5), (8, 6)]


def test_name_sections_are_read_as_far_as_they_go() -> None:
    names = vector(leb(3) + text("reader"), leb(4) + text("writer"))
    content = text("component-name") + b"\x00" + leb(len(text("it"))) + text("it")
    for tail, expected in ((b"", {3: "reader", 4: "writer"}), (b"\x01\x7f", {3: "reader", 4: "writer"})):
        section_of_names = content + b"\x01" + leb(len(names) + 1) + b"\x01" + names + tail
        decoded = decode_component(component(whole_section(0, section_of_names)))
        assert (decoded.name, decoded.names) == ("it", {"func": expected})


@pytest.mark.parametrize(
    ("data", "proposal"),
    [
        (component(section(CANON, b"\x42")), "shared-everything-threads"),
        (component(whole_section(12, b"\x00")), "component-model values"),
        (component(whole_section(START, b"\x00\x00\x00")), "component-model values"),
        (component(section(IMPORT, b"\x00" + text("v") + b"\x02\x01\x7d")), "component-model values"),
    ],
)
def test_what_is_not_finished_is_named(data: bytes, proposal: str) -> None:
    with pytest.raises(UnsupportedFeature) as raised:
        validate(data)
    assert raised.value.proposal == proposal


def test_any_buffer_can_be_decoded() -> None:
    for source in (bytearray(PREAMBLE), memoryview(PREAMBLE)):
        assert decode_component(source).definitions == []
