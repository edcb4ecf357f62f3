"""CPython 3.14: subscripts are a binary operator, small ints need no constant, operands may be borrowed from locals."""

from __future__ import annotations

from wasmz.codegen.targets.base import BINARY_OPERATORS, COMPARE_OPERATORS
from wasmz.codegen.targets.cpython313 import CPython313

_SUBSCRIPT_OPERATOR = 26


class CPython314(CPython313):
    """Bytecode of CPython 3.14."""

    def __init__(self) -> None:
        super().__init__()
        # A borrowed reference must not outlive the local's value: it does not if the next instruction consumes it.
        takers = [self.binary(operator) for operator in BINARY_OPERATORS]
        takers += [self.compare(operator) for operator in COMPARE_OPERATORS]
        takers += [self.subscript, self.store_subscript]
        for slot, load in enumerate(self.loads):
            borrow = self.piece("LOAD_FAST_BORROW", slot)
            for taker in takers:
                self.fuse((load, taker), self.join(borrow, taker))

    def make_subscript(self) -> bytes:
        return self.piece("BINARY_OP", _SUBSCRIPT_OPERATOR)

    def make_after_end(self) -> bytes:
        return self.join(self.piece("END_FOR"), self.piece("POP_ITER"))

    def load_small_int(self, number: int) -> bytes | None:
        return self.piece("LOAD_SMALL_INT", number) if 0 <= number < 256 else None


TARGET = CPython314
