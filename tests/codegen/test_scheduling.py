"""Operand-stack scheduling: what stays on CPython's stack, what must not, and code at the limits of its encodings."""

from __future__ import annotations

import dis
import random
from types import CodeType

import pytest

import wasmz
from wasmz.config import OPT_LEVELS

wasmtime = pytest.importorskip("wasmtime")

levels = pytest.mark.parametrize("level", OPT_LEVELS)


def load(text: str, level: int) -> wasmz.Instance:
    engine = wasmz.Engine(wasmz.Config(opt_level=level, compile_mode="eager", verify=True, use_cache=False))
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, wasmtime.wat2wasm(text)))


def code_of(instance: wasmz.Instance, index: int = 0) -> CodeType:
    """The code object of a function that is no import."""
    code = instance.module.image.functions[index].code
    assert isinstance(code, CodeType)
    return code


def opnames(code: CodeType) -> list[str]:
    return [instruction.opname for instruction in dis.get_instructions(code)]


def as_i32(number: int) -> int:
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


# What stays on the stack


@levels
@pytest.mark.parametrize(
    "code",
    [
        "(i32.sub (i32.load offset=4 (local.get 0)) (local.get 1))",
        "(i32.sub (local.get 1) (i32.load offset=4 (local.get 0)))",
        "(i32.add (i32.mul (local.get 0) (local.get 1)) (i32.xor (local.get 1) (local.get 0)))",
        "(call $f (i32.load8_u (local.get 0)) (i32.load (i32.add (local.get 1) (i32.const 8))))",
        "(call_indirect (type $t) (local.get 1) (local.get 0) (i32.and (local.get 0) (i32.const 1)))",
        "(i32.load (i32.load (i32.load (local.get 0))))",
    ],
)
def test_values_used_once_are_not_stored(code: str, level: int) -> None:
    instance = load(
        f"(module (memory 1) (table 2 funcref) (type $t (func (param i32 i32) (result i32)))"
        f"(func $f (type $t) {code}))",
        level,
    )
    assert not [name for name in opnames(code_of(instance)) if "STORE" in name]


@levels
def test_stored_value_needs_no_fast_local(level: int) -> None:
    instance = load(
        "(module (memory 1) (func (param i32 i32) "
        "(i32.store offset=8 (local.get 0) (i32.xor (local.get 1) (i32.const 5)))))",
        level,
    )
    names = opnames(code_of(instance))
    assert "STORE_FAST" not in names and names.count("STORE_SUBSCR") == 1


@levels
def test_expression_from_the_documentation(level: int) -> None:
    """`local.get 0; i32.load offset=4; local.get 1; i32.sub` loads, subtracts and returns, and it is right."""
    instance = load(
        '(module (memory (export "m") 1) (data (i32.const 104) "\\2c\\01\\00\\00") (func (export "f") (param i32 i32) '
        "(result i32) local.get 0 i32.load offset=4 local.get 1 i32.sub))",
        level,
    )
    assert instance.exports.f(100, 258) == 42
    assert instance.exports.f(100, 301) == -1
    assert not [name for name in opnames(code_of(instance)) if "STORE" in name]


# Order of evaluation


