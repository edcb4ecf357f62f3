"""Values that change by the same number in each iteration: addresses of loads, and operands of a loop's test.

    b1(v1, v2):                                    Sums(loop).step(v3)     -> 8
      v3 = int.mul v1 4                            Sums(loop).loads(...)   -> [(v4, 8)]
      v4 = i32.load (2, 0, 0) v3                   Sums(loop).counter()    -> Counter(v1, 2, "ne", v5, v6)
      v5 = int.add v1 2                            group([(v4, 8)])        -> [Stream(v4, 8, [v4])]
      v7 = int.ne v5 v6
      branch v7 b1(v5, v4) b2

Changes are modulo 2^32: a reduction to as many bits or more changes nothing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from wasmz.ir.facts import EXCHANGED, INTEGER_CONSTANTS, OPPOSITES, OPS
from wasmz.ir.loops import Loop
from wasmz.ir.nodes import Block, Edge, Terminator, Value
from wasmz.ir.operations import EFFECTS, STREAMED_LOADS
from wasmz.passes.analysis.induction import REDUCTIONS, Form, Induction, Step, as_signed, combine, find_step
from wasmz.passes.analysis.intervals import MODULUS
from wasmz.passes.context import Context
from wasmz.types import ValType
from wasmz.wasm.instructions import Effects

_MODULUS = MODULUS["i32"]
DEEPEST_SUM = 8
_LONGEST_STEP = 1 << 16
_WRITING = frozenset(name for name, effects in EFFECTS.items() if effects & Effects.WRITES)
_MOST_STREAMS = 32
_MOST_STORES = 32
_MOST_CROSSINGS = 6


@dataclass(frozen=True, slots=True)
class Counter:
    """The number that a loop's test compares with a limit.

    Attributes:
        value: the number that changes.
        change: its change in an iteration.
        limit: the value it is compared with; ``None`` for zero.
        going_on: the comparison with the limit on which the loop goes on, such as ``int.ne``; ``None`` if the test is
            not at the end of an iteration, or if the iterations cannot be counted beforehand.
        param: the parameter that the value is, or becomes.
    """

    value: Value
    change: int
    limit: Value | None
    going_on: str | None
    param: Value | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """Loads that streams do before stores that come first in an iteration: correct if both access different bytes.

    If ``step`` is ``None``, an iteration adds the same to both addresses. Otherwise it adds ``step`` to those of the
    loads, and nothing to those of the stores.

    Attributes:
        load, store: one of the loads, and one of the stores.
        lowest, highest: if the address of this load minus that of this store is between them, bytes of a load and a
            store overlap in the first iteration.
    """

    load: Value
    store: Value
    lowest: int
    highest: int
    step: int | None


@dataclass(slots=True)
class Stream:
    """Loads of adjacent items: ``load`` is that of the first item, ``step`` the distance between two items."""

    load: Value
    step: int
    loads: list[Value]


class Sums(Induction):
    """The values of a loop that change regularly, after `represent`.

    Attributes:
        steps: how iterations make a parameter's next value, if they always add the same constant.
        crossings: pairs of the loads found with stores before them, to be tested when the loop is entered.
    """

    def __init__(self, loop: Loop, blocks: set[Block]) -> None:
        super().__init__(blocks)
        self.header: Block = loop.header
        self.latches: list[Block] = loop.latches
        self.backwards: list[Edge] = [
            edge for latch in loop.latches for edge in latch.terminator.edges if edge.block is loop.header
        ]
        self.steps: dict[Value, Step] = {}
        self.crossings: list[Crossing] = []
        for index, param in enumerate(loop.header.params):
            found = {edge.args[index] for edge in self.backwards}
            step = find_step(param, found.pop()) if len(found) == 1 else None
            if step is not None:
                self.steps[param] = step
                self.deltas[param] = Form(step.constant % _MODULUS, {})

    def step(self, value: Value) -> int | None:
        """The constant that each iteration adds to a value; 0 if it is unchanged; ``None`` if that is irregular."""
        if self.is_unchanged(value):
            return 0
        if not self.is_sum(value):
            return None
        change = self.change(self.form(value), _MODULUS)
        return None if change is None or change.terms else as_signed(change.constant, "i32")

    def is_unchanged(self, value: Value) -> bool:
        """Whether a value is the same in all iterations, and defined before the loop.

        Streams are made in SSA form: all reads of locals are of values from other loops (`passes/streams.py`).
        """
        return value.block not in self.inside or value.op in INTEGER_CONSTANTS or value.op == "local.get"

    def is_sum(self, value: Value, depth: int = 0) -> bool:
        """Whether a value can be computed for any iteration from the parameters in that iteration."""
        if self.is_unchanged(value) or value in self.steps:
            return True
        linear = value.op in REDUCTIONS or value.op in ("int.add", "int.sub", "int.mul", "int.shl")
        return linear and depth < DEEPEST_SUM and all(self.is_sum(arg, depth + 1) for arg in value.args)

    def counter(self) -> Counter | None:
        """The counter of the test that ends the loop."""
        for block in (*self.latches, self.header):
            terminator = block.terminator
            if terminator.op != "branch":
                continue
            condition = terminator.args[0]
            name = condition.op.removeprefix("int.")
            if name not in OPPOSITES:
                if change := self.step(condition):
                    return self._counter(terminator, condition, change, None, "ne")
                continue
            one, other = condition.args
            if (change := self.step(one)) and self.is_unchanged(other):
                return self._counter(terminator, one, change, other, name)
            if (change := self.step(other)) and self.is_unchanged(one):
                return self._counter(terminator, other, change, one, EXCHANGED[name])
        return None

    def _counter(self, terminator: Terminator, value: Value, change: int, limit: Value | None, name: str) -> Counter:
        if len(self.latches) != 1 or terminator is not self.latches[0].terminator:
            return Counter(value, change, limit, None, None)
        taken, otherwise = terminator.edges
        if taken.block is not self.header:
            name = OPPOSITES[name]
        param = None
        if otherwise.block is not taken.block:
            # Its representation does not change the count (see ``Rewriting._counted_safely``).
            counted = _unreduced(value)
            for candidate in self.steps:
                index = self.header.params.index(candidate)
                if counted is candidate or counted is _unreduced(self.backwards[0].args[index]):
                    param = candidate
        is_countable = name in ("ne", "lt", "le") if change > 0 else name in ("ne", "gt", "ge")
        return Counter(value, change, limit, name if is_countable and param is not None else None, param)

    def loads(self, context: Context, *, is_counted: bool) -> list[tuple[Value, int]]:
        """The loads of each iteration whose addresses change regularly, and which can be done at its start."""
        found: list[tuple[Value, int]] = []
        stores: list[Value] = []
        crossings: dict[tuple[object, ...], Crossing] = {}
        for value in self.header.body:
            if value.op in _WRITING:
                if not OPS[value.op].is_store or len(stores) == _MOST_STORES:
                    break
                stores.append(value)
            elif value.op in STREAMED_LOADS and value.uses and value.imm[2] < len(context.memory_types):
                memory = context.memory_types[value.imm[2]]
                change = self.step(value.args[0])
                if not change or abs(change) >= _LONGEST_STEP or memory.address_type is not ValType.I32:
                    continue
                if not memory.shared and self._crosses(value, stores, crossings, is_counted):
                    found.append((value, change))
                    if len(found) == _MOST_STREAMS:
                        break
        self.crossings = list(crossings.values())
        return found

    def _crosses(
        self, load: Value, stores: list[Value], crossings: dict[tuple[object, ...], Crossing], is_counted: bool
    ) -> bool:
        """Whether a load may come before the stores; adds what must be tested for that."""
        added: dict[tuple[object, ...], Crossing] = {}
        form, width = self._place(load), OPS[load.op].access
        change = self.step(load.args[0]) or 0
        for store in stores:
            if store.imm[2] != load.imm[2]:
                # Two imported memories may be the same.
                return False
            other, other_width = self._place(store), OPS[store.op].access
            distance = as_signed((form.constant - other.constant) % _MODULUS, "i32")
            if form.terms == other.terms:
                if -width < distance < other_width:
                    return False
                continue
            step: int | None = change * _scale(load)
            other_change = self.step(store.args[0])
            if other_change is None or (other_change and other_change * _scale(store) != step):
                return False
            if other_change:
                step = None
            elif not is_counted:
                return False
            key = (frozenset(form.terms.items()), frozenset(other.terms.items()), step)
            known = added.get(key) or crossings.get(key) or Crossing(load, store, 0, 0, step)
            # Relative to the known pair: all distances differ from its distance by constants.
            apart = self._place(known.load).constant - self._place(known.store).constant
            more = as_signed((distance - apart) % _MODULUS, "i32")
            lowest, highest = -width - more, other_width - more
            if known.lowest < known.highest:
                lowest, highest = min(lowest, known.lowest), max(highest, known.highest)
            if highest - lowest > _LONGEST_STEP:
                return False
            added[key] = Crossing(known.load, known.store, lowest, highest, step)
        if len({**crossings, **added}) > _MOST_CROSSINGS:
            return False
        crossings.update(added)
        return True

    def _place(self, access: Value) -> Form:
        """The address of the first byte that a load or store accesses."""
        _, offset, _, *more = access.imm
        added, scale = more or (0, 1)
        return combine(Form((offset + added) % _MODULUS, {}), self.form(access.args[0]), scale, _MODULUS)

    def saved_operations(self, loads: list[tuple[Value, int]]) -> int:
        """How many operations only the addresses of the loads need."""
        count = 0
        work = [load.args[0] for load, _ in loads]
        while work:
            value = work.pop()
            if value.uses == 1 and value.block in self.inside and value.args:
                count += 1
                work += value.args
        return count


def _scale(access: Value) -> int:
    """The number of bytes by which an index is multiplied."""
    return access.imm[4] if len(access.imm) > 3 else 1


def _unreduced(value: Value) -> Value:
    while value.op in REDUCTIONS and value.imm >= 32:
        value = value.args[0]
    return value


def group(loads: list[tuple[Value, int]]) -> list[Stream]:
    """The streams for loads: unrolled loops read several items of a stream in an iteration."""
    groups: dict[tuple[str, int, int, Value, int], list[tuple[int, Value]]] = {}
    for load, change in loads:
        _, offset, memory, *more = load.imm
        added, scale = more or (0, 1)
        # Whether an address may need reducing does not matter: those of streams are in bounds.
        op = load.op.removesuffix(".loose")
        groups.setdefault((op, memory, scale, load.args[0], change), []).append((offset + added, load))
    streams = []
    for (_, _, scale, _, change), members in groups.items():
        members.sort(key=lambda member: member[0], reverse=change < 0)
        step, rest = divmod(change, len(members))
        is_run = not rest and all(after[0] - before[0] == step * scale for before, after in itertools.pairwise(members))
        if is_run:
            streams.append(Stream(members[0][1], step, [load for _, load in members]))
        else:
            streams += [Stream(load, change, [load]) for _, load in members]
    return streams
