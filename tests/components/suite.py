"""Find the component model's test suite. Its scripts are converted, and kept, as those of the specification are.

find_suite()               -> Path(".../component-testsuite"), or None
list_scripts(suite)        -> [Script("components/async/deadlock", ...), ...]
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.spec.suite import ROOT, Script

SUITE_VARIABLE = "WASMZ_COMPONENT_TESTSUITE"
MISSING = (
    f"the component model's test suite is missing: set {SUITE_VARIABLE} to the folder that holds binary/binary.wast"
)

# Scripts that the converter refuses, because the specification has changed since; with what it says.
OVERTAKEN = {"components/async/cancellable": "the specification has since dropped its option `cancellable`"}


def find_suite() -> Path | None:
    """The folder of the suite; ``None`` without one.

    It is named by ``WASMZ_COMPONENT_TESTSUITE``, or ``shared/component-testsuite`` beside the checkout.
    """
    named = os.environ.get(SUITE_VARIABLE)
    candidate = Path(named) if named else ROOT.parent / "shared" / "component-testsuite"
    return candidate if (candidate / "binary" / "binary.wast").is_file() else None


def list_scripts(suite: Path) -> list[Script]:
    """Every script below ``suite``, by name."""
    found = (
        Script(f"components/{path.relative_to(suite).with_suffix('').as_posix()}", path)
        for path in suite.rglob("*.wast")
    )
    return sorted(found, key=lambda script: script.name)
