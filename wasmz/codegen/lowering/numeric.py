"""Numeric operations: integers are unsigned, so that wrapping is one mask and addresses are never negative.

i32.add v0 v1         LOAD v0; LOAD v1; BINARY_OP +; LOAD_CONST 0xFFFFFFFF; BINARY_OP &
i32.lt_s v0 v1        both sides ^ 0x80000000, then an unsigned comparison
i32.div_s v0 v1       i32_div_s(v0, v1), of the runtime, as for all operations without a lowering (see `__init__.py`)
"""

from __future__ import annotations

import itertools

from wasmz.codegen.emitted import Jump, Label
from wasmz.codegen.emitter import Emitter, Lowering
from wasmz.codegen.lowering.registry import lowers
from wasmz.codegen.targets.base import IF_FALSE, IF_TRUE
from wasmz.ir import facts
from wasmz.ir.facts import CONSTANTS, INTEGER_BITS, MASKS, NUMBER_TYPES, OPS, SIGNS
from wasmz.ir.nodes import BOOL, Value
from wasmz.runtime import abi

# The largest int that CPython keeps in one digit.
SMALL = 2**30 - 1

OPERATORS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}

# Comparison of the IR -> (operator, whether the operands are signed integers).
COMPARISONS: dict[str, tuple[str, bool]] = {
    name: (OPERATORS[OPS[name].compares], OPS[name].is_signed) for name in facts.COMPARISONS
}


def mask(emitter: Emitter, type: str) -> None:
    """Reduces the top of the stack to the type's bits."""
    emitter.out += (emitter.constant(MASKS[type]), emitter.target.binary("&"))


def sign(emitter: Emitter, type: str) -> None:
    """Converts the unsigned integer on top of the stack to a signed one."""
    constant = emitter.constant(SIGNS[type])
    emitter.out += (constant, emitter.target.binary("^"), constant, emitter.target.binary("-"))


def bool_to_int(emitter: Emitter) -> None:
    """Converts the bool on top of the stack to 0 or 1."""
    zero, end = Label(), Label()
    emitter.out += (Jump(zero, IF_FALSE), emitter.constant(1), Jump(end), zero, emitter.constant(0), end)


def define_condition(emitter: Emitter, value: Value, start: int) -> None:
    """Defines a comparison's result from the bool on top of the stack."""
    if value.type is not BOOL:
        bool_to_int(emitter)
    emitter.define(value, start)


def tests_sign(value: Value) -> str | None:
    """The unsigned comparison with 2^(n-1) that is equivalent to a signed comparison, if that only tests the sign."""
    operator, signed = COMPARISONS[value.op]
    second = value.args[1]
    if signed and second.op in CONSTANTS:
        if not second.imm and operator in ("<", ">="):
            return ">=" if operator == "<" else "<"
        if second.imm == OPS[value.op].mask and operator in (">", "<="):
            return "<" if operator == ">" else ">="
    return None


def push_comparison(emitter: Emitter, value: Value) -> int:
    """Emits a comparison up to the bool; returns where its code begins."""
    operator, signed = COMPARISONS[value.op]
    target = emitter.target
    sign_test = tests_sign(value)
    if sign_test is not None:
        start = emitter.push(value.args[:1])
        emitter.out.append(emitter.constant(OPS[value.op].sign))
        operator = sign_test
    elif not signed:
        start = emitter.push(value.args)
    else:
        type = OPS[value.op].type
        flip = SIGNS[type]
        bounds = emitter.push_apart(value.args)
        start = bounds[0]
        # Flipping the sign bits turns the signed order into the unsigned one.
        pieces = (emitter.constant(flip), target.binary("^"))
        for arg, end in zip(reversed(value.args), (len(emitter.out), bounds[1]), strict=True):
            if arg.op in CONSTANTS:
                emitter.out[end - 1] = emitter.constant(arg.imm ^ flip)
            else:
                emitter.out[end:end] = pieces
    emitter.out.append(target.compare(operator))
    return start


@lowers(*COMPARISONS)
def _comparison(emitter: Emitter, value: Value) -> None:
    define_condition(emitter, value, push_comparison(emitter, value))


