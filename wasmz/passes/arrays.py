"""Makes numpy do many iterations of a loop at once, if it computes with arrays.

    b0:                                      b0:
      jump b1(v0, v2)                          v9 = i32.shr_u v8 3          iterations after which it goes on
    b1(v1: i32, v3: f64):                      v10 = i32.ge_u v9 40
      v4 = f64.load (3, 0, 0) v1      ->       branch v10 b2 b1(v0, v2)
      v5 = f64.add v3 v4                     b2:
      v6 = i32.add v1 8                        v11 = memory.array_rounds (0, 1, 'def ...') v9 v0 v2
      v7 = i32.ne v6 v20                       v12 = project 0 v11          how many it did
      branch v7 b1(v6, v5) b3                  v13 = project 1 v11          the sum so far
                                               v14 = i32.shl v12 3
                                               v15 = i32.add v0 v14
                                               jump b1(v15, v13)
                                             b1(v1: i32, v3: f64):          as before

The operation does only iterations that are wholly in bounds and after which the loop goes on, as in `idioms.py`. So
traps, and all values used after the loop, come from the loop's own code. Results equal those of the loop to the last
bit: sums of floats are computed in order, and pieces that contain NaNs are left to the loop.

`loops/array_nodes.py` decides what can be done so; `loops/array_text.py` writes the function.
"""

from __future__ import annotations

from wasmz.ir.analyses import loop_forest
from wasmz.ir.edit import incoming_edges
from wasmz.ir.loops import Loop
from wasmz.ir.nodes import Block, Edge, Function, Value
from wasmz.ir.operations import BULK_MEMORIES
from wasmz.passes.context import Context
from wasmz.passes.loops.array_nodes import ArrayLoop, NotPossible
from wasmz.passes.loops.array_text import ArrayText
from wasmz.passes.loops.forms import RegularLoop, find_regular_loop
from wasmz.passes.loops.matching import Gap, find_gaps
from wasmz.passes.loops.rounds import RoundsBefore
from wasmz.types import ValType

# Longer loops are left out: they were unrolled instead of vectorised.
_MOST_VALUES = 1000


def run(function: Function, context: Context) -> None:
    """Puts operations before loops."""
    if not function.is_ssa or function.is_represented:
        return
    forest = loop_forest(function)
    loops = [loop for loop in forest.loops if not loop.children]
    if not loops:
        return
    incoming = incoming_edges(function)
    for loop in loops:
        if any(value.op in BULK_MEMORIES for source, _ in incoming[loop.header] for value in source.body):
            context.remark(function, loop.header, "at once (idioms)")
            continue
        try:
            regular, gaps = _regular(loop)
            arrays = ArrayLoop(regular, context)
            text = ArrayText(arrays)
        except NotPossible as reason:
            context.remark(function, loop.header, f"not on arrays: {reason}")
            continue
        before = forest.preheader(function, loop, incoming[loop.header])
        rewriting = _Rewriting(function, before, regular, gaps, text.fewest)
        if rewriting.run(arrays, text, incoming[loop.header]):
            context.remark(function, loop.header, f"on arrays, from {text.fewest} iterations on")
        else:
            context.remark(function, loop.header, "not on arrays: it has few iterations")


def _regular(loop: Loop) -> tuple[RegularLoop, list[Gap]]:
    regular = find_regular_loop(loop, _MOST_VALUES)
    if regular is None:
        raise NotPossible("it takes different paths, or is long")
    if regular.units > 1:
        raise NotPossible("an iteration takes several units of fuel")
    gaps = find_gaps(regular)
    if not gaps:
        raise NotPossible("its iterations cannot be counted beforehand")
    return regular, gaps


class _Rewriting(RoundsBefore):
    """Inserts the operation before a loop."""

    totals: dict[Value, Value]

    def run(self, arrays: ArrayLoop, text: ArrayText, incoming: list[tuple[Block, Edge]]) -> bool:
        """Rewrites the function, and updates the edges into the loop; does nothing if there are few iterations."""
        if any(self.is_short(gap) for gap in self.gaps):
            return False
        count = self.limited(self.count())
        operands = [count]
        for group in arrays.groups:
            operands.append(self.form(group.base, ValType.I32))
            if group.step.terms:
                operands.append(self.form(group.step, ValType.I32))
        for name, form, change in arrays.linear:
            type = ValType.I32 if name == "i32" else ValType.I64
            operands.append(self.form(form, type))
            if change.terms:
                operands.append(self.form(change, type))
        operands += [self.value(given) for given in arrays.given]
        carried = [total.param for total in arrays.totals] + [delayed.param for delayed in arrays.delayed]
        operands += [self.first[param] for param in carried]
        self.function.gap_memories.add(-1)
        types = (ValType.I32, *(param.type for param in carried))
        imm = (arrays.memory, len(carried), text.text)
        done = self.add("memory.array_rounds", types if carried else ValType.I32, *operands, imm=imm)  # type: ignore[arg-type]
        self.totals = {}
        if carried:
            whole = done
            done = self.add("project", ValType.I32, whole, imm=0)
            for number, param in enumerate(carried):
                self.totals[param] = self.add("project", param.type, whole, imm=number + 1)
        self.reenter(done, incoming)
        return True

    def summed(self, param: Value, old: Value, done: Value) -> Value:
        return self.totals[param]
