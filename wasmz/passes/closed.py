"""Computes counters and pointers from another counter of their loop, where they are used, not in each iteration.

    b1(v1: i32, v2: i32):                       b1(v1: i32, v2: i32):
      v3 = i32.load8_u (0, 1024, 0) v1            v3 = i32.load8_u (0, 1024, 0) v1
      v4 = i32.add v1 1                           v4 = i32.add v1 1
      v5 = i32.add v2 8                   ->      v5 = i32.add v2 8                 unused now, but for v2
      branch v3 b2 b3                             branch v3 b2 b3
    b2:                                         b2:
      i32.store (2, 0, 0) v2 v3                   v8 = i32.shl v1 3
      jump b3                                     v9 = i32.add v8 4096
    b3:                                           i32.store (2, 0, 0) v9 v3
      branch v6 b1(v4, v5) b4                     jump b3
                                                b3: ...

Compilers replace products by sums: an array's pointer advances with its index, and squares with their roots. In Python
a sum costs as much as the product would, and a pointer must be kept below 2^32. So a number that changes by a constant
becomes ``factor * counter + constant``, modulo 2^32, of a counter that the loop needs anyway, if

* it is used only on some paths of an iteration, or after the loop, or
* it is used as an address of a static array, with a factor that is a part of a view (`passes/represent.py`).

A number to which such a number is added is a square; it is computed before an inner loop that needs it.
"""

from __future__ import annotations

from typing import NamedTuple, Union

from wasmz.ir.analyses import dominator_tree, loop_forest
from wasmz.ir.dominators import DominatorTree
from wasmz.ir.edit import distinct_edges, incoming_edges
from wasmz.ir.facts import OPS
from wasmz.ir.loops import Loop, LoopForest
from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value
from wasmz.passes.analysis.induction import Form, Induction, combine, find_step
from wasmz.passes.analysis.intervals import HALF, MODULUS
from wasmz.passes.context import Context
from wasmz.types import ValType

_MODULUS = MODULUS["i32"]
# Factors of an index that are part of a view.
_SCALES = frozenset({1, 2, 4, 8, 16})
_MOST_USES = 24
_ENDS = frozenset({"jump", "branch", "switch", "return", "unreachable"})


User = Union[Value, Terminator, Edge]


class Linear(NamedTuple):
    """A parameter to which each iteration adds a constant: its next value, and the constant, signed."""

    param: Value
    following: Value
    step: int


class Use(NamedTuple):
    """An operand: of a value in a block's body, or of its terminator, including arguments of edges."""

    block: Block
    user: User
    place: int


class Closed(NamedTuple):
    """``square * c * c + factor * c + constant`` of the counter ``c``."""

    counter: Linear
    square: int
    factor: int
    constant: int


def run(function: Function, context: Context) -> None:
    """Changes operands in place; parameters that become unused are removed later (`dead.py`)."""
    if not function.is_ssa or function.is_represented:
        return
    forest = loop_forest(function)
    if not forest.loops or any(block.terminator.op not in _ENDS for block in function.blocks):
        return
    incoming = incoming_edges(function)
    tree = dominator_tree(function)
    found = [(loop, linear) for loop in forest.loops if len(linear := _find_linear(loop, incoming[loop.header])) > 1]
    if not found:
        return
    uses = _find_uses(function, {value for _, linear in found for each in linear.values() for value in each[:2]})
    forms = Induction(frozenset(function.blocks))
    for loop, linear in found:
        _Closing(loop, linear, incoming[loop.header], _Places(forest, tree), uses, forms).run()


def _find_linear(loop: Loop, incoming: list[tuple[Block, Edge]]) -> dict[Value, Linear]:
    latches = set(loop.latches)
    backwards = [edge for source, edge in incoming if source in latches]
    found: dict[Value, Linear] = {}
    for place, param in enumerate(loop.header.params):
        following = {edge.args[place] for edge in backwards}
        if len(following) != 1 or param.type not in (ValType.I32, ValType.I64):
            continue
        step = find_step(param, (arg := following.pop()))
        if step is not None and step.constant:
            found[param] = Linear(param, arg, step.constant)
    return found


def _find_uses(function: Function, watched: set[Value]) -> dict[Value, list[Use]]:
    found: dict[Value, list[Use]] = {value: [] for value in watched}
    for block in function.blocks:
        terminator = block.terminator
        users: list[User] = [*block.body, terminator, *distinct_edges(terminator)]
        for user in users:
            for place, arg in enumerate(user.args):
                if arg in watched:
                    found[arg].append(Use(block, user, place))
    return found


