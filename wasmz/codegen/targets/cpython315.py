"""CPython 3.15: FOR_ITER reads two stack items: an iterator and NULL, or an object and an index."""

from __future__ import annotations

from wasmz.codegen.targets.cpython314 import CPython314


class CPython315(CPython314):
    """Bytecode of CPython 3.15."""

    iterator_items = 2

    def __init__(self) -> None:
        super().__init__()
        self.get_iterator: bytes = self.join(self.piece("GET_ITER"), self.pop)
        self.begin_iteration: bytes = self.piece("PUSH_NULL")
        self.drop_iterator: bytes = self.piece("POP_ITER")


TARGET = CPython315
