"""CPython 3.14: subscripts are a binary operator, small ints need no constant."""

from __future__ import annotations

from wasmz.codegen.targets.cpython313 import CPython313

_SUBSCRIPT_OPERATOR = 26


class CPython314(CPython313):
    """Bytecode of CPython 3.14."""

    def make_subscript(self) -> bytes:
        return self.piece("BINARY_OP", _SUBSCRIPT_OPERATOR)

    def make_after_end(self) -> bytes:
        return self.join(self.piece("END_FOR"), self.piece("POP_ITER"))

    def load_small_int(self, number: int) -> bytes | None:
        return self.piece("LOAD_SMALL_INT", number) if 0 <= number < 256 else None


TARGET = CPython314
