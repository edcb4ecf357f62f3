"""Exceptions between Python and WebAssembly, what is caught and what is not, and what is left of them."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz import FuncType, HeapType, RefType, Tag, TagType, Trap, TrapCode, ValType, WasmException
from wasmz.config import OPT_LEVELS

_MODULE = """
(module
  (tag $given (import "env" "given") (param i32))
  (func $host (import "env" "host") (param i32) (result i32))
  (tag $own (export "own") (param i32 f64))
  (func $inner (param i32) (result i32) (call $host (local.get 0)))
  (func (export "catch_given") (param i32) (result i32)
    (block $caught (result i32)
      (try_table (catch $given $caught) (return (call $inner (local.get 0))))
      (unreachable))
    (i32.add (i32.const 1000)))
  (func (export "catch_all") (param i32) (result i32)
    (block $caught
      (try_table (catch_all $caught) (return (call $inner (local.get 0)))))
    (i32.const -1))
  (func (export "catch_all_ref") (param i32) (result exnref)
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (drop (call $inner (local.get 0))))
      (ref.null exn)))
  (func (export "throw_own") (param i32 f64) (throw $own (local.get 0) (local.get 1)))
  (func $throw_own (param i32 f64) (throw $own (local.get 0) (local.get 1)))
  (func (export "throw_again") (param i32 f64) (local $held exnref)
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (call $throw_own (local.get 0) (local.get 1)))
      (return))
    (local.set $held)
    (if (i32.eqz (local.get 0)) (then (unreachable)))
    (throw_ref (local.get $held)))
  (func (export "throw_given") (param i32) (throw $given (local.get 0)))
  (func (export "throw_ref") (param exnref) (throw_ref (local.get 0)))
  (func (export "same") (param exnref) (result exnref) (local.get 0))
  (func (export "never") (param (ref exn)))
  (func $forever (export "forever") (result i32) (i32.add (call $forever) (i32.const 1)))
  (func (export "catch_traps") (param i32) (result i32)
    (block $caught
      (try_table (catch_all $caught)
        (if (i32.eqz (local.get 0)) (then (return (call $forever))))
        (return (call $divide (local.get 0)))))
    (i32.const -1))
  (func $divide (param i32) (result i32)
    (i32.div_s (i32.load (i32.mul (local.get 0) (i32.const 65532))) (i32.const 0)))
  (memory 1))
