"""Where the paths of a guest lead that has a current directory: to the directories that its WASI process has open.

place = Paths(process).find(AT_FDCWD, b"../data/a.txt")       -> an open directory, and the path in it

A path is made absolute and plain (``a/./../b`` is ``b``) before the directory is chosen whose name is the longest part
of its beginning. From there on, links are resolved by ``resolution.py``, which lets nothing lead out.
"""

from __future__ import annotations

import posixpath

from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.resolution import Directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.runtime.wasi.process import Process

# In place of a descriptor: the current directory.
AT_FDCWD: Final = -100


class Paths:
    """The current directory of a guest, and what its descriptors of directories are called.

    Attributes:
        current: the absolute path of the current directory.
    """

    def __init__(self, process: Process) -> None:
        self.current: bytes = b"/"
        self._process = process
        # By the number: what was opened by an absolute path. Another object may have the number by now.
        self._names: dict[int, tuple[object, bytes]] = {}

    def find(self, descriptor: int, path: bytes) -> tuple[Directory, bytes]:
        """The directory in which a path is to be resolved, and the path there.

        Failure: NOENT, no directory is given for it, or the path is empty; ILSEQ, BADF, NOTDIR.
        """
        if not path:
            raise Failure(Errno.NOENT)
        if 0 in path:
            raise Failure(Errno.INVAL)
        try:
            path.decode()
        except UnicodeDecodeError:
            raise Failure(Errno.ILSEQ) from None
        if not path.startswith(b"/") and descriptor != AT_FDCWD:
            entry = self._process.table[descriptor]
            if not isinstance(entry, Directory):
                raise Failure(Errno.NOTDIR)
            if not path.startswith(b".."):
                return entry, path
        return self._preopened(self.absolute(descriptor, path), path)

    def absolute(self, descriptor: int, path: bytes) -> bytes:
        """The plain absolute path of a path."""
        base = self.current if descriptor == AT_FDCWD else self.name_of(descriptor)
        plain = posixpath.normpath(posixpath.join(b"/", base, path))
        return b"/" + plain.lstrip(b"/")

    def note(self, descriptor: int, path: bytes) -> None:
        """Notes the absolute path of a directory that was opened."""
        self._names[descriptor] = self._process.table[descriptor], path

    def name_of(self, descriptor: int) -> bytes:
        """The absolute path of an open directory, as it was opened. ``Failure``: it is none."""
        entry = self._process.table[descriptor]
        if not isinstance(entry, Directory):
            raise Failure(Errno.NOTDIR)
        known, name = self._names.get(descriptor, (None, b""))
        if known is entry:
            return name
        if entry.preopen_name is None:
            raise Failure(Errno.NOENT)
        return self._plain_name(entry.preopen_name)

    def _preopened(self, absolute: bytes, path: bytes) -> tuple[Directory, bytes]:
        best: tuple[int, Directory] | None = None
        for entry in self._process.table.values():
            if isinstance(entry, Directory) and entry.preopen_name is not None:
                name = self._plain_name(entry.preopen_name).rstrip(b"/")
                if (absolute + b"/").startswith(name + b"/") and (best is None or len(name) > best[0]):
                    best = len(name), entry
        if best is None:
            raise Failure(Errno.NOENT)
        inside = absolute[best[0] :].strip(b"/") or b"."
        return best[1], inside + b"/" * path.endswith(b"/")

    @staticmethod
    def _plain_name(name: bytes) -> bytes:
        return b"/" + posixpath.normpath(b"/" + name).lstrip(b"/")
