"""Counts calls and loop iterations, and leaves for better code (docs/abi.md, "Tiers").

At its start and at the header of each loop, code takes an item of its counter, and of the fuel if that is limited:

    LOAD_GLOBAL h5; FOR_ITER cold; POP_TOP; POP_TOP

    cold: tier_request(5, loop, rounds) -> None: go on; a function: call it with the locals and the operand stack
"""

from __future__ import annotations

from wasmz.baseline.draft import Draft, Jump, Label
from wasmz.codegen.targets.base import ALWAYS, AT_END, IF_TRUE
from wasmz.runtime import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    # The loop's number, the labels for an exhausted counter and for going on, the number of operands on the stack.
    _Loop = tuple[int, Label, Label, int]
    # The loop's label (None: the function's start), the code's place in the draft, its jump, the label after it.
    _Fuel = tuple[Label | None, int, Jump, Label]

# About how many of the parts between branches a call or an iteration runs, if there are more.
_PARTS: Final = 6


def estimate(size: int, branches: int) -> int:
    """About how much of code with the given size and number of branches runs at a time.

    It is exact for code without branches. Interpreters, which run 30 of 20,000 values in an iteration, have very many
    branches.
    """
    return size if branches < _PARTS else size * _PARTS // (branches + 1)


class Requests:
    """The counting code of one function.

    Attributes:
        loop_count: the number of loops so far, including those in dead code.
        costs: how much runs between two counts, see ``FunctionCode``; set when all code has been emitted.
        validated: the function's instructions, if it was validated because of dead code in it.
    """

    def __init__(self, index: int, place: int, params: int, locals: int, *, uses_fuel: bool) -> None:
        self.index: int = index
        self.place: int = place
        self.params: int = params
        self.locals: int = locals
        self.uses_fuel: bool = uses_fuel
        self.loop_count: int = 0
        self.costs: tuple[int, ...] = ()
        self.validated: list[Any] | None = None
        self._loops: list[_Loop] = []
        # For each loop: its number, and the index of its header's mark.
        self._headers: list[tuple[int, int]] = []
        self._fuel: list[_Fuel] = []
        # Two fast locals after the others: how often the counter was exhausted in this call, and the answer.
        self.rounds: int = locals
        self.answer: int = locals + 1

    def begin(self, draft: Draft) -> int:
        """Counts a call; returns the floor."""
        return self._count(draft, abi.AT_START, 0, None)

    def add(self, draft: Draft, loop: Label, operands: int) -> int:
        """Counts an iteration of a loop, at its header, where ``operands`` are on the stack."""
        self._headers.append((self.loop_count, len(draft.marks) - 1))
        self.loop_count += 1
        return self._count(draft, self.loop_count - 1, operands, loop)

    def _count(self, draft: Draft, number: int, operands: int, loop: Label | None) -> int:
        target = draft.target
        ended, back = Label(), Label()
        draft.out += (draft.load_global(abi.counter(self.index)), target.begin_iteration)
        draft.jump(ended, AT_END)
        draft.out += (target.pop, target.drop_iterator)
        draft.put(back)
        self._loops.append((number, ended, back, operands))
        if self.uses_fuel:
            begin = len(draft.out)
            draft.out += (draft.load_global(abi.FUEL), target.begin_iteration)
            draft.jump(Label(), AT_END)
            jump = draft.marks[-1]
            draft.out += (target.pop, target.drop_iterator)
            after = Label()
            draft.put(after)
            self._fuel.append((loop, begin, jump, after))  # type: ignore[arg-type]
        return len(draft.out)

    @property
    def has_loops(self) -> bool:
        """Whether loops are counted."""
        return len(self._loops) > 1

    def finish(self, draft: Draft, size: int) -> None:
        """Emits the code that exhausted counters jump to; ``size`` is the function's."""
        self.costs = self._find_costs(draft, size)
        out, target = draft.out, draft.target
        without_fuel = self._place_fuel(draft)
        leaving: dict[int, Label] = {}
        for number, ended, back, operands in self._loops:
            draft.put(ended)
            self._request(draft, number)
            draft.jump(back, IF_TRUE)
            if number == abi.AT_START:
                self._leave(draft, self.params, 0)
            else:
                draft.store_operands(operands)
                draft.jump(leaving.setdefault(operands, Label()))
        for operands, label in leaving.items():
            draft.put(label)
            self._leave(draft, self.locals, operands)
        for label, after in without_fuel:
            draft.put(label)
            out.append(target.after_end)
            draft.mark(self.place)
            out += (draft.load_callee(abi.MORE_FUEL), target.call(0), target.pop)
            draft.jump(after)

    def _find_costs(self, draft: Draft, size: int) -> tuple[int, ...]:
        pieces = len(draft.out)
        if not self._headers:
            return (estimate(size, draft.count_jumps()),)
        marks, places = draft.marks, draft.mark_places
        # For each header, the last jump to it, which ends the loop; and the number of jumps up to each mark.
        ends = {marks[place]: place for _, place in self._headers}
        jumps = []
        count = 0
        for place, mark in enumerate(marks):
            if mark.__class__ is Jump:
                count += 1
                if mark.label in ends:
                    ends[mark.label] = place
            jumps.append(count)
        # The size of the function and of each loop without its inner loops: pieces of code, and jumps.
        counts = [[0, 0] for _ in range(self.loop_count + 1)]
        counts[-1] = [pieces, count]
        # The loops that are open where another begins.
        around = [(-1, len(marks))]
        for number, start in self._headers:
            end = ends[marks[start]]
            while around[-1][1] <= start:
                around.pop()
            parent, own = counts[around[-1][0]], counts[number]
            for kind, inside in enumerate((places[end] - places[start], jumps[end] - jumps[start])):
                own[kind] += inside
                parent[kind] -= inside
            around.append((number, end))
        return tuple([estimate(count * size // pieces, branches) for count, branches in counts])

    def _place_fuel(self, draft: Draft) -> list[tuple[Label, Label]]:
        """For each place that takes fuel: the label for an exhausted iterator, and the label for going on.

        Loops that nothing repeats take none, as in the pipeline (`irbuild/fuel.py`).
        """
        if not self._fuel:
            return []
        repeated = draft.repeated()
        labels = []
        for loop, begin, jump, after in self._fuel:
            if loop is None or loop in repeated:
                labels.append((jump.label, after))
            else:
                draft.out[begin : begin + 5] = [b""] * 5
                jump.label, jump.when = after, ALWAYS
        return labels

    def _request(self, draft: Draft, number: int) -> None:
        """Asks for better code; pushes whether there is none."""
        out, target = draft.out, draft.target
        out.append(target.after_end)
        draft.mark(self.place)
        out += (draft.load_callee(abi.REQUEST), draft.constant(self.index), draft.constant(number))
        if number == abi.AT_START:
            out += (draft.constant(0), target.call(3), target.stores[self.answer])
        else:
            load, store = target.loads[self.rounds], target.stores[self.rounds]
            out += (
                load,
                target.call(3),
                target.stores[self.answer],
                load,
                draft.constant(1),
                target.binary("+"),
                store,
            )
        out += (target.loads[self.answer], draft.none(), target.is_operator)

    def _leave(self, draft: Draft, locals: int, operands: int) -> None:
        """Calls the answer with locals and operands, which are in temporaries, and returns its results."""
        out, target = draft.out, draft.target
        out += (target.before_callee, target.loads[self.answer], target.after_callee, *target.loads[:locals])
        draft.load_operands(operands)
        draft.mark(self.place)
        out += (target.call(locals + operands), target.return_value)
        draft.end()
