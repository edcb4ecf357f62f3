"""The instruction table is complete, consistent, and agrees with another implementation's encoder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.components import wasm_tools
from wasmz.types import FuncType
from wasmz.wasm.body import decode_body
from wasmz.wasm.body_rules import RULES
from wasmz.wasm.body_validator import validate_body as validate_body  # makes all rules known
from wasmz.wasm.decoder import decode_module
from wasmz.wasm.instruction_page import render_page
from wasmz.wasm.instructions import BY_NAME, INSTRUCTIONS, Effects, Immediates, Instruction
from wasmz.wasm.proposals import ALL_PROPOSALS, SUPPORTED_PROPOSALS, Proposal

ROOT = Path(__file__).resolve().parents[2]

# Immediates in the text format that are valid in the module below.
_TEXT = {
    Immediates.BLOCK: "end",
    Immediates.TRY_TABLE: "(catch 0 0) (catch_ref 0 0) (catch_all 0) (catch_all_ref 0) end",
    Immediates.BR_TABLE: "0 0 0",
    Immediates.CALL_INDIRECT: "(type 0)",
    Immediates.SELECT_TYPES: "(result i32)",
    Immediates.MEMARG: "offset=300",
    Immediates.MEMARG_LANE: "offset=300 1",
    Immediates.F32: "1.5",
    Immediates.F64: "-1.5",
    Immediates.I32: "-300",
    Immediates.I64: "-300",
    Immediates.V128: "i64x2 1 2",
    Immediates.LANES: "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31",
    Immediates.HEAP_TYPE: "extern",
    Immediates.REF_TYPE: "(ref any)",
    Immediates.FIELD: "1 0",
    Immediates.ARRAY_FIXED: "2 3",
    Immediates.ARRAY_COPY: "2 2",
    Immediates.ARRAY_DATA: "2 0",
    Immediates.ARRAY_ELEM: "2 0",
    Immediates.BR_ON_CAST: "0 (ref null any) (ref eq)",
    Immediates.FENCE: "",
    Immediates.NONE: "",
    Immediates.MEMORY: "0",
    Immediates.MEMORY_INIT: "0",
    Immediates.MEMORY_COPY: "0 0",
    Immediates.TABLE_COPY: "0 0",
    Immediates.TABLE_INIT: "0 0",
}
_INSIDE_BLOCKS = {"else", "end", "catch", "catch_all", "delegate", "rethrow", "try"}
_MODULE = """
    (type (func)) (type (struct (field i32))) (type (array i32)) (tag) (table 1 funcref) (memory 1) (data "")
    (elem func) (global (mut i32) (i32.const 0))
"""


def _text(row: Instruction) -> str:
    if row.name in ("ref.test_null", "ref.cast_null", "ref.cast_desc_eq_null"):
        return f"{row.mnemonic} (ref null extern)"
    return f"{row.mnemonic} {_TEXT.get(row.immediates, '0')}"


def test_names_and_opcodes_are_unique() -> None:
    assert len(BY_NAME) == len(INSTRUCTIONS)
    assert all(row.opcode == opcode for opcode, row in INSTRUCTIONS.items())
    assert all(opcode < 0x100 or 0xFB <= opcode >> 16 <= 0xFE for opcode in INSTRUCTIONS)


def test_encodings_agree_with_wasm_tools(tmp_path: Path) -> None:
    """One function for each instruction, assembled by wasm-tools, decodes to that instruction."""
    tool = wasm_tools()
    rows = [row for row in INSTRUCTIONS.values() if row.name not in _INSIDE_BLOCKS]
    source = tmp_path / "all.wat"
    source.write_text("(module " + _MODULE + "\n".join(f"(func {_text(row)})" for row in rows) + ")")
    subprocess.run([tool, "parse", str(source), "-o", str(tmp_path / "all.wasm")], check=True)
    data = (tmp_path / "all.wasm").read_bytes()
    module = decode_module(data, ALL_PROPOSALS)
    for row, body in zip(rows, module.bodies, strict=True):
        decoded = decode_body(data, body, module)
        assert decoded[0][0] == row.opcode, row.name
        assert len(decoded) == (3 if row.immediates in (Immediates.BLOCK, Immediates.TRY_TABLE) else 2), row.name
        if row.access is not None:
            # Without an explicit alignment wasm-tools writes the natural one.
            memarg = decoded[0][1][0] if row.immediates is Immediates.MEMARG_LANE else decoded[0][1]
            assert memarg == (row.access.align_log2, 300, 0), row.name


def test_supported_instructions_have_types_or_a_rule() -> None:
    for row in INSTRUCTIONS.values():
        assert (row.params is None) == (row.results is None), row.name
        if row.proposal in SUPPORTED_PROPOSALS and row.params is None:
            assert row.opcode in RULES, row.name


def test_memory_accesses_say_how_wide_they_are() -> None:
    for row in INSTRUCTIONS.values():
        if row.immediates in (Immediates.MEMARG, Immediates.MEMARG_LANE):
            assert row.access is not None
            assert 1 << row.access.align_log2 == row.access.width
            assert Effects.TRAPS in row.effects
            assert row.effects & (Effects.READS | Effects.WRITES)
        else:
            assert row.access is None


def test_rows_of_well_known_instructions() -> None:
    add = BY_NAME["i32.add"]
    assert (add.opcode, str(FuncType(add.params or (), add.results or ()))) == (0x6A, "(i32, i32) -> (i32)")
    assert (add.proposal, add.effects, add.immediates) == (Proposal.MVP, Effects.PURE, Immediates.NONE)
    assert BY_NAME["memory.copy"].opcode == 0xFC000A
    assert BY_NAME["select_t"].mnemonic == BY_NAME["select"].mnemonic == "select"


@pytest.mark.generated
def test_page_is_current() -> None:
    page = (ROOT / "docs" / "instructions.md").read_text(encoding="utf-8")
    assert page == render_page(), "run: python -m wasmz.wasm.instruction_page > docs/instructions.md"
