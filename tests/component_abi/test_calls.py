"""Calls of components from Python: arguments, results, errors, resources, linking."""

from __future__ import annotations

import enum
import sys
from typing import Any

import pytest

import wasmz
from tests.component_abi.support import ALLOCATOR, dump, instantiate, parse
from wasmz.component import ComponentError, Err, HostResource, Linker, Ok, Some, WrongValue

CONFIG = """
  (type $filter' (record (field "name" string) (field "limit" (option u32))))
  (import "filter" (type $filter (eq $filter')))
  (type $level' (enum "low" "high")) (import "level" (type $level (eq $level')))
  (type $rights' (flags "read" "write")) (import "rights" (type $rights (eq $rights')))
  (type $shape' (variant (case "dot") (case "circle" f64) (case "many" (list string))))
  (import "shape" (type $shape (eq $shape')))
  (type $config' (record
    (field "filters" (list $filter)) (field "level" $level) (field "rights" $rights) (field "shape" $shape)
    (field "pair" (tuple u8 s16)) (field "deep" (option (option bool))) (field "sign" char)
    (field "outcome" (result u8 (error string)))))
  (import "config" (type $config (eq $config')))
"""

GOOD: dict[str, Any] = {
    "filters": [{"name": "a", "limit": None}, {"name": "b", "limit": 3}],
    "level": "low",
    "rights": ["read"],
    "shape": "dot",
    "pair": (1, -2),
    "deep": Some(None),
    "sign": "x",
    "outcome": Ok(3),
}

WRONG = [
    ({"filters": [GOOD["filters"][0], {"name": 5, "limit": 1}]}, "value.filters[1].name: expected string, got int"),
    ({"filters": [{"name": "a", "limit": -1}]}, "value.filters[0].limit: expected u32, got -1, which is out of range"),
    ({"filters": 7}, "value.filters: expected list, got int"),
    ({"filters": [{"name": "a"}]}, "value.filters[0]: the field limit is missing"),
    ({"filters": [{"name": "a", "limit": 1, "x": 2}]}, "value.filters[0]: there is no field 'x'"),
    ({"filters": ["a"]}, "value.filters[0]: expected filter, got str"),
    (
        {"filters": [{"name": "\ud800", "limit": 1}]},
        "value.filters[0].name: expected string, got a lone surrogate at 0",
    ),
    ({"level": "medium"}, "value.level: expected level, which has no case 'medium'"),
    ({"level": 1}, "value.level: expected level, got int"),
    ({"rights": ["run"]}, "value.rights: expected rights, which has no flag 'run'"),
    ({"rights": 3}, "value.rights: expected rights, got int"),
    ({"shape": "square"}, "value.shape: expected shape, which has no case 'square'"),
    ({"shape": ("circle", "wide")}, "value.shape.circle: expected f64, got str"),
    ({"shape": ("many", ["a", None])}, "value.shape.many[1]: expected string, got None"),
    ({"shape": ("dot", 1)}, "value.shape: the case dot has no payload"),
    ({"pair": (1, 40000)}, "value.pair[1]: expected s16, got 40000, which is out of range"),
    ({"pair": (1,)}, "value.pair: expected tuple of 2, got one of 1"),
    ({"pair": 1}, "value.pair: expected tuple, got int"),
    ({"deep": True}, "value.deep: expected None or Some, as options are nested, got bool"),
    ({"deep": Some(1)}, "value.deep: expected bool, got int"),
    ({"sign": "xy"}, "value.sign: expected char, got a string of 2 characters"),
    ({"outcome": 3}, "value.outcome: expected Ok or Err, got int"),
    ({"outcome": Err(3)}, "value.outcome: expected string, got int"),
]


@pytest.fixture(scope="module")
def configured() -> Any:
    return instantiate(dump("$config", CONFIG)).exports.dump


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_wrong_values_are_named_by_their_place(configured: Any, change: dict[str, Any], message: str) -> None:
    numbers = range(16)
    before = configured(*numbers, GOOD)
    with pytest.raises(WrongValue) as raised:
        configured(*numbers, {**GOOD, **change})
    assert str(raised.value) == message
    assert isinstance(raised.value, TypeError)
    # The component is as before: it can be called. Only its allocator has moved on.
    assert len(configured(*numbers, GOOD)) > len(before)


