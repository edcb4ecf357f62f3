"""Profiles: counts of a run, for the next compilation of the same module.

    save_profile(path, Profile(module_hash(data), {12: FunctionProfile(calls=3, loops=(900,), branches=((880, 20),))}))
    load_profile(path, data).functions[12].weight        -> 903

The file is JSON:

    {"format": "wasmz profile", "version": 1, "module": "9f0c...",
     "functions": {"12": {"calls": 3, "loops": [900], "branches": [[880, 20]]}}}
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wasmz.errors import WasmzError
from wasmz.irbuild.profiling import FunctionProfile, Profile, read_counts

if TYPE_CHECKING:
    from wasmz.runtime.link.instance import Instance

_FORMAT = "wasmz profile"
_VERSION = 1


class BadProfile(WasmzError, ValueError):
    """A profile that cannot be used: damaged, of another version, or of another module."""


def module_hash(data: bytes) -> str:
    """The hash that ties a profile to its module."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def save_profile(path: str | os.PathLike[str], profile: Profile) -> None:
    """Writes a profile; equal profiles give equal files."""
    from wasmz.artifact.cache import write_output

    functions = {
        str(index): {"calls": item.calls, "loops": item.loops, "branches": item.branches}
        for index, item in sorted(profile.functions.items())
    }
    content = {"format": _FORMAT, "version": _VERSION, "module": profile.module, "functions": functions}
    write_output(path, (json.dumps(content, indent=1) + "\n").encode())


def load_profile(path: str | os.PathLike[str], data: bytes) -> Profile:
    """Reads the profile of the module with these bytes.

    Raises:
        BadProfile: with the reason.
        OSError: the file cannot be read.
    """
    content = Path(path).read_bytes()
    name = os.fspath(path)
    try:
        written = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadProfile(f"{name} is not a profile: {error}") from None
    if not isinstance(written, dict) or written.get("format") != _FORMAT:
        raise BadProfile(f"{name} is not a profile")
    if written.get("version") != _VERSION:
        raise BadProfile(f"{name} is a profile of version {written.get('version')}, not {_VERSION}")
    expected = module_hash(data)
    if written.get("module") != expected:
        raise BadProfile(f"{name} is for another module: {written.get('module')}, not {expected}")
    functions = written.get("functions")
    if not isinstance(functions, dict):
        raise BadProfile(f"{name} has no functions")
    return Profile(expected, {_index(name, key): _function(name, key, item) for key, item in functions.items()})


def _index(name: str, key: str) -> int:
    if not key.isascii() or not key.isdecimal():
        raise BadProfile(f"{name}: {key!r} is not a function")
    return int(key)


def _function(name: str, key: str, item: Any) -> FunctionProfile:
    if isinstance(item, dict):
        calls: Any = item.get("calls")
        loops: Any = item.get("loops")
        branches: Any = item.get("branches")
        if _is_count(calls) and _are_counts(loops) and isinstance(branches, list) and all(map(_are_counts, branches)):
            return FunctionProfile(calls, tuple(loops), tuple(map(tuple, branches)))
    raise BadProfile(f"{name}: the entry of function {key} is malformed")


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_count, value))


def collect_profile(instance: Instance, data: bytes) -> Profile:
    """The counts of an instance made with ``Config(_profiling=True)``. The instance must not run any more."""
    from wasmz.compile.front_end import load_module
    from wasmz.compile.pipeline import ModuleCompiler
    from wasmz.wasm.proposals import accepted_by

    config = instance.store.engine.config
    compiler = ModuleCompiler(data, load_module(data, accepted_by(config)), config)
    functions = {index: read_counts(compiler.build_index(index), counts) for index, counts in instance.counts().items()}
    return Profile(module_hash(data), functions)