@lowers("i32.eqz", "i64.eqz")
def _eqz(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out += (emitter.constant(0), emitter.target.compare("=="))
    define_condition(emitter, value, start)


def _wrapping(operator: str) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        type = OPS[value.op].type
        target = emitter.target
        first, second = value.args
        if operator == "+" and second.op in CONSTANTS and second.imm >= SIGNS[type]:
            # Adds a small negative number by subtraction, so that operands stay small ints, CPython's fastest.
            start = emitter.push((first,))
            emitter.out += (emitter.constant(MASKS[type] + 1 - second.imm), target.binary("-"))
        elif operator == "-" and first.op in CONSTANTS and not first.imm:
            start = emitter.push((second,))
            emitter.out.append(target.negate)
        else:
            start = emitter.push(value.args)
            emitter.out.append(target.binary(operator))
        mask(emitter, type)
        emitter.define(value, start)

    return lowering


def _plain(operator: str) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        start = emitter.push(value.args)
        emitter.out.append(emitter.target.binary(operator))
        emitter.define(value, start)

    return lowering


for _type in INTEGER_BITS:
    for _name, _operator in (("add", "+"), ("sub", "-"), ("mul", "*")):
        lowers(f"{_type}.{_name}")(_wrapping(_operator))
    for _name, _operator in (("and", "&"), ("or", "|"), ("xor", "^")):
        lowers(f"{_type}.{_name}")(_plain(_operator))


@lowers("i64.mul_high_u")
def _high_half(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    target = emitter.target
    emitter.out += (target.binary("*"), emitter.constant(64), target.binary(">>"))
    emitter.define(value, start)


@lowers("i32.div_u", "i64.div_u", "i32.rem_u", "i64.rem_u")
def _unsigned_division(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.mark(value.offset)
    emitter.out.append(emitter.target.binary("//" if OPS[value.op].kind == "div_u" else "%"))
    emitter.define(value, start)


def _push_shift_count(emitter: Emitter, value: Value) -> int:
    """Pushes the operands of a shift, with the count reduced to the width."""
    count = value.args[1]
    if count.op in CONSTANTS:
        start = emitter.push(value.args[:1])
        emitter.out.append(emitter.constant(count.imm % OPS[value.op].bits))
        return start
    start = emitter.push(value.args)
    emitter.out += (emitter.constant(OPS[value.op].bits - 1), emitter.target.binary("&"))
    return start


@lowers("i32.shl", "i64.shl")
def _shl(emitter: Emitter, value: Value) -> None:
    start = _push_shift_count(emitter, value)
    emitter.out.append(emitter.target.binary("<<"))
    mask(emitter, OPS[value.op].type)
    emitter.define(value, start)


@lowers("i32.shr_u", "i64.shr_u")
def _shr_u(emitter: Emitter, value: Value) -> None:
    start = _push_shift_count(emitter, value)
    emitter.out.append(emitter.target.binary(">>"))
    emitter.define(value, start)


@lowers("i32.shr_s", "i64.shr_s")
def _shr_s(emitter: Emitter, value: Value) -> None:
    type = OPS[value.op].type
    count = value.args[1]
    if count.op not in CONSTANTS:
        emitter.call_helper(OPS[value.op].helper, value)
        return
    start = emitter.push(value.args[:1])
    sign(emitter, type)
    emitter.out += (emitter.constant(count.imm % OPS[value.op].bits), emitter.target.binary(">>"))
    mask(emitter, type)
    emitter.define(value, start)


@lowers("i32.rotl", "i64.rotl", "i32.rotr", "i64.rotr")
def _rotate(emitter: Emitter, value: Value) -> None:
    type = OPS[value.op].type
    count = value.args[1]
    if count.op not in CONSTANTS:
        emitter.call_helper(OPS[value.op].helper, value)
        return
    # A product with 2^width + 1 has the value twice in a row; shifted, it contains any rotation of it.
    right = count.imm % OPS[value.op].bits if OPS[value.op].kind == "rotr" else -count.imm % OPS[value.op].bits
    target = emitter.target
    start = emitter.push(value.args[:1])
    emitter.out += (emitter.constant(MASKS[type] + 2), target.binary("*"))
    emitter.out += (emitter.constant(right), target.binary(">>"))
    mask(emitter, type)
    emitter.define(value, start)


@lowers(*(op.name for op in OPS.values() if op.kind.startswith("extend") and op.is_signed and op.type in INTEGER_BITS))
def _extend(emitter: Emitter, value: Value) -> None:
    op, target = OPS[value.op], emitter.target
    start = emitter.push(value.args)
    if op.narrow < 32 or op.name == "i64.extend32_s":
        emitter.out += (emitter.constant((1 << op.narrow) - 1), target.binary("&"))
    flip = emitter.constant(1 << (op.narrow - 1))
    emitter.out += (flip, target.binary("^"), flip, target.binary("-"))
    mask(emitter, op.type)
    emitter.define(value, start)


@lowers("copy", "i64.extend_i32_u")
def _same(emitter: Emitter, value: Value) -> None:
    emitter.define(value, emitter.push(value.args))


@lowers("i32.wrap_i64")
def _wrap(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    mask(emitter, "i32")
    emitter.define(value, start)


# Floats


def round_to_single(emitter: Emitter) -> None:
    """Rounds the float on top of the stack to a single, through a one-item view (half the cost of any call)."""
    target = emitter.target
    scratch, zero = emitter.load_global(abi.F32_SCRATCH), emitter.constant(0)
    emitter.out += (scratch, zero, target.store_subscript, scratch, zero, target.subscript)


def _float_arithmetic(operator: str, is_rounded: bool) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        start = emitter.push(value.args)
        emitter.out.append(emitter.target.binary(operator))
        if is_rounded:
            round_to_single(emitter)
        emitter.define(value, start)

    return lowering


for _name, _operator in (("add", "+"), ("sub", "-"), ("mul", "*")):
    # Correct if computed in double precision and rounded: singles have less than half as many bits.
    lowers(f"f32.{_name}")(_float_arithmetic(_operator, is_rounded=True))
    lowers(f"f32.{_name}.unrounded", f"f64.{_name}")(_float_arithmetic(_operator, is_rounded=False))


@lowers("f32.div", "f64.div")
def _float_division(emitter: Emitter, value: Value) -> None:
    op, target, divisor = OPS[value.op], emitter.target, value.args[1]
    start = emitter.push(value.args)
    if divisor.op in CONSTANTS and divisor.imm << 1 & op.mask:
        emitter.out.append(target.binary("/"))
        if op.type == "f32":
            round_to_single(emitter)
        emitter.define(value, start)
        return
    zero, end = Label(), Label()
    dividend_slot, divisor_slot = emitter.temporary(), emitter.temporary()
    emitter.out += (target.copy1, target.to_condition, Jump(zero, IF_FALSE), target.binary("/"))
    if op.type == "f32":
        round_to_single(emitter)
    emitter.out += (Jump(end), zero)
    emitter.out += (target.stores[divisor_slot], target.stores[dividend_slot], emitter.load_callee(op.helper))
    emitter.out += (target.loads[dividend_slot], target.loads[divisor_slot], target.call(2), end)
    emitter.release(dividend_slot)
    emitter.release(divisor_slot)
    emitter.define(value, start)


@lowers("f32.demote_f64")
def _demote(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    round_to_single(emitter)
    emitter.define(value, start)


@lowers("i64.reinterpret_f64", "f64.reinterpret_i64")
def _reinterpret(emitter: Emitter, value: Value) -> None:
    # Through two views of the same eight bytes.
    target, zero = emitter.target, emitter.constant(0)
    written, read = abi.I64_SCRATCH, abi.F64_SCRATCH
    if OPS[value.op].type == "i64":
        written, read = read, written
    start = emitter.push(value.args)
    emitter.out += (emitter.load_global(written), zero, target.store_subscript)
    emitter.out += (emitter.load_global(read), zero, target.subscript)
    emitter.define(value, start)


@lowers("f32.neg", "f64.neg")
def _neg(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.append(emitter.target.negate)
    emitter.define(value, start)


@lowers("f64.convert_i32_u", "f64.convert_i64_u")
def _convert_unsigned(emitter: Emitter, value: Value) -> None:
    # int + float converts the int, rounding once to even.
    start = emitter.push(value.args)
    emitter.out += (emitter.constant(0.0), emitter.target.binary("+"))
    emitter.define(value, start)


@lowers("f64.convert_i32_s", "f64.convert_i64_s")
def _convert_signed(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    sign(emitter, NUMBER_TYPES[value.args[0].type])
    emitter.out += (emitter.constant(0.0), emitter.target.binary("+"))
    emitter.define(value, start)


@lowers("select")
def _select(emitter: Emitter, value: Value) -> None:
    target, out = emitter.target, emitter.out
    condition = value.args[2]
    starts = emitter.push_apart(value.args)
    start = starts[0]
    test = () if condition.type is BOOL else (target.to_condition,)
    if _has_no_effect(emitter, start):
        # Computes only the chosen operand: condition, first operand, second operand.
        first, second, condition_code = (out[a:b] for a, b in itertools.pairwise(starts))
        other, end = Label(), Label()
        out[start:] = [*condition_code, *test, Jump(other, IF_FALSE), *first, Jump(end), other, *second, end]
    else:
        keep = Label()
        # [first, second]: drops the second if the condition is true, otherwise the first.
        out += (*test, Jump(keep, IF_TRUE), target.swap2, keep, target.pop)
    emitter.define(value, start)


def _has_no_effect(emitter: Emitter, start: int) -> bool:
    """Whether the code from ``start`` on only computes: it may be moved, or left out."""
    stores = emitter.target.effectful
    return not any(type(item) is int or item in stores for item in emitter.out[start:])
