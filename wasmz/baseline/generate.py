"""Writes the generated files of the baseline compiler; a test checks that they are up to date.

python -m wasmz.baseline.generate            writes templates.py and translate.py if they have changed
python -m wasmz.baseline.generate --check    only reports whether they would change

`templates.py` has the code that the pipeline's lowerings emit (`recording.py`), by opcode. `translate.py` is the loop:
a skeleton with the cases of `instructions.cases`, dispatched in two steps, the most frequent first. One function with
all cases is twice as fast as a function call for each instruction.
"""

from __future__ import annotations

import sys
from pathlib import Path

from wasmz.baseline.recording import NotRecordable, record, record_lane
from wasmz.baseline.recording_typed import TYPED_NAMES, typed_templates
from wasmz.ir.facts import BOOLEANS
from wasmz.wasm.instructions import INSTRUCTIONS, Immediates

HERE = Path(__file__).parent
CASES = HERE / "instructions.cases"

# Cases in a group: the loop selects the group first.
_GROUP = 8

_LETTERS = {"i32": "i", "i64": "I", "f32": "f", "f64": "F", "v128": "v"}
_IMMEDIATES = {
    Immediates.NONE: "-",
    Immediates.MEMARG: "a",
    Immediates.MEMORY: "m",
    Immediates.MEMORY_COPY: "mm",
    Immediates.MEMORY_INIT: "dm",
    Immediates.DATA: "d",
}

SPECIAL = -1
_INDEX_COUNTS = {
    Immediates.TYPE: 1,
    Immediates.TABLE: 1,
    Immediates.ELEM: 1,
    Immediates.TABLE_COPY: 2,
    Immediates.TABLE_INIT: 2,
    Immediates.FIELD: 2,
    Immediates.ARRAY_FIXED: 2,
    Immediates.ARRAY_COPY: 2,
    Immediates.ARRAY_DATA: 2,
    Immediates.ARRAY_ELEM: 2,
}

_READ = """\
{0} = data[pos]
if {0} < 0x80:
    pos += 1
else:
    {0}, pos = read_u32(data, pos, end)
"""
_READ_ACCESS = """\
offset = data[pos + 1]
if data[pos] > {0} or not has_memory:
    raise Unfit
if offset < 0x80:
    pos += 2
else:
    offset, pos = read_u32(data, pos + 1, end)
"""
_DEAD = """\
floor = end_of_path()
frame = frames[-1]
following = data[pos]
if following != 0x0B and following != 0x05:
    pos = skip_dead_code(module, body, pos, requests)
results = frame.results
types[frame.height :] = results
starts[frame.height :] = [0] * len(results)
"""
_MOVE = """\
moved += {0}
if moved > most_moved:
    raise Unfit
"""
_MACROS = {"MOVE": _MOVE, "READ": _READ, "READ_ACCESS": _READ_ACCESS, "DEAD": _DEAD}


def read_cases() -> dict[str, list[str]]:
    """The cases by name, as lines, with macros expanded."""
    cases: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in CASES.read_text(encoding="utf-8").splitlines():
        word, _, rest = line.strip().partition(" ")
        if line.startswith("== "):
            lines = cases[rest] = []
        elif line.startswith("#") or not line:
            continue
        elif word in _MACROS:
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + made for made in _MACROS[word].format(rest).splitlines()]
        else:
            lines.append(line)
    return cases


