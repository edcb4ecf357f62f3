"""Code that is too long for a case of the loop: conditions, constants, table calls, switches.

A condition is an operand that a comparison leaves in place of an i32 because the next instruction consumes it at once:
a bool, or a number that counts as true if it is zero.
"""

from __future__ import annotations

from wasmz.baseline.draft import LONGEST, Draft, Label, Unfit
from wasmz.baseline.general import instantiate
from wasmz.codegen.emitted import in_table
from wasmz.codegen.targets.base import ALWAYS, IF_FALSE, IF_TRUE, Target
from wasmz.runtime import abi
from wasmz.types import ValType, internal_type
from wasmz.wasm.reader import read_u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from wasmz.baseline.rows import Rows, Template

# Opcodes that consume a condition: br_if, if, i32.eqz, select.
CONSUMERS: Final = frozenset({0x0D, 0x04, 0x45, 0x1B})

# Types of conditions: a bool; a bool whose opposite is meant; a number that is compared with zero.
TRUE: Final = internal_type("true")
FALSE: Final = internal_type("false")
ZERO: Final = internal_type("zero")
INVERSE: Final = {TRUE: FALSE, FALSE: TRUE, ZERO: ValType.I32, ValType.I32: ZERO}

# Integer instructions that have other code if the second operand is constant: opcode -> (kind, bits).
CONSTANT_FORMS: Final[dict[int, tuple[str, int]]] = {
    0x6A: ("add", 32), 0x74: ("shl", 32), 0x75: ("shr_s", 32), 0x76: ("shr_u", 32), 0x77: ("rotl", 32),
    0x78: ("rotr", 32), 0x7C: ("add", 64), 0x86: ("shl", 64), 0x87: ("shr_s", 64), 0x88: ("shr_u", 64),
    0x89: ("rotl", 64), 0x8A: ("rotr", 64),
}  # fmt: skip
_COMPARISONS: Final[dict[int, tuple[str, int]]] = {
    0x48: ("<", 32), 0x4A: (">", 32), 0x4C: ("<=", 32), 0x4E: (">=", 32),
    0x53: ("<", 64), 0x55: (">", 64), 0x57: ("<=", 64), 0x59: (">=", 64),
}  # fmt: skip
# A comparison that only tests the sign: by operator and signed constant, that of the unsigned number with 2^(bits - 1).
_SIGN_TESTS: Final = {("<", 0): ">=", (">=", 0): "<", (">", -1): "<", ("<=", -1): ">="}

# i32 instructions with a constant second operand: the opcode, Python's operator, which constants, whether the result
# needs to be reduced. (Large constants are added by subtraction, see constant_form.)
_OPERATIONS: Final = (
    (0x6A, "+", 1 << 31, True),
    (0x6B, "-", 1 << 32, True),
    (0x6C, "*", 1 << 32, True),
    (0x71, "&", 1 << 32, False),
    (0x72, "|", 1 << 32, False),
    (0x73, "^", 1 << 32, False),
    (0x74, "<<", 32, True),
    (0x76, ">>", 32, False),
)

# Switches with up to this many cases become chains of comparisons.
_CHAIN_LENGTH = 3


