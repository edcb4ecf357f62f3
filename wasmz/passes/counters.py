"""Shifts counters by a constant, so that they start at zero, or are the lowest address computed from them.

    jump b1(v0)                          v0 = i32.const -192      jump b1(v9)                   v9 = i32.const 0
    b1(v1: i32):                                                  b1(v8: i32):
      v2 = i32.add v1 67172                                         v1 = i32.add v8 -192
      v3 = i32.load v2                                    ->        v2 = i32.add v1 67172       66980 in the end
      v4 = i32.add v1 4                                             v3 = i32.load v2
      branch v4 b1(v4) b2                                           v7 = i32.add v8 4
                                                                    v4 = i32.add v7 -192
                                                                    branch v4 b1(v7) b2

Compilers count from -n up to zero, because a test for zero is shorter. In Python such numbers are either large (as
addresses, out of bounds until reduced) or negative. Counted from zero they are small, and the constant in an address
becomes part of the view. For the same reason, a pointer that is used only for addresses below it becomes the lowest of
these. `values.py` then combines the constants.
"""

from __future__ import annotations

from wasmz.ir.analyses import dominator_tree
from wasmz.ir.edit import incoming_edges, replace_values
from wasmz.ir.facts import ACCESS_WIDTHS
from wasmz.ir.nodes import Block, Edge, Function, Value, count_uses
from wasmz.passes.analysis.induction import find_step
from wasmz.passes.analysis.intervals import HALF, MODULUS, NUMBER_TYPES
from wasmz.passes.context import Context
from wasmz.types import ValType

# Numbers of larger magnitude are not treated as counters.
_LARGEST_START = 1 << 24
_LARGEST_DISTANCE = 1 << 12


def run(function: Function, context: Context) -> None:
    """Rewrites in place."""
    if not function.is_ssa:
        return
    # Only loops add to their parameters.
    headers = dominator_tree(function).headers
    blocks = [block for block in function.blocks if block.params and block in headers]
    if not blocks:
        return
    incoming = incoming_edges(function)
    found = [
        (block, index, type, *counted)
        for block in blocks
        for index, param in enumerate(block.params)
        if (type := NUMBER_TYPES.get(param.type)) is not None
        and (counted := _find_step(param, index, type, incoming[block])) is not None
    ]
    if not found:
        return
    lowest, uses = _lowest_addresses(function)
    replaced: dict[Value, Value] = {}
    for block, index, type, step, start in found:
        param = block.params[index]
        distance = _worthwhile(param, step, lowest, uses) if start is None else start - MODULUS[type]
        if distance:
            _move(block, index, type, incoming[block], step, distance, replaced)
    if replaced:
        replace_values(function, replaced)
        _compare_sums(function)


def _compare_sums(function: Function) -> None:
    """Makes branches that test whether a sum with a constant is zero compare the other summand."""
    count_uses(function)
    for block in function.blocks:
        terminator = block.terminator
        if terminator.op != "branch":
            continue
        condition = terminator.args[0]
        total = condition.args[0] if condition.op == "i32.eqz" else condition
        if total.op == "i32.add" and total.args[1].op == "i32.const" and total.uses == 1:
            summand, constant = total.args
            number = (MODULUS["i32"] - constant.imm) % MODULUS["i32"]
            opposite = Value("i32.const", ValType.I32, (), number, condition.offset, block)
            op = "i32.eq" if condition.op == "i32.eqz" else "i32.ne"
            test = Value(op, ValType.I32, (summand, opposite), None, condition.offset, block)
            block.body += [opposite, test]
            terminator.args = (test,)


def _lowest_addresses(function: Function) -> tuple[dict[Value, tuple[int, int]], dict[Value, int]]:
    """The block parameters from which constants are subtracted to make addresses, and counts of their other uses.

    The first result has the number of such differences and the largest constant.
    """
    differences: dict[Value, tuple[Value, int]] = {}
    lowest: dict[Value, tuple[int, int]] = {}
    other_uses: dict[Value, int] = {}
    for block in function.blocks:
        for value in block.body:
            op, args = value.op, value.args
            if op == "i32.add" and args[1].op == "i32.const":
                distance = MODULUS["i32"] - args[1].imm
                if args[0].op == "param" and 0 < distance <= _LARGEST_DISTANCE:
                    differences[value] = (args[0], distance)
            elif op in ACCESS_WIDTHS:
                if args[0] in differences:
                    param, distance = differences[args[0]]
                    count, largest = lowest.get(param, (0, 0))
                    lowest[param] = (count + 1, max(largest, distance))
                args = args[1:]
            else:
                for arg in args:
                    other_uses[arg] = other_uses.get(arg, 0) + 1
        for arg in block.terminator.args:
            other_uses[arg] = other_uses.get(arg, 0) + 1
    return lowest, other_uses


def _worthwhile(param: Value, step: Value, lowest: dict[Value, tuple[int, int]], other_uses: dict[Value, int]) -> int:
    """How far to shift a pointer: 0 if it has uses other than addresses, each of which would need a sum."""
    count, distance = lowest.get(param, (0, 0))
    return distance if count > other_uses.get(param, 0) + other_uses.get(step, 0) else 0


def _find_step(
    param: Value, index: int, type: str, incoming: list[tuple[Block, Edge]]
) -> tuple[Value, int | None] | None:
    """The sum that iterations make of a parameter, and its first value if that is a negative constant."""
    starts, steps = set(), []
    for _, edge in incoming:
        arg = edge.args[index]
        step = find_step(param, arg)
        if step is not None:
            steps.append(step)
        else:
            starts.add(arg.imm if arg.op == f"{type}.const" else None)
    if not starts or not steps or len(set(steps)) != 1:
        return None
    start = starts.pop() if len(starts) == 1 else None
    total, constant, _ = steps[0]
    if start is None:
        return total, None
    if start < MODULUS[type] - _LARGEST_START or constant < 0:
        return (total, None) if start < HALF[type] else None
    return total, start


def _move(
    block: Block,
    index: int,
    type: str,
    incoming: list[tuple[Block, Edge]],
    step: Value,
    distance: int,
    replaced: dict[Value, Value],
) -> None:
    """Replaces a parameter by one that is smaller by ``distance``, and its uses by a sum."""
    param = block.params[index]
    counter = Value("param", param.type, (), None, param.offset, block)
    block.params[index] = counter
    base, old = _sum(type, counter, distance, param.offset, block)
    block.body[:0] = [base, old]
    replaced[param] = old
    target = step.block
    stepped = Value(f"{type}.add", param.type, (counter, step.args[1]), None, step.offset, target)
    base, total = _sum(type, stepped, distance, step.offset, target)
    at = target.body.index(step)
    target.body[at : at + 1] = [stepped, base, total]
    replaced[step] = total
    for source, edge in incoming:
        arg = edge.args[index]
        if arg is step:
            new = stepped
        else:
            base, new = _sum(type, arg, -distance, arg.offset, source)
            source.body += [base, new]
        edge.args = (*edge.args[:index], new, *edge.args[index + 1 :])


def _sum(type: str, value: Value, constant: int, offset: int, block: Block) -> tuple[Value, Value]:
    """A constant, and the sum of a value and the constant; the caller adds both to the block."""
    base = Value(f"{type}.const", value.type, (), constant % MODULUS[type], offset, block)
    return base, Value(f"{type}.add", value.type, (value, base), None, offset, block)