@levels
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # A read that waits for its use keeps the value from before the write.
        ("local.get 0 (local.set 0 (i32.const 100)) local.get 0 i32.sub", 7 - 100),
        ("local.get 0 local.get 0 (local.set 0 (i32.const 100)) i32.add local.get 0 i32.sub", 14 - 100),
        ("local.get 0 local.get 1 (local.set 0 (local.get 1)) (local.set 1 (i32.const 1)) i32.sub", 7 - 9),
        ("(i32.sub (local.get 0) (local.tee 0 (i32.const 50)))", 7 - 50),
        ("(i32.sub (local.tee 0 (i32.const 50)) (local.get 0))", 0),
        ("local.get 0 (loop (local.set 0 (i32.add (local.get 0) (i32.const 1)))) local.get 0 i32.sub", -1),
        ("local.get 0 (if (local.get 1) (then (local.set 0 (i32.const 1)))) local.get 0 i32.mul", 7),
        ("local.get 1 local.get 0 local.set 1 local.set 0 (i32.sub (local.get 0) (local.get 1))", 2),
        # So do a load, a global and the size of the memory.
        ("(i32.load (i32.const 0)) (i32.store (i32.const 0) (i32.const 9)) (i32.load (i32.const 0)) i32.sub", 5 - 9),
        ("(global.get $g) (global.set $g (i32.const 8)) (global.get $g) i32.sub", 3 - 8),
        ("(global.get $g) (call $change) (global.get $g) i32.sub", 3 - 1000),
        ("(i32.load (i32.const 0)) (drop (call $change_memory)) i32.load8_u", 0),
        ("memory.size (memory.grow (i32.const 1)) i32.mul memory.size i32.add", 3),
        ("(i32.sub (call $count) (call $count))", -1),
        ("(i32.sub (i32.mul (call $count) (i32.const 10)) (i32.mul (call $count) (call $count)))", 10 - 6),
        ("(select (call $count) (call $count) (call $count))", 1),
        ("(select (local.get 0) (local.tee 0 (i32.const 4)) (i32.eqz (local.tee 0 (i32.const 5))))", 4),
    ],
)
def test_order(code: str, expected: int, level: int) -> None:
    instance = load(
        '(module (memory 1 9) (data (i32.const 0) "\\05") (global $g (mut i32) (i32.const 3))'
        "(global $n (mut i32) (i32.const 0))"
        "(func $change (global.set $g (i32.const 1000)))"
        "(func $change_memory (result i32) (i32.store (i32.const 4) (i32.const -1)) (i32.const 1))"
        "(func $count (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))"
        f'(func (export "f") (param i32 i32) (result i32) {code}))',
        level,
    )
    expected = 0xFF if "change_memory" in code else expected
    assert instance.exports.f(7, 9) == expected


@levels
def test_traps_come_in_order(level: int) -> None:
    """Of two operands that trap, the first one does; what was stored before stays stored."""
    instance = load(
        """(module (memory (export "m") 1)
        (func (export "f") (param i32) (result i32)
          (i32.add (i32.div_u (i32.const 1) (local.get 0)) (i32.load (i32.const -1))))
        (func (export "g") (param i32) (result i32)
          (i32.add (i32.load (i32.const -1)) (i32.div_u (i32.const 1) (local.get 0))))
        (func (export "h") (param i32)
          (i32.store (i32.const 0) (i32.const 77))
          (i32.store (i32.const 65533) (i32.const -1)))
        (func (export "dead") (param i32) (drop (i32.div_u (i32.const 1) (local.get 0))))
        (func (export "dead_load") (drop (i32.load (i32.const 65533)))))""",
        level,
    )
    for name, code in (("f", "INTEGER_DIVISION_BY_ZERO"), ("g", "MEMORY_OUT_OF_BOUNDS"), ("h", "MEMORY_OUT_OF_BOUNDS"),
                       ("dead", "INTEGER_DIVISION_BY_ZERO"), ("dead_load", "MEMORY_OUT_OF_BOUNDS")):  # fmt: skip
        with pytest.raises(wasmz.Trap) as caught:
            instance.call(name, *((0,) if name != "dead_load" else ()))
        assert caught.value.code.name == code, name
    assert instance.exports.m.read(0, 4) == (77).to_bytes(4, "little")
    # A store that is partly out of bounds writes nothing.
    assert instance.exports.m.read(65_533, 3) == bytes(3)


# Large and odd shapes


def random_tree(generator: random.Random, depth: int, arguments: tuple[int, ...]) -> tuple[str, int]:
    """An expression of additions, subtractions and products, and its value."""
    if depth == 0 or generator.random() < 0.1:
        if generator.random() < 0.5:
            place = generator.randrange(len(arguments))
            return f"(local.get {place})", arguments[place]
        number = generator.randrange(-1000, 1000)
        return f"(i32.const {number})", number
    (left, x), (right, y) = (random_tree(generator, depth - 1, arguments) for _ in range(2))
    name, value = generator.choice((("add", x + y), ("sub", x - y), ("mul", as_i32(x) * as_i32(y))))
    return f"(i32.{name} {left} {right})", value


@levels
@pytest.mark.parametrize("seed", range(5))
def test_deep_balanced_trees(seed: int, level: int) -> None:
    arguments = (12345, -678, 2**31 - 1)
    text, expected = random_tree(random.Random(seed), 9, arguments)
    instance = load(f'(module (func (export "f") (param i32 i32 i32) (result i32) {text}))', level)
    assert instance.exports.f(*arguments) == as_i32(expected)


