"""``gojs`` as TinyGo calls it: values are arguments of 64 bits, and results have an address.

functions_of(program)["syscall/js.stringVal"](address, size)     -> the 64 bits of a string
"""

from __future__ import annotations

import time

from wasmz.interop.javascript.operations import (
    call_method,
    construct,
    delete,
    get,
    instance_of,
    put,
    to_int32,
    to_string,
)
from wasmz.interop.javascript.values import (
    UNDEFINED,
    ArrayBuffer,
    JavaScriptError,
    TypedArray,
    call,
    caught,
    encode_text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MASK = 0xFFFF_FFFF


def functions_of(program: Any) -> dict[str, Callable[..., Any]]:
    """The functions by the names of the imports, for a ``Program`` of go.py."""
    tiny = _Tiny(program)
    return {
        "runtime.ticks": time.monotonic_ns,
        "runtime.sleepTicks": tiny.sleep,
        "syscall/js.finalizeRef": program.values.release,
        "syscall/js.stringVal": lambda start, size: tiny.box(tiny.text(start, size)),
        "syscall/js.valueGet": lambda bits, start, size: tiny.box(get(tiny.unbox(bits), tiny.text(start, size))),
        "syscall/js.valueSet": tiny.set,
        "syscall/js.valueDelete": tiny.delete,
        "syscall/js.valueIndex": lambda bits, index: tiny.box(get(tiny.unbox(bits), index)),
        "syscall/js.valueSetIndex": lambda bits, index, item: put(tiny.unbox(bits), index, tiny.unbox(item)),
        "syscall/js.valueCall": tiny.call,
        "syscall/js.valueInvoke": tiny.invoke,
        "syscall/js.valueNew": tiny.new,
        "syscall/js.valueLength": lambda bits: to_int32(get(tiny.unbox(bits), "length")),
        "syscall/js.valuePrepareString": tiny.prepare_string,
        "syscall/js.valueLoadString": tiny.load_string,
        "syscall/js.valueInstanceOf": lambda bits, kind: int(instance_of(tiny.unbox(bits), tiny.unbox(kind))),
        "syscall/js.copyBytesToGo": tiny.bytes_to_go,
        "syscall/js.copyBytesToJS": tiny.bytes_to_js,
        **{name: _unknown(name) for name in _OF_GO},
    }


# What only Go's programs import, with an address as argument.
_OF_GO = (
    *("runtime.wasmExit", "runtime.wasmWrite", "runtime.resetMemoryDataView", "runtime.nanotime1", "runtime.walltime"),
    *("runtime.walltime1", "runtime.scheduleTimeoutEvent", "runtime.clearTimeoutEvent", "runtime.getRandomData"),
)


def _unknown(name: str) -> Callable[..., Any]:
    def refuse(*args: Any) -> Any:
        raise JavaScriptError(f"{name} is called in a form that is not known")

    return refuse


class _Tiny:
    def __init__(self, program: Any) -> None:
        self.program: Any = program
        self.box: Callable[[Any], int] = program.values.box
        self.unbox: Callable[[int], Any] = program.values.unbox

    @property
    def memory(self) -> Any:
        return self.program.memory

    def text(self, start: int, size: int) -> str:
        data: bytes = self.memory.read(start & _MASK, size & _MASK)
        return data.decode(errors="replace")

    def sleep(self, ticks: float) -> None:
        self.program._timer(max(0, int(ticks)))

    def set(self, bits: int, start: int, size: int, item: int) -> None:
        put(self.unbox(bits), self.text(start, size), self.unbox(item))

    def delete(self, bits: int, start: int, size: int) -> None:
        delete(self.unbox(bits), self.text(start, size))

    def arguments(self, start: int, size: int) -> tuple[Any, ...]:
        self.memory.slice(start & _MASK, 8 * (size & _MASK)).release()
        values = self.memory.read_value(start & _MASK, f"{size & _MASK}Q") if size else ()
        return tuple([self.unbox(bits) for bits in (values if isinstance(values, tuple) else (values,))])

    def outcome(self, place: int, run: Callable[[], Any]) -> None:
        try:
            result, is_good = run(), 1
        except BaseException as error:
            result, is_good = caught(error), 0
        self.memory.write_value(place & _MASK, "QB", self.box(result), is_good)

    def call(self, place: int, bits: int, start: int, size: int, args: int, count: int, capacity: int) -> None:
        value, name, given = self.unbox(bits), self.text(start, size), self.arguments(args, count)
        self.outcome(place, lambda: call_method(value, name, given))

    def invoke(self, place: int, bits: int, args: int, count: int, capacity: int) -> None:
        function, given = self.unbox(bits), self.arguments(args, count)
        self.outcome(place, lambda: call(function, UNDEFINED, given))

    def new(self, place: int, bits: int, args: int, count: int, capacity: int) -> None:
        kind, given = self.unbox(bits), self.arguments(args, count)
        self.outcome(place, lambda: construct(kind, given))

    def prepare_string(self, place: int, bits: int) -> None:
        data = encode_text(to_string(self.unbox(bits)))
        value = TypedArray("Uint8Array", ArrayBuffer(data), 0, len(data))
        self.memory.write_value(place & _MASK, "QI", self.box(value), len(data))

    def load_string(self, bits: int, start: int, size: int, capacity: int) -> None:
        self.program._copy_in(start & _MASK, size & _MASK, self.unbox(bits))

    def bytes_to_go(self, place: int, start: int, size: int, capacity: int, bits: int) -> None:
        count = self.program._copy_in(start & _MASK, size & _MASK, self.unbox(bits))
        self.memory.write_value(place & _MASK, "IB", max(count, 0), count >= 0)

    def bytes_to_js(self, place: int, bits: int, start: int, size: int, capacity: int) -> None:
        count = self.program._copy_out(self.unbox(bits), start & _MASK, size & _MASK)
        self.memory.write_value(place & _MASK, "IB", max(count, 0), count >= 0)