class Pieces:
    """Pieces that are the same in every function, for the running Python."""

    def __init__(self, target: Target, rows: Rows) -> None:
        self.target: Target = target
        self.rows: Rows = rows
        self.calls: list[bytes] = [target.call(count) for count in range(64)]
        zero, one = rows.constant_pieces[0], rows.constant_pieces[1]
        self.zero: bytes = zero
        self.and_: bytes = target.binary("&")
        # Converts a bool to 1 or 0.
        self.to_integer: bytes = self._choose(b"", IF_FALSE, one, zero)
        test = target.to_condition
        self.conditions: dict[Any, tuple[bytes, str, str]] = {
            ValType.I32: (test, IF_TRUE, IF_FALSE),
            TRUE: (b"", IF_TRUE, IF_FALSE),
            FALSE: (b"", IF_FALSE, IF_TRUE),
            ZERO: (test, IF_FALSE, IF_TRUE),
        }
        self.materials: dict[Any, tuple[bytes, ...]] = {
            TRUE: (self.to_integer,),
            FALSE: (self._choose(b"", IF_FALSE, zero, one),),
            ZERO: (zero, target.compare("=="), self.to_integer),
            # Two tests for zero.
            ValType.I32: (self._choose(test, IF_FALSE, one, zero),),
        }
        # [first, second, condition]: drops the second if the condition holds, otherwise the first.
        self.selects: dict[Any, bytes] = {
            type: self._join(-2, before, self._jump(if_true, target.swap2), target.swap2, target.pop)
            for type, (before, if_true, _) in self.conditions.items()
        }

        # For i32 instructions whose second operand is a constant below the limit: the code after the constant.
        self.operand_facts: dict[int, tuple[bytes, int]] = {}
        mask = (rows.constant_pieces[0xFFFFFFFF], self.and_)
        for opcode, operator, limit, is_reduced in _OPERATIONS:
            code = (target.binary(operator), *mask) if is_reduced else (target.binary(operator),)
            self.operand_facts[opcode] = (target.join(*code), limit)

    def _join(self, effect: int, *pieces: bytes) -> bytes:
        """Joins pieces to one, whose effect on the stack depth is given."""
        joined = b"".join(pieces)
        self.target.effects[joined] = effect
        return joined

    def _jump(self, when: str, over: bytes) -> bytes:
        return self.target.jump_piece(self.target.forward_jumps[when], len(over) // 2)

    def _choose(self, before: bytes, when: str, first: bytes, second: bytes) -> bytes:
        """Pushes ``second`` if the jump is taken, otherwise ``first``."""
        end = self._jump(ALWAYS, second)
        return self._join(0, before, self._jump(when, first + end), first, end, second)

    def return_code(self, draft: Draft, count: int) -> tuple[bytes, ...]:
        """The code that returns the topmost ``count`` values."""
        if not count:
            return (draft.none(), self.target.return_value)
        if count == 1:
            return (self.target.return_value,)
        return (self.target.build_tuple(count), self.target.return_value)


def constant_form(pieces: Pieces, draft: Draft, opcode: int, number: int) -> tuple[bytes, ...]:
    """The code for an instruction whose second operand is a constant; it replaces that of the constant."""
    kind, bits = CONSTANT_FORMS[opcode]
    target, constant = draft.target, draft.constant
    mask = (constant((1 << bits) - 1), pieces.and_)
    if kind == "add":
        if number >> (bits - 1):
            # Adds a small negative number by subtraction, so that operands stay small ints, CPython's fastest.
            return (constant((1 << bits) - number), target.binary("-"), *mask)
        return (constant(number), target.binary("+"), *mask)
    count = number % bits
    if kind == "shl":
        return (constant(count), target.binary("<<"), *mask)
    if kind == "shr_u":
        return (constant(count), target.binary(">>"))
    if kind == "shr_s":
        flip = constant(1 << (bits - 1))
        return (flip, target.binary("^"), flip, target.binary("-"), constant(count), target.binary(">>"), *mask)
    # A product with 2^width + 1 has the value twice in a row; shifted, it contains any rotation of it.
    right = count if kind == "rotr" else -number % bits
    return (constant((1 << bits) + 1), target.binary("*"), constant(right), target.binary(">>"), *mask)


def constant_comparison(pieces: Pieces, draft: Draft, opcode: int, number: int) -> tuple[bytes, ...]:
    """Like :func:`constant_form`, for a comparison of signed integers; its result is a bool."""
    operator, bits = _COMPARISONS[opcode]
    target = draft.target
    flip = 1 << (bits - 1)
    test = _SIGN_TESTS.get((operator, number - (1 << bits) if number & flip else number))
    if test is not None:
        return (draft.constant(flip), target.compare(test))
    return (draft.constant(flip), target.binary("^"), draft.constant(number ^ flip), target.compare(operator))


def call_indirect(draft: Draft, callees: str, offset: int, first: int, index: int, count: int, floor: int) -> None:
    """Calls an element of a table: ``count`` operands, whose code begins at ``first``, then the index, at ``index``.

    The operands are computed before the table is read (specification 4.4.8).
    """
    below = (draft.target.before_callee, draft.load_global(callees))
    _call_found(draft, below, draft.target.subscript, in_table(offset), first, index, count, floor)


def call_reference(draft: Draft, offset: int, first: int, index: int, count: int, floor: int) -> None:
    """Calls a reference, likewise."""
    target = draft.target
    finding = target.load_attribute(draft.name_index(abi.CODE))
    _call_found(draft, (target.before_callee,), finding, offset, first, index, count, floor)


def _call_found(
    draft: Draft,
    below: tuple[bytes, ...],
    finding: bytes,
    offset: int,
    first: int,
    index: int,
    count: int,
    floor: int,
) -> None:
    """Calls the result of ``finding``, which consumes the last operand and finds ``below`` below it."""
    out, target = draft.out, draft.target
    if first >= floor and len(out) - first < LONGEST and (not count or _may_go_first(draft, first, index, count)):
        operands = out[first:index]
        del out[first:index]
        draft.shift(index, -count)
        draft.insert(first, *below)
        draft.mark(offset)
        out += (finding, target.after_callee, *operands)
    else:
        draft.store_operands(count + 1)
        slot = draft.temporary(count)
        out += (*below, target.loads[slot])
        draft.mark(offset)
        out += (finding, target.after_callee)
        draft.load_operands(count)
    draft.mark(offset)
    out.append(target.call(count))


def push_test(draft: Draft, template: Template, indices: tuple[int, ...]) -> None:
    """Pushes whether the reference on top of the stack passes a test; the reference stays."""
    out, target = draft.out, draft.target
    below = instantiate(draft, template.below, 0, indices)
    above = b"".join(instantiate(draft, template.above, 0, indices))
    depth = sum(target.effects[piece] for piece in below)
    draft.effects[above] = -depth
    out += (*below, target.copy(1 + depth), above)


def _may_go_first(draft: Draft, first: int, index: int, count: int) -> bool:
    """Whether the index may be computed before the operands: they only read locals and constants, and it sets none."""
    if index - first != count:
        return False
    loads = draft.target.plain_loads
    effectful, calls = draft.target.effectful, draft.target.calls
    operands, code = draft.out[first:index], draft.out[index:]
    return loads.issuperset(operands) and effectful.isdisjoint(code) and calls.isdisjoint(code)


def read_targets(data: bytes, pos: int, end: int) -> tuple[Sequence[int], int]:
    """The targets of ``br_table``, the default last, and the position after them."""
    count, pos = read_u32(data, pos, end)
    if count >= end - pos:
        raise Unfit
    short = data[pos : pos + count + 1]
    if short.isascii():
        return short, pos + count + 1
    targets = []
    for _ in range(count + 1):
        target, pos = read_u32(data, pos, end)
        targets.append(target)
    return targets, pos


def switch(draft: Draft, targets: Sequence[int], cases: list[tuple[int, Label, int, int]]) -> None:
    """Jumps by the index on top of the stack. A case has its depth, label, and numbers of values to drop and keep."""
    out, target = draft.out, draft.target
    labels: dict[int, Label] = {}
    stubs: list[tuple[Label, Label, int, int]] = []
    for depth, label, extra, count in cases:
        labels[depth] = label
        if extra:
            stub = labels[depth] = Label()
            stubs.append((stub, label, extra, count))
    *numbered, default = targets
    if not numbered:
        out.append(target.pop)
        draft.jump(labels[default])
    else:
        slot = draft.temporary(max(case[3] for case in cases))
        load = target.loads[slot]
        out.append(target.stores[slot])
        if len(numbered) <= _CHAIN_LENGTH:
            for number, depth in enumerate(numbered):
                out += (load, draft.constant(number), target.compare("=="))
                draft.jump(labels[depth], IF_TRUE)
            draft.jump(labels[default])
        else:
            _decide_by_table(draft, load, [labels[depth] for depth in numbered], labels[default])
    for stub, label, extra, count in stubs:
        draft.put(stub)
        draft.drop_below(extra, count)
        draft.jump(label)


def _decide_by_table(draft: Draft, load: bytes, cases: list[Label], default: Label) -> None:
    """Jumps by a constant tuple that has, for each index, the decisions of a balanced tree of jumps."""
    out, target = draft.out, draft.target
    numbers: dict[Label, int] = {}
    for label in cases:
        numbers.setdefault(label, len(numbers))
    leaves = list(numbers)
    depth = (len(leaves) - 1).bit_length()
    out += (load, draft.constant(len(cases)), target.compare("<"))
    draft.jump(default, IF_FALSE)
    if depth:
        # One tuple for each leaf, shared by all cases that lead to it.
        paths = [tuple(bool(leaf >> bit & 1) for bit in range(depth - 1, -1, -1)) for leaf in range(len(leaves))]
        decisions = tuple(paths[numbers[label]] for label in cases)
        out += (draft.keyed_constant(("decisions", decisions), decisions), load, target.subscript)
        out.append(target.unpack(depth))
    _decide(draft, leaves, 0, depth - 1)


def _decide(draft: Draft, leaves: list[Label], first: int, bit: int) -> None:
    """Jumps to one of the leaves from ``first`` on; the stack has the decisions for ``bit`` and lower ones."""
    if bit < 0:
        draft.jump(leaves[first])
        return
    second = first + (1 << bit)
    if second >= len(leaves):
        draft.out.append(draft.target.pop)
        _decide(draft, leaves, first, bit - 1)
    elif bit == 0:
        draft.jump(leaves[second], IF_TRUE)
        draft.jump(leaves[first])
    else:
        other = Label()
        draft.jump(other, IF_TRUE)
        _decide(draft, leaves, first, bit - 1)
        draft.put(other)
        _decide(draft, leaves, second, bit - 1)
