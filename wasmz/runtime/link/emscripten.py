"""What modules built by emscripten import from its JavaScript, as far as a host without JavaScript can provide it.

    define(linker, module, glue)                          as of all families: see interop/registry.py
    instance = Instance(store, module, linker)
    finish(instance, glue)
    status = run_main(instance, ["prog", "arg"])          for modules that export `main`, not `_start`

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
from wasmz.startup.light import ref
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from wasmz.errors import WasmFrame
    from wasmz.runtime.calls.host import Definitions
    from wasmz.runtime.emscripten.definitions import System
    from wasmz.runtime.emscripten.names import Names
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.wasi.wasi_config import WasiConfig

_WASI: Final = "wasi_snapshot_preview1"
_MODULE: Final = "env"
# What emscripten's -O3 calls it, and how long the names are then.
_SHORT: Final = "a"
_LONGEST_SHORT: Final = 2
# Exceptions of C++ by way of JavaScript.
_EXCEPTIONS: Final = ("__cxa_", "__resumeException", "llvm_eh_")
_EMBIND: Final = ("_embind_", "_emval_")
# What embind's newer versions begin with, in their JavaScript: two numbers for each of undefined, null, true and false.
_NEW_HANDLES: Final = r"0,\s*1,\s*(?:void 0|undefined)?,\s*1,\s*null,\s*1,"
_LIST: Final = "__syscall_getdents64"
_INVOKE: Final = "invoke_"
_ALLOCATE: Final = ("_emscripten_stack_alloc", "stackAlloc")
_MAIN: Final = ("__main_argc_argv", "main")
_HEAP_LIMIT: Final = 0x8000_0000


class CxxException(Trap, LongJump):
    """Leaves functions of the guest for a handler of C++'s; where there is none, it is the trap that ends the call."""

    def __init__(self, describe: Callable[[], str]) -> None:
        Exception.__init__(self)
        self.light_code: TrapCode = TrapCode.UNREACHABLE
        self.frames: tuple[WasmFrame, ...] = ()
        self._describe = describe

    def __getattr__(self, name: str) -> Any:
        # What was thrown says so itself, in the guest: only where nothing has caught it.
        if name != "message":
            raise AttributeError(name)
        self.message: str = self._describe()
        return self.message

    def __reduce__(self) -> Any:
        return Trap, (None, self.message)


def define_emscripten(
    linker: Definitions,
    module: CompiledModule,
    config: WasiConfig | None = None,
    *,
    names: Mapping[tuple[str, str], str] | None = None,
    overflow: str | None = None,
    glue: str | None = None,
) -> None:
    """Defines the functions of emscripten that the module imports and that have no definition.

    Args:
        linker: gets them. Where WASI is defined in it, system calls are those of the same process.
        module: the module.
        config: what the guest gets of files and streams, if WASI is not defined.
        names: what imports are called by emscripten, where that is not what they are called in the module.
        overflow: an export that ends by ``longjmp``. Where calls through ``invoke_xxx`` are nested deeper than the
            host's stack lets them, it is called in place of what was to be called, so that the guest has an error.
        glue: the text of emscripten's JavaScript, which tells versions of embind apart.
    """
    definer = _Definer(linker, config, overflow)
    definer.has_new_handles = _has_new_handles(module, names or {}, glue)
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


def define(linker: Definitions, module: CompiledModule, glue: str | None, config: WasiConfig | None = None) -> None:
    """Defines what the module imports of emscripten, with the names that its JavaScript has for that.

    Raises:
        ValueError: the JavaScript is not for this module.
    """
    names = None if glue is None else _names_of(glue, module)
    define_emscripten(linker, module, config, names=None if names is None else names.imports, glue=glue)


# The names that were read last: they are needed before and after an instance is made.
_last: tuple[Any, str, Names] | None = None


