"""Modules by ``wasm-tools smith``, restricted to the proposals that are compiled.

make_module(seed=7, size=2000) -> b"\\0asm...", or None if the tool is missing or makes nothing of the seed
make_module(seed=7, vectors=True)                 the same with SIMD and relaxed SIMD
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import wasmtime

from tests.wasm.encode import HEADER, name, section, unsigned, vector
from wasmz.types import ValType
from wasmz.wasm.decoder import decode_module
from wasmz.wasm.proposals import ALL_PROPOSALS
from wasmz.wasm.reader import Reader
from wasmz.wasm.syntax import Export

_ON = ("bulk-memory", "reference-types", "multi-value", "tail-call", "saturating-float-to-int", "sign-extension-ops")
_OFF = ("simd", "relaxed-simd", "gc", "exceptions", "threads", "memory64", "custom-page-sizes", "wide-arithmetic")
_LIMITS = {
    "min-funcs": 2,
    "max-funcs": 12,
    "max-imports": 0,
    "min-exports": 2,
    "max-memories": 3,
    "max-memory32-bytes": 4 << 16,
    "max-memory64-bytes": 4 << 16,
    "memory-max-size-required": "true",
    "max-tables": 3,
    "max-table-elements": 100,
    "table-max-size-required": "true",
    "max-instructions": 200,
    "canonicalize-nans": "true",
    "export-everything": "true",
    "generate-custom-sections": "false",
}
_FUEL = 300
# With references modules are larger, and use types that take most of the random bytes to make.
_GC_SIZE_FACTOR = 2


def find_tool() -> str | None:
    """Where ``wasm-tools`` is: beside this Python, or on the path."""
    beside = Path(sysconfig.get_path("scripts")) / "wasm-tools"
    return str(beside) if beside.exists() else shutil.which("wasm-tools")


def make_module(
    seed: int,
    size: int = 3000,
    *,
    gc: bool = False,
    vectors: bool = False,
    exceptions: bool = False,
    addresses: bool = False,
) -> bytes | None:
    """The module that the tool makes of ``size`` random bytes; every run of it ends by itself.

    With ``gc``, it has structures, arrays and typed function references; with ``vectors``, those of both proposals;
    with ``exceptions``, tags, and it throws; with ``addresses``, memories and tables with 64-bit addresses, pages of
    other sizes, and wide arithmetic.
    """
    tool = find_tool()
    if tool is None:
        return None
    on = (*_ON, *(("gc",) if gc else ()), *(("simd", "relaxed-simd") if vectors else ()))
    on += ("exceptions",) if exceptions else ()
    on += ("memory64", "custom-page-sizes", "wide-arithmetic") if addresses else ()
    options = [f"--{name}-enabled=true" for name in on]
    options += [f"--{name}-enabled=false" for name in _OFF if name not in on]
    options += [f"--{name}={value}" for name, value in _LIMITS.items()]
    made = subprocess.run(
        [tool, "smith", "--ensure-termination", f"--fuel={_FUEL}", *options],
        input=random.Random(seed).randbytes(size * (_GC_SIZE_FACTOR if gc else 1)),
        capture_output=True,
        timeout=60,
    )
    if made.returncode:
        if b"unexpected argument" in made.stderr or b"invalid value" in made.stderr:
            raise RuntimeError(f"wasm-tools smith does not know an option: {made.stderr.decode()}")
        return None
    binary = made.stdout
    if vectors:
        binary = without_free_choices(binary)
    return only_numbers(binary) if gc or vectors or exceptions else binary


# Relaxed operations that wasmtime rounds once, or lets wrap, where wasmz rounds twice or saturates (docs/simd.md), and
# what has the same operands. test_vector_instructions.py has them all.
_OTHERWISE = {
    "f32x4.relaxed_madd": "i8x16.relaxed_laneselect",
    "f32x4.relaxed_nmadd": "i16x8.relaxed_laneselect",
    "f64x2.relaxed_madd": "i32x4.relaxed_laneselect",
    "f64x2.relaxed_nmadd": "i64x2.relaxed_laneselect",
    "i16x8.relaxed_dot_i8x16_i7x16_s": "i16x8.relaxed_q15mulr_s",
    "i32x4.relaxed_dot_i8x16_i7x16_add_s": "v128.bitselect",
}


def without_free_choices(binary: bytes) -> bytes:
    """The module with other vector instructions for those whose result depends on the implementation."""
    text = print_module(binary)
    changed = re.sub("|".join(sorted(_OTHERWISE, reverse=True)), lambda found: _OTHERWISE[found[0]], text)
    return bytes(wasmtime.wat2wasm(changed)) if changed != text else binary


_EXPORT_SECTION, _ELEMENT_SECTION = 7, 9
# Of sections in a module, by their numbers (specification 5.5.17).
_ORDER = (1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11)
_NUMBERS = frozenset({ValType.I32, ValType.I64, ValType.F32, ValType.F64})


def only_numbers(binary: bytes) -> bytes:
    """The module without exports of references and vectors: wasmtime's C API knows few of these types."""
    module = decode_module(binary, ALL_PROPOSALS)

    def is_plain(export: Export) -> bool:
        if export.kind == "func":
            type = module.function_type(export.index)
            return _NUMBERS.issuperset((*type.params, *type.results))
        if export.kind == "global":
            return module.global_types[export.index].value_type in _NUMBERS
        return export.kind == "memory"

    kinds = {"func": 0, "memory": 2, "global": 3}
    kept = [
        name(export.name) + bytes((kinds[export.kind],)) + unsigned(export.index)
        for export in module.exports
        if is_plain(export)
    ]
    reader = Reader(binary, 8, len(binary), ALL_PROPOSALS)
    # Functions that were exported may be referred to by bodies: a declarative segment says so now (5.5.12).
    exported = [unsigned(export.index) for export in module.exports if export.kind == "func"]
    declared = b"\x03\x00" + vector(*exported)
    sections: dict[int, bytes] = {_ELEMENT_SECTION: unsigned(1) + declared}
    while reader.pos < len(binary):
        kind = reader.byte()
        size = reader.u32()
        end = reader.pos + size
        if kind == _ELEMENT_SECTION:
            count = reader.u32()
            sections[kind] = unsigned(count + 1) + binary[reader.pos : end] + declared
        elif kind == _EXPORT_SECTION:
            sections[kind] = vector(*kept)
        elif kind:
            sections[kind] = binary[reader.pos : end]
        reader.pos = end
    return HEADER + b"".join(section(kind, sections[kind]) for kind in _ORDER if kind in sections)


def print_module(binary: bytes) -> str:
    """The module's text, instructions folded into expressions."""
    tool = find_tool()
    if tool is None:
        raise RuntimeError("wasm-tools is missing")
    shown = subprocess.run([tool, "print", "--fold-instructions"], input=binary, capture_output=True, check=True)
    return shown.stdout.decode()