def test_arguments_are_named() -> None:
    with pytest.raises(WrongValue, match=r"^p3: expected u32, got str$"):
        instantiate(dump("u8")).exports.dump(*range(3), "x", *range(4, 16), 1)
    with pytest.raises(TypeError, match="dump"):
        instantiate(dump("u8")).exports.dump(1)


ADD = """(component
  (core module $m
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "fail") (param i32) (result i32) (local.get 0))
    (func (export "trap") unreachable))
  (core instance $m (instantiate $m))
  (func (export "add") (param "limit" s32) (param "from" s32) (result s32) (canon lift (core func $m "add")))
  (func (export "fail") (param "how" bool) (result (result)) (canon lift (core func $m "fail")))
  (func (export "trap") (canon lift (core func $m "trap"))))"""


def test_functions_take_arguments_by_name() -> None:
    exports = instantiate(ADD).exports
    assert exports.add(1, -2) == -1
    assert exports.add(limit=5, from_=6) == exports["add"](5, 6) == 11
    assert exports.add(2**31 - 1, 1) == -(2**31)
    assert exports.fail(False) is None
    with pytest.raises(ComponentError) as raised:
        exports.fail(True)
    assert raised.value.payload is None


def test_nothing_is_called_after_a_trap() -> None:
    exports = instantiate(ADD).exports
    with pytest.raises(wasmz.Trap, match="unreachable") as raised:
        exports.trap()
    assert [frame.function_name for frame in raised.value.frames] == ["trap"]
    with pytest.raises(wasmz.Trap, match="cannot enter component instance") as raised:
        exports.add(1, 2)
    assert raised.value.code is wasmz.TrapCode.CANONICAL_ABI


COUNTER = """(component
  (import "log" (func $log (param "text" string)))
  (core module $memory (memory (export "memory") 1)
    (data (i32.const 8) "dropped"))
  (core instance $memory (instantiate $memory))
  (core func $log' (canon lower (func $log) (memory (core memory $memory "memory"))))
  (core module $dtor
    (import "" "log" (func $log (param i32 i32)))
    (func (export "dtor") (param i32) (call $log (i32.const 8) (i32.const 7))))
  (core instance $dtor (instantiate $dtor (with "" (instance (export "log" (func $log'))))))
  (type $counter (resource (rep i32) (dtor (core func $dtor "dtor"))))
  (core func $new (canon resource.new $counter))
  (core module $m
    (import "" "new" (func $new (param i32) (result i32)))
    (global $count (mut i32) (i32.const 0))
    (func (export "make") (param i32) (result i32) (global.set $count (local.get 0)) (call $new (i32.const 77)))
    (func (export "add") (param i32 i32) (result i32)
      (if (i32.ne (local.get 0) (i32.const 77)) (then unreachable))
      (global.set $count (i32.add (global.get $count) (local.get 1)))
      (global.get $count))
    (func (export "zero") (result i32) (global.set $count (i32.const 0)) (call $new (i32.const 77)))
    (func (export "take") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $m (with "" (instance (export "new" (func $new))))))
  (func $make (param "start" u32) (result (own $counter)) (canon lift (core func $m "make")))
  (func $add (param "self" (borrow $counter)) (param "by" u32) (result u32) (canon lift (core func $m "add")))
  (func $zero (result (own $counter)) (canon lift (core func $m "zero")))
  (func $take (param "given" (own $counter)) (result u32) (canon lift (core func $m "take")))
  (component $face
    (import "counter" (type $c (sub resource)))
    (import "make" (func $make (param "start" u32) (result (own $c))))
    (import "add" (func $add (param "self" (borrow $c)) (param "by" u32) (result u32)))
    (import "zero" (func $zero (result (own $c))))
    (import "take" (func $take (param "given" (own $c)) (result u32)))
    (export $counter "counter" (type $c))
    (export "[constructor]counter" (func $make)
      (func (param "start" u32) (result (own $counter))))
    (export "[method]counter.add" (func $add) (func (param "self" (borrow $counter)) (param "by" u32) (result u32)))
    (export "[static]counter.zero" (func $zero) (func (result (own $counter))))
    (export "take" (func $take) (func (param "given" (own $counter)) (result u32))))
  (instance $counters (instantiate $face
    (with "counter" (type $counter)) (with "make" (func $make)) (with "add" (func $add))
    (with "zero" (func $zero)) (with "take" (func $take))))
  (export "test:counters/all@1.0.0" (instance $counters)))"""


