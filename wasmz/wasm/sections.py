"""Lists the sections of a module, for tools that show them.

list_sections(data) -> [("type", 10, 25), ("function", 27, 29), ..., ('custom "name"', 90, 120)]
"""

from __future__ import annotations

from wasmz.wasm.reader import read_u32

_NAMES = (
    "custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data",
    "data count", "tag",
)  # fmt: skip


def list_sections(data: bytes) -> list[tuple[str, int, int]]:
    """Name, start and end of each section's content. The module must have been decoded without error."""
    sections = []
    position = 8
    while position < len(data):
        kind = data[position]
        size, start = read_u32(data, position + 1, len(data))
        name = _NAMES[kind]
        if kind == 0:
            length, text = read_u32(data, start, len(data))
            name = f'custom "{data[text : text + length].decode()}"'
        sections.append((name, start, start + size))
        position = start + size
    return sections
