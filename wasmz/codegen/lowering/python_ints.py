"""Operations on Python ints, to which `passes/represent.py` changes WebAssembly's operations.

int.add v0 v1         LOAD v0; LOAD v1; BINARY_OP +
int.wrap 32 v0        LOAD v0; LOAD_CONST 0xFFFFFFFF; BINARY_OP &
int.sign 8 v0         LOAD v0; COPY; LOAD_CONST 128; COMPARE_OP <; skip if true: LOAD_CONST 256; BINARY_OP -
"""

from __future__ import annotations

from wasmz.codegen.emitted import Jump, Label
from wasmz.codegen.emitter import Emitter, Lowering
from wasmz.codegen.lowering.numeric import OPERATORS, SMALL, define_condition
from wasmz.codegen.lowering.registry import lowers
from wasmz.codegen.targets.base import IF_TRUE
from wasmz.ir.facts import OPS
from wasmz.ir.nodes import Value
from wasmz.ir.operations import INT_COMPARISONS

_BINARY = {
    "add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^", "shl": "<<", "shr": ">>",
}  # fmt: skip
COMPARISON_OPERATORS = {name: OPERATORS[OPS[name].compares] for name in INT_COMPARISONS}


def _binary(operator: str) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        start = emitter.push(value.args)
        emitter.out.append(emitter.target.binary(operator))
        emitter.define(value, start)

    return lowering


for _name, _operator in _BINARY.items():
    lowers(f"int.{_name}")(_binary(_operator))


@lowers("int.floordiv", "int.mod")
def _division(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.mark(value.offset)
    emitter.out.append(emitter.target.binary("//" if value.op == "int.floordiv" else "%"))
    emitter.define(value, start)


@lowers("int.quotient", "int.remainder")
def _division_towards_zero(emitter: Emitter, value: Value) -> None:
    # Python's division rounds down, so a negative dividend is negated, and the quotient, too.
    out, target = emitter.out, emitter.target
    start = emitter.push(value.args[:1])
    divisor = emitter.constant(value.args[1].imm)
    operator = target.binary("//" if value.op == "int.quotient" else "%")
    natural, end = Label(), Label()
    out += (target.copy1, emitter.constant(0), target.compare(">="), Jump(natural, IF_TRUE))
    out += (target.negate, divisor, operator, target.negate, Jump(end), natural, divisor, operator, end)
    emitter.define(value, start)


@lowers("int.neg")
def _negate(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.append(emitter.target.negate)
    emitter.define(value, start)


@lowers("int.not")
def _invert(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.append(emitter.target.invert)
    emitter.define(value, start)


@lowers(*COMPARISON_OPERATORS)
def _comparison(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.append(emitter.target.compare(COMPARISON_OPERATORS[value.op]))
    define_condition(emitter, value, start)


def _reduce(emitter: Emitter, bits: int) -> None:
    emitter.out += (emitter.constant((1 << bits) - 1), emitter.target.binary("&"))


@lowers("int.wrap")
def _wrap(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    _reduce(emitter, value.imm)
    emitter.define(value, start)


@lowers("int.wrap.small", "int.wrap.natural")
def _wrap_unlikely(emitter: Emitter, value: Value) -> None:
    out, target = emitter.out, emitter.target
    start = emitter.push(value.args)
    done = Label()
    bound, operator = (SMALL, "<=") if value.op == "int.wrap.small" else (0, ">=")
    out += (target.copy1, emitter.constant(bound), target.compare(operator), Jump(done, IF_TRUE))
    _reduce(emitter, value.imm)
    out.append(done)
    emitter.define(value, start)


@lowers("int.sign")
def _sign(emitter: Emitter, value: Value) -> None:
    out, target = emitter.out, emitter.target
    start = emitter.push(value.args)
    done = Label()
    if value.imm > 30:
        # A comparison with an int of two digits costs twice as much, and most numbers have one.
        out += (target.copy1, emitter.constant(SMALL), target.compare("<="), Jump(done, IF_TRUE))
    out += (target.copy1, emitter.constant(1 << (value.imm - 1)), target.compare("<"), Jump(done, IF_TRUE))
    out += (emitter.constant(1 << value.imm), target.binary("-"), done)
    emitter.define(value, start)


@lowers("int.to_float")
def _to_float(emitter: Emitter, value: Value) -> None:
    # int + float converts the int, rounding once to even.
    start = emitter.push(value.args)
    emitter.out += (emitter.constant(0.0), emitter.target.binary("+"))
    emitter.define(value, start)
