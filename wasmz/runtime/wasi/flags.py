"""Numbers of WASI preview 1 (snapshot/docs.md): file types, rights, flags."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class FileType:
    """The kind of a descriptor or of a path's target."""

    UNKNOWN: Final = 0
    BLOCK_DEVICE: Final = 1
    CHARACTER_DEVICE: Final = 2
    DIRECTORY: Final = 3
    REGULAR_FILE: Final = 4
    SOCKET_DGRAM: Final = 5
    SOCKET_STREAM: Final = 6
    SYMBOLIC_LINK: Final = 7


class Rights:
    """What may be done with a descriptor. As in wasmtime they are reported, but only the access mode has an effect."""

    FD_DATASYNC: Final = 1 << 0
    FD_READ: Final = 1 << 1
    FD_SEEK: Final = 1 << 2
    FD_FDSTAT_SET_FLAGS: Final = 1 << 3
    FD_SYNC: Final = 1 << 4
    FD_TELL: Final = 1 << 5
    FD_WRITE: Final = 1 << 6
    FD_ADVISE: Final = 1 << 7
    FD_ALLOCATE: Final = 1 << 8
    PATH_CREATE_DIRECTORY: Final = 1 << 9
    PATH_CREATE_FILE: Final = 1 << 10
    PATH_LINK_SOURCE: Final = 1 << 11
    PATH_LINK_TARGET: Final = 1 << 12
    PATH_OPEN: Final = 1 << 13
    FD_READDIR: Final = 1 << 14
    PATH_READLINK: Final = 1 << 15
    PATH_RENAME_SOURCE: Final = 1 << 16
    PATH_RENAME_TARGET: Final = 1 << 17
    PATH_FILESTAT_GET: Final = 1 << 18
    PATH_FILESTAT_SET_SIZE: Final = 1 << 19
    PATH_FILESTAT_SET_TIMES: Final = 1 << 20
    FD_FILESTAT_GET: Final = 1 << 21
    FD_FILESTAT_SET_SIZE: Final = 1 << 22
    FD_FILESTAT_SET_TIMES: Final = 1 << 23
    PATH_SYMLINK: Final = 1 << 24
    PATH_REMOVE_DIRECTORY: Final = 1 << 25
    PATH_UNLINK_FILE: Final = 1 << 26
    POLL_FD_READWRITE: Final = 1 << 27
    SOCK_SHUTDOWN: Final = 1 << 28
    SOCK_ACCEPT: Final = 1 << 29
    ALL: Final = (1 << 30) - 1
    # The rights to change a directory's content, or the files in it.
    MUTATING: Final = (
        PATH_CREATE_DIRECTORY
        | PATH_CREATE_FILE
        | PATH_LINK_SOURCE
        | PATH_LINK_TARGET
        | PATH_RENAME_SOURCE
        | PATH_RENAME_TARGET
        | PATH_FILESTAT_SET_SIZE
        | PATH_FILESTAT_SET_TIMES
        | FD_FILESTAT_SET_TIMES
        | PATH_SYMLINK
        | PATH_REMOVE_DIRECTORY
        | PATH_UNLINK_FILE
    )
    DIRECTORY: Final = MUTATING & ~PATH_FILESTAT_SET_SIZE | (
        PATH_OPEN | FD_READDIR | PATH_READLINK | PATH_FILESTAT_GET | FD_FILESTAT_GET
    )
    FILE: Final = (
        FD_DATASYNC
        | FD_READ
        | FD_SEEK
        | FD_FDSTAT_SET_FLAGS
        | FD_SYNC
        | FD_TELL
        | FD_WRITE
        | FD_ADVISE
        | FD_ALLOCATE
        | FD_FILESTAT_GET
        | FD_FILESTAT_SET_SIZE
        | FD_FILESTAT_SET_TIMES
        | POLL_FD_READWRITE
    )
    SOCKET: Final = FD_READ | FD_WRITE | FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE | SOCK_SHUTDOWN


def directory_rights(is_read_only: bool) -> tuple[int, int]:
    """The rights to report for a directory: libraries check whether the inherited ones include what they need."""
    rights = Rights.DIRECTORY & ~Rights.MUTATING if is_read_only else Rights.DIRECTORY
    return rights, rights | Rights.FILE


class FdFlags:
    """How a descriptor behaves."""

    APPEND: Final = 1
    DSYNC: Final = 2
    NONBLOCK: Final = 4
    RSYNC: Final = 8
    SYNC: Final = 16
    ALL: Final = 31


class OpenFlags:
    """What ``path_open`` does besides opening."""

    CREATE: Final = 1
    DIRECTORY: Final = 2
    EXCLUSIVE: Final = 4
    TRUNCATE: Final = 8
    ALL: Final = 15


class TimeFlags:
    """Which timestamps to set, and to what."""

    ATIM: Final = 1
    ATIM_NOW: Final = 2
    MTIM: Final = 4
    MTIM_NOW: Final = 8
    ALL: Final = 15


# For path functions: follow a symbolic link at the end of the path.
FOLLOW_LINKS: Final = 1
