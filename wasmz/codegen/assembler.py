"""Makes a code object from the emitted pieces of a function; the only user of the `bytecode` package.

`emitted.py` describes the pieces. They are laid out here, because every stack depth and size is known already: to
`bytecode`, the whole function is one `ConcreteInstr`. Assembling single instructions there costs ten times as much, and
making its line table a tenth of all baseline compilation.
"""

from __future__ import annotations

import itertools
from types import CodeType

from bytecode import CompilerFlags, ConcreteBytecode, ConcreteInstr

from wasmz.codegen.code_object import CodeDescription
from wasmz.codegen.definite import prove_assigned
from wasmz.codegen.emitted import Attempt, Emitted, Jump, Label
from wasmz.codegen.layout import encode_handler, encode_jump, encode_lines, place
from wasmz.codegen.targets.base import ALWAYS, AT_END, Target


class _Assembled(ConcreteInstr):
    """All instructions of a function, already assembled."""

    __slots__ = ("_code",)

    def __init__(self, code: bytes) -> None:
        # Not the constructor of the base class: that checks and assembles a single instruction.
        self._code = code
        # Only the line table depends on the size, and it is replaced.
        self._size = 2
        self._location = None

    def assemble(self) -> bytes:
        return self._code


def assemble(emitted: list[Emitted], target: Target, description: CodeDescription) -> CodeType:
    """The code object of a function."""
    draft = _Draft(target)
    draft.read(emitted)
    prove_assigned(draft.marks, draft.pieces, target, description.argument_count, len(description.local_names))
    jumps = [(jump.index, jump.label.index, jump.when) for jump in draft.jumps]
    positions, sizes = place([mark.position for mark in draft.marks], jumps, target)
    for mark, position in zip(draft.marks, positions, strict=True):
        mark.position = position
    for jump, units in zip(draft.jumps, sizes, strict=True):
        distance = jump.label.position - jump.position - units
        draft.pieces[jump.piece] = encode_jump(jump.when, distance, units, target)
    ends = [0, *itertools.accumulate(map(len, draft.pieces))]
    places = [(ends[index] >> 1, offset) for index, offset in draft.lines]
    lines = encode_lines(places, ends[-1] >> 1, description.first_offset)
    table = _encode_attempts(draft.attempts, draft.pieces, target) if draft.attempts else b""
    return make_code(description, b"".join(draft.pieces), draft.stack_size, lines, table)


def make_code(
    description: CodeDescription, instructions: bytes, stack_size: int, lines: bytes, exceptions: bytes = b""
) -> CodeType:
    """The code object of instructions with their inline caches, its line table and its exception table."""
    code = ConcreteBytecode(
        [_Assembled(instructions)],
        consts=description.constants,
        names=description.global_names,
        varnames=description.local_names,
    )
    code.name = description.name
    code.qualname = description.name
    code.filename = description.filename
    code.first_lineno = description.first_offset
    code.argcount = description.argument_count
    code.posonlyargcount = description.argument_count
    code.flags = CompilerFlags.OPTIMIZED | CompilerFlags.NEWLOCALS
    made = code.to_code(stacksize=stack_size, compute_exception_stack_depths=False)
    return made.replace(co_linetable=lines, co_exceptiontable=exceptions)