class _Places:
    """Where values may be computed."""

    def __init__(self, forest: LoopForest, tree: DominatorTree) -> None:
        self.forest = forest
        self.tree = tree

    def is_rare(self, block: Block, loop: Loop) -> bool:
        """Whether some iterations skip a block."""
        return not self.forest.contains(loop, block) or not all(
            self.tree.dominates(block, latch) for latch in loop.latches
        )

    def outside_inner_loops(self, block: Block, loop: Loop) -> Block:
        """The closest dominator that no inner loop repeats."""
        while self.forest.contains(loop, block) and self.forest.innermost[block] is not loop:
            parent = self.tree.parent(self.forest.innermost[block].header)
            if parent is None:
                break
            block = parent
        return block

    def precedes_inner_loop(self, block: Block, loop: Loop) -> bool:
        """Whether an inner loop follows wherever this block runs, or a dominator of it that is rare, too."""
        above: Union[Block, None] = self.outside_inner_loops(block, loop)
        while above is not None and self.is_rare(above, loop) and self.forest.contains(loop, above):
            if any(self.tree.dominates(above, inner.header) for inner in loop.children):
                return True
            above = self.tree.parent(above)
        return False


class _Closing:
    def __init__(
        self,
        loop: Loop,
        linear: dict[Value, Linear],
        incoming: list[tuple[Block, Edge]],
        places: _Places,
        uses: dict[Value, list[Use]],
        forms: Induction,
    ) -> None:
        self.loop = loop
        self.linear = linear
        self.places = places
        self.uses = uses
        self.forms = forms
        latches = set(loop.latches)
        self.entering: list[Edge] = [edge for source, edge in incoming if source not in latches]

    def run(self) -> None:
        self._replace_squares()
        replaced: set[Value] = set()
        kept: set[Value] = set()
        # Counters that the loop needs in each iteration come first.
        counters = sorted(self.linear.values(), key=lambda each: not self._is_needed(each))
        for each in self.linear.values():
            if each.param in kept or each.param.type is not ValType.I32:
                continue
            for counter in counters:
                if counter is each or counter.param in replaced:
                    continue
                closed = self._close(each, counter)
                if closed is not None and self._replace(each, closed):
                    replaced.add(each.param)
                    kept.add(counter.param)
                    break

    def _own(self, each: Linear) -> list[Use]:
        """The uses of a number and its next value, except those that only continue it."""
        found = []
        for use in (*self.uses[each.param], *self.uses[each.following]):
            if use.user is each.following:
                continue
            if type(use.user) is Edge and use.user.block is self.loop.header and use.block in self.loop.latches:
                if self.loop.header.params[use.place] is each.param:
                    continue
            found.append(use)
        return found

    def _is_needed(self, each: Linear) -> bool:
        return any(not self.places.is_rare(use.block, self.loop) for use in self._own(each))

    def _close(self, each: Linear, counter: Linear) -> Union[Closed, None]:
        factor, rest = divmod(each.step, counter.step)
        if rest:
            return None
        constants = set()
        params = self.loop.header.params
        for edge in self.entering:
            start = self.forms.form(edge.args[params.index(each.param)])
            other = self._as_i32(self.forms.form(edge.args[params.index(counter.param)]), counter)
            if other is None:
                return None
            difference = combine(start, other, -factor, _MODULUS)
            if difference.terms:
                return None
            constants.add(difference.constant)
        return Closed(counter, 0, factor % _MODULUS, constants.pop()) if len(constants) == 1 else None

    @staticmethod
    def _as_i32(form: Form, counter: Linear) -> Union[Form, None]:
        if counter.param.type is ValType.I32:
            return form
        return None if form.terms else Form(form.constant % _MODULUS, {})

    def _replace(self, each: Linear, closed: Closed) -> bool:
        """Replaces all uses, if each is at a rare place or a suitable address."""
        own = self._own(each)
        if not own or len(own) > _MOST_USES:
            return False
        rare = [use for use in own if self._is_rare(use)]
        if len(rare) < len(own):
            if closed.factor not in _SCALES or closed.counter.param.type is not ValType.I32:
                return False
            if not all(_is_address(use) or use in rare for use in own):
                return False
        for use in own:
            self._put(use, each.param if use in self.uses[each.param] else each.following, each, closed)
        return True

    def _is_rare(self, use: Use) -> bool:
        """Whether some iterations skip the place where a number would be computed for a use."""
        place = self.places.outside_inner_loops(use.block, self.loop)
        if not self.places.forest.contains(self.loop, place):
            return self.places.forest.innermost.get(place) is self.loop.parent
        return self.places.is_rare(place, self.loop)

    # Squares

    def _replace_squares(self) -> None:
        """Replaces numbers to which each iteration adds another number, and which only inner loops start with."""
        params = self.loop.header.params
        if len(self.entering) != 1 or not self.loop.children:
            return
        first = dict(zip(params, self.entering[0].args, strict=True))
        counters = [each for each in self.linear.values() if abs(each.step) == 1 and self._is_needed(each)]
        for place, param in enumerate(params):
            if param.type is not ValType.I32 or param in self.linear:
                continue
            following = {edge.args[place] for latch in self.loop.latches
                         for edge in latch.terminator.edges if edge.block is self.loop.header}  # fmt: skip
            total = following.pop()
            if following or total.op != "i32.add" or param not in total.args:
                continue
            for each in self.linear.values():
                if each.step % 2 or set(total.args) != {param, each.param}:
                    continue
                for counter in counters:
                    starts = [first[number] for number in (param, each.param, counter.param)]
                    if counter is not each and all(start.op in ("i32.const", "i64.const") for start in starts):
                        closed = _square(each, counter, *(start.imm for start in starts))
                        if self._replace_square(param, total, closed):
                            self.uses[each.param] = [use for use in self.uses[each.param] if use.user is not total]
                        break

    def _replace_square(self, param: Value, total: Value, closed: Closed) -> bool:
        uses = [use for use in self._uses_of(param) if use.user is not total]
        if not uses or not all(_leads_back(use, self.loop) for use in self._uses_of(total)):
            return False
        for use in uses:
            if not self._is_rare(use) or not self.places.precedes_inner_loop(use.block, self.loop):
                return False
        for use in uses:
            self._put(use, param, Linear(param, total, 0), closed)
        return True

    def _uses_of(self, value: Value) -> list[Use]:
        found = []
        for block in self.places.tree.order:
            users: list[User] = [*block.body, block.terminator, *distinct_edges(block.terminator)]
            for user in users:
                found += [Use(block, user, place) for place, arg in enumerate(user.args) if arg is value]
        return found

    # Rewriting

    def _put(self, use: Use, used: Value, each: Linear, closed: Closed) -> None:
        """Computes the number for a use, and replaces the operand."""
        block = self.places.outside_inner_loops(use.block, self.loop)
        body = block.body
        counter = closed.counter
        if block is use.block and isinstance(use.user, Value):
            position = body.index(use.user)
        else:
            # Before the condition, which the branch tests itself.
            position = len(body) - (bool(body) and body[-1] in block.terminator.args)
        base, constant = counter.param, closed.constant
        if used is each.following:
            constant += each.step
        if not closed.square and self._is_defined(counter.following, block, position):
            # The counter's next value stays alive; its old one usually does not.
            base = counter.following
            constant -= closed.factor * counter.step
        made = _Maker(block, position, used.offset)
        value = made.add("i32.wrap_i64", base) if base.type is ValType.I64 else base
        total: Union[Value, None] = None
        constant %= _MODULUS
        for power, factor in ((2, closed.square), (1, closed.factor)):
            if not factor:
                continue
            term = made.add("i32.mul", value, value) if power == 2 else value
            term = made.scaled(term, min(factor, _MODULUS - factor))
            if factor > HALF["i32"]:
                # A negative factor: the product with its magnitude is a small number, too.
                if total is None:
                    total, constant = made.constant(constant), 0
                total = made.add("i32.sub", total, term)
            else:
                total = term if total is None else made.add("i32.add", total, term)
        if total is None:
            total = made.constant(constant)
        elif constant:
            total = made.add("i32.add", total, made.constant(constant))
        args = list(use.user.args)
        args[use.place] = total
        use.user.args = tuple(args)

    def _is_defined(self, value: Value, block: Block, position: int) -> bool:
        """Whether a value is defined at a place of a block, in the same iteration."""
        if value.block is block:
            return value in block.body[:position]
        return self.places.tree.dominates(value.block, block)


