"""The generated files of the baseline compiler are current, and its templates fit what the code around them assumes."""

from __future__ import annotations

import pytest

from wasmz.baseline import function
from wasmz.baseline.draft import Draft
from wasmz.baseline.general import instantiate
from wasmz.baseline.generate import outdated
from wasmz.baseline.recording import INDICES, record_typed
from wasmz.baseline.rows import MEMORY_ACCESS, Template, current_rows
from wasmz.baseline.templates import LANES, TEMPLATES, TYPED
from wasmz.baseline.typed import Typed, new_structure_words
from wasmz.types import ValType


@pytest.mark.generated
def test_generated_files_are_current() -> None:
    assert not [path.name for path in outdated()], "run: python -m wasmz.baseline.generate"


@pytest.mark.parametrize("opcode", TEMPLATES, ids=hex)
def test_no_template_needs_more_of_the_stack_than_is_added(opcode: int) -> None:
    template = Template(TEMPLATES[opcode])
    _check_depth(template)
    if template.immediates == MEMORY_ACCESS:
        assert 0 <= template.alignment <= 4


_LANES = {f"{opcode:#x} {lane}": text for opcode, texts in LANES.items() for lane, text in enumerate(texts)}


@pytest.mark.parametrize("name", [*TYPED, *_LANES])
def test_no_typed_template_needs_more_either(name: str) -> None:
    _check_depth(Typed((), None, TYPED[name] if name in TYPED else _LANES[name]))


def test_templates_for_any_number_are_what_is_recorded_for_one() -> None:
    some = ValType.EXTERNREF
    for count in (0, 2, 5):
        made = new_structure_words([""] * count)
        assert made.split() == record_typed("struct.new", count, some, INDICES[0]).split()
        words = TYPED["array.new_fixed"].replace("list:1", f"list:{count}").split()
        recorded = record_typed("array.new_fixed", count, some, INDICES[0]).split()
        # Without operands there is nothing below them.
        assert [word for word in words if word != ";"] == [word for word in recorded if word != ";"]


def _check_depth(template: Template) -> None:
    """Each is followed without regard to its jumps, whose branches push no more than the code that they leave out."""
    draft = Draft(current_rows(), 0)
    effects = draft.target.effects
    depth = deepest = 0
    for part in (template.below, template.between, template.above):
        for piece in instantiate(draft, part, 0, (0, 0)):
            depth += effects.get(piece, 0)
            deepest = max(deepest, depth)
    assert 0 <= deepest <= function.MARGIN
