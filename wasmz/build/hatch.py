"""The build hook ``wasmz`` of hatchling.

    [tool.hatch.build.targets.wheel.hooks.wasmz]
    pythons = "3.11,3.12,3.13"

The wheel contains the ``.wasm`` files like all files of its packages, and those that ``.wat`` files become. ``exclude``
leaves the former out; then other versions of Python cannot import the modules. Projects that use it list ``wasmz`` in
``build-system.requires`` and in their dependencies.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from wasmz.build import files_for, modules_of
from wasmz.ship.bundle import write_set


class WasmzBuildHook(BuildHookInterface[Any]):
    """Compiles each ``.wasm`` and ``.wat`` of the wheel's packages."""

    PLUGIN_NAME = "wasmz"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the compiled files to the wheel; for an editable installation, writes them beside the source."""
        settings = {name: value for name, value in self.config.items() if name not in _OF_HATCH}
        if not self.build_config.packages:
            raise ValueError("wasmz: name the packages of the wheel in [tool.hatch.build.targets.wheel] packages")
        self._folder = Path(tempfile.mkdtemp(prefix="wasmz-"))
        for package in self.build_config.packages:
            root = Path(self.root, package)
            for source in modules_of(root.rglob("*")):
                inside = Path(root.name, source.relative_to(root)).parent
                files = files_for(source, settings)
                files.pop(source.name, None)
                if version == "editable":
                    # What a text became would stand in its place when it is changed.
                    files.pop(f"{source.stem}.wasm", None)
                    write_set(files, source.parent)
                    continue
                made = self._folder / inside
                write_set(files, made)
                for name in files:
                    build_data["force_include"][str(made / name)] = (inside / name).as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Removes the compiled files."""
        shutil.rmtree(self._folder, ignore_errors=True)


# Settings that hatchling has for all hooks.
_OF_HATCH = frozenset({"dependencies", "require-runtime-dependencies", "require-runtime-features", "enable-by-default"})


@hookimpl
def hatch_register_build_hook() -> type[WasmzBuildHook]:
    """The hook's class, for hatchling."""
    return WasmzBuildHook
