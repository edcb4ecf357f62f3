"""Text files of cases, ``=== name``, input, ``---``, expected output; refreshed with WASMZ_UPDATE_SNAPSHOTS=1.

A refreshed file is a proposal: read the difference before it is committed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Case:
    """One case of a file; ``actual`` is filled in by the test."""

    name: str
    source: str
    expected: str
    actual: str | None = None


def read_cases(path: Path) -> list[Case]:
    """The cases of a file."""
    cases = []
    for part in path.read_text().split("=== ")[1:]:
        name, _, rest = part.partition("\n")
        source, _, expected = rest.partition("---\n")
        cases.append(Case(name.strip(), source.strip("\n") + "\n", expected.strip("\n") + "\n"))
    return cases


def check_cases(path: Path, cases: list[Case]) -> None:
    """Compares what the tests found with what the file expects, or writes the file anew."""
    if os.environ.get("WASMZ_UPDATE_SNAPSHOTS"):
        path.write_text("\n".join(f"=== {c.name}\n{c.source}---\n{c.actual}" for c in cases))
        return
    for case in cases:
        assert case.actual == case.expected, f"{path.name}: {case.name}"
