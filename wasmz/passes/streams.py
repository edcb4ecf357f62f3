"""Makes Python's iterators do the loads of a loop whose addresses advance by a constant step in each iteration.

    b0:                                          b0:
      jump b1(v0, v1)                              ...                       enough iterations? addresses in bounds?
    b1(v3: i32, v4: i32):                          branch v9 b2 b1(v0, v1)
      v5 = i32.load8_u (0, 0, 0) v3              b2:
      v6 = int.add v4 v5                           v11 = memory.hold 0
      v7 = int.add v3 1                            v12 = memory.stream ('i32.load8_u', (0, 0, 0), 1) v0 v10
      v8 = int.lt v7 v2                            jump b3(v1)
      branch v8 b1(v7, v6) b9(v6)                b3(v14: i32):
                                          ->       next v12 v11 b4 b5
                                                 b4:
                                                   stream.items 1
                                                   v15 = stream.item 0
                                                   v16 = int.add v14 v15
                                                   jump b3(v16)
                                                 b5:
                                                   stream.end
                                                   jump b9(v14)
                                                 b1(v3: i32, v4: i32):                as before

A stream is an iterator over a slice of a view, so each item is read when its iteration begins, and never out of bounds.
Several streams are combined by `zip`. An item costs 5 to 12 ns, a load 17 to 30. The sum that makes the address is not
needed, nor are the loop's counter and its test: the streams end when the loop does.

If the iterations cannot be counted beforehand, the test stays, and streams continue to the end of memory (or,
downwards, to its start). When they end, the loop itself goes on with the same iteration, and traps if that iteration
traps.

All items are read when an iteration begins. So streams replace a load after a store only if the two access different
bytes in each iteration: because their addresses differ by a constant, or by a test when the loop is entered. What
earlier iterations stored is read correctly.

Addresses need only be sums of the loop's counters modulo 2^32, however they are reduced: as long as a stream has
items, its address is in memory, so the two are equal.
"""

from __future__ import annotations

from itertools import chain

from wasmz.ir.analyses import loop_forest
from wasmz.ir.edit import distinct_edges, incoming_edges
from wasmz.ir.facts import NUMERIC_CONSTANTS as CONSTANTS
from wasmz.ir.loops import Loop
from wasmz.ir.nodes import BOOL, Block, Function, Value, count_uses
from wasmz.ir.operations import BULK_MEMORIES, EFFECTS
from wasmz.passes import dead, ssa
from wasmz.passes.context import Context
from wasmz.passes.loops.stream_rewriting import Plan, Rewriting
from wasmz.passes.loops.sums import Sums, group
from wasmz.wasm.instructions import Effects

# In ns: what an iteration saves by an item, by an operation of an address that is no longer needed, and by a counter if
# iterations are counted beforehand; what several streams cost an iteration; what it costs to set up a stream, a
# counter, and to compare loads with stores.
_SAVED_BY_ITEM = 8
_SAVED_BY_OPERATION = 14
_SAVED_BY_COUNTER = 12
_COST_OF_ITERATION = 4
_COST_OF_STREAM = 340
_COST_OF_COUNTER = 60
_COST_OF_CROSSING = 70
# A stream version must save a little more than it costs, within this many iterations.
_MARGIN = 1.25
_MOST_ITERATIONS_NEEDED = 40

# The largest loop, in values: both versions stay in the code.
_MOST_VALUES = 400

_LASTING = frozenset(name for name, effects in EFFECTS.items() if effects & (Effects.CALLS | Effects.CONTROL))
_ENDS = frozenset({"jump", "branch", "switch", "return", "unreachable"})


def run(function: Function, context: Context) -> None:
    """Inserts a version that reads from streams before each loop that benefits."""
    if not function.is_represented:
        return
    forest = loop_forest(function)
    if not forest.loops:
        return
    simple = [loop for loop in forest.loops if not loop.children and _is_simple(loop)]
    if not simple:
        return
    count_uses(function)
    plans = [plan for loop in simple if (plan := _plan(loop, context)) is not None]
    if not plans:
        return
    incoming = incoming_edges(function)
    plans = [plan for plan in plans if not any(_has_bulk(source) for source, _ in incoming[plan.loop.header])]
    plans = _without_conditions(function, plans)
    rewritings = []
    for plan in plans:
        before = forest.preheader(function, plan.loop, incoming[plan.loop.header])
        rewriting = Rewriting(function, plan, before)
        if rewriting.is_worthwhile():
            rewritings.append(rewriting)
    if not rewritings:
        return
    has_locals = _keep_in_locals(function, rewritings)
    for rewriting in rewritings:
        rewriting.run()
    if has_locals:
        ssa.construct(function)
    dead.run(function, context)


