"""``invoke_xxx``, by which modules of emscripten call functions that may end by ``longjmp``.

    linker.define("env", "invoke_ii", Invoke(FuncType([ValType.I32, ValType.I32], [ValType.I32])))

``invoke_ii(index, argument)`` calls a function of the table. If a :class:`LongJump` ends it, the stack pointer is what
it was before, the module is told by ``setThrew(1, 0)``, and the result is zero.

Generated code calls such a function itself, with values in its own form, and it calls generated code. Without the
adapters between Python and wasm, a call takes a fifth of the time. A frame of Python calls the other, so calls nest as
deep as others do. That needs exports and a table of the usual types. For a module that has others, it is an ordinary
function of the host, :func:`_make_general`.
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.abi import FRAME_KEY, HELPER
from wasmz.runtime.calls.func import Func, function_behind
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.memory.table import Table
from wasmz.startup.light import ref
from wasmz.types import FuncType, ValType, define_function_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.link.instance import Instance
    from wasmz.runtime.link.store import Store
    from wasmz.types import DefinedType

    # What is called by index, and the functions that save and restore the stack pointer and tell of a jump.
    _Raw = tuple[Sequence[Callable[..., Any]], Callable[[], int], Callable[[int], None], Callable[[int, int], None]]

# The exports that save and restore the stack pointer: current names, then older ones.
_SAVE: Final = ("emscripten_stack_get_current", "stackSave", "stack_save")
_RESTORE: Final = ("_emscripten_stack_restore", "stackRestore", "stack_restore")
_TELL: Final = ("setThrew",)
_TABLE: Final = "__indirect_function_table"
# Calls through the host nest 400 times at most; some are left for others.
_MOST_NESTED: Final = 300
# Zero of each type that a function called so may return.
_ZEROS: Final = {ValType.I32: 0, ValType.I64: 0, ValType.F32: 0.0, ValType.F64: 0.0}

# The function for generated code, by its number of arguments: each has a code object and inline caches of its own. With
# a fixed number, CPython 3.11 needs no stack of C's for a call either.
_SOURCE: Final = """\
def make(find, general, zero):
    callees = None
    def invoke({all}):
        nonlocal callees, save, restore, tell
        if callees is None:
            found = find()
            if found is None:
                return general({all})
            callees, save, restore, tell = found
        saved = save()
        try:
            callee = callees[index]
        except IndexError:
            raise Trap(TABLE_OUT_OF_BOUNDS) from None
        try:
            return callee({arguments})
        except LongJump:
            restore(saved)
            tell(1, 0)
            return zero
    save = restore = tell = None
    return invoke
"""
# The same where nested calls are counted; `depth` has their number.
_COUNTING_SOURCE: Final = """\
def make(find, general, zero, depth, most, refuse):
    callees = None
    def invoke({all}):
        nonlocal callees, save, restore, tell
        if callees is None:
            found = find()
            if found is None:
                return general({all})
            callees, save, restore, tell = found
        saved = save()
        depth[0] += 1
        try:
            if depth[0] > most:
                refuse()
                return zero
            try:
                callee = callees[index]
            except IndexError:
                raise Trap(TABLE_OUT_OF_BOUNDS) from None
            return callee({arguments})
        except LongJump:
            restore(saved)
            tell(1, 0)
            return zero
        finally:
            depth[0] -= 1
    save = restore = tell = None
    return invoke
