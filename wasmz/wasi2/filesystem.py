"""``wasi:filesystem``: descriptors of files and directories, over the same sandbox as preview 1's functions.

Files(guest).get_directories()                                              -> [(a Descriptor, "/")]
directory.open_at((), "notes.txt", ("create",), ("read", "write"))          -> a Descriptor
"""

from __future__ import annotations

from wasmz.runtime.wasi import descriptors
from wasmz.runtime.wasi.descriptors import MAX_OFFSET, Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FdFlags, FileType, Rights
from wasmz.runtime.wasi.resolution import Directory
from wasmz.startup.concurrency import load
from wasmz.wasi2.clocks import datetime_of
from wasmz.wasi2.errors import file_code, file_errors
from wasmz.wasi2.guest import MOST_BYTES, Resource, Slot, field_of, has_flag, label_of, payload_of
from wasmz.wasi2.streams import (
    DescriptorSink,
    DescriptorSource,
    FileSink,
    FileSource,
    InputStream,
    IoError,
    OutputStream,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

    from wasmz.runtime.wasi.descriptors import Stat
    from wasmz.wasi2.guest import Guest
    from wasmz.wasi2.streams import Sink, Source

TYPES: Final = (
    *("unknown", "block-device", "character-device", "directory"),
    *("regular-file", "socket", "socket", "symbolic-link"),
)
_ADVICE: Final = ("normal", "sequential", "random", "will-need", "dont-need", "no-reuse")
_SYNC_FLAGS: Final = (
    ("file-integrity-sync", FdFlags.SYNC),
    ("data-integrity-sync", FdFlags.DSYNC),
    ("requested-write-sync", FdFlags.RSYNC),
)
_SECOND: Final = 1_000_000_000
# What the host holds for an entry of a directory besides its name, about.
_ENTRY_BYTES: Final = 160


# What is open in a descriptor that is closed: all its methods refuse.
_NOTHING: Final = descriptors.Descriptor()


class Files:
    """Functions of ``preopens`` and ``types`` that belong to no resource."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    def get_directories(self) -> list[tuple[Descriptor, str]]:
        """The directories that the guest was given, with their names."""
        found = []
        for entry in self._guest.process.table.values():
            if entry.preopen_name is not None:
                found.append((Descriptor(self._guest, entry, None), entry.preopen_name.decode(errors="replace")))
        return found

    def filesystem_error_code(self, error: IoError) -> str | None:
        """What went wrong with a stream, if that was a file."""
        return None if error.code is not None else file_code(error.number)


class Descriptor(Resource):
    """The resource ``descriptor``: an open file or directory."""

    def __init__(self, guest: Guest, entry: descriptors.Descriptor, slot: Slot | None) -> None:
        """``slot`` is its place in the table of the guest's process, if that is free after this and its streams."""
        super().__init__(guest)
        self.entry: descriptors.Descriptor = entry
        self.slot: Slot | None = slot

    def close(self) -> None:
        self.entry, self.slot = _NOTHING, None
        super().close()

    # Files

    @file_errors
    def read_via_stream(self, offset: int) -> InputStream:
        """A stream of what is in the file from a position on."""
        entry = self._data()
        if not entry.rights[0] & Rights.FD_READ:
            raise Failure(Errno.BADF)
        return InputStream(self.guest, self.source_of(entry, _offset(offset)))

    def source_of(self, entry: descriptors.Descriptor, offset: int) -> Source:
        """What a stream of the contents is over."""
        is_file = entry.file_type == FileType.REGULAR_FILE
        source = FileSource(entry, offset) if is_file else DescriptorSource(entry)
        source.slot = self.slot
        return source

    @file_errors
    def write_via_stream(self, offset: int) -> OutputStream:
        """A stream that writes to the file from a position on."""
        return self._output(_offset(offset))

    @file_errors
    def append_via_stream(self) -> OutputStream:
        """A stream that writes to the file's end."""
        return self._output(None)

    def _output(self, offset: int | None) -> OutputStream:
        entry = self._data()
        if not entry.rights[0] & Rights.FD_WRITE:
            raise Failure(Errno.BADF)
        return OutputStream(self.guest, self.sink_of(entry, offset))

    def sink_of(self, entry: descriptors.Descriptor, offset: int | None) -> Sink:
        """What a stream into the file is over."""
        is_file = entry.file_type == FileType.REGULAR_FILE
        sink = FileSink(entry, offset) if is_file else DescriptorSink(entry)
        sink.slot = self.slot
        return sink

    @file_errors
    def read(self, size: int, offset: int) -> tuple[bytearray, bool]:
        """Up to so many bytes at a position, and whether that was the end."""
        entry = self._data()
        target = bytearray(min(size, MOST_BYTES))
        with memoryview(target) as view:
            count = entry.read_at([view] if target else [], _offset(offset))
        del target[count:]
        return target, not count and bool(size)

    @file_errors
    def write(self, content: bytes, offset: int) -> int:
        """Writes at a position; how many bytes."""
        with memoryview(content) as view:
            return self._data().write_at([view] if content else [], _offset(offset))

    @file_errors
    def set_size(self, size: int) -> None:
        """Cuts the file, or extends it with zeros."""
        self._data().set_size(size)

    @file_errors
    def advise(self, offset: int, size: int, advice: Any) -> None:
        """Says how the file will be used."""
        self._data().advise(_offset(offset), _offset(size), _ADVICE.index(label_of(advice)))

    def _data(self) -> descriptors.Descriptor:
        """The entry, if it has bytes."""
        if isinstance(self.entry, Directory):
            raise Failure(Errno.ISDIR)
        return self.entry

    # Both

    @file_errors
    def sync(self) -> None:
        """Waits until everything is on the disk."""
        self.entry.sync(data_only=False)

    @file_errors
    def sync_data(self) -> None:
        """The same of what is in the file."""
        self.entry.sync(data_only=True)

    @file_errors
    def get_flags(self) -> list[str]:
        """What it is good for."""
        entry = self.entry
        found = [label for label, flag in _SYNC_FLAGS if entry.flags & flag]
        if isinstance(entry, Directory):
            return [*found, "read"] if entry.is_read_only else [*found, "read", "mutate-directory"]
        rights = entry.rights[0]
        found += ["read"] if rights & Rights.FD_READ else []
        return [*found, "write"] if rights & Rights.FD_WRITE else found

    @file_errors
    def get_type(self) -> str:
        """What kind of thing it is."""
        return TYPES[self.entry.file_type]

    def stat(self) -> dict[str, Any]:
        """Its attributes."""
        return _stat_record(self.stat_values())

    @file_errors
    def stat_values(self) -> Stat:
        """The same, as preview 1 has them."""
        return self.entry.stat()

    @file_errors
    def set_times(self, accessed: Any, modified: Any) -> None:
        """Sets timestamps."""
        self.entry.set_times(self._time(accessed), self._time(modified))

    def _time(self, wanted: Any) -> int | None:
        label = label_of(wanted)
        if label == "timestamp":
            date = payload_of(wanted)
            time: int = field_of(date, "seconds") * _SECOND + field_of(date, "nanoseconds")
            if time > MAX_OFFSET:
                # Past the year 2262: no system's clock.
                raise Failure(Errno.INVAL)
            return time
        return self.guest.process.clocks[0]() if label == "now" else None

    def is_same_object(self, other: Descriptor) -> bool:
        """Whether another one is open for the same file or directory."""
        if self.entry is other.entry:
            return True
        try:
            device, inode, *_ = self.entry.stat()
            return bool(inode) and (device, inode) == other.entry.stat()[:2] and self._tree() is other._tree()
        except (Failure, OSError):
            return False

    def _tree(self) -> object:
        """Which file system it belongs to, as far as inodes do not say: those in memory are apart."""
        node = getattr(self.entry, "_file", None) or getattr(self.entry, "node", None)
        return getattr(node, "system", None)

    @file_errors
    def metadata_hash(self) -> dict[str, int]:
        """A number that tells it from other files."""
        return _hash_record(self.entry.stat())

    # Directories

    @file_errors
    def read_directory(self) -> DirectoryEntryStream:
        """A stream of what is in the directory."""
        return DirectoryEntryStream(self.guest, self._directory())

    @file_errors
    def open_at(self, path_flags: Any, path: str, open_flags: Any, flags: Any) -> Descriptor:
        """Opens, perhaps makes, a file; or opens a directory."""
        can_write = has_flag(flags, "write")
        can_read = has_flag(flags, "read") or not can_write
        return self.open(path_flags, path, open_flags, flags, can_read=can_read, can_write=can_write)

    def open(
        self, path_flags: Any, path: str, open_flags: Any, flags: Any, *, can_read: bool, can_write: bool
    ) -> Descriptor:
        """The same, with what the flags mean for a file: another descriptor of this class."""
        load("wasmz.runtime.wasi.path_operations")
        from wasmz.runtime.wasi.path_operations import open_path

        directory = self._directory()
        if has_flag(flags, "mutate-directory") and directory.is_read_only:
            raise Failure(Errno.PERM)
        opened = open_path(
            directory,
            _encoded(path),
            follow=_follows(path_flags),
            can_read=can_read,
            can_write=can_write,
            create=has_flag(open_flags, "create"),
            exclusive=has_flag(open_flags, "exclusive"),
            truncate=has_flag(open_flags, "truncate"),
            must_be_directory=has_flag(open_flags, "directory"),
            flags=sum([flag for label, flag in _SYNC_FLAGS if has_flag(flags, label)]),
        )
        return type(self)(self.guest, opened, Slot(self.guest, opened))

    def stat_at(self, path_flags: Any, path: str) -> dict[str, Any]:
        """The attributes of what a path leads to."""
        return _stat_record(self.stat_values_at(path_flags, path))

    @file_errors
    def stat_values_at(self, path_flags: Any, path: str) -> Stat:
        """The same, as preview 1 has them."""
        return self._stat(path_flags, path)

    @file_errors
    def metadata_hash_at(self, path_flags: Any, path: str) -> dict[str, int]:
        """A number that tells what a path leads to from other files."""
        return _hash_record(self._stat(path_flags, path))

    def _stat(self, path_flags: Any, path: str) -> Stat:
        load("wasmz.runtime.wasi.path_operations")
        from wasmz.runtime.wasi.path_operations import stat_path

        return stat_path(self._directory(), _encoded(path), follow=_follows(path_flags))

    @file_errors
    def set_times_at(self, path_flags: Any, path: str, accessed: Any, modified: Any) -> None:
        """Sets timestamps of what a path leads to."""
        load("wasmz.runtime.wasi.path_operations")
        from wasmz.runtime.wasi.path_operations import set_path_times

        times = self._time(accessed), self._time(modified)
        set_path_times(self._directory(), _encoded(path), *times, follow=_follows(path_flags))

    @file_errors
    def create_directory_at(self, path: str) -> None:
        """Makes a directory."""
        load("wasmz.runtime.wasi.path_operations")
        from wasmz.runtime.wasi.path_operations import make_directory

        make_directory(self._directory(), _encoded(path))

    @file_errors
    def remove_directory_at(self, path: str) -> None:
        """Removes a directory that is empty."""
        load("wasmz.runtime.wasi.path_operations")
        from wasmz.runtime.wasi.path_operations import remove_directory

        remove_directory(self._directory(), _encoded(path))

    @file_errors
    def unlink_file_at(self, path: str) -> None:
        """Removes a name of anything but a directory."""
        load("wasmz.runtime.wasi.path_operations")
        from wasmz.runtime.wasi.path_operations import unlink_file

        unlink_file(self._directory(), _encoded(path))

    @file_errors
    def rename_at(self, path: str, target: Descriptor, to_path: str) -> None:
        """Moves, and replaces what is there."""
        load("wasmz.runtime.wasi.path_operations")
        from wasmz.runtime.wasi.path_operations import rename_path

        rename_path(self._directory(), _encoded(path), target._directory(), _encoded(to_path))

    @file_errors
    def link_at(self, path_flags: Any, path: str, target: Descriptor, to_path: str) -> None:
        """Gives a file another name."""
        load("wasmz.runtime.wasi.path_operations")
        from wasmz.runtime.wasi.path_operations import link_path

        if _follows(path_flags):
            # As in preview 1: hard links of what a symbolic link leads to cannot be made.
            raise Failure(Errno.INVAL)
        link_path(self._directory(), _encoded(path), target._directory(), _encoded(to_path))

    @file_errors
    def symlink_at(self, target: str, path: str) -> None:
        """Makes a symbolic link."""
        load("wasmz.runtime.wasi.path_operations")
        from wasmz.runtime.wasi.path_operations import symlink_path

        symlink_path(self._directory(), _encoded(target), _encoded(path))

    @file_errors
    def readlink_at(self, path: str) -> str:
        """Where a symbolic link leads."""
        load("wasmz.runtime.wasi.path_operations")
        from wasmz.runtime.wasi.path_operations import read_link_path

        try:
            return read_link_path(self._directory(), _encoded(path)).decode()
        except UnicodeDecodeError:
            raise Failure(Errno.ILSEQ) from None

    def _directory(self) -> Directory:
        if not isinstance(self.entry, Directory):
            raise Failure(Errno.NOTDIR)
        return self.entry


class DirectoryEntryStream(Resource):
    """The resource ``directory-entry-stream``: what was in a directory when it was made."""

    def __init__(self, guest: Guest, directory: Directory) -> None:
        super().__init__(guest)
        self._entries: Iterator[tuple[int, bytes]] = iter(())
        found: list[tuple[int, bytes]] = []
        try:
            for _, file_type, name in directory.entries():
                self.count(_ENTRY_BYTES + len(name))
                found.append((file_type, name))
        except BaseException:
            super().close()
            raise
        self._entries = iter(found)

    @file_errors
    def read_directory_entry(self) -> dict[str, str] | None:
        """The next entry; ``None`` after the last."""
        for file_type, name in self._entries:
            return {"type": TYPES[file_type], "name": name.decode(errors="replace")}
        return None

    def close(self) -> None:
        self._entries = iter(())
        super().close()


def _offset(offset: int) -> int:
    if offset > MAX_OFFSET:
        # No file is so long.
        raise Failure(Errno.INVAL)
    return offset


def _encoded(path: str) -> bytes:
    if "\0" in path:
        raise Failure(Errno.INVAL)
    return path.encode()


def _follows(path_flags: Any) -> bool:
    return has_flag(path_flags, "symlink-follow")


def _stat_record(stat: Stat) -> dict[str, Any]:
    _, _, file_type, links, size, accessed, modified, changed = stat
    return {
        "type": TYPES[file_type],
        "link-count": max(links, 0),
        "size": max(size, 0),
        "data-access-timestamp": datetime_of(accessed),
        "data-modification-timestamp": datetime_of(modified),
        "status-change-timestamp": datetime_of(changed),
    }


def _hash_record(stat: Stat) -> dict[str, int]:
    """Of device and inode, which do not show in it."""
    load("hashlib")
    from hashlib import blake2b

    digest = blake2b(f"{stat[0]} {stat[1]}".encode(), digest_size=16).digest()
    return {"lower": int.from_bytes(digest[:8], "little"), "upper": int.from_bytes(digest[8:], "little")}
