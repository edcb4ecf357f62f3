"""For PyInstaller: what an application that uses wasmz has to have in it.

Much is imported where it is first needed, by names that are put together, which an analysis of sources does not see.
PyInstaller finds the hook beside this file by the entry point ``pyinstaller40`` of the installed package.
"""

from __future__ import annotations

from pathlib import Path


def get_hook_dirs() -> list[str]:
    """The folders with hooks."""
    return [str(Path(__file__).parent)]
