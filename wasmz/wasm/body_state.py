"""The state of validation in the middle of a function body (specification, appendix 7.3).

    state = BodyState(module, index)
    state.pop(I32); state.enter(opcode, block_type)     raise InvalidWasm if a value or a block is not as it has to be

The rules of instructions are in ``body_rules.py``.
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm
from wasmz.subtyping import default_value_exists, is_subtype
from wasmz.types import FuncType, RefType, TableType, ValType, internal_type
from wasmz.wasm.instructions import BY_NAME, Immediates, Instruction
from wasmz.wasm.proposals import Proposal
from wasmz.wasm.syntax import WasmModule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, NoReturn

# The type of a value that unreachable code pops from an empty stack: it matches all types.
UNKNOWN: Final = internal_type("unknown")
# The same for a value that must be a reference.
UNKNOWN_REFERENCE: Final = internal_type("unknown reference")
# Lies below the operands of each block. A pop that goes too far finds this type, which matches nothing, so the height
# of the stack need not be tested.
BOUNDARY: Final = internal_type("nothing")

I32, I64 = ValType.I32, ValType.I64
# Implementation limit on the number of operands on the stack: calls with a thousand results need two bytes each.
MAX_OPERANDS: Final = 1_000_000
_LOOP = BY_NAME["loop"].opcode
_LANE_PROPOSALS: Final = frozenset({BY_NAME["v128.const"].proposal})
_LANE_COUNTS: Final = {"i8x16": 16, "i16x8": 8, "i32x4": 4, "i64x2": 2, "f32x4": 4, "f64x2": 2}


class Frame:
    """An open block.

    Attributes:
        opcode: that of its instruction; that of ``else`` in the second half of an ``if``.
        params, results: the block's type.
        label_types: the operands of a branch to it: the results, or a loop's parameters.
        height: the size of the operand stack at its start, with the boundary.
        unreachable: whether the current code in it cannot be reached.
        fresh_locals: locals without a default value that were set in it.
    """

    __slots__ = ("fresh_locals", "height", "label_types", "opcode", "params", "results", "unreachable")

    def __init__(self, opcode: int, block_type: FuncType, height: int) -> None:
        self.opcode: int = opcode
        self.params: tuple[ValType, ...] = block_type.params
        self.results: tuple[ValType, ...] = block_type.results
        self.label_types: tuple[ValType, ...] = block_type.params if opcode == _LOOP else block_type.results
        self.height: int = height
        self.unreachable: bool = False
        self.fresh_locals: list[int] = []


class BodyState:
    """The state of validation in the middle of a function body.

    Attributes:
        local_types: types of parameters and locals.
        unset_locals: the locals without a default value that are not set yet.
        stack: the types of the operands, with a :data:`BOUNDARY` below those of each block.
        frames: the open blocks, outermost first; the function itself is the first.
        offset: of the current instruction.
    """

    __slots__ = ("frames", "index", "local_types", "module", "offset", "results", "stack", "unset_locals")

    def __init__(self, module: WasmModule, index: int) -> None:
        self.module: WasmModule = module
        self.index: int = index
        body = module.bodies[index - module.imported_function_count]
        func_type = module.function_type(index)
        self.local_types: list[ValType] = list(func_type.params)
        for count, value_type in body.locals:
            self.local_types += [value_type] * count
        undefaulted = [t for _, t in body.locals if not default_value_exists(t)]
        declared = range(len(func_type.params), len(self.local_types)) if undefaulted else ()
        self.unset_locals: set[int] = {i for i in declared if not default_value_exists(self.local_types[i])}
        self.results: tuple[ValType, ...] = func_type.results
        self.stack: list[ValType] = [BOUNDARY]
        self.frames: list[Frame] = [Frame(0, FuncType((), func_type.results), 1)]
        self.offset: int = body.code_start

    def fail(self, reason: str) -> NoReturn:
        """Raises :class:`~wasmz.InvalidWasm` for the current instruction."""
        raise InvalidWasm(reason, offset=self.offset, function=self.module.describe_function(self.index))

    def pop(self, expected: ValType) -> None:
        """Pops a value that must be of type ``expected``."""
        found = self.stack[-1]
        if found is BOUNDARY:
            if not self.frames[-1].unreachable:
                self.fail(f"type mismatch: expected {expected.name}, found nothing on the stack")
            return
        self.stack.pop()
        if found is not expected and found is not UNKNOWN and not is_subtype(found, expected):
            if found is UNKNOWN_REFERENCE and expected.is_reference:
                return
            self.fail(f"type mismatch: expected {expected.name}, found {found.name}")

    def pop_any(self) -> ValType:
        """Pops a value of any type; returns :data:`UNKNOWN` in unreachable code."""
        if self.stack[-1] is BOUNDARY:
            if not self.frames[-1].unreachable:
                self.fail("type mismatch: expected a value, found nothing on the stack")
            return UNKNOWN
        return self.stack.pop()

    def push_all(self, types: tuple[ValType, ...]) -> None:
        """Pushes values of these types, the last one on top."""
        self.stack += types
        if len(self.stack) > MAX_OPERANDS:
            self.fail(f"too many operands: more than {MAX_OPERANDS} wait at once")

    def pop_all(self, types: tuple[ValType, ...]) -> None:
        """Pops values of these types, the last one on top."""
        if not types:
            return
        stack = self.stack
        if tuple(stack[-len(types) :]) == types:
            del stack[-len(types) :]
            return
        for value_type in reversed(types):
            self.pop(value_type)

    def check_top(self, types: tuple[ValType, ...]) -> None:
        """Checks the types of the topmost values, which keep their own types."""
        stack = self.stack
        if not types or tuple(stack[-len(types) :]) == types:
            return
        operands = stack[-len(types) :]
        height = len(stack)
        self.pop_all(types)
        present = height - len(stack)
        # In unreachable code there may be fewer values than asked for: a conditional branch does not add missing ones.
        stack += operands[len(operands) - present :]

    def jump_away(self) -> None:
        """Marks the rest of the current block as unreachable."""
        frame = self.frames[-1]
        del self.stack[frame.height :]
        frame.unreachable = True

    def label(self, index: int) -> tuple[ValType, ...]:
        """The types of the operands of a branch to label ``index``."""
        if index >= len(self.frames):
            self.fail(f"unknown label {index}")
        return self.frames[-1 - index].label_types

    def enter(self, opcode: int, block_type: FuncType) -> None:
        """Opens a block, whose parameters are on the stack."""
        params = block_type.params
        stack = self.stack
        if params:
            self.pop_all(params)
        stack.append(BOUNDARY)
        self.frames.append(Frame(opcode, block_type, len(stack)))
        self.push_all(params)

    def leave(self) -> Frame:
        """Checks that the stack has exactly the current block's results, and closes it."""
        frame = self.frames[-1]
        stack = self.stack
        if frame.results:
            self.pop_all(frame.results)
        if stack[-1] is not BOUNDARY:
            count = len(stack) - frame.height
            self.fail(f"type mismatch: {count} more {'value' if count == 1 else 'values'} on the stack than results")
        stack.pop()
        self.frames.pop()
        if frame.fresh_locals:
            self.unset_locals.update(frame.fresh_locals)
        return frame

    def local(self, index: int) -> ValType:
        """The type of local ``index``."""
        if index >= len(self.local_types):
            self.fail(f"unknown local {index}")
        return self.local_types[index]

    def mark_set(self, index: int) -> None:
        """Gives local ``index`` a value from here to the end of the block."""
        if index in self.unset_locals:
            self.unset_locals.remove(index)
            self.frames[-1].fresh_locals.append(index)

    def function(self, index: int) -> FuncType:
        """The type of function ``index``."""
        if index >= len(self.module.function_types):
            self.fail(f"unknown function {index}")
        return self.module.function_type(index)

    def table(self, index: int) -> TableType:
        """The type of table ``index``."""
        if index >= len(self.module.table_types):
            self.fail(f"unknown table {index}")
        return self.module.table_types[index]

    def address(self, memory: int) -> ValType:
        """The type of addresses of memory ``memory``."""
        if memory >= len(self.module.memory_types):
            self.fail(f"unknown memory {memory}")
        return self.module.memory_types[memory].address_type

    def data_segment(self, index: int) -> None:
        """Checks that data segment ``index`` exists."""
        count = self.module.data_count
        if index >= (len(self.module.data) if count is None else count):
            self.fail(f"unknown data segment {index}")

    def element_type(self, index: int) -> RefType:
        """The type of the references in element segment ``index``."""
        if index >= len(self.module.elements):
            self.fail(f"unknown elem segment {index}")
        return self.module.elements[index].type

    def memory_access(self, row: Instruction, memarg: tuple[int, int, int]) -> ValType:
        """Checks alignment, offset and memory of an access; returns the type of its address."""
        align, offset, memory = memarg
        address = self.address(memory)
        if row.access is not None and align > row.access.align_log2:
            self.fail(f"alignment must not be larger than natural: 2**{align} for {row.access.width} bytes")
        if row.access is not None and align < row.access.align_log2 and row.proposal is Proposal.THREADS:
            # Atomic accesses may not even be aligned less (threads proposal, "Validation", atomic memory instructions).
            self.fail(f"alignment of an atomic access must be natural: 2**{align} for {row.access.width} bytes")
        if address is I32 and offset > 0xFFFFFFFF:
            self.fail(f"offset out of range: {offset}")
        return address

    def apply_row(self, row: Instruction, immediate: Any) -> None:
        """Applies the types in an instruction's row; the validator's loop decides common cases before."""
        params, results = row.params, row.results
        if params is None or results is None:
            raise NotImplementedError(f"{row.name} has no validation rule")
        if row.immediates is Immediates.MEMARG:
            params = (self.memory_access(row, immediate), *params[1:])
        elif row.immediates is Immediates.MEMARG_LANE:
            params = (self.memory_access(row, immediate[0]), *params[1:])
        if row.proposal in _LANE_PROPOSALS:
            _check_lanes(self, row, immediate)
        self.pop_all(params)
        self.stack += results


def _check_lanes(state: BodyState, row: Instruction, immediate: Any) -> None:
    """Lane indices must lie within the vector (specification 3.4.9)."""
    if row.immediates is Immediates.LANE:
        lane, limit = immediate, _LANE_COUNTS[row.name.partition(".")[0]]
    elif row.immediates is Immediates.LANES:
        lane, limit = max(immediate), 32
    elif row.immediates is Immediates.MEMARG_LANE and row.access is not None:
        lane, limit = immediate[1], 16 // row.access.width
    else:
        return
    if lane >= limit:
        state.fail(f"invalid lane index: {lane} of {limit}")
