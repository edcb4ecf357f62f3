"""Element and data segments and the constant expressions in them (specification, sections 5.4.9, 5.5.12, 5.5.14).

00 41 00 0b 02 05 06
-> ElementSegment(mode="active", type=funcref, items=[ref.func 5, ref.func 6], table=0, position=i32.const 0)
"""

from __future__ import annotations

from wasmz.runtime.image import SegmentMode
from wasmz.types import HeapType, RefType, ValType
from wasmz.wasm.body import decode_expression
from wasmz.wasm.proposals import Proposal
from wasmz.wasm.reader import Reader, read_s32
from wasmz.wasm.syntax import ConstantExpression, DataSegment, ElementSegment, WasmModule
from wasmz.wasm.typereader import read_reference_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_REF_FUNC: Final = 0xD2
_I32_CONST: Final = 0x41
_END: Final = 0x0B
_PASSIVE, _EXPLICIT, _EXPRESSIONS = 1, 2, 4


def read_expression(reader: Reader, module: WasmModule) -> ConstantExpression:
    """A constant expression with its ``end``; validation checks that it is constant."""
    data, offset, end = reader.data, reader.pos, reader.end
    if offset + 2 < end and data[offset] == _I32_CONST:
        # Go's programs have 100,000 of these: offsets of data segments.
        value, pos = read_s32(data, offset + 1, end)
        if pos < end and data[pos] == _END:
            reader.pos = pos + 1
            return ConstantExpression([(_I32_CONST, value & 0xFFFFFFFF, offset)], offset)
    instructions, reader.pos = decode_expression(reader.data, offset, reader.end, module)
    # The final `end` is not needed any more.
    instructions.pop()
    return ConstantExpression(instructions, offset)


def read_element_section(section: Reader, module: WasmModule) -> None:
    """Reads the element section (specification 5.5.12) to ``module.elements``."""
    for _ in range(section.count()):
        module.elements.append(_read_element_segment(section, module))


def _read_element_segment(section: Reader, module: WasmModule) -> ElementSegment:
    offset = section.pos
    flags = section.u32()
    if flags > 7:
        section.fail("malformed elements segment kind", offset)
    if flags:
        section.require(Proposal.BULK_MEMORY, "an element segment that is not plain", offset)
    mode: SegmentMode = "active"
    table, position = 0, None
    if flags & _PASSIVE:
        mode = "declarative" if flags & _EXPLICIT else "passive"
    else:
        table = section.u32() if flags & _EXPLICIT else 0
        position = read_expression(section, module)
    typed = flags & (_PASSIVE | _EXPLICIT)
    if flags & _EXPRESSIONS:
        element = read_reference_type(section, module.types) if typed else ValType.FUNCREF
        items = [read_expression(section, module) for _ in range(section.count())]
    else:
        if typed:
            kind_offset = section.pos
            if section.byte() != 0:
                section.fail("malformed element kind", kind_offset)
        # Function indices become references that are not null (specification 5.5.12).
        element = RefType(HeapType.FUNC, nullable=False)
        items = []
        for _ in range(section.count()):
            at = section.pos
            items.append(ConstantExpression([(_REF_FUNC, section.u32(), at)], at))
    return ElementSegment(mode, element, items, offset, table, position)


def read_data_section(section: Reader, module: WasmModule) -> None:
    """Reads the data section (specification 5.5.14) to ``module.data``."""
    offset = section.pos
    count = section.count()
    if module.data_count is not None and module.data_count != count:
        section.fail("data count and data section have inconsistent lengths", offset)
    for _ in range(count):
        offset = section.pos
        flags = section.u32()
        if flags > 2:
            section.fail("malformed data segment flag", offset)
        memory, position = 0, None
        if flags != _PASSIVE:
            memory = section.u32() if flags & _EXPLICIT else 0
            position = read_expression(section, module)
        size = section.u32()
        start = section.pos
        if size > section.end - start:
            section.fail("length out of bounds")
        section.pos = start + size
        mode: SegmentMode = "passive" if flags == _PASSIVE else "active"
        module.data.append(DataSegment(mode, start, section.pos, offset, memory, position))
