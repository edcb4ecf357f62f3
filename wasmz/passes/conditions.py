"""Makes branches and selects test comparisons directly, without a 0 or 1 in between.

v2: i32 = i32.lt_u v0 v1     v2: bool = i32.lt_u v0 v1
v3: i32 = i32.eqz v2    ->   v3: bool = i32.ge_u v0 v1
branch v3 b1 b2              branch v3 b1 b2
"""

from __future__ import annotations

from wasmz.ir.facts import BOOLEANS, INVERSE
from wasmz.ir.nodes import BOOL, Function, Terminator, Value, count_uses
from wasmz.passes.context import Context


def run(function: Function, context: Context) -> None:
    """Fuses in place."""
    if function.is_ssa:
        _run_on_values(function)
        return
    count_uses(function)
    for block in function.blocks:
        for value in block.body:
            if value.op == "i32.eqz":
                _invert(value)
                if value.op == "i32.eqz":
                    value.args = (_condition(value.args[0]),)
            elif value.op == "select":
                condition = _condition(value.args[2])
                value.args = (value.args[0], value.args[1], condition)
        terminator = block.terminator
        if terminator.op == "branch":
            _fuse_branch(terminator)


def _invert(value: Value) -> None:
    """Replaces the ``eqz`` of an integer comparison by the opposite comparison."""
    compared = value.args[0]
    if compared.op in INVERSE and compared.uses == 1 and compared.block is value.block:
        value.op, value.args = INVERSE[compared.op], compared.args
        # The replaced comparison is dead now.
        compared.uses = 0
        compared.op, compared.args, compared.imm = "i32.const", (), 0


def _condition(value: Value) -> Value:
    """The condition to test instead of a value of which only the truth matters."""
    if value.uses == 1:
        if value.op == "i32.ne" and value.args[1].op == "i32.const" and not value.args[1].imm:
            # The comparison becomes dead, and its operand is used instead.
            operand = value.args[0]
            if operand.block is value.block:
                value.uses = 0
                value.op, value.args, value.imm = "i32.const", (), 0
                return _condition(operand)
        if value.op in BOOLEANS and not value.escapes:
            value.type = BOOL
    return value


def _fuse_branch(terminator: Terminator) -> None:
    terminator.args = (_condition(terminator.args[0]),)


def _run_on_values(function: Function) -> None:
    """The same in SSA form, where a comparison may have any number of uses, if all of them are conditions."""
    # Values that some use needs as numbers.
    numbers: set[Value] = set()
    for block in function.blocks:
        for value in block.body:
            op = value.op
            if op == "i32.eqz":
                value.args = (_truth(value.args[0]),)
            elif op == "select":
                value.args = (value.args[0], value.args[1], _truth(value.args[2]))
                numbers.update(value.args[:2])
            else:
                numbers.update(value.args)
        terminator = block.terminator
        if terminator.op == "branch":
            terminator.args = (_truth(terminator.args[0]),)
        else:
            numbers.update(terminator.args)
        for edge in terminator.edges:
            numbers.update(edge.args)
    for block in function.blocks:
        for value in block.body:
            if value.op in BOOLEANS and value not in numbers:
                value.type = BOOL


def _truth(value: Value) -> Value:
    """The condition to test instead of a value: ``x`` for ``x != 0``, and for ``(x == 0) == 0``."""
    while True:
        if value.op == "i32.ne" and value.args[1].op == "i32.const" and not value.args[1].imm:
            value = value.args[0]
        elif value.op == "i32.eqz" and value.args[0].op == "i32.eqz":
            value = value.args[0].args[0]
        else:
            return value