def _has_bulk(block: Block) -> bool:
    """Whether the block does most iterations of the following loop at once (see `idioms.py`).

    Those on arrays do not count: without numpy, they do none.
    """
    return any(value.op in BULK_MEMORIES and value.op != "memory.array_rounds" for value in block.body)


def _is_simple(loop: Loop) -> bool:
    """Whether a loop is small, and calls nothing."""
    blocks = loop.own_blocks
    if any(block.terminator.op not in _ENDS for block in blocks):
        return False
    if sum([len(block.body) for block in blocks]) > _MOST_VALUES:
        return False
    lasting = _LASTING
    for block in blocks:
        for value in block.body:
            if value.op in lasting:
                return False
    return True


def _plan(loop: Loop, context: Context) -> Plan | None:
    blocks = set(loop.own_blocks)
    sums = Sums(loop, blocks)
    counter = sums.counter()
    loads = [] if counter is None else sums.loads(context, is_counted=counter.going_on is not None)
    if counter is None or not loads:
        return None
    saved = _SAVED_BY_ITEM * len(loads) + _SAVED_BY_OPERATION * sums.saved_operations(loads)
    saved -= _COST_OF_ITERATION if len(loads) > 1 else 0
    streams = group(loads)
    cost = _COST_OF_STREAM * len(streams) + _COST_OF_CROSSING * len(sums.crossings)
    if counter.going_on is not None:
        saved += _SAVED_BY_COUNTER * len(sums.steps)
        cost += _COST_OF_COUNTER * len(sums.steps)
    iterations = int(_MARGIN * cost / saved) + 1
    return Plan(loop, blocks, sums, streams, counter, iterations) if iterations <= _MOST_ITERATIONS_NEEDED else None


def _without_conditions(function: Function, plans: list[Plan]) -> list[Plan]:
    """The plans for loops without conditions that are tested after them: locals cannot hold conditions."""
    plan_of = {block: plan for plan in plans for block in plan.blocks}
    refused = set()
    for block in function.blocks:
        own = plan_of.get(block)
        used = [value.args for value in block.body]
        used += [block.terminator.args, *(edge.args for edge in block.terminator.edges)]
        for arg in chain.from_iterable(used):
            plan = plan_of.get(arg.block) if arg.type is BOOL else None
            if plan is not None and plan is not own:
                refused.add(plan)
    return [plan for plan in plans if plan not in refused]


def _keep_in_locals(function: Function, rewritings: list[Rewriting]) -> bool:
    """Gives locals to values of the loops that later code uses, as either version may make them. ``False`` if none is
    used.

    Values in plans, for the code before loops, are such uses, too.
    """
    plan_of = {block: rewriting.plan for rewriting in rewritings for block in rewriting.plan.blocks}
    numbers: dict[Value, int] = {}

    def find(arg: Value, block: Block, read: dict[Value, Value]) -> Value:
        plan = plan_of.get(arg.block)
        if plan is None or plan is plan_of.get(block):
            return arg
        if arg not in read:
            if arg.op in CONSTANTS:
                read[arg] = Value(arg.op, arg.type, (), arg.imm, arg.offset, block)
                return read[arg]
            if arg not in numbers:
                numbers[arg] = plan.locals[arg] = len(function.locals)
                function.locals.append(arg.type)  # type: ignore[arg-type]
            read[arg] = Value("local.get", arg.type, (), numbers[arg], arg.offset, block)
        return read[arg]

    for block in function.blocks:
        read: dict[Value, Value] = {}
        for value in block.body:
            value.args = tuple([find(arg, block, read) for arg in value.args])
        terminator = block.terminator
        terminator.args = tuple([find(arg, block, read) for arg in terminator.args])
        for edge in distinct_edges(terminator):
            edge.args = tuple([find(arg, block, read) for arg in edge.args])
        if read:
            place = 1 if block.body and block.body[0].op == "exn.caught" else 0
            block.body[place:place] = read.values()
    for rewriting in rewritings:
        if (limit := rewriting.noted_limit()) is not None:
            read = {}
            rewriting.set_limit(find(limit, rewriting.before, read))
            rewriting.before.body += read.values()
    for value, number in numbers.items():
        body = value.block.body
        write = Value("local.set", None, (value,), number, value.offset, value.block)
        body.insert(0 if value.op == "param" else body.index(value) + 1, write)
    return bool(numbers)
