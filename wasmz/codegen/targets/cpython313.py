"""CPython 3.13: conditions must be bools, a callee's NULL is above it, locals are accessed in pairs.

A callee's exceptions count as raised before the call.
"""

from __future__ import annotations

from wasmz.codegen.targets.base import COMPARE_OPERATORS, Target
from wasmz.codegen.targets.cpython312 import COMPARE_MASKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class CPython313(Target):
    """Bytecode of CPython 3.13."""

    # `exit_unwind` in Python/ceval.c goes on at the caller's CALL, not after it, and looks for handlers at the code
    # unit before that.
    raises_before_calls = True

    fused_locals: ClassVar[dict[tuple[str, str], str]] = {
        ("LOAD_FAST", "LOAD_FAST"): "LOAD_FAST_LOAD_FAST",
        ("STORE_FAST", "LOAD_FAST"): "STORE_FAST_LOAD_FAST",
        ("STORE_FAST", "STORE_FAST"): "STORE_FAST_STORE_FAST",
    }

    def __init__(self) -> None:
        super().__init__()
        self.before_callee: bytes = b""
        self.after_callee: bytes = self.piece("PUSH_NULL")
        self.to_condition: bytes = self.piece("TO_BOOL")

    def make_after_end(self) -> bytes:
        return self.join(self.piece("END_FOR"), self.piece("POP_TOP"))

    def compare_argument(self, index: int) -> int:
        # Bit 4 would convert the result to a bool; for numbers it is one already.
        return index << 5 | COMPARE_MASKS[COMPARE_OPERATORS[index]]


TARGET = CPython313
