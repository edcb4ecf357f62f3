"""What programs do with the binding, they do with the drop-in: the same code, run with both, comes to the same.

What is compared is what a scenario returns, or the class, message, code and frames of what it raises. Messages of which
only the first line is the same, or nothing, are in ``OTHER_MESSAGES``.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import wasmz.wasmtime as ours

theirs = pytest.importorskip("wasmtime")

SCENARIOS: dict[str, Callable[[Any], Any]] = {}

# The drop-in has no words for these but wasmz's.
OTHER_MESSAGES = {
    *("not a module", "not a valid module", "no module at all", "not text", "serialised by someone else"),
    *("too many instances", "too many tables", "too many memories", "a memory that is too large", "an odd page size"),
    # Which address it was is not known.
    "a load out of bounds",
    # Traps before the guest's first instruction have no frames.
    *("an epoch that is over", "no epoch yet"),
    # It comes from a function of the host's, which no frames are added to.
    "an unknown import is called",
    # Names are as the module has them; and where fuel ran out is the call or loop that would have used it.
    *("a stack overflow", "out of fuel"),
}


def scenario(name: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def add(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        SCENARIOS[name] = function
        return function

    return add


def instantiate(w: Any, text: str, imports: tuple[Any, ...] = (), store: Any = None) -> tuple[Any, Any]:
    store = w.Store() if store is None else store
    instance = w.Instance(store, w.Module(store.engine, bytes(theirs.wat2wasm(text))), list(imports))
    return store, instance.exports(store)


def call(w: Any, text: str, *args: Any) -> Any:
    store, exports = instantiate(w, text)
    return exports["f"](store, *args)


TRAPS = {
    "unreachable": '(module $m (func (export "f") (call $inner_one)) (func $inner_one unreachable))',
    "a division by zero": '(module (func (export "f") (result i32) (i32.div_s (i32.const 1) (i32.const 0))))',
    "an overflow": '(module (func (export "f") (result i32) (i32.div_s (i32.const 0x80000000) (i32.const -1))))',
    "a bad conversion": '(module (func (export "f") (result i32) (i32.trunc_f32_s (f32.const nan))))',
    "a load out of bounds": '(module (memory 1) (func (export "f") (result i32) (i32.load (i32.const 70000))))',
    "a call past the table": '(module (table 1 funcref) (func (export "f") (call_indirect (i32.const 5))))',
    "a call of null": '(module (table 1 funcref) (func (export "f") (call_indirect (i32.const 0))))',
    "a call of another type": """(module (table funcref (elem 0))
        (func (export "f") (drop (call_indirect (result i32) (i32.const 0)))))""",
    "an element past the table": '(module (table 1 funcref) (func (export "f") (drop (table.get (i32.const 5)))))',
    "an exception": '(module (tag $t (param i32)) (func (export "f") (throw $t (i32.const 1))))',
    "a segment out of bounds": '(module (memory 1) (data (i32.const 65536) "a") (func (export "f")))',
    "a stack overflow": '(module (func $f (export "f") (call $f)))',
    "a start function": "(module (func $start unreachable) (start $start))",
    "null references": '(module (func (export "f") (drop (ref.as_non_null (ref.null func)))))',
}
for _name, _text in TRAPS.items():
    SCENARIOS[_name] = lambda w, text=_text: call(w, text)


# Linking


@scenario("too few imports")
def _(w: Any) -> Any:
    return instantiate(w, '(module (import "a" "b" (func)))')


@scenario("a function of another type")
def _(w: Any) -> Any:
    store = w.Store()
    function = w.Func(store, w.FuncType([w.ValType.i64()], [w.ValType.f32()]), lambda: None)
    return instantiate(w, '(module (import "a" "b" (func (param i32 i64) (result f32))))', (function,), store)


@scenario("something of another kind")
def _(w: Any) -> Any:
    store = w.Store()
    function = w.Func(store, w.FuncType([], []), lambda: None)
    return instantiate(w, '(module (import "a" "b" (memory 1)))', (function,), store)


@scenario("two imports of one name")
def _(w: Any) -> Any:
    store = w.Store()
    functions = [w.Func(store, w.FuncType([], [w.ValType.i32()]), lambda n=n: n) for n in (3, 5)]
    text = """(module (import "" "" (func (result i32))) (import "" "" (func (result i32)))
        (func (export "f") (result i32) (i32.sub (call 0) (call 1))))"""
    _, exports = instantiate(w, text, tuple(functions), store)
    return exports["f"](store)


def linked(w: Any, text: str, change: Callable[[Any, Any], Any] = lambda linker, module: None) -> Any:
    store = w.Store()
    linker = w.Linker(store.engine)
    linker.define_func("env", "f", w.FuncType([], [w.ValType.i32()]), lambda: 7)
    module = w.Module(store.engine, bytes(theirs.wat2wasm(text)))
    change(linker, module)
    return linker.instantiate(store, module).exports(store)["f"](store)


IMPORTING = '(module (import "env" "f" (func (result i32))) (func (export "f") (result i32) (call 0)))'
UNKNOWN = '(module (import "env" "g" (func (result i32))) (func (export "f") (result i32) (call 0)))'
SCENARIOS["a linker's function"] = lambda w: linked(w, IMPORTING)
SCENARIOS["an unknown import"] = lambda w: linked(w, UNKNOWN)
SCENARIOS["an unknown import is called"] = lambda w: linked(
    w, UNKNOWN, lambda linker, module: linker.define_unknown_imports_as_traps(module)
)


@scenario("unknown imports as default values")
def _(w: Any) -> Any:
    text = """(module (import "a" "i" (func (result i32 f64))) (import "a" "m" (memory 2 3))
        (import "a" "g" (global (mut i64))) (import "a" "t" (table 3 funcref))
        (func (export "f") (result i32 f64 i64 i32 i32) call 0 global.get 0 memory.size table.size 0))"""
    store = w.Store()
    linker = w.Linker(store.engine)
    module = w.Module(store.engine, bytes(theirs.wat2wasm(text)))
    linker.define_unknown_imports_as_default_values(store, module)
    return linker.instantiate(store, module).exports(store)["f"](store)


@scenario("the same name twice")
def _(w: Any) -> Any:
    return linked(w, IMPORTING, lambda linker, _: linker.define_func("env", "f", w.FuncType([], []), print))


@scenario("a name of WASI")
def _(w: Any) -> Any:
    linker = w.Linker(w.Engine())
    linker.define_wasi()
    linker.define_func("wasi_snapshot_preview1", "fd_write", w.FuncType([], []), print)


@scenario("shadowing")
def _(w: Any) -> Any:
    def shadow(linker: Any, _: Any) -> None:
        linker.allow_shadowing = True
        linker.define_func("env", "f", w.FuncType([], [w.ValType.i32()]), lambda: 9)

    return linked(w, IMPORTING, shadow)


@scenario("a command as a module")
def _(w: Any) -> Any:
    text = """(module (global $n (mut i32) (i32.const 0)) (func (export "_start"))
        (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) global.get $n))"""
    return defined(w, text)


@scenario("a reactor as a module")
def _(w: Any) -> Any:
    text = """(module (global $n (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $n (i32.const 40)))
        (func (export "count") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) global.get $n))"""
    return defined(w, text)


def defined(w: Any, text: str) -> Any:
    store = w.Store()
    linker = w.Linker(store.engine)
    linker.define_module(store, "m", w.Module(store.engine, bytes(theirs.wat2wasm(text))))
    count = linker.get(store, "m", "count")
    return [count(store), count(store), linker.get_default(store, "m")(store), linker.get_default(store, "n")(store)]


@scenario("an item that is not there")
def _(w: Any) -> Any:
    store = w.Store()
    return w.Linker(store.engine).get(store, "a", "b")


# Arguments and results


def function(w: Any, params: str, results: str, fn: Callable[..., Any]) -> tuple[Any, Any]:
    store = w.Store()
    types = [[getattr(w.ValType, name)() for name in names.split()] for names in (params, results)]
    return store, w.Func(store, w.FuncType(*types), fn)


ARGUMENTS: list[tuple[str, tuple[Any, ...]]] = [
    ("i32", (True,)),
    ("i32", (2**40 + 5,)),
    ("i32", (-(2**31) - 1,)),
    ("i64", (2**64 - 1,)),
    ("i32", (1.0,)),
    ("i32", ("x",)),
    ("i32", (None,)),
    ("f32", (1,)),
    ("f32", (1e300,)),
    ("f32", (0.1,)),
    ("f64", (5,)),
    ("externref", ({"a": 1},)),
    ("externref", (None,)),
    ("funcref", (None,)),
    ("funcref", (5,)),
    ("i32 i32", (1,)),
    ("i32", (1, 2)),
    ("", (1,)),
]
for _types, _given in ARGUMENTS:
    SCENARIOS[f"{_given!r} for {_types!r}"] = lambda w, types=_types, given=_given: arguments(w, types, given)
    SCENARIOS[f"{_given!r} for an export of {_types!r}"] = lambda w, types=_types, given=_given: exported(
        w, types, given
    )
for _types, _returned in [*((types, given[0]) for types, given in ARGUMENTS if len(given) == 1 and types), ("", 1)]:
    SCENARIOS[f"{_returned!r} as result {_types!r}"] = lambda w, types=_types, returned=_returned: result(
        w, types, returned
    )
for _result in ([1, 2], (1, 2.5), [1, 2.5, 3], 1, None, "ab", {1: 2, 2.5: 3}):
    SCENARIOS[f"{_result!r} as two results"] = lambda w, returned=_result: result(w, "i32 f64", returned)


def arguments(w: Any, types: str, given: tuple[Any, ...]) -> Any:
    seen: list[Any] = []
    store, func = function(w, types, "", lambda *args: seen.extend(args))
    func(store, *given)
    return seen


def exported(w: Any, types: str, given: tuple[Any, ...]) -> Any:
    params = f"(param {types})" if types else ""
    results = f"(result {types})" if types else ""
    gets = " ".join(f"local.get {number}" for number in range(len(types.split())))
    return call(w, f'(module (func (export "f") {params} {results} {gets}))', *given)


def result(w: Any, types: str, returned: Any) -> Any:
    store, func = function(w, "", types, lambda: returned)
    return func(store)


@scenario("values")
def _(w: Any) -> Any:
    store, func = function(w, "i32 f32 externref", "i32", lambda i, f, r: w.Val.i32(i + r))
    return func(store, w.Val.i32(2**32 + 1), w.Val.f32(2.5), w.Val.externref(3))


@scenario("a value of another type")
def _(w: Any) -> Any:
    store, func = function(w, "i32", "", print)
    return func(store, w.Val.i64(1))


@scenario("a value of another type as result")
def _(w: Any) -> Any:
    return result(w, "i32", w.Val.f32(1.0))


@scenario("a function as value")
def _(w: Any) -> Any:
    text = """(module (table (export "t") 2 funcref) (type $t (func (param i32) (result i32)))
        (func (export "f") (param funcref i32) (result i32)
            (table.set (i32.const 0) (local.get 0)) (call_indirect (type $t) (local.get 1) (i32.const 0))))"""
    store, exports = instantiate(w, text)
    func = w.Func(store, w.FuncType([w.ValType.i32()], [w.ValType.i32()]), lambda number: number * 2)
    found = [exports["f"](store, func, 21), exports["t"].get(store, 0)(store, 4)]
    exports["t"].set(store, 1, exports["f"])
    return [*found, exports["t"].get(store, 1)(store, func, 5), exports["t"].get(store, 7)]


@scenario("a function that the host raises an error in")
def _(w: Any) -> Any:
    store = w.Store()
    failing = w.Func(store, w.FuncType([], []), lambda: {}["key"])
    _, exports = instantiate(w, '(module (import "" "" (func)) (func (export "f") (call 0)))', (failing,), store)
    return exports["f"](store)


@scenario("a trap of the host's")
def _(w: Any) -> Any:
    def fail() -> None:
        raise w.Trap("stop")

    store = w.Store()
    func = w.Func(store, w.FuncType([], []), fail)
    _, exports = instantiate(w, '(module (import "" "" (func)) (func (export "f") (call 0)))', (func,), store)
    return exports["f"](store)


@scenario("a caller")
def _(w: Any) -> Any:
    seen: list[Any] = []

    def look(caller: Any, number: int) -> int:
        seen.append(caller)
        memory = caller["memory"]
        memory.write(caller, b"seen", number)
        return memory.data_len(caller) + (caller.get("other") is None)

    store = w.Store()
    func = w.Func(store, w.FuncType([w.ValType.i32()], [w.ValType.i32()]), look, access_caller=True)
    text = """(module (import "" "" (func (param i32) (result i32))) (memory (export "memory") 1)
        (func (export "f") (result i32) (call 0 (i32.const 8))))"""
    _, exports = instantiate(w, text, (func,), store)
    found = [exports["f"](store), exports["memory"].read(store, 6, 14), seen[0].get("memory")]
    try:
        exports["memory"].read(seen[0])
    except ValueError as error:
        found.append(str(error))
    return found


@scenario("a caller without the export")
def _(w: Any) -> Any:
    store = w.Store()
    return w.Func(store, w.FuncType([], []), lambda caller: caller["x"], access_caller=True)(store)


# Memories, tables, globals


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


# Types


MEMORY_TYPES: dict[str, tuple[tuple[int, int | None], dict[str, Any]]] = {
    "a shared memory without a maximum": ((1, None), {"shared": True}),
    "a maximum below the minimum": ((2, 1), {}),
    "too many pages": ((70000, None), {}),
    "far too many pages": ((2**32, None), {}),
    "many pages of 64 bits": ((2**20, 2**40), {"is_64": True}),
    "an odd page size": ((1, None), {"page_size_log2": 3}),
    "pages of a byte": ((5, None), {"page_size_log2": 0}),
}
for _name, (_limits, _more) in MEMORY_TYPES.items():
    SCENARIOS[_name] = lambda w, limits=_limits, more=_more: memory_type(w, limits, more)


def memory_type(w: Any, limits: tuple[int, int | None], more: dict[str, Any]) -> Any:
    made = w.MemoryType(w.Limits(*limits), **more)
    return [made.limits.min, made.limits.max, made.is_64, made.is_shared, made.page_size, made.page_size_log2]


@scenario("types of a module")
def _(w: Any) -> Any:
    text = """(module (import "a" "b" (func (param i32 f32) (result i64))) (import "a" "c" (global (mut f64)))
        (memory (export "m") 1 2) (table (export "t") 3 externref) (tag (export "e") (param i32))
        (global (export "g") i32 (i32.const 1)) (export "f" (func 0)))"""
    engine = w.Engine()
    module = w.Module(engine, bytes(theirs.wat2wasm(text)))
    return [described(item) for item in [*module.imports, *module.exports]]


def described(item: Any) -> Any:
    kind = type(item.type).__name__
    found = [getattr(item, "module", None), item.name, kind]
    if kind == "FuncType":
        return [*found, str(item.type.params), str(item.type.results)]
    if kind == "GlobalType":
        return [*found, str(item.type.content), item.type.mutable]
    if kind == "TagType":
        return [*found, str(item.type.functype.params)]
    return [*found, item.type.limits.min, item.type.limits.max]


@scenario("names of types")
def _(w: Any) -> Any:
    names = ("i32", "i64", "f32", "f64", "externref", "funcref")
    types = [getattr(w.ValType, name)() for name in names]
    return [str(types), types[0] == w.ValType.i32(), types[0] != types[1], types[0] == "i32"]


@scenario("a type by its class")
def _(w: Any) -> Any:
    return w.ValType()


@scenario("null references by type")
def _(w: Any) -> Any:
    return [w.Val.ref_null(w.ValType.externref()).value, w.Val.ref_null(w.ValType.i32())]


# Modules


SCENARIOS["not a module"] = lambda w: w.Module(w.Engine(), b"\0asm\1\0\0\0\xff")
SCENARIOS["not a valid module"] = lambda w: w.Module(w.Engine(), theirs.wat2wasm("(module (func (result i32)))"))
SCENARIOS["no module at all"] = lambda w: w.Module(w.Engine(), b"")
SCENARIOS["not text"] = lambda w: w.Module(w.Engine(), "(module (func (i32.const)))")
SCENARIOS["something else"] = lambda w: w.Module(w.Engine(), 5)
SCENARIOS["serialised by someone else"] = lambda w: w.Module.deserialize(w.Engine(), b"abc")
SCENARIOS["no bytes"] = lambda w: w.Module.deserialize(w.Engine(), "abc")
SCENARIOS["a closed module"] = lambda w: closed(w).exports


def closed(w: Any) -> Any:
    module = w.Module(w.Engine(), b"\0asm\1\0\0\0")
    with module:
        pass
    return module


@scenario("serialised")
def _(w: Any) -> Any:
    engine = w.Engine()
    data = w.Module(engine, bytes(theirs.wat2wasm('(module (func (export "f") (result i32) i32.const 3))'))).serialize()
    store = w.Store(engine)
    exports = w.Instance(store, w.Module.deserialize(engine, data), []).exports(store)
    return [type(data).__name__, exports["f"](store), list(exports), len(exports), "g" in exports, exports.get("g")]


# Limits


def limited(w: Any, use: Callable[[Any], Any] | None = None, **limits: int) -> Any:
    store = w.Store()
    store.set_limits(**limits)
    if use is not None:
        return use(store)
    for _ in range(2):
        instantiate(w, "(module (memory 1) (table 2 funcref))", (), store)
    return None


for _kind in ("instances", "tables", "memories"):
    SCENARIOS[f"too many {_kind}"] = lambda w, kind=_kind: limited(w, **{kind: 1})
    SCENARIOS[f"enough {_kind}"] = lambda w, kind=_kind: limited(w, **{kind: 2})
SCENARIOS["a memory that is too large"] = lambda w: limited(w, memory_size=10)
SCENARIOS["a memory of the host's that is too large"] = lambda w: limited(
    w, lambda store: w.Memory(store, w.MemoryType(w.Limits(1, None))), memory_size=10
)
SCENARIOS["a table of the host's that is too large"] = lambda w: limited(
    w, lambda store: w.Table(store, w.TableType(w.ValType.funcref(), w.Limits(2, None)), None), table_elements=1
)


def configured(w: Any, **settings: Any) -> Any:
    config = w.Config()
    for name, value in settings.items():
        setattr(config, name, value)
    return w.Store(w.Engine(config))


ENDLESS = '(module (func (export "f") (loop (br 0))) (func (export "g")))'


@scenario("out of fuel")
def _(w: Any) -> Any:
    store = configured(w, consume_fuel=True)
    store.set_fuel(1000)
    return instantiate(w, ENDLESS, (), store)[1]["f"](store)


@scenario("no fuel at first")
def _(w: Any) -> Any:
    store = configured(w, consume_fuel=True)
    return instantiate(w, ENDLESS, (), store)[1]["g"](store)


@scenario("fuel")
def _(w: Any) -> Any:
    store = configured(w, consume_fuel=True)
    found = [store.get_fuel()]
    for units in (5, 2**64 - 1, -1, 0):
        store.set_fuel(units)
        found.append(store.get_fuel())
    return found


SCENARIOS["fuel that is not configured"] = lambda w: w.Store().set_fuel(1)
SCENARIOS["fuel that is not configured is asked for"] = lambda w: w.Store().get_fuel()


@scenario("no epoch yet")
def _(w: Any) -> Any:
    store = configured(w, epoch_interruption=True)
    return instantiate(w, ENDLESS, (), store)[1]["g"](store)


@scenario("epochs")
def _(w: Any) -> Any:
    store = configured(w, epoch_interruption=True)
    store.set_epoch_deadline(2)
    exports = instantiate(w, ENDLESS, (), store)[1]
    store.engine.increment_epoch()
    found = [exports["g"](store)]
    store.engine.increment_epoch()
    try:
        exports["g"](store)
    except w.Trap as trap:
        found.append(trap.trap_code.name)
    store.set_epoch_deadline(1)
    return [*found, exports["g"](store)]


@scenario("an epoch that is over")
def _(w: Any) -> Any:
    store = configured(w, epoch_interruption=True)
    store.set_epoch_deadline(1)
    exports = instantiate(w, ENDLESS, (), store)[1]
    store.engine.increment_epoch()
    return exports["f"](store)


@scenario("an epoch that ends in a function of the host's")
def _(w: Any) -> Any:
    store = configured(w, epoch_interruption=True)
    store.set_epoch_deadline(1)
    done: list[int] = []

    def end() -> None:
        store.engine.increment_epoch()
        done.append(1)

    func = w.Func(store, w.FuncType([], []), end)
    text = '(module (import "" "" (func $end)) (func (export "f") (call $end) (loop (br 0))))'
    exports = instantiate(w, text, (func,), store)[1]
    try:
        exports["f"](store)
    except w.Trap as trap:
        return [done, trap.trap_code.name]


# Settings


SETTINGS: list[tuple[str, Any]] = [
    *(("strategy", "x"), ("cranelift_opt_level", "x"), ("profiler", "x"), ("strategy", "auto"), ("profiler", "none")),
    *(("cache", False), ("cache", 5), ("wasm_gc", 1), ("max_wasm_stack", "x"), ("target", "not-a-target")),
    *(("wasm_simd", "yes"), ("epoch_interruption", 1), ("target", 5), ("debug_info", None)),
]
for _field, _value in SETTINGS:
    SCENARIOS[f"Config.{_field} = {_value!r}"] = lambda w, field=_field, value=_value: setattr(w.Config(), field, value)
SCENARIOS["reading a setting"] = lambda w: hasattr(w.Config(), "wasm_simd")
SCENARIOS["a configuration that was used"] = lambda w: used(w, w.Config())
SCENARIOS["an engine of something else"] = lambda w: w.Engine(3)


def used(w: Any, config: Any) -> Any:
    w.Engine(config)
    return w.Engine(config)


@scenario("shared memory that is not configured")
def _(w: Any) -> Any:
    return w.SharedMemory(w.Engine(), w.MemoryType(w.Limits(1, 2), shared=True))


@scenario("shared memory that is none")
def _(w: Any) -> Any:
    return w.SharedMemory(configured(w, shared_memory=True).engine, w.MemoryType(w.Limits(1, 2)))


@scenario("shared memory")
def _(w: Any) -> Any:
    store = configured(w, shared_memory=True, wasm_threads=True)
    shared = w.SharedMemory(store.engine, w.MemoryType(w.Limits(1, 3), shared=True))
    shared.data_ptr()[8] = 7
    return [shared.data_ptr()[8], shared.grow(1), shared.data_len(), shared.type().limits.min]


# Comparison


def outcome(w: ModuleType, run: Callable[[Any], Any]) -> tuple[Any, ...]:
    try:
        return ("returned", run(w))
    except Exception as error:
        code = getattr(error, "trap_code", None)
        frames = [
            (frame.func_index, frame.func_name, frame.module_name, frame.module_offset, frame.func_offset)
            for frame in getattr(error, "frames", [])
        ]
        return (type(error).__name__, str(error), None if code is None else code.name, frames)


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_comes_to_the_same(name: str) -> None:
    wanted, found = outcome(theirs, SCENARIOS[name]), outcome(ours, SCENARIOS[name])
    if name in OTHER_MESSAGES:
        assert found[0] == wanted[0] != "returned"
        assert found[2:3] == wanted[2:3]
    else:
        assert found == wanted
