"""The error numbers of WASI preview 1 (snapshot/docs.md, "errno"), and how errors of the host map to them.

Errno.of(FileNotFoundError(errno.ENOENT, "no such file"))   -> Errno.NOENT, 44
"""

from __future__ import annotations

from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final


class Errno:
    """The numbers that functions here return; plain integers, which adapters convert fastest."""

    SUCCESS: Final = 0
    ACCES: Final = 2
    AGAIN: Final = 6
    BADF: Final = 8
    BUSY: Final = 10
    EXIST: Final = 20
    FAULT: Final = 21
    ILSEQ: Final = 25
    INTR: Final = 27
    INVAL: Final = 28
    IO: Final = 29
    ISDIR: Final = 31
    LOOP: Final = 32
    MFILE: Final = 33
    NAMETOOLONG: Final = 37
    NOENT: Final = 44
    NOMEM: Final = 48
    NOSPC: Final = 51
    NOSYS: Final = 52
    NOTDIR: Final = 54
    NOTEMPTY: Final = 55
    NOTSOCK: Final = 57
    NOTSUP: Final = 58
    OVERFLOW: Final = 61
    PERM: Final = 63
    PIPE: Final = 64
    SPIPE: Final = 70
    XDEV: Final = 75

    @staticmethod
    def of(error: OSError) -> int:
        """The number for an error of the host's system."""
        return _of_host().get(error.errno or 0, Errno.IO)


# In the interface's order; the first is number 1. The names are POSIX's without the E.
NAMES: Final = """
    2BIG ACCES ADDRINUSE ADDRNOTAVAIL AFNOSUPPORT AGAIN ALREADY BADF BADMSG BUSY CANCELED CHILD CONNABORTED CONNREFUSED
    CONNRESET DEADLK DESTADDRREQ DOM DQUOT EXIST FAULT FBIG HOSTUNREACH IDRM ILSEQ INPROGRESS INTR INVAL IO ISCONN ISDIR
    LOOP MFILE MLINK MSGSIZE MULTIHOP NAMETOOLONG NETDOWN NETRESET NETUNREACH NFILE NOBUFS NODEV NOENT NOEXEC NOLCK
    NOLINK NOMEM NOMSG NOPROTOOPT NOSPC NOSYS NOTCONN NOTDIR NOTEMPTY NOTRECOVERABLE NOTSOCK NOTSUP NOTTY NXIO OVERFLOW
    OWNERDEAD PERM PIPE PROTO PROTONOSUPPORT PROTOTYPE RANGE ROFS SPIPE SRCH STALE TIMEDOUT TXTBSY XDEV
"""

_numbers: dict[int, int] = {}


def _of_host() -> dict[int, int]:
    """The mapping from the host's numbers; made when it is first needed."""
    if not _numbers:
        # Imported only here: most programs see no error.
        load("errno")
        import errno

        numbers = {}
        # Where two names share a number on the host, the later one counts.
        aliases = {"EWOULDBLOCK": Errno.AGAIN, "ENOTSUP": Errno.NOTSUP, "EOPNOTSUPP": Errno.NOTSUP}
        names = {f"E{name}": number for number, name in enumerate(NAMES.split(), 1)}
        for name, number in {**names, **aliases}.items():
            host = getattr(errno, name, None)
            if host is not None:
                numbers[host] = number
            # Windows has other numbers for sockets.
            host = getattr(errno, f"WSA{name}", None)
            if host is not None:
                numbers[host] = number
        # In one step, because other threads read it.
        _numbers.update(numbers)
    return _numbers
