"""For PyInstaller: what an application that uses wasmz must contain.

Many modules are imported where they are first needed, by computed names, which an analysis of sources does not see.
PyInstaller finds the hook in this folder by the entry point ``pyinstaller40`` of the installed package.
"""

from __future__ import annotations

from pathlib import Path


def get_hook_dirs() -> list[str]:
    """The folders that contain hooks."""
    return [str(Path(__file__).parent)]
