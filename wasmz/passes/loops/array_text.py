"""Writes the Python function that does many iterations of a loop on arrays (`runtime/memory/arrays.py` compiles it).

    q0=f8(2.5)
    def rounds(memory,count,a0,k0):
     room=memory.size_bytes-a0-72
     if room<0:return 0
     ...                                  fewer iterations, if the others are not in bounds
     limit=8192
     ...                                  smaller pieces, if stores reach what later iterations load
     buffer=memory.bytes
     done=0
     with errstate(all="ignore"):
      while done<count:
       if requests:stop_if_asked()
       n=min(limit,count-done)
       x0=ndarray((n,),f8,buffer,a0+8,(8,))
       x1=(x0*k0)
       if isnan(x1).any():break
       ndarray((n,),f8,buffer,a0+64,(8,))[...]=x1
       a0+=8*n
       done+=n
     return done

An iteration of an unrolled loop with equal parts becomes several iterations of one part ("lanes").

All loads of a piece come before its stores. That is correct if no store writes what is loaded later in the loop's
order: within a group of accesses at constant distances, the length of a piece is limited so that this holds; other
groups must not overlap, or must have the same step, and then the limit is computed when the loop is entered.
"""

from __future__ import annotations

import struct
from collections import Counter
from itertools import chain
from typing import Any

from wasmz.ir.facts import OPS, VECTORS
from wasmz.passes.analysis.induction import as_signed
from wasmz.passes.analysis.intervals import MODULUS
from wasmz.passes.loops.array_nodes import Access, ArrayLoop, Delayed, Node, NotPossible
from wasmz.passes.loops.array_operations import LOADED, OPERATIONS, STORED
from wasmz.passes.loops.array_vectors import LANE_WRITES, NEW_VECTORS, VECTOR_TOTALS
from wasmz.runtime.memory.arrays import LONGEST_PIECE, smallest_lag

# Elements of an array: pieces stay in the processor's caches.
_SHORTEST_PIECE = 16
# Accesses of a group that are nearer than so many steps are tested together.
_NEAR_STEPS = 8
_MOST_TESTS = 16

_NUMPY_TYPES = {"i32": "u4", "i64": "u8", "f32": "f4", "f64": "f8", "v128": "vector"}
_REDUCED = {"and": ("bitwise_and", "&"), "or": ("bitwise_or", "|"), "xor": ("bitwise_xor", "^")}

# In ns: the cost of a call of the function, of each array made, of each numpy operation; and that of scalar code.
_COST_OF_CALL = 2800
_COST_OF_ARRAY = 350
_COST_OF_OPERATION = 550
_SCALAR_STORE = 45
_SCALAR_LOAD = 12
_SCALAR_GATHER = 35
_SCALAR_TERM = 15
_SCALAR_OPERATION = {"f64": 15, "f32": 35}
_SCALAR_OTHER = 20
_SCALAR_VECTOR = 120
_MARGIN = 1.2