def test_resources_are_objects() -> None:
    logged: list[str] = []
    exports = instantiate(COUNTER, log=logged.append).exports["test:counters/all@1.0.0"]
    Counter = exports.Counter
    counter = Counter(5)
    assert (counter.add(2), counter.add(by=3)) == (7, 10)
    assert logged == []
    counter.close()
    counter.close()
    assert logged == ["dropped"]
    assert counter.is_closed
    with pytest.raises(WrongValue, match="self: the Counter is closed"):
        counter.add(1)
    with Counter.zero() as other:
        assert isinstance(other, Counter)
        assert other.add(1) == 1
    assert len(logged) == 2
    given = Counter(1)
    assert exports.take(given) == 1
    assert given.is_closed
    with pytest.raises(WrongValue, match="given: expected Counter, got int"):
        exports.take(3)


HOST = """(component
  (import "test:host/timers@0.2.1" (instance $timers
    (export "timer" (type $timer (sub resource)))
    (export "[constructor]timer" (func (param "start" u32) (result (own $timer))))
    (export "[method]timer.read-now" (func (param "self" (borrow $timer)) (result (result u32 (error string)))))
    (export "[static]timer.count" (func (result u32)))))
  (alias export $timers "timer" (type $timer))
  (core module $memory (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 512)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (core func $make (canon lower (func $timers "[constructor]timer")))
  (core func $read (canon lower (func $timers "[method]timer.read-now") (memory $mem)
    (realloc (core func $memory "realloc"))))
  (core func $count (canon lower (func $timers "[static]timer.count")))
  (core func $drop (canon resource.drop $timer))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "make" (func $make (param i32) (result i32)))
    (import "" "read" (func $read (param i32 i32)))
    (import "" "count" (func $count (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (param i32) (result i32) (local $handle i32)
      (local.set $handle (call $make (local.get 0)))
      (call $read (local.get $handle) (i32.const 64))
      (call $drop (local.get $handle))
      (i32.add (i32.mul (i32.load (i32.const 64)) (i32.const 1000)) (i32.add (i32.load (i32.const 68)) (call $count)))))
  (core instance $m (instantiate $m (with "" (instance
    (export "memory" (memory $mem)) (export "make" (func $make)) (export "read" (func $read))
    (export "count" (func $count)) (export "drop" (func $drop))))))
  (func (export "run") (param "start" u32) (result u32) (canon lift (core func $m "run"))))"""


class Timer:
    """A resource of the host's."""

    made = 0

    def __init__(self, start: int) -> None:
        Timer.made += 1
        self.start = start
        self.closed: list[int] = CLOSED

    def read_now(self) -> int:
        if self.start > 100:
            raise ComponentError("late")
        return self.start + 1

    @staticmethod
    def count() -> int:
        return 10

    def close(self) -> None:
        self.closed.append(self.start)


CLOSED: list[int] = []


def _run_host(items: Any) -> Any:
    engine = wasmz.Engine()
    linker = Linker(engine)
    # A compatible version.
    linker.define_instance("test:host/timers@0.2.7", items)
    return linker.instantiate(wasmz.Store(engine), wasmz.Component.compile(engine, parse(HOST))).exports.run


def test_the_host_gives_classes_as_resources() -> None:
    CLOSED.clear()
    run = _run_host({"timer": Timer})
    assert run(4) == 15
    # An error: case 1, whose payload is where realloc said.
    assert run(101) == 1000 + 512 + 10
    assert CLOSED == [4, 101]