@levels
@pytest.mark.parametrize("depth", [10, 300, 2000])
def test_long_chains(depth: int, level: int) -> None:
    """Operands nested to the left, and to the right, where all of them lie on the stack at once."""
    left = "(local.get 0)" + "(local.get 0) (i32.sub)" * depth
    right = "(local.get 0)" * (depth + 1) + "(i32.sub)" * depth
    instance = load(
        f'(module (func (export "left") (param i32) (result i32) {left.replace("(i32.sub)", "i32.sub")})'
        f'(func (export "right") (param i32) (result i32) {right.replace("(i32.sub)", "i32.sub ")}))',
        level,
    )
    assert instance.exports.left(3) == 3 - 3 * depth
    # 3 - (3 - (3 - ...)): depth is even.
    assert instance.exports.right(3) == 3


@levels
def test_values_live_across_branches(level: int) -> None:
    instance = load(
        """(module
        (func (export "f") (param $x i32) (param $y i32) (result i32)
          (i32.add
            (i32.mul (local.get $x) (i32.const 1000))
            (i32.sub
              (i32.add (local.get $y) (i32.const 1))
              (if (result i32) (i32.gt_s (local.get $x) (local.get $y))
                (then (local.set $y (i32.const 0)) (block $out (result i32)
                  (drop (br_if $out (i32.const 5) (i32.eq (local.get $x) (i32.const 3)))) (i32.const 6)))
                (else (i32.const 7))))))
        (func (export "loop") (param $n i32) (result i32) (local $sum i32)
          (i32.add (i32.mul (local.get $n) (i32.const 1000000))
            (loop $again (result i32)
              (local.set $sum (i32.add (local.get $sum) (local.get $n)))
              (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
              (local.get $sum))))
        (func (export "swap") (param i32 i32 i32) (result i32 i32 i32) (local i32)
          (local.get 0) (local.get 1) (local.get 2)
          (loop $again (param i32 i32 i32) (result i32 i32 i32)
            (local.set 0) (local.set 1) (local.set 2)
            (local.get 0) (local.get 2) (local.get 1)
            (i32.eqz (local.get 3)) (local.set 3 (i32.const 1))
            (br_if $again))))""",
        level,
    )
    for x, y in ((3, 1), (4, 1), (1, 4), (-5, -5)):
        chosen = (5 if x == 3 else 6) if x > y else 7
        assert instance.exports.f(x, y) == x * 1000 + y + 1 - chosen
    assert instance.exports.loop(4) == 4_000_000 + 10
    # (a, b, c) -> (c, a, b), twice.
    assert instance.exports.swap(1, 2, 3) == (2, 3, 1)


@levels
def test_many_locals(level: int) -> None:
    """Fast locals beyond the 256th need EXTENDED_ARG."""
    count = 700
    sets = "".join(f"(local.set {i} (i32.add (local.get {i - 1}) (i32.const {i * 3 % 1000})))" for i in range(1, count))
    total = "(local.get 0)" + "".join(f"(local.get {i}) i32.xor " for i in range(1, count))
    instance = load(
        f'(module (func (export "f") (param i32) (result i32) (local {"i32 " * (count - 1)}) {sets} {total}))', level
    )
    for argument in (0, 5, -123456):
        values = [argument]
        for i in range(1, count):
            values.append(as_i32(values[-1] + i * 3 % 1000))
        expected = 0
        for value in values:
            expected ^= value
        assert instance.exports.f(argument) == expected
    assert code_of(instance).co_nlocals >= 256


@levels
def test_many_unset_locals_are_zero(level: int) -> None:
    types = [("i32", "i64", "f32", "f64")[i % 4] for i in range(400)]
    picks = {0: 0, 1: 0, 2: 0.0, 3: 0.0, 399: 0.0, 256: 0, 257: 0}
    functions = "".join(
        f'(func (export "l{i}") (result {types[i]}) (local {" ".join(types)}) (local.get {i}))' for i in picks
    )
    instance = load(f"(module {functions})", level)
    for i, zero in picks.items():
        found = instance.call(f"l{i}")
        assert found == zero and type(found) is type(zero)


@levels
def test_many_constants_and_callees(level: int) -> None:
    count = 600
    constants = [1_000_003 * i + 7 for i in range(count)]
    sums = "(i64.const 0)" + "".join(
        f"(i64.const {number}) (call $f{i}) i64.add " for i, number in enumerate(constants)
    )
    callees = "".join(
        f"(func $f{i} (param i64) (result i64) (i64.xor (local.get 0) (i64.const {i})))" for i in range(count)
    )
    instance = load(f'(module {callees} (func (export "f") (result i64) {sums}))', level)
    assert instance.exports.f() == sum(number ^ i for i, number in enumerate(constants))


