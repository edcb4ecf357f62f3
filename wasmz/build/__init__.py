"""Plugins of build backends: every ``.wasm`` and ``.wat`` of a project becomes a module that Python imports.

It is compiled in the project's wheel:

hatchling     [tool.hatch.build.targets.wheel.hooks.wasmz]            wasmz.build.hatch
setuptools    [tool.setuptools.cmdclass]  build_py = "wasmz.build.setuptools.build_py"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmz.importer import SUFFIXES
from wasmz.ship.bundle import find_pythons, set_files, this_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_KNOWN = frozenset({"pythons", "opt-level"})


def modules_of(files: Iterable[Path]) -> list[Path]:
    """Those of the files that become modules, sorted; of two with one name the ``.wasm``, as when they are imported."""
    known = list(files)
    by_name = {path.with_suffix(""): path for suffix in reversed(SUFFIXES) for path in known if path.suffix == suffix}
    return sorted(by_name.values())


def files_for(source: Path, settings: Mapping[str, Any]) -> dict[str, bytes]:
    """The files made from a ``.wasm`` or ``.wat``, by path relative to its folder.

    Args:
        source: the module.
        settings: those of the project: ``pythons``, the versions to compile for (default: the running one), and
            ``opt-level``.

    Raises:
        ValueError: a setting is unknown or wrong, an interpreter is missing, or the module is not valid.
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
