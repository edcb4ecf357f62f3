"""Inserts a version of a loop that reads from streams before the loop (see `passes/streams.py`).

It makes these blocks, in order:

    iterations     are there enough to be worth it? otherwise the loop itself
    addresses      can slices begin, and if iterations are counted, end there? otherwise the loop itself
    start          makes the streams
    head           the header of the new loop: takes an iteration's items
    copies         of the loop's blocks; if iterations are counted, without the test
    end            the end of the streams: leads past the loop if iterations are counted, otherwise to the loop itself
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from wasmz.ir.edit import distinct_edges
from wasmz.ir.facts import INTEGER_CONSTANTS
from wasmz.ir.loops import Loop
from wasmz.ir.nodes import BOOL, STREAM, Block, Edge, Function, ResultType, Terminator, Value
from wasmz.passes.analysis.induction import REDUCTIONS
from wasmz.passes.loops.sums import DEEPEST_SUM, Counter, Crossing, Stream, Sums
from wasmz.passes.loops.versioning import LoopEntry
from wasmz.types import ValType

# Counters below this are equal as signed, unsigned and unreduced numbers.
_HALF = 1 << 31

# The value of a parameter before the first iteration, which nothing reads.
_ZEROS = {ValType.I32: "int.const", ValType.I64: "int.const", ValType.F32: "f32.const", ValType.F64: "f64.const"}


@dataclass(slots=True, eq=False)
class Plan:
    """A loop, and the loads that streams can do for it.

    Attributes:
        iterations: the number of iterations from which it pays off.
        locals: the numbers of the locals for values that code after the loop uses.
    """

    loop: Loop
    blocks: set[Block]
    sums: Sums
    streams: list[Stream]
    counter: Counter
    iterations: int
    locals: dict[Value, int] = field(default_factory=dict)


class Rewriting:
    """The new version of one loop; ``before`` is the block that only jumps to the loop."""

    def __init__(self, function: Function, plan: Plan, before: Block) -> None:
        self.function = function
        self.plan = plan
        self.header: Block = plan.loop.header
        self.before = before
        self.offset: int = plan.streams[0].load.offset
        self.entry: LoopEntry = LoopEntry(function, before, self.offset)
        # If the iterations are counted: where the loop's test leads when it ends the loop.
        self.exit: Edge | None = self._find_exit()

    def _find_exit(self) -> Edge | None:
        if self.plan.counter.going_on is None:
            return None
        (found,) = [edge for edge in self.plan.sums.latches[0].terminator.edges if edge.block is not self.header]
        passed = [arg for arg in found.args if not self.plan.sums.is_sum(arg)]
        return found if all(arg.type in _ZEROS for arg in passed) else None

    def is_worthwhile(self) -> bool:
        """``False`` if the loop is known to have few iterations."""
        iterations = self._known_iterations()
        return iterations is None or iterations >= self.plan.iterations

    def _known_iterations(self) -> int | None:
        counter = self.plan.counter
        start = self._known(counter.value)
        limit = 0 if counter.limit is None else self._known(counter.limit)
        return None if start is None or limit is None else (limit - start) // counter.change

    def noted_limit(self) -> Value | None:
        """The counter's limit, if it comes from outside the loop.

        It is the only such value in a plan. All others are operands of the loop's own values, and are read when the
        new version is made.
        """
        limit = self.plan.counter.limit
        return None if limit is None or limit.block in self.plan.blocks else limit

    def set_limit(self, limit: Value) -> None:
        """Sets another value as the limit: the same number, defined where the new version can use it."""
        self.plan.counter = replace(self.plan.counter, limit=limit)

    def run(self) -> None:
        """Makes the blocks; the block before the loop then leads to the first of them."""
        # Made here, because the code before the loop may have been rewritten meanwhile.
        self.entry = entry = LoopEntry(self.function, self.before, self.offset)
        self.copies: dict[Value, Value] = {}
        entry.go_on()
        if self._known_iterations() is None:
            self._test_iterations()
        distance = self._distance()
        last_iteration = None if self.exit is None else self._last_iteration(distance)
        starts, stops, numbers = self._find_addresses(last_iteration)
        if last_iteration is not None:
            numbers += self._counted_safely(distance)
        numbers += [self._crossed_safely(crossing, last_iteration) for crossing in self.plan.sums.crossings]
        self._leave_if_negative(numbers)
        source = self._make_streams(starts, stops)
        head = Block()
        params = [head.add_param(param.type, param.offset) for param in self.header.params]  # type: ignore[arg-type]
        copies = self._copy_loop(head, params)
        end = Block()
        self._add(end, "stream.end", type=None)
        first_args = entry.entering.args
        if last_iteration is None:
            end.terminator = self._jump(self.header, tuple(params))
        else:
            first_args += self._leave_counted(head, end, copies, last_iteration)
        entry.finish(head, first_args)
        head.terminator = Terminator("next", source, (Edge(copies[self.header]), Edge(end)), offset=self.offset)
        # The end is placed before the loop, which may be reached from nowhere else, and after all blocks that lead to
        # it.
        entry.insert(head, *copies.values(), end)

    # Blocks and values

    def _add(self, block: Block, op: str, *args: Value, imm: object = None, type: ResultType = ValType.I32) -> Value:
        value = Value(op, type, args, imm, self.offset, block)
        block.body.append(value)
        return value

    def _compute(self, op: str, *args: Value, imm: object = None, type: ResultType = ValType.I32) -> Value:
        """A value in the open block before the loop."""
        return self.entry.add(op, type, *args, imm=imm)

    def _jump(self, block: Block, args: tuple[Value, ...] = ()) -> Terminator:
        return Terminator("jump", (), (Edge(block, args),), offset=self.offset)

    def _leave_unless(self, left: Value, right: int, op: str = "int.ge") -> None:
        """Ends the open block: to the loop itself unless a comparison of two numbers holds."""
        self.entry.leave_unless(self.entry.add(op, BOOL, left, self.entry.number(right)))

    def _leave_if_negative(self, numbers: list[Value]) -> None:
        """Ends the open block: to the loop itself if any number is negative."""
        unknown = [number for number in numbers if number.op not in INTEGER_CONSTANTS or number.imm < 0]
        if not unknown:
            self.entry.go_on()
            return
        either = unknown[0]
        for number in unknown[1:]:
            either = self.entry.add("int.or", ValType.I32, either, number)
        self._leave_unless(either, 0)

    # Sums

    def _copy_sum(self, block: Block, value: Value, params: dict[Value, Value], copies: dict[Value, Value]) -> Value:
        """Computes a sum from other values of the parameters."""
        if value in params:
            return params[value]
        if value.block not in self.plan.blocks and value.op not in INTEGER_CONSTANTS:
            return value
        if value not in copies:
            args = [self._copy_sum(block, arg, params, copies) for arg in value.args]
            copies[value] = self._add(block, value.op, *args, imm=value.imm, type=value.type)
        return copies[value]

    def _first(self, value: Value) -> Value:
        """The value of a sum in the first iteration."""
        return self._copy_sum(self.entry.block, value, self.entry.first, self.copies)

    def _known(self, value: Value, depth: int = 0) -> int | None:
        """The number that a sum has in the first iteration, if it is known. Reductions do not change counters."""
        value = self.entry.first.get(value, value)
        if value.op in INTEGER_CONSTANTS:
            return int(value.imm)
        if value.block not in self.plan.blocks or not value.args or depth == DEEPEST_SUM:
            return None
        numbers = [self._known(arg, depth + 1) for arg in value.args]
        first, second = numbers[0], numbers[-1]
        if first is None or second is None:
            return None
        if value.op == "int.add":
            return first + second
        if value.op == "int.sub":
            return first - second
        return first if value.op in REDUCTIONS else first * second if value.op == "int.mul" else first << second % 64

    # Preconditions

    def _test_iterations(self) -> None:
        """Ends the open block: to the loop itself if there are few iterations.

        Loops that are often entered for a few iterations pay for this: with one comparison, if the counter starts or
        ends at a constant. One iteration more or less does not matter here.
        """
        counter = self.plan.counter
        least = self.plan.iterations * counter.change
        start = self._first(counter.param or counter.value)
        limit = self.entry.number(0) if counter.limit is None else self._first(counter.limit)
        upwards = counter.change > 0
        if limit.op in INTEGER_CONSTANTS:
            self._leave_unless(start, limit.imm - least, "int.le" if upwards else "int.ge")
        elif start.op in INTEGER_CONSTANTS:
            self._leave_unless(limit, start.imm + least, "int.ge" if upwards else "int.le")
        else:
            pair = (limit, start) if upwards else (start, limit)
            self._leave_unless(self._compute("int.sub", *pair), abs(least))

    def _distance(self) -> Value:
        """The distance of the counter from its limit in the first iteration."""
        counter = self.plan.counter
        start = self._first(counter.value)
        if counter.limit is None:
            return start if counter.change < 0 else self._compute("int.neg", start)
        limit = self._first(counter.limit)
        pair = (limit, start) if counter.change > 0 else (start, limit)
        return self._compute("int.sub", *pair)

    def _last_iteration(self, distance: Value) -> Value:
        """The number of iterations before the last one, after which the counter goes on."""
        counter = self.plan.counter
        step = abs(counter.change)
        if counter.going_on in ("lt", "gt") and step > 1:
            distance = self._compute("int.add", distance, self.entry.number(step - 1))
        iterations = distance
        if step > 1:
            iterations = self._compute("int.floordiv", distance, self.entry.number(step))
        if counter.going_on in ("le", "ge"):
            iterations = self._compute("int.add", iterations, self.entry.number(1))
        return iterations

    def _counted_safely(self, distance: Value) -> list[Value]:
        """Numbers that are not negative if the counter reaches its limit as counted, and is never reduced before."""
        counter = self.plan.counter
        assert counter.param is not None
        step = abs(counter.change)
        limit = self.entry.number(0) if counter.limit is None else self._first(counter.limit)
        start = self._first(counter.value)
        lowest, highest = (start, limit) if counter.change > 0 else (limit, start)
        if counter.change < 0 and counter.going_on != "ne":
            # The value that ends the loop may be below its limit.
            lowest = self._compute("int.sub", lowest, self.entry.number(step))
        param = self._first(counter.param)
        numbers = [param, lowest]
        for number in (param, highest):
            numbers.append(self._compute("int.sub", self.entry.number(_HALF - 1 - 2 * step), number))
        if counter.going_on == "ne" and step > 1:
            rest = self._compute("int.mod", distance, self.entry.number(step))
            numbers.append(self._compute("int.neg", rest))
        return numbers

    def _crossed_safely(self, crossing: Crossing, last_iteration: Value | None) -> Value:
        """A number that is not negative if no store of an iteration writes what its later loads read."""
        compute, number = self._compute, self.entry.number
        load, store = (self._place(access) for access in (crossing.load, crossing.store))
        distance = compute("int.sub", load, store)
        # Distances are harmful if they are among the `count` numbers from `lowest` on.
        count = number(crossing.highest - crossing.lowest - 1)
        lowest = number(-crossing.lowest - 1)
        if crossing.step is not None and last_iteration is not None:
            way = compute("int.mul", last_iteration, number(abs(crossing.step)))
            count = compute("int.add", count, way)
            if crossing.step > 0:
                lowest = compute("int.add", lowest, way)
        moved = compute("int.wrap", compute("int.add", distance, lowest), imm=32)
        return compute("int.sub", moved, count)

    def _place(self, access: Value) -> Value:
        """The address that an access has in the first iteration, modulo 2^32."""
        _, offset, _, *more = access.imm
        added, scale = more or (0, 1)
        address = self._first(access.args[0])
        if scale != 1:
            address = self._compute("int.mul", address, self.entry.number(scale))
        return self._compute("int.add", address, self.entry.number(offset + added))

    def _find_addresses(self, last_iteration: Value | None) -> tuple[list[Value], list[Value | None], list[Value]]:
        """Where each stream starts and, if iterations are counted, stops; and numbers that must not be negative.

        A slice counts negative indices from the end, and takes those beyond the end for the end itself.
        """
        starts: list[Value] = []
        stops: list[Value | None] = []
        numbers: list[Value] = []
        for stream in self.plan.streams:
            start = self._first(stream.load.args[0])
            stop = None if last_iteration is None else self._stop(stream, start, last_iteration)
            upper, lower = (stop, start) if stream.step > 0 else (start, stop)
            numbers += [start] if lower is None else [start, lower]
            if upper is not None:
                extent = self._compute("memory.extent", imm=(stream.load.op, stream.load.imm))
                room = self._compute("int.sub", extent, upper)
                numbers.append(room if upper is stop else self._compute("int.add", room, self.entry.number(-1)))
            starts.append(start)
            stops.append(stop)
        return starts, stops, list(dict.fromkeys(numbers))

    def _stop(self, stream: Stream, start: Value, last_iteration: Value) -> Value:
        """The index after that of the last iteration's last item."""
        count = len(stream.loads)
        items = last_iteration
        if count > 1:
            items = self._compute("int.mul", items, self.entry.number(count))
            items = self._compute("int.add", items, self.entry.number(count - 1))
        length = items
        if stream.step != 1:
            length = self._compute("int.mul", items, self.entry.number(stream.step))
        length = self._compute("int.add", length, self.entry.number(1 if stream.step > 0 else -1))
        return self._compute("int.add", start, length)

    # The new loop

    def _make_streams(self, starts: list[Value], stops: list[Value | None]) -> tuple[Value, ...]:
        """The operands of `next`: the iterator, and the values that keep the memories while it is used."""
        memories = {stream.load.imm[2] for stream in self.plan.streams}
        self.function.gap_memories |= memories
        holds = [self._compute("memory.hold", imm=memory, type=STREAM) for memory in sorted(memories)]
        made: list[Value] = []
        for stream, start, stop in zip(self.plan.streams, starts, stops, strict=True):
            imm = (stream.load.op, stream.load.imm, stream.step)
            operands = (start,) if stop is None else (start, stop)
            made += [self._compute("memory.stream", *operands, imm=imm, type=STREAM)] * len(stream.loads)
        source = made[0] if len(made) == 1 else self._compute("stream.zip", *made, type=STREAM)
        return (source, *holds)

    def _copy_loop(self, head: Block, params: list[Value]) -> dict[Block, Block]:
        """Copies the loop's blocks, with items of streams in place of loads."""
        header = self.header
        items = [load for stream in self.plan.streams for load in stream.loads]
        self.copies = copies = dict(zip(header.params, params, strict=True))
        blocks = {block: Block() for block in self.function.blocks if block in self.plan.blocks}
        for block, copy in blocks.items():
            if block is not header:
                copies.update((param, copy.add_param(param.type, param.offset)) for param in block.params)  # type: ignore[arg-type]
                continue
            self._add(copy, "stream.items", imm=len(items), type=None)
            for number, load in enumerate(items):
                copies[load] = self._add(copy, "stream.item", imm=number, type=load.type)
        replaced = set(items)
        for block, copy in blocks.items():
            for value in block.body:
                if value not in replaced:
                    copies[value] = Value(value.op, value.type, value.args, value.imm, value.offset, copy)
                    copy.body.append(copies[value])
        get = copies.get
        for block, copy in blocks.items():
            for value in copy.body:
                value.args = tuple([get(arg, arg) for arg in value.args])
            old = block.terminator
            edges: dict[Edge, Edge] = {}
            for edge in distinct_edges(old):
                target = head if edge.block is header else blocks.get(edge.block, edge.block)
                edges[edge] = Edge(target, tuple([get(arg, arg) for arg in edge.args]), edge.weight)
            args = tuple([get(arg, arg) for arg in old.args])
            copy.terminator = Terminator(old.op, args, tuple(edges[edge] for edge in old.edges), old.imm, old.offset)
        return blocks

    def _leave_counted(
        self, head: Block, end: Block, copies: dict[Block, Block], last_iteration: Value
    ) -> tuple[Value, ...]:
        """Removes the test, and makes the streams' end lead past the loop.

        Values that leave the loop are computed from the number of iterations, or passed on from iteration to iteration
        as a parameter. Returns the first values of added parameters.
        """
        assert self.exit is not None
        inside = set(copies.values())
        latch = copies[self.plan.sums.latches[0]]
        (again,) = [edge for edge in latch.terminator.edges if edge.block is head]
        latch.terminator = Terminator("jump", (), (again,), offset=latch.terminator.offset)
        last = _Last(self, end, last_iteration)
        first: list[Value] = []

        def leaving(value: Value) -> Value:
            if self.plan.sums.is_sum(value):
                return last.value(value)
            copy = self.copies[value]
            if copy not in again.args:
                head.add_param(value.type, value.offset)  # type: ignore[arg-type]
                again.args += (copy,)
                first.append(self._compute(_ZEROS[value.type], imm=0, type=value.type))  # type: ignore[index]
            return head.params[again.args.index(copy)]

        args = tuple([leaving(arg) for arg in self.exit.args])
        targets = [edge.block for copy in inside for edge in copy.terminator.edges]
        if inside.issuperset(block for block in targets if block is not head):
            # Nothing else leaves the loop, so locals need not be set in each iteration.
            for value, number in self.plan.locals.items():
                if self.plan.sums.is_sum(value) or value.type in _ZEROS:
                    copy = copies[value.block]
                    copy.body = [item for item in copy.body if item.op != "local.set" or item.imm != number]
                    self._add(end, "local.set", leaving(value), imm=number, type=None)
        end.terminator = self._jump(self.exit.block, args)
        return tuple(first)


