"""``wasi:filesystem`` 0.3: descriptors as in 0.2, whose contents come and go by streams with futures.

Files(guest).get_directories()                              -> [(a Descriptor, "/")]
file.read_via_stream(0)                                     -> a stream of bytes, and a future of how it ends
"""

from __future__ import annotations

from wasmz.errors import ComponentError, MemoryLimit
from wasmz.runtime.wasi.descriptors import MAX_OFFSET, Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import Rights
from wasmz.runtime.wasi.resolution import Directory
from wasmz.wasi2 import filesystem
from wasmz.wasi2.errors import file_code, file_errors, number_of
from wasmz.wasi2.guest import field_of, has_flag, label_of, payload_of
from wasmz.wasi3.clocks import instant_of
from wasmz.wasi3.transfers import OK, Ending, failure_of, in_thread, incoming, outgoing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.wasi.descriptors import Stat
    from wasmz.wasi2.guest import Guest
    from wasmz.wasi2.streams import Sink, Source

_SECOND: Final = 1_000_000_000


class Files:
    """The function of ``preopens``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    def get_directories(self) -> list[tuple[Descriptor, str]]:
        """The directories that the guest was given, with their names."""
        return [
            (Descriptor(self._guest, entry, None), entry.preopen_name.decode(errors="replace"))
            for entry in self._guest.process.table.values()
            if entry.preopen_name is not None
        ]


class Descriptor(filesystem.Descriptor):
    """The resource ``descriptor``: an open file or directory.

    Attributes:
        may_mutate: whether it says, of a directory, that what is in it may be changed.
    """

    may_mutate: bool = True

    # Files

    def read_via_stream(self, offset: int) -> tuple[Any, Ending]:
        """A stream of what is in the file from a position on, and how it ends."""

        def open_source() -> Source:
            entry = self._data()
            if not entry.rights[0] & Rights.FD_READ:
                raise Failure(Errno.BADF)
            return self.source_of(entry, _offset(offset))

        return incoming(self.guest, open_source, file_code)

    def write_via_stream(self, data: Any, offset: int) -> Ending:
        """Writes a stream to the file from a position on; how that ends."""
        return self._write(data, offset)

    def append_via_stream(self, data: Any) -> Ending:
        """Writes a stream to the file's end; how that ends."""
        return self._write(data, None)

    def _write(self, data: Any, offset: int | None) -> Ending:
        def open_sink() -> Sink:
            entry = self._data()
            if not entry.rights[0] & Rights.FD_WRITE:
                raise Failure(Errno.BADF)
            return self.sink_of(entry, None if offset is None else _offset(offset))

        return outgoing(self.guest, data, open_sink, file_code)

    def advise(self, offset: int, size: int, advice: Any) -> None:
        """Says how the file will be used."""
        if isinstance(self.entry, Directory):
            raise ComponentError("bad-descriptor")
        super().advise(offset, size, advice)

    # Both

    async def sync(self) -> None:
        """Waits until everything is on the disk."""
        await self._sync(data_only=False)

    async def sync_data(self) -> None:
        """The same of what is in the file."""
        await self._sync(data_only=True)

    async def _sync(self, *, data_only: bool) -> None:
        entry = self.entry
        try:
            await in_thread(self.guest, lambda: entry.sync(data_only=data_only), "wasmz sync")
        except (Failure, OSError) as error:
            raise ComponentError(file_code(number_of(error))) from None

    def get_flags(self) -> list[str]:
        """What it is good for."""
        found: list[str] = super().get_flags()
        return found if self.may_mutate else [label for label in found if label != "mutate-directory"]

    def get_type(self) -> Any:
        """What kind of thing it is."""
        return _type_value(super().get_type())

    def stat(self) -> dict[str, Any]:
        """Its attributes."""
        return self._record(super().stat_values())

    def stat_at(self, path_flags: Any, path: str) -> dict[str, Any]:
        """The attributes of what a path leads to."""
        return self._record(super().stat_values_at(path_flags, path))

    def _record(self, stat: Stat) -> dict[str, Any]:
        _, _, file_type, links, size, accessed, modified, changed = stat
        return {
            "type": _type_value(filesystem.TYPES[file_type]),
            "link-count": max(links, 0),
            "size": max(size, 0),
            "data-access-timestamp": instant_of(accessed),
            "data-modification-timestamp": instant_of(modified),
            "status-change-timestamp": instant_of(changed),
        }

    def _time(self, wanted: Any) -> int | None:
        label = label_of(wanted)
        if label == "timestamp":
            instant = payload_of(wanted)
            time: int = field_of(instant, "seconds") * _SECOND + field_of(instant, "nanoseconds")
            if not 0 <= time <= MAX_OFFSET:
                # What lies before 1970 or past 2262 has no place in preview 1's attributes.
                raise Failure(Errno.INVAL)
            return time
        return self.guest.process.clocks[0]() if label == "now" else None

    # Directories

    def read_directory(self) -> tuple[Any, Ending]:
        """A stream of what is in the directory, and how it ends."""
        try:
            made = DirectoryEntries(self.guest, self._directory())
        except (Failure, OSError, MemoryError, MemoryLimit) as error:
            ended = Ending()
            ended.settle(failure_of(error, file_code))
            return (), ended
        return made, made.ended

    @file_errors
    def open_at(self, path_flags: Any, path: str, open_flags: Any, flags: Any) -> Descriptor:
        """Opens, perhaps makes, a file; or opens a directory. What makes a file can also write to it."""
        asks_to_write = has_flag(flags, "write")
        made = self.open(
            path_flags,
            path,
            open_flags,
            flags,
            can_read=has_flag(flags, "read") or not asks_to_write,
            can_write=asks_to_write or has_flag(open_flags, "create"),
        )
        if not isinstance(made, Descriptor):
            raise SystemError("a descriptor opens those of its own class")
        made.may_mutate = has_flag(flags, "mutate-directory")
        return made


class DirectoryEntries(filesystem.DirectoryEntryStream):
    """The stream of what was in a directory when it was made."""

    __wasmz_end__ = True

    def __init__(self, guest: Guest, directory: Directory) -> None:
        super().__init__(guest, directory)
        self.ended: Ending = Ending()

    def fetch(self, count: int) -> list[dict[str, Any]] | None:
        """Up to so many entries; ``None`` at the end."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            entry = self.read_directory_entry()
            if entry is None:
                break
            found.append({"type": _type_value(entry["type"]), "name": entry["name"]})
        if not found:
            self.close()
        return found or None

    def close(self) -> None:
        self.ended.settle(OK)
        super().close()


def _type_value(label: str) -> Any:
    return ("other", None) if label == "unknown" else label


def _offset(offset: int) -> int:
    if offset > MAX_OFFSET:
        raise Failure(Errno.INVAL)
    return offset