def test_a_resource_may_be_dropped_in_another_way() -> None:
    CLOSED.clear()
    dropped: list[Any] = []
    run = _run_host({"timer": HostResource(Timer, dropped.append), "[static]timer.count": lambda: 20})
    assert run(5) == 26
    assert ([timer.start for timer in dropped], CLOSED) == ([5], [])


def test_wrong_results_of_the_host_are_named() -> None:
    class Wrong(Timer):
        def read_now(self) -> Any:
            return "soon"

    run = _run_host({"timer": Wrong})
    message = r"^result of test:host/timers@0.2.1#\[method\]timer.read-now: expected u32, got str$"
    with pytest.raises(WrongValue, match=message):
        run(1)


def test_what_is_missing_is_named() -> None:
    engine = wasmz.Engine()
    component = wasmz.Component.compile(engine, parse(HOST))
    linker = Linker(engine)
    with pytest.raises(wasmz.LinkError, match="import 'test:host/timers@0.2.1' is not defined"):
        linker.instantiate(wasmz.Store(engine), component)
    linker.define_instance("test:host/timers@0.3.0", {})
    with pytest.raises(wasmz.LinkError, match="import 'test:host/timers@0.2.1' is not defined"):
        linker.instantiate(wasmz.Store(engine), component)
    linker.define_instance("test:host/timers@0.2.0", {"[method]timer.read-now": print})
    with pytest.raises(wasmz.LinkError) as raised:
        linker.instantiate(wasmz.Store(engine), component)
    assert raised.value.problems[0] == "import 'test:host/timers@0.2.1#timer' is not defined"


def test_components_are_linked_with_components() -> None:
    engine = wasmz.Engine()
    store = wasmz.Store(engine)
    linker = Linker(engine)
    first = linker.instantiate(store, wasmz.Component.compile(engine, parse(ADD)))
    linker.define("plus", first.exports.add)
    second = linker.instantiate(store, wasmz.Component.compile(engine, parse(PLUS)))
    assert second.exports.twice(7) == 14
    linker.define("plus", first.exports.fail)
    with pytest.raises(wasmz.LinkError, match="import 'plus' is a function of another type"):
        linker.instantiate(store, wasmz.Component.compile(engine, parse(PLUS)))
    with pytest.raises(wasmz.LinkError, match="another store"):
        linker.define("plus", first.exports.add)
        linker.instantiate(wasmz.Store(engine), wasmz.Component.compile(engine, parse(PLUS)))


PLUS = """(component
  (import "plus" (func $plus (param "limit" s32) (param "from" s32) (result s32)))
  (core func $plus' (canon lower (func $plus)))
  (core module $m (import "" "plus" (func $plus (param i32 i32) (result i32)))
    (func (export "twice") (param i32) (result i32) (call $plus (local.get 0) (local.get 0))))
  (core instance $m (instantiate $m (with "" (instance (export "plus" (func $plus'))))))
  (func (export "twice") (param "a" s32) (result s32) (canon lift (core func $m "twice"))))"""


def test_limits_hold_in_components() -> None:
    text = """(component (core module $m (memory (export "m") 1)
        (func (export "spin") (loop $l (br $l)))
        (func (export "grow") (result i32) (memory.grow (i32.const 100))))
      (core instance $m (instantiate $m))
      (func (export "spin") (canon lift (core func $m "spin")))
      (func (export "grow") (result s32) (canon lift (core func $m "grow"))))"""
    for config in (wasmz.Config(fuel=10_000), wasmz.Config(mem_limit_bytes=1 << 20)):
        engine = wasmz.Engine(config)
        store = wasmz.Store(engine)
        exports = Linker(engine).instantiate(store, wasmz.Component.compile(engine, parse(text))).exports
        if config.fuel is None:
            assert exports.grow() == -1
        else:
            with pytest.raises(wasmz.OutOfFuel):
                exports.spin()
            assert store.fuel == 0


