"""Loops on numpy's arrays do what they do in wasmtime and in scalar code, trap or not (`wasmz/passes/arrays.py`)."""

from __future__ import annotations

import random
import struct
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import wasmz
from tests.differential.oracle import assemble, compare
from tests.differential.thresholds import without_thresholds
from wasmz import Config, Engine
from wasmz.compile.front_end import load_module
from wasmz.compile.pipeline import ModuleCompiler
from wasmz.passes.loops import array_text
from wasmz.passes.loops.array_operations import OPERATIONS
from wasmz.passes.loops.array_vectors import VECTOR_SHIFTS, VECTOR_SHUFFLES
from wasmz.runtime.limits.budgets import Budget
from wasmz.runtime.memory import arrays
from wasmz.wasm.instructions import BY_NAME

pytest.importorskip("numpy", reason="numpy is not installed: loops are not done on its arrays")

_BINARY = assemble((Path(__file__).parent / "arrays.wat").read_text(encoding="utf-8"))
_NAMES = ("axpy", "dot", "larger", "mix", "column", "vectors", "gathered", "parts", "delays")
_END = 1 << 16
_NAN = struct.pack("<Q", 0x7FF4_0000_0000_1234)


@pytest.fixture(autouse=True)
def _numpy_at_once() -> Iterator[None]:
    with mock.patch.object(arrays.State, "left", 0):
        yield


def _instance(*, numpy: bool = True) -> Any:
    config = Config(compile_mode="eager", use_cache=False, numpy=numpy, verify=True)
    return wasmz.instantiate(_BINARY, engine=Engine(config))


def _optimised(name: str) -> list[str]:
    module = load_module(_BINARY)
    compiler = ModuleCompiler(_BINARY, module, Config(verify=True))
    function = compiler.build_index(next(export.index for export in module.exports if export.name == name))
    compiler.optimise(function)
    return [value.op for value in function.values()]


@pytest.mark.parametrize("name", _NAMES)
def test_loop_is_done_on_arrays(name: str) -> None:
    assert "memory.array_rounds" in _optimised(name)


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("piece", [5, 8192])
def test_as_in_wasmtime(name: str, piece: int) -> None:
    numbers = random.Random(name)
    distances = (*range(-20, 21), 100, -100, 256, -256, 2000, -2000)
    places = (1024, 1028, 8, 0, 4, _END - 800, _END - 8, _END, -8, -4)
    calls = []
    for distance in distances:
        calls += [(name, (1024 + distance, 1024, n, 0.5)) for n in (1, 2, 3, 17, numbers.randrange(30, 60))]
    for place in places:
        for other in (3000, *places):
            calls += [(name, (place, other, numbers.randrange(1, 70), -1.25))]
    with without_thresholds(piece):
        assert compare(_BINARY, calls, levels=(2,)) == len(calls)


def _fill(memory: Any, seed: int) -> None:
    numbers = random.Random(seed)
    doubles = [numbers.choice((0.0, -0.0, 5e-324, 1e300, numbers.uniform(-9, 9))) for _ in range(2000)]
    memory.write(0, struct.pack("<2000d", *doubles))
    memory.write(16000, struct.pack("<2000f", *[numbers.choice((0.0, -0.0, 1.5, -2.25)) for _ in range(2000)]))


@pytest.mark.parametrize("name", _NAMES)
def test_to_the_last_bit_of_scalar_code(name: str) -> None:
    """NaNs included, wherever they are."""
    fast, slow = _instance(), _instance(numpy=False)
    rounds = 70 if name == "column" else 150
    calls = ((5000, 1024, rounds, 0.1), (24000, 16000, rounds, 3.0))
    for seed, place in enumerate((None, 1024, 1032, 1800, 1024 + 8 * 99, 16000, 16400)):
        results = []
        for instance in (fast, slow):
            memory = instance.exports.memory
            _fill(memory, seed)
            if place is not None:
                memory.write(place, _NAN)
            found = [instance.exports[name](*args) for args in calls]
            results.append((repr(found), bytes(memory[:])))
        assert results[0] == results[1]


def test_rounds_are_done_by_numpy() -> None:
    instance = _instance()
    _fill(instance.exports.memory, 1)
    done = []
    text = next(text for text in _texts("axpy"))
    made = arrays._find(text, 1)
    assert made is not None

    def noting(*args: Any) -> Any:
        done.append(made[0](*args))
        return done[-1]

    with mock.patch.dict(arrays._functions, {text: (noting, made[1])}):
        instance.exports.axpy(40000, 8, 500, 2.0)
    assert done == [499]


