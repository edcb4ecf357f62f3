"""Replaces loads and `global.get` by the value of an earlier store or load, and drops writes that change nothing.

    i32.store (2, 12, 0) v0 v1          i32.store (2, 12, 0) v0 v1
    i32.store (2, 8, 0) v0 v2           i32.store (2, 8, 0) v0 v2
    v3 = i32.load (2, 12, 0) v0         v4 = i32.add v1 v1
    v4 = i32.add v3 v1             ->   v5 = global.get 0
    v5 = global.get 0                   call 7 v4 v5
    global.set 0 v5
    call 7 v4 v5

A load is replaced only if the same address was accessed before with the same width, so it cannot trap. Two accesses
whose addresses differ by a constant are known not to overlap: as both are in memory, they are equal modulo 2^32 (or
2^64) only if they are equal. Any other store, and each call, invalidates what is known. A write is dropped if nothing
can observe it before the next write to the same place: no call, no read, and nothing that could trap.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from wasmz.ir.analyses import dominator_tree, loop_forest
from wasmz.ir.edit import incoming_edges, replace_values
from wasmz.ir.facts import CALLING, LOADS, NARROW_STORES, OPS, PURE, STORES
from wasmz.ir.loops import Loop
from wasmz.ir.nodes import Block, Function, Value
from wasmz.passes.context import Context
from wasmz.types import ValType
from wasmz.wasm.instructions import Effects

# Store -> the loads that read what it stored, and the operation that makes the loaded value from the stored one, if
# any.
_FORWARDS: dict[str, tuple[tuple[str, Union[str, None]], ...]] = {
    name: (
        (f"{OPS[name].type}.load{bits}_u", f"{OPS[name].type}.and"),
        (f"{OPS[name].type}.load{bits}_s", f"{OPS[name].type}.extend{bits}_s"),
    )
    for name, bits in NARROW_STORES.items()
} | {name: ((f"{OPS[name].type}.load", None),) for name in STORES if name not in NARROW_STORES}

# These write to nothing that this pass tracks.
_HEAP_WRITES = frozenset(
    {"struct.set", *(f"array.{name}" for name in ("set", "fill", "copy", "init_data", "init_elem"))}
)
_WRITING = frozenset(op.name for op in OPS.values() if op.effects & Effects.WRITES) - _HEAP_WRITES | CALLING

_MOST_KNOWN = 64
_LONGEST_SUM = 8
_MOST_EDGES = 16


# The place of a memory access: memory, address operand (``None`` if constant), offset.
_Place = tuple[int, Union[Value, None], int]


class _Content(NamedTuple):
    """The content of a place: the value that a load's is made from, the place's distance from a root, its width."""

    value: Value
    conversion: Union[str, None]
    root: Union[Value, None]
    distance: int
    width: int


class _Known:
    """The facts at a point of the program."""

    __slots__ = ("globals", "memory")

    def __init__(self, memory: dict[tuple[_Place, str], _Content], globals: dict[int, Value]) -> None:
        self.memory = memory
        self.globals = globals


class _Clobbered:
    """What a loop may change."""

    __slots__ = ("calls", "globals", "memory")

    def __init__(self) -> None:
        self.calls = False
        self.memory = False
        self.globals: set[int] = set()


def run(function: Function, context: Context) -> None:
    """Forwards in place."""
    if function.is_ssa:
        _Forwarding(function, context).run()


class _Forwarding:
    def __init__(self, function: Function, context: Context) -> None:
        self.function = function
        self.context = context
        self.tree = dominator_tree(function)
        self.forest = loop_forest(function)
        self.replaced: dict[Value, Value] = {}
        self.leaving: dict[Block, _Known] = {}
        self.roots: dict[Value, tuple[Union[Value, None], int]] = {}
        self.shared = any(type.shared for type in context.memory_types)
        self.known = _Known({}, {})
        self.body: list[Value] = []
        # Writes that nothing can have observed yet: by place or global, their position in the body.
        self.unseen: dict[object, int] = {}

    def run(self) -> None:
        if not self.tree.is_reducible:
            return
        incoming = incoming_edges(self.function)
        clobbered = self._clobbered()
        position, headers = self.tree.position, self.tree.headers
        for block in self.tree.order:
            sources = [source for source, _ in incoming[block] if source in position]
            is_header = block in headers
            if is_header:
                sources = [source for source in sources if position[source] < position[block]]
            self.known = self._join(sources)
            if is_header:
                self._forget(clobbered[self.forest.innermost[block]])
            self._visit(block)
            self.leaving[block] = self.known
        replace_values(self.function, self.replaced)

    def _join(self, sources: list[Block]) -> _Known:
        """The facts that hold at the end of all the given blocks."""
        if not sources or len(sources) > _MOST_EDGES:
            return _Known({}, {})
        first, *rest = [self.leaving[source] for source in sources]
        memory, globals = first.memory, first.globals
        for other in rest:
            if other is first:
                continue
            memory = {key: content for key, content in memory.items() if other.memory.get(key) == content}
            globals = {index: value for index, value in globals.items() if other.globals.get(index) is value}
        return _Known(dict(memory), dict(globals))

    def _forget(self, clobbered: _Clobbered) -> None:
        if clobbered.calls or clobbered.memory:
            self.known.memory.clear()
        if clobbered.calls:
            self.known.globals.clear()
        for index in clobbered.globals:
            self._forget_global(index)

    def _forget_global(self, index: int) -> None:
        known = self.known.globals
        known.pop(index, None)
        imported = self.context.imported_globals
        if index < imported:
            # One global may be imported twice.
            for other in [other for other in known if other < imported]:
                del known[other]

    def _clobbered(self) -> dict[Loop, _Clobbered]:
        """What each loop changes, inner loops included."""
        found: dict[Loop, _Clobbered] = {}
        for loop in reversed(self.forest.loops):
            changed = found[loop] = _Clobbered()
            for block in loop.own_blocks:
                for value in block.body:
                    op = value.op
                    if op not in _WRITING:
                        continue
                    if op == "global.set":
                        changed.globals.add(value.imm)
                    elif op in STORES:
                        changed.memory = True
                    else:
                        changed.calls = True
            for inner in loop.children:
                changed.calls |= found[inner].calls
                changed.memory |= found[inner].memory
                if len(changed.globals) < _MOST_KNOWN:
                    changed.globals |= found[inner].globals
                elif found[inner].globals - changed.globals:
                    changed.calls = True
        return found

    # Blocks

    def _visit(self, block: Block) -> None:
        self.body = []
        self.unseen = {}
        dropped: set[int] = set()
        for value in block.body:
            op = value.op
            if op in PURE:
                pass
            elif op in LOADS and not self.shared:
                found = self._load(value, block)
                if found is not None:
                    self.replaced[value] = found
                    continue
                self.unseen.clear()
            elif op in STORES and not self.shared:
                if not self._store(value, dropped):
                    continue
            elif op == "global.get":
                known = self.known.globals
                if value.imm in known:
                    self.replaced[value] = known[value.imm]
                    continue
                if len(known) < _MOST_KNOWN:
                    known[value.imm] = value
                self.unseen.pop(value.imm, None)
            elif op == "global.set":
                if not self._set_global(value, dropped):
                    continue
            else:
                self._pass(value)
            self.body.append(value)
        block.body = (
            [value for number, value in enumerate(self.body) if number not in dropped] if dropped else self.body
        )

    def _pass(self, value: Value) -> None:
        """Handles any other operation."""
        if value.op in _WRITING:
            self.known.memory.clear()
            if value.op in CALLING:
                self.known.globals.clear()
        self.unseen.clear()

    def _operand(self, value: Value) -> Value:
        """The value that replaces an operand now."""
        replaced = self.replaced
        while value in replaced:
            value = replaced[value]
        return value

    def _set_global(self, value: Value, dropped: set[int]) -> bool:
        """Records a write to a global; drops it if the global already has the value."""
        index = value.imm
        stored = self._operand(value.args[0])
        known = self.known.globals
        if known.get(index) is stored:
            return False
        if index in self.unseen:
            dropped.add(self.unseen[index])
        # Earlier stores cannot be dropped any more: if one of them traps, this write must not run.
        self.unseen = {what: number for what, number in self.unseen.items() if what.__class__ is int}
        self.unseen[index] = len(self.body)
        self._forget_global(index)
        if len(known) < _MOST_KNOWN:
            known[index] = stored
        return True

    # Memory

    def _place(self, value: Value) -> tuple[_Place, Union[Value, None], int]:
        """The place of an access, and the same as a root and a distance."""
        base = self._operand(value.args[0])
        _, offset, memory = value.imm
        root, distance = self._root(base)
        if root is None:
            return (memory, None, distance + offset), None, distance + offset
        return (memory, base, offset), root, distance + offset

    def _root(self, value: Value) -> tuple[Union[Value, None], int]:
        """The root of an address, which is the root plus a constant; ``None`` for a constant."""
        known = self.roots.get(value)
        if known is None:
            root, distance = value, 0
            for _ in range(_LONGEST_SUM):
                if root.op not in ("i32.add", "i64.add") or root.args[1].op not in ("i32.const", "i64.const"):
                    break
                distance += root.args[1].imm
                root = self._operand(root.args[0])
            known = (None, root.imm) if value is root and root.op in ("i32.const", "i64.const") else (root, distance)
            self.roots[value] = known
        return known

    def _load(self, value: Value, block: Block) -> Value | None:
        """The value that a load reads, if it is known."""
        place, root, distance = self._place(value)
        key = (place, value.op)
        content = self.known.memory.get(key)
        if content is None:
            if len(self.known.memory) < _MOST_KNOWN:
                self.known.memory[key] = _Content(value, None, root, distance, LOADS[value.op])
            return None
        if content.conversion is None:
            return content.value
        type: ValType = value.type  # type: ignore[assignment]
        args: tuple[Value, ...] = (content.value,)
        if content.conversion.endswith(".and"):
            mask = Value(f"{type}.const", type, (), (1 << 8 * content.width) - 1, value.offset, block)
            self.body.append(mask)
            args = (content.value, mask)
        made = Value(content.conversion, type, args, None, value.offset, block)
        self.body.append(made)
        self.known.memory[key] = content._replace(value=made, conversion=None)
        return made

    def _store(self, value: Value, dropped: set[int]) -> bool:
        """Records a store; drops it if the place already has the value."""
        place, root, distance = self._place(value)
        stored = self._operand(value.args[1])
        forwards = _FORWARDS[value.op]
        memory = self.known.memory
        for load, _ in forwards:
            content = memory.get((place, load))
            if content is not None and content.value is stored:
                return False
        width = STORES[value.op]
        if memory:
            modulus = 1 << 32 if value.args[0].type is ValType.I32 else 1 << 64
            imported = self.context.imported_memories
            self.known.memory = memory = {
                key: content
                for key, content in memory.items()
                if (
                    content.root is root
                    and key[0][0] == place[0]
                    and (content.distance - distance) % modulus >= width
                    and (distance - content.distance) % modulus >= content.width
                )
                or (key[0][0] != place[0] and max(key[0][0], place[0]) >= imported)
            }
        seen = (place, value.op)
        number = self.unseen.pop(seen, None)
        if number is not None:
            dropped.add(number)
        # The store may trap, unless the same place was written just before.
        if number is None:
            self.unseen.clear()
        self.unseen[seen] = len(self.body)
        if len(memory) < _MOST_KNOWN:
            for load, conversion in forwards:
                memory[place, load] = _Content(stored, conversion, root, distance, width)
        return True