def _square(each: Linear, counter: Linear, begin: int, added: int, origin: int) -> Closed:
    """The closed form of a number that starts at ``begin``, and to which ``each`` is added, which starts at ``added``.

    With k = sign * (counter - origin) it is begin + k * added + (k * (k - 1) / 2) * step.
    """
    half, sign = each.step // 2, counter.step
    factor = sign * (added - half) - 2 * half * origin
    constant = begin - sign * (added - half) * origin + half * origin * origin
    return Closed(counter, half % _MODULUS, factor % _MODULUS, constant % _MODULUS)


class _Maker:
    """Adds values to a block, one after the other."""

    def __init__(self, block: Block, position: int, offset: int) -> None:
        self.block = block
        self.position = position
        self.offset = offset

    def add(self, op: str, *args: Value, imm: object = None) -> Value:
        value = Value(op, ValType.I32, args, imm, self.offset, self.block)
        self.block.body.insert(self.position, value)
        self.position += 1
        return value

    def constant(self, number: int) -> Value:
        return self.add("i32.const", imm=number)

    def scaled(self, value: Value, factor: int) -> Value:
        if factor == 1:
            return value
        if factor & (factor - 1) == 0:
            return self.add("i32.shl", value, self.constant(factor.bit_length() - 1))
        return self.add("i32.mul", value, self.constant(factor))


def _is_address(use: Use) -> bool:
    """Whether an operand is the address of a load or store."""
    user = use.user
    return type(user) is Value and use.place == 0 and bool(OPS[user.op].access) and user.op[0] in "if"


def _leads_back(use: Use, loop: Loop) -> bool:
    return type(use.user) is Edge and use.user.block is loop.header and use.block in loop.latches