@levels
@pytest.mark.parametrize("count", [1, 255, 256, 300])
def test_many_parameters(count: int, level: int) -> None:
    terms = "(i32.const 0)" + "".join(f"(i32.mul (local.get {i}) (i32.const {i + 1})) i32.add " for i in range(count))
    arguments = " ".join(f"(i32.sub (local.get {i}) (i32.const 1))" for i in range(count))
    instance = load(
        f'(module (func $f (export "f") (param {"i32 " * count}) (result i32) {terms})'
        f'(func (export "g") (param {"i32 " * count}) (result i32) (call $f {arguments})))',
        level,
    )
    given = [3 * i % 17 for i in range(count)]
    assert instance.exports.f(*given) == sum((i + 1) * value for i, value in enumerate(given))
    assert instance.exports.g(*given) == sum((i + 1) * (value - 1) for i, value in enumerate(given))


@levels
def test_long_jumps(level: int) -> None:
    """Bodies so long that forward and backward jumps need wide arguments."""
    long = "(local.set 1 (i32.xor (i32.mul (local.get 1) (i32.const 31)) (local.get 0)))" * 6000
    instance = load(
        f"""(module (func (export "f") (param i32 i32) (result i32)
          (loop $again
            (if (i32.and (local.get 0) (i32.const 1)) (then {long}) (else (local.set 1 (i32.const 1))))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get 1)))""",
        level,
    )

    def expected(count: int, value: int) -> int:
        while count:
            if count & 1:
                for _ in range(6000):
                    value = value * 31 % (1 << 32) ^ count
            else:
                value = 1
            count -= 1
        return as_i32(value)

    assert instance.exports.f(1, 7) == expected(1, 7)
    assert instance.exports.f(3, 7) == expected(3, 7)


# Branch tables


def table_case(size: int, blocks: int, seed: int) -> tuple[list[int], str]:
    """Labels of a table with duplicates, and a function that returns which block the index leads out of."""
    generator = random.Random(seed)
    labels = [generator.randrange(blocks) for _ in range(size + 1)]
    text = f"(br_table {' '.join(map(str, labels))} (local.get 0))"
    for block in range(blocks):
        text = f"(block {text}) (return (i32.const {block + 100}))"
    return labels, text + " (i32.const -1)"


@levels
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 200, 1000])
@pytest.mark.parametrize("blocks", [1, 2, 3, 5, 16, 17, 40])
def test_branch_tables(size: int, blocks: int, level: int) -> None:
    labels, body = table_case(size, blocks, seed=size * 100 + blocks)
    instance = load(f'(module (func (export "f") (param i32) (result i32) {body}))', level)
    f = instance.exports.f
    for index in {*range(min(size, 40)), *range(max(size - 20, 0), size)}:
        assert f(index) == labels[index] + 100
    for index in (size, size + 1, size + 255, 1 << 16, (1 << 31) - 1, -1, -(1 << 31)):
        assert f(index) == labels[size] + 100


@levels
def test_branch_table_to_a_thousand_blocks(level: int) -> None:
    count = 1000
    text = f"(br_table {' '.join(map(str, range(count)))} {count - 1} (local.get 0))"
    for block in range(count):
        text = f"(block {text}) (return (i32.const {block * 7}))"
    instance = load(f'(module (func (export "f") (param i32) (result i32) {text} (i32.const -1)))', level)
    for index in (*range(0, count, 13), count - 1):
        assert instance.exports.f(index) == index * 7
    assert instance.exports.f(count + 5) == (count - 1) * 7