"""


class _Case:
    """The module, with a host function that raises what one wants."""

    def __init__(self, level: int) -> None:
        mode = "smart" if level > max(OPT_LEVELS) else "eager"
        config = wasmz.Config(opt_level=min(level, max(OPT_LEVELS)), compile_mode=mode, verify=True, use_cache=False)
        engine = wasmz.Engine(config)
        self.store = wasmz.Store(engine)
        self.given = Tag(self.store, [ValType.I32])
        self.raised: BaseException | None = None
        linker = wasmz.Linker(engine)
        linker.define("env", "given", self.given)
        linker.define("env", "host", self.host)
        self.instance = wasmz.Instance(self.store, wasmz.Module.compile(engine, assemble(_MODULE)), linker)
        self.exports = self.instance.exports

    def host(self, number: int) -> int:
        if self.raised is not None:
            raise self.raised
        return number


@pytest.fixture(params=[*OPT_LEVELS, max(OPT_LEVELS) + 1], ids=lambda level: f"level{level}")
def case(request: pytest.FixtureRequest) -> _Case:
    return _Case(request.param)


def test_host_throws_and_wasm_catches(case: _Case) -> None:
    assert case.exports.catch_given(5) == 5
    case.raised = WasmException(case.given, (-7,))
    assert case.exports.catch_given(5) == 993
    assert case.exports.catch_all(5) == -1
    case.raised = WasmException(case.exports.own, (1, 0.5))
    with pytest.raises(WasmException) as caught:
        case.exports.catch_given(5)
    assert caught.value is case.raised
    assert case.exports.catch_all(5) == -1


def test_wasm_throws_and_python_catches(case: _Case) -> None:
    with pytest.raises(WasmException, match=r"unhandled WebAssembly exception of <Tag \(i32, f64\)>") as caught:
        case.exports.throw_own(-3, 2.5)
    error = caught.value
    assert error.tag is case.exports.own
    assert error.values == (-3, 2.5)
    assert [frame.function_name for frame in error.frames] == ["throw_own"]
    assert "throw_own at 0x" in error.backtrace()
    assert error.__context__ is None


def test_try_call_gives_a_trap(case: _Case) -> None:
    result = case.instance.try_call("throw_given", 8)
    assert not result.is_ok and result.trap is not None
    assert result.trap.code is TrapCode.UNHANDLED_EXCEPTION
    assert [frame.function_name for frame in result.trap.frames] == ["throw_given"]
    assert isinstance(result.trap.__cause__, WasmException)
    assert result.trap.__cause__.values == (8,)


@pytest.mark.parametrize("error", [KeyError("x"), ZeroDivisionError("host"), IndexError("host"), KeyboardInterrupt()])
def test_python_exceptions_pass(case: _Case, error: BaseException) -> None:
    case.raised = error
    for name in ("catch_given", "catch_all", "catch_all_ref"):
        with pytest.raises(type(error)) as caught:
            case.exports[name](1)
        assert caught.value is error
        assert caught.value.__context__ is None


@pytest.mark.parametrize("error", [Trap(TrapCode.UNREACHABLE), wasmz.WasiExit(3)])
def test_traps_of_the_host_pass(case: _Case, error: Trap) -> None:
    case.raised = error
    for name in ("catch_given", "catch_all", "catch_all_ref"):
        with pytest.raises(Trap) as caught:
            case.exports[name](1)
        assert caught.value is error


def test_traps_are_not_caught(case: _Case) -> None:
    for argument, code in (
        (0, TrapCode.STACK_OVERFLOW),
        (1, TrapCode.INTEGER_DIVISION_BY_ZERO),
        (2, TrapCode.MEMORY_OUT_OF_BOUNDS),
    ):
        with pytest.raises(Trap) as caught:
            case.exports.catch_traps(argument)
        assert caught.value.code is code


def test_references_at_the_border(case: _Case) -> None:
    exports = case.exports
    assert exports.same(None) is None
    error = WasmException(case.given, (1,))
    assert exports.same(error) is error
    case.raised = error
    assert exports.catch_all_ref(1) is error
    with pytest.raises(WasmException) as caught:
        exports.throw_ref(error)
    assert caught.value is error
    with pytest.raises(Trap) as trapped:
        exports.throw_ref(None)
    assert trapped.value.code is TrapCode.NULL_REFERENCE
    for wrong in (5, ValueError(), case.given):
        with pytest.raises(TypeError, match="expected exnref"):
            exports.same(wrong)
    with pytest.raises(TypeError, match="cannot be null"):
        exports.never(None)
    exports.never(error)


def test_references_in_tables_and_globals(case: _Case) -> None:
    error = WasmException(case.given, (1,))
    exnref = RefType(HeapType.EXN, nullable=True)
    held = wasmz.Global(case.store, wasmz.GlobalType(exnref, mutable=True), None)
    held.value = error
    assert held.value is error
    nothing = RefType(HeapType.NOEXN, nullable=True)
    with pytest.raises(TypeError):
        wasmz.Global(case.store, wasmz.GlobalType(nothing), error)
    assert wasmz.Global(case.store, wasmz.GlobalType(nothing), None).value is None


def test_caught_exceptions_are_freed_at_once(case: _Case) -> None:
    """No cycle of an exception, its traceback and the frame that caught it is left to the collector."""
    gc.collect()
    gc.disable()
    try:
        for name in ("catch_given", "catch_all", "catch_all_ref"):
            error = WasmException(case.given, (1,))
            alive = weakref.ref(error)
            case.raised = error
            case.exports[name](1)
            case.raised = error = None  # type: ignore[assignment]
            assert alive() is None, name
    finally:
        gc.enable()


@pytest.mark.parametrize("name", ["throw_again", "throw_own"])
def test_thrown_exceptions_are_freed_at_once(case: _Case, name: str) -> None:
    """Nor is one of an exception, its traceback and the frame that threw it."""
    gc.collect()
    gc.disable()
    try:
        alive = None
        try:
            case.exports[name](1, 2.0)
        except WasmException as error:
            alive = weakref.ref(error)
        assert alive is not None and alive() is None
    finally:
        gc.enable()


def test_backtrace_of_an_exception_that_is_thrown_again(case: _Case) -> None:
    """It begins where it was thrown first."""
    binary = assemble("""(module (tag $t)
      (func $a (throw $t))
      (func $b (call $a))
      (func $c (block $h (result exnref) (try_table (catch_all_ref $h) (call $b)) (return)) (throw_ref))
      (func $d (export "d") (call $c)))""")
    engine = case.store.engine
    exports = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, binary)).exports
    for _ in range(2):
        with pytest.raises(WasmException) as caught:
            exports.d()
        assert [frame.function_name for frame in caught.value.frames] == ["a", "b", "c", "d"]


def test_tags() -> None:
    store = wasmz.Store(wasmz.Engine())
    tag = Tag(store, FuncType([ValType.I32, ValType.V128]))
    assert tag.type == TagType(FuncType([ValType.I32, ValType.V128]))
    assert Tag(store, tag.type).type == tag.type
    assert Tag(store).type == TagType(FuncType())
    assert repr(tag) == "<Tag (i32, v128)>"
    with pytest.raises(ValueError, match="no results"):
        Tag(store, FuncType([], [ValType.I32]))
    assert WasmException(tag, (1, bytes(16))).values == (1, bytes(16))
    for values, error in (((1,), TypeError), ((1, 2), TypeError), ((1 << 40, bytes(16)), OverflowError)):
        with pytest.raises(error):
            WasmException(tag, values)


@pytest.mark.parametrize("item", [lambda: None, [ValType.I64], []], ids=["function", "i64", "nothing"])
def test_imported_tags_are_checked(item: Any) -> None:
    engine = wasmz.Engine()
    store = wasmz.Store(engine)
    linker = wasmz.Linker(engine)
    linker.define("env", "given", item if callable(item) else Tag(store, item))
    linker.define("env", "host", lambda number: number)
    module = wasmz.Module.compile(engine, assemble(_MODULE))
    with pytest.raises(wasmz.LinkError, match=r"env\.given has another type: expected tag"):
        wasmz.Instance(store, module, linker)


def test_tag_is_no_function() -> None:
    engine = wasmz.Engine()
    store = wasmz.Store(engine)
    linker = wasmz.Linker(engine)
    linker.define("env", "f", Tag(store))
    module = wasmz.Module.compile(engine, assemble('(module (import "env" "f" (func)))'))
    with pytest.raises(wasmz.LinkError):
        wasmz.Instance(store, module, linker)


def test_exports_of_one_instance_are_another_ones_imports() -> None:
    engine = wasmz.Engine()
    store = wasmz.Store(engine)
    linker = wasmz.Linker(engine)
    thrower = assemble("""(module (tag (export "t") (param i64)) (tag (export "same_type") (param i64))
      (func (export "f") (throw 0 (i64.const 5))))""")
    catcher = assemble("""(module (tag $t (import "a" "t") (param i64)) (tag $o (import "a" "same_type") (param i64))
      (func $f (import "a" "f"))
      (func (export "g") (result i64) (block $b (result i64) (block $o (result i64)
          (try_table (catch $o $o) (catch $t $b) (call $f)) (i64.const 0))
        (i64.add (i64.const 100)))))""")
    linker.define_instance("a", wasmz.Instance(store, wasmz.Module.compile(engine, thrower)))
    instance = wasmz.Instance(store, wasmz.Module.compile(engine, catcher), linker)
    assert instance.exports.g() == 5


def test_start_function_may_throw() -> None:
    engine = wasmz.Engine()
    module = wasmz.Module.compile(engine, assemble("(module (tag) (start $f) (func $f (throw 0)))"))
    with pytest.raises(WasmException):
        wasmz.Instance(wasmz.Store(engine), module)


_PINGPONG = """
(module
  (tag $t (import "env" "t") (param i32))
  (func $back (import "env" "back") (param i32))
  (func (export "down") (param i32)
    (block $caught (result exnref)
      (try_table (catch_all_ref $caught) (call $back (local.get 0)))
      (return))
    (throw_ref))
  (func (export "throw") (param i32) (throw $t (local.get 0))))
