"""Directories and sockets that are open for a guest from the start, from descriptor 3 on.

open_preopens(table, [PreopenedDirectory("data", "/", read_only=True)])     -> descriptor 3 is the host's `data`
"""

from __future__ import annotations

import os

from wasmz.errors import expect
from wasmz.runtime.wasi.resolution import Directory
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.runtime.wasi.descriptors import Descriptor, DescriptorTable
    from wasmz.runtime.wasi.memory_files import MemoryFileSystem


class PreopenedDirectory:
    """A directory to preopen."""

    def __init__(self, host: str | os.PathLike[str] | MemoryFileSystem, guest: str | None, *, read_only: bool) -> None:
        is_path = isinstance(host, (str, os.PathLike))
        if not is_path and not hasattr(host, "open_directory"):
            raise TypeError(f"host must be a path or an in-memory file system, not {host!r}")
        if guest is None:
            guest = os.fspath(host) if isinstance(host, (str, os.PathLike)) else "/"
        if not isinstance(guest, str) or "\0" in guest:
            raise ValueError(f"a guest cannot have a directory called {guest!r}")
        expect(read_only, bool, "read_only", "a bool")
        self.host = host
        self.guest = guest
        self.read_only = read_only

    def open(self) -> Descriptor:
        """Opens it as a descriptor."""
        if isinstance(self.host, (str, os.PathLike)):
            directory: Directory = _open_of_host(self.host, is_read_only=self.read_only)
        else:
            directory = self.host.open_directory(is_read_only=self.read_only)
        directory.preopen_name = self.guest.encode("utf-8", "surrogateescape")
        return directory

    def __repr__(self) -> str:
        return f"<directory {self.host!r} as {self.guest!r}{', read-only' if self.read_only else ''}>"


def _open_of_host(path: str | os.PathLike[str], *, is_read_only: bool) -> Directory:
    """A directory of the host, by its descriptor if the system's functions take such."""
    load("wasmz.runtime.wasi.host_files")
    from wasmz.runtime.wasi.host_files import HAS_DIRECTORY_DESCRIPTORS, open_directory

    if HAS_DIRECTORY_DESCRIPTORS:
        return open_directory(path, is_read_only=is_read_only)
    load("wasmz.runtime.wasi.checked_files")
    from wasmz.runtime.wasi import checked_files

    return checked_files.open_directory(path, is_read_only=is_read_only)


class PreopenedSocket:
    """A socket to preopen."""

    def __init__(self, socket: Any) -> None:
        if not hasattr(socket, "recv") or not hasattr(socket, "fileno"):
            raise TypeError(f"socket must be a socket, not {socket!r}")
        self.socket = socket

    def open(self) -> Descriptor:
        """Opens it as a descriptor."""
        load("wasmz.runtime.wasi.sockets")
        from wasmz.runtime.wasi.sockets import SocketDescriptor

        return SocketDescriptor(self.socket)

    def __repr__(self) -> str:
        return f"<socket {self.socket!r}>"


def open_preopens(table: DescriptorTable, preopens: list[PreopenedDirectory | PreopenedSocket]) -> None:
    """Opens all, in order.

    Raises:
        OSError: a directory cannot be opened.
    """
    for preopen in preopens:
        table.add(preopen.open())