@levels
@pytest.mark.parametrize("size", [0, 1, 3, 4, 17])
def test_branch_tables_with_values(size: int, level: int) -> None:
    """Values carried by the branch, to blocks, to a loop and out of the function."""
    labels = [i % 4 for i in range(size + 1)]
    instance = load(
        f"""(module (func (export "f") (param i32) (result i32) (local $again i32)
          (block $b (result i32)
            (block $c (result i32)
              (i32.const 5)
              (loop $l (param i32) (result i32)
                (local.set 1)
                (if (i32.eq (local.get 1) (i32.const 77)) (then (return (i32.const 9999))))
                (i32.mul (i32.const 7) (i32.const 11))
                (br_table {" ".join(map(str, labels))} (local.get 0)))
              (i32.add (i32.const 1)))
            (i32.add (i32.const 1000)))
          (i32.add (i32.const 20000))))""",
        level,
    )
    # 0: the loop, whose parameter then is 77; 1: $c, 2: $b, 3: the function.
    outcomes = {0: 9999, 1: 77 + 1000 + 20_000, 2: 77 + 20_000, 3: 77}
    for index in range(size + 3):
        assert instance.exports.f(index) == outcomes[labels[min(index, size)]]


@levels
def test_computed_index_is_evaluated_once(level: int) -> None:
    for size in (0, 1, 3, 6):
        labels = " ".join(str(i % 2) for i in range(size + 1))
        instance = load(
            f"""(module (global $n (export "n") (mut i32) (i32.const 0))
            (func $count (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (i32.const 1))
            (func (export "f") (result i32)
              (block (block (br_table {labels} (call $count))) (return (i32.const 10))) (i32.const 20)))""",
            level,
        )
        expected = 10 if size == 0 else 20
        assert instance.exports.f() == expected
        assert instance.exports.n.value == 1


# Line numbers


@levels
def test_backtrace_names_the_instructions(level: int) -> None:
    """Each frame's offset is that of the instruction that was running, found here by its bytes."""
    binary = bytes(
        wasmtime.wat2wasm(
            """(module (memory 1) (type $t (func (param i32) (result i32))) (table funcref (elem $load $indirect))
            (func $load (type $t) (drop (i32.load offset=1 (i32.const 0))) (i32.load offset=777 (local.get 0)))
            (func $indirect (type $t)
              (drop (i32.const 1))
              (i32.add (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)) (i32.const 3)))
            (func $divide (param i64) (result i64) (i64.div_u (i64.const 999) (local.get 0)))
            (func (export "outer") (param i32) (result i32)
              (drop (call $divide (i64.const 3)))
              (drop (call $divide (i64.extend_i32_u (local.get 0))))
              (i32.xor (i32.const 5) (call $indirect (local.get 0)))))"""
        )
    )
    # The caller of an inlined function is shown with the start of its body, not with the call.
    config = wasmz.Config(
        compile_mode="eager",
        opt_level=level,
        verify=True,
        use_cache=False,
        disable_passes=("inline",) if level == 2 else (),
    )
    engine = wasmz.Engine(config)
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, binary))

    def only(pattern: bytes) -> int:
        assert binary.count(pattern) == 1, pattern
        return binary.index(pattern)

    load_at = only(b"\x28\x02\x89\x06")
    indirect_at = only(b"\x11\x00\x00")
    divide_at = only(b"\x80\x0b")
    second_divide_at = only(b"\xad\x10\x02") + 1
    call_at = only(b"\x20\x00\x10\x01") + 2

    with pytest.raises(wasmz.Trap, match="out of bounds memory") as caught:
        instance.exports.outer(65_000)
    frames = [(frame.function_index, frame.byte_offset) for frame in caught.value.frames]
    assert frames == [(0, load_at), (1, indirect_at), (3, call_at)]
    with pytest.raises(wasmz.Trap, match="divide by zero") as caught:
        instance.exports.outer(0)
    frames = [(frame.function_index, frame.byte_offset) for frame in caught.value.frames]
    assert frames == [(2, divide_at), (3, second_divide_at)]


@levels
def test_line_tables_stay_inside_the_function(level: int) -> None:
    """Every line number of a code object is an offset in the body of its function."""
    text = """(module (memory 1)
      (func (param i32) (result i32)
        (if (local.get 0) (then (i32.store (local.get 0) (i32.const 7)))) (i32.load (i32.const 1)))
      (func (param f32 f32) (result f32) (f32.div (f32.min (local.get 0) (local.get 1)) (f32.sqrt (local.get 1))))
      (func (param i32) (loop (br_if 0 (i32.load8_u (local.get 0)))) unreachable))"""
    instance = load(text, level)
    image = instance.module.image
    ends = (*image.body_offsets[1:], len(wasmtime.wat2wasm(text)))
    for function, start, end in zip(image.functions, image.body_offsets, ends, strict=True):
        lines = {line for _, _, line in function.code.co_lines() if line is not None}
        assert lines and all(start <= line < end for line in lines)
