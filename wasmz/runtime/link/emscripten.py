"""What modules built by emscripten import from its JavaScript, as far as a host without JavaScript can provide it.

    if is_emscripten(module):
        define_emscripten(linker, module)
    status = run_main(instance, ["prog", "arg"])         for modules that export `main`, not `_start`

C's ``longjmp`` leaves functions by an exception of the host. ``invoke_xxx(index, ...)`` calls a function of the table.
If that ends by such an exception, it restores the stack pointer, tells the module by ``setThrew(1, 0)``, and returns
zero. The code after the call then finds out which ``setjmp`` was meant.
"""

from __future__ import annotations

import time

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap, WasiExit
from wasmz.runtime.calls.func import Func
from wasmz.runtime.calls.host import Caller, HostFunc
from wasmz.startup.light import ref
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    from wasmz.runtime.calls.host import Definitions
    from wasmz.runtime.link.compiled_module import CompiledModule
    from wasmz.runtime.link.instance import Instance

_MODULE: Final = "env"
_INVOKE: Final = "invoke_"
# The exports that save and restore the stack pointer: current names, then older ones.
_SAVE: Final = ("emscripten_stack_get_current", "stackSave", "stack_save")
_RESTORE: Final = ("_emscripten_stack_restore", "stackRestore", "stack_restore")
_ALLOCATE: Final = ("_emscripten_stack_alloc", "stackAlloc")
_MAIN: Final = ("__main_argc_argv", "main")
_HEAP_LIMIT: Final = 0x8000_0000
# Calls through the host nest 400 times at most; some are left for others.
_MOST_NESTED: Final = 300


class LongJump(Exception):
    """Leaves functions of the guest, for a ``setjmp`` further out."""


def is_emscripten(module: CompiledModule) -> bool:
    """Whether the module imports something that :func:`define_emscripten` defines."""
    return any(item.module_name == _MODULE and _is_known(item.name) for item in module.imported_funcs)


def define_emscripten(linker: Definitions, module: CompiledModule, *, overflow: str | None = None) -> None:
    """Defines the functions of emscripten that the module imports and that have no definition.

    Args:
        linker: gets them.
        module: the module.
        overflow: an export that ends by ``longjmp``. Where calls through ``invoke_xxx`` are nested deeper than the
            host's stack lets them, it is called in place of what was to be called, so that the guest has an error.
    """
    temporary = [0]
    depth = [0]
    for item in module.imported_funcs:
        name = item.name
        if item.module_name != _MODULE or not _is_known(name) or linker.get(_MODULE, name) is not None:
            continue
        function: Callable[..., Any]
        if name.startswith(_INVOKE):
            function = _make_invoke(item.type) if isinstance(item.type, FuncType) else _abort
            if overflow is not None and isinstance(item.type, FuncType):
                function = _make_counting(function, _zero(item.type), overflow, depth)
        elif name == "setTempRet0":
            function = _make_setter(temporary)
        elif name == "getTempRet0":
            function = _make_getter(temporary)
        else:
            function = _FUNCTIONS[name]
        if isinstance(item.type, FuncType):
            linker.define(_MODULE, name, HostFunc(function, item.type.params, item.type.results, caller=True))


def run_main(instance: Instance, args: Sequence[str | bytes]) -> int:
    """Calls ``__main_argc_argv``, or ``main``, with arguments; returns its status.

    Raises:
        KeyError: the module exports neither, or no function that allocates memory for the arguments.
    """
    exports = instance.exports
    main = _export(instance, _MAIN)
    if not main.wasmz_func.type.params:
        return int(main() or 0) & 0xFFFF_FFFF
    encoded = [arg if isinstance(arg, bytes) else arg.encode("utf-8", "surrogateescape") for arg in args]
    sizes = [len(arg) + 1 for arg in encoded]
    table_bytes = 4 * (len(encoded) + 1)
    # The stack has room for arguments; the C library's own start code puts them there, too.
    allocate = exports["malloc"] if "malloc" in exports else _export(instance, _ALLOCATE)
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


def _export(instance: Instance, names: tuple[str, ...]) -> Any:
    """The first export with one of these names."""
    for name in names:
        if name in instance.exports:
            return instance.exports[name]
    raise KeyError(f"the module exports none of {', '.join(names)}")


class _Pieces:
    """What ``invoke_xxx`` needs of an instance, looked up once: 0.6 us a call instead of 1.6.

    Attributes:
        instance: a weak reference to the instance.
        save: its export that returns the stack pointer.
        elements: the elements of its table; always the same list.
    """

    __slots__ = ("elements", "instance", "save")

    def __init__(self, instance: Instance) -> None:
        exports = instance.exports
        self.instance: Any = ref(instance)
        self.save: Callable[[], int] = _export(instance, _SAVE)
        self.elements: list[Any] = exports["__indirect_function_table"].elements


def _make_invoke(type: FuncType) -> Callable[..., Any]:
    """The function ``invoke_xxx`` of this type: takes an index in the table, and the arguments of that function."""
    callee_type = FuncType(type.params[1:], type.results)
    zero = _zero(type)
    pieces: _Pieces | None = None
    # The type that last matched the callee's; a module has one object for each type.
    equal: object = callee_type

    def invoke(caller: Caller, index: int, *args: Any) -> Any:
        nonlocal pieces, equal
        instance = caller.instance
        known = pieces
        if known is None or known.instance() is not instance:
            known = pieces = _Pieces(instance)
        saved = known.save()
        func = _element(known.elements, index & 0xFFFF_FFFF)
        composite = func.defined_type.composite
        if composite is not equal:
            if composite != callee_type:
                raise Trap(TrapCode.BAD_SIGNATURE)
            equal = composite
        try:
            return func.adapter()(*args)
        except LongJump:
            _export(instance, _RESTORE)(saved)
            instance.exports["setThrew"](1, 0)
            return zero

    return invoke


def _make_counting(invoke: Callable[..., Any], zero: Any, overflow: str, depth: list[int]) -> Callable[..., Any]:
    """The same function, which calls another export of no arguments when too many of them are nested."""

    def counting(caller: Caller, index: int, *args: Any) -> Any:
        depth[0] += 1
        try:
            if depth[0] <= _MOST_NESTED:
                return invoke(caller, index, *args)
            instance = caller.instance
            saved = _export(instance, _SAVE)()
            try:
                instance.exports[overflow]()
            except LongJump:
                _export(instance, _RESTORE)(saved)
                instance.exports["setThrew"](1, 0)
            return zero
        finally:
            depth[0] -= 1

    return counting


def _zero(type: FuncType) -> Any:
    """What a function returns that ``longjmp`` leaves: of another type than i32 and i64, zero is a float."""
    return None if not type.results else 0 if type.results[0] in (ValType.I32, ValType.I64) else 0.0


def _element(elements: list[Any], index: int) -> Func:
    if index >= len(elements):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    func = elements[index]
    if not isinstance(func, Func):
        raise Trap(TrapCode.INDIRECT_CALL_TO_NULL)
    return func


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
    "exit": _exit,
    "emscripten_force_exit": _exit,
}
