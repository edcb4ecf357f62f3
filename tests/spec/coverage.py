"""What is supported and tested of each proposal: the README's table, generated.

    python -m tests.spec --record       runs the suite at every level, and keeps the counts in results.json
    python -m tests.spec.coverage       puts the table of instructions and counts into README.md

The tests compare each script's count with the recorded one, and the README with what this makes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

from wasmz.wasm.instructions import INSTRUCTIONS
from wasmz.wasm.proposals import WITH_LEGACY_EXCEPTIONS, Proposal

RESULTS = Path(__file__).parent / "results.json"
README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- begin: python -m tests.spec.coverage -->", "<!-- end -->"

_ADDED = r"(address|align|binary|data|data_drop|exports|float_exprs|float_memory|imports|linking|load|memory_copy"
_ADDED += r"|memory_fill|memory_init|memory_size|memory_trap|start|store|traps)[0-4]"
# What scripts of the suite are about; the first match counts. All others are about the core of version 2.0.
_ABOUT: tuple[tuple[str, str], ...] = (
    (r"relaxed_.*|.*_relaxed_.*", Proposal.RELAXED_SIMD.value),
    (r"simd_.*", Proposal.SIMD.value),
    (r"legacy/.*", Proposal.LEGACY_EXCEPTIONS.value),
    (r"custom/.*branch_hint.*", "branch hints"),
    (r"custom/.*|annotations", "annotations"),
    (r"proposals/threads/.*", Proposal.THREADS.value),
    (r"proposals/custom-page-sizes/.*", Proposal.CUSTOM_PAGE_SIZES.value),
    (r"proposals/wide-arithmetic/.*", Proposal.WIDE_ARITHMETIC.value),
    (r"proposals/custom-descriptors/.*", "custom descriptors"),
    (r"tag|throw|throw_ref|try_table", Proposal.EXCEPTIONS.value),
    (r".*64(-imports)?|table_copy_mixed|binary_leb128_64", Proposal.MEMORY64.value),
    (r"(call|return_call)_ref|br_on_(non_)?null|ref_as_non_null|ref|local_init", Proposal.FUNCTION_REFERENCES.value),
    (
        r"array.*|struct|i31|extern|ref_(cast|test|eq)|br_on_cast(_fail)?|type-.*|binary-gc|table-sub|instance",
        Proposal.GC.value,
    ),
    (r"return_call(_indirect)?", Proposal.TAIL_CALLS.value),
    (rf"{_ADDED}|memory-multi|memory_size_import", Proposal.MULTI_MEMORY.value),
)
_CORE = "WebAssembly 2.0 without SIMD"
# Those of version 2.0, and of later versions what has neither instructions nor scripts of its own.
_WITHIN_CORE = frozenset(
    {
        *(Proposal.MVP, Proposal.MUTABLE_GLOBALS, Proposal.SIGN_EXTENSION, Proposal.SATURATING_TRUNCATION),
        *(Proposal.MULTI_VALUE, Proposal.BULK_MEMORY, Proposal.REFERENCE_TYPES, Proposal.EXTENDED_CONST),
    }
)
_WITHOUT_INSTRUCTIONS = frozenset({"annotations", "branch hints"})
_NUMBERED = re.compile(r"[if]\d\d")


def about(script: str) -> str:
    """The proposal that a script belongs to."""
    if not _NUMBERED.match(script) or "relaxed" in script:
        for pattern, proposal in _ABOUT:
            if re.fullmatch(pattern, script):
                return proposal
    return _CORE


def recorded() -> dict[str, int]:
    """How many assertions pass, by script."""
    counts: dict[str, int] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return counts


def record(counts: dict[str, int]) -> None:
    """Keeps the counts of a run of the whole suite."""
    RESULTS.write_text(json.dumps(dict(sorted(counts.items())), indent=0) + "\n", encoding="utf-8")


def render() -> str:
    """The table."""
    instructions: Counter[str] = Counter()
    for row in INSTRUCTIONS.values():
        instructions[_CORE if row.proposal in _WITHIN_CORE else row.proposal.value] += 1
    scripts: Counter[str] = Counter()
    assertions: Counter[str] = Counter()
    for script, count in recorded().items():
        scripts[about(script)] += 1
        assertions[about(script)] += count
    supported = {proposal.value for proposal in WITH_LEGACY_EXCEPTIONS} | {_CORE, *_WITHOUT_INSTRUCTIONS}
    names = [_CORE, *(proposal.value for proposal in Proposal if proposal not in _WITHIN_CORE)]
    names += [name for name in scripts if name not in names]
    lines = ["| | instructions | scripts | assertions that pass |", "|---|---|---|---|"]
    for name in names:
        missing = "" if name in supported else " (not supported)"
        cells = (instructions[name] or "-", scripts[name] or "-", f"{assertions[name]:,}" if scripts[name] else "-")
        lines.append(f"| {name}{missing} | {' | '.join(map(str, cells))} |")
    total = (len(INSTRUCTIONS), scripts.total(), f"{assertions.total():,}")
    lines.append(f"| **all** | {' | '.join(map(str, total))} |")
    return "\n".join(lines)


def readme_with_table(text: str) -> str:
    """The README with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{render()}\n\n{END}{after}"


if __name__ == "__main__":
    README.write_text(readme_with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