def test_handles_count_against_the_limit_of_memory() -> None:
    text = """(component
      (type $r (resource (rep i32)))
      (core func $new (canon resource.new $r))
      (core module $m
        (import "" "new" (func $new (param i32) (result i32)))
        (func (export "fill") (param i32)
          (loop $again
            (drop (call $new (i32.const 7)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
      (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
      (func (export "fill") (param "count" u32) (canon lift (core func $i "fill"))))"""
    engine = wasmz.Engine(wasmz.Config(mem_limit_bytes=1 << 20))
    component = wasmz.Component.compile(engine, parse(text))
    instance = Linker(engine).instantiate(wasmz.Store(engine), component)
    instance.exports.fill(5_000)
    with pytest.raises(wasmz.MemoryLimit):
        instance.exports.fill(20_000)


def test_a_host_class_gives_nothing_of_its_metaclass() -> None:
    class Meta(type):
        def secret(cls) -> int:
            return 5

    class Thing(metaclass=Meta):
        pass

    text = """(component
      (import "things" (instance
        (export "thing" (type (sub resource)))
        (export "[static]thing.secret" (func (result u32))))))"""
    engine = wasmz.Engine()
    linker = Linker(engine)
    linker.define_instance("things", {"thing": Thing})
    with pytest.raises(wasmz.LinkError, match="secret"):
        linker.instantiate(wasmz.Store(engine), wasmz.Component.compile(engine, parse(text)))


def test_a_deadline_stops_a_component() -> None:
    if sys.platform == "emscripten":
        pytest.skip("there are no threads")
    engine = wasmz.Engine()
    store = wasmz.Store(engine)
    text = """(component (core module $m (func (export "spin") (loop $l (br $l)))) (core instance $m (instantiate $m))
      (func (export "spin") (canon lift (core func $m "spin"))))"""
    exports = Linker(engine).instantiate(store, wasmz.Component.compile(engine, parse(text))).exports
    store.set_deadline(0.05)
    with pytest.raises(wasmz.Interrupted):
        exports.spin()


def test_values_given_to_the_host_are_of_classes() -> None:
    text = dump("$config", CONFIG)
    component = wasmz.Component.compile(wasmz.Engine(), parse(text))
    config = component.type.exports["dump"].params[-1][1]
    Config = component.code.class_of(config)
    value = Config(GOOD)
    assert value == Config(**GOOD)
    assert (value.level, value.pair) == ("low", (1, -2))
    assert repr(value).startswith("Config(filters=[")
    fields = dict(config.fields)
    Level, Rights, Shape = (component.code.class_of(fields[name]) for name in ("level", "rights", "shape"))
    assert issubclass(Level, enum.Enum)
    assert Level.LOW == "low"
    assert "read" in Rights.READ
    assert "write" not in Rights.READ
    match Shape.Circle(2.0):
        case Shape.Circle(radius):
            assert radius == 2.0
        case _:
            raise AssertionError
    assert Shape.Dot() is Shape.Dot()
    assert Shape.Circle(1.0) != Shape.Circle(2.0)
    assert (Shape.Circle(1.0).case, Shape.Circle(1.0).value, Shape.Dot().value) == ("circle", 1.0, None)
    with pytest.raises(TypeError):
        Shape.Dot(1)
    with pytest.raises(AttributeError):
        value.level = Level.HIGH


LARGE = """(component
  (core module $m (memory (export "memory") 20)
    (func (export "texts") (result i32) (local $at i32)
      (local.set $at (i32.const 1200000))
      (loop $next
        (i32.store (local.get $at) (i32.const 0))
        (i32.store offset=4 (local.get $at) (i32.const 1000000))
        (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 8))) (i32.const 1208000))))
      (i32.store (i32.const 1300000) (i32.const 1200000))
      (i32.store (i32.const 1300004) (i32.const 1000))
      (i32.const 1300000))
    (func (export "flags") (result i32)
      (i32.store (i32.const 1300000) (i32.const 0))
      (i32.store (i32.const 1300004) (i32.const 1000000))
      (i32.const 1300000)))
  (core instance $m (instantiate $m))
  (func (export "texts") (result (list string)) (canon lift (core func $m "texts") (memory (core memory $m "memory"))))
  (func (export "bytes") (result (list (list u8)))
    (canon lift (core func $m "texts") (memory (core memory $m "memory"))))
  (func (export "pairs") (result (list (tuple bool))) (canon lift (core func $m "flags")
    (memory (core memory $m "memory")))))"""


