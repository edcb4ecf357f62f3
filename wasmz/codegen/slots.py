"""Assigns fast locals to the values of a function in SSA form.

A value used once, in its own block, stays on CPython's operand stack. All others get a slot; values that are never live
at the same time may share one. A block's parameter and the arguments passed for it get the same slot if possible (they
are *coalesced*), so that passing them costs nothing:

    b1(v2: i32):               v2 and v3 share a slot:      b1: LOAD_FAST i; LOAD_CONST 1; BINARY_OP +; STORE_FAST i
      v3 = int.add v2 1                                         LOAD_FAST i; LOAD_CONST 9; COMPARE_OP <
      v4 = int.lt v3 9                                          POP_JUMP_IF_TRUE b1
      branch v4 b1(v3) b2

Two values of SSA form interfere if one is live where the other is defined. Sets of values are ints, one bit for each.
"""

from __future__ import annotations

from wasmz.ir.analyses import reverse_postorder
from wasmz.ir.edit import distinct_edges
from wasmz.ir.facts import CONSTANTS
from wasmz.ir.nodes import Block, Edge, Function, Value


def assign_slots(function: Function, first_parameter: int) -> int:
    """Sets the ``slot`` of all values; returns the number of slots.

    Parameters of the function have the slots from ``first_parameter`` on. Uses must have been counted.
    """
    candidates = _find_candidates(function)
    if not candidates:
        return first_parameter + len(function.type.params)
    graph = _Interference(function)
    classes = _Classes(candidates, graph.live_at_definition)
    _coalesce(function, graph, classes)
    return _color(function, candidates, classes, first_parameter)


def _find_candidates(function: Function) -> list[Value]:
    """The values that may get a slot, the hottest first if known; all others get none.

    The note of each value is its bit in sets; that of the others is 0.
    """
    candidates: list[Value] = []
    constants = CONSTANTS
    for block in function.blocks:
        for param in block.params:
            param.slot = -1
            param.note = 0
            if param.uses:
                param.note = 1 << len(candidates)
                candidates.append(param)
        for value in block.body:
            value.slot = -1
            value.note = 0
            if (value.uses > 1 or value.escapes or value.op == "local.get") and value.op not in constants:
                value.note = 1 << len(candidates)
                candidates.append(value)
    for block in function.blocks:
        for edge in distinct_edges(block.terminator):
            for arg in edge.args:
                if not arg.note and arg.op not in constants:
                    arg.note = 1 << len(candidates)
                    candidates.append(arg)
    return candidates


class _Interference:
    """For each candidate, the candidates that are live where it is defined."""

    def __init__(self, function: Function) -> None:
        self.order = reverse_postorder(function)
        self.live_at_definition: dict[Value, int] = {}
        # The values that are read at the ends of blocks.
        self._read_last: list[int] = [_read_at_end(block) for block in self.order]
        # For each block: its values that are candidates or use some, each with its bit and those of its operands.
        self._relevant: list[list[tuple[Value, int, int]]] = []
        live_out = self._solve()
        for block, relevant, live in zip(self.order, self._relevant, live_out, strict=True):
            self._walk(block, relevant, live)

    def _solve(self) -> list[int]:
        """The values that are live at the end of each block."""
        order = self.order
        used: list[int] = []
        kept: list[int] = []
        for block, reads in zip(order, self._read_last, strict=True):
            writes = 0
            for param in block.params:
                writes |= param.note
            relevant: list[tuple[Value, int, int]] = []
            self._relevant.append(relevant)
            for value in block.body:
                bit, read = value.note, 0
                for arg in value.args:
                    read |= arg.note
                if bit or read:
                    reads |= read
                    writes |= bit
                    relevant.append((value, bit, read))
            # In SSA form a block reads its own values only after their definition.
            kept.append(~writes)
            used.append(reads & ~writes)
        position = {block: number for number, block in enumerate(order)}
        following = [[position[edge.block] for edge in distinct_edges(block.terminator)] for block in order]
        # The values live at the start of each block, before its parameters are defined; and at its end.
        live = used.copy()
        leaving = [0] * len(order)
        changed = True
        while changed:
            changed = False
            for number in range(len(order) - 1, -1, -1):
                after = 0
                for other in following[number]:
                    after |= live[other]
                leaving[number] = after
                before = used[number] | after & kept[number]
                if before != live[number]:
                    live[number] = before
                    changed = True
        return [after | reads for after, reads in zip(leaving, self._read_last, strict=True)]

    def _walk(self, block: Block, relevant: list[tuple[Value, int, int]], live: int) -> None:
        found = self.live_at_definition
        for value, bit, read in reversed(relevant):
            if bit:
                live &= ~bit
                found[value] = live
            live |= read
        if block.params:
            params = 0
            for param in block.params:
                params |= param.note
            for param in block.params:
                bit = param.note
                if bit:
                    found[param] = (live | params) & ~bit


