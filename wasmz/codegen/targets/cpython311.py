"""CPython 3.11: the first version with inline caches; calls are PRECALL and CALL."""

from __future__ import annotations

from wasmz.codegen.targets.base import ALWAYS, AT_END, IF_FALSE, IF_TRUE, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class CPython311(Target):
    """Bytecode of CPython 3.11."""

    forward_jumps: ClassVar[dict[str, str]] = {
        ALWAYS: "JUMP_FORWARD",
        IF_TRUE: "POP_JUMP_FORWARD_IF_TRUE",
        IF_FALSE: "POP_JUMP_FORWARD_IF_FALSE",
        AT_END: "FOR_ITER",
    }

    checked_load = "LOAD_FAST"

    def load_attribute(self, name_index: int) -> bytes:
        return self.piece("LOAD_ATTR", name_index)

    def compare_argument(self, index: int) -> int:
        return index

    def make_after_end(self) -> bytes:
        return b""

    def make_call(self, arg_count: int) -> bytes:
        return self.join(self.piece("PRECALL", arg_count), self.piece("CALL", arg_count))


TARGET = CPython311
