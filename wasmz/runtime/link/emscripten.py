"""What modules built by emscripten import from its JavaScript, as far as a host without JavaScript can provide it.

    if is_emscripten(module):
        define_emscripten(linker, module)
    status = run_main(instance, ["prog", "arg"])         for modules that export `main`, not `_start`

C's ``longjmp`` leaves functions by an exception of the host, which ``invoke_xxx`` catches (``invoking.py``). The code
after that call then finds out which ``setjmp`` was meant.
"""

from __future__ import annotations

import time

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap, WasiExit
from wasmz.runtime.calls.host import Caller, HostFunc
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.invoking import Invoke, LongJump, find_element, find_export
from wasmz.startup.concurrency import load
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from wasmz.runtime.calls.host import Definitions
    from wasmz.runtime.emscripten.definitions import System
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.store import Store
    from wasmz.runtime.wasi.wasi_config import WasiConfig

_WASI: Final = "wasi_snapshot_preview1"
_MODULE: Final = "env"
# What emscripten's -O3 calls it, and how long the names are then.
_SHORT: Final = "a"
_LONGEST_SHORT: Final = 2
# Exceptions of C++ by way of JavaScript.
_THROW: Final = "__cxa_throw"
_CATCH: Final = ("__cxa_find_matching_catch", "__cxa_begin_catch")
_LIST: Final = "__syscall_getdents64"
_INVOKE: Final = "invoke_"
_ALLOCATE: Final = ("_emscripten_stack_alloc", "stackAlloc")
_MAIN: Final = ("__main_argc_argv", "main")
_HEAP_LIMIT: Final = 0x8000_0000


def is_emscripten(module: CompiledModule) -> bool:
    """Whether the module imports something that :func:`define_emscripten` defines."""
    return any(item.module_name == _MODULE and _is_known(item.name) for item in module.imported_funcs)


def define_emscripten(
    linker: Definitions,
    module: CompiledModule,
    config: WasiConfig | None = None,
    *,
    names: Mapping[tuple[str, str], str] | None = None,
    overflow: str | None = None,
) -> None:
    """Defines the functions of emscripten that the module imports and that have no definition.

    Args:
        linker: gets them. Where WASI is defined in it, system calls are those of the same process.
        module: the module.
        config: what the guest gets of files and streams, if WASI is not defined.
        names: what imports are called by emscripten, where that is not what they are called in the module.
        overflow: an export that ends by ``longjmp``. Where calls through ``invoke_xxx`` are nested deeper than the
            host's stack lets them, it is called in place of what was to be called, so that the guest has an error.
    """
    definer = _Definer(linker, config, overflow)
    definer.catches = any(item.name.startswith(_CATCH) for item in module.imported_funcs)
    definer.reads_directories = any(item.name == _LIST for item in module.imported_funcs)
    for item in module.imported_funcs:
        if isinstance(item.type, FuncType):
            place = item.module_name, item.name
            if place[0] == _WASI:
                definer.define_wasi(place, item.type)
            elif names is not None and place in names:
                definer.define(place, names[place], item.type)
            elif place[0] == _MODULE:
                definer.define(place, item.name, item.type)


def has_short_names(module: CompiledModule) -> bool:
    """Whether the module's imports have lost their names: emscripten's -O3 calls them `a.a`, `a.b`, ..."""
    return any(item.module_name == _SHORT and len(item.name) <= _LONGEST_SHORT for item in module.imported_funcs)


def instantiate_with_system(
    store: Store, module: CompiledModule, linker: Any, glue: str | os.PathLike[str] | None
) -> Instance:
    """Makes an instance with what it imports of emscripten; with a JavaScript file, as that does it.

    Then exports have the names that it gives them, too, and constructors have been called.
    """
    names = None
    if glue is not None:
        load("wasmz.runtime.emscripten.names")
        from wasmz.runtime.emscripten.names import read_file

        names = read_file(glue, module)
    define_emscripten(linker, module, names=None if names is None else names.imports)
    instance = Instance(store, module, linker)
    if names is not None:
        instance.add_export_names(names.exports)
        call_constructors(instance, names.constructors or "__wasm_call_ctors")
    return instance


