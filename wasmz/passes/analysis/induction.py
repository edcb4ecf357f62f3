"""Induction variables: what each iteration adds to values, as sums of parameters, constants and invariants.

    b1(v1: i32, v2: i32):
      v4 = i32.add v1 v3           form(v4) = v1 + v3; an iteration adds as much to it as to v1
      v5 = i32.load8_u v4
      v6 = i32.add v1 4            find_step(v1, v6) -> Step(v6, 4, None); deltas[v1] = 4
      v7 = i32.add v2 v5
      branch v5 b1(v6, v7) b2

Both vocabularies are understood: WebAssembly's operations, modulo 2^32 or 2^64, and those on Python ints after
`represent`, modulo 2^32, where reductions to as many bits or more change nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from wasmz.ir.facts import INTEGER_CONSTANTS, NUMBERED
from wasmz.ir.nodes import Block, Value
from wasmz.passes.analysis.intervals import HALF, MODULUS

REDUCTIONS = frozenset({"int.wrap", "int.wrap.small", "int.wrap.natural", "int.sign"})

# The modulus for Python ints; addresses have no more bits.
_INT_MODULUS = MODULUS["i32"]
_INT_BITS = 32
_SUMS = frozenset(f"{type}.add" for type in (*MODULUS, "int")) | {"int.sub"}
# Each level of a sum nests three Python calls.
_DEEPEST_FORM = 100


class Form(NamedTuple):
    """A constant, plus values times factors; all below the modulus."""

    constant: int
    terms: dict[Value, int]


class Step(NamedTuple):
    """The step from a parameter to its next value: a signed constant, and a reduction of the sum, if there is one."""

    total: Value
    constant: int
    reduction: Value | None


def find_step(param: Value, arg: Value) -> Step | None:
    """The step from a parameter to ``arg``, its argument on a back edge; ``None`` if that does not add a constant."""
    reduction = None
    if arg.op in REDUCTIONS and arg.imm >= _INT_BITS:
        # The operand of a sign conversion is already reduced.
        reduction, arg = arg, arg.args[0]
        if reduction.op == "int.sign" and arg.op in REDUCTIONS and arg.imm == reduction.imm:
            arg = arg.args[0]
    if arg.op not in _SUMS or arg.args[0] is not param or arg.args[1].op not in INTEGER_CONSTANTS:
        return None
    number = arg.args[1].imm
    type, _, name = arg.op.partition(".")
    if type in MODULUS:
        number = as_signed(number, type)
    return Step(arg, number if name == "add" else -number, reduction)


def as_signed(number: int, type: str) -> int:
    """The signed number with the bits of an unsigned one."""
    return number - MODULUS[type] if number >= HALF[type] else number


def combine(one: Form, other: Form, factor: int, modulus: int) -> Form:
    """The sum of one form and a multiple of another."""
    terms = dict(one.terms)
    for term, count in other.terms.items():
        count = (terms.get(term, 0) + factor * count) % modulus
        if count:
            terms[term] = count
        else:
            terms.pop(term, None)
    return Form((one.constant + factor * other.constant) % modulus, terms)


class Induction:
    """The integers of a loop, as sums of values that change regularly and values that do not change.

    Attributes:
        inside: the blocks of the loop.
        deltas: what each iteration adds to a parameter of the header, if that is always the same.
    """

    def __init__(self, inside: Collection[Block]) -> None:
        self.inside = inside
        self.deltas: dict[Value, Form] = {}
        self._forms: dict[Value, Form] = {}
        self._unchanged: dict[Value, bool] = {}

    def is_unchanged(self, value: Value) -> bool:
        """Whether a value is the same in each iteration, and can be computed before the loop."""
        if value.block not in self.inside:
            return True
        known = self._unchanged.get(value)
        if known is None:
            known = value.op in NUMBERED and value.op != "project" and all(self.is_unchanged(arg) for arg in value.args)
            self._unchanged[value] = known
        return known

    def form(self, value: Value, depth: int = 0) -> Form:
        """An integer as a sum."""
        known = self._forms.get(value)
        if known is None:
            known = self._forms[value] = self._take_apart(value, depth)
        return known

    def _take_apart(self, value: Value, depth: int) -> Form:
        type, _, name = value.op.partition(".")
        if name == "const":
            return Form(value.imm, {})
        modulus = MODULUS.get(type, _INT_MODULUS if type == "int" else 0)
        if modulus and value.block in self.inside and depth < _DEEPEST_FORM:
            if name in ("add", "sub"):
                first, second = (self.form(arg, depth + 1) for arg in value.args)
                return combine(first, second, 1 if name == "add" else -1, modulus)
            if name in ("mul", "shl") and value.args[1].op == f"{type}.const":
                number = value.args[1].imm
                factor = number if name == "mul" else 1 << number % (32 if type == "i32" else 64)
                return combine(Form(0, {}), self.form(value.args[0], depth + 1), factor, modulus)
            if value.op in REDUCTIONS and value.imm >= _INT_BITS:
                return self.form(value.args[0], depth + 1)
        return Form(0, {value: 1})

    def change(self, form: Form, modulus: int) -> Form | None:
        """What each iteration adds to a form; ``None`` if that is not always the same."""
        total = Form(0, {})
        for term, factor in form.terms.items():
            delta = self.deltas.get(term)
            if delta is not None:
                total = combine(total, delta, factor, modulus)
            elif not self.is_unchanged(term):
                return None
        return total
