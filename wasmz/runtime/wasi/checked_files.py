"""Files of hosts whose functions take no directory descriptors: Windows, and CPython in a browser.

    tree = CheckedTree("C:\\\\data")
    tree.open(tree.root, b"notes.txt", opening)     -> HostFile

Nodes are absolute paths. Every component is checked before it is entered; ``resolution`` expands links, not the system;
names with another meaning to the system are refused (a drive, a stream, a device). This cannot prevent another program
of the host from replacing a directory by a link between check and use: on such hosts, do not share a directory with
untrusted programs.
"""

from __future__ import annotations

import errno
import os
import stat as modes
import sys

from wasmz.runtime.wasi.host_files import HostDirectory, both_times, opened, stat_of, system_flags
from wasmz.runtime.wasi.resolution import Opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.runtime.wasi.descriptors import Descriptor, Stat

_IS_WINDOWS: Final = sys.platform == "win32"
_LONGEST_NAME: Final = 255
# Names that Windows takes for devices in every directory, with any suffix.
_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{name}{digit}" for name in ("com", "lpt") for digit in "0123456789\u00b9\u00b2\u00b3"]
)


def check_windows_name(name: str) -> None:
    """Refuses a component that Windows would not take as the plain name of an entry.

    Raises:
        OSError: with ENOENT, because no such entry can exist.
    """
    stem = name.partition(".")[0].rstrip(" ").lower()
    if stem in _DEVICES or name[-1] in " ." or any(c in '\\:*?"<>|' or c < " " for c in name):
        raise OSError(errno.ENOENT, f"{name!r} cannot be a file's name")


class CheckedTree:
    """A directory of the host and everything below it; nodes are paths.

    Attributes:
        root: the node of the directory itself.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """``OSError`` if the directory does not exist."""
        self.root: str = os.path.realpath(path, strict=True)
        if not modes.S_ISDIR(os.stat(self.root).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fspath(path))

    def enter(self, node: str, name: bytes) -> str:
        path = _path(node, name)
        found = os.lstat(path)
        if not modes.S_ISDIR(found.st_mode) or _leads_elsewhere(found):
            raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return path

    def leave(self, node: str) -> None:
        pass

    def read_link(self, node: str, name: bytes) -> bytes:
        target = os.readlink(_path(node, name))
        if _IS_WINDOWS:
            # Keeps an absolute target recognisable as such.
            is_absolute = os.path.splitdrive(target)[0] or target[:1] in ("\\", "/")
            target = f"{'/' if is_absolute else ''}{target}".replace("\\", "/")
        return os.fsencode(target)

    def stat(self, node: str, name: bytes) -> Stat:
        return stat_of(os.lstat(_path(node, name)))

    def open(self, node: str, name: bytes, opening: Opening) -> Descriptor:
        path = _path(node, name)
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            if not opening.create:
                raise
        else:
            if opening.create and opening.exclusive:
                raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
            if _leads_elsewhere(found):
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            if modes.S_ISDIR(found.st_mode):
                # Windows opens no directories; their paths stand for them.
                if opening.can_write:
                    raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
                return HostDirectory(self, path, is_read_only=opening.is_read_only)
            if opening.must_be_directory:
                raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return opened(self, path, os.open(path, system_flags(opening), 0o666), opening)

    def make_directory(self, node: str, name: bytes) -> None:
        os.mkdir(_path(node, name))

    def remove_directory(self, node: str, name: bytes) -> None:
        if name == b".":
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        os.rmdir(_path(node, name))

    def unlink(self, node: str, name: bytes) -> None:
        path = _path(node, name)
        if modes.S_ISDIR(os.lstat(path).st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        os.unlink(path)

    def rename(self, node: str, name: bytes, to_node: str, to_name: bytes) -> None:
        os.replace(_path(node, name), _path(to_node, to_name))

    def link(self, node: str, name: bytes, to_node: str, to_name: bytes) -> None:
        path, to_path = _path(node, name), _path(to_node, to_name)
        if not hasattr(os, "link"):
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        if os.link in os.supports_follow_symlinks:
            os.link(path, to_path, follow_symlinks=False)
        else:
            os.link(path, to_path)

    def symlink(self, target: bytes, node: str, name: bytes) -> None:
        text = os.fsdecode(target)
        if _IS_WINDOWS:
            for component in filter(None, text.split("/")):
                if component not in (".", ".."):
                    check_windows_name(component)
            text = text.replace("/", "\\")
        os.symlink(text, _path(node, name))

    def set_times(self, node: str, name: bytes, accessed: int | None, modified: int | None) -> None:
        path = _path(node, name)
        found = os.lstat(path)
        times = both_times(accessed, modified, found)
        if os.utime in os.supports_follow_symlinks:
            os.utime(path, ns=times, follow_symlinks=False)
        elif modes.S_ISLNK(found.st_mode):
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        else:
            os.utime(path, ns=times)


def _leads_elsewhere(found: os.stat_result) -> bool:
    """Whether it is one of Windows' junctions and mount points, which act as symbolic links but are not such."""
    tag: int | None = getattr(found, "st_reparse_tag", None)
    return modes.S_ISLNK(found.st_mode) or bool(tag)


def _path(node: str, name: bytes) -> str:
    if name == b".":
        return node
    if len(name) > _LONGEST_NAME:
        # Not every system reports this itself.
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    text = os.fsdecode(name)
    if _IS_WINDOWS:
        check_windows_name(text)
    return os.path.join(node, text)


def open_directory(path: str | os.PathLike[str], *, is_read_only: bool) -> HostDirectory:
    """A preopened directory of the host, identified by its path.

    Raises:
        OSError: it cannot be opened.
    """
    tree = CheckedTree(path)
    return HostDirectory(tree, tree.root, is_read_only=is_read_only)
