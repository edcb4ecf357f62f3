"""Types, and modules."""

from __future__ import annotations

from typing import Any

from tests.dropin.scenarios import SCENARIOS, scenario, theirs

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
