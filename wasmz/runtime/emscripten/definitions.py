"""How a module gets what it imports of the system: by the type that it has for it, whose i64 may be pairs of i32.

    system = System(process)
    system.define(linker, "env", "__syscall_openat", "__syscall_openat", type)     -> whether there is such a function

Emscripten's default for years was to pass each i64 as two i32, the lower half first. WASI's functions have such types
then, too.
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.emscripten.functions import FUNCTIONS
from wasmz.runtime.emscripten.system_calls import CALLS, Guest
from wasmz.runtime.wasi import functions as wasi
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.resolution import Directory
from wasmz.startup.concurrency import load
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.runtime.calls.host import Caller, Definitions
    from wasmz.runtime.wasi.process import Process

    # What an import calls: gets the guest, the caller, and arguments.
    Implementation = Callable[..., Any]

__wasmz_frame__ = "host"

_LETTERS: Final = {ValType.I32: "i", ValType.I64: "I", ValType.F32: "f", ValType.F64: "d"}
_WASI: Final = "wasi_snapshot_preview1"
_CONTENT_SEEK: Final = "fd_seek"


def is_system_function(name: str) -> bool:
    """Whether there is such a function of the system: a system call, another one of emscripten's, or one of WASI's."""
    return name in CALLS or name in FUNCTIONS or name in wasi.FUNCTIONS


def types_of(name: str) -> tuple[str, ...]:
    """The types that a function may have, in letters; those with pairs of i32 for an i64 among them."""
    if name in CALLS:
        types: tuple[str, ...] = (CALLS[name][0],)
    else:
        types = FUNCTIONS[name][0] if name in FUNCTIONS else (wasi.FUNCTIONS[name][0],)
    return (*types, *[_split(type) for type in types if "I" in type])


class System:
    """The functions of the system for one guest.

    Attributes:
        guest: what they share.
    """

    def __init__(self, process: Process) -> None:
        self.guest: Guest = Guest(process)

    def define(self, linker: Definitions, module_name: str, import_name: str, name: str, type: FuncType) -> bool:
        """Defines an import as the function of this name; ``False`` if there is none of this type."""
        wanted = letters_of(type)
        if name in CALLS or name in FUNCTIONS:
            types, function = CALLS[name] if name in CALLS else FUNCTIONS[name]
            implementation = _negative(function)
            for canonical in (types,) if isinstance(types, str) else types:
                if wanted in (canonical, _split(canonical)):
                    self._add(linker, module_name, import_name, implementation, canonical, type)
                    return True
            return False
        if name not in wasi.FUNCTIONS:
            return False
        canonical, file = wasi.FUNCTIONS[name]
        if wanted not in (canonical, _split(canonical)):
            return False
        module = load(f"wasmz.runtime.wasi.{file}")
        called = getattr(module, name)
        implementation = _of_wasi(_seek if name == _CONTENT_SEEK else called, is_own=name == _CONTENT_SEEK)
        self._add(linker, module_name, import_name, implementation, canonical, type)
        return True

    def _add(
        self,
        linker: Definitions,
        module_name: str,
        import_name: str,
        implementation: Implementation,
        canonical: str,
        type: FuncType,
    ) -> None:
        guest = self.guest
        params, _, results = canonical.partition(":")
        widths = params if letters_of(type) != canonical else None

        def call(caller: Caller, *args: Any) -> Any:
            result = implementation(guest, caller, *(args if widths is None else _joined(args, widths)))
            return float(result) if results == "d" else result if results else None

        linker.define(module_name, import_name, _SystemFunction(guest, call, type))


class _SystemFunction(HostFunc):
    """A function of the system: instances that are linked with it have part in the guest's process."""

    __slots__ = ("_guest",)

    def __init__(self, guest: Guest, function: Implementation, type: FuncType) -> None:
        super().__init__(function, type.params, type.results, caller=True)
        self._guest = guest

    def make_code(self, caller: Caller | None, name: str) -> Implementation:
        if caller is not None:
            self._guest.process.join(caller.store)
            self._guest.process.charge_to(caller.store)
        return super().make_code(caller, name)


def letters_of(type: FuncType) -> str:
    """A type as a letter for each value; other values than numbers as a question mark."""
    return ":".join("".join(_LETTERS.get(item, "?") for item in items) for items in (type.params, type.results))


def _split(signature: str) -> str:
    """The same with two i32 in place of each i64 among the arguments."""
    params, _, results = signature.partition(":")
    return f"{params.replace('I', 'ii')}:{results}"


def _joined(args: tuple[Any, ...], widths: str) -> list[Any]:
    """The arguments that pairs of i32 stand for."""
    rest = iter(args)
    joined = []
    for letter in widths:
        value = next(rest)
        joined.append(value & 0xFFFF_FFFF | next(rest) << 32 if letter == "I" else value)
    return joined


def _negative(function: Implementation) -> Implementation:
    """The function with the negative error number in place of what it raises, as system calls have it."""

    def call(guest: Guest, caller: Caller, *args: Any) -> Any:
        return _guarded(function, guest, caller, args)

    return call


def _guarded(function: Implementation, first: object, caller: Caller, args: tuple[Any, ...]) -> Any:
    try:
        return function(first, caller, *args)
    except Failure as failure:
        return -failure.errno
    except OSError as error:
        return -Errno.of(error)
    except Trap as trap:
        # A bad pointer is the guest's mistake; there is an error number for it.
        if trap.light_code == TrapCode.MEMORY_OUT_OF_BOUNDS:
            return -Errno.FAULT
        raise
    except MemoryError:
        return -Errno.NOMEM


def _of_wasi(function: Implementation, *, is_own: bool) -> Implementation:
    """A function of WASI: a positive error number."""

    def call(guest: Guest, caller: Caller, *args: int) -> Any:
        result = _guarded(function, guest if is_own else guest.process, caller, args)
        return -result if isinstance(result, int) and result < 0 else result

    return call


def _seek(guest: Guest, caller: Caller, descriptor: int, offset: int, whence: int, result: int) -> int:
    """Moves the position of a file; of a directory, to the entry that is read next."""
    entry = guest.process.table[descriptor]
    if not isinstance(entry, Directory):
        load("wasmz.runtime.wasi.descriptor_functions")
        from wasmz.runtime.wasi.descriptor_functions import fd_seek

        return fd_seek(guest.process, caller, descriptor, offset, whence, result)
    known, entries, position = guest.listings.get(descriptor, (None, [], 0))
    if whence == 0 and offset == 0:
        guest.listings.pop(descriptor, None)
        position = 0
    elif known is entry and whence == 0 and 0 <= offset <= len(entries):
        guest.listings[descriptor] = entry, entries, offset
        position = offset
    elif whence != 1 or offset:
        raise Failure(Errno.INVAL)
    caller.memory.write_value(result, "Q", position)
    return Errno.SUCCESS
