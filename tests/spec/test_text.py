"""The specification's scripts as text: parsed by ours, compared with what other parsers make, printed, parsed again."""

from __future__ import annotations

import re

import pytest

from tests.spec.coverage import recorded
from tests.spec.runner import run_script
from tests.spec.suite import MISSING, ConversionError, Script, convert, find_suite, list_scripts
from tests.spec.text import in_our_text, read_forms
from tests.support.built import missing
from wasmz import InvalidWasm
from wasmz.config import OPT_LEVELS
from wasmz.text import assemble, print_module
from wasmz.wasm.decoder import decode_module
from wasmz.wasm.proposals import ALL_PROPOSALS

_SUITE = find_suite()
_SCRIPTS = list_scripts(_SUITE) if _SUITE else []

# Where wasm-tools makes other bytes: for a function type in full it takes a type that may have subtypes for an equal
# one, and a recursive group of one type for another; a constant expression with a data segment (which is not valid)
# gets no count of segments. How many modules of a script that is.
_OTHER_BYTES = {
    "array": 1,
    "proposals/custom-descriptors/exact-casts": 1,
    "type-rec": 3,
    "type-subtyping": 2,
}


# What wabt leaves out, and we write as wasm-tools does: the first table of a segment, and an else without instructions.
_UNWRITTEN = re.compile(r"\(table 0\) |\n +else(?=\n +end)")


def test_suite_is_there() -> None:
    if _SUITE is None:
        pytest.skip(MISSING)
    assert len(_SCRIPTS) > 250


def without_names(data: bytes) -> bytes:
    """A module without its section of names, which is the last: wabt writes none."""
    names = [section for section in decode_module(data, ALL_PROPOSALS).custom_sections if section.name == "name"]
    return data[: data.rindex(b"\0", 0, names[0].start - 5)] if names else data


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda script: script.name)
def test_modules_are_those_of_another_parser(script: Script) -> None:
    """Byte for byte; where that one is wrong, what the script expects decides."""
    try:
        converted = in_our_text(script)
    except ConversionError as error:
        missing(f"left out: {error}")
    others = {name: (converted.folder / name).read_bytes() for name in converted.modules}
    if script.is_legacy:
        ours = {name: print_module(without_names(data)) for name, data in converted.modules.items()}
        assert {name: _UNWRITTEN.sub("", text) for name, text in ours.items()} == {
            name: print_module(data) for name, data in others.items()
        }
        return
    different = [name for name in others if converted.modules[name] != others[name]]
    assert len(different) == _OTHER_BYTES.get(script.name, 0), different
    if different:
        report = run_script(converted, OPT_LEVELS[-1], mode="baseline")
        assert not report.failures, "\n".join(report.failures[:20])
        assert report.passed == recorded()[script.name]


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda script: script.name)
def test_what_is_printed_is_the_same_module(script: Script) -> None:
    for form in read_forms(script.path.read_text(encoding="utf-8")):
        if form.command in ("assert_malformed", "assert_malformed_custom", "assert_invalid_custom"):
            continue
        data = form.assemble()
        for folded in (False, True):
            try:
                text = print_module(data, folded)
            except InvalidWasm:
                # What is refused when it is decoded, such as unknown types, is not printed.
                assert form.command == "assert_invalid", form.line
                break
            again = assemble(text)
            if form.kind == "binary":
                # Not all binary modules are written as an assembler would.
                assert print_module(again, folded) == text, form.line
            else:
                assert again == data, form.line


def test_assertions_about_text_are_there() -> None:
    """The runner checks them: how many there are."""
    if _SUITE is None:
        pytest.skip(MISSING)
    forms = [form for script in _SCRIPTS for form in read_forms(script.path.read_text(encoding="utf-8"))]
    malformed = [form for form in forms if form.command.startswith("assert_malformed") and form.kind == "quote"]
    assert len(malformed) > 1200


def test_each_script_is_converted_with_all_its_modules() -> None:
    """Commands and forms of the text are the same, one by one."""
    for script in _SCRIPTS:
        try:
            converted = convert(script)
        except ConversionError as error:
            missing(f"left out: {error}")
        commands = [command["type"] for command in converted.commands if "filename" in command]
        forms = [form.command for form in read_forms(script.path.read_text(encoding="utf-8"))]
        for command, form in zip(commands, forms, strict=True):
            assert command == form or {command, form} <= _SAME, script.name


# wasm-tools tells apart what the word `assert_trap` and `module` say of modules.
_SAME = {"module", "module_definition", "assert_trap", "assert_uninstantiable"}
