"""PyInstaller's hook: all modules of wasmz but the plugins of build tools."""  # noqa: N999

from __future__ import annotations

from PyInstaller.utils.hooks import collect_submodules

hiddenimports: list[str] = collect_submodules("wasmz", filter=lambda name: not name.startswith("wasmz.build"))
