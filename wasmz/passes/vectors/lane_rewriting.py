"""Implements `lanes`: decides which vectors are split, and rewrites the function.

Operations that have a rule connect vectors. A *component* is all vectors connected by any of them, and is split as a
whole. A *group* within it is connected by operations that move, select or pass on vectors of any lane type, and has
one shape.
"""

from __future__ import annotations

from collections import Counter

from wasmz.ir.analyses import dominator_tree, loop_forest
from wasmz.ir.edit import distinct_edges, drop_unreachable
from wasmz.ir.facts import OPS
from wasmz.ir.nodes import Block, Edge, Function, Value
from wasmz.passes.rules.lane_support import ANY, COUNTS, INTEGERS, NONE, SHAPES, SIZES, Lanes, Operand, Rule, Writer
from wasmz.passes.vectors.lane_rules import rule_of
from wasmz.types import ValType

_V128 = ValType.V128

# Loops are assumed to run for 2^3 iterations; deeper nesting than this does not count.
_ITERATIONS_BITS = 3
_DEEPEST = 3
# Nanoseconds for a vector of each shape.
_PACKING = {"i32": 190, "i64": 70, "f32": 330, "f64": 250}
_UNPACKING = {"i32": 200, "i64": 80, "f32": 330, "f64": 230}
# For each lane: to one of another type of the same size, and of another size.
_REINTERPRETING, _RESIZING = 120, 150
# The gain must be at least this fraction of the costs, which are estimates.
_LEAST_GAIN = 8
# Functions with more values than this afterwards are left unchanged.
_MOST_VALUES = 30_000


def take_apart(function: Function) -> None:
    """Changes the function in place, if that gains anything."""
    drop_unreachable(function)
    plan = _Plan(function)
    if plan.chosen or any(_stores_constant(value) for value in plan.rules):
        _Rewriting(function, plan).run()


class _Sets:
    """Disjoint sets of values."""

    def __init__(self) -> None:
        self.parents: dict[Value, Value] = {}

    def find(self, value: Value) -> Value:
        parents = self.parents
        root = value
        while parents.get(root, root) is not root:
            root = parents[root]
        while parents.get(value, value) is not root:
            parents[value], value = root, parents[value]
        return root

    def join(self, values: list[Value]) -> None:
        for value in values[1:]:
            self.parents[self.find(value)] = self.find(values[0])