def render_templates() -> str:
    """The text of templates.py."""
    numbers = {name: number for number, name in enumerate([*read_cases(), "PREFIXED"])}
    out = [
        '"""Made from lowerings by ``python -m wasmz.baseline.generate``: see `recording.py`.',
        "",
        "By opcode: operand and result types, immediates, alignment; code below the operands, between, above them.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "CASE_NUMBERS = {",
        *[f"    {name!r}: {number}," for name, number in numbers.items()],
        "}",
        "",
        "TEMPLATES = {",
    ]
    for opcode, row in INSTRUCTIONS.items():
        if row.immediates not in _IMMEDIATES:
            continue
        try:
            template = record(row.name)
        except NotRecordable:
            continue
        types = (*(row.params or ()), None, *(row.results or ()))
        if any(type is not None and type.name not in _LETTERS for type in types):
            continue
        signature = "".join(":" if type is None else _LETTERS[type.name] for type in types)
        more = f" {row.access.align_log2}" if row.access is not None else ""
        if row.name in BOOLEANS and template.rpartition(" ")[2].startswith("compare:"):
            more = " condition"
        text = f"{signature} {_IMMEDIATES[row.immediates]}{more} ; {template}"
        out.append(f"    # {row.name}")
        out.append(f"    {opcode:#x}: {' '.join(text.split())!r},")
    out += ["}", "", *_render_typed()]
    return "\n".join(out)


def _render_typed() -> list[str]:
    """Templates of instructions whose types depend on the module, and of lane instructions."""
    out = ["# Templates of instructions whose types depend on the module, by name and kind of types.", "TYPED = {"]
    for name, text in typed_templates().items():
        words = " ; ".join(" ".join(part.split()) for part in text.split(";"))
        out.append(f"    {name!r}: {words!r},")
    out += ["}", "", "# Templates by opcode and lane.", "LANES: dict[int, tuple[str, ...]] = {"]
    counts: dict[int, int] = {}
    for opcode, row in INSTRUCTIONS.items():
        if row.immediates in (Immediates.LANE, Immediates.MEMARG_LANE):
            shape = row.name.partition(".")[0]
            out += [f"    # {row.name}", f"    {opcode:#x}: ("]
            for lane in range(16 // row.access.width if row.access is not None else int(shape.partition("x")[2])):
                words = " ; ".join(" ".join(part.split()) for part in record_lane(row.name, lane).split(";"))
                out.append(f"        {words!r},")
            out.append("    ),")
            counts[opcode] = SPECIAL
        elif row.name in TYPED_NAMES:
            counts[opcode] = _INDEX_COUNTS.get(row.immediates, SPECIAL)
    out += ["}", "", "# How many indices are the immediates of these instructions; -1: others.", "INDEX_COUNTS = {"]
    out += [f"    {opcode:#x}: {count},  # {INSTRUCTIONS[opcode].name}" for opcode, count in counts.items()]
    return [*out, "}", ""]


def render_loop() -> str:
    """The text of translate.py."""
    skeleton = (HERE / "translate.skeleton").read_text(encoding="utf-8")
    cases = list(read_cases().items())
    lines: list[str] = []
    groups = [list(range(first, min(first + _GROUP, len(cases)))) for first in range(0, len(cases), _GROUP)]
    for number, group in enumerate(groups):
        if number + 1 < len(groups):
            lines.append(f"{'if' if not number else 'elif'} case < {group[-1] + 1}:")
        else:
            lines.append("else:")
        for index in group:
            name, body = cases[index]
            if index == group[0]:
                lines.append(f"    if case == {index}:  # {name}")
            elif index == group[-1] and number + 1 < len(groups):
                lines.append(f"    else:  # {name}")
            else:
                lines.append(f"    elif case == {index}:  # {name}")
            lines += [f"        {line}" for line in body]
    lines += ["    else:", "        raise Unfit"]
    skeleton = skeleton.replace("PREFIXED", str(len(cases)))
    marker = "        CASES\n"
    return skeleton.replace(marker, "".join(f"        {line}\n" for line in lines))


def outdated() -> dict[Path, str]:
    """The generated files that are not up to date, with their new texts."""
    texts = {HERE / "templates.py": render_templates(), HERE / "translate.py": render_loop()}
    return {path: text for path, text in texts.items() if not path.exists() or path.read_text("utf-8") != text}


def main() -> None:
    """Writes the files, or only checks them."""
    found = outdated()
    for path, text in found.items():
        print(f"{path.name} is not up to date" if "--check" in sys.argv else f"wrote {path.name}")
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8", newline="\n")
    if found and "--check" in sys.argv:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
