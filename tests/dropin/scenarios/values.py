"""Arguments and results of functions, of the guest and of the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.dropin.scenarios import SCENARIOS, call, instantiate, scenario


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