class _Plan:
    """The vectors to split, and the shape of each.

    Attributes:
        rules: those of the operations that can be split.
        chosen: the vectors that are split.
        sources: other vectors that these need, with the shapes needed.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self.tree = dominator_tree(function)
        self.forest = loop_forest(function)
        self.rules: dict[Value, Rule] = {}
        self.candidates: set[Value] = set()
        self.components = _Sets()
        self.groups = _Sets()
        self._shapes: dict[Value, str] = {}
        self.sources: dict[Value, set[str]] = {}
        self.costs: Counter[Value] = Counter()
        self._find_candidates()
        self._connect()
        self._vote()
        self.chosen = self._choose()

    def shape(self, value: Value) -> str:
        """The shape of a candidate's lanes."""
        rule = self.rules.get(value)
        if rule is not None and rule.result:
            return rule.result
        return self._shapes.get(self.groups.find(value), "i64")

    def wanted(self, value: Value, rule: Rule, position: int) -> str:
        """The shape that an operation needs for an operand; ``NONE`` if that is not a vector."""
        wanted = rule.args[position]
        if wanted:
            return wanted
        if rule.result == ANY:
            return self.shape(value)
        arg = value.args[position]
        return self.shape(arg) if arg in self.candidates else "i64"

    def weight(self, block: Block) -> int:
        """An estimate of how often a block runs."""
        return 1 << _ITERATIONS_BITS * min(self.forest.depth(block), _DEEPEST)

    def _find_candidates(self) -> None:
        entry = self.function.blocks[0]
        for block in self.tree.order:
            if block is not entry:
                self.candidates.update(param for param in block.params if param.type is _V128)
            for value in block.body:
                rule = rule_of(value)
                if rule is not None:
                    self.rules[value] = rule
                    if value.type is _V128:
                        self.candidates.add(value)

    def _connect(self) -> None:
        candidates = self.candidates
        for value, rule in self.rules.items():
            own = [value] if rule.result != NONE else []
            vectors = [arg for arg in value.args if arg in candidates]
            self.components.join(own + vectors)
            same = [arg for arg, shape in zip(value.args, rule.args, strict=True) if shape == ANY and arg in candidates]
            self.groups.join((own if rule.result == ANY else []) + same)
        for block in self.tree.order:
            for edge in distinct_edges(block.terminator):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    if param in candidates and arg in candidates:
                        self.components.join([param, arg])
                        self.groups.join([param, arg])

    def _vote(self) -> None:
        """Gives each group the shape that most definitions and uses of its vectors want."""
        votes: dict[Value, Counter[str]] = {}
        for value, rule in self.rules.items():
            weight = self.weight(value.block)
            wants = zip(value.args, rule.args, strict=True)
            for vector, shape in (*wants, (value, rule.result)):
                if shape not in (ANY, NONE) and vector in self.candidates:
                    votes.setdefault(self.groups.find(vector), Counter())[shape] += weight
        self._shapes = {group: counts.most_common(1)[0][0] for group, counts in votes.items()}

    def _choose(self) -> set[Value]:
        """The candidates of components with a gain."""
        gains: Counter[Value] = Counter()
        sizes: Counter[Value] = Counter()
        sources: dict[Value, dict[Value, set[str]]] = {}
        self._count_operations(gains, sizes, sources)
        self._count_borders(gains, sources)
        for component, found in sources.items():
            for source, shapes in found.items():
                gains[component] -= sum(_UNPACKING[shape] for shape in shapes) * self.weight(source.block)
        room = _MOST_VALUES - sum(len(block.body) for block in self.function.blocks)
        accepted: set[Value] = set()
        for component, gain in gains.most_common():
            if gain * _LEAST_GAIN > self.costs[component] and sizes[component] <= room:
                room -= sizes[component]
                accepted.add(component)
                for source, shapes in sources.get(component, {}).items():
                    self.sources.setdefault(source, set()).update(shapes)
        return {value for value in self.candidates if self.components.find(value) in accepted}

    def component(self, value: Value, rule: Rule) -> Value | None:
        """The component that an operation belongs to."""
        if rule.result != NONE:
            return self.components.find(value)
        return next((self.components.find(arg) for arg in value.args if arg in self.candidates), None)

    def _count_operations(
        self, gains: Counter[Value], sizes: Counter[Value], sources: dict[Value, dict[Value, set[str]]]
    ) -> None:
        for value, rule in self.rules.items():
            component = self.component(value, rule)
            if component is None:
                continue
            weight = self.weight(value.block)
            shape = self.shape(value) if rule.result != NONE else ""
            for position, arg in enumerate(value.args):
                wanted = self.wanted(value, rule, position)
                if wanted == NONE:
                    continue
                shape = shape or wanted
                if arg in self.candidates:
                    if not _is_comparison(arg):
                        gains[component] -= _conversion_cost(self.shape(arg), wanted) * weight
                elif arg.op != "v128.const":
                    sources.setdefault(component, {}).setdefault(arg, set()).add(wanted)
            gains[component] += (rule.cost - rule.lane_cost * COUNTS[shape]) * weight
            self.costs[component] += rule.cost * weight
            sizes[component] += 2 * COUNTS[shape]

    def _count_borders(self, gains: Counter[Value], sources: dict[Value, dict[Value, set[str]]]) -> None:
        """Counts the borders of candidates to other values: they are packed once in each block that needs them."""
        for block in self.tree.order:
            weight = self.weight(block)
            packed = {arg for value in block.body if value not in self.rules for arg in value.args}
            packed.update(block.terminator.args)
            for edge in distinct_edges(block.terminator):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    if param not in self.candidates:
                        continue
                    component, shape = self.components.find(param), self.shape(param)
                    if arg in self.candidates:
                        gains[component] -= _conversion_cost(self.shape(arg), shape) * weight
                    elif arg.op != "v128.const":
                        sources.setdefault(component, {}).setdefault(arg, set()).add(shape)
            for value in packed & self.candidates:
                gains[self.components.find(value)] -= _PACKING[self.shape(value)] * weight


def _stores_constant(value: Value) -> bool:
    """Whether a constant is stored as two constant halves: `idioms` recognises loops of such stores, too."""
    return value.op == "v128.store" and value.args[1].op == "v128.const"


def _is_comparison(value: Value) -> bool:
    """Whether the lanes are conditions, whose bits are rarely used."""
    return OPS[value.op].compares != ""


def _conversion_cost(given: str, wanted: str) -> int:
    if given == wanted:
        return 0
    each = _REINTERPRETING if SIZES[given] == SIZES[wanted] else _RESIZING
    return each * max(COUNTS[given], COUNTS[wanted])


