"""Finds the part of the text that a byte of the assembled module comes from.

find_origins(data, module)     -> [(0x1a, 17), (0x1c, 19), ...]: offsets in the module, and numbers of tokens
"""

from __future__ import annotations

from wasmz.text.encoding import unsigned
from wasmz.wasm.reader import read_u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.text.reading.fields import Module


def find_origins(data: bytes, module: Module) -> list[tuple[int, int]]:
    """The origins of the sections of a module that was assembled with traces, in order."""
    items_of = dict(module.sections())
    found: list[tuple[int, int]] = []
    position = 8
    while position < len(data):
        id = data[position]
        size, start = read_u32(data, position + 1, len(data))
        position = start + size
        items, origins = items_of.get(id, []), module.origins.get(id, [])
        at = start + len(unsigned(len(items)))
        # Types that were added for uses come after those that are written.
        for number, item in enumerate(items):
            if number < len(origins):
                found.append((at, origins[number]))
            if id == 10 and module.traces is not None:
                _, body = read_u32(data, at, len(data))
                found += [(body + offset, token) for offset, token in module.traces[number]]
            at += len(item)
    return found