class ArrayText:
    """Writes the function for one loop.

    Attributes:
        text: the module that defines the function.
        fewest: the least number of iterations that are worth a call.
    """

    def __init__(self, loop: ArrayLoop) -> None:
        self.loop: ArrayLoop = loop
        self.globals: list[str] = []
        self.constants: dict[Node, str] = {}
        self.names: dict[Node, str] = {}
        self.tests: dict[Node, str] = {}
        self.lines: list[str] = []
        self.uses: Counter[Node] = Counter()
        self.arrays: int = 0
        self.operations: int = 0
        # A value from earlier iterations is loaded again: no store may have reached it since.
        self.least_lag: int = max([_SHORTEST_PIECE, *(delayed.age + 1 for delayed in loop.delayed)])
        in_order = loop.stores
        self.lanes: int = _find_lanes(loop)
        try:
            self.limit: int = self._own_limit()
        except NotPossible:
            if self.lanes == 1:
                raise
            # Kept in the order of an iteration, where stores do no harm.
            self.lanes = 1
            loop.stores = in_order
            self.limit = self._own_limit()
        self._body()
        self.text: str = "\n".join([*self.globals, *self._head(), *self.lines, ""])
        cost = _COST_OF_CALL + _COST_OF_ARRAY * self.arrays + _COST_OF_OPERATION * self.operations
        self.fewest: int = max(2, int(_MARGIN * cost / self._saved()))

    def _saved(self) -> int:
        """About the time that an iteration of scalar code takes: there, streams do loads, and addresses cost little."""
        loop = self.loop
        saved = _SCALAR_STORE * len(loop.stores) + _SCALAR_TERM * sum(len(total.terms) for total in loop.totals)
        for kind, *rest in loop.expressions:
            if kind == "op":
                is_vector = rest[0].partition(".")[0] in VECTORS
                saved += _SCALAR_VECTOR if is_vector else _SCALAR_OPERATION.get(rest[0][:3], _SCALAR_OTHER)
            elif kind in ("load", "linear"):
                saved += _SCALAR_LOAD
            elif kind == "gather":
                saved += _SCALAR_GATHER
        return max(saved, 1)

    # What must hold

    def _own_limit(self) -> int:
        """How many iterations a piece may have because of stores in groups of their own."""
        limit = LONGEST_PIECE // self.lanes
        for number, group in enumerate(self.loop.groups):
            if group.has_stores:
                pairs = self._pairs(number, number)
                if pairs:
                    lag = smallest_lag(0, group.stride or 0, pairs)
                    if lag < self.least_lag:
                        raise NotPossible("an iteration loads what one shortly before it stores")
                    limit = min(limit, lag)
        return limit

    def _pairs(self, one: int, other: int) -> tuple[tuple[int, int, int, int], ...]:
        """The pairs of accesses of two groups, where one must not reach what the other one stores before.

        Each has the distance of the later from the earlier access without their bases, their widths, and after how many
        iterations the later one really comes later.
        """
        found = []
        parts = len(self.loop.stores) // self.lanes
        turns = {access: number % parts for number, (access, _, _) in enumerate(self.loop.stores)}
        for earlier in self.loop.groups[one].accesses:
            for later in self.loop.groups[other].accesses:
                if earlier is later or not earlier.is_store:
                    continue
                # With arrays, all loads come first, then one store after the other, each for all iterations.
                if later.is_store and turns.get(later, -1) >= turns.get(earlier, -1):
                    continue
                first = 0 if earlier.order < later.order else 1
                found.append((later.place - earlier.place, later.width, earlier.width, first))
        return tuple(found)

    def _head(self) -> list[str]:
        loop = self.loop
        failed = self._returned("0")
        lines = [f"def rounds(memory,count{''.join(',' + name for name in self._parameters())}):"]
        for number, group in enumerate(loop.groups):
            base, stride = f"a{number}", group.stride
            if stride is None:
                lines.append(f" if s{number}>2147483647:s{number}-=4294967296")
            lowest = min(0, *(access.place for access in group.accesses))
            highest = max(access.place + access.width for access in group.accesses)
            if lowest < 0:
                lines.append(f" if {base}<{-lowest}:{failed}")
            lines.append(f" room=memory.size_bytes-{base}-{highest}")
            lines.append(f" if room<0:{failed}")
            step = f"s{number}" if stride is None else str(stride)
            up = f"n=room//{step}+1"
            down = f"n=({base}-{-lowest})//-{step}+1" if stride is None else f"n=({base}-{-lowest})//{-stride}+1"
            shorter = "if n<count:count=n"
            if stride is None:
                lines += [f" if {step}>0:", f"  {up}", f"  {shorter}", f" elif {step}<0:", f"  {down}", f"  {shorter}"]
            elif stride:
                lines += [f" {up if stride > 0 else down}", f" {shorter}"]
        lines.append(f" limit={self.limit}")
        lines.append(f" if count<=0:{failed}")
        lines += self._apart(failed)
        lines.append(" buffer=memory.bytes")
        for number, delayed in enumerate(loop.delayed):
            if not delayed.is_used:
                continue
            lines.append(f" if {self._in_memory(delayed, as_bits=True)}!={self._bits_of(delayed, number)}:{failed}")
        lines += self._conversions()
        lines += [" done=0", ' with errstate(all="ignore"):', "  while done<count:"]
        lines += ["   if requests:stop_if_asked()", "   n=min(limit,count-done)"]
        return lines

    def _in_memory(self, delayed: Delayed, *, as_bits: bool = False) -> str:
        """The result of a load, as the number or, with ``as_bits``, the bits of a float."""
        op = OPS[delayed.load]
        letter = "_BHIQ"[(1, 2, 4, 8).index(op.access) + 1]
        is_signed = op.type[0] == "i" and delayed.load.endswith("_s")
        form = "<" + (letter.lower() if is_signed else letter)
        found = f"unpack_from({form!r},buffer,a{delayed.group}+{delayed.place})[0]"
        if is_signed:
            return f"{found}&{MODULUS[op.type] - 1}"
        if as_bits or op.type[0] == "i":
            return found
        return f"f32_from_bits({found})" if op.type == "f32" else found.replace("<Q", "<d")

    def _bits_of(self, delayed: Delayed, number: int) -> str:
        """The bits of a parameter."""
        type = OPS[delayed.load].type
        name = f"d{number}"
        return f"f32_to_bits({name})" if type == "f32" else f"f64_to_bits({name})" if type == "f64" else name

    def _apart(self, failed: str) -> list[str]:
        """Tests that accesses of different groups do not overlap if one is a store."""
        lines: list[str] = []
        tests = 0
        for one, group in enumerate(self.loop.groups):
            for other in range(one + 1, len(self.loop.groups)):
                second = self.loop.groups[other]
                for left in self._clusters(one):
                    for right in self._clusters(other):
                        if not any(access.is_store for access in (*left, *right)):
                            continue
                        tests += 1
                        if tests > _MOST_TESTS:
                            raise NotPossible("it would need too many tests whether its accesses meet")
                        (low, high), (low2, high2) = self._extent(one, left), self._extent(other, right)
                        lines.append(f" if {high}>{low2} and {high2}>{low}:")
                        if group.stride is None or second.stride is None or group.stride != second.stride:
                            lines.append(f"  {failed}")
                            continue
                        pairs = (self._pairs(one, other), self._pairs(other, one))
                        for (first, last), found in zip(((one, other), (other, one)), pairs, strict=True):
                            if found:
                                lines.append(
                                    f"  limit=min(limit,smallest_lag(a{last}-a{first},{group.stride},{found}))"
                                )
                        lines.append(f"  if limit<{self.least_lag}:{failed}")
        return lines

    def _clusters(self, number: int) -> list[list[Access]]:
        """The accesses of a group, divided into those that are near each other."""
        group = self.loop.groups[number]
        near = _NEAR_STEPS * abs(group.stride or 8)
        clusters: list[list[Access]] = []
        for access in sorted(group.accesses, key=lambda access: access.place):
            if clusters and access.place - clusters[-1][-1].place <= near:
                clusters[-1].append(access)
            else:
                clusters.append([access])
        return clusters

    def _extent(self, number: int, accesses: list[Access], count: str = "count") -> tuple[str, str]:
        """The beginning and the end of accesses in ``count`` iterations."""
        group, base = self.loop.groups[number], f"a{number}"
        low = f"{base}+{min(access.place for access in accesses)}"
        high = f"{base}+{max(access.place + access.width for access in accesses)}"
        stride = group.stride
        if stride is None:
            return f"{low}+min(0,s{number}*({count}-1))", f"{high}+max(0,s{number}*({count}-1))"
        if stride > 0:
            return low, f"{high}+{stride}*({count}-1)"
        return (f"{low}{stride}*({count}-1)", high) if stride else (low, high)

    # Names

    def _parameters(self) -> list[str]:
        loop = self.loop
        names = []
        for number, group in enumerate(loop.groups):
            names += [f"a{number}"] if group.stride is not None else [f"a{number}", f"s{number}"]
        for number, (_, _, change) in enumerate(loop.linear):
            names += [f"l{number}"] if not change.terms else [f"l{number}", f"t{number}"]
        names += [f"k{number}" for number in range(len(loop.given))]
        names += [f"p{number}" for number in range(len(loop.totals))]
        names += [f"d{number}" for number in range(len(loop.delayed))]
        return names

    def _returned(self, done: str) -> str:
        loop = self.loop
        results = [f"p{number}" for number in range(len(loop.totals))]
        results += [f"d{number}" for number in range(len(loop.delayed))]
        return f"return {','.join([done, *results])}"

    # The body

    def _conversions(self) -> list[str]:
        """Converts values that the loop does not change to numpy's scalars."""
        types = [_NUMPY_TYPES[str(value.type)] for value in self.loop.given]
        return [f" k{number}={type}(k{number})" for number, type in enumerate(types)]

    def _body(self) -> None:
        loop = self.loop
        stored: list[tuple[Access, int, str]] = []
        tested: dict[str, None] = {}
        parts = len(loop.stores) // self.lanes
        totals = [self._total(number, tested) for number in range(len(loop.totals))]
        for access, group, node in loop.stores[: max(parts, 0)]:
            kind, what, *_ = loop.expressions[node]
            name = f"r{what}" if kind == "total" else self._value(node)
            op = OPS[access.op]
            if op.type[0] == "f" and kind != "total":
                tested[name] = None
            if kind == "load":
                # A store might change it before it is used.
                self._add("c", f"{name}.copy()")
                name = f"c{self.operations}"
            stored.append((access, group, name))
        for name in tested:
            self.operations += 1
            self.lines.append(f"   if isnan({name}).any():break")
        for access, group, name in stored:
            self._store(access, group, name)
        for number, name in enumerate(totals):
            self.lines.append(f"   p{number}={name}")
        for number, group_ in enumerate(loop.groups):
            step = f"s{number}" if group_.stride is None else str(group_.stride)
            if step != "0":
                self.lines.append(f"   a{number}+={step}*n")
        for number, (type, _, change) in enumerate(loop.linear):
            step = f"t{number}" if change.terms else str(change.constant)
            self.lines.append(f"   l{number}=(l{number}+{step}*n)&{MODULUS[type] - 1}")
        self.lines.append("   done+=n")
        for number, delayed in enumerate(loop.delayed):
            self.lines.append(f" d{number}={self._in_memory(delayed)}")
        self.lines.append(" " + self._returned("done"))

    def _add(self, letter: str, text: str) -> str:
        self.operations += 1
        name = f"{letter}{self.operations}"
        self.lines.append(f"   {name}={text}")
        return name

    def _array(self, op: str, type: str, group: int, place: int) -> str:
        self.arrays += 1
        stride = self.loop.groups[group].stride
        count, step = "n", f"s{group}"
        if stride is not None:
            lanes = self.lanes if stride else 1
            count, step = f"n*{lanes}" if lanes > 1 else "n", str(stride // lanes)
        if OPS[op].type != "v128":
            return f"ndarray(({count},),{type},buffer,a{group}+{place},({step},))"
        rows = f"ndarray(({count},16),{type},buffer,a{group}+{place},({step},1))"
        # Views of other types need the bytes of a row in order, as only rows that do not overlap have.
        return rows if op in STORED or (stride is not None and abs(stride) // self.lanes >= 16) else f"{rows}.copy()"

    def _store(self, access: Access, group: int, name: str) -> None:
        type = STORED[access.op]
        if self.loop.groups[group].stride:
            self.lines.append(f"   {self._array(access.op, type, group, access.place)}[...]={name}")
        else:
            self.arrays += 1
            place = f"ndarray((1,),{type},buffer,a{group}+{access.place})"
            self.lines.append(f"   {place}[...]=last({name})")

    def _value(self, node: Node) -> str:
        """The name of an expression's array or scalar."""
        known = self.names.get(node)
        if known is None:
            known = self.names[node] = self._compute(node)
        return known

    def _compute(self, node: Node) -> str:
        kind, *rest = self.loop.expressions[node]
        if kind == "const":
            return self._constant(node, *rest)
        if kind == "immediate":
            self.globals.append(f"w{node}={rest[0]!r}")
            return f"w{node}"
        if kind == "given":
            return f"k{rest[0]}"
        if kind == "linear":
            return self._linear(*rest)
        if kind == "load":
            op, group, place = rest
            type, conversion = LOADED[op]
            self.arrays += bool(conversion)
            self.lines.append(f"   x{len(self.names)}={self._array(op, type, group, place)}{conversion}")
            return f"x{len(self.names)}"
        if kind == "gather":
            return self._gather(*rest)
        text = self._expression(*rest)
        if OPERATIONS[rest[0]].is_test:
            type = _NUMPY_TYPES["i32"]
            return self._add("v", f"{text}.astype({type})")
        return self._add("v", text)

    def _gather(self, op: str, address: Node, offset: int) -> str:
        """Items at computed addresses, which the loop must not write in this piece."""
        type, conversion = LOADED[op]
        addresses = self._value(address)
        self.operations += 2
        found = self._add("g", f"gather(memory,{type},{OPS[op].access},{addresses},{offset})")
        self.lines.append(f"   if {found} is None:break")
        self.lines.append(f"   {found},low,high={found}")
        written: list[str] = []
        for number, group in enumerate(self.loop.groups):
            stores = [access for access in group.accesses if access.is_store]
            if stores:
                low, high = self._extent(number, stores, "n")
                written.append(f"({high}>low and high>{low})")
        if written:
            self.lines.append(f"   if {' or '.join(written)}:break")
        if conversion:
            self.lines.append(f"   {found}={found}{conversion}")
        return found

    def _expression(self, op: str, *args: Node) -> str:
        operation = OPERATIONS[op]
        if op == "select":
            names = [self._value(args[0]), self._value(args[1]), self._test(args[2])]
        else:
            names = [self._value(arg) for arg in args]
        if op in LANE_WRITES and self._is_own(args[0]):
            return LANE_WRITES[op].format(*names)
        if operation.guard is not None:
            self.operations += 2
            self.lines.append(f"   if not ({operation.guard.format(*names)}).all():break")
        return operation.text.format(*names)

    def _is_own(self, node: Node) -> bool:
        """Whether an expression is a new array that nothing else uses: it may be changed."""
        if not self.uses:
            operands = (item[2:] for item in self.loop.expressions if item[0] == "op")
            terms = (total.terms for total in self.loop.totals)
            stored = ((node,) for _, _, node in self.loop.stores)
            self.uses = Counter(chain.from_iterable(chain(operands, terms, stored)))
        kind, op, *_ = self.loop.expressions[node]
        return kind == "op" and self.uses[node] == 1 and op in NEW_VECTORS

    def _test(self, node: Node) -> str:
        """An array of bools: whether elements are not zero."""
        if node not in self.tests:
            kind, op, *args = self.loop.expressions[node]
            if kind == "op" and OPERATIONS[op].is_test:
                self.tests[node] = self._add("b", self._expression(op, *args))
            else:
                self.tests[node] = self._add("b", f"({self._value(node)}!=0)")
        return self.tests[node]

    def _constant(self, node: Node, op: str, number: Any) -> str:
        if node not in self.constants:
            name = self.constants[node] = f"q{len(self.constants)}"
            type = op.partition(".")[0]
            self.globals.append(f"{name}={_NUMPY_TYPES[type]}({_literal(type, number)})")
        return self.constants[node]

    def _linear(self, type: str, number: int, constant: int) -> str:
        change = self.loop.linear[number][2]
        dtype, mask = _NUMPY_TYPES[type], MODULUS[type] - 1
        name = f"count_{dtype}"
        if f"{name}=counting({dtype})" not in self.globals:
            self.globals.append(f"{name}=counting({dtype})")
        count, step = "n", f"t{number}"
        if not change.terms:
            count = f"n*{self.lanes}" if self.lanes > 1 else "n"
            step = str(as_signed(change.constant, type) // self.lanes & mask)
        return self._add("v", f"{name}[:{count}]*{dtype}({step})+{dtype}(l{number}+{constant}&{mask})")

    # Totals

    def _total(self, number: int, tested: dict[str, None]) -> str:
        """Computes a total after the piece; returns its name."""
        loop = self.loop
        total = loop.totals[number]
        name = f"r{number}"
        terms = total.terms[: len(total.terms) // self.lanes]
        type = str(total.param.type)
        dtype = _NUMPY_TYPES[type]
        count = "n" if self.lanes == 1 else f"n*{self.lanes}"
        add = self.lines.append
        if total.kind != "sum" and any(loop.is_uniform(term) for term in terms):
            raise NotPossible("a total has terms that are always the same")
        values = [self._value(term) for term in terms]
        self.operations += len(values)
        if total.kind == "sum":
            mask = MODULUS[type] - 1
            sums = [f"{factor}*total({value},{count})" for factor, value in zip(total.factors, values, strict=False)]
            add(f"   {name}=(p{number}+{'+'.join([*sums, f'{total.constant}*n'])})&{mask}")
        elif total.kind in VECTOR_TOTALS:
            function, lanes = VECTOR_TOTALS[total.kind]
            add(f"   {name}=fold_vectors({function},{lanes},p{number},{','.join(values)})")
        elif total.kind[4:] in _REDUCED:
            function, symbol = _REDUCED[total.kind[4:]]
            add(f"   {name}={symbol.join([f'p{number}', *(f'fold({function},{value})' for value in values)])}")
        elif total.kind in ("max", "min"):
            add(f"   {name}=extreme({total.kind!r},{total.order!r},p{number},{','.join(values)})")
            add(f"   if {name} is None:break")
        else:
            width = len(values)
            add(f"   e{number}=empty({count}*{width}+1,{dtype})")
            add(f"   e{number}[0]=p{number}")
            for place, value in enumerate(values):
                add(f"   e{number}[{place + 1}::{width}]={value}")
            add(f"   {name}=accumulate(e{number})[-1].item()")
            add(f"   if {name}!={name}:break")
            self.operations += 2
        return name


def _literal(type: str, imm: Any) -> str:
    if type[0] in "iv":
        return str(imm)
    form = "<f" if type == "f32" else "<d"
    bits = int(imm).to_bytes(4 if type == "f32" else 8, "little")
    (number,) = struct.unpack(form, bits)
    if number != number:
        raise NotPossible("it computes with a NaN")
    return f'float("{number!r}")'


def _find_lanes(loop: ArrayLoop) -> int:
    """The number of equal parts of an iteration, as in unrolled loops; sorts the stores accordingly."""
    lanes = _count_lanes(loop)
    if lanes > 1 or len(loop.stores) < 2:
        return lanes
    # Split vectors are stored from the last number to the first.
    before = loop.stores
    by_group: dict[int, list[tuple[Access, int, Node]]] = {}
    for item in before:
        by_group.setdefault(item[1], []).append(item)
    for number, items in by_group.items():
        items.sort(key=lambda item: item[0].place, reverse=(loop.groups[number].stride or 0) < 0)
    if len({len(items) for items in by_group.values()}) > 1:
        return 1
    loop.stores = list(chain.from_iterable(zip(*by_group.values(), strict=True)))
    lanes = _count_lanes(loop)
    if lanes == 1:
        loop.stores = before
    return lanes


def _count_lanes(loop: ArrayLoop) -> int:
    counts = [len(loop.stores), *(len(total.terms) for total in loop.totals)]
    largest = max(counts)
    for lanes in range(largest, 1, -1):
        if all(count % lanes == 0 for count in counts) and _is_unrolled(loop, lanes):
            return lanes
    return 1


def _is_unrolled(loop: ArrayLoop, lanes: int) -> bool:
    if LONGEST_PIECE // lanes < _SHORTEST_PIECE:
        return False
    # The expressions that match, for each lane.
    known: list[set[tuple[Node, Node]]] = [set() for _ in range(lanes)]
    for total in loop.totals:
        if len(set(total.factors)) > 1 and not _repeats(total.factors, lanes):
            return False
        part = len(total.terms) // lanes
        for place, term in enumerate(total.terms):
            if not _matches(loop, total.terms[place % part], term, place // part, lanes, known[place // part]):
                return False
    part = len(loop.stores) // lanes
    for place, (access, group, node) in enumerate(loop.stores):
        first, first_group, first_node = loop.stores[place % part]
        stride = loop.groups[group].stride or 0
        lane = place // part
        if (
            group != first_group
            or not stride
            or stride % lanes
            or access.width != first.width
            or access.op != first.op
            or abs(stride) // lanes < access.width
            or access.place - first.place != lane * stride // lanes
            or not _matches(loop, first_node, node, lane, lanes, known[lane])
        ):
            return False
    return True


def _repeats(factors: list[int], lanes: int) -> bool:
    part = len(factors) // lanes
    return factors == factors[:part] * lanes


def _matches(loop: ArrayLoop, first: Node, node: Node, lane: int, lanes: int, known: set[tuple[Node, Node]]) -> bool:
    """Whether an expression is what the first one becomes in a later part of an iteration."""
    if (first, node) in known:
        return True
    one, other = loop.expressions[first], loop.expressions[node]
    kind = one[0]
    if kind != other[0] or len(one) != len(other):
        return False
    if kind == "load":
        stride = loop.groups[one[2]].stride
        if not stride or stride % lanes or one[1:3] != other[1:3]:
            return False
        found = other[3] - one[3] == lane * stride // lanes
    elif kind == "linear":
        type, number = one[1:3]
        change = loop.linear[number][2]
        if one[1:3] != other[1:3] or change.terms:
            return False
        step = as_signed(change.constant, type)
        found = step % lanes == 0 and (other[3] - one[3] - lane * (step // lanes)) % MODULUS[type] == 0
    elif kind == "gather":
        found = one[1] == other[1] and one[3] == other[3] and _matches(loop, one[2], other[2], lane, lanes, known)
    elif kind == "op":
        pairs = zip(one[2:], other[2:], strict=True)
        found = one[1] == other[1] and all(_matches(loop, *pair, lane, lanes, known) for pair in pairs)
    else:
        found = first == node
    if found:
        known.add((first, node))
    return bool(found)
