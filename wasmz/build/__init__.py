"""Plugins of build backends: every ``.wasm`` of a project becomes a module that Python imports, compiled in its wheel.

hatchling     [tool.hatch.build.targets.wheel.hooks.wasmz]            wasmz.build.hatch
setuptools    [tool.setuptools.cmdclass]  build_py = "wasmz.build.setuptools.build_py"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmz.ship.bundle import find_pythons, set_files, this_python

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KNOWN = frozenset({"pythons", "opt-level"})


def files_for(source: Path, settings: Mapping[str, Any]) -> dict[str, bytes]:
    """The files that a ``.wasm`` becomes, by their paths in its own folder.

    Args:
        source: the module.
        settings: of the project: ``pythons``, for which versions to compile (default: the running one), and
            ``opt-level``.

    Raises:
        ValueError: a setting is unknown or wrong, an interpreter is missing, the module is not valid.
    """
    unknown = sorted(set(settings) - _KNOWN)
    if unknown:
        raise ValueError(f"wasmz: there is no setting {unknown[0]!r}; there are {', '.join(sorted(_KNOWN))}")
    versions = settings.get("pythons")
    if isinstance(versions, (list, tuple)):
        versions = ",".join(versions)
    pythons = [this_python()] if versions is None else find_pythons(versions)
    options = {"opt_level": int(settings["opt-level"])} if "opt-level" in settings else {}
    return set_files(source, pythons, options)