class _Definer:
    """Defines imports of a module, one after the other.

    Attributes:
        catches: whether it catches exceptions of C++ by way of the host.
        reads_directories: whether the module has the system call for that; then ``fd_seek`` is for directories, too.
    """

    def __init__(self, linker: Definitions, config: WasiConfig | None, overflow: str | None) -> None:
        self._linker = linker
        self._config = config
        self._overflow = overflow
        self._temporary = [0]
        self._depth = [0]
        self._system: System | None = None
        self.reads_directories: bool = False
        self.catches: bool = False

    def define(self, place: tuple[str, str], name: str, type: FuncType) -> None:
        """Defines an import as the function of this name, if there is one."""
        if self._linker.get(*place) is not None:
            return
        if name.startswith(_INVOKE):
            self._linker.define(*place, Invoke(type, self._overflow, self._depth))
        elif _is_known(name) or (name == _THROW and not self.catches):
            function = _throw_cxx if name == _THROW else self._find(name)
            self._linker.define(*place, HostFunc(function, type.params, type.results, caller=True))
        elif _is_of_system(name):
            self._find_system().define(self._linker, *place, name, type)

    def define_wasi(self, place: tuple[str, str], type: FuncType) -> None:
        """Defines a function of WASI where the module has another type for it: two i32 for each i64."""
        known = getattr(self._linker.get(*place), "type", None)
        if (known != type or (self.reads_directories and place[1] == "fd_seek")) and _is_of_system(place[1]):
            self._find_system().define(self._linker, *place, place[1], type)

    def _find(self, name: str) -> Callable[..., Any]:
        if name == "setTempRet0":
            return _make_setter(self._temporary)
        return _make_getter(self._temporary) if name == "getTempRet0" else _FUNCTIONS[name]

    def _find_system(self) -> System:
        if self._system is None:
            load("wasmz.runtime.emscripten.definitions")
            from wasmz.runtime.emscripten.definitions import System

            load("wasmz.runtime.wasi.functions")
            from wasmz.runtime.wasi.functions import add_to_linker, process_of

            if process_of(self._linker) is None:
                add_to_linker(self._linker, self._config)
            process = process_of(self._linker)
            if process is None:
                raise ValueError("WASI's functions of the linker are not those of define_wasi")
            self._system = System(process)
        return self._system


def _is_of_system(name: str) -> bool:
    load("wasmz.runtime.emscripten.definitions")
    from wasmz.runtime.emscripten.definitions import is_system_function

    return is_system_function(name)


def call_constructors(instance: Instance, name: str = "__wasm_call_ctors") -> None:
    """Does what comes before all else: ``_initialize``, or the constructors of C++ where it is not there."""
    instance.initialize_reactor()
    if not instance.is_reactor and name in instance.exports:
        instance.call(name)


def run_main(instance: Instance, args: Sequence[str | bytes]) -> int:
    """Calls ``__main_argc_argv``, or ``main``, with arguments; returns its status.

    Raises:
        KeyError: the module exports neither, or no function that allocates memory for the arguments.
    """
    exports = instance.exports
    main = find_export(instance, _MAIN)
    if not main.wasmz_func.type.params:
        return int(main() or 0) & 0xFFFF_FFFF
    encoded = [arg if isinstance(arg, bytes) else arg.encode("utf-8", "surrogateescape") for arg in args]
    sizes = [len(arg) + 1 for arg in encoded]
    table_bytes = 4 * (len(encoded) + 1)
    # The stack has room for arguments; the C library's own start code puts them there, too.
    allocate = exports["malloc"] if "malloc" in exports else find_export(instance, _ALLOCATE)
    table = allocate(table_bytes + sum(sizes))
    memory = instance.first_memory
    address = (table & 0xFFFF_FFFF) + table_bytes
    for position, arg in enumerate(encoded):
        memory.write_value((table & 0xFFFF_FFFF) + 4 * position, "I", address)
        memory.write(address, arg + b"\0")
        address += len(arg) + 1
    memory.write_value((table & 0xFFFF_FFFF) + 4 * len(encoded), "I", 0)
    return int(main(len(encoded), table) or 0) & 0xFFFF_FFFF


