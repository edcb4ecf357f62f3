"""Parses ``wasmz [run] [OPTIONS] FILE [ARGS]`` without click, as click would.

parse_run(["--dir", "a", "x.wasm", "-v"])   -> {"directories": ("a",), "file": "x.wasm", "words": ("-v",)}
parse_run(["--hlep"])                       -> None: click parses, and reports the error
"""

from __future__ import annotations

import os
import stat

from wasmz.cli.files import STREAM
from wasmz.cli.options import RUN_OPTIONS, Option, engine_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The commands by name: the path of click's object for each.
COMMANDS = {
    "run": "wasmz.cli.run:run_command",
    "compile": "wasmz.cli.compile:compile_command",
    "validate": "wasmz.cli.compile:validate_command",
    "inspect": "wasmz.cli.inspect:inspect_command",
    "dis": "wasmz.cli.disassemble:dis_command",
    "print": "wasmz.cli.print:print_command",
    "stubs": "wasmz.cli.stubs:stubs_command",
    "bindgen": "wasmz.cli.bindgen:bindgen_command",
    "serve": "wasmz.cli.serve:serve_command",
    "cache": "wasmz.cli.cache:cache_command",
    "completion": "wasmz.cli.completion:completion_command",
}


def parse_run(words: list[str]) -> dict[str, Any] | None:
    """The parameters of ``wasmz run`` for the given words, by field; ``None`` if click has to parse them.

    ``file`` and ``words`` are always present. Options that are not given are missing; repeatable ones are tuples.
    """
    if words and words[0] == "run":
        words = words[1:]
    elif words and words[0] in COMMANDS:
        return None
    try:
        return _parse(words)
    except (_ForClick, OSError, ValueError):
        return None


class _ForClick(Exception):
    """Only click can handle these words."""


def _parse(words: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    # The option that gave a field its value: if two different options do, click decides.
    sources: dict[str, Option] = {}
    known: dict[str, Option] = {}
    position = 0
    while position < len(words) and words[position][:1] == "-" and len(words[position]) > 1:
        word = words[position]
        position += 1
        if word == "--":
            break
        known = known or {name: option for option in (*RUN_OPTIONS, *engine_options()) for name in option.names}
        name, equals, text = word.partition("=")
        option = known.get(name)
        if option is None or sources.setdefault(option.field, option) is not option:
            raise _ForClick
        if option.kind in ("flag", "constant"):
            if equals:
                raise _ForClick
            given[option.field] = True if option.kind == "flag" else option.value
            continue
        if not equals:
            if position == len(words):
                raise _ForClick
            text = words[position]
            position += 1
        value = _converted(option, text)
        given[option.field] = (*given.get(option.field, ()), value) if option.repeats else value
    if position == len(words):
        raise _ForClick
    given["file"] = _readable(words[position])
    given["words"] = tuple(words[position + 1 :])
    return given


def _converted(option: Option, text: str) -> Any:
    """The value of an option's argument; ``ValueError`` if it has none."""
    if option.kind == "text" or (option.kind == "choice" and text in option.choices):
        return text
    if option.kind in ("integer", "seconds"):
        number = int(text) if option.kind == "integer" else float(text)
        if not number < option.least:
            return number
    raise _ForClick


def _readable(path: str) -> str:
    """The path, if it names a readable file."""
    if path == STREAM:
        return path
    if stat.S_ISDIR(os.stat(path).st_mode) or not os.access(path, os.R_OK):
        raise _ForClick
    return path
