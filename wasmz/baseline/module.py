"""The baseline compiler's view of a module.

baseline = BaselineModule(data, module, uses_fuel=False)
baseline.compile(body)       -> FunctionCode, or Unfit: the validator and the pipeline have to do it
"""

from __future__ import annotations

from wasmz.baseline.draft import Unfit
from wasmz.runtime import abi
from wasmz.startup.light import cached_property
from wasmz.subtyping import is_subtype
from wasmz.types import FuncType, RefType, ValType
from wasmz.wasm.immediates import read_rare_immediate
from wasmz.wasm.instructions import INSTRUCTIONS, Immediates
from wasmz.wasm.proposals import Proposal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from wasmz.types import DefinedType
    from wasmz.wasm.syntax import WasmModule

_TYPES: Final = (Immediates.HEAP_TYPE, Immediates.REF_TYPE)

# A function's type for calls: the number of its parameters, their types, the types of its results.
_Signature = tuple[int, list["ValType"], list["ValType"]]


class BaselineModule:
    """A decoded module whose parts other than bodies are known to be valid.

    Attributes:
        has_memory: whether the first memory has 32-bit addresses, as the cases for accesses require.
        has_vectors: whether vector instructions are accepted.
        globals: for each global: its type, its mutability, its name in code, and whether that is a cell.
        signatures: those of the functions, by index.
        types: the type index space.
        data_count: the number of data segments that bodies may name.
        typed: templates of instructions whose types depend on the module, by opcode and immediates.
        canonical: for each type index, the lowest index of the same type.
        block_types: parameters and results of blocks, by the type indices that were used.
    """

    def __init__(self, data: bytes, module: WasmModule, *, uses_fuel: bool) -> None:
        self.data: bytes = data
        self.module: WasmModule = module
        self.uses_fuel: bool = uses_fuel
        self.filename: str = f"<wasm {module.names.module or 'module'}>"
        self.has_memory: bool = bool(module.memory_types) and module.memory_types[0].address_type is ValType.I32
        self.has_vectors: bool = {Proposal.SIMD, Proposal.RELAXED_SIMD} <= module.proposals
        self.types: list[DefinedType] = module.types
        self.data_count: int = module.data_count or 0
        by_type: dict[int, _Signature] = {}
        for index in set(module.function_types):
            by_type[index] = _signature(module.signature(index))
        self.signatures: list[_Signature] = [by_type[index] for index in module.function_types]
        boxed = module.boxed_globals
        self.globals: list[tuple[ValType, bool, str, bool]] = [
            (
                type.value_type,
                type.mutable,
                abi.global_cell(index) if index in boxed else abi.global_value(index),
                index in boxed,
            )
            for index, type in enumerate(module.global_types)
        ]
        # Types that are given by one byte after an opcode.
        self._short_types: dict[tuple[int, int], Any] = {}
        self._indirect: dict[tuple[int, int], _Signature] = {}
        self.block_types: dict[int, tuple[list[ValType], list[ValType]]] = {}
        self.canonical: tuple[int, ...] = module.canonical_types
        self.typed: dict[tuple[int, Any, Any], Any] = {}

    @cached_property
    def lowest_indices(self) -> dict[DefinedType, int]:
        """For each type, the lowest index in the type index space."""
        return dict(zip(self.types, self.canonical, strict=True))

    def require(self, proposal: Proposal) -> None:
        """``Unfit`` unless the proposal's features are accepted."""
        if proposal not in self.module.proposals:
            raise Unfit

    def read(self, opcode: int, data: bytes, pos: int, end: int) -> tuple[Any, int]:
        """The immediate of a rare instruction, and the position after it."""
        key = (opcode, data[pos])
        found = self._short_types.get(key)
        if found is not None:
            return found, pos + 1
        row = INSTRUCTIONS[opcode]
        self.require(row.proposal)
        immediate, after = read_rare_immediate(row, data, pos, end, self.module)
        if after == pos + 1 and row.immediates in _TYPES:
            self._short_types[key] = immediate
        return immediate, after

    def results(self, index: int) -> Sequence[ValType]:
        """The types of a function's results."""
        return self.signatures[index][2]

    def block_type(self, index: int) -> tuple[list[ValType], list[ValType]]:
        """Parameters and results of a block, added to ``block_types``."""
        composite = self.types[index].composite if index >= 0 else None
        if not isinstance(composite, FuncType):
            raise Unfit
        found = self.block_types[index] = ([*composite.params], [*composite.results])
        return found

    def indirect_signature(self, type_index: int, table: int) -> _Signature:
        """The signature of a call through a table."""
        found = self._indirect.get((type_index, table))
        if found is None:
            table_type = self.module.table_types[table]
            if not is_subtype(table_type.element, ValType.FUNCREF) or table_type.address_type is not ValType.I32:
                raise Unfit
            composite = self.types[type_index].composite
            if not isinstance(composite, FuncType):
                raise Unfit
            found = self._indirect[type_index, table] = _signature(composite)
        return found

    def reference_signature(self, index: int) -> tuple[RefType, _Signature]:
        """The type of references that can be called with a function type, and its signature."""
        self.require(Proposal.FUNCTION_REFERENCES)
        defined = self.types[index]
        if not isinstance(defined.composite, FuncType):
            raise Unfit
        return RefType(defined), _signature(defined.composite)

    def tag_params(self, index: int) -> Sequence[ValType]:
        """The types of the values that exceptions with a tag carry."""
        self.require(Proposal.EXCEPTIONS)
        return self.module.signature(self.module.tag_types[index]).params

    def callees(self, type_index: int, table: int) -> str:
        """The name of the callees of a type in a table."""
        return abi.callees(table, self.canonical[type_index], as_tail=False)

    def function_reference(self, index: int) -> RefType:
        """The type of a reference to a function that bodies may refer to."""
        if index not in (self.module.declared_functions or ()):
            raise Unfit
        return self.module.function_reference(index)


def _signature(type: FuncType) -> _Signature:
    return len(type.params), [*type.params], [*type.results]
