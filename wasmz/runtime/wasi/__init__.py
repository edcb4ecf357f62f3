"""WASI preview 1, without a file system: arguments, environment, clocks, random bytes, standard streams, exit.

out = io.BytesIO()
linker.define_wasi(WasiConfig(args=["echo", "hi"], stdout=out))
"""

from __future__ import annotations

from wasmz.errors import Trap, TrapCode
from wasmz.runtime.func import HostFunc
from wasmz.runtime.wasi.config import WasiConfig
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.host import FUNCTIONS, Wasi
from wasmz.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.linker import Linker

__all__ = ["WasiConfig", "add_to_linker"]

_LETTERS = {"i": ValType.I32, "I": ValType.I64}


def add_to_linker(linker: Linker, config: WasiConfig | None = None) -> None:
    """Defines the functions of preview 1, under its own and under its former name ``wasi_unstable``.

    Each name stands for one guest process with descriptors of its own.
    """
    config = WasiConfig() if config is None else config
    for module_name, is_unstable in (("wasi_snapshot_preview1", False), ("wasi_unstable", True)):
        wasi = Wasi(config, is_unstable=is_unstable)
        for name, (signature, method) in FUNCTIONS.items():
            params, _, results = signature.partition(":")
            function = _bound(method, wasi)
            function.__name__ = name
            host = HostFunc(function, [_LETTERS[c] for c in params], [_LETTERS[c] for c in results], caller=True)
            linker.define(module_name, name, host)


def _bound(method: Callable[..., int | None], wasi: Wasi) -> Callable[..., Any]:
    def function(*args: Any) -> Any:
        try:
            return method(wasi, *args)
        except Trap as trap:
            # A bad pointer is the guest's mistake; the interface has an answer for it.
            if trap.code is TrapCode.MEMORY_OUT_OF_BOUNDS:
                return Errno.FAULT
            raise
        except OSError as error:
            return Errno.of(error)

    return function
