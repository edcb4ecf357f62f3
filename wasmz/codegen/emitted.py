"""The emitter's output and the assembler's input: a list of:

    bytes   a piece of bytecode, of the target
    int     the byte offset in the module of the instructions that follow; `in_table` and
            `in_array` mark an index that may be out of bounds of a table or array
    Label   a place to jump to
    Jump    a jump to a label
    Attempt exceptions of the next piece lead to a label

The assembler sets the places of labels, jumps and attempts: the number of the next piece, the position in code units.
"""

from __future__ import annotations

from wasmz.codegen.targets.base import ALWAYS
from wasmz.runtime.abi import IN_ARRAY, IN_TABLE


def in_table(offset: int) -> int:
    """The offset for instructions whose index may be out of bounds of a table."""
    return offset | IN_TABLE


def in_array(offset: int) -> int:
    """The offset for instructions whose index may be out of bounds of an array."""
    return offset | IN_ARRAY


class Label:
    """A place in the code.

    Attributes:
        depth: the stack depth there; -1 while it is unknown.
        is_fallen_into: whether the code before falls through to it.
        unset: the fast locals that may be unset there, as bits (see `definite.py`).
    """

    __slots__ = ("depth", "index", "is_fallen_into", "piece", "position", "unset")

    def __init__(self) -> None:
        self.depth: int = -1
        self.index: int = -1
        self.is_fallen_into: bool = False
        self.piece: int = 0
        self.position: int = 0
        self.unset: int = 0


class Jump:
    """A jump to ``label``, unconditional or if the condition on top of the stack is true (or false)."""

    __slots__ = ("index", "label", "piece", "position", "when")

    def __init__(self, label: Label, when: str = ALWAYS) -> None:
        self.label: Label = label
        self.when: str = when
        self.index: int = 0
        self.piece: int = 0
        self.position: int = 0


class Attempt:
    """Exceptions of the next piece lead to ``label``, their handler, which finds operands removed and the exception
    pushed.

    Without a number of operands, the whole stack is removed. With ``is_of_call`` the next piece is a call, and the
    callee's exceptions are meant, wherever CPython looks for their handler.
    """

    __slots__ = ("depth", "index", "is_of_call", "label", "operand_count", "piece", "position")

    def __init__(self, handler: Label, operand_count: int | None = None, *, is_of_call: bool = False) -> None:
        self.label: Label = handler
        self.operand_count: int | None = operand_count
        self.is_of_call: bool = is_of_call
        self.depth: int = 0
        self.index: int = 0
        self.piece: int = 0
        self.position: int = 0


Emitted = bytes | int | Label | Jump | Attempt
