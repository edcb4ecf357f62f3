"""Renders the page of supported instructions from the instruction table.

python -m wasmz.wasm.instruction_page > docs/instructions.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from wasmz.types import ValType
from wasmz.wasm.instructions import INSTRUCTIONS, Instruction
from wasmz.wasm.proposals import SUPPORTED_PROPOSALS, WITH_LEGACY_EXCEPTIONS, Proposal


def render_page() -> str:
    """The whole page, as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    by_proposal: dict[Proposal, list[Instruction]] = {proposal: [] for proposal in Proposal}
    for row in sorted(INSTRUCTIONS.values(), key=lambda row: row.opcode):
        by_proposal[row.proposal].append(row)
    supported = sum(row.proposal in WITH_LEGACY_EXCEPTIONS for row in INSTRUCTIONS.values())
    yield "# Instructions"
    yield ""
    yield "Made from `wasmz/wasm/instructions.py` by `python -m wasmz.wasm.instruction_page > docs/instructions.md`."
    yield ""
    yield f"{supported} of {len(INSTRUCTIONS)} instructions are supported. A module that uses another one is refused"
    yield "with `UnsupportedFeature`, which names the proposal and the byte offset."
    yield ""
    yield "| proposal | instructions | supported |"
    yield "|---|---|---|"
    for proposal, rows in by_proposal.items():
        yield f"| {proposal.value} | {len(rows) or 'none of its own'} | {_support(proposal)} |"
    yield ""
    yield "Types are operands and results; they are left out where they depend on immediates or on the stack. Addresses"
    yield "are shown for memories with 32-bit addresses. Effects: *traps*, *reads* or *writes* the instance's state,"
    yield "*control* leaves the straight line, *calls* runs other functions."
    for proposal, rows in by_proposal.items():
        if rows:
            yield from _table(proposal, rows)


def _table(proposal: Proposal, rows: list[Instruction]) -> Iterator[str]:
    title = proposal.value[0].upper() + proposal.value[1:]
    yield ""
    yield f"## {title}{'' if proposal in WITH_LEGACY_EXCEPTIONS else ' (not supported yet)'}"
    yield ""
    yield "| opcode | instruction | immediates | types | effects |"
    yield "|---|---|---|---|---|"
    for row in rows:
        prefix, code = divmod(row.opcode, 1 << 16)
        opcode = f"{prefix:02X} {code:02X}" if prefix else f"{code:02X}"
        immediates = "" if row.immediates.name == "NONE" else row.immediates.name.lower().replace("_", " ")
        if row.access is not None:
            immediates += f", {row.access.width} {'byte' if row.access.width == 1 else 'bytes'}"
        effects = " ".join(row.effects)
        yield f"| {opcode} | `{row.mnemonic}` | {immediates} | {_types(row)} | {effects} |"


def _types(row: Instruction) -> str:
    def listed(types: tuple[ValType, ...]) -> str:
        return " ".join(value_type.name for value_type in types) or "()"

    if row.params is None or row.results is None:
        return ""
    return f"{listed(row.params)} → {listed(row.results)}"


def _support(proposal: Proposal) -> str:
    if proposal in SUPPORTED_PROPOSALS:
        return "yes"
    return "with `Config(legacy_exceptions=True)`" if proposal in WITH_LEGACY_EXCEPTIONS else "not yet"


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(render_page())
