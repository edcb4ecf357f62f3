"""References to types of values in the binary format.

73        "string"
03        3, a type index
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.component.binary.scopes import ScopeReader
    from wasmz.component.syntax import Reference

# fmt: off
PRIMITIVES: Final = {
    0x7F: "bool", 0x7E: "s8", 0x7D: "u8", 0x7C: "s16", 0x7B: "u16", 0x7A: "s32", 0x79: "u32", 0x78: "s64", 0x77: "u64",
    0x76: "f32", 0x75: "f64", 0x74: "char", 0x73: "string", 0x64: "error-context",
}
# fmt: on


def read_reference(reader: ScopeReader) -> Reference:
    """A type of values: the name of a primitive type, or a type index."""
    offset = reader.pos
    primitive = PRIMITIVES.get(reader.peek())
    if primitive is not None:
        reader.pos += 1
        return primitive
    index = reader.s33()
    if index < 0:
        reader.fail("malformed value type", offset)
    return index


def read_optional_reference(reader: ScopeReader) -> Reference | None:
    """The same, or none."""
    return read_reference(reader) if reader.flag("optional type") else None


def read_result(reader: ScopeReader) -> Reference | None:
    """The result of a function."""
    kind = reader.byte()
    if kind == 0x00:
        return read_reference(reader)
    if kind != 0x01:
        reader.malformed("result list", kind)
    count = reader.byte()
    if count:
        reader.malformed("result list", count)
    return None
