"""Emits one function: schedules operands on the stack, and manages fast locals, constants and names.

Values are emitted in the order of the IR. A value used once, in its own block, stays on CPython's operand stack until
its use; others go to a fast local. Code that must push a value *below* an operand (a subscripted view, a callee, a
local that is the other operand) is inserted where that operand's code begins, so that nothing is swapped:

    v1 = local.get 0              # pending: nothing emitted
    v2 = i32.load offset=4 v1     LOAD_GLOBAL m0_I_4; LOAD_FAST l0; BINARY_SUBSCR
    v3 = local.get 1              # pending
    v4 = i32.sub v3 v2            # v3 is inserted before v2's code: LOAD_FAST l1; <v2>; BINARY_OP -

The lowering of each operation (``lowering/``) pushes its operands with :meth:`Emitter.push`, emits code, and passes the
result to :meth:`Emitter.define`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wasmz.codegen.emitted import Attempt, Emitted, Jump, Label
from wasmz.codegen.targets.base import Target
from wasmz.ir.facts import CONSTANTS, INTEGER_CONSTANTS
from wasmz.ir.nodes import Block, Edge, Function, Value
from wasmz.runtime.numeric.floats import f32_from_bits
from wasmz.startup.records import Record
from wasmz.types import DefinedType

# An insertion takes time proportional to the code after it, and the search for a pending read to the number of waiting
# values. So that no module makes this quadratic, a value with more code than this goes to a fast local, and locals are
# read at once while more values than this wait.
LONGEST_TREE = 1000
MOST_PENDING_READS = 64

# The `slot` of a value that needs a fast local and has none yet.
NEEDS_SLOT = -2


class ModuleFacts(Record):
    """What lowering needs to know about the module.

    Attributes:
        boxed_globals: indices of globals whose value is in a cell (see docs/abi.md).
        canonical_types: for each type index, the lowest index of the same type; it names the lists of callees.
        lowest_indices: the lowest index of each type.
    """

    boxed_globals: frozenset[int]
    canonical_types: tuple[int, ...]
    lowest_indices: Mapping[DefinedType, int]


class Pending:
    """A value that waits for its only use: on the stack since ``start``, or (-1) not emitted at all."""

    __slots__ = ("start", "value")

    def __init__(self, value: Value, start: int) -> None:
        self.value: Value = value
        self.start: int = start


Lowering = Callable[["Emitter", Value], None]


class Emitter:
    """The state while a function is emitted; the result is in ``out``."""

    def __init__(self, target: Target, facts: ModuleFacts, function: Function, *, is_tail_form: bool = False) -> None:
        self.target = target
        self.facts = facts
        self.function = function
        self._is_ssa = function.is_ssa
        self.out: list[Emitted] = [target.resume]
        # Code that rarely runs, after all other code.
        self.cold: list[Emitted] = []
        self.stack: list[Pending] = []
        self.labels: dict[Block, Label] = {}
        self.next_block: Block | None = None
        self.constants: list[object] = []
        self.names: dict[str, int] = {}
        self._constant_pieces: dict[object, bytes] = {}
        self.global_pieces: dict[str, bytes] = {}
        self._callee_pieces: dict[str, bytes] = {}
        self._free_slots: list[int] = []
        # Whether this is a tail form, whose parameter is a tuple (see docs/abi.md).
        self.is_tail_form = is_tail_form
        # The target of tail calls of the function to itself.
        self.start: Label = Label()
        # Where the fuel is, if it is taken in several places: below all else on the stack, or in a fast local.
        self.keeps_fuel_on_stack = False
        self.fuel_slot: int | None = None
        # The comparison that the terminator of the current block makes itself.
        self.fused: Value | None = None
        # The handler of the call being emitted, if it is protected.
        self.handler: Label | None = None
        # Values and locals that are exceptions; set when they are first searched for (lowering/exceptions.py).
        self.exceptions: tuple[tuple[Value, ...], tuple[int, ...]] | None = None
        # Parameters are the first fast locals; other locals get theirs at their first use.
        self.slot_names: list[str] = ["args"] if is_tail_form else []
        self.local_slots: dict[int, int] = {}
        target.reserve_locals(1)
        for index in range(len(function.type.params)):
            self.local_slot(index)

    # Fast locals

    def new_slot(self, name: str) -> int:
        """A fast local that was not used before."""
        slot = len(self.slot_names)
        self.slot_names.append(name)
        self.target.reserve_locals(slot + 1)
        return slot

    def reserve_slots(self, count: int) -> None:
        """Makes at least ``count`` fast locals, for values whose slots are already assigned."""
        self.slot_names += [f"v{slot}" for slot in range(len(self.slot_names), count)]
        self.target.reserve_locals(count)

    def temporary(self) -> int:
        """A fast local for a value of the current block; to be given back with :meth:`release`."""
        return self._free_slots.pop() if self._free_slots else self.new_slot(f"t{len(self.slot_names)}")

    def release(self, slot: int) -> None:
        """Frees a temporary for other values."""
        self._free_slots.append(slot)

    def local_slot(self, index: int) -> int:
        """The fast local of a WebAssembly local."""
        slot = self.local_slots.get(index)
        if slot is None:
            slot = self.local_slots[index] = self.new_slot(f"l{index}")
        return slot

    def slot(self, value: Value) -> int:
        """The fast local of a value with several uses."""
        if value.slot == NEEDS_SLOT:
            value.slot = self.new_slot(f"v{len(self.slot_names)}") if value.escapes else self.temporary()
        return value.slot

    # Constants and globals

    def constant(self, constant: object) -> bytes:
        """Pushes a constant. Floats are distinguished by their bits."""
        key = (struct.pack("d", constant),) if type(constant) is float else constant
        if type(constant) is tuple:
            key = (tuple, constant)
        piece = self._constant_pieces.get(key)
        if piece is None:
            small = self.target.load_small_int(constant) if type(constant) is int else None
            if small is None:
                small = self.target.load_const(len(self.constants))
                self.constants.append(constant)
            piece = self._constant_pieces[key] = small
            self.target.movable.add(piece)
        return piece

    def name_index(self, name: str) -> int:
        """The position of a name in the code object."""
        return self.names.setdefault(name, len(self.names))

    def load_global(self, name: str) -> bytes:
        """Pushes a global."""
        piece = self.global_pieces.get(name)
        if piece is None:
            piece = self.global_pieces[name] = self.target.load_global(self.name_index(name))
        return piece

    def load_callee(self, name: str) -> bytes:
        """Pushes a global that will be called."""
        piece = self._callee_pieces.get(name)
        if piece is None:
            piece = self._callee_pieces[name] = self.target.load_global_callee(self.name_index(name))
        return piece

    # Scheduling

    def push(self, args: Sequence[Value]) -> int:
        """Puts operands on top of the stack, in order; returns where in ``out`` the code of the first one begins."""
        # The common cases of _push_below, without a call.
        out, stack = self.out, self.stack
        position = len(out)
        for above, arg in enumerate(reversed(args)):
            slot = arg.slot
            if stack and stack[-1].value is arg:
                start = stack.pop().start
                if start < 0:
                    out.insert(position, self.target.loads[self.local_slots[arg.imm]])
                else:
                    position = start
            elif arg.op in CONSTANTS:
                piece = self._constant_pieces.get(arg.imm) if arg.op in INTEGER_CONSTANTS else None
                out.insert(position, piece or self.constant(constant_value(arg)))
            elif slot < 0:
                position += self._take(arg, position)
            elif position < len(out) and self._is_stored_behind(slot, position):
                if above == 1:
                    out += (self.target.loads[slot], self.target.swap2)
                else:
                    self._load_below(arg, above)
                self.used(arg)
            else:
                out.insert(position, self.target.loads[slot])
                arg.uses -= 1
                if not arg.uses and not arg.escapes:
                    self._free_slots.append(slot)
        return position

    def _is_stored_behind(self, slot: int, position: int) -> bool:
        """Whether a fast local is stored to after ``position``."""
        store = self.target.stores[slot]
        # There are offsets among the pieces, and `python -bb` forbids comparing bytes with numbers.
        return store in [item for item in self.out[position:] if item.__class__ is bytes]

    def _load_below(self, arg: Value, above: int) -> list[int]:
        """Pushes a value from a fast local below the top of the stack; returns where the items above are loaded now."""
        target = self.target
        slots = [self.temporary() for _ in range(above)]
        self.out += (target.stores[slot] for slot in slots)
        self.out.append(target.loads[arg.slot])
        starts = []
        for slot in reversed(slots):
            starts.append(len(self.out))
            self.out.append(target.loads[slot])
            self.release(slot)
        return starts

    def push_apart(self, args: Sequence[Value]) -> list[int]:
        """Like :meth:`push`; returns where the code of each operand begins, and where that of the last ends."""
        starts = [0] * len(args)
        for index in range(len(args) - 1, -1, -1):
            length = len(self.out)
            ends = starts[index + 1] if index + 1 < len(args) else length
            arg = args[index]
            if ends < length and arg.slot >= 0 and arg.op not in CONSTANTS and self._is_stored_behind(arg.slot, ends):
                starts[index] = ends
                starts[index + 1 :] = self._load_below(args[index], len(args) - 1 - index)
                self.used(args[index])
                continue
            starts[index] = self._push_below(args[index], ends)
            grown = len(self.out) - length
            for later in range(index + 1, len(args)):
                starts[later] += grown
        starts.append(len(self.out))
        return starts

    def _push_below(self, arg: Value, position: int) -> int:
        """Puts an operand below the code from ``position`` on; returns where its code begins."""
        stack = self.stack
        if stack and stack[-1].value is arg:
            start = stack.pop().start
            if start < 0:
                self.out.insert(position, self.target.loads[self.local_slots[arg.imm]])
                return position
            return start
        if arg.op in CONSTANTS:
            self.out.insert(position, self.constant(constant_value(arg)))
        elif arg.slot >= 0:
            self.out.insert(position, self.target.loads[arg.slot])
            self.used(arg)
        else:
            return position + self._take(arg, position)
        return position

    def used(self, value: Value) -> None:
        """Counts a use of a value in a fast local, which is free after the last use."""
        value.uses -= 1
        if not value.uses and not value.escapes:
            self._free_slots.append(value.slot)

    def _take(self, arg: Value, position: int) -> int:
        """Loads a pending value that is not on top, at ``position``; returns how far that position moves."""
        stack = self.stack
        for depth in range(len(stack) - 1, -1, -1):
            if stack[depth].value is arg:
                break
        else:
            raise AssertionError(f"{arg!r} of function {self.function.label} is used but was not emitted")
        start = stack.pop(depth).start
        if start < 0:
            self.out.insert(position, self.target.loads[self.local_slots[arg.imm]])
            return 0
        # Other values lie above it: a store is inserted after its code, and its use becomes a load. The fast local must
        # be new: a temporary that is free now may have been in use where the store is.
        slot = self.new_slot(f"t{len(self.slot_names)}")
        end = min((item.start for item in stack[depth:] if item.start >= 0), default=position)
        self._insert_below(depth, min(end, position), self.target.stores[slot])
        self.out.insert(position + 1, self.target.loads[slot])
        return 1

    def _insert_below(self, depth: int, position: int, piece: bytes) -> None:
        """Inserts code before that of the pending values from ``depth`` on."""
        self.out.insert(position, piece)
        for item in self.stack[depth:]:
            if item.start >= 0:
                item.start += 1

    def is_on_stack(self, value: Value) -> bool:
        """Whether the value was computed and waits on the stack for its use."""
        return any(item.value is value and item.start >= 0 for item in self.stack)

    def materialize_local(self, index: int, position: int) -> int:
        """Emits the pending reads of a local that is about to change; returns how far ``position`` moves."""
        moved = 0
        stack = self.stack
        if len(stack) > MOST_PENDING_READS:
            position = next((item.start for item in stack[MOST_PENDING_READS:]), position)
        for depth in range(min(len(stack), MOST_PENDING_READS) - 1, -1, -1):
            item = stack[depth]
            if item.start >= 0:
                position = item.start
            elif item.value.imm == index:
                self._insert_below(depth + 1, position, self.target.loads[self.local_slots[index]])
                item.start = position
                moved += 1
        return moved

    def define(self, value: Value, start: int) -> None:
        """Defines the value as the result on top of the stack; its code begins at ``start``."""
        if value.slot == -1:
            if value.uses and len(self.out) - start > LONGEST_TREE:
                value.slot = self.temporary()
                self.out.append(self.target.stores[value.slot])
            elif value.uses:
                self.stack.append(Pending(value, start))
            else:
                self.out.append(self.target.pop)
        else:
            self.out.append(self.target.stores[self.slot(value)])

    def mark(self, offset: int) -> None:
        """Sets the byte offset that a traceback shows for the following code, which may trap or call."""
        self.out.append(offset)

    # Frequent shapes

    def call_helper(self, name: str, value: Value) -> None:
        """Defines the value as the result of a runtime function for its operands."""
        start = self.push(value.args)
        self.out.insert(start, self.load_callee(name))
        self.mark(value.offset)
        self.out.append(self.target.call(len(value.args)))
        self.define(value, start)

    def call(self, argument_count: int) -> None:
        """Calls a WebAssembly function, whose exceptions may have a handler here."""
        if self.handler is not None:
            self.out.append(Attempt(self.handler, is_of_call=True))
        self.out.append(self.target.call(argument_count))

    def spread(self, args: Sequence[Value], slots: Sequence[int]) -> None:
        """Moves values into fast locals, all at once."""
        self.push(args)
        stores = self.target.stores
        for slot in reversed(slots):
            self.out.append(stores[slot])

    # Control flow

    def label(self, block: Block) -> Label:
        """The label of a block."""
        label = self.labels.get(block)
        if label is None:
            label = self.labels[block] = Label()
        return label

    def follow(self, edge: Edge) -> None:
        """Passes the edge's arguments and jumps to its block."""
        self.pass_arguments(edge)
        if edge.block is not self.next_block:
            self.out.append(Jump(self.label(edge.block)))

    def moves(self, edge: Edge) -> list[tuple[Value, Value]]:
        """The parameters of an edge's block, with their arguments, that need a move."""
        if not edge.args:
            return []
        pairs = zip(edge.block.params, edge.args, strict=True)
        if not self._is_ssa:
            return list(pairs)
        return [
            (param, arg)
            for param, arg in pairs
            # Parameters without uses have no slot.
            if param.slot >= 0 and (param.slot != arg.slot or arg.op in CONSTANTS)
        ]

    def pass_arguments(self, edge: Edge) -> None:
        """Stores the arguments of an edge into the parameters of its block."""
        moves = self.moves(edge)
        if moves:
            self.push([arg for _, arg in moves])
            for param, _ in reversed(moves):
                self.out.append(self.target.pop if param.slot == -1 else self.target.stores[self.slot(param)])


def constant_value(value: Value) -> Any:
    """The Python object for a constant of the IR (see docs/abi.md)."""
    if value.op == "f32.const":
        return f32_from_bits(value.imm)
    if value.op == "f64.const":
        return struct.unpack("<d", struct.pack("<Q", value.imm))[0]
    return None if value.op == "ref.null" else value.imm


def find_homes(function: Function) -> None:
    """Finds the values that need a fast local: those with several uses, or with one in another block."""
    for block in function.blocks:
        for param in block.params:
            # Several edges store to a parameter, so its fast local is never shared.
            param.escapes = True
            param.slot = NEEDS_SLOT if param.uses else -1
        for value in block.body:
            value.slot = NEEDS_SLOT if (value.uses > 1 or value.escapes) and value.op not in CONSTANTS else -1
    for block in function.blocks:
        edges = block.terminator.edges
        if len(edges) > 1:
            for edge in edges:
                for arg in edge.args:
                    # It is passed after the jump on the condition, where the operand stack must be empty.
                    if arg.op not in CONSTANTS:
                        arg.slot = NEEDS_SLOT
                        arg.escapes = True