class _Draft:
    """The reachable code of a function, before the sizes of jumps are known.

    Attributes:
        pieces: the code; an empty piece stands for each jump.
        marks: labels and jumps in order; their positions do not count the jumps before them yet.
        lines: (index of the first piece, byte offset in the module) for each run of pieces.
        stack_size: the deepest stack.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.pieces: list[bytes] = []
        self.marks: list[Label | Jump | Attempt] = []
        self.jumps: list[Jump] = []
        self.attempts: list[Attempt] = []
        self.lines: list[tuple[int, int]] = []
        self.stack_size = 0

    def read(self, emitted: list[Emitted]) -> None:
        """Joins pairs for which the version has one instruction, drops unreachable pieces and measures the stack."""
        # One loop without calls: it handles every piece of all code that is compiled.
        pieces, marks = self.pieces, self.marks
        effects, fusions, ends = self.target.effects, self.target.fusions, self.target.ends
        depth = deepest = length = 0
        calls = self.target.calls if self.target.raises_before_calls else frozenset()
        # For most pieces, one look-up shows that they only change the stack depth.
        watched = ends.union(calls, self.target.fused_seconds)
        reachable = True
        previous = b""
        for item in emitted:
            kind = type(item)
            if kind is bytes:
                if not reachable:
                    continue
                if item not in watched:
                    depth += effects[item]  # type: ignore[index]
                    if depth > deepest:
                        deepest = depth
                    pieces.append(item)  # type: ignore[arg-type]
                    length += len(item)  # type: ignore[arg-type]
                    previous = item  # type: ignore[assignment]
                    continue
                if item in calls and self._ends_with_attempt():
                    # Otherwise the handler of the piece before would catch the callee's exceptions.
                    pieces.append(self.target.nop)
                    length += len(self.target.nop)
                depth += effects[item]
                if depth > deepest:
                    deepest = depth
                if (previous, item) in fusions:
                    fused = fusions[previous, item]
                    pieces[-1] = fused
                    length += len(fused) - len(previous)
                    previous = b""
                    continue
                pieces.append(item)
                length += len(item)
                previous = item
                if item in ends:
                    reachable = False
            elif kind is int:
                if reachable:
                    self.lines.append((len(pieces), item))  # type: ignore[arg-type]
                    previous = b""
            elif kind is Label:
                label: Label = item  # type: ignore[assignment]
                label.is_fallen_into = reachable
                if label.depth >= 0:
                    depth = label.depth
                    reachable = True
                elif reachable:
                    label.depth = depth
                else:
                    # Only a backward jump could lead here; those are in later code, so there is none.
                    continue
                label.index = len(marks)
                label.piece = len(pieces)
                label.position = length >> 1
                marks.append(label)
                previous = b""
            elif kind is Attempt:
                if reachable:
                    attempt: Attempt = item  # type: ignore[assignment]
                    if attempt.is_of_call and self.target.raises_before_calls and not self._ends_with_load():
                        # The next piece must not be taken for that piece.
                        pieces.append(self.target.nop)
                        length += len(self.target.nop)
                    attempt.depth = 0 if attempt.operand_count is None else depth - attempt.operand_count
                    attempt.label.depth = attempt.depth + 1
                    attempt.index = len(marks)
                    attempt.position = length >> 1
                    attempt.piece = len(pieces)
                    marks.append(attempt)
                    self.attempts.append(attempt)
                    previous = b""
            elif reachable:
                jump: Jump = item  # type: ignore[assignment]
                reachable = jump.when is not ALWAYS
                if jump.when is AT_END:
                    jump.label.depth = depth - self.target.iterator_items
                    depth += 1
                    deepest = max(deepest, depth)
                else:
                    if reachable:
                        depth -= 1
                    jump.label.depth = depth
                jump.index = len(marks)
                jump.position = length >> 1
                jump.piece = len(pieces)
                marks.append(jump)
                self.jumps.append(jump)
                pieces.append(b"")
                previous = b""
        # CPython's specialised instructions may need a little more, as may a fused pair.
        self.stack_size = deepest + 2

    def _ends_with_attempt(self) -> bool:
        """Whether the last piece has a handler of its own."""
        return bool(self.attempts) and self.attempts[-1].piece == len(self.pieces) - 1

    def _ends_with_load(self) -> bool:
        """Whether the last piece only pushes: a handler may cover it, too, as it never raises."""
        return self.pieces[-1] in self.target.plain_loads and not self._ends_with_attempt()


def _encode_attempts(attempts: list[Attempt], pieces: list[bytes], target: Target) -> bytes:
    """The exception table."""
    table = bytearray()
    for attempt in attempts:
        # A callee's exception may count as raised one code unit earlier.
        before = int(attempt.is_of_call and target.raises_before_calls)
        length = (len(pieces[attempt.piece]) >> 1) + before
        table += encode_handler(attempt.position - before, length, attempt.label.position, attempt.depth)
    return bytes(table)