@pytest.mark.parametrize("name", _NAMES)
def test_what_arrays_take_counts_as_the_guests(name: str) -> None:
    config = Config(compile_mode="eager", use_cache=False, mem_limit_bytes=256 << 20)
    limited, free = wasmz.instantiate(_BINARY, engine=Engine(config)), _instance()
    budget = limited.exports.memory.store.memory_budget
    used = budget.total_used
    reserve, release, sizes, peaks = Budget.reserve, Budget.release, [0], [0]
    room, args = [True], (24000, 1024, 90 if name == "column" else 900, 0.5)

    def reserved(self: Budget, size: int) -> bool:
        sizes.append(size)
        tracemalloc.reset_peak()
        return room[0] and reserve(self, size)

    def released(self: Budget, size: int) -> None:
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
        release(self, size)

    for room[0] in (True, False):
        results = []
        for instance in (limited, free):
            _fill(instance.exports.memory, 5)
            call = instance.exports[name]
            call(*args)
            if instance is limited:
                tracemalloc.start()
                before = tracemalloc.get_traced_memory()[0]
                with mock.patch.multiple(Budget, reserve=reserved, release=released):
                    found = call(*args)
                tracemalloc.stop()
            else:
                found = call(*args)
            results.append((repr(found), bytes(instance.exports.memory[:])))
        assert results[0] == results[1]
    assert 0 < max(peaks) <= max(sizes)
    assert budget.total_used == used


def _texts(name: str) -> list[str]:
    module = load_module(_BINARY)
    compiler = ModuleCompiler(_BINARY, module, Config())
    function = compiler.build_index(next(export.index for export in module.exports if export.name == name))
    compiler.optimise(function)
    return [value.imm[2] for value in function.values() if value.op == "memory.array_rounds"]


def test_without_numpy_the_loop_does_all() -> None:
    slow = _instance(numpy=False)
    _fill(slow.exports.memory, 3)
    expected = slow.exports.dot(8, 800, 300, 0.0)
    with (
        mock.patch.object(arrays.State, "names", None),
        mock.patch.object(arrays.State, "is_missing", False),
        mock.patch.dict(arrays._functions, clear=True),
        mock.patch.dict(sys.modules, {"numpy": None}),
        mock.patch.object(arrays, "load", side_effect=ImportError),
    ):
        instance = _instance()
        _fill(instance.exports.memory, 3)
        assert instance.exports.dot(8, 800, 300, 0.0) == expected
        assert arrays.State.is_missing


def test_numpy_is_imported_only_after_many_iterations() -> None:
    without = {name: module for name, module in sys.modules.items() if name != "numpy"}
    with (
        mock.patch.object(arrays.State, "names", None),
        mock.patch.object(arrays.State, "is_missing", False),
        mock.patch.object(arrays.State, "left", 1000),
        mock.patch.dict(arrays._functions, clear=True),
        mock.patch.dict(sys.modules, without, clear=True),
    ):
        text = _texts("axpy")[0]
        assert arrays._find(text, 600) is None
        with mock.patch.object(arrays, "load", side_effect=ImportError) as imported:
            assert arrays._find(text, 600) is None
        assert imported.called


def test_numpy_is_not_imported_where_the_stack_is_nearly_full() -> None:
    """If the import failed there, no other import of numpy could succeed in this process."""
    without = {name: module for name, module in sys.modules.items() if name != "numpy"}
    text = _texts("axpy")[0]

    def at_the_end_of_the_stack(action: Any) -> Any:
        try:
            return at_the_end_of_the_stack(action)
        except RecursionError:
            return action()

    with (
        mock.patch.object(arrays.State, "names", None),
        mock.patch.object(arrays.State, "is_missing", False),
        mock.patch.dict(arrays._functions, clear=True),
        mock.patch.dict(sys.modules, without, clear=True),
        mock.patch.object(arrays, "_find_names", return_value=None) as imported,
    ):
        assert at_the_end_of_the_stack(lambda: arrays._find(text, 600)) is None
        assert not imported.called and not arrays.State.is_missing
        assert arrays._find(text, 600) is None
        assert imported.called


