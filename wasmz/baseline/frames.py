"""Open blocks of the baseline compiler, and the types of its operand stack."""

from __future__ import annotations

from wasmz.baseline.draft import Label, Unfit
from wasmz.types import ValType, internal_type
from wasmz.wasm.immediates import read_block_type
from wasmz.wasm.reader import read_s33

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from wasmz.baseline.module import BaselineModule

# Lies below the operands of each block: no type fits it, so a block cannot use operands of the blocks around it.
BOUNDARY: Final = internal_type("boundary")

_REFERENCES: Final = {0x6F: ValType.EXTERNREF, 0x70: ValType.FUNCREF}
_V128: Final = 0x7B
_NO_TYPES: Final[list[ValType]] = []
_SHORT: Final[dict[int, list[ValType]]] = {
    0x40: _NO_TYPES,
    0x7F: [ValType.I32],
    0x7E: [ValType.I64],
    0x7D: [ValType.F32],
    0x7C: [ValType.F64],
    _V128: [ValType.V128],
    **{byte: [type] for byte, type in _REFERENCES.items()},
}

# The types that `select` without a type accepts; the types of `ref.null`, by heap type; the types that are references;
# the types that may be dropped: those of most modules.
NUMBERS: Final = frozenset({ValType.I32, ValType.I64, ValType.F32, ValType.F64, ValType.V128})
NULLS: Final = _REFERENCES
REFERENCES: Final = frozenset(_REFERENCES.values())
DROPPED: Final = NUMBERS | REFERENCES


_NO_CLAUSES: Final[list[Any]] = []


class Frame:
    """An open block.

    Attributes:
        params, results, label_types: types of its parameters, its results, and the operands of branches to it.
        height: the size of the operand stack at its start, without the parameters, with the boundary.
        label: the target of branches to it.
        otherwise: where the ``else`` of an ``if`` begins, before that is reached; for a ``try_table``, its handler.
        clauses: those of a ``try_table``.
        is_loop: whether branches lead to its start.
        code_start: the position after the block type.
    """

    __slots__ = ("clauses", "code_start", "height", "is_loop", "label", "label_types", "otherwise", "params", "results")

    def __init__(self, data: bytes, pos: int, module: BaselineModule) -> None:
        results = _SHORT.get(data[pos])
        params = _NO_TYPES
        if results is not None:
            if data[pos] == _V128 and not module.has_vectors:
                raise Unfit
            pos += 1
        elif 0x40 < data[pos] < 0x80:
            block, pos = read_block_type(data, pos, len(data), module.module)
            results = [*block.results]
        else:
            index, pos = read_s33(data, pos, len(data))
            params, results = module.block_types.get(index) or module.block_type(index)
        # These lists are shared and never changed: there may be very many blocks with very many parameters.
        self.params: list[Any] = params
        self.results: list[Any] = results
        self.label_types: list[Any] = self.results
        self.height: int = 0
        self.label: Label = Label()
        self.otherwise: Label | None = None
        self.clauses: list[Any] = _NO_CLAUSES
        self.is_loop: bool = False
        self.code_start: int = pos

    @staticmethod
    def of_function(results: Sequence[ValType]) -> Frame:
        """The frame of a whole function."""
        frame = object.__new__(Frame)
        frame.params = []
        frame.results = frame.label_types = [*results]
        frame.height = 1
        frame.label = Label()
        frame.otherwise = None
        frame.is_loop = False
        frame.code_start = 0
        return frame
