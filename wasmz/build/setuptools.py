"""The command ``build_py`` for setuptools.

    [tool.setuptools.cmdclass]
    build_py = "wasmz.build.setuptools.build_py"

    [tool.wasmz]
    pythons = "3.11,3.12,3.13"

Projects that use it list ``wasmz`` in ``build-system.requires`` and in their dependencies.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from setuptools.command import build_py as _command

from wasmz.build import files_for, modules_of
from wasmz.importer import SUFFIXES
from wasmz.ship.bundle import write_set


class build_py(_command.build_py):  # type: ignore[misc]
    """Copies the packages, and compiles each ``.wasm`` and ``.wat`` in them."""

    def run(self) -> None:
        """Builds as setuptools does, and adds the compiled files."""
        super().run()
        settings = _settings()
        for package in self.packages or ():
            folder = Path(self.get_package_dir(package))
            for source in modules_of(folder.iterdir()):
                files = files_for(source, settings)
                if self.editable_mode:
                    # What a text became would stand in its place when it is changed.
                    kept = {name: content for name, content in files.items() if name != f"{source.stem}.wasm"}
                    write_set(kept, folder)
                else:
                    write_set(files, Path(self.build_lib, *package.split(".")))

    def get_source_files(self) -> list[str]:
        """The files of a source distribution, with the ``.wasm`` and ``.wat`` files."""
        found: list[str] = super().get_source_files()
        for package in self.packages or ():
            folder = Path(self.get_package_dir(package))
            found += [str(path) for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES]
        return found


def _settings() -> dict[str, Any]:
    path = Path("pyproject.toml")
    if not path.is_file():
        return {}
    settings: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("wasmz", {})
    return settings
