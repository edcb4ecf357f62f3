"""What is known of integers: for each value an interval as an unsigned and one as a signed number.

    v1 = i32.load8_u v0      0..255
    v2 = i32.const -4        4294967292, or -4
    v3 = i32.add v1 v2       unsigned: anything; signed: -4..251
    branch (i32.lt_u v1 v4)  where it is taken: v1 at most 254, v4 at least 1
    v5 = i32.load v6         v6 at most the largest memory, from here on

The analysis walks the dominator tree. What a condition or a memory access tells holds below it in the tree, and is
taken back on the way up. Parameters of loop headers start with what enters the loop, and are widened to the next of a
few thresholds while the loop adds to them; in the end one round tries whether less suffices.
"""

from __future__ import annotations

from collections.abc import Callable

from wasmz.ir.dominators import immediate_dominators, reverse_postorder
from wasmz.ir.edit import distinct_edges
from wasmz.ir.nodes import Block, Edge, Function, Value
from wasmz.passes.analysis.induction import find_step
from wasmz.passes.context import Context, largest_size
from wasmz.passes.intervals import (
    FULL,
    HALF,
    MODULUS,
    NUMBER_TYPES,
    Fact,
    from_unsigned,
    join,
    make_fact,
    widen,
    within,
)
from wasmz.passes.transfer import COMPARISONS, FIXED, TRANSFER, known_zeros
from wasmz.types import MEMORY32_LIMIT_BYTES, ValType
from wasmz.wasm.instructions import BY_NAME

_MOST_ROUNDS = 12

ACCESS_WIDTHS = {
    name: row.access.width
    for name, row in BY_NAME.items()
    if row.access is not None and (".load" in name or ".store" in name) and "lane" not in name
}