def has_main(module: CompiledModule) -> bool:
    """Whether the name of the main function shows that the module is such a program."""
    export = module.exports.get(_MAIN[0])
    return export is not None and export.type == FuncType((ValType.I32, ValType.I32), (ValType.I32,))


def _is_known(name: str) -> bool:
    return name in _FUNCTIONS or name.startswith(_INVOKE) or name in ("setTempRet0", "getTempRet0")


def _throw(caller: Caller, *_: int) -> None:
    raise LongJump


def _long_jump(caller: Caller, buffer: int, value: int) -> None:
    """In older versions, the host tells the module itself which ``setjmp`` was meant."""
    caller.instance.exports["setThrew"](buffer, value or 1)
    raise LongJump


def _abort(caller: Caller, *_: int) -> None:
    raise Trap(TrapCode.UNREACHABLE, "the program aborted")


def _assert_fail(caller: Caller, condition: int, file: int, line: int, function: int) -> None:
    place = f"{_text(caller, file)}:{line}"
    raise Trap(TrapCode.UNREACHABLE, f"assertion failed: {_text(caller, condition)}, at {place}")


def _text(caller: Caller, address: int) -> str:
    memory = caller.memory
    start = address & 0xFFFF_FFFF
    data = memory.read(start, min(1_024, max(0, memory.size_bytes - start)))
    return data.partition(b"\0")[0].decode(errors="replace")


def _throw_cxx(caller: Caller, *_: int) -> None:
    """Where nothing catches exceptions of C++, emscripten's default, one ends the program."""
    raise Trap(TrapCode.UNREACHABLE, "an exception of C++ was thrown, and the module was built without catching any")


def _call_handler(caller: Caller, index: int, signal: int) -> None:
    """A signal that the program raises itself."""
    elements = caller.instance.exports["__indirect_function_table"].elements
    func = find_element(elements, index & 0xFFFF_FFFF)
    if func.defined_type.composite != FuncType((ValType.I32,)):
        raise Trap(TrapCode.BAD_SIGNATURE)
    func.adapter()(signal)


def _exit(caller: Caller, status: int) -> None:
    raise WasiExit(status & 0xFFFF_FFFF)


def _nothing(caller: Caller, *_: int) -> None:
    """Does nothing: memory that grew needs no action here, its views see it."""


def _resize_heap(caller: Caller, size: int) -> int:
    memory = caller.memory
    missing = (size & 0xFFFF_FFFF) - memory.size_bytes
    page = memory.type.page_bytes
    return int(missing <= 0 or memory.grow(-(-missing // page)) >= 0)


def _copy(caller: Caller, target: int, source: int, size: int) -> int:
    size &= 0xFFFF_FFFF
    caller.memory.slice(target, size)[:] = caller.memory.slice(source, size)
    return target


def _copy_only(caller: Caller, target: int, source: int, size: int) -> None:
    _copy(caller, target, source, size)


def _date_now(caller: Caller) -> float:
    return float(time.time_ns() // 1_000_000)


def _now(caller: Caller) -> float:
    return time.monotonic_ns() / 1e6


def _make_setter(cell: list[int]) -> Callable[[Caller, int], None]:
    def set_upper(caller: Caller, value: int) -> None:
        cell[0] = value

    return set_upper


def _make_getter(cell: list[int]) -> Callable[[Caller], int]:
    def get_upper(caller: Caller) -> int:
        return cell[0]

    return get_upper


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "_emscripten_throw_longjmp": _throw,
    "emscripten_longjmp": _long_jump,
    "emscripten_longjmp_jmpbuf": _long_jump,
    "longjmp": _long_jump,
    "emscripten_notify_memory_growth": _nothing,
    "emscripten_resize_heap": _resize_heap,
    "emscripten_get_heap_max": lambda caller: _HEAP_LIMIT - 65_536,
    "emscripten_memcpy_big": _copy,
    "emscripten_memcpy_js": _copy_only,
    "_emscripten_memcpy_js": _copy_only,
    "emscripten_date_now": _date_now,
    "emscripten_get_now": _now,
    "_emscripten_get_now_is_monotonic": lambda caller: 1,
    "abort": _abort,
    "_abort_js": _abort,
    "__assert_fail": _assert_fail,
    "__call_sighandler": _call_handler,
    "exit": _exit,
    "emscripten_force_exit": _exit,
}
