"""Run a converted script of the component model's suite.

    run_script(convert(script)) -> Report(passed=12, failures=["line 8: ..."], skipped={})

What components must be refused, and which are valid, is tested here; what they do when they run is `running.py`'s.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.components.running import Session
from tests.spec.suite import Converted
from wasmz.component.binary.decoder import decode_component
from wasmz.component.validation.validator import validate_component
from wasmz.errors import InvalidWasm, WasmzError
from wasmz.text import assemble

# Commands that need components to be instantiated, and those that count as assertions.
_RUNNING = frozenset({"module_instance", "action", "assert_return", "assert_trap", "assert_uninstantiable"})


@dataclass
class Report:
    """What became of a script: how many assertions passed, which commands failed, and which were left out and why."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def run_script(script: Converted) -> Report:
    """Runs all commands of a script, in order."""
    report = Report()
    session = Session()
    try:
        for command in script.commands:
            _run(command, script.folder, session, report)
    finally:
        session.close()
    return report


def _run(command: dict[str, Any], folder: Path, session: Session, report: Report) -> None:
    kind = command["type"]
    data = (folder / command["filename"]).read_bytes() if "filename" in command else b""
    problem: str | None
    if kind in ("assert_invalid", "assert_malformed"):
        problem = _refusal(data, is_text=command["module_type"] == "text")
    elif kind in ("module", "module_definition"):
        problem = _acceptance(data)
        if problem is None:
            problem = session.define(command, data)
    elif kind in _RUNNING:
        problem = session.run(command, data)
    else:
        problem = "this runner does not know such commands"
    if problem is not None:
        report.failures.append(f"line {command['line']}: {kind}: {problem}")
    elif kind.startswith("assert"):
        report.passed += 1


def validate(data: bytes) -> None:
    """Decodes and validates a component, with the bodies of its core functions."""
    validate_component(decode_component(data))


def _refusal(data: bytes, *, is_text: bool) -> str | None:
    """What is wrong if a component is not refused as malformed or invalid; ``None`` if it is."""
    try:
        if is_text:
            assemble(data.decode())
        else:
            validate(data)
    except InvalidWasm:
        return None
    except WasmzError as error:
        return f"refused with {error!r}"
    return "accepted"


def _acceptance(data: bytes) -> str | None:
    """What is wrong if a valid component is not accepted; ``None`` if it is."""
    try:
        validate(data)
    except WasmzError as error:
        return f"refused with {error!r}"
    return None
