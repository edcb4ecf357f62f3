"""The files beside a module that say how it is to be used: a package's JavaScript and its declarations.

glue_beside("pkg/foo_bg.wasm")       -> the text of pkg/foo_bg.js, or of pkg/foo.js
"""

from __future__ import annotations

import os

# A package's JavaScript is no larger.
_MOST_BYTES = 64 << 20
# What has the imports in Kotlin's packages comes before what only loads it.
_ENDINGS = (".js", ".import-object.mjs", ".uninstantiated.mjs", ".mjs", ".cjs")


def beside(path: str | os.PathLike[str], endings: tuple[str, ...]) -> str | None:
    """The path of the first file that there is with one of the names that belong to a module's: ``foo_bg.js`` before
    ``foo.js`` for ``foo_bg.wasm``.
    """
    stem = os.path.splitext(os.fspath(path))[0]
    for name in (stem, stem.removesuffix("_bg")):
        for ending in endings:
            if os.path.isfile(name + ending):
                return name + ending
    return None


def glue_beside(path: str | os.PathLike[str]) -> str | None:
    """The text of a module's JavaScript, if it is beside it."""
    for ending in _ENDINGS:
        found = beside(path, (ending,))
        if found is not None:
            text = read_text(found)
            # Some are only a line that imports the other.
            if any(mark in text for mark in ("wasm.", "exports.", "WebAssembly", "js_code")):
                return text
    return None


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file. ``ValueError``: it is too large, or not UTF-8; ``OSError``: it cannot be read."""
    with open(path, "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"{os.fspath(path)} is too large for a package's JavaScript")
    return data.decode("utf-8-sig")
