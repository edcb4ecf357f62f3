"""WASI preview 1: programs with arguments, environment, streams, clocks; files, directories and sockets they are given.

out = io.BytesIO()
linker.define_wasi(WasiConfig(args=["echo", "hi"], stdout=out).preopen_dir("data", "/"))
"""

from __future__ import annotations

import os

from wasmz.errors import Trap, TrapCode
from wasmz.runtime.func import HostFunc
from wasmz.runtime.wasi.config import WasiConfig
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.functions import FUNCTIONS
from wasmz.runtime.wasi.process import Process
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.linker import Linker

__all__ = ["WasiConfig", "add_to_linker"]

_LETTERS = {"i": ValType.I32, "I": ValType.I64}


def add_to_linker(linker: Linker, config: WasiConfig | None = None) -> None:
    """Defines the functions of preview 1, under its own and under its former name ``wasi_unstable``.

    Together they are one guest process, whose descriptors all instances of the linker share.

    Raises:
        OSError: a directory to preopen cannot be opened.
    """
    process = Process(WasiConfig() if config is None else config)
    types: dict[str, FuncType] = {}
    for name, (signature, _) in FUNCTIONS.items():
        type = types.get(signature)
        if type is None:
            params, _, results = signature.partition(":")
            type = types[signature] = FuncType([_LETTERS[c] for c in params], [_LETTERS[c] for c in results])
        linker.define("wasi_snapshot_preview1", name, _WasiFunction(process, name, type, ""))
        linker.define("wasi_unstable", name, _WasiFunction(process, name, type, "unstable_"))


class _WasiFunction(HostFunc):
    """A host function that is imported when something is linked with it."""

    __slots__ = ("_name", "_prefix", "_process")

    def __init__(self, process: Process, name: str, type: FuncType, prefix: str) -> None:
        self._process = process
        self._name = name
        self._prefix = prefix
        self.type = type
        self.context = None
        self.caller = True

    @property
    def fn(self) -> Callable[..., Any]:  # type: ignore[override]
        """The Python callable."""
        name = self._name
        path = f"wasmz.runtime.wasi.{FUNCTIONS[name][1]}"
        module = __import__(path, fromlist=[name])
        # Where the former interface differs, the function has another form.
        method = getattr(module, self._prefix + name, None) or getattr(module, name)
        function = _bound(method, self._process)
        function.__name__ = name
        if os.environ.get("WASMZ_WASI_DIAG"):
            from wasmz.runtime.wasi.diagnostics import timed

            return timed(name, function)
        return function


def _bound(method: Callable[..., int | None], process: Process) -> Callable[..., Any]:
    def function(*args: Any) -> Any:
        try:
            return method(process, *args)
        except Failure as failure:
            return failure.errno
        except OSError as error:
            return Errno.of(error)
        except Trap as trap:
            # A bad pointer is the guest's mistake; the interface has an answer for it.
            if trap.code is TrapCode.MEMORY_OUT_OF_BOUNDS:
                return Errno.FAULT
            raise
        except MemoryError:
            return Errno.NOMEM

    return function