class _Last:
    """Sums as in the last iteration, computed after the loop."""

    def __init__(self, rewriting: Rewriting, block: Block, last_iteration: Value) -> None:
        self.rewriting = rewriting
        self.block = block
        self.last_iteration = last_iteration
        self.params: dict[Value, Value] = {}
        self.copies: dict[Value, Value] = {}

    def value(self, value: Value) -> Value:
        """A sum in the last iteration."""
        self._find_params(value)
        return self.rewriting._copy_sum(self.block, value, self.params, self.copies)

    def _find_params(self, value: Value) -> None:
        rewriting, steps = self.rewriting, self.rewriting.plan.sums.steps
        if value in steps and value not in self.params:
            _, step, reduction = steps[value]
            add = rewriting._add
            moved = add(
                self.block, "int.mul", self.last_iteration, add(self.block, "int.const", imm=step), type=value.type
            )
            moved = add(self.block, "int.add", rewriting.entry.first[value], moved, type=value.type)
            if reduction is not None:
                moved = add(self.block, "int.wrap", moved, imm=reduction.imm, type=value.type)
                if reduction.op == "int.sign":
                    moved = add(self.block, "int.sign", moved, imm=reduction.imm, type=value.type)
            self.params[value] = moved
        elif not rewriting.plan.sums.is_unchanged(value):
            for arg in value.args:
                self._find_params(arg)
