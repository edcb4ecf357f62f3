"""C++'s exceptions where emscripten has them thrown and caught by the host: its default before ``-fwasm-exceptions``.

    throw          __cxa_throw(object, type, destructor)            raises a Python exception
    try            invoke_xxx(index, ...)                           catches it, and says so by setThrew(1, 0)
    catch (T&)     __cxa_find_matching_catch_3(T) -> object         with the T that matched in getTempRet0()
                   __cxa_begin_catch(object), __cxa_end_catch()

Before each object is what C++'s own library keeps of it, 24 bytes: uses, type, destructor, flags, and the address as
which it was caught.
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap, WasmzError
from wasmz.runtime.calls.adapters import make_host_adapter
from wasmz.runtime.calls.func import Func
from wasmz.runtime.calls.host import HostFunc
from wasmz.startup.light import WeakValueDictionary, ref
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.runtime.calls.host import Caller
    from wasmz.runtime.link.instance import Instance
    from wasmz.runtime.memory.linear import Memory

_BYTES: Final = 24
_MASK: Final = 0xFFFF_FFFF
# Where in the 24 bytes.
_USES, _TYPE, _DESTRUCTOR, _CAUGHT, _RETHROWN, _ADJUSTED = 0, 4, 8, 12, 13, 16
_FIND: Final = "__cxa_find_matching_catch"
# Exceptions that are being handled within each other.
_MOST_CAUGHT: Final = 10_000
_DEEPEST: Final = 16
_LONGEST: Final = 1_024
_EXCEPTION: Final = b"St9exception"
# By their mangled names.
_PLAIN: Final = {
    "i": "int",
    "j": "unsigned int",
    "l": "long",
    "m": "unsigned long",
    "x": "long long",
    "y": "unsigned long long",
    "s": "short",
    "t": "unsigned short",
    "c": "char",
    "b": "bool",
    "f": "float",
    "d": "double",
    "Ss": "std::string",
    "PKc": "char const*",
    "Pc": "char*",
}


def is_exception_function(name: str) -> bool:
    """Whether there is such a function."""
    return name in FUNCTIONS or name.startswith(_FIND)


def types_of(name: str) -> tuple[str, ...]:
    """The types that it may have, in letters."""
    if name.startswith(_FIND):
        digits = name.removeprefix(_FIND).removeprefix("_")
        return ("i" * (int(digits) - 2) + ":i",) if digits.isdecimal() and 2 <= int(digits) < 100 else (":i",)
    return (FUNCTIONS[name][0],)


class State:
    """The exceptions of an instance.

    Attributes:
        last: the object that was thrown last and is not caught yet, or 0.
    """

    def __init__(self, instance: Instance, upper: list[int], thrown: Callable[[Callable[[], str]], BaseException]):
        self._instance = ref(instance)
        self._upper = upper
        self._thrown = thrown
        self._caught: list[int] = []
        self._uncaught = 0
        self.last: int = 0

    @property
    def instance(self) -> Instance:
        instance = self._instance()
        if instance is None:
            raise RuntimeError("the instance of an exception of C++ is gone")
        return instance

    @property
    def memory(self) -> Memory:
        return self.instance.first_memory

    def is_of(self, instance: Instance) -> bool:
        """Whether these are the exceptions of an instance."""
        return self._instance() is instance

    def _word(self, address: int) -> int:
        value: int = self.memory.read_value(address & _MASK, "I")
        return value

    def _export(self, name: str) -> Any:
        return self.instance.exports.get(name)

    def _raise(self, thrown: int) -> None:
        self.last = thrown
        raise self._thrown(lambda: describe(self.instance, thrown))

    # --- the functions that modules import ---

    def throw(self, thrown: int, type: int, destructor: int) -> None:
        thrown &= _MASK
        # The count of uses is what it was.
        self.memory.write_value(thrown - _BYTES + _TYPE, "IIBBxxI", type & _MASK, destructor & _MASK, 0, 0, 0)
        self.retain(thrown)
        self._uncaught += 1
        self._raise(thrown)

    def begin_catch(self, thrown: int) -> int:
        thrown &= _MASK
        memory = self.memory
        if not memory.read_value(thrown - _BYTES + _CAUGHT, "B"):
            memory.write_value(thrown - _BYTES + _CAUGHT, "B", 1)
            self._uncaught -= 1
        memory.write_value(thrown - _BYTES + _RETHROWN, "B", 0)
        if len(self._caught) >= _MOST_CAUGHT:
            raise Trap(TrapCode.STACK_OVERFLOW, "exceptions of C++ are caught without end")
        self._caught.append(thrown)
        return self.pointer(thrown)

    def pointer(self, thrown: int) -> int:
        """The address that a handler gets: of a pointer that was thrown, the pointer."""
        own = self._export("__cxa_get_exception_ptr")
        if own is not None:
            return int(own(thrown))
        is_pointer = self._export("__cxa_is_pointer_type")
        if is_pointer is not None and is_pointer(self._word((thrown & _MASK) - _BYTES + _TYPE)):
            return self._word(thrown)
        return self._word((thrown & _MASK) - _BYTES + _ADJUSTED) or thrown

    def end_catch(self) -> None:
        threw = self._export("setThrew")
        if threw is not None:
            threw(0, 0)
        if not self._caught:
            raise Trap(TrapCode.UNREACHABLE, "a handler of exceptions of C++ ends, and none has begun")
        self.release(self._caught.pop())
        self.last = 0

    def rethrow(self) -> None:
        if not self._caught:
            raise Trap(TrapCode.UNREACHABLE, "no exception of C++ to throw again")
        thrown = self._caught[-1]
        self.memory.write_value(thrown - _BYTES + _CAUGHT, "BB", 0, 1)
        self._uncaught += 1
        self.retain(thrown)
        self._raise(thrown)

    def resume(self, thrown: int) -> None:
        self._raise(self.last or thrown & _MASK)

    def find(self, *types: int) -> int:
        thrown = self.last
        if not thrown:
            self._set_upper(0)
            return 0
        place = thrown - _BYTES
        self.memory.write_value(place + _ADJUSTED, "I", thrown)
        type = self._word(place + _TYPE)
        if type:
            can_catch = self._export("__cxa_can_catch")
            for wanted in types:
                if wanted in (0, type):
                    break
                if can_catch is not None and can_catch(wanted, type, place + _ADJUSTED):
                    self._set_upper(wanted)
                    return thrown
        self._set_upper(type)
        return thrown

    def _set_upper(self, value: int) -> None:
        self._upper[0] = value
        for name in ("_emscripten_tempret_set", "setTempRet0"):
            own = self._export(name)
            if own is not None:
                own(value)
                return

    def type_id(self, type: int) -> int:
        return type

    def uncaught(self) -> int:
        return max(self._uncaught, 0)

    def allocate(self, size: int) -> int:
        address: int = self.instance.exports["malloc"]((size & _MASK) + _BYTES) & _MASK
        if not address:
            raise MemoryError("the module has no memory left for an exception of C++")
        self.memory.write(address, bytes(_BYTES))
        return address + _BYTES

    def free(self, thrown: int) -> None:
        free = self._export("free")
        if free is not None:
            free((thrown & _MASK) - _BYTES)

    def retain(self, thrown: int) -> None:
        if thrown:
            place = (thrown & _MASK) - _BYTES + _USES
            self.memory.write_value(place, "I", (self._word(place) + 1) & _MASK)

    def release(self, thrown: int) -> None:
        if not thrown:
            return
        thrown &= _MASK
        own = self._export("__cxa_decrement_exception_refcount")
        if own is not None:
            own(thrown)
            return
        memory, place = self.memory, thrown - _BYTES
        uses = (self._word(place + _USES) - 1) & _MASK
        memory.write_value(place + _USES, "I", uses)
        if not uses and not memory.read_value(place + _RETHROWN, "B"):
            destructor = self._word(place + _DESTRUCTOR)
            if destructor:
                _function(self.instance, destructor).adapter()(thrown)
            self.free(thrown)

    def current(self) -> int:
        if not self._caught:
            return 0
        self.retain(self._caught[-1])
        return self._caught[-1]

    def rethrow_primary(self, thrown: int) -> None:
        thrown &= _MASK
        if thrown:
            self.memory.write_value(thrown - _BYTES + _CAUGHT, "BB", 0, 1)
            self.retain(thrown)
            self._uncaught += 1
            self._raise(thrown)

    def unexpected(self, *_: int) -> None:
        raise Trap(TrapCode.UNREACHABLE, "an exception of C++ left a function that declares others")


# Name -> type, a letter for each value; and the function.
FUNCTIONS: Final[dict[str, tuple[str, Callable[..., Any]]]] = {
    "__cxa_throw": ("iii:", State.throw),
    "__cxa_begin_catch": ("i:i", State.begin_catch),
    "__cxa_end_catch": (":", State.end_catch),
    "__cxa_rethrow": (":", State.rethrow),
    "__resumeException": ("i:", State.resume),
    "llvm_eh_typeid_for": ("i:i", State.type_id),
    "__cxa_uncaught_exceptions": (":i", State.uncaught),
    "__cxa_uncaught_exception": (":i", State.uncaught),
    "__cxa_get_exception_ptr": ("i:i", State.pointer),
    "__cxa_allocate_exception": ("i:i", State.allocate),
    "__cxa_free_exception": ("i:", State.free),
    "__cxa_increment_exception_refcount": ("i:", State.retain),
    "__cxa_decrement_exception_refcount": ("i:", State.release),
    "__cxa_current_primary_exception": (":i", State.current),
    "__cxa_rethrow_primary_exception": ("i:", State.rethrow_primary),
    "__cxa_call_unexpected": ("i:", State.unexpected),
}


class ExceptionImport(HostFunc):
    """One of the functions: the exceptions are those of the instance that is linked with it."""

    __slots__ = ("_function", "_thrown", "_upper")

    def __init__(
        self, name: str, type: FuncType, upper: list[int], thrown: Callable[[Callable[[], str]], BaseException]
    ) -> None:
        super().__init__(_unlinked, type.params, type.results, caller=True)
        self._function: Callable[..., Any] = State.find if name.startswith(_FIND) else FUNCTIONS[name][1]
        self._upper = upper
        self._thrown = thrown

    def make_code(self, caller: Caller | None, name: str) -> Callable[..., Any]:
        if caller is None:
            return make_host_adapter(_unlinked, self.type, name, None)
        instance = caller.instance
        state = _states.get(id(instance))
        if state is None or not state.is_of(instance):
            state = _states[id(instance)] = State(instance, self._upper, self._thrown)
        function, found = self._function, state

        def call(*args: int) -> Any:
            return function(found, *args)

        return make_host_adapter(call, self.type, name, None)


def _unlinked(*args: Any) -> Any:
    raise RuntimeError("exceptions of C++ belong to an instance")


# By the ids of their instances.
_states: WeakValueDictionary[int, State] = WeakValueDictionary()


def _function(instance: Instance, index: int) -> Func:
    exports = instance.exports
    for name in ("__indirect_function_table", *exports):
        elements = getattr(exports[name], "elements", None) if name in exports else None
        if elements is not None:
            func = elements[index] if index < len(elements) else None
            if isinstance(func, Func):
                return func
            break
    raise Trap(TrapCode.INDIRECT_CALL_TO_NULL)


def describe(instance: Instance, thrown: int) -> str:
    """What was thrown: the name of its type, and what ``what()`` says, as far as that can be had."""
    try:
        memory = instance.first_memory
        type: int = memory.read_value(thrown - _BYTES + _TYPE, "I")
        name = demangle(_text(memory, memory.read_value(type + 4, "I")))
        said = _what(instance, memory, type, thrown)
    except (WasmzError, ValueError, KeyError, RuntimeError, RecursionError):
        # It is not as C++'s library has it, or its code did not say.
        return "an exception of C++ was not caught"
    return ": ".join(part for part in ("an exception of C++ was not caught", name, said) if part)


def _what(instance: Instance, memory: Memory, type: int, thrown: int) -> str:
    name = _text(memory, memory.read_value(type + 4, "I"))
    if name in ("PKc", "Pc"):
        return _text(memory, memory.read_value(thrown, "I"))
    if name == "i":
        return str(memory.read_value(thrown, "i"))
    if not _is_exception(memory, type):
        return ""
    # Of the table of virtual functions: two destructors, then what().
    func = _function(instance, memory.read_value(memory.read_value(thrown, "I") + 8, "I"))
    if func.type != FuncType((ValType.I32,), (ValType.I32,)):
        return ""
    try:
        return _text(memory, func.adapter()(thrown) & _MASK)
    except WasmzError:
        return ""


def _is_exception(memory: Memory, type: int) -> bool:
    """Whether a type is derived from ``std::exception``, without being moved by that."""
    for _ in range(_DEEPEST):
        try:
            name = memory.read(memory.read_value(type + 4, "I"), len(_EXCEPTION) + 1)
            if name == _EXCEPTION + b"\0":
                return True
            base: int = memory.read_value(type + 8, "I")
            if base < 4:
                # Of several bases, the first.
                base = memory.read_value(type + 16, "I")
            type = base
        except Trap:
            return False
    return False


def _text(memory: Memory, address: int) -> str:
    data = memory.read(address, min(_LONGEST, max(0, memory.size_bytes - address)))
    return data.partition(b"\0")[0].decode(errors="replace")


def demangle(name: str) -> str:
    """A type's name as in the source: ``N2ns5ErrorE`` is ``ns::Error``. Templates stay as they are."""
    if name in _PLAIN:
        return _PLAIN[name]
    rest, parts = name, []
    is_nested = rest.startswith("N") and rest.endswith("E")
    if is_nested:
        rest = rest[1:-1]
    if rest.startswith("St"):
        parts.append("std")
        rest = rest[2:]
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        if not digits or digits > 4:
            return name
        size = int(rest[:digits])
        if size == 0 or digits + size > len(rest):
            return name
        parts.append(rest[digits : digits + size])
        rest = rest[digits + size :]
    # libc++ has its own names in a namespace of their own.
    return "::".join(part for part in parts if part not in ("__2", "__1")) or name