class _Rewriting:
    """Rewrites the function, in an order of blocks in which definitions come before uses."""

    def __init__(self, function: Function, plan: _Plan) -> None:
        self.function = function
        self.plan = plan
        self.writer = Writer()
        self.lanes: dict[Value, Lanes] = {}
        # Replacements of numbers: extracted lanes, conditions on all lanes.
        self.numbers: dict[Value, Value] = {}
        self.unpacked: dict[tuple[Value, str], Lanes] = {}
        # For the current block.
        self.packed: dict[Value, Value] = {}
        # The old parameters, by which edges are rewritten.
        self.params: dict[Block, list[Value]] = {}

    def run(self) -> None:
        chosen = self.plan.chosen
        for block in self.plan.tree.order:
            params: list[Value] = []
            for param in block.params:
                if param in chosen:
                    type, count = SHAPES[self.plan.shape(param)], COUNTS[self.plan.shape(param)]
                    lanes = [Value("param", type, (), None, param.offset, block) for _ in range(count)]
                    self.lanes[param] = lanes
                    params += lanes
                else:
                    params.append(param)
            self.params[block] = block.params
            block.params = params
        for block in self.plan.tree.order:
            self._rewrite(block)

    def _rewrite(self, block: Block) -> None:
        plan, writer = self.plan, self.writer
        writer.block, writer.body = block, []
        self.packed = {}
        # In the entry, parameters that are not read yet have slots that nothing else may take.
        waiting = list(self.params[block])
        for value in block.body:
            if value.op == "local.get":
                waiting.append(value)
                writer.body.append(value)
                continue
            while waiting:
                self._unpack_source(waiting.pop())
            writer.offset = value.offset
            rule = plan.rules.get(value)
            if rule is not None and self._is_chosen(value, rule):
                self._take_apart(value, rule)
                continue
            value.args = tuple([self._whole(arg) for arg in value.args])
            writer.body.append(value)
            waiting.append(value)
        while waiting:
            self._unpack_source(waiting.pop())
        terminator = block.terminator
        writer.offset = terminator.offset
        terminator.args = tuple([self._whole(arg) for arg in terminator.args])
        for edge in distinct_edges(terminator):
            self._rewrite_edge(edge)
        block.body = writer.body

    def _is_chosen(self, value: Value, rule: Rule) -> bool:
        if rule.result != NONE:
            return value in self.plan.chosen
        return _stores_constant(value) or any(arg in self.plan.chosen for arg in value.args)

    def _rewrite_edge(self, edge: Edge) -> None:
        args: list[Value] = []
        for param, arg in zip(self.params[edge.block], edge.args, strict=True):
            if param in self.plan.chosen:
                args += self._in_shape(arg, self.plan.shape(param))
            else:
                args.append(self._whole(arg))
        edge.args = tuple(args)

    def _take_apart(self, value: Value, rule: Rule) -> None:
        plan = self.plan
        operands: list[Operand] = []
        shape = plan.shape(value) if rule.result != NONE else ""
        for position, arg in enumerate(value.args):
            wanted = plan.wanted(value, rule, position)
            if wanted == NONE:
                operands.append(self._whole(arg))
            else:
                operands.append(self._in_shape(arg, wanted))
                shape = shape or wanted
        found = rule.emit(self.writer, value, operands, shape)
        if value.type is _V128:
            self.lanes[value] = found
        elif value.type is not None:
            self.numbers[value] = found

    def _in_shape(self, value: Value, shape: str) -> Lanes:
        """A vector's lanes in some shape."""
        if value in self.lanes:
            return self.writer.converted(self.lanes[value], self.plan.shape(value), shape)
        if value.op == "v128.const":
            return self.writer.constants(shape, value.imm)
        return self.unpacked[value, shape]

    def _whole(self, value: Value) -> Value:
        """A vector or number for a use that is not split."""
        if value not in self.lanes:
            return self.numbers.get(value, value)
        if value not in self.packed:
            shape = self.plan.shape(value)
            self.packed[value] = self.writer.add(f"{_vector_shape(shape)}.pack", _V128, *self.lanes[value])
        return self.packed[value]

    def _unpack_source(self, value: Value) -> None:
        """Unpacks vectors that others need as lanes, where they are made."""
        writer = self.writer
        for shape in sorted(self.plan.sources.get(value, ())):
            type, vector, count = SHAPES[shape], _vector_shape(shape), COUNTS[shape]
            writer.offset = value.offset
            if INTEGERS[shape] == shape:
                lanes = [writer.add(f"{vector}.extract_lane", type, value, imm=number) for number in range(count)]
            else:
                whole = Value(f"{vector}.unpack", (type,) * count, (value,), None, value.offset, writer.block)
                writer.body.append(whole)
                lanes = [writer.add("project", type, whole, imm=number) for number in range(count)]
            self.unpacked[value, shape] = lanes


def _vector_shape(shape: str) -> str:
    return f"{shape}x{COUNTS[shape]}"
