"""CPython 3.12: one CALL instruction; conditional jumps are forward only."""

from __future__ import annotations

from wasmz.codegen.targets.base import COMPARE_OPERATORS, Target

# The outcomes for which a comparison is true: 1 unordered, 2 less, 4 greater, 8 equal. Specialised comparisons test
# these bits of the argument, not the operator.
COMPARE_MASKS = {"<": 2, "<=": 2 | 8, "==": 8, "!=": 1 | 2 | 4, ">": 4, ">=": 4 | 8}


class CPython312(Target):
    """Bytecode of CPython 3.12."""

    def compare_argument(self, index: int) -> int:
        return index << 4 | COMPARE_MASKS[COMPARE_OPERATORS[index]]


TARGET = CPython312
