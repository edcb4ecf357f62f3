"""Finds wasmz's own modules with less of a search: a tenth of what the start of a small program takes.

    install(spec)       imports of wasmz.* take what was compiled already; all else is left to Python's own finder

Python's finder looks for packages, extension modules and sources by listing folders, and its loader composes and checks
names again and again. The names here are known: a module of wasmz is a source file in its package's only folder, with
compiled code where Python itself puts it. The finder stands directly before Python's own, and its loader is Python's
own but for one method. Whatever is not as expected (no compiled code, an older one, one with a hash) goes that
loader's way, which also compiles and writes; a package in an archive, or frozen, has no such finder.
"""

from __future__ import annotations

import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, PathFinder, SourceFileLoader, cache_from_source
from _imp import _fix_co_filename  # type: ignore[attr-defined]
from _io import open_code
from marshal import loads
from os import sep, stat, stat_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType
    from typing import Final

# What a file of compiled code begins with if the source's time and size follow.
_HEADER = MAGIC_NUMBER + bytes(4)
_HEADER_BYTES = 16

# By folder: what comes before and after a module's name in the path of its compiled code.
_places: dict[str, tuple[str, str]] = {}


class OwnLoader(SourceFileLoader):
    """Python's loader, with a short path to code that was compiled from the source as it is."""

    # Of the source, as found by the finder; for the first use only.
    _status: stat_result | None = None

    def __init__(self, name: str, path: str, cached: str, status: stat_result) -> None:
        super().__init__(name, path)
        self._cached = cached
        self._status = status

    def get_code(self, fullname: str) -> CodeType | None:
        """The module's code."""
        return self._compiled() or super().get_code(fullname)

    def _compiled(self) -> CodeType | None:
        try:
            status, self._status = self._status or stat(self.path), None
            with open_code(self._cached) as file:
                data = file.read()
        except OSError:
            return None
        # Times and sizes as Python's loader compares them.
        source = _low_bytes(int(status.st_mtime)) + _low_bytes(status.st_size)
        if data[:_HEADER_BYTES] != _HEADER + source:
            return None
        try:
            code = loads(memoryview(data)[_HEADER_BYTES:])
        except (EOFError, ValueError, TypeError):
            # Python's loader says what is wrong.
            return None
        if type(code) is not _CODE:
            return None
        _fix_co_filename(code, self.path)
        return code


def _low_bytes(number: int) -> bytes:
    return (number & 0xFFFFFFFF).to_bytes(4, "little")


_CODE: Final = type(_low_bytes.__code__)


class OwnModules:
    """The finder, for ``sys.meta_path``."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What to import for a module of wasmz; ``None`` for any other, or where it is not found."""
        # Names are in lower case: systems that do not tell cases apart would find others, too.
        if name[:6] != "wasmz." or path is None or len(path) != 1 or not name.islower():
            return None
        stem = name.rpartition(".")[2]
        folder = path[0]
        inner = None
        source = f"{folder}{sep}{stem}.py"
        try:
            status = stat(source)
        except OSError:
            folder = f"{folder}{sep}{stem}"
            inner = [folder]
            stem = "__init__"
            source = f"{folder}{sep}__init__.py"
            try:
                status = stat(source)
            except OSError:
                return None
        place = _places.get(folder)
        if place is None:
            before, _, after = cache_from_source(f"{folder}{sep}*.py").rpartition("*")
            place = _places[folder] = before, after
        cached = stem.join(place)
        spec = ModuleSpec(name, OwnLoader(name, source, cached, status), origin=source)
        spec.has_location = True
        spec.cached = cached
        spec.submodule_search_locations = inner
        return spec


def install(spec: ModuleSpec | None) -> None:
    """Has modules of wasmz found so, if its package, whose specification this is, was imported from files."""
    if spec is None or type(spec.loader) is not SourceFileLoader or PathFinder not in sys.meta_path:
        return
    if not any(getattr(finder, "__module__", None) == __name__ for finder in sys.meta_path):
        sys.meta_path.insert(sys.meta_path.index(PathFinder), OwnModules)