"""


class LongJump(Exception):
    """Leaves functions of the guest, for a ``setjmp`` further out."""


_GLOBALS: Final[dict[str, Any]] = {
    FRAME_KEY: HELPER,
    "__name__": __name__,
    "LongJump": LongJump,
    "Trap": Trap,
    "TABLE_OUT_OF_BOUNDS": TrapCode.TABLE_OUT_OF_BOUNDS,
}
_makers: dict[tuple[int, bool], Callable[..., Any]] = {}


class Invoke(HostFunc):
    """The function ``invoke_xxx`` of a type.

    Args:
        type: its type: the callee's, after an i32 that is the index.
        overflow: an export that ends by ``longjmp``, called in place of a callee when too many calls are nested.
        depth: a list of the number of nested calls, for all functions that count together.
    """

    __slots__ = ("_depth", "_overflow")

    def __init__(self, type: FuncType, overflow: str | None = None, depth: list[int] | None = None) -> None:
        invoke = _make_general(type)
        self._overflow = overflow
        self._depth: list[int] = [0] if depth is None else depth
        if overflow is not None:
            invoke = _make_counting(invoke, _zero(type), overflow, self._depth)
        super().__init__(invoke, type.params, type.results, caller=True)

    def make_code(self, caller: Caller | None, name: str) -> Callable[..., Any]:
        params, results = self.type.params, self.type.results
        if caller is None or not params or params[0] is not ValType.I32:
            return super().make_code(caller, name)
        if len(results) > 1 or not _ZEROS.keys() >= {*results}:
            return super().make_code(caller, name)
        callee_type = define_function_type(FuncType(params[1:], results))
        overflow = self._overflow
        make = _maker(len(params) - 1, overflow is not None)
        zero = _zero(self.type)

        def find() -> _Raw | None:
            return _find_raw(caller.instance, callee_type)

        adapter: Callable[..., Any] | None = None

        def general(*args: Any) -> Any:
            # Made here, as few modules need it: its code is compiled.
            nonlocal adapter
            if adapter is None:
                adapter = HostFunc.make_code(self, caller, name)
            return adapter(*args)

        if overflow is None:
            return make(find, general, zero)  # type: ignore[no-any-return]

        def refuse() -> None:
            caller.instance.exports[overflow]()

        return make(find, general, zero, self._depth, _MOST_NESTED, refuse)  # type: ignore[no-any-return]

    def make_func(
        self,
        store: Store,
        *,
        instance: Instance | None = None,
        defined_type: DefinedType | None = None,
        name: str | None = None,
    ) -> Func:
        func = super().make_func(store, instance=instance, defined_type=defined_type, name=name)
        # There is no adapter further in that would raise the recursion limit.
        func.is_deep = True
        return func


def _maker(arguments: int, counts: bool) -> Callable[..., Any]:
    """The function that makes ``invoke`` for so many arguments."""
    key = (arguments, counts)
    if key not in _makers:
        names = [f"p{position}" for position in range(arguments)]
        source = _COUNTING_SOURCE if counts else _SOURCE
        made: dict[str, Any] = {}
        exec(source.format(all=", ".join(["index", *names]), arguments=", ".join(names)), _GLOBALS, made)
        _makers[key] = made["make"]
    return _makers[key]


def _find_raw(instance: Instance, callee_type: DefinedType) -> _Raw | None:
    """What calls without adapters need; ``None`` if the instance has it not, or of other types."""
    exports = instance.exports
    table = exports.get(_TABLE)
    save = _raw(exports, _SAVE, FuncType((), (ValType.I32,)))
    restore = _raw(exports, _RESTORE, FuncType((ValType.I32,)))
    tell = _raw(exports, _TELL, FuncType((ValType.I32, ValType.I32)))
    if not isinstance(table, Table) or save is None or restore is None or tell is None:
        return None
    return table.callees(callee_type), save, restore, tell


def _raw(exports: Any, names: tuple[str, ...], type: FuncType) -> Callable[..., Any] | None:
    """The code of the first export with one of these names, if it is a function of this type."""
    func = next((function_behind(exports[name]) for name in names if name in exports), None)
    return func.code if func is not None and func.type == type else None


class _Pieces:
    """What the general form needs of an instance, looked up once.

    Attributes:
        instance: a weak reference to the instance.
        save: its export that returns the stack pointer.
        elements: the elements of its table; always the same list.
    """

    __slots__ = ("elements", "instance", "save")

    def __init__(self, instance: Instance) -> None:
        self.instance: Any = ref(instance)
        self.save: Callable[[], int] = find_export(instance, _SAVE)
        self.elements: list[Any] = instance.exports[_TABLE].elements


def _make_general(type: FuncType) -> Callable[..., Any]:
    """The function ``invoke_xxx`` of this type: takes an index in the table, and the arguments of that function."""
    callee_type = FuncType(type.params[1:], type.results)
    zero = _zero(type)
    pieces: _Pieces | None = None

    def invoke(caller: Caller, index: int, *args: Any) -> Any:
        nonlocal pieces
        instance = caller.instance
        known = pieces
        if known is None or known.instance() is not instance:
            known = pieces = _Pieces(instance)
        saved = known.save()
        func = find_element(known.elements, index & 0xFFFF_FFFF)
        if func.defined_type.composite != callee_type:
            raise Trap(TrapCode.BAD_SIGNATURE)
        try:
            return func.adapter()(*args)
        except LongJump:
            find_export(instance, _RESTORE)(saved)
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
            saved = find_export(instance, _SAVE)()
            try:
                instance.exports[overflow]()
            except LongJump:
                find_export(instance, _RESTORE)(saved)
                instance.exports["setThrew"](1, 0)
            return zero
        finally:
            depth[0] -= 1

    return counting


def _zero(type: FuncType) -> Any:
    """What a function returns that ``longjmp`` leaves: of another type than i32 and i64, zero is a float."""
    return _ZEROS.get(type.results[0], 0.0) if type.results else None


def find_export(instance: Instance, names: tuple[str, ...]) -> Any:
    """The first export with one of these names."""
    for name in names:
        if name in instance.exports:
            return instance.exports[name]
    raise KeyError(f"the module exports none of {', '.join(names)}")


def find_element(elements: list[Any], index: int) -> Func:
    """The function at an index of a table; traps where there is none."""
    if index >= len(elements):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    func = elements[index]
    if not isinstance(func, Func):
        raise Trap(TrapCode.INDIRECT_CALL_TO_NULL)
    return func
