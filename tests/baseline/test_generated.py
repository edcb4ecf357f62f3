"""The generated files of the baseline compiler are current, and its templates fit what the code around them assumes."""

from __future__ import annotations

import pytest

from wasmz.baseline import function
from wasmz.baseline.draft import Draft
from wasmz.baseline.general import instantiate
from wasmz.baseline.generate import outdated
from wasmz.baseline.rows import MEMORY_ACCESS, Template, current_rows
from wasmz.baseline.templates import TEMPLATES


@pytest.mark.generated
def test_generated_files_are_current() -> None:
    assert not [path.name for path in outdated()], "run: python -m wasmz.baseline.generate"


@pytest.mark.parametrize("opcode", TEMPLATES, ids=hex)
def test_no_template_needs_more_of_the_stack_than_is_added(opcode: int) -> None:
    """Each is followed without regard to its jumps, whose branches push no more than the code that they leave out."""
    template = Template(TEMPLATES[opcode])
    draft = Draft(current_rows(), 0)
    effects = draft.target.effects
    depth = deepest = 0
    for part in (template.below, template.between, template.above):
        for piece in instantiate(draft, part, 0, (0, 0)):
            depth += effects.get(piece, 0)
            deepest = max(deepest, depth)
    assert 0 <= deepest <= function.MARGIN
    if template.immediates == MEMORY_ACCESS:
        assert 0 <= template.alignment <= 4
