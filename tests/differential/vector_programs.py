"""Random programs of vectors: expressions over locals, a global, memory, calls of helpers, loops.

generate_vectors(data) -> "(module ...)"; every function takes an i32, an i64, a f32 and a f64 and gives an i64

wasmtime's Python package cannot pass vectors, so that results are folded into an i64; memory is compared besides. Lanes
that are NaN become zero at once: their bits may differ between machines.
"""

from __future__ import annotations

import re

from tests.differential.choices import Choices
from wasmz.wasm.instructions import BY_NAME, Instruction
from wasmz.wasm.proposals import Proposal

FUNCTIONS = 5
_VECTORS = 5
_STATEMENTS = 9
_DEPTH = 3
_COUNTS = {"i8x16": 16, "i16x8": 8, "i32x4": 4, "i64x2": 2, "f32x4": 4, "f64x2": 2}

# Left out is what wasmtime computes in another way than wasmz (docs/simd.md).
_ROWS = [
    row
    for row in BY_NAME.values()
    if row.proposal in (Proposal.SIMD, Proposal.RELAXED_SIMD) and not re.search("madd|relaxed_dot", row.name)
]
_MAKING = [row for row in _ROWS if row.results and str(row.results[0]) == "v128" and row.name != "v128.const"]
_GIVING = {
    type: [row for row in _ROWS if row.results and str(row.results[0]) == type] for type in ("i32", "i64", "f32", "f64")
}
_STORES = [row for row in _ROWS if not row.results]


def generate_vectors(data: bytes) -> str:
    """The text of a module."""
    choices = Choices(data)
    lines = [
        '(module (memory (export "memory") 1 2) (global $g (mut v128) (v128.const i32x4 1 2 3 4))',
        "(table 2 funcref) (elem (i32.const 0) $h0 $h1)",
        "(func $h0 (param v128 i32) (result v128) (i32x4.add (local.get 0) (i32x4.splat (local.get 1))))",
        "(func $h1 (param v128 i32) (result v128) (v128.xor (global.get $g) (local.get 0)))",
        "(func $h2 (param v128 v128) (result v128 v128) (local.get 1) (i8x16.sub (local.get 0) (local.get 1)))",
        "(tag $t (param v128 i32))",
        "(func $h3 (param v128 i32) (result v128) (if (i32.and (local.get 1) (i32.const 1)) (then",
        "(throw $t (f32x4.abs (local.get 0)) (local.get 1)))) (i64x2.neg (local.get 0)))",
        *(_function(choices, index) for index in range(FUNCTIONS)),
        ")",
    ]
    return "\n".join(lines)


def _function(choices: Choices, index: int) -> str:
    # Locals: 0 i32, 1 i64, 2 f32, 3 f64, 4 the counter of the loop, then vectors.
    head = (
        f'(func (export "f{index}") (param i32 i64 f32 f64) (result i64) (local i32) (local {"v128 " * (_VECTORS + 1)})'
    )
    start = "(local.set 5 (i64x2.splat (local.get 1))) (local.set 6 (f32x4.splat (local.get 2)))"
    body = [_statement(choices) for _ in range(_STATEMENTS)]
    first = choices.below(len(body))
    if choices.chance(60):
        rounds = 1 + choices.below(6)
        body[first] = (
            f"(local.set 4 (i32.const 0)) (loop {body[first]} {_statement(choices)} "
            "(local.set 4 (i32.add (local.get 4) (i32.const 1))) "
            f"(br_if 0 (i32.lt_u (local.get 4) (i32.const {rounds}))))"
        )
    folded = "(i64.const 0)"
    for place in range(5, 5 + _VECTORS):
        for lane in (0, 1):
            folded = f"(i64.xor (i64.rotl {folded} (i64.const 7)) (i64x2.extract_lane {lane} (local.get {place})))"
    return " ".join((head, start, *body, folded, ")"))


def _statement(choices: Choices) -> str:
    kind = choices.below(10)
    if kind < 6:
        return f"(local.set {5 + choices.below(_VECTORS)} {_vector(choices, _DEPTH)})"
    if kind < 8:
        row = choices.pick(_STORES)
        return f"({row.name} {_memory_argument(choices, row)} {_address(choices)} {_vector(choices, 1)})"
    if kind < 9:
        return f"(global.set $g {_vector(choices, 2)})"
    places = 5 + choices.below(_VECTORS), 5 + choices.below(_VECTORS)
    return (
        f"(local.set {places[0]} (local.set {places[1]} (call $h2 {_vector(choices, 1)} {_vector(choices, 1)})))"
        if places[0] != places[1]
        else f"(if {_number(choices, 'i32', 1)} (then {_statement(choices)}) (else {_statement(choices)}))"
    )


