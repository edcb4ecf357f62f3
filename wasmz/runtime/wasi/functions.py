"""The 46 functions of WASI preview 1: their types, their files, and how linkers and generated code get them.

    FUNCTIONS["path_open"]                  -> ("iiiiiIIii:i", "paths")
    linker.define_wasi(WasiConfig(args=["echo", "hi"], stdout=out).preopen_dir("data", "/"))

Each is a function of that name in ``wasmz/runtime/wasi/<module>.py``. It takes the guest's ``Process``, the ``Caller``
and the guest's arguments, and returns an error number. Its module is imported when a module that imports the function
is linked, so a program that opens no files does not load the code for files.
"""

from __future__ import annotations

import os

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.process import Process
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.startup.concurrency import load
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.runtime.calls.host import Caller, Definitions

# Frames of this module separate the guest's frames from the host's (see runtime/traps/translation.py).
__wasmz_frame__ = "host"

# Name -> type, a letter for each value: i for i32, I for i64; and the module.
FUNCTIONS: Final[dict[str, tuple[str, str]]] = {
    "args_get": ("ii:i", "process"),
    "args_sizes_get": ("ii:i", "process"),
    "clock_res_get": ("ii:i", "process"),
    "clock_time_get": ("iIi:i", "process"),
    "environ_get": ("ii:i", "process"),
    "environ_sizes_get": ("ii:i", "process"),
    "fd_advise": ("iIIi:i", "attributes"),
    "fd_allocate": ("iII:i", "attributes"),
    "fd_close": ("i:i", "descriptor_functions"),
    "fd_datasync": ("i:i", "attributes"),
    "fd_fdstat_get": ("ii:i", "descriptor_functions"),
    "fd_fdstat_set_flags": ("ii:i", "attributes"),
    "fd_fdstat_set_rights": ("iII:i", "attributes"),
    "fd_filestat_get": ("ii:i", "attributes"),
    "fd_filestat_set_size": ("iI:i", "attributes"),
    "fd_filestat_set_times": ("iIIi:i", "attributes"),
    "fd_pread": ("iiiIi:i", "descriptor_functions"),
    "fd_prestat_dir_name": ("iii:i", "descriptor_functions"),
    "fd_prestat_get": ("ii:i", "descriptor_functions"),
    "fd_pwrite": ("iiiIi:i", "descriptor_functions"),
    "fd_read": ("iiii:i", "descriptor_functions"),
    "fd_readdir": ("iiiIi:i", "directories"),
    "fd_renumber": ("ii:i", "descriptor_functions"),
    "fd_seek": ("iIii:i", "descriptor_functions"),
    "fd_sync": ("i:i", "attributes"),
    "fd_tell": ("ii:i", "descriptor_functions"),
    "fd_write": ("iiii:i", "descriptor_functions"),
    "path_create_directory": ("iii:i", "paths"),
    "path_filestat_get": ("iiiii:i", "paths"),
    "path_filestat_set_times": ("iiiiIIi:i", "paths"),
    "path_link": ("iiiiiii:i", "paths"),
    "path_open": ("iiiiiIIii:i", "paths"),
    "path_readlink": ("iiiiii:i", "paths"),
    "path_remove_directory": ("iii:i", "paths"),
    "path_rename": ("iiiiii:i", "paths"),
    "path_symlink": ("iiiii:i", "paths"),
    "path_unlink_file": ("iii:i", "paths"),
    "poll_oneoff": ("iiii:i", "poll"),
    "proc_exit": ("i:", "process"),
    "proc_raise": ("i:i", "process"),
    "random_get": ("ii:i", "process"),
    "sched_yield": (":i", "process"),
    "sock_accept": ("iii:i", "socket_functions"),
    "sock_recv": ("iiiiii:i", "socket_functions"),
    "sock_send": ("iiiii:i", "socket_functions"),
    "sock_shutdown": ("ii:i", "socket_functions"),
}

_LETTERS = {"i": ValType.I32, "I": ValType.I64}


def add_to_linker(linker: Definitions, config: WasiConfig | None = None) -> None:
    """Defines the functions of preview 1, under its own name and under that of its predecessor, ``wasi_unstable``.

    All instances of the linker form one guest process and share its descriptors.

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


def process_of(linker: Definitions) -> Process | None:
    """The guest process whose functions :func:`add_to_linker` has defined, if they still are."""
    found = linker.get("wasi_snapshot_preview1", "fd_write")
    return found._process if isinstance(found, _WasiFunction) else None


class _WasiFunction(HostFunc):
    """A host function that is imported when an instance is linked with it.

    Generated code calls it without an adapter. It gets i32 unsigned, as they are, and i64 signed; its results need no
    check.
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
        # A function that differs in the previous interface has a second form.
        function: Callable[..., Any] = getattr(module, self._prefix + name, None) or getattr(module, name)
        return function

    def make_code(self, caller: Caller | None, name: str) -> Callable[..., Any]:
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


def bind(
    function: Callable[..., int | None], process: Process, caller: Caller | None, wide: list[int]
) -> Callable[..., Any]:
    """The function that generated code calls; ``wide`` has the positions of 64-bit arguments, which become signed."""

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
            # A bad pointer is the guest's mistake; the interface has an error number for it.
            if trap.light_code == TrapCode.MEMORY_OUT_OF_BOUNDS:
                return Errno.FAULT
            raise
        except MemoryError:
            return Errno.NOMEM

    return call
