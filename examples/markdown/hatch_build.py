"""Refuses to build a wheel without the library, which is not in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LibraryHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling finds it by the file's name."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Looks before anything is built."""
        if not Path(self.root, "src/mdwasm/_md4c.wasm").exists():
            raise FileNotFoundError(
                "src/mdwasm/_md4c.wasm was not built: python -m benchmarks.build markdown, in wasmz's checkout"
            )