def _names_of(glue: str, module: CompiledModule) -> Names:
    global _last
    last = _last
    if last is not None and last[0]() is module and last[1] == glue:
        return last[2]
    load("wasmz.runtime.emscripten.names")
    from wasmz.runtime.emscripten.names import read_names

    names = read_names(glue, module)
    _last = ref(module), glue, names
    return names


def finish(instance: Instance, glue: str | None) -> None:
    """Gives exports the names that the JavaScript has for them, too, and calls constructors, as that does."""
    if glue is None:
        return
    names = _names_of(glue, instance.module)
    instance.add_export_names(names.exports)
    call_constructors(instance, names.constructors or "__wasm_call_ctors")


def bind(instance: Instance, glue: str | None) -> dict[str, Any]:
    """What the module has registered by embind."""
    if glue is None and not instance.is_command and not has_main(instance.module):
        call_constructors(instance)
    if not any(item.name.startswith(_EMBIND) or item.module_name == _SHORT for item in instance.module.imported_funcs):
        return {}
    load("wasmz.interop.embind.binding")
    from wasmz.interop.embind.binding import bind as bind_embind

    return bind_embind(instance)


def _has_new_handles(module: CompiledModule, names: Mapping[tuple[str, str], str], glue: str | None) -> bool:
    """Whether embind's handles of constants are those of version 3.1.54 and later, as far as that can be told."""
    if glue is not None:
        load("re")
        import re

        return re.search(_NEW_HANDLES, glue) is not None
    # Only the newest can be told without the JavaScript.
    return any(
        item.name in ("_emval_create_invoker", "_emval_invoke")
        or (item.name == "_embind_register_emval" and isinstance(item.type, FuncType) and len(item.type.params) == 1)
        for item in module.imported_funcs
    )


class _Definer:
    """Defines imports of a module, one after the other.

    Attributes:
        has_new_handles: which of embind's handles are those of constants.
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
        self.has_new_handles: bool = True

    def define(self, place: tuple[str, str], name: str, type: FuncType) -> None:
        """Defines an import as the function of this name, if there is one."""
        if self._linker.get(*place) is not None:
            return
        if name.startswith(_INVOKE):
            self._linker.define(*place, Invoke(type, self._overflow, self._depth))
        elif _is_known(name):
            self._linker.define(*place, HostFunc(self._find(name, type), type.params, type.results, caller=True))
        elif name.startswith(_EXCEPTIONS):
            self._define_exception(place, name, type)
        elif name.startswith(_EMBIND):
            load("wasmz.interop.embind.binding")
            from wasmz.interop.embind.binding import find_import

            function = find_import(name, type, is_new=self.has_new_handles)
            if function is not None:
                self._linker.define(*place, function)
        elif _is_of_system(name):
            self._find_system().define(self._linker, *place, name, type)

    def define_wasi(self, place: tuple[str, str], type: FuncType) -> None:
        """Defines a function of WASI where the module has another type for it: two i32 for each i64."""
        known = getattr(self._linker.get(*place), "type", None)
        if (known != type or (self.reads_directories and place[1] == "fd_seek")) and _is_of_system(place[1]):
            self._find_system().define(self._linker, *place, place[1], type)

    def _define_exception(self, place: tuple[str, str], name: str, type: FuncType) -> None:
        load("wasmz.runtime.emscripten.exceptions")
        from wasmz.runtime.emscripten.exceptions import ExceptionImport, is_exception_function, types_of

        load("wasmz.runtime.emscripten.definitions")
        from wasmz.runtime.emscripten.definitions import letters_of

        if is_exception_function(name) and letters_of(type) in types_of(name):
            self._linker.define(*place, ExceptionImport(name, type, self._temporary, CxxException))

    def _find(self, name: str, type: FuncType) -> Callable[..., Any]:
        if name == "setTempRet0":
            return _make_setter(self._temporary)
        if name == "emscripten_memcpy_big" and not type.results:
            return _copy_only
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
