"""Memories, tables and globals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.dropin.scenarios import SCENARIOS, scenario


def memory(w: Any, use: Callable[[Any, Any], Any], minimum: int = 1, maximum: int | None = 2) -> Any:
    store = w.Store()
    made = w.Memory(store, w.MemoryType(w.Limits(minimum, maximum)))
    made.write(store, b"0123456789", 0)
    return use(made, store)


MEMORY_USES: dict[str, Callable[[Any, Any], Any]] = {
    "growing too much": lambda m, s: m.grow(s, 5),
    "growing by less than nothing": lambda m, s: m.grow(s, -1),
    "growing by text": lambda m, s: m.grow(s, ""),
    "growing": lambda m, s: [m.grow(s, 1), m.grow(s, 0), m.size(s), m.data_len(s), m.type(s).limits.min],
    "writing past the end": lambda m, s: m.write(s, b"abc", 65535),
    "writing up to the end": lambda m, s: [m.write(s, b"abc", 65533), m.read(s, -4), m.data_ptr(s)[65535]],
    "writing at the end": lambda m, s: m.write(s, b"", 65536),
    "writing nothing": lambda m, s: m.write(s, b"", 4),
    "writing numbers": lambda m, s: [m.write(s, [1, 2, 3], 2), m.read(s, 0, 8)],
    "writing zeros": lambda m, s: [m.write(s, 3, 2), m.read(s, 0, 8)],
    "writing text": lambda m, s: m.write(s, "abc", 0),
    "writing from the end": lambda m, s: [m.write(s, bytearray(b"ab"), -2), m.read(s, -2)],
    "writing from far before the start": lambda m, s: [m.write(s, b"ab", -70000), m.read(s, 0, 4)],
    "reading": lambda m, s: [m.read(s, 2, 5), m.read(s, 5, 2), m.read(s, None, 3), m.read(s, -3), m.read(s, 70000)],
    "reading all": lambda m, s: [len(m.read(s)), len(m.read(s, 10)), m.read(s, -70000, 3)],
    "a buffer": lambda m, s: [bytes(m.get_buffer_ptr(s, 3, 2)), len(m.get_buffer_ptr(s))],
    "a pointer": lambda m, s: [m.data_ptr(s)[3], m.data_ptr(s)[0:4]],
    "pages": lambda m, s: [m.page_size(s), m.page_size_log2(s)],
}
for _name, _use in MEMORY_USES.items():
    SCENARIOS[_name] = lambda w, use=_use: memory(w, use)


@scenario("a buffer that is written")
def _(w: Any) -> Any:
    def use(made: Any, store: Any) -> Any:
        made.get_buffer_ptr(store, 4, 2)[1] = 65
        made.data_ptr(store)[0] = 66
        return made.read(store, 0, 6)

    return memory(w, use)


@scenario("an immutable global")
def _(w: Any) -> Any:
    store = w.Store()
    made = w.Global(store, w.GlobalType(w.ValType.i32(), False), 1)
    return made.set_value(store, 2)


@scenario("globals")
def _(w: Any) -> Any:
    store = w.Store()
    found = []
    for type, values in (("i32", (5, 2**33 + 1)), ("f32", (0.1, -1.5)), ("externref", ("a", 0)), ("i64", (0, -1))):
        made = w.Global(store, w.GlobalType(getattr(w.ValType, type)(), True), values[0])
        found.append(made.value(store))
        made.set_value(store, values[1])
        found.append(made.value(store))
    empty = w.Global(store, w.GlobalType(w.ValType.externref(), True), None)
    return [*found, empty.value(store) == None, type(empty.value(store)).__name__]  # noqa: E711


def table(w: Any, use: Callable[[Any, Any], Any]) -> Any:
    store = w.Store()
    return use(w.Table(store, w.TableType(w.ValType.externref(), w.Limits(2, 4)), "x"), store)


TABLE_USES: dict[str, Callable[[Any, Any], Any]] = {
    "elements": lambda t, s: [t.get(s, 0), t.get(s, 2), t.size(s), t.set(s, 1, [1]), t.get(s, 1)],
    "setting past the end": lambda t, s: t.set(s, 2, "y"),
    "growing a table": lambda t, s: [t.grow(s, 2, "y"), t.get(s, 3), t.size(s), t.type(s).limits.min],
    "growing a table too much": lambda t, s: t.grow(s, 5, None),
    "growing a table by less than nothing": lambda t, s: t.grow(s, -5, None),
    "a false element": lambda t, s: [t.set(s, 0, 0), t.get(s, 0) == 0, type(t.get(s, 0)).__name__],
}
for _name, _use in TABLE_USES.items():
    SCENARIOS[_name] = lambda w, use=_use: table(w, use)


@scenario("a number in a table of functions")
def _(w: Any) -> Any:
    store = w.Store()
    return w.Table(store, w.TableType(w.ValType.funcref(), w.Limits(1, None)), 5)
