"""A file system in memory, for tests and sandboxes: a guest uses it like a directory of the host.

    files = MemoryFileSystem({"in.txt": b"some text", "lib/a.py": b""})
    WasiConfig().preopen_dir(files, "/")
    files.read("out.txt")                   -> what the guest wrote

It behaves as a POSIX file system: hard and symbolic links, open files that were removed, timestamps.
"""

from __future__ import annotations

import errno
import time

from wasmz.errors import bounded, expect, shown
from wasmz.runtime.wasi.descriptors import MAX_OFFSET, Descriptor, Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FdFlags, FileType, Rights, directory_rights
from wasmz.runtime.wasi.memory_nodes import (
    File,
    Folder,
    Link,
    Space,
    check_name,
    entry_bytes,
    expect_file,
    expect_folder,
    system_error,
)
from wasmz.runtime.wasi.resolution import Directory, Opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import RLock as _Lock
    from collections.abc import Callable, Iterator, Mapping
    from typing import Final

    from wasmz.runtime.wasi.descriptors import Stat

_LONGEST_TARGET: Final = 4096


class MemoryFileSystem(Space):
    """Files in memory. Several guests may use them, also at the same time.

    Attributes:
        now: a callable that returns timestamps, in nanoseconds.
    """

    def __init__(
        self,
        files: Mapping[str, bytes | str] | None = None,
        *,
        limit_bytes: int = 1 << 30,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        """Makes a file system with the given files, and the directories on their paths.

        Args:
            files: their contents, by path; text is encoded as UTF-8.
            limit_bytes: the most bytes that the content of all files may have, plus some hundred bytes for each file.
                Beyond it, a guest gets "no space left"; likewise beyond ``Config.mem_limit_bytes`` of its store, where
                bytes count that are added while the guest has the files.
        """
        if not (files is None or hasattr(type(files), "items")):
            raise TypeError(f"files must be a mapping of paths, not {bounded(repr(files))}")
        if not callable(now):
            raise TypeError(f"now must be callable, not {bounded(repr(now))}")
        super().__init__(limit_bytes, now)
        self._root = Folder(self, None)
        for path, content in (files or {}).items():
            self.write(path, content)

    # For Python. Paths are relative to the root; components are separated by slashes, and one may come first.

    def write(self, path: str, content: bytes | str) -> None:
        """Writes a file, and makes the directories on its path. ``OSError`` as for the host's files."""
        expect(content, (str, bytes, bytearray, memoryview), "content", "a string or bytes")
        folder, name = self._walk(path, make=True)
        with self._lock:
            node = folder.entries.get(name)
            if node is None:
                node = File(self)
                folder.put(name, node)
            data = content.encode() if isinstance(content, str) else content
            file = expect_file(node)
            file.resize(0)
            file.write([memoryview(data).cast("B")], 0)

    def read(self, path: str) -> bytes:
        """The content of a file. ``OSError`` as for the host's files."""
        folder, name = self._walk(path)
        return bytes(expect_file(folder.find(name)).content)

    def make_directories(self, path: str) -> None:
        """Makes a directory and its parents, unless they exist."""
        expect(path, str, "path", "a string")
        self._walk(f"{path}/.", make=True)

    def paths(self) -> list[str]:
        """All paths, sorted; those of directories end with a slash."""
        found: list[str] = []
        todo: list[tuple[str, Folder]] = [("", self._root)]
        while todo:
            prefix, folder = todo.pop()
            for name, node in list(folder.entries.items()):
                path = prefix + name.decode("utf-8", "surrogateescape")
                if isinstance(node, Folder):
                    path += "/"
                    todo.append((path, node))
                found.append(path)
        return sorted(found)

    @shown
    def __repr__(self) -> str:
        entries = list(self._root.entries.items())
        names = [f"{name.decode(errors='replace')}{'/' * isinstance(node, Folder)}" for name, node in entries[:8]]
        return f"<MemoryFileSystem with {bounded(', '.join(names)) or 'nothing'}{', ...' * (len(entries) > 8)}>"

    def _walk(self, path: str, *, make: bool = False) -> tuple[Folder, bytes]:
        """The directory of a path's last component, and that component. Links are not followed."""
        expect(path, str, "path", "a string")
        *before, last = [part for part in path.encode("utf-8", "surrogateescape").split(b"/") if part] or [b"."]
        if b".." in (*before, last):
            raise ValueError(f"{path!r} is not a plain path")
        if last == b".":
            before, last = [part for part in before if part != b"."], b"."
        with self._lock:
            folder = self._root
            for name in before:
                if make and name not in folder.entries:
                    folder.put(name, Folder(self, folder))
                folder = expect_folder(folder.find(name))
        return folder, last

    # For preopening

    def open_directory(self, *, is_read_only: bool) -> Directory:
        """A descriptor for the root."""
        return MemoryDirectory(self, self._root, is_read_only=is_read_only)

    # What resolution.Tree asks for

    def enter(self, node: Folder, name: bytes) -> Folder:
        """For the runtime (``resolution.Tree``). A directory in another one."""
        return expect_folder(node.find(name))

    def leave(self, node: Folder) -> None:
        """For the runtime (``resolution.Tree``). Releases a directory: nothing to do."""

    def read_link(self, node: Folder, name: bytes) -> bytes:
        """For the runtime (``resolution.Tree``). The target of a symbolic link."""
        found = node.find(name)
        if not isinstance(found, Link):
            raise system_error(errno.EINVAL)
        return found.target

    def stat(self, node: Folder, name: bytes) -> Stat:
        """For the runtime (``resolution.Tree``). The attributes of an entry; links are not followed."""
        return node.find(name).stat()

    def open(self, node: Folder, name: bytes, opening: Opening) -> Descriptor:
        """For the runtime (``resolution.Tree``). Opens an entry, and creates it if ``opening`` says so."""
        with self._lock:
            try:
                found = node.find(name)
                if opening.create and opening.exclusive:
                    raise system_error(errno.EEXIST)
            except FileNotFoundError:
                if not opening.create:
                    raise
                found = File(self)
                node.put(name, found)
            if isinstance(found, Link):
                raise system_error(errno.ELOOP)
            if isinstance(found, Folder):
                if opening.can_write:
                    raise system_error(errno.EISDIR)
                return MemoryDirectory(self, found, is_read_only=opening.is_read_only)
            if opening.must_be_directory:
                raise system_error(errno.ENOTDIR)
            file = expect_file(found)
            if opening.truncate:
                file.resize(0)
            return MemoryFile(file, opening, self._lock)

    def make_directory(self, node: Folder, name: bytes) -> None:
        """For the runtime (``resolution.Tree``). Makes an empty directory."""
        with self._lock:
            node.put(name, Folder(self, node))

    def remove_directory(self, node: Folder, name: bytes) -> None:
        """For the runtime (``resolution.Tree``). Removes an empty directory."""
        with self._lock:
            if name == b".":
                raise system_error(errno.EINVAL)
            found = expect_folder(node.find(name))
            if found.entries:
                raise system_error(errno.ENOTEMPTY)
            node.drop(name)
            found.is_removed, found.parent = True, None

    def unlink(self, node: Folder, name: bytes) -> None:
        """For the runtime (``resolution.Tree``). Removes an entry that is not a directory."""
        with self._lock:
            if isinstance(node.find(name), Folder):
                raise system_error(errno.EISDIR)
            node.drop(name)

    def rename(self, node: Folder, name: bytes, to_node: Folder, to_name: bytes) -> None:
        """For the runtime (``resolution.Tree``). Moves an entry, and replaces one at the new name."""
        with self._lock:
            moved = node.find(name)
            check_name(to_name)
            replaced = to_node.entries.get(to_name)
            if isinstance(moved, Folder):
                above: Folder | None = to_node
                while above is not None:
                    if above is moved:
                        raise system_error(errno.EINVAL)
                    above = above.parent
            if replaced is moved:
                return
            if replaced is not None:
                if isinstance(moved, Folder):
                    if expect_folder(replaced).entries:
                        raise system_error(errno.ENOTEMPTY)
                elif isinstance(replaced, Folder):
                    raise system_error(errno.EISDIR)
            elif to_node.is_removed:
                raise system_error(errno.ENOENT)
            # There must be room for the new name before the old one is gone.
            self.take(entry_bytes(to_name))
            if replaced is not None:
                to_node.drop(to_name)
                if isinstance(replaced, Folder):
                    replaced.is_removed, replaced.parent = True, None
            node.drop(name)
            moved.links += 1
            to_node.entries[to_name] = moved
            to_node.modified = to_node.changed = self.now()
            if isinstance(moved, Folder):
                moved.parent = to_node

    def link(self, node: Folder, name: bytes, to_node: Folder, to_name: bytes) -> None:
        """For the runtime (``resolution.Tree``). Gives a file or symbolic link another name."""
        with self._lock:
            found = node.find(name)
            if isinstance(found, Folder):
                raise system_error(errno.EPERM)
            to_node.put(to_name, found)
            found.links += 1
            found.changed = self.now()

    def symlink(self, target: bytes, node: Folder, name: bytes) -> None:
        """For the runtime (``resolution.Tree``). Makes a symbolic link."""
        if len(target) >= _LONGEST_TARGET:
            raise system_error(errno.ENAMETOOLONG)
        with self._lock:
            node.put(name, Link(self, target))

    def set_times(self, node: Folder, name: bytes, accessed: int | None, modified: int | None) -> None:
        """For the runtime (``resolution.Tree``). Sets timestamps in nanoseconds; ``None`` leaves one unchanged."""
        node.find(name).set_times(accessed, modified)


class MemoryFile(Descriptor):
    """An open file."""

    file_type = FileType.REGULAR_FILE

    def __init__(self, file: File, opening: Opening, lock: _Lock) -> None:
        self._file = file
        self._position = 0
        self._lock = lock
        self._can_read = opening.can_read
        self._can_write = opening.can_write
        self._is_read_only = opening.is_read_only
        self.flags: int = opening.flags

    @property
    def rights(self) -> tuple[int, int]:
        rights = Rights.FILE
        if not self._can_read:
            rights &= ~Rights.FD_READ
        if not self._can_write:
            rights &= ~Rights.FD_WRITE
        return rights, rights

    def read(self, targets: list[memoryview]) -> int:
        with self._lock:
            total = self.read_at(targets, self._position)
            self._position += total
        return total

    def write(self, sources: list[memoryview]) -> int:
        with self._lock:
            if self.flags & FdFlags.APPEND:
                self._position = len(self._file.content)
            total = self.write_at(sources, self._position)
            self._position += total
        return total

    def read_at(self, targets: list[memoryview], offset: int) -> int:
        if not self._can_read:
            raise Failure(Errno.BADF)
        with self._lock:
            return self._file.read(targets, offset)

    def write_at(self, sources: list[memoryview], offset: int) -> int:
        if not self._can_write:
            raise Failure(Errno.BADF)
        with self._lock:
            if self.flags & FdFlags.APPEND:
                # Ignores the offset, as Linux does.
                offset = len(self._file.content)
            return self._file.write(sources, offset) if sources else 0

    def seek(self, offset: int, whence: int) -> int:
        with self._lock:
            base = (0, self._position, len(self._file.content))[whence]
            if not 0 <= base + offset <= MAX_OFFSET:
                raise Failure(Errno.INVAL)
            self._position = base + offset
            return self._position

    def stat(self) -> Stat:
        return self._file.stat()

    def set_size(self, size: int) -> None:
        if not self._can_write:
            raise Failure(Errno.BADF)
        if size > MAX_OFFSET:
            raise Failure(Errno.INVAL)
        with self._lock:
            self._file.resize(size)

    def allocate(self, offset: int, size: int) -> None:
        if not self._can_write:
            raise Failure(Errno.BADF)
        if not size:
            raise Failure(Errno.INVAL)
        with self._lock:
            if offset + size > len(self._file.content):
                self._file.resize(offset + size)

    def advise(self, offset: int, size: int, advice: int) -> None:
        pass

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        if self._is_read_only:
            raise Failure(Errno.PERM)
        self._file.set_times(accessed, modified)

    def set_flags(self, flags: int) -> None:
        self.flags = flags

    def sync(self, *, data_only: bool) -> None:
        pass

    def pending_bytes(self) -> int:
        return max(0, len(self._file.content) - self._position)


class MemoryDirectory(Directory):
    """An open directory."""

    file_type = FileType.DIRECTORY

    def __init__(self, tree: MemoryFileSystem, node: Folder, *, is_read_only: bool) -> None:
        self.tree: MemoryFileSystem = tree
        self.node: Folder = node
        self.is_read_only = is_read_only

    @property
    def rights(self) -> tuple[int, int]:
        return directory_rights(self.is_read_only)

    def stat(self) -> Stat:
        return self.node.stat()

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        if self.is_read_only:
            raise Failure(Errno.PERM)
        self.node.set_times(accessed, modified)

    def sync(self, *, data_only: bool) -> None:
        pass

    def entries(self) -> Iterator[tuple[int, int, bytes]]:
        return iter([(node.inode, node.file_type, name) for name, node in list(self.node.entries.items())])