def _read_at_end(block: Block) -> int:
    reads = 0
    terminator = block.terminator
    for arg in terminator.args:
        reads |= arg.note
    for edge in distinct_edges(terminator):
        for arg in edge.args:
            reads |= arg.note
    return reads


class _Classes:
    """Values that share a slot: a union-find structure with the members and the interferences of each class."""

    def __init__(self, candidates: list[Value], live_at_definition: dict[Value, int]) -> None:
        self.parent: dict[Value, Value] = {}
        self.members: dict[Value, int] = {}
        self.conflicts: dict[Value, int] = {}
        # A class has at most one parameter of the function, whose slot is fixed.
        self.fixed: dict[Value, int] = {}
        for number, value in enumerate(candidates):
            self.members[value] = 1 << number
            self.conflicts[value] = live_at_definition.get(value, 0)
            if value.op == "local.get":
                self.fixed[value] = value.imm

    def find(self, value: Value) -> Value:
        parent = self.parent
        root = value
        while root in parent:
            root = parent[root]
        while value is not root:
            parent[value], value = root, parent[value]
        return root

    def join(self, one: Value, other: Value) -> bool:
        """Joins two classes unless members interfere; returns whether they are one class now."""
        one, other = self.find(one), self.find(other)
        if one is other:
            return True
        members, conflicts = self.members, self.conflicts
        if members[one] & conflicts[other] or members[other] & conflicts[one]:
            return False
        if one in self.fixed and other in self.fixed:
            return False
        self.parent[other] = one
        members[one] |= members.pop(other)
        conflicts[one] |= conflicts.pop(other)
        if other in self.fixed:
            self.fixed[one] = self.fixed.pop(other)
        return True


def _coalesce(function: Function, graph: _Interference, classes: _Classes) -> None:
    """Joins parameters with their arguments, along back edges first: loops run more often than their entries."""
    position = {block: number for number, block in enumerate(graph.order)}
    back: list[tuple[Block, Edge]] = []
    forward: list[tuple[Block, Edge]] = []
    for block in graph.order:
        for edge in distinct_edges(block.terminator):
            if edge.args:
                (back if position[edge.block] <= position[block] else forward).append((block, edge))
    lonely: list[Value] = []
    for block, edge in (*reversed(back), *forward):
        for param, arg in zip(edge.block.params, edge.args, strict=True):
            if not param.uses or arg.op in CONSTANTS:
                continue
            if not classes.join(param, arg) and arg.uses == 1 and not arg.escapes and len(block.terminator.edges) == 1:
                lonely.append(arg)
    for value in lonely:
        # It is passed at the end of its own block, and can wait for that on the stack.
        if (
            value in classes.members
            and classes.members[value].bit_count() == 1
            and value.op not in ("local.get", "param")
        ):
            del classes.members[value]


def _color(function: Function, candidates: list[Value], classes: _Classes, first_parameter: int) -> int:
    """Gives each class the first slot that is free for all its members."""
    taken: list[list[int]] = [[0, 0] for _ in range(first_parameter + len(function.type.params))]
    slots: dict[Value, int] = {}
    for root, index in classes.fixed.items():
        slot = first_parameter + index
        slots[root] = slot
        taken[slot][0] |= classes.members[root]
        taken[slot][1] |= classes.conflicts[root]
    for root, members in classes.members.items():
        if root in slots:
            continue
        conflicts = classes.conflicts[root]
        for slot in range(first_parameter, len(taken)):
            occupied = taken[slot]
            if not (members & occupied[1] or conflicts & occupied[0]):
                occupied[0] |= members
                occupied[1] |= conflicts
                break
        else:
            slot = len(taken)
            taken.append([members, conflicts])
        slots[root] = slot
    for value in candidates:
        slot = slots.get(classes.find(value), -1)
        if slot >= 0:
            value.slot = slot
            # It is never freed for temporaries.
            value.escapes = True
    return len(taken)
