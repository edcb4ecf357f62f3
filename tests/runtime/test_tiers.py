"""Functions that are compiled when they are called, and again when they are hot: the same results, traps and frames."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.compile import lazy
from wasmz.ir.analyses import dominator_tree
from wasmz.ir.verifier import verify_function
from wasmz.irbuild.builder import ALL_LOOPS
from wasmz.irbuild.continuations import add_counters, continue_loop
from wasmz.runtime.abi import BASELINE, OPTIMISED, CodeForm

# Counters that never run out; at once, with continuations at once or after the optimised function; and as usual.
THRESHOLDS: dict[str, tuple[int, ...]] = {
    "baseline": (1_000_000, 1 << 60, 0, 0),
    "at once": (1, 1, 0, 0),
    "function first": (1, 1, 0, 2),
    "soon": (3, 9, 0, 1),
    "usual": (),
}

LOOPS = """
(module
  (memory (export "memory") 1)
  (table 4 funcref) (elem (i32.const 0) $sum $fib $below $trap)
  (type $unary (func (param i32) (result i32)))
  (func $sum (export "sum") (param i32) (result i32) (local i32)
    (loop $l
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
      (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                     (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  ;; A value waits on the operand stack while the loop runs, and the loop has a parameter and a result.
  (func $below (export "below") (param i32) (result i32) (local i32)
    (i32.mul (local.get 0) (i32.const 3))
    (i32.const 7)
    (loop $l (param i32) (result i32)
      (i32.add (local.tee 1 (i32.add (local.get 1) (i32.const 1))))
      (br_if $l (i32.lt_u (local.get 1) (local.get 0))))
    (i32.add))
  (func (export "nested") (param i32) (result i32 i64 f32 f64)
    (local $i i32) (local $j i32) (local $a i64) (local $b f32) (local $c f64)
    (loop $outer
      (local.set $j (i32.const 0))
      (loop $inner
        (local.set $a (i64.add (i64.mul (local.get $a) (i64.const 31)) (i64.extend_i32_u (local.get $j))))
        (local.set $b (f32.add (local.get $b) (f32.const 0.1)))
        (local.set $c (f64.add (local.get $c) (f64.convert_i32_s (i32.sub (local.get $j) (local.get $i)))))
        (br_if $inner (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (local.get 0))))
      (br_if $outer (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
    (local.get $j) (local.get $a) (local.get $b) (local.get $c))
  ;; A little machine: the loop's way goes through a switch.
  (func (export "machine") (param $n i32) (result i32) (local $state i32) (local $sum i32)
    (loop $next
      (block $c (block $b (block $a
        (br_table $a $b $c (local.get $state)))
        (local.set $sum (i32.add (local.get $sum) (local.get $n)))
        (local.set $state (i32.const 1)) (br $next))
        (local.set $sum (i32.xor (local.get $sum) (i32.const 0x5555)))
        (local.set $state (i32.const 2)) (br $next))
      (local.set $state (i32.const 0))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))
  (func $trap (export "trap") (param i32) (result i32)
    (loop $l
      (drop (i32.load (i32.mul (local.get 0) (i32.const 64))))
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br $l))
    (unreachable))
  (func $inside (param i32) (result i32) (i32.add (call $trap (local.get 0)) (i32.const 1)))
  (func (export "outside") (param i32) (result i32)
    (loop $l
      (if (i32.eq (local.get 0) (i32.const 100)) (then (return (call $inside (local.get 0)))))
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (br $l))
    (unreachable))
  (func (export "indirect") (param i32 i32) (result i32)
    (call_indirect (type $unary) (local.get 1) (local.get 0)))
  (func $self (export "self") (param i32 i32) (result i32) (local i32)
    (loop $l (br_if $l (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (i32.const 4))))
    (if (result i32) (local.get 0)
      (then (return_call $self (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (local.get 2))))
      (else (local.get 1))))
  (func $even (export "even") (param i32) (result i32 i32)
    (if (result i32 i32) (local.get 0)
      (then (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
      (else (i32.const 1) (i32.const 5))))
  (func $odd (param i32) (result i32 i32) (local i32)
    (loop $l (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 4))))
    (if (result i32 i32) (local.get 0)
      (then (return_call $even (i32.sub (local.get 0) (i32.const 1))))
      (else (i32.const 0) (local.get 1))))
  (func (export "deep") (param i32) (result i32)
    (local i32)
    (loop $l (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 3))))
    (i32.add (call $recurse (local.get 0)) (i32.const 1)))
  (func $recurse (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $recurse (i32.sub (local.get 0) (i32.const 1)))))))
)
"""

CALLS: list[tuple[str, tuple[int, ...]]] = [
    ("sum", (5000,)), ("sum", (1,)), ("fib", (14,)), ("below", (900,)), ("below", (1,)), ("nested", (40,)),
    ("nested", (40,)), ("machine", (700,)), ("trap", (0,)), ("trap", (2000,)), ("outside", (7,)), ("indirect", (0, 50)),
    ("indirect", (1, 9)), ("indirect", (2, 90)), ("indirect", (3, 900)), ("indirect", (7, 1)), ("self", (3000, 0)),
    ("even", (3001,)), ("even", (50_000,)), ("deep", (2000,)), ("deep", (50_000_000,)), ("sum", (20_000,)),
]  # fmt: skip


def instance_of(text: str, **settings: Any) -> wasmz.Instance:
    engine = wasmz.Engine(wasmz.Config(**{"compile_mode": "eager", "verify": True, "use_cache": False, **settings}))
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(text)))


def in_tiers(text: str, thresholds: str = "usual", **settings: Any) -> wasmz.Instance:
    return instance_of(text, compile_mode="smart", _thresholds=THRESHOLDS[thresholds], **settings)


def outcome(call: Callable[..., Any], arguments: tuple[int, ...], *, is_inlined: bool = False) -> Any:
    """The result, or the trap with its frames; where functions are inlined, without the places of the outer ones."""
    try:
        return call(*arguments)
    except wasmz.Trap as trap:
        frames = [(frame.function_name, frame.byte_offset) for frame in trap.frames]
        if trap.code is wasmz.TrapCode.STACK_OVERFLOW:
            # The depth of the stack then differs between tiers.
            return trap.code, frames[0][0]
        return trap.code, (frames[:1], [name for name, _ in frames]) if is_inlined else frames


def forms(instance: wasmz.Instance, name: str) -> set[CodeForm]:
    """The forms in which there is code of an exported function."""
    supply = instance.module.supply
    assert supply is not None
    index = instance.extern(name).index
    return {form for function, form in supply.codes if function == index}


@pytest.mark.parametrize("level", [0, 2])
@pytest.mark.parametrize("thresholds", THRESHOLDS)
def test_same_results_and_frames_as_compiled_at_once(thresholds: str, level: int) -> None:
    expected, found = instance_of(LOOPS, opt_level=level), in_tiers(LOOPS, thresholds, opt_level=level)
    for name, arguments in CALLS:
        results = [outcome(each.exports[name], arguments, is_inlined=level > 1) for each in (expected, found)]
        assert results[0] == results[1], name


def test_nothing_is_compiled_before_it_is_called() -> None:
    instance = in_tiers(LOOPS)
    assert instance.module.mem_stats()["compiled_function_count"] == 0
    assert instance.exports.fib(3) == 2
    assert instance.module.mem_stats()["compiled_function_count"] == 1
    assert forms(instance, "fib") == {BASELINE}
    assert forms(instance, "sum") == set()


def test_what_is_called_often_is_optimised() -> None:
    instance = in_tiers(LOOPS)
    instance.exports.fib(20)
    assert forms(instance, "fib") == {BASELINE, OPTIMISED}


def test_one_long_call_leaves_baseline_code() -> None:
    instance = in_tiers(LOOPS)
    instance.exports.sum(100_000)
    assert forms(instance, "sum") == {BASELINE, CodeForm.of(0)}
    instance.exports.sum(10)
    assert forms(instance, "sum") == {BASELINE, CodeForm.of(0), OPTIMISED}
    instance.exports.nested(200)
    # The inner one of two loops.
    assert CodeForm.of(1) in forms(instance, "nested")


def test_many_short_loops_need_no_continuation() -> None:
    instance = in_tiers(LOOPS)
    for _ in range(500):
        instance.exports.sum(30)
    assert forms(instance, "sum") == {BASELINE, OPTIMISED}


def test_optimised_code_goes_to_other_instances_of_the_module() -> None:
    first = in_tiers(LOOPS)
    first.exports.fib(20)
    second = wasmz.Instance(wasmz.Store(first.store.engine), first.module)
    assert second.exports.fib(10) == 55
    assert second.module.supply is first.module.supply
    code = second.extern("fib").code.__code__
    assert code is first.extern("fib").code.__code__
    assert not any(name.startswith("h") for name in code.co_names)


def test_function_keeps_its_identity() -> None:
    instance = in_tiers(LOOPS, "at once")
    function, export = instance.extern("sum").code, instance.exports.sum
    for count in (1, 5, 9):
        assert export(count) == sum(range(count + 1))
    assert instance.extern("sum").code is function
    assert instance.exports.sum is export


def test_functions_of_other_instances_are_called_in_their_best_form() -> None:
    first = in_tiers(LOOPS, "at once")
    store = first.store
    user = '(module (import "a" "sum" (func $f (param i32) (result i32)))'
    user += '(func (export "g") (param i32) (result i32) (call $f (local.get 0))))'
    linker = wasmz.Linker(store.engine)
    linker.define_instance("a", first)
    second = wasmz.Instance(store, wasmz.Module.compile(store.engine, assemble(user)), linker)
    for _ in range(4):
        assert second.exports.g(4) == 10
    assert OPTIMISED in forms(first, "sum")


def test_exports_reach_their_final_form() -> None:
    text = """
    (module (memory 1)
      (func $leaf (param i32) (result i32) (i32.load (local.get 0)))
      (func (export "entry") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "shallow") (param i32) (result i32) (call $leaf (local.get 0)))
      (func $deep (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (call $deep (i32.const 0))) (else (i32.const 3)))))
    """
    instance = in_tiers(text, "at once", opt_level=2)
    exports = instance.exports
    for _ in range(3):
        assert exports.entry(2**31 - 1, 1) == -(2**31)
        assert exports.entry(1, 2) == 3
        assert exports.shallow(0) == 0
        assert exports.deep(1) == 3
        with pytest.raises(OverflowError):
            exports.entry(2**33, 0)
        with pytest.raises(TypeError, match="parameter 1 of shallow"):
            exports.shallow("x")
        with pytest.raises(wasmz.Trap):
            exports.shallow(-4)
    eager = instance_of(text, opt_level=2)
    assert exports.entry.__code__.co_code == eager.exports.entry.__code__.co_code
    assert "setrecursionlimit" in exports.deep.__code__.co_names
    assert "setrecursionlimit" not in exports.shallow.__code__.co_names
    assert exports.entry.__name__ == "entry"
    assert exports.entry.__doc__ == eager.exports.entry.__doc__


def test_bodies_of_large_modules_are_validated_when_they_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    good = '(func (export "good") (result i32) (i32.const 7))'
    binary = assemble(f'(module {good} (func $bad (export "bad") (result i32) (i32.const 1)))')
    broken = binary.replace(b"\x41\x01\x0b", b"\x42\x01\x0b")
    assert broken != binary
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart", use_cache=False))
    with pytest.raises(wasmz.InvalidWasm):
        wasmz.Module.compile(engine, broken)
    monkeypatch.setattr(lazy, "LARGEST_VALIDATED", 0)
    exports = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, broken)).exports
    assert exports.good() == 7
    for _ in range(2):
        with pytest.raises(wasmz.InvalidWasm, match=r'expected i32, found i64 \(function 1 "bad", offset'):
            exports.bad()
    with pytest.raises(wasmz.InvalidWasm):
        wasmz.Module.validate(broken)


def test_errors_of_host_functions_pass() -> None:
    text = '(module (import "m" "f" (func $f)) (func (export "g") (loop $l (call $f) (br $l))))'
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart", use_cache=False, _thresholds=THRESHOLDS["at once"]))
    left = [5]

    def host() -> None:
        left[0] -= 1
        if not left[0]:
            raise IndexError("of the host")

    linker = wasmz.Linker(engine)
    linker.define("m", "f", host)
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, assemble(text)), linker)
    with pytest.raises(IndexError, match="of the host"):
        instance.exports.g()


def test_threads_compile_a_function_once() -> None:
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart", use_cache=False))
    module = wasmz.Module.compile(engine, assemble(LOOPS))
    supply = module.supply
    assert supply is not None
    compiled: list[tuple[int, int]] = []
    compile = supply._compile

    def counted(index: int, form: int) -> Any:
        compiled.append((index, form))
        return compile(index, form)

    supply._compile = counted
    barrier = threading.Barrier(4)
    results: list[tuple[int, ...]] = []

    def work() -> None:
        exports = wasmz.Instance(wasmz.Store(engine), module).exports
        barrier.wait()
        results.append((exports.fib(18), exports.sum(30_000), *exports.even(1000)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(2584, 450_015_000, 1, 5)] * 4
    assert len(compiled) == len(set(compiled))


def test_nested_stubs_and_continuations_do_not_exhaust_the_stack() -> None:
    """Each function calls the next one for the first time, from inside of a loop that goes on in a continuation."""
    count = 300
    functions = [
        f"(func $f{i} (param i32) (result i32) (local i32)"
        f"(loop $l (br_if $l (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 3)))"
        f"(if (i32.eq (local.get 1) (i32.const 3)) (then (local.set 0 (call $f{i + 1} (local.get 0))))))"
        f"(local.get 0))"
        for i in range(count)
    ]
    last = f"(func $f{count} (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"
    text = f'(module {" ".join(functions)} {last} (export "f" (func $f0)))'
    instance = in_tiers(text, "at once", opt_level=0)
    assert instance.exports.f(1) == 2
    assert instance.exports.f(1) == 2


def test_all_forms_of_all_functions_are_sound() -> None:
    """The IR of counting functions and of continuations keeps the invariants, and loops are numbered the same way."""
    from wasmz.compile.front_end import validate
    from wasmz.compile.pipeline import ModuleCompiler

    binary = assemble(LOOPS)
    compiler = ModuleCompiler(binary, validate(binary), wasmz.Config())
    continued = 0
    for body in compiler.module.bodies:
        counting = compiler.build(body, ALL_LOOPS)
        loops = len(counting.loops)
        add_counters(counting)
        verify_function(counting)
        requests = [value.imm for value in counting.values() if value.op == "tier.request"]
        assert requests == [*((body.index, loop) for loop in range(loops)), (body.index, -1)]
        for loop in range(loops):
            made = continue_loop(compiler.build(body, loop), loop)
            verify_function(made)
            assert dominator_tree(made).is_reducible
            assert (made.index, made.offset, made.type.results) == (
                counting.index,
                counting.offset,
                counting.type.results,
            )
            continued += 1
    assert continued == 10
