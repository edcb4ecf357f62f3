"""Deep expressions of integer instructions, on variables as often as on constants: to test algebraic rules.

generate_integers(random.Random(7).randbytes(100))      -> "(module (func (export "f0") (param i32 i32 i64 i64) ..."

It finds rules that forget to test whether an operand is a constant: ``(x & y) >> 3``, of two variables, is as likely as
``(x & 255) >> 3``. Shift counts are often in range, and operands are often the same value.
"""

from __future__ import annotations

import random

_FUNCTIONS = 24
_PARAMETERS = {"i32": (0, 1), "i64": (2, 3)}
_BITS = {"i32": 32, "i64": 64}

_ANY = "add sub mul and or xor and or".split()
_SHIFTS = "shl shr_u shr_s shr_u rotl rotr".split()
_DIVISIONS = "div_u rem_u div_s rem_s".split()
_KINDS = "binary shift division compare unary select convert".split()
_WEIGHTS = (8, 6, 1, 2, 1, 1, 1)
_COMPARISONS = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u".split()
_UNARY = "clz ctz popcnt extend8_s extend16_s".split()
_LOADS = "load load8_u load8_s load16_u load16_s".split()


def generate_integers(data: bytes) -> str:
    """The text of a module of pure functions; equal bytes give equal modules."""
    draw = random.Random(data)
    memory = "".join(f"\\{draw.randrange(256):02x}" for _ in range(72))
    functions = []
    for number in range(_FUNCTIONS):
        type = draw.choice(("i32", "i64"))
        body = _expression(draw, type, draw.choice((1, 2, 3, 3, 4, 5)))
        functions.append(f'  (func (export "f{number}") (param i32 i32 i64 i64) (result {type})\n    {body})')
    lines = "\n".join(functions)
    return f'(module\n  (memory (export "memory") 1)\n  (data (i32.const 0) "{memory}")\n{lines})'


def _expression(draw: random.Random, type: str, depth: int) -> str:
    if depth <= 0 or draw.random() < 0.06:
        return _leaf(draw, type)
    kind = draw.choices(_KINDS, _WEIGHTS)[0]
    if kind == "shift":
        count = draw.choice((1, 3, 4, 7, 8, 15, 16, 24, 31, draw.randrange(64)))
        by = f"({type}.const {count})" if draw.random() < 0.8 else _expression(draw, type, depth - 1)
        return f"({type}.{draw.choice(_SHIFTS)} {_expression(draw, type, depth - 1)} {by})"
    if kind == "division":
        divisor = f"({type}.or {_expression(draw, type, depth - 1)} ({type}.const 1))"
        return f"({type}.{draw.choice(_DIVISIONS)} {_expression(draw, type, depth - 1)} {divisor})"
    if kind == "compare":
        compared = draw.choice(("i32", "i64"))
        name = f"{compared}.{draw.choice(_COMPARISONS)}"
        truth = f"({name} {_expression(draw, compared, depth - 1)} {_operand(draw, compared, depth)})"
        return truth if type == "i32" else f"(i64.extend_i32_u {truth})"
    if kind == "unary":
        name = draw.choice([*_UNARY, "extend32_s"] if type == "i64" else _UNARY)
        return f"({type}.{name} {_expression(draw, type, depth - 1)})"
    if kind == "select":
        chosen = " ".join(_expression(draw, type, depth - 1) for _ in range(2))
        return f"(select {chosen} {_expression(draw, 'i32', depth - 1)})"
    if kind == "convert":
        name = "i32.wrap_i64" if type == "i32" else f"i64.extend_i32_{draw.choice('su')}"
        return f"({name} {_expression(draw, 'i64' if type == 'i32' else 'i32', depth - 1)})"
    one, other = _expression(draw, type, depth - 1), _operand(draw, type, depth)
    if draw.random() < 0.1:
        other = one
    if draw.random() < 0.2:
        one, other = other, one
    return f"({type}.{draw.choice(_ANY)} {one} {other})"


def _operand(draw: random.Random, type: str, depth: int) -> str:
    return _constant(draw, type) if draw.random() < 0.35 else _expression(draw, type, depth - 1)


def _leaf(draw: random.Random, type: str) -> str:
    kind = draw.random()
    if kind < 0.75:
        return f"(local.get {draw.choice(_PARAMETERS[type])})"
    if kind < 0.85:
        return f"({type}.{draw.choice(_LOADS)} (i32.const {draw.randrange(64)}))"
    return _constant(draw, type)


def _constant(draw: random.Random, type: str) -> str:
    bits = _BITS[type]
    number = draw.choice((
        draw.randrange(17), 1 << draw.randrange(bits), (1 << draw.randrange(bits)) - 1, -(1 << draw.randrange(bits)),
        draw.choice((255, 65_535, 0x7FFF_FFFF, 0xFFFF_FFFF)), draw.getrandbits(bits),
    ))  # fmt: skip
    return f"({type}.const {number & (1 << bits) - 1})"
