"""The way from generated code to a function of WASI: errors become numbers.

code = bind(fd_seek, process, caller, [1])
code(3, 0xFFFF_FFFF_FFFF_FFFF, 1, 1024)    -> fd_seek(process, caller, 3, -1, 1, 1024), or an error number
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.host import Caller
    from wasmz.runtime.wasi.process import Process

# Frames of this module are the border between the guest's and the host's (see runtime/traps.py).
__wasmz_frame__ = "host"


def bind(
    function: Callable[..., int | None], process: Process, caller: Caller | None, wide: list[int]
) -> Callable[..., Any]:
    """What generated code calls; ``wide`` are the positions of arguments with 64 bits, which are signed."""

    def call(*args: int) -> int | None:
        try:
            if wide:
                signed = list(args)
                for position in wide:
                    signed[position] -= (args[position] >> 63) << 64
                return function(process, caller, *signed)
            return function(process, caller, *args)
        except Failure as failure:
            return failure.errno
        except OSError as error:
            return Errno.of(error)
        except Trap as trap:
            # A bad pointer is the guest's mistake; the interface has an answer for it.
            if trap.light_code == TrapCode.MEMORY_OUT_OF_BOUNDS:
                return Errno.FAULT
            raise
        except MemoryError:
            return Errno.NOMEM

    return call
