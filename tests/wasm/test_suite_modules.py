"""Every binary module of the specification's core suite goes through decoder and validator."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.spec.suite import MISSING, ConversionError, Script, convert, find_suite, list_scripts
from wasmz.errors import InvalidWasm, UnsupportedFeature
from wasmz.wasm.body import decode_body
from wasmz.wasm.decoder import decode_module
from wasmz.wasm.proposals import ALL_PROPOSALS
from wasmz.wasm.validator import validate_body, validate_module

_VALID = {"module", "module_definition", "assert_unlinkable", "assert_uninstantiable"}
_REFUSED = {"assert_invalid", "assert_malformed"}


def _core_scripts() -> list[Script]:
    suite = find_suite()
    return [] if suite is None else [script for script in list_scripts(suite) if "/" not in script.name]


def _outcome(data: bytes) -> InvalidWasm | UnsupportedFeature | None:
    try:
        module = decode_module(data)
        validate_module(module, data)
        for body in module.bodies:
            validate_body(module, body.index, decode_body(data, body, module))
    except (InvalidWasm, UnsupportedFeature) as error:
        return error
    return None


def test_core_suite(record_property) -> None:
    scripts = _core_scripts()
    if not scripts:
        pytest.skip(MISSING)
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for script in scripts:
        try:
            converted = convert(script)
        except ConversionError as error:
            wrong.append(f"{script.name}: {error}")
            continue
        for command in converted.commands:
            file, kind = command.get("filename", ""), command["type"]
            if not file.endswith(".wasm"):
                continue
            error = _outcome((converted.folder / file).read_bytes())
            place = f"{script.name}.wast:{command['line']}: {kind}"
            if kind in _REFUSED:
                if error is None:
                    wrong.append(f"{place} is accepted, but: {command['text']}")
                elif isinstance(error, InvalidWasm):
                    counts["same words" if error.reason.startswith(command["text"]) else "other words"] += 1
            elif kind in _VALID:
                if isinstance(error, InvalidWasm):
                    wrong.append(f"{place} is refused: {error}")
            else:
                wrong.append(f"{place}: unknown command")
            counts[f"{kind}: {'accepted' if error is None else type(error).__name__}"] += 1
    record_property("modules", dict(counts))
    assert wrong == []
    # What is refused for the right reason is refused in the specification's words, but for a few orders of checks.
    assert counts["other words"] < 30
    assert counts["module: accepted"] > 1000


def test_all_proposals_decode() -> None:
    """The decoder reads all of WebAssembly 3.0, also where validation and code generation are still to come."""
    suite = find_suite()
    if suite is None:
        pytest.skip(MISSING)
    for script in list_scripts(suite):
        # Custom descriptors are an open proposal, of which the tables know nothing.
        if "custom-descriptors" in script.name or script.name.startswith("custom/"):
            continue
        try:
            converted = convert(script)
        except ConversionError:
            # wasm-tools does not know the instructions of the legacy scripts.
            continue
        for command in converted.commands:
            if command["type"] in _VALID and command.get("filename", "").endswith(".wasm"):
                data = (converted.folder / command["filename"]).read_bytes()
                module = decode_module(data, ALL_PROPOSALS)
                for body in module.bodies:
                    decode_body(data, body, module)