class RangeAnalysis:
    """Facts of all integers of a function in SSA form.

    After :meth:`solve`, :meth:`walk` visits all blocks once more, with :attr:`facts` as they are at each place.

    Attributes:
        facts: what is known of each integer at the place that the walk is at.
        param_facts: what the last walk found of blocks' parameters.
        parameter_bounds: upper bounds of the function's parameters that callers keep to.
    """

    def __init__(self, function: Function, context: Context) -> None:
        self.function = function
        # The largest size in bytes that each memory may have.
        self.memory_limits = [largest_size(type) for type in context.memory_types]
        self.facts: dict[Value, Fact] = {}
        self.param_facts: dict[Value, Fact] = {}
        self.parameter_bounds = function.parameter_bounds
        self.order = reverse_postorder(function)
        self.position = {block: number for number, block in enumerate(self.order)}
        above = immediate_dominators(function)
        self.children: dict[Block, list[Block]] = {block: [] for block in self.order}
        for block in self.order[1:]:
            self.children[above[block]].append(block)  # type: ignore[index]
        self.way_counts = dict.fromkeys(self.order, 0)
        self.back_edges: dict[Block, list[tuple[Block, Edge]]] = {}
        self._entries: dict[Block, list[Edge]] = {}
        for block in self.order:
            for edge in distinct_edges(block.terminator):
                self.way_counts[edge.block] += 1
                if self.position[edge.block] <= self.position[block]:
                    self.back_edges.setdefault(edge.block, []).append((block, edge))
                else:
                    self._entries.setdefault(edge.block, []).append(edge)
        # What the edges that were walked so far bring in; for back edges, what the round before found.
        self.entering: dict[Value, Fact] = {}
        self.returning: dict[Value, Fact] = {}
        self.assumed: dict[Value, Fact] = {}
        self.limits: dict[Value, tuple[int, int, int, Value | None]] = {}
        self.inductions: dict[Block, list[tuple[Value, str, int]]] = {}
        self.countdowns: dict[Value, int] = {}
        # Counter that does not wrap -> its first value, whether as a signed number, its step, all counters of the loop.
        self._families: dict[Value, tuple[int, bool, int, list[tuple[Value, str, int]]]] = {}
        self._refining_family = False
        self._thresholds: dict[Value, list[Value]] = {}
        # Block -> the condition under which its last way in is taken.
        self._source: dict[Block, tuple[Value | None, bool]] = {}
        self._undo: list[tuple[Value, Fact | None]] = []
        self._other_uses: dict[Value, int] = {}
        self._accessed: set[Value] = set()

    def solve(self) -> None:
        """Finds facts that hold on all ways through the loops."""
        visit = lambda block: False  # noqa: E731
        if not self.back_edges:
            self.walk(visit)
            return
        for header, edges in self.back_edges.items():
            self._find_inductions(header, edges)
            self._find_counters(header, edges)
        self._find_thresholds()
        for attempt in range(_MOST_ROUNDS):
            self.returning = {}
            self.walk(visit)
            grown = self._grow(give_up=attempt >= _MOST_ROUNDS - 2)
            if not grown:
                break
        self._narrow(visit)

    def _grow(self, *, give_up: bool) -> bool:
        """Widens the assumptions about headers that do not hold; whether there were any."""
        grown = False
        for header in self.back_edges:
            for param in header.params:
                type = NUMBER_TYPES.get(param.type)
                found = self.returning.get(param)
                if type is None or found is None:
                    continue
                assumed = self.assumed[param]
                if not within(found, assumed):
                    grown = True
                    self.assumed[param] = (
                        FULL[type] if give_up else widen(type, assumed, join(assumed, found), self._limits_of(param))
                    )
        return grown

    def _find_inductions(self, header: Block, back: list[tuple[Block, Edge]]) -> None:
        """Parameters that each round of the loop adds the same constant to."""
        found = []
        for index, param in enumerate(header.params):
            type = NUMBER_TYPES.get(param.type)
            args = {edge.args[index] for _, edge in back}
            if type is not None and len(args) == 1:
                step = find_step(param, args.pop())
                if step is not None and 0 < abs(step.constant) < 1 << 24:
                    found.append((param, type, step.constant))
        if len(found) > 1:
            self.inductions[header] = found

    def _bound_inductions(self, inductions: list[tuple[Value, str, int]]) -> None:
        """A counter that stays within bounds, without wrapping, bounds the rounds, and so all others of its loop.

        This is sound though each may be assumed because of the other: as far as the assumptions hold in one round, the
        counter has moved on by its step, and so there were no more rounds than that.
        """
        rounds = -1
        for param, type, step in inductions:
            ul, uh, sl, sh = self.facts[param]
            self._families.pop(param, None)
            is_signed = False
            if uh + step < MODULUS[type] and ul + step >= 0:
                count = (uh - ul) // abs(step)
            elif sh + step < HALF[type] and sl + step >= -HALF[type]:
                count = (sh - sl) // abs(step)
                is_signed = True
            else:
                continue
            first = self.entering.get(param)
            if first is not None and first[0] == first[1]:
                self._families[param] = (first[2] if is_signed else first[0], is_signed, step, inductions)
            rounds = count if rounds < 0 or count < rounds else rounds
        if rounds < 0:
            return
        for param, type, step in inductions:
            first = self.entering.get(param)
            if first is None:
                continue
            low, high = min(0, step * rounds), max(0, step * rounds)
            ul, uh, sl, sh = self.facts[param]
            if first[0] + low >= 0 and first[1] + high < MODULUS[type]:
                ul, uh = max(ul, first[0] + low), min(uh, first[1] + high)
            if first[2] + low >= -HALF[type] and first[3] + high < HALF[type]:
                sl, sh = max(sl, first[2] + low), min(sh, first[3] + high)
            if ul <= uh and sl <= sh:
                self.facts[param] = self.param_facts[param] = make_fact(type, ul, uh, sl, sh)

    def _find_thresholds(self) -> None:
        """What counters are compared with: likely limits of their growth."""
        headers = self.back_edges
        for block in self.order:
            for value in block.body:
                if value.op in COMPARISONS:
                    first, second = value.args
                    for counter, limit in ((first, second), (second, first)):
                        if counter.op in _STEPS and counter.args[1].op.endswith(".const"):
                            counter = counter.args[0]
                        if counter.op == "param" and counter.block in headers:
                            self._thresholds.setdefault(counter, []).append(limit)

    def _now(self, value: Value) -> Fact:
        """What is known of a value, its operands as they are known here: that may be more than at its definition."""
        rule = TRANSFER.get(value.op)
        known = self.fact(value)
        if rule is None or value.op.endswith(".const"):
            return known
        found = rule(value, [self.fact(arg) for arg in value.args])
        ul, uh = max(known[0], found[0]), min(known[1], found[1])
        sl, sh = max(known[2], found[2]), min(known[3], found[3])
        return (ul, uh, sl, sh) if ul <= uh and sl <= sh else known

    def _limits_of(self, param: Value) -> list[int]:
        limits: list[int] = []
        for limit in self._thresholds.get(param, ()):
            fact = self.fact(limit)
            limits += (fact[1] - 1, fact[1], fact[3] - 1, fact[3])
        return limits

    def _narrow(self, visit: Callable[[Block], bool]) -> None:
        """Assumes no more than what enters and returns; keeps that only if it is enough, as one round shows."""
        wide = self.assumed
        narrow = {}
        for param, fact in wide.items():
            entering = self.entering.get(param)
            found = self.returning.get(param)
            narrow[param] = fact if entering is None else entering if found is None else join(entering, found)
        if narrow == wide:
            return
        self.assumed = narrow
        self.returning = {}
        self.walk(visit)
        if any(not within(found, narrow[param]) for param, found in self.returning.items() if param in narrow):
            self.assumed = wide
            self.walk(visit)

    def walk(self, visit: Callable[[Block], bool]) -> None:
        """Goes through all blocks, each after those that dominate it.

        ``visit(block)`` is called with the facts as at the block's start. It returns whether it has called
        :meth:`transfer` for each value in turn; otherwise that is done for it.
        """
        self.facts.clear()
        self.entering = {}
        undo = self._undo
        undo.clear()
        work: list[tuple[Block, int]] = [(self.order[0], -1)]
        while work:
            block, mark = work.pop()
            if mark >= 0:
                self.take_back(mark)
                continue
            work.append((block, len(undo)))
            self._enter(block)
            if not visit(block):
                transfer = self.transfer
                for value in block.body:
                    transfer(value)
            self._leave(block)
            for child in reversed(self.children[block]):
                work.append((child, -1))

    def suppose(self, condition: Value, truth: bool) -> int:
        """Takes a condition for true or false until :meth:`take_back` is called with the result."""
        mark = len(self._undo)
        self.assume(condition, truth)
        return mark

    def take_back(self, mark: int) -> None:
        """Forgets what was supposed since."""
        undo, facts = self._undo, self.facts
        while len(undo) > mark:
            value, fact = undo.pop()
            if fact is None:
                facts.pop(value, None)
            else:
                facts[value] = fact

    def _enter(self, block: Block) -> None:
        facts = self.facts
        is_header = block in self.back_edges
        for param in block.params:
            type = NUMBER_TYPES.get(param.type)
            if type is None:
                continue
            fact = self.entering.get(param, FULL[type])
            if is_header:
                limit = self.limits.get(param)
                assumed = self.assumed.get(param)
                if assumed is None or not within(fact, assumed):
                    self.assumed[param] = fact = fact if assumed is None else join(fact, assumed)
                else:
                    fact = assumed
                if limit is not None:
                    fact = self._count(type, param, fact, *limit)
                countdown = self.countdowns.get(param)
                first = self.entering.get(param)
                if countdown is not None and first is not None and first[0] >= countdown:
                    fact = make_fact(type, countdown, min(fact[1], first[1]), fact[2], fact[3])
            facts[param] = self.param_facts[param] = fact
        if is_header and block in self.inductions:
            self._bound_inductions(self.inductions[block])
        # A block with a single way in knows why it was entered.
        if self.way_counts[block] == 1:
            source, truth = self._source.get(block, (None, False))
            if source is not None:
                self.assume(source, truth)

    def _leave(self, block: Block) -> None:
        """Passes the facts of the arguments on, along each edge."""
        terminator = block.terminator
        edges = terminator.edges
        if not edges:
            return
        if terminator.op == "branch":
            condition = terminator.args[0]
            for edge, truth in zip(edges, (True, False), strict=True):
                self._source[edge.block] = (condition, truth)
                if edge.args:
                    mark = len(self._undo)
                    self.assume(condition, truth)
                    self._pass(block, edge, is_refined=len(self._undo) > mark)
                    self.take_back(mark)
        else:
            for edge in distinct_edges(terminator):
                if edge.args:
                    self._pass(block, edge)

    def _pass(self, block: Block, edge: Edge, *, is_refined: bool = False) -> None:
        is_back = self.position[edge.block] <= self.position[block]
        incoming = self.returning if is_back else self.entering
        for param, arg in zip(edge.block.params, edge.args, strict=True):
            type = NUMBER_TYPES.get(param.type)
            if type is not None:
                fact = self._now(arg) if is_back or is_refined else self.fact(arg)
                known = incoming.get(param)
                incoming[param] = fact if known is None else join(known, fact)

    def fact(self, value: Value) -> Fact:
        """What is known of a value here."""
        found = self.facts.get(value)
        if found is None:
            op = value.op
            if op == "i32.const" or op == "i64.const":
                found = from_unsigned(op[:3], value.imm, value.imm)
                self.facts[value] = found
            else:
                found = FULL.get(NUMBER_TYPES.get(value.type, "i32"), FULL["i32"])
        return found

    def transfer(self, value: Value) -> None:
        """Finds the fact of a value of the body, and what its evaluation tells about its operands."""
        op = value.op
        rule = TRANSFER.get(op)
        facts = self.facts
        if rule is not None:
            operands = []
            for arg in value.args:
                known = facts.get(arg)
                operands.append(known if known is not None else self.fact(arg))
            facts[value] = rule(value, operands)
            return
        if op == "local.get":
            bound = self.parameter_bounds.get(value.imm)
            if bound is not None and value.type in NUMBER_TYPES:
                self.facts[value] = from_unsigned(NUMBER_TYPES[value.type], 0, bound)
            return
        fixed = FIXED.get(op)
        if fixed is not None:
            self.facts[value] = fixed
        if op in ACCESS_WIDTHS:
            address = value.args[0]
            if address.type is ValType.I32:
                memory = value.imm[2]
                limits = self.memory_limits
                limit = limits[memory] if memory < len(limits) else MEMORY32_LIMIT_BYTES
                reached = limit - ACCESS_WIDTHS[op] - value.imm[1]
                if reached >= 0:
                    known = self.fact(address)
                    if reached < known[1]:
                        if limit == MEMORY32_LIMIT_BYTES and memory not in self.function.gap_memories:
                            self._note_gap(memory, address)
                        self._refine(address, "i32", 0, reached, -(1 << 31), (1 << 31) - 1)

    def _note_gap(self, memory: int, address: Value) -> None:
        """Notes that the gap behind a memory matters, if anything but accesses themselves uses the address."""
        if not self._other_uses:
            self._count_other_uses()
        uses = self._other_uses
        alone = 0
        while uses.get(address, 0) == alone:
            # What is known of a sum with a constant, is known of the other summand, too.
            if address.op != "i32.add" or not address.args[1].op.endswith(".const"):
                return
            address = address.args[0]
            if address in self._accessed:
                break
            alone = 1
        self.function.gap_memories.add(memory)

    def _count_other_uses(self) -> None:
        """Counts how often each value is used, but not as an address, and finds what is an address."""
        uses = self._other_uses
        for block in self.order:
            used = [*block.terminator.args]
            for edge in block.terminator.edges:
                used += edge.args
            for value in block.body:
                if value.op in ACCESS_WIDTHS:
                    self._accessed.add(value.args[0])
                    used += value.args[1:]
                else:
                    used += value.args
            for value in used:
                uses[value] = uses.get(value, 0) + 1

    # Conditions

    def _refine(self, value: Value, type: str, ul: int, uh: int, sl: int, sh: int) -> None:
        """Adds to what is known of a value, until the walk comes back up; contradictions are ignored."""
        known = self.fact(value)
        ul = ul if ul > known[0] else known[0]
        uh = uh if uh < known[1] else known[1]
        sl = sl if sl > known[2] else known[2]
        sh = sh if sh < known[3] else known[3]
        if ul > uh or sl > sh:
            # Unreachable; whatever is said of it is true, but an empty interval would confuse.
            return
        found = make_fact(type, ul, uh, sl, sh)
        if found != known and found[0] <= found[1] and found[2] <= found[3]:
            self._undo.append((value, self.facts.get(value)))
            self.facts[value] = found
            if value.op == "i32.add" or value.op == "i64.add":
                step = value.args[1]
                if step.op.endswith(".const"):
                    self._refine_summand(value.args[0], type, found, step.imm)
            elif value in self._families and not self._refining_family:
                self._refine_family(value, found)

    def _refine_family(self, value: Value, found: Fact) -> None:
        """What is known of a counter tells which rounds of the loop it can be, and so bounds the other counters."""
        first, is_signed, step, inductions = self._families[value]
        low, high = (found[2], found[3]) if is_signed else (found[0], found[1])
        near, far = sorted(((low - first) // step, (high - first) // step))
        # Rounded down: at most one round too early. Rounds are counted from zero.
        near = max(near, 0)
        self._refining_family = True
        for param, type, other_step in inductions:
            start = self.entering.get(param)
            if param is value or start is None or far < near:
                continue
            low, high = sorted((other_step * near, other_step * far))
            ul, uh, sl, sh = start[0] + low, start[1] + high, start[2] + low, start[3] + high
            if ul < 0 or uh >= MODULUS[type]:
                ul, uh = 0, MODULUS[type] - 1
            if sl < -HALF[type] or sh >= HALF[type]:
                sl, sh = -HALF[type], HALF[type] - 1
            self._refine(param, type, ul, uh, sl, sh)
        self._refining_family = False

    def _refine_summand(self, value: Value, type: str, total: Fact, step: int) -> None:
        """What a sum with a constant tells about the other summand."""
        modulus, half = MODULUS[type], HALF[type]
        low, high = total[0] - step, total[1] - step
        if high < 0:
            low, high = low + modulus, high + modulus
        elif low < 0:
            low, high = 0, modulus - 1
        if step >= half:
            step -= modulus
        signed_low, signed_high = total[2] - step, total[3] - step
        if signed_low < -half or signed_high >= half:
            signed_low, signed_high = -half, half - 1
        self._refine(value, type, low, high, signed_low, signed_high)

    def assume(self, condition: Value, truth: bool) -> None:
        """Takes into account that a condition holds, or does not."""
        op = condition.op
        if op == "i32.eqz" or op == "i64.eqz":
            operand = condition.args[0]
            if op == "i32.eqz" and operand.op in COMPARISONS:
                self.assume(operand, not truth)
            self._assume_compared(op[:3], "eq", operand, None, truth)
            return
        parts = COMPARISONS.get(op)
        if parts is None:
            if condition.type is ValType.I32:
                self._assume_compared("i32", "eq", condition, None, not truth)
                if truth and op == "i32.and":
                    for operand in condition.args:
                        if operand.op in COMPARISONS:
                            self.assume(operand, True)
                elif not truth and op == "i32.or":
                    for operand in condition.args:
                        if operand.op in COMPARISONS:
                            self.assume(operand, False)
            return
        type, name = parts
        self._assume_compared(type, name, condition.args[0], condition.args[1], truth)

    def _assume_compared(self, type: str, name: str, first: Value, second: Value | None, truth: bool) -> None:
        a = self.fact(first)
        b = (0, 0, 0, 0) if second is None else self.fact(second)
        if not truth:
            name = _OPPOSITE[name]
        if name in ("gt_s", "gt_u", "ge_s", "ge_u"):
            if second is None:
                return
            first, second, a, b, name = second, first, b, a, _MIRRORED[name]
        low, high = -HALF[type], HALF[type] - 1
        top = MODULUS[type] - 1
        if name == "eq":
            self._refine(first, type, *b)
            if second is not None:
                self._refine(second, type, *a)
        elif name == "ne":
            self._refine_unequal(first, type, a, b)
            if second is not None:
                self._refine_unequal(second, type, b, a)
        elif name in ("lt_u", "le_u"):
            less = name == "lt_u"
            self._refine(first, type, 0, b[1] - less, low, high)
            if second is not None:
                self._refine(second, type, a[0] + less, top, low, high)
        else:
            less = name == "lt_s"
            self._refine(first, type, 0, top, low, b[3] - less)
            if second is not None:
                self._refine(second, type, 0, top, a[2] + less, high)

    def _refine_unequal(self, value: Value, type: str, known: Fact, other: Fact) -> None:
        """Something at the end of an interval is excluded."""
        ul, uh, sl, sh = known
        if other[0] == other[1]:
            excluded = other[0]
            ul += ul == excluded
            uh -= uh == excluded
        if other[2] == other[3]:
            excluded = other[2]
            sl += sl == excluded
            sh -= sh == excluded
        if (ul, uh, sl, sh) != known:
            self._refine(value, type, ul, uh, sl, sh)

    # Counters that stop when they equal their limit

    def _find_counters(self, header: Block, back: list[tuple[Block, Edge]]) -> None:
        """Parameters that a constant is added to until the sum equals something from before the loop.

        i = first; do ... while (++i != n)       first <= i < n, if first < n and the step cannot jump over n
        i = first; do ... while (i++ != n)       first <= i <= n, if first <= n
        """
        if len(back) != 1:
            return
        latch, edge = back[0]
        terminator = latch.terminator
        if terminator.op != "branch":
            return
        truth = terminator.edges[0] is edge
        condition = terminator.args[0]
        while condition.op == "i32.eqz" and condition.args[0].op in COMPARISONS:
            condition, truth = condition.args[0], not truth
        operands: tuple[Value | None, ...]
        if condition.op in ("i32.eqz", "i64.eqz"):
            operands, is_equality = (condition.args[0], None), True
        elif condition.op in COMPARISONS:
            operands, is_equality = condition.args, COMPARISONS[condition.op][1] == "eq"
            if COMPARISONS[condition.op][1] not in ("eq", "ne"):
                return
        else:
            operands, is_equality = (condition, None), False
        if is_equality == truth:
            return
        for param, arg in zip(header.params, edge.args, strict=True):
            found = find_step(param, arg) if arg in operands or param in operands else None
            if found is None:
                continue
            step = found.constant
            if step < 0 and tuple(operands) in ((arg, None), (arg,)):
                self._find_countdown(header, param, -step)
            if not 0 < step < 1 << 16:
                continue
            tested = arg if arg in operands else param
            limit = operands[1] if operands[0] is tested else operands[0]
            reach = step if tested is arg else 0
            if limit is None:
                self.limits[param] = (step, reach, 64, None)
            elif limit is not tested and (
                limit.op.endswith(".const") or self.position[limit.block] < self.position[header]
            ):
                self.limits[param] = (step, reach, known_zeros(limit), limit)

    def _find_countdown(self, header: Block, param: Value, step: int) -> None:
        """A parameter that is counted down to zero by a power of two that divides what enters is never below that."""
        index = header.params.index(param)
        starts = [edge.args[index] for edge in self._entries[header]]
        if not step & (step - 1) and all(known_zeros(start) >= step.bit_length() - 1 for start in starts):
            self.countdowns[param] = step

    def _count(
        self, type: str, param: Value, fact: Fact, step: int, reach: int, zeros: int, limit: Value | None
    ) -> Fact:
        first = self.entering.get(param)
        if first is None:
            return fact
        last = (0, 0, 0, 0) if limit is None else self._now(limit)
        if first[0] != first[1]:
            return fact
        if step > 1 and (step & (step - 1) or step.bit_length() - 1 > min(zeros, _trailing_zeros(first[0]))):
            return fact
        if first[0] + reach <= last[0]:
            high = min(fact[1], last[1] - reach)
            return make_fact(type, first[0], high, fact[2], fact[3]) if first[0] <= high else fact
        if first[2] + reach <= last[2]:
            high = min(fact[3], last[3] - reach)
            return make_fact(type, fact[0], fact[1], first[2], high) if first[2] <= high else fact
        return fact


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1 if number else 64


_OPPOSITE = {
    "eq": "ne", "ne": "eq", "lt_s": "ge_s", "lt_u": "ge_u", "gt_s": "le_s", "gt_u": "le_u",
    "ge_s": "lt_s", "ge_u": "lt_u", "le_s": "gt_s", "le_u": "gt_u",
}  # fmt: skip
_MIRRORED = {"gt_s": "lt_s", "gt_u": "lt_u", "ge_s": "le_s", "ge_u": "le_u"}
_STEPS = frozenset(f"{type}.{name}" for type in MODULUS for name in ("add", "sub"))
