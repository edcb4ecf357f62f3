"""The iterations of a regular loop as expressions whose results, for many iterations, an array can hold.

    b1(v1: i32, v2: f64):                       groups     [v1 + 8 ...: steps of 8, a load at 0 and a store at 64]
      v3 = f64.load (3, 8, 0) v1                stores     [(store at 64, ("op", "f64.mul", load at 0, given 0))]
      v4 = f64.mul v3 v9                 ->     totals     [Total(v2, "f64.add", [load at 0])]
      f64.store (3, 72, 0) v1 v4                given      [v9]
      v5 = f64.add v2 v3
      v6 = i32.add v1 8

Expressions are numbered tuples without duplicates: ``("load", operation, group, place)``, ``("given", number, type)``
for a value that the loop does not change, ``("const", operation, immediate)``, ``("linear", type, number, constant)``
for a number that changes regularly, ``("op", operation, expressions...)``, ``("gather", operation, address, offset)``
for a load whose address is an expression. A parameter with the value that the previous iteration loaded is a load,
too, one step before; whether it starts so must be tested.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Union

from wasmz.ir.facts import NUMBERED, NUMERIC_CONSTANTS, OPS
from wasmz.ir.nodes import Value
from wasmz.passes.analysis.induction import Form, as_signed
from wasmz.passes.analysis.intervals import MODULUS, NUMBER_TYPES
from wasmz.passes.context import Context
from wasmz.passes.loops.array_operations import LOADED, OPERATIONS, STORED
from wasmz.passes.loops.array_vectors import PARTIAL_LOADS, PARTIAL_STORES, VECTOR_TOTALS
from wasmz.passes.loops.forms import RegularLoop
from wasmz.passes.values import divides_safely
from wasmz.types import ValType

# The number of an expression.
Node = int

_MODULUS = MODULUS["i32"]
_MOST_APART = 1 << 28
_MOST_ACCESSES = 160
_DEEPEST = 60
_ALWAYS_UNIFORM = frozenset({"const", "given", "immediate"})
_FOLDS = frozenset({"f64.add", "f32.add", *(f"{type}.{op}" for type in ("i32", "i64") for op in ("and", "or", "xor"))})


class NotPossible(Exception):
    """The loop cannot be done on arrays; the message gives the reason."""


@dataclass(slots=True, eq=False)
class Access:
    """A load or store of ``width`` bytes at ``place`` from its group's base; ``order`` is its position in an iteration.

    ``op`` loads or stores a number or a whole vector: parts of vectors are numbers.
    """

    op: str
    place: int
    width: int
    order: int
    is_store: bool
    offset: int = 0


@dataclass(slots=True)
class Group:
    """Accesses whose addresses differ by constants. Each iteration adds ``step`` to the addresses."""

    base: Form
    step: Form
    accesses: list[Access] = field(default_factory=list)

    @property
    def stride(self) -> Union[int, None]:
        """The step, if it is a constant."""
        return None if self.step.terms else as_signed(self.step.constant, "i32")

    @property
    def has_stores(self) -> bool:
        """Whether any access is a store."""
        return any(access.is_store for access in self.accesses)


@dataclass(slots=True)
class Total:
    """A parameter to which each iteration applies terms: ``param = param kind term kind term``.

    ``kind`` is an operation, or ``sum`` for integers (factors, terms and a constant), ``max`` or ``min``. ``order`` is
    the type in which these compare: ``f64``, ``f32``, ``i32_s`` and so on. Negative terms are subtracted.
    """

    param: Value
    kind: str
    terms: list[Node]
    factors: list[int] = field(default_factory=list)
    constant: int = 0
    order: str = ""


@dataclass(slots=True)
class Delayed:
    """A parameter with the value that a load returned ``age`` iterations before. If it is used, this is tested."""

    param: Value
    load: str
    group: int
    place: int
    age: int
    is_used: bool


class ArrayLoop:
    """A regular loop, as expressions.

    Attributes:
        memory: the memory's number.
        groups: all accesses, grouped.
        stores: the stores in program order, each with its group and what it stores; ``("total", n)`` is a total.
        expressions: the tuples, by number.
        given: values that the loop does not change.
        linear: values that change regularly: their type, their form without a constant, and their steps.

    Raises:
        NotPossible: the loop cannot be done on arrays.
    """

    def __init__(self, regular: RegularLoop, context: Context) -> None:
        self.regular: RegularLoop = regular
        self.memory: int = -1
        self.groups: list[Group] = []
        self.stores: list[tuple[Access, int, Node]] = []
        self.totals: list[Total] = []
        self.delayed: list[Delayed] = []
        self.expressions: list[tuple[Any, ...]] = []
        self._numbers: dict[tuple[Any, ...], Node] = {}
        self._uniform: set[Node] = set()
        self.given: list[Value] = []
        self.linear: list[tuple[str, Form, Form]] = []
        self._where: dict[Value, tuple[int, Access]] = {}
        self._nodes: dict[Value, Node] = {}
        self._delays: dict[Value, Node] = {}
        self._gathered: list[Value] = []
        self._find_accesses(context)
        self._find_params()
        self._find_stores()
        for value in self._gathered:
            if value not in self._nodes:
                raise NotPossible(f"nothing uses the load at 0x{value.offset:x}, which may trap")

    # Accesses

    def _find_accesses(self, context: Context) -> None:
        keys: dict[tuple[object, ...], int] = {}
        for order, value in enumerate(self.regular.body):
            if _plain(value) is None:
                if value.op not in NUMBERED and value.op not in NUMERIC_CONSTANTS and not divides_safely(value):
                    raise NotPossible(f"it has {value.op}")
                continue
            if self.memory not in (-1, memory_argument(value)[2]):
                raise NotPossible("it accesses two memories")
            self.memory = memory_argument(value)[2]
            self._add_access(value, order, keys)
        if not self._where:
            raise NotPossible("it accesses no memory")
        if len(self._where) > _MOST_ACCESSES:
            raise NotPossible("it has too many loads and stores")
        type = context.memory_types[self.memory] if self.memory < len(context.memory_types) else None
        if type is None or type.shared or type.address_type is not ValType.I32:
            raise NotPossible("its memory is shared, or has 64-bit addresses")
        for group in self.groups:
            lowest = min(access.place for access in group.accesses)
            for access in group.accesses:
                # So far without the offset, which is added to the wrapped address.
                access.place -= lowest
                if access.place > _MOST_APART:
                    raise NotPossible("its addresses are far apart")
                access.place += access.offset
            group.base = Form((group.base.constant + lowest) % _MODULUS, group.base.terms)

    def _add_access(self, value: Value, order: int, keys: dict[tuple[object, ...], int]) -> None:
        op = _plain(value) or ""
        form = self.regular.form(value.args[0])
        step = self.regular.change(form, _MODULUS)
        if step is None:
            if op in STORED:
                raise NotPossible(f"the store at 0x{value.offset:x} has an irregular address")
            self._gathered.append(value)
            return
        key = (frozenset(form.terms.items()), step.constant, frozenset(step.terms.items()))
        number = keys.get(key)
        if number is None:
            number = keys[key] = len(self.groups)
            self.groups.append(Group(form, step))
        group = self.groups[number]
        is_store = op in STORED
        if is_store and group.stride is None:
            raise NotPossible(f"the store at 0x{value.offset:x} has a step that varies")
        place = as_signed((form.constant - group.base.constant) % _MODULUS, "i32")
        access = Access(op, place, OPS[op].access, order, is_store, memory_argument(value)[1])
        group.accesses.append(access)
        self._where[value] = number, access

    # Parameters

    def _find_params(self) -> None:
        regular = self.regular
        others = [
            (param, arg)
            for param, arg in zip(regular.header.params, regular.back.args, strict=True)
            if param not in regular.deltas
        ]
        next_of = dict(others)
        pending = []
        for param, arg in others:
            if not self._find_delay(param, next_of):
                pending.append((param, arg))
        for param, arg in pending:
            self.totals.append(self._total(param, arg))

    def _find_delay(self, param: Value, next_of: dict[Value, Value]) -> bool:
        count, arg = 1, next_of[param]
        while arg in next_of and count < 4:
            count, arg = count + 1, next_of[arg]
        if arg not in self._where or arg.op not in LOADED or arg.type is ValType.V128:
            return False
        number, access = self._where[arg]
        stride = self.groups[number].stride
        if not stride:
            return False
        place = access.place - count * stride
        self.groups[number].accesses.append(Access(arg.op, place, access.width, -1, False))
        tested = [test for _, test in self.regular.tests]
        used = chain(self.regular.back.args, tested, *(each.args for each in self.regular.body))
        self.delayed.append(Delayed(param, arg.op, number, place, count, param in used))
        self._delays[param] = self._number("load", arg.op, number, place)
        return True

    def _total(self, param: Value, arg: Value) -> Total:
        added = self.regular.sums.get(param)
        if added is not None and param not in added.terms:
            terms = [(self.node(term), factor) for term, factor in added.terms.items()]
            terms.sort(key=lambda item: self._first_place(item[0]))
            return Total(param, "sum", [term for term, _ in terms], [factor for _, factor in terms], added.constant)
        found = self._chain(arg, param)
        if found is None or not found[1]:
            raise NotPossible(f"an iteration needs a result of the one before (at 0x{arg.offset:x})")
        kind, signed = found
        kind, _, order = kind.partition(":")
        nodes = [(self.node(term), sign) for term, sign in signed]
        negated = [node if sign > 0 else self._number("op", f"{arg.op[:3]}.neg", node) for node, sign in nodes]
        return Total(param, kind, negated, order=order)

    def _chain(self, value: Value, param: Value) -> tuple[str, list[tuple[Value, int]]] | None:
        """The terms that are applied to a parameter in order, each with a sign, and the kind of total."""
        depends = {param}
        for each in self.regular.body:
            if not depends.isdisjoint(_operands(each)):
                depends.add(each)
        kind = ""
        terms: list[tuple[Value, int]] = []
        while value is not param:
            found = _kind_of_total(value)
            on = [arg for arg in value.args[:2] if arg in depends]
            if not found or len(on) != 1 or (kind and found != kind):
                return None
            kind = found
            if value.op.endswith(".sub") and value.args[0] is not on[0]:
                return None
            (term,) = [arg for arg in value.args[:2] if arg is not on[0]]
            terms.append((term, -1 if value.op.endswith(".sub") else 1))
            value = on[0]
        return kind, terms[::-1]

    # Stores

    def _find_stores(self) -> None:
        ends = {self.regular.back.args[self.regular.header.params.index(total.param)]: number
                for number, total in enumerate(self.totals)}  # fmt: skip
        for value, (number, access) in self._where.items():
            if not access.is_store:
                continue
            stride = self.groups[number].stride or 0
            if not stride:
                if access.op == "v128.store":
                    raise NotPossible("it stores vectors in one place")
                later = [other for other in self.groups[number].accesses if other.order > access.order]
                if any(o.is_store and o.place == access.place and o.width == access.width for o in later):
                    # It is overwritten in the same iteration.
                    continue
                if value.args[1] in ends:
                    total = ends[value.args[1]]
                    if OPS[value.op].narrow != OPS[value.op].bits:
                        raise NotPossible("a total is stored in part")
                    self.stores.append((access, number, self._number("total", total)))
                    continue
            elif abs(stride) < access.width:
                raise NotPossible(f"the store at 0x{value.offset:x} overlaps itself")
            stored = self.node(value.args[1])
            if value.op in PARTIAL_STORES:
                stored = self._number("op", PARTIAL_STORES[value.op][1], stored, self._immediate(value.imm[1]))
            self.stores.append((access, number, stored))
        self.stores.sort(key=lambda item: item[0].order)
        if not self.stores and not self.totals:
            raise NotPossible("it computes nothing")

    # Expressions

    def node(self, value: Value, depth: int = 0) -> Node:
        """The expression for a value in an iteration."""
        known = self._nodes.get(value)
        if known is None:
            known = self._nodes[value] = self._find_node(value, depth)
        return known

    def is_uniform(self, node: Node) -> bool:
        """Whether an expression is the same in all iterations, which is then a scalar or one row, not an array."""
        return node in self._uniform

    def _number(self, *expression: Any) -> Node:
        number = self._numbers.get(expression)
        if number is None:
            number = self._numbers[expression] = len(self.expressions)
            self.expressions.append(expression)
            kind, _, *rest = expression
            operands = rest if kind == "op" else rest[:1]
            if kind in _ALWAYS_UNIFORM or (kind in ("op", "gather") and self._uniform.issuperset(operands)):
                self._uniform.add(number)
        return number

    def _first_place(self, node: Node) -> int:
        """The place of the first load of an expression."""
        expression = self.expressions[node]
        while expression[0] in ("op", "gather"):
            expression = self.expressions[expression[2]]
        return int(expression[3]) if expression[0] == "load" else 0

    def _find_node(self, value: Value, depth: int) -> Node:
        regular, type = self.regular, value.type
        if depth > _DEEPEST:
            raise NotPossible("its expressions are too deep")
        if value.op in NUMERIC_CONSTANTS:
            return self._number("const", value.op, value.imm)
        if type not in _TYPES:
            raise NotPossible(f"it has {value.op}")
        if regular.is_unchanged(value):
            if value not in self.given:
                self.given.append(value)
            return self._number("given", self.given.index(value), _TYPES[type])
        if type in NUMBER_TYPES:
            name = NUMBER_TYPES[type]
            form = regular.form(value)
            change = regular.change(form, MODULUS[name])
            if change is not None:
                entry = (name, Form(0, form.terms), change)
                if entry not in self.linear:
                    self.linear.append(entry)
                return self._number("linear", name, self.linear.index(entry), form.constant)
        if value in self._delays:
            return self._delays[value]
        if value.op == "param":
            raise NotPossible(f"an iteration needs a result of the one before (at 0x{value.offset:x})")
        if value in self._where or value in self._gathered:
            return self._load(value, depth)
        operation = OPERATIONS.get(value.op)
        if operation is None or not operation.takes(value):
            raise NotPossible(f"there is no {value.op} of arrays")
        operands = _operands(value)
        args = [self.node(arg, depth + 1) for arg in operands]
        if len(operands) < len(value.args):
            return self._number("op", "v128.permute", *args, self._immediate([place & 15 for place in value.imm]))
        if operation.has_immediate:
            args.append(self._immediate(value.imm))
        return self._number("op", value.op, *args)

    def _immediate(self, imm: Any) -> Node:
        return self._number("immediate", imm if isinstance(imm, int) else tuple(imm))

    def _load(self, value: Value, depth: int) -> Node:
        op = _plain(value) or ""
        if value in self._where:
            number, access = self._where[value]
            loaded = self._number("load", op, number, access.place)
        else:
            if op == "v128.load":
                raise NotPossible(f"the vector at 0x{value.offset:x} has an irregular address")
            loaded = self._number("gather", op, self.node(value.args[0], depth + 1), memory_argument(value)[1])
        if value.op not in PARTIAL_LOADS:
            return loaded
        args = [loaded]
        if len(value.args) > 1:
            args = [self.node(value.args[1], depth + 1), loaded, self._immediate(value.imm[1])]
        return self._number("op", PARTIAL_LOADS[value.op][1], *args)


def memory_argument(access: Value) -> tuple[int, int, int]:
    """The alignment, offset and memory of a load or store."""
    imm: Any = access.imm
    return imm[0] if type(imm[0]) is tuple else imm


def _operands(value: Value) -> tuple[Value, ...]:
    """The operands that a value depends on: many shuffles take all bytes from one operand."""
    if value.op == "i8x16.shuffle":
        if max(value.imm) < 16:
            return value.args[:1]
        if min(value.imm) >= 16:
            return value.args[1:]
    return value.args


def _plain(value: Value) -> Union[str, None]:
    """The load or store of a number or a whole vector for an access; ``None`` for other values."""
    op = value.op
    partial = PARTIAL_LOADS.get(op) or PARTIAL_STORES.get(op)
    return partial[0] if partial else op if op in LOADED or op in STORED else None


_TYPES: dict[Any, str] = {
    ValType.I32: "i32",
    ValType.I64: "i64",
    ValType.F32: "f32",
    ValType.F64: "f64",
    ValType.V128: "v128",
}


def _kind_of_total(value: Value) -> Union[str, None]:
    """How a value combines one of its first two operands with the other, if many of these can be done at once."""
    op = value.op
    if op in _FOLDS or op in VECTOR_TOTALS:
        return op
    if op in ("f64.sub", "f32.sub"):
        return f"{op[:3]}.add"
    if op in ("f64.max", "f64.min", "f32.max", "f32.min"):
        return f"{op[4:]}:{op[:3]}"
    return _extreme(value) if op == "select" else None


def _extreme(value: Value) -> Union[str, None]:
    """For a select of the larger or smaller of two values: which one, and the type in which they are compared."""
    one, other, test = value.args
    facts = OPS[test.op]
    if facts.compares not in ("lt", "gt", "le", "ge") or facts.type not in ("i32", "i64", "f32", "f64"):
        return None
    if set(test.args) != {one, other} or len(set(test.args)) != 2:
        return None
    is_larger = facts.compares[0] == "g"
    if test.args[0] is not one:
        is_larger = not is_larger
    order = facts.type if facts.type[0] == "f" else f"{facts.type}_{'s' if facts.is_signed else 'u'}"
    return f"{'max' if is_larger else 'min'}:{order}"
