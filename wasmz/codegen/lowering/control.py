"""Terminators of blocks: jumps, conditions, switches, returns and tail calls.

branch v2 b1 b2     COMPARE_OP; POP_JUMP_IF_FALSE b2         when b1 comes next
switch v0 b1 b2 b3  a constant tuple gives, for each index, the decisions of a balanced tree of jumps
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wasmz.codegen.emitted import Jump, Label
from wasmz.codegen.emitter import Emitter
from wasmz.codegen.lowering.calls import push_callee_from_table, push_callee_of_reference
from wasmz.codegen.lowering.numeric import COMPARISONS, SMALL, push_comparison, tests_sign
from wasmz.codegen.lowering.python_ints import COMPARISON_OPERATORS
from wasmz.codegen.targets.base import IF_FALSE, IF_TRUE
from wasmz.ir.facts import CONSTANTS, OPS, ZERO_TESTS
from wasmz.ir.nodes import BOOL, Block, Edge, Terminator, Value
from wasmz.runtime import abi

TERMINATORS: dict[str, Callable[[Emitter, Terminator], None]] = {}

# Switches with up to this many cases become chains of comparisons.
_CHAIN_LENGTH = 3
# At most this many cases are tested first, if each has at least this fraction of the remaining weight.
_MOST_LIKELY = 3
_LIKELY = 0.35


def _ends(op: str) -> Callable[[Callable[[Emitter, Terminator], None]], Callable[[Emitter, Terminator], None]]:
    def register(lowering: Callable[[Emitter, Terminator], None]) -> Callable[[Emitter, Terminator], None]:
        TERMINATORS[op] = lowering
        return lowering

    return register


def fused_condition(block: Block) -> Value | None:
    """The comparison that the block's branch makes itself, instead of testing a bool made before; or ``None``."""
    terminator = block.terminator
    if terminator.op == "branch" and block.body:
        last = block.body[-1]
        if last is terminator.args[0] and last.uses == 1 and last.type is BOOL and last.op in _FUSED:
            return last
    return None


_FUSED = ZERO_TESTS | COMPARISONS.keys() | COMPARISON_OPERATORS.keys()


@_ends("jump")
def _jump(emitter: Emitter, terminator: Terminator) -> None:
    emitter.follow(terminator.edges[0])


@_ends("branch")
def _branch(emitter: Emitter, terminator: Terminator) -> None:
    condition = terminator.args[0]
    taken, otherwise = terminator.edges
    taken_moves, otherwise_moves = bool(emitter.moves(taken)), bool(emitter.moves(otherwise))
    if not taken_moves and not otherwise_moves and taken.block is not emitter.next_block:
        jump_if(emitter, condition, emitter.label(taken.block), True)
        emitter.follow(otherwise)
    elif not otherwise_moves:
        jump_if(emitter, condition, emitter.label(otherwise.block), False)
        emitter.follow(taken)
    elif not taken_moves:
        jump_if(emitter, condition, emitter.label(taken.block), True)
        emitter.follow(otherwise)
    else:
        other = Label()
        jump_if(emitter, condition, other, False)
        emitter.pass_arguments(taken)
        emitter.out += (Jump(emitter.label(taken.block)), other)
        emitter.follow(otherwise)


def jump_if(emitter: Emitter, condition: Value, label: Label, sense: bool) -> None:
    """Jumps to the label if the condition's truth is ``sense``."""
    out, target = emitter.out, emitter.target
    when = IF_TRUE if sense else IF_FALSE
    if condition is not emitter.fused:
        emitter.push((condition,))
        if condition.type is not BOOL:
            out.append(target.to_condition)
        out.append(Jump(label, when))
    elif condition.op in ZERO_TESTS:
        emitter.push(condition.args)
        out += (target.to_condition, Jump(label, IF_FALSE if sense else IF_TRUE))
    elif condition.op in COMPARISON_OPERATORS:
        emitter.push(condition.args)
        out += (target.compare(COMPARISON_OPERATORS[condition.op]), Jump(label, when))
    elif COMPARISONS[condition.op][1] and tests_sign(condition) is None and _is_cheap(emitter, condition.args):
        if condition.args[1].op not in CONSTANTS:
            _jump_if_signed(emitter, condition, label, sense)
        elif condition.args[1].imm < OPS[condition.op].sign:
            _jump_if_signed_to_natural(emitter, condition, label, sense)
        else:
            push_comparison(emitter, condition)
            out.append(Jump(label, when))
    else:
        push_comparison(emitter, condition)
        out.append(Jump(label, when))


def _is_cheap(emitter: Emitter, operands: Sequence[Value]) -> bool:
    """Whether the operands can be loaded repeatedly at no cost: constants, and values in fast locals."""
    pending = {item.value for item in emitter.stack[-len(operands) :] if item.start < 0}
    return all(arg.op in CONSTANTS or arg.slot >= 0 or arg in pending for arg in operands)


