"""The error numbers of WASI preview 1 (snapshot/docs.md, "errno")."""

from __future__ import annotations

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class Errno:
    """Those that are answered here, as plain integers, which adapters convert quickest."""

    SUCCESS: Final = 0
    ACCES: Final = 2
    AGAIN: Final = 6
    BADF: Final = 8
    FAULT: Final = 21
    INTR: Final = 27
    INVAL: Final = 28
    IO: Final = 29
    NOSPC: Final = 51
    NOSYS: Final = 52
    NOTDIR: Final = 54
    NOTSOCK: Final = 57
    NOTSUP: Final = 58
    PIPE: Final = 64
    SPIPE: Final = 70

    @staticmethod
    def of(error: OSError) -> int:
        """The number for an error of the host's system."""
        return _OF_HOST.get(error.errno or 0, Errno.IO)


_OF_HOST = {
    errno.EACCES: Errno.ACCES,
    errno.EAGAIN: Errno.AGAIN,
    errno.EBADF: Errno.BADF,
    errno.EINTR: Errno.INTR,
    errno.EINVAL: Errno.INVAL,
    errno.ENOSPC: Errno.NOSPC,
    errno.EPIPE: Errno.PIPE,
    errno.ESPIPE: Errno.SPIPE,
}