"""


@pytest.mark.parametrize("level", OPT_LEVELS)
def test_throwing_again_and_again_keeps_tracebacks_short(level: int) -> None:
    """wasm calls Python calls wasm ...: each level catches and throws again."""
    engine = wasmz.Engine(wasmz.Config(opt_level=level, use_cache=False))
    store = wasmz.Store(engine)
    linker = wasmz.Linker(engine)
    tag = Tag(store, [ValType.I32])
    linker.define("env", "t", tag)

    def back(number: int) -> None:
        exports.down(number - 1) if number else exports.throw(42)

    linker.define("env", "back", back)
    exports = wasmz.Instance(store, wasmz.Module.compile(engine, assemble(_PINGPONG)), linker).exports
    with pytest.raises(WasmException) as caught:
        exports.down(150)
    assert caught.value.values == (42,)
    assert caught.value.tag is tag
    length = 0
    entry = caught.value.__traceback__
    while entry is not None:
        length += 1
        entry = entry.tb_next
    assert length < 700


@pytest.mark.parametrize("level", OPT_LEVELS)
def test_exception_thrown_in_a_loop(level: int) -> None:
    """Many times the same exception: memory and traceback stay bounded, and nothing has a context."""
    engine = wasmz.Engine(wasmz.Config(opt_level=level, use_cache=False, compile_mode="eager"))
    store = wasmz.Store(engine)
    binary = assemble("""(module (tag $t)
      (func $throw (param exnref) (throw_ref (local.get 0)))
      (func $first (throw $t))
      (func (export "loop") (param i32) (result exnref) (local exnref)
        (block $b (result exnref) (try_table (catch_all_ref $b) (call $first)) (unreachable))
        (local.set 1)
        (loop $l
          (block $b (result exnref) (try_table (catch_all_ref $b) (call $throw (local.get 1))) (unreachable))
          (local.set 1)
          (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1)))""")
    exports = wasmz.Instance(store, wasmz.Module.compile(engine, binary)).exports
    before = sys.getrecursionlimit()
    error = exports.loop(5000)
    assert isinstance(error, WasmException) and error.__context__ is None
    assert error.__traceback__ is None
    assert error.trail is not None and len(error.trail) <= 1000
    assert sys.getrecursionlimit() == before