@pytest.mark.parametrize("name", ["texts", "bytes"])
def test_values_are_not_much_larger_than_memory(name: str) -> None:
    exports = instantiate(LARGE).exports
    # A thousand items that all point to the same megabyte.
    with pytest.raises(wasmz.Trap, match="the values of a call are too large"):
        exports[name]()


def test_lists_of_moderate_size_pass() -> None:
    assert instantiate(LARGE).exports.pairs() == [(False,)] * 1_000_000


def test_types_that_share_much_are_no_burden() -> None:
    # A tree of 2^17 types, of which there are 17.
    definitions = ["(type $t0 (tuple u8 u8))"]
    definitions += [f"(type $t{number} (tuple $t{number - 1} $t{number - 1}))" for number in range(1, 16)]
    text = f"""(component {" ".join(definitions)}
      (core module $m (memory (export "memory") 3) (func (export "f") (result i32) (i32.const 0)))
      (core instance $m (instantiate $m))
      (func (export "f") (result $t15) (canon lift (core func $m "f") (memory (core memory $m "memory")))))"""
    value = instantiate(text).exports.f()
    for _ in range(15):
        assert value[0] == value[1]
        value = value[0]
    assert value == (0, 0)


def test_a_resource_type_has_several_names() -> None:
    class Thing:
        pass

    text = """(component
      (import "things" (instance
        (export "thing" (type $thing (sub resource)))
        (export "one" (type (eq $thing)))
        (export "other" (type $other (eq $thing)))
        (export "make" (func (result (own $other)))))))"""
    made = []
    for definition in ({"thing": Thing, "make": Thing}, {"thing": Thing, "one": Thing, "make": Thing}):
        made.append(instantiate(text, things=definition))
    assert len(made) == 2
    with pytest.raises(wasmz.LinkError, match="'things#thing' is not defined"):
        instantiate(text, things={"other": Thing, "make": Thing})


_SHALLOW = f"""(component
  (core module $m {ALLOCATOR}
    (func $pair (param i32 i32) (result i32)
      (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8))
    (func (export "echo") (param i32 i32) (result i32) (call $pair (local.get 0) (local.get 1)))
    (func (export "reset") (param i32) (global.set $next (i32.const 1024)))
    (func (export "deep") (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7))))
    (func $deep (param i32) (result i32)
      (if (result i32) (local.get 0)
        (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7)))))
  (core instance $m (instantiate $m))
  (alias core export $m "memory" (core memory $memory))
  (alias core export $m "realloc" (core func $realloc))
  (func (export "echo") (param "a" string) (result string)
    (canon lift (core func $m "echo") (memory $memory) (realloc $realloc) (post-return (core func $m "reset"))))
  (func (export "deep") (param "a" u32) (result u32) (canon lift (core func $m "deep"))))"""


def test_only_deep_functions_raise_the_recursion_limit_once_that_is_known() -> None:
    engine = wasmz.Engine(wasmz.Config(background_compile=False, use_cache=False))
    component = wasmz.Component.compile(engine, parse(_SHALLOW))
    exports = Linker(engine).instantiate(wasmz.Store(engine), component).exports
    for number in range(20_000):
        assert exports.echo(str(number)) == str(number)
        if "_nesting" not in exports.echo.__code__.co_names:
            break
    assert "_nesting" not in exports.echo.__code__.co_names
    assert exports.echo(a="x" * 100) == "x" * 100
    with pytest.raises(WrongValue):
        exports.echo(5)
    for _ in range(300):
        assert exports.deep(2000) == 7
    assert "_nesting" in exports.deep.__code__.co_names
