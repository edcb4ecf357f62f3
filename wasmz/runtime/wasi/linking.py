"""Defines WASI preview 1 in a linker: arguments, environment, streams, clocks; files, directories and sockets.

out = io.BytesIO()
linker.define_wasi(WasiConfig(args=["echo", "hi"], stdout=out).preopen_dir("data", "/"))
"""

from __future__ import annotations

import os

from wasmz.concurrency import load
from wasmz.runtime.host import HostFunc
from wasmz.runtime.wasi.config import WasiConfig
from wasmz.runtime.wasi.functions import FUNCTIONS
from wasmz.runtime.wasi.process import Process
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from wasmz.runtime.host import Caller, Definitions

_LETTERS = {"i": ValType.I32, "I": ValType.I64}


def add_to_linker(linker: Definitions, config: WasiConfig | None = None) -> None:
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
    """A host function that is imported when something is linked with it.

    Generated code calls it without an adapter: it gets i32 as they are, unsigned, and only i64 made signed, and its
    results need no check.
    """

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
        """The function of the interface: takes a guest's process, the caller, and the guest's arguments."""
        name = self._name
        module = load(f"wasmz.runtime.wasi.{FUNCTIONS[name][1]}")
        # Where the former interface differs, the function has another form.
        function: Callable[..., Any] = getattr(module, self._prefix + name, None) or getattr(module, name)
        return function

    def make_code(self, caller: Caller | None, name: str) -> Callable[..., Any]:
        load("wasmz.runtime.wasi.calls")
        from wasmz.runtime.wasi.calls import bind

        if caller is not None:
            self._process.join(caller.store)
            self._process.charge_to(caller.store)
        wide = [position for position, type in enumerate(self.type.params) if type is ValType.I64]
        code = bind(self.fn, self._process, caller, wide)
        if os.environ.get("WASMZ_WASI_DIAG"):
            load("wasmz.runtime.wasi.diagnostics")
            from wasmz.runtime.wasi.diagnostics import timed

            return timed(self._name, code)
        return code