def _jump_if_signed(emitter: Emitter, condition: Value, label: Label, sense: bool) -> None:
    """A signed comparison; for small ints, the unsigned one (three small comparisons cost half of two flips)."""
    target, out = emitter.target, emitter.out
    operator, _ = COMPARISONS[condition.op]
    when = IF_TRUE if sense else IF_FALSE
    start = emitter.push(condition.args)
    first, second = out[start:]
    del out[start:]
    small, flip = emitter.constant(SMALL), emitter.constant(OPS[condition.op].sign)
    large, end = Label(), Label()
    for load in (first, second):
        out += (load, small, target.compare("<="), Jump(large, IF_FALSE))
    out += (first, second, target.compare(operator), Jump(label, when), Jump(end), large)
    # Flipping the sign bits turns the signed order into the unsigned one.
    out += (first, flip, target.binary("^"), second, flip, target.binary("^"), target.compare(operator))
    out += (Jump(label, when), end)


def _jump_if_signed_to_natural(emitter: Emitter, condition: Value, label: Label, sense: bool) -> None:
    """A signed comparison with a non-negative constant, as two unsigned ones; usually, for small numbers, one is
    enough.

    x < c  is  x < c or x >= 2^31;   x > c  is  x > c and x < 2^31, for the unsigned x.
    """
    operator, _ = COMPARISONS[condition.op]
    target, out = emitter.target, emitter.out
    sign = emitter.constant(OPS[condition.op].sign)
    position = emitter.push(condition.args[:1])
    load = out[position]
    out += (emitter.constant(condition.args[1].imm), target.compare(operator))
    below = operator in ("<", "<=")
    if below == sense:
        # One comparison may decide: the first if it jumps on true ("below"), or if it jumps on false ("above").
        out.append(Jump(label, IF_TRUE if below else IF_FALSE))
        out += (load, sign, target.compare(">="), Jump(label, IF_TRUE))
    else:
        past = Label()
        out.append(Jump(past, IF_TRUE if below else IF_FALSE))
        out += (load, sign, target.compare("<"), Jump(label, IF_TRUE), past)


@_ends("switch")
def _switch(emitter: Emitter, terminator: Terminator) -> None:
    index = terminator.args[0]
    *cases, default = terminator.edges
    stubs: dict[int, tuple[Label, Edge]] = {}
    if not cases:
        emitter.push((index,))
        emitter.out.append(emitter.target.pop)
        emitter.follow(default)
        return
    load, slot = _loaded_twice(emitter, index)
    for number in likely_cases(terminator):
        emitter.out += (load, emitter.constant(number), emitter.target.compare("=="))
        emitter.out.append(Jump(_edge_label(emitter, cases[number], stubs), IF_TRUE))
    if len(cases) <= _CHAIN_LENGTH:
        for number, edge in enumerate(cases):
            emitter.out += (load, emitter.constant(number), emitter.target.compare("=="))
            emitter.out.append(Jump(_edge_label(emitter, edge, stubs), IF_TRUE))
        if slot is not None:
            emitter.release(slot)
        emitter.out.append(Jump(_edge_label(emitter, default, stubs)))
    else:
        _switch_by_decisions(emitter, load, cases, default, stubs)
        if slot is not None:
            emitter.release(slot)
    for label, edge in stubs.values():
        emitter.out.append(label)
        emitter.pass_arguments(edge)
        emitter.out.append(Jump(emitter.label(edge.block)))


def likely_cases(terminator: Terminator) -> list[int]:
    """The cases to test first, if a profile says that these are much likelier.

    A comparison that fails costs 15 to 20 ns; the decision tree, which it may save, takes 50 to 80 ns.
    """
    *cases, default = terminator.edges
    left = sum(edge.weight for edge in dict.fromkeys(terminator.edges))
    if not left:
        return []
    numbers: dict[Edge, list[int]] = {}
    for number, edge in enumerate(cases):
        numbers.setdefault(edge, []).append(number)
    found: list[int] = []
    for edge in sorted(numbers, key=lambda edge: -edge.weight):
        if len(found) == _MOST_LIKELY or edge.weight < left * _LIKELY or not edge.weight:
            break
        if len(numbers[edge]) == 1 and edge is not default:
            found.append(numbers[edge][0])
            left -= edge.weight
    return found