def _vector(choices: Choices, depth: int) -> str:
    if depth <= 0 or choices.chance(20):
        if choices.chance(25):
            return f"(v128.const i32x4 {' '.join(str(choices.bits(32)) for _ in range(4))})"
        return "(global.get $g)" if choices.chance(10) else f"(local.get {5 + choices.below(_VECTORS)})"
    kind = choices.below(12)
    if kind == 0:
        return (
            f"(select {_vector(choices, depth - 1)} {_vector(choices, depth - 1)} {_number(choices, 'i32', depth - 1)})"
        )
    if kind == 1:
        return f"(call $h{choices.below(2)} {_vector(choices, depth - 1)} {_number(choices, 'i32', depth - 1)})"
    if kind == 2:
        arguments = f"{_vector(choices, depth - 1)} {_number(choices, 'i32', 0)}"
        index = f"(i32.and {_number(choices, 'i32', 1)} (i32.const {choices.pick((1, 1, 3))}))"
        return f"(call_indirect (param v128 i32) (result v128) {arguments} {index})"
    if kind == 3:
        return f"(block (result v128) (br_if 0 {_vector(choices, depth - 1)} {_number(choices, 'i32', 1)}))"
    row = choices.pick(_MAKING)
    code = _operation(choices, row, depth)
    shape = row.name.partition(".")[0]
    if shape in ("f32x4", "f64x2"):
        # Where a lane is not equal to itself, it is NaN.
        kept = f"(local.get {5 + _VECTORS})"
        return f"(local.set {5 + _VECTORS} {code}) (v128.and {kept} ({shape}.eq {kept} {kept}))"
    return code


def _operation(choices: Choices, row: Instruction, depth: int) -> str:
    name = row.name
    if row.access is not None:
        rest = f" {_vector(choices, depth - 1)}" if "_lane" in name else ""
        return f"({name} {_memory_argument(choices, row)} {_address(choices)}{rest})"
    written = ""
    if name.endswith("shuffle"):
        written = " ".join(str(choices.below(32)) for _ in range(16))
        if choices.chance(40):
            turned = choices.below(32)
            written = " ".join(str((lane + turned) % 32) for lane in range(16))
    elif "_lane" in name and "select" not in name:
        written = str(choices.below(_COUNTS[name.partition(".")[0]]))
    operands = [
        _vector(choices, depth - 1) if str(param) == "v128" else _number(choices, str(param), depth - 1)
        for param in row.params or ()
    ]
    return f"({name} {written} {' '.join(operands)})"


def _memory_argument(choices: Choices, row: Instruction) -> str:
    offset = choices.pick((0, 0, 1, 8, 100, 65520, 65530, 0xFFFF_FFF0))
    text = f"offset={offset} align=1"
    if "_lane" in row.name and row.access is not None:
        text += f" {choices.below(16 // row.access.width)}"
    return text


def _address(choices: Choices) -> str:
    kind = choices.below(10)
    if kind < 4:
        return f"(i32.mul (local.get 4) (i32.const {choices.pick((1, 4, 16))}))"
    if kind < 6:
        return f"(i32.const {choices.below(200)})"
    if kind < 8:
        return f"(i32.and {_number(choices, 'i32', 1)} (i32.const {choices.pick((0xFF, 0xFFF0))}))"
    if kind < 9:
        return f"(i32.sub (i32.shl (local.get 4) (i32.const 4)) (i32.const {choices.below(40)}))"
    return _number(choices, "i32", 1)


def _number(choices: Choices, type: str, depth: int) -> str:
    place = {"i32": 0, "i64": 1, "f32": 2, "f64": 3}[type]
    if depth <= 0 or choices.chance(40):
        if choices.chance(40):
            return f"({type}.const {choices.below(300)})"
        return f"(local.get {4 if type == 'i32' and choices.chance(40) else place})"
    kind = choices.below(3)
    if kind == 0 and type in ("i32", "i64"):
        name = choices.pick(("add", "sub", "mul", "shl", "shr_s", "xor"))
        return f"({type}.{name} {_number(choices, type, depth - 1)} {_number(choices, type, depth - 1)})"
    if type in ("f32", "f64"):
        # What is read from a vector may be NaN, and only goes where it becomes an int again.
        return f"(local.get {place})"
    return _operation(choices, choices.pick(_GIVING[type]), depth)
