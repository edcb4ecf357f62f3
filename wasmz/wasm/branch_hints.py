"""The custom section of branch hints (proposal "branch hinting"): whether branches are likely taken.

    18 "metadata.code.branch_hint"  01 00  01 05 01 00     ->  {0: {start + 5: False}}

The result has for each function, by the branch's offset in the module, whether its condition is likely true. A custom
section cannot make a module invalid: in a malformed one, everything before the mistake counts.
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm
from wasmz.wasm.reader import Reader
from wasmz.wasm.syntax import WasmModule

SECTION = "metadata.code.branch_hint"


def read_branch_hints(data: bytes, module: WasmModule) -> dict[int, dict[int, bool]]:
    """The hints of a decoded module, by function index."""
    hints: dict[int, dict[int, bool]] = {}
    for section in module.custom_sections:
        if section.name == SECTION:
            try:
                _read(Reader(data, section.start, section.end), module, hints)
            except InvalidWasm:
                break
    return hints


def _read(reader: Reader, module: WasmModule, hints: dict[int, dict[int, bool]]) -> None:
    first = module.imported_function_count
    for _ in range(reader.count()):
        number = reader.u32() - first
        found: dict[int, bool] = {}
        if 0 <= number < len(module.bodies):
            hints[first + number] = found
            start = module.bodies[number].start
        else:
            start = 0
        for _ in range(reader.count()):
            offset = reader.u32()
            content = reader.take(reader.u32())
            if len(content) == 1:
                found[start + offset] = bool(content[0])