def _loaded_twice(emitter: Emitter, index: Value) -> tuple[bytes, int | None]:
    """The piece that loads the value, and the temporary used for it, if any."""
    position = emitter.push((index,))
    out = emitter.out
    piece = out[position]
    if position == len(out) - 1 and (index.slot >= 0 or index.op == "local.get" or index.op in CONSTANTS):
        out.pop()
        return piece, None  # type: ignore[return-value]
    slot = emitter.temporary()
    out.append(emitter.target.stores[slot])
    return emitter.target.loads[slot], slot


def _edge_label(emitter: Emitter, edge: Edge, stubs: dict[int, tuple[Label, Edge]]) -> Label:
    """The label for an edge: its block's, or that of a stub that passes the arguments first."""
    if not emitter.moves(edge):
        return emitter.label(edge.block)
    return stubs.setdefault(id(edge), (Label(), edge))[0]


def _switch_by_decisions(
    emitter: Emitter, load: bytes, cases: list[Edge], default: Edge, stubs: dict[int, tuple[Label, Edge]]
) -> None:
    out, target = emitter.out, emitter.target
    numbers: dict[Label, int] = {}
    for edge in cases:
        numbers.setdefault(_edge_label(emitter, edge, stubs), len(numbers))
    leaves = list(numbers)
    depth = (len(leaves) - 1).bit_length()
    out += (load, emitter.constant(len(cases)), target.compare("<"))
    out.append(Jump(_edge_label(emitter, default, stubs), IF_FALSE))
    if depth:
        # One tuple for each leaf, shared by all cases that lead to it.
        paths = [tuple(bool(leaf >> bit & 1) for bit in range(depth - 1, -1, -1)) for leaf in range(len(leaves))]
        decisions = tuple(paths[numbers[_edge_label(emitter, edge, stubs)]] for edge in cases)
        out += (emitter.constant(decisions), load, target.subscript, target.unpack(depth))
    _decide(emitter, leaves, 0, depth - 1)


def _decide(emitter: Emitter, leaves: list[Label], first: int, bit: int) -> None:
    """Jumps to one of the leaves from ``first`` on; the stack has the decisions for ``bit`` and lower ones."""
    out = emitter.out
    if bit < 0:
        out.append(Jump(leaves[first]))
        return
    second = first + (1 << bit)
    if second >= len(leaves):
        out.append(emitter.target.pop)
        _decide(emitter, leaves, first, bit - 1)
    elif bit == 0:
        out += (Jump(leaves[second], IF_TRUE), Jump(leaves[first]))
    else:
        other = Label()
        out.append(Jump(other, IF_TRUE))
        _decide(emitter, leaves, first, bit - 1)
        out.append(other)
        _decide(emitter, leaves, second, bit - 1)


@_ends("return")
def _return(emitter: Emitter, terminator: Terminator) -> None:
    out, target = emitter.out, emitter.target
    count = len(terminator.args)
    start = emitter.push(terminator.args)
    if not count:
        out.append(emitter.constant(None))
    elif count > 1:
        out.append(target.build_tuple(count))
    if emitter.keeps_fuel_on_stack:
        out.insert(start, target.drop_iterator)
    if emitter.is_tail_form:
        out.insert(start, emitter.constant(None))
        out.append(target.build_tuple(2))
    out.append(target.return_value)


@_ends("unreachable")
def _unreachable(emitter: Emitter, terminator: Terminator) -> None:
    if emitter.keeps_fuel_on_stack:
        emitter.out.append(emitter.target.drop_iterator)
    emitter.out.append(emitter.load_callee(abi.UNREACHABLE))
    emitter.mark(terminator.offset)
    emitter.out += (emitter.target.call(0), emitter.target.return_value)


@_ends("return_call")
def _return_call(emitter: Emitter, terminator: Terminator) -> None:
    out, target = emitter.out, emitter.target
    if terminator.imm == emitter.function.index:
        emitter.spread(terminator.args, [emitter.local_slots[i] for i in range(len(terminator.args))])
        out.append(Jump(emitter.start))
        return
    start = emitter.push(terminator.args)
    out.insert(start, emitter.load_global(abi.tail_form(terminator.imm)))
    out += (target.build_tuple(len(terminator.args)), target.build_tuple(2), target.return_value)


@_ends("return_call_indirect")
def _return_call_indirect(emitter: Emitter, terminator: Terminator) -> None:
    target = emitter.target
    push_callee_from_table(emitter, terminator.args, terminator.imm, terminator.offset, as_tail=True)
    count = len(terminator.args) - 1
    emitter.out += (target.build_tuple(count), target.build_tuple(2), target.return_value)


@_ends("return_call_ref")
def _return_call_ref(emitter: Emitter, terminator: Terminator) -> None:
    target = emitter.target
    push_callee_of_reference(emitter, terminator.args, terminator.offset, as_tail=True)
    count = len(terminator.args) - 1
    emitter.out += (target.build_tuple(count), target.build_tuple(2), target.return_value)
