"""Limits, fuel, epochs, and settings of configurations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.dropin.scenarios import SCENARIOS, instantiate, scenario


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