def test_few_functions_of_long_texts_are_kept() -> None:
    """They outlive their modules, and count against no limit."""
    text = "def rounds(*_): return 0\n#"
    with (
        mock.patch.dict(arrays._functions, clear=True),
        mock.patch.object(arrays.State, "characters", 0),
        mock.patch.object(arrays, "_MOST_CHARACTERS", 10_000),
    ):
        for number in range(100):
            assert arrays._find(f"{text}{number:03}" + "x" * 1000, 1) is not None
            assert sum(map(len, arrays._functions)) == arrays.State.characters <= 10_000
        assert arrays._functions


def test_deadline_between_pieces_leaves_whole_iterations() -> None:
    """What an interrupted loop has stored is what so many iterations store."""
    wat = """(module (memory (export "memory") 1000) (func (export "run") (param $n i32) (local $p i32) (local $m i32)
      (loop $again
        (local.set $p (i32.const 0)) (local.set $m (i32.const 4000000))
        (loop $next
          (i32.store (local.get $p) (i32.add (i32.load (local.get $p)) (i32.const 1)))
          (i32.store offset=32000000 (local.get $p) (i32.sub (i32.load offset=32000000 (local.get $p)) (i32.const 1)))
          (local.set $p (i32.add (local.get $p) (i32.const 8)))
          (br_if $next (local.tee $m (i32.sub (local.get $m) (i32.const 1)))))
        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""
    instance = wasmz.instantiate(assemble(wat), engine=Engine(Config(compile_mode="eager", use_cache=False)))
    timer = threading.Timer(0.3, instance.store.interrupt)
    timer.start()
    with pytest.raises(wasmz.Interrupted):
        instance.exports.run(1_000_000)
    timer.join()
    content = memoryview(bytes(instance.exports.memory[:64_000_000])).cast("I")
    ups, downs = content[0:8_000_000:2].tolist(), content[8_000_000::2].tolist()
    assert all((up + down) & 0xFFFF_FFFF == 0 for up, down in zip(ups[:-1], downs[:-1], strict=True) if up or down)
    # Iterations are done in order: earlier elements were changed equally often, or once more.
    assert 0 < ups[0] - ups[-1] + 1 <= 2 and sorted(ups, reverse=True) == ups


def test_what_is_computed_is_not_changed_by_a_store() -> None:
    """A lane of a vector is a part of memory to numpy: the store of the vector comes before that of the lane."""
    parts = []
    for name, (type, shape) in enumerate((("i32", "i32x4"), ("i64", "i64x2"))):
        parts.append(f"""(func (export "f{name}") (param $p i32) (param $q i32) (param $n i32) (local $v v128)
          (loop $next
            (local.set $v (v128.load (local.get $p)))
            (v128.store (local.get $p) (i8x16.add_sat_u (local.get $v) (v128.const i64x2 0x0102030405060708 3)))
            ({type}.store (local.get $q) ({shape}.extract_lane 1 (local.get $v)))
            (local.set $p (i32.add (local.get $p) (i32.const 16)))
            (local.set $q (i32.add (local.get $q) (i32.const 8)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))""")
    data = "".join(f"\\{number % 251:02x}" for number in range(2000))
    wat = f'(module (memory (export "memory") 1) (data (i32.const 0) "{data}") {" ".join(parts)})'
    assert compare(assemble(wat), [("f0", (0, 4096, 100)), ("f1", (16, 8192, 90))], levels=(2,)) == 2


def test_no_operation_gives_a_view_of_its_operands() -> None:
    """Stores come after all that is computed, and may write what operands are views of."""
    names = arrays._find_names()
    assert names is not None
    for op, operation in OPERATIONS.items():
        if op == "select":
            types: list[str] = ["i32", "i32", "i32"]
        elif op.endswith(".pack"):
            types = ["i32"] * 4 if op[:5] == "i32x4" else ["i64"] * 2
        else:
            # Operations that are not WebAssembly's are part of a load or a shuffle.
            types = [str(type) for type in BY_NAME[op].params or ()] if op in BY_NAME else [_PARTS[op[5:9]]]
        operands = [_operand(names, type) for type in types]
        if op in VECTOR_SHIFTS:
            operands[1] = names["u4"](1)
        if op in VECTOR_SHUFFLES:
            operands.append(tuple(range(16)) if op in ("i8x16.shuffle", "v128.permute") else 0)
        values = {f"x{number}": operand for number, operand in enumerate(operands)}
        with names["errstate"](all="ignore"):
            found = eval(operation.text.format(*values), {**names, **values})
        bases = {id(found)}
        while found is not None:
            bases.add(id(found))
            found = getattr(found, "base", None)
        assert not any(id(operand) in bases for operand in operands), op


@pytest.mark.parametrize("disable_passes", [(), ("invariants",)], ids=["moved", "kept"])
@pytest.mark.parametrize("shape", ["i32", "i64", "f32", "f64", "i8x16", "i16x8", "i32x4", "i64x2", "v128"])
def test_what_is_the_same_in_all_iterations(shape: str, disable_passes: tuple[str, ...]) -> None:
    """It is a scalar or one row, not an array: stored in one place, in many, or added each time."""
    parts, calls = [], []
    for op in OPERATIONS:
        if op.startswith(f"{shape}.") and op in BY_NAME:
            parts += [_uniform_loop(f"{op} {use}", op, use) for use in _USES]
            calls += [(f"{op} {use}", (64, 40)) for use in _USES]
    if shape == "v128":
        for bits in (8, 16, 32, 64):
            name = f"v128.store{bits}_lane"
            store = f"({name} 1 (local.get $p) (local.get $v))"
            parts.append(_LOOP.format(name=name, fixed=store.replace("$p", "$fixed"), stepping=store, total=""))
            calls.append((name, (64, 40)))
    data = "".join(f"\\{number * 37 % 251:02x}" for number in range(16))
    wat = f'(module (memory (export "memory") 1) (data (i32.const 0) "{data}") {" ".join(parts)})'
    with without_thresholds():
        made = compare(assemble(wat), calls, levels=(2,), disable_passes=disable_passes)
    assert made == len(calls) > 0


_LOADED = ("v128.load", "i32.load", "i64.load")
_SAME_LOADS = [name for name in BY_NAME if name.startswith(_LOADED) and name != "v128.load"]


@pytest.mark.parametrize("use", ["shuffled", "replaced", "added", "fixed"])
def test_what_is_loaded_from_one_computed_place(use: str) -> None:
    """A load whose address is a quotient is no access in a regular place: numpy loads one number."""
    parts, calls = [], []
    for op in _SAME_LOADS:
        type = op[:4] if op[0] == "v" else op[:3]
        address, lane = "(i32.div_u (local.get $n0) (i32.const 3))", "1 " if op.endswith("_lane") else ""
        loaded = f"({op} {lane}{address}{' (v128.load (local.get $p))' if lane else ''})"
        vector = loaded if type == "v128" else f"({'i32x4' if type == 'i32' else 'i64x2'}.splat {loaded})"
        value = {
            "shuffled": f"(i8x16.shuffle {' '.join(map(str, range(3, 19)))} {vector} (v128.load (local.get $p)))",
            "replaced": f"(i32x4.replace_lane 1 (i16x8.replace_lane 0 {vector} (local.get $n)) (local.get $p))",
            "added": f"(i16x8.add {vector} (v128.load (local.get $p)))",
            "fixed": vector,
        }[use]
        store = f"(v128.store offset=4096 (local.get $p) {value})"
        if use == "fixed":
            store = f"(i64.store offset=4096 (local.get $fixed) (i64x2.extract_lane 1 {value}))"
        loop = _LOOP.format(name=f"{op} {use}", fixed=store, stepping="", total="")
        parts.append(loop.replace("(local $fixed i32)", "(local $fixed i32) (local $n0 i32)").replace(
            "(loop $next", "(local.set $n0 (local.get $n)) (loop $next"))  # fmt: skip
        calls += [(f"{op} {use}", (64, count)) for count in (40, 2)]
    data = "".join(f"\\{number * 37 % 251:02x}" for number in range(200))
    wat = f'(module (memory (export "memory") 1) (data (i32.const 0) "{data}") {" ".join(parts)})'
    with without_thresholds():
        assert compare(assemble(wat), calls, levels=(2,)) == len(calls) > 0


_USES = ("fixed", "stepping", "add", "xor")
_LOOP = """(func (export "{name}") (param $p i32) (param $n i32) (result i32)
  (local $fixed i32) (local $total i32) (local $wide i64) (local $v v128)
  (local $i32 i32) (local $i64 i64) (local $f32 f32) (local $f64 f64) (local $sum v128)
  (local.set $v (v128.load (i32.const 0))) (local.set $fixed (i32.const 32))
  (local.set $i32 (i32.load (i32.const 0))) (local.set $i64 (i64.load (i32.const 0)))
  (local.set $f32 (f32.load (i32.const 0))) (local.set $f64 (f64.load (i32.const 0)))
  (loop $next
    {fixed} {stepping} {total}
    (local.set $p (i32.add (local.get $p) (i32.const 16)))
    (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  (v128.store (i32.const 48) (local.get $sum))
  (i32.xor (local.get $total) (i32.wrap_i64 (local.get $wide))))"""
_SUMS = {"i32": ("total", "i32"), "i64": ("wide", "i64"), "v128": ("sum", "i32x4")}


def _uniform_loop(name: str, op: str, use: str) -> str:
    """A loop with an operation on what it does not change."""
    instruction = BY_NAME[op]
    assert instruction.params is not None and instruction.results is not None
    result = str(instruction.results[0])
    operands = [f"(local.get ${'v' if type is wasmz.ValType.V128 else type})" for type in instruction.params]
    if any(part in op for part in (".shl", ".shr", ".rot", ".div_", ".rem_")) and op[0] == "i":
        operands[1] = f"({'i64' if op[:4] == 'i64.' else 'i32'}.const 3)"
    lane = " ".join(map(str, range(3, 19))) if op == "i8x16.shuffle" else "1" if "_lane" in op else ""
    value = f"({op} {lane} {' '.join(operands)})"
    filled = {"name": name, "fixed": "", "stepping": "", "total": ""}
    if use in ("fixed", "stepping"):
        filled[use] = f"({result}.store (local.get ${'p' if use == 'stepping' else 'fixed'}) {value})"
    elif result in _SUMS:
        local, type = _SUMS[result]
        combine = "v128.xor" if (type, use) == ("i32x4", "xor") else f"{type}.{use}"
        filled["total"] = f"(local.set ${local} ({combine} (local.get ${local}) {value}))"
        filled["stepping"] = "(i32.store (local.get $p) (local.get $n))"
    else:
        combine = "min" if use == "xor" else use
        filled["stepping"] = f"({result}.store (local.get $p) ({result}.{combine} {value} {value}))"
    return _LOOP.format(**filled)


_PARTS = {"perm": "v128", "zero": "i64", "wide": "i64"}


def _operand(names: dict[str, Any], type: str) -> Any:
    if type == "v128":
        return names["empty"]((4, 16), "u1")
    operand = names["empty"](4, {"i32": "u4", "i64": "u8", "f32": "f4", "f64": "f8"}[type])
    operand[:] = 1
    return operand


def test_texts_do_not_depend_on_anything_else() -> None:
    assert _texts("larger") == _texts("larger")
    assert array_text.LONGEST_PIECE == arrays.LONGEST_PIECE


def test_dis_says_what_became_of_loops(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from wasmz.cli import main

    path = tmp_path / "arrays.wasm"
    path.write_bytes(_BINARY)
    with pytest.raises(SystemExit):
        main(["dis", str(path), "axpy"])
    assert "on arrays, from" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("distance", "step", "pairs", "lag"),
    [
        (0, 8, ((-8, 8, 8, 1),), 1),
        (0, 8, ((-80, 8, 8, 1),), 10),
        (0, 8, ((8, 8, 8, 1),), arrays.NEVER),
        (0, -8, ((80, 8, 8, 1),), 10),
        (-4, 8, ((0, 8, 8, 0),), 0),
        (-76, 8, ((0, 8, 8, 1),), 9),
        (0, 16, ((-8, 8, 8, 1),), arrays.NEVER),
        (0, 0, ((4, 8, 8, 1),), 1),
        (0, 0, ((8, 8, 8, 1),), arrays.NEVER),
    ],
)
def test_smallest_lag(distance: int, step: int, pairs: tuple[tuple[int, int, int, int], ...], lag: int) -> None:
    assert arrays.smallest_lag(distance, step, pairs) == lag
    for apart, width, earlier, first in pairs:
        meeting = [m for m in range(first, 200) if -width < apart + distance + step * m < earlier]
        assert (meeting[0] if meeting else arrays.NEVER) == lag
