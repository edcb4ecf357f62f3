"""Value numbering: values that were computed on all paths to a place are not computed there again.

    v2 = i32.add v0 v1             v2 = i32.add v0 v1
    v3 = i32.const 4               v3 = i32.const 4
    v4 = i32.mul v2 v3       ->    v4 = i32.mul v2 v3
    branch v5 b1 b2                branch v5 b1 b2
    b1:                            b1:
    v6 = i32.add v1 v0             return v2
    v7 = select v6 v4 v5
    return v7

The pass is one walk down the dominator tree. It replaces operands, evaluates constants (integers only, by the
runtime's own functions), simplifies operations (`rules/`), and looks up others in a table of the operations above.
Conditions that were tested above are known. Branches on constants become jumps, and block parameters for which all
edges pass the same value are dropped. Functions that are not in SSA form stay unchanged.
"""

from __future__ import annotations

from typing import Any, Union

from wasmz.ir.analyses import dominator_tree
from wasmz.ir.dominators import DominatorTree
from wasmz.ir.edit import distinct_edges, drop_unreachable, incoming_edges, remove_params, replace_values
from wasmz.ir.facts import (
    COMMUTATIVE,
    DIVISIONS,
    INTEGER_CONSTANTS,
    INVERSE,
    MIRRORED,
    NUMBERED,
    NUMERIC_CONSTANTS,
    OPS,
    ZERO_TESTS,
)
from wasmz.ir.nodes import BOOL, Block, Edge, Function, ResultType, Terminator, Value, count_uses
from wasmz.ir.operations import CALLS, INT_COMPARISONS, protected_call
from wasmz.passes.context import Context
from wasmz.passes.rules import integers, python_ints
from wasmz.passes.rules.evaluation import evaluate
from wasmz.passes.rules.support import is_boolean
from wasmz.types import RefType, ValType

_EQUALITIES = {"i32.eq": True, "i64.eq": True, "int.eq": True, "i32.ne": False, "i64.ne": False, "int.ne": False}
# After one of these the reference is known not to be null; after a cast its type is known, too.
_CHECKS = frozenset({"ref.cast", "ref.as_non_null"})
_DEREFERENCES = frozenset(
    f"{kind}.{name}" for kind in ("struct", "array") for name in ("get", "get.i8", "get.i16", "set", "len")
)
_RULES = {**integers.RULES, **python_ints.RULES}
_FIELD_READS = frozenset({"struct.get", "struct.get.i8", "struct.get.i16"})
_MOST_CHANGES = 8
_MOST_ITERATIONS = 4
_MOST_FACTS = 16

# How operations are handled; operations without a kind stay as they are.
_CONSTANT, _NUMBERED, _COPIED, _DIVIDING, _CHECKING, _READING, _DEREFERENCING, _CALLING = range(8)
_KINDS: dict[str, int] = {
    **dict.fromkeys(CALLS, _CALLING),
    **dict.fromkeys(_DEREFERENCES, _DEREFERENCING),
    **dict.fromkeys(("global.get", "memory.size"), _READING),
    **dict.fromkeys(_CHECKS, _CHECKING),
    **dict.fromkeys(DIVISIONS, _DIVIDING),
    "copy": _COPIED,
    **dict.fromkeys(NUMBERED, _NUMBERED),
    **dict.fromkeys(NUMERIC_CONSTANTS, _CONSTANT),
}
# Operations on Python ints: the type is not in their name, so it is in their key.
_UNTYPED = frozenset(op.name for op in OPS.values() if op.type == "int")

_Key = tuple[Any, ...]
# An entry of a table: the value of an operation, or the number (0 or 1) that a condition is known to be.
_Known = Union[Value, int]


def run(function: Function, context: Context) -> None:
    """Numbers in place."""
    if not function.is_ssa:
        return
    unify_params(function)
    tree = dominator_tree(function)
    if tree.is_reducible:
        count_uses(function)
        _Numbering(function, context, tree).run()


def unify_params(function: Function) -> None:
    """Drops parameters for which all edges pass the same value, or the parameter itself."""
    incoming = incoming_edges(function)
    blocks = [block for block in function.blocks if block.params and incoming[block]]
    replaced: dict[Value, Value] = {}
    for _ in range(_MOST_ITERATIONS):
        before = len(replaced)
        for block in blocks:
            edges = incoming[block]
            for number, param in enumerate(block.params):
                if param in replaced:
                    continue
                only: Value | None = None
                for _, edge in edges:
                    arg = edge.args[number]
                    while arg in replaced:
                        arg = replaced[arg]
                    if arg is not only and arg is not param:
                        if only is not None:
                            break
                        only = arg
                else:
                    if only is not None:
                        replaced[param] = only
        if len(replaced) == before:
            break
    if replaced:
        remove_params(function, replaced)
        replace_values(function, replaced)


def divides_safely(value: Value) -> bool:
    """Whether a value is a division that cannot trap for any dividend."""
    if value.op not in DIVISIONS:
        return False
    divisor = value.args[1]
    if divisor.op not in INTEGER_CONSTANTS or not divisor.imm:
        return False
    # The quotient of the lowest number and minus one is too large.
    op = OPS[value.op]
    return op.kind != "div_s" or divisor.imm != op.mask


class _Numbering:
    def __init__(self, function: Function, context: Context, tree: DominatorTree) -> None:
        self.function = function
        self.context = context
        self.tree = tree
        self.table: dict[_Key, _Known] = {}
        self.replaced: dict[Value, Value] = {}
        # What to restore when the walk leaves a block and all below it: (dictionary, key, old entry).
        self.undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self.incoming: dict[Block, list[tuple[Block, Edge]]] = {}
        # The number of each edge of a switch, kept because thousands of cases are looked up.
        self.cases: dict[Terminator, dict[Edge, int | None]] = {}
        self.removed: set[Value] = set()
        self.body: list[Value] = []
        self.block = function.blocks[0]
        self.offset = 0
        self.is_folded = False

    def run(self) -> None:
        function = self.function
        children = self.tree.children()
        headers = self.tree.headers
        entry = function.blocks[0]
        self.incoming[entry] = []
        work: list[Union[Block, int]] = [entry]
        while work:
            item = work.pop()
            if isinstance(item, int):
                self._leave(item)
                continue
            block = item
            if block not in self.incoming:
                # No path leads here, nor to the blocks below.
                continue
            work.append(len(self.undo))
            self._enter(block, block in headers)
            self._visit(block)
            work += reversed(children[block])
        # The edges still pass arguments for dropped parameters.
        if self.removed:
            remove_params(function, self.removed)
        if self.is_folded:
            drop_unreachable(function)
            unify_params(function)

    # Scopes

    def _set(self, where: dict[Any, Any], key: Any, what: Any) -> None:
        """Sets an entry for this block and those below it."""
        self.undo.append((where, key, where.get(key)))
        where[key] = what

    def _leave(self, length: int) -> None:
        undo = self.undo
        for where, key, old in reversed(undo[length:]):
            if old is None:
                del where[key]
            else:
                where[key] = old
        del undo[length:]

    def _enter(self, block: Block, is_header: bool) -> None:
        """Applies the incoming edges: the arguments that they pass, and the conditions known on them."""
        self.block = block
        self.body = []
        self.offset = block.body[0].offset if block.body else block.terminator.offset
        incoming = self.incoming[block]
        if is_header or not incoming:
            return
        if len(incoming) == 1:
            source, edge = incoming[0]
            for param, arg in zip(block.params, edge.args, strict=True):
                self.replaced[param] = arg
                self.removed.add(param)
            self._learn(source.terminator, edge)
            return
        if not block.params:
            return
        passed = [edge.args for _, edge in incoming]
        for number, param in enumerate(block.params):
            first, differ = passed[0][number], False
            for args in passed:
                arg = args[number]
                if arg is not first:
                    if arg.op != first.op or arg.imm != first.imm or first.op not in NUMERIC_CONSTANTS:
                        break
                    differ = True
            else:
                self.replaced[param] = self._constant(first.op, param.type, first.imm) if differ else first
                self.removed.add(param)

    def _learn(self, terminator: Terminator, edge: Edge) -> None:
        """Applies what is known after an edge that is the only one into its block."""
        if terminator.op == "branch":
            one, other = terminator.edges
            if one is not other:
                self._suppose(terminator.args[0], edge is one)
        elif terminator.op == "switch":
            number = self._case(terminator, edge)
            if number is not None and number < len(terminator.edges) - 1:
                self._equate(terminator.args[0], number)

    def _case(self, terminator: Terminator, edge: Edge) -> int | None:
        """The only position of an edge in a switch; ``None`` if there are several."""
        cases = self.cases.get(terminator)
        if cases is None:
            cases = self.cases[terminator] = {}
            for number, case in enumerate(terminator.edges):
                cases[case] = None if case in cases else number
        return cases[edge]

    def _suppose(self, condition: Value, truth: bool) -> None:
        work = [(condition, truth)]
        for condition, truth in work:
            op, args = condition.op, condition.args
            if not truth or is_boolean(condition) or op in INVERSE:
                self._equate(condition, int(truth))
            if op in INVERSE:
                self._set(self.table, _key(INVERSE[op], None, condition.type, args), int(not truth))
                if _EQUALITIES.get(op) is truth and args[1].op in INTEGER_CONSTANTS:
                    self._equate(args[0], args[1].imm)
            elif op == "ref.test" and truth:
                self._pass_check("ref.cast", condition.imm, args[0])
            elif op == "ref.is_null" and not truth:
                self._pass_check("ref.as_non_null", None, args[0])
            elif op in ZERO_TESTS:
                if truth:
                    self._equate(args[0], 0)
                elif args[0].type is ValType.I32 and len(work) < _MOST_FACTS:
                    work.append((args[0], True))
            elif op == ("i32.and" if truth else "i32.or") and len(work) < _MOST_FACTS:
                work += [(arg, truth) for arg in args]

    # Checks of references

    def _is_passed(self, value: Value) -> bool:
        """Whether a check cannot fail, because every path to it has passed the same check."""
        reference = value.args[0]
        if value.op == "ref.as_non_null":
            return ("ref.as_non_null", reference) in self.table
        return ("ref.cast", value.imm.heap_type, value.imm.nullable, value.imm.exact, reference) in self.table

    def _pass_check(self, op: str, target: RefType | None, reference: Value) -> None:
        """Records a passed check, and others that it implies."""
        if op == "ref.cast" and target is not None:
            for nullable in {target.nullable, True}:
                for exact in {target.exact, False}:
                    self._set(self.table, ("ref.cast", target.heap_type, nullable, exact, reference), 1)
            if target.nullable:
                return
        self._set(self.table, ("ref.as_non_null", reference), 1)

    def _read_object(self, value: Value) -> Value:
        """The value of an access to a structure or array: itself, unless the read value is known.

        Immutable fields and lengths of arrays never change.
        """
        op, imm, reference = value.op, value.imm, value.args[0]
        if op in _FIELD_READS:
            types = self.context.types
            if imm[0] < len(types) and not types[imm[0]].composite.fields[imm[1]].mutable:
                if reference.op == "struct.new":
                    stored: Value = reference.args[imm[1]]
                    return stored
                key: _Key = (op, imm[1], reference)
            else:
                key = ()
        else:
            key = (op, reference) if op == "array.len" else ()
        found = self.table.get(key) if key else None
        if isinstance(found, Value):
            return found
        if key:
            self._set(self.table, key, value)
        self._pass_check("ref.as_non_null", None, reference)
        return value

    def _equate(self, value: Value, number: int) -> None:
        """Records that a value is a known number from here on."""
        if value.uses > 1 and value.op not in NUMERIC_CONSTANTS:
            type = ValType.I32 if value.type is BOOL else value.type
            op = "int.const" if OPS[value.op].type == "int" and value.type is not BOOL else f"{type}.const"
            self._set(self.replaced, value, self._constant(op, type, number))

    # Blocks

    def _visit(self, block: Block) -> None:
        replaced, table, undo = self.replaced, self.table, self.undo
        kinds, keep, number = _KINDS, self.body.append, self._number
        call, noted = protected_call(block), 0
        for value in block.body:
            args = value.args
            for arg in args:
                if arg in replaced:
                    value.args = args = tuple([replaced.get(arg, arg) for arg in args])
                    break
            op = value.op
            kind = kinds.get(op)
            if kind is None:
                keep(value)
            elif kind == _CONSTANT:
                key = (op, value.imm, value.type if op == "int.const" else False)
                known = table.get(key)
                if known is None:
                    undo.append((table, key, None))
                    table[key] = value
                    keep(value)
                else:
                    known.uses += value.uses  # type: ignore[union-attr]
                    replaced[value] = known  # type: ignore[assignment]
            elif kind == _NUMBERED:
                self.offset = value.offset
                found = number(value)
                if found is value:
                    keep(value)
                else:
                    found.uses += value.uses
                    replaced[value] = found
            elif kind == _COPIED:
                replaced[value] = args[0]
            elif kind == _DIVIDING:
                self.offset = value.offset
                found = number(value) if divides_safely(value) else value
                if found is value:
                    keep(value)
                else:
                    replaced[value] = found
            elif kind == _CHECKING:
                if not self._is_passed(value):
                    self._pass_check(op, value.imm, args[0])
                    keep(value)
            elif kind == _DEREFERENCING:
                known = self._read_object(value)
                if known is value:
                    keep(value)
                else:
                    known.uses += value.uses
                    replaced[value] = known
            else:
                if kind == _READING:
                    self._read_constant(value)
                elif value is call:
                    noted = len(undo)
                keep(value)
        if call is not None:
            # The handler is also below this block, but the values after the call were not computed there.
            self._leave(noted)
        block.body = self.body
        self._finish(block)

    def _finish(self, block: Block) -> None:
        terminator = block.terminator
        replaced = self.replaced
        for arg in terminator.args:
            if arg in replaced:
                terminator.args = tuple([replaced.get(arg, arg) for arg in terminator.args])
                break
        op = terminator.op
        if op == "branch" or op == "switch":
            self._fold(terminator)
        incoming = self.incoming
        for edge in distinct_edges(terminator):
            if edge.args:
                edge.args = tuple([replaced.get(arg, arg) for arg in edge.args])
            incoming.setdefault(edge.block, []).append((block, edge))

    def _fold(self, terminator: Terminator) -> None:
        """Makes a branch or switch that always takes the same edge a jump."""
        edges = terminator.edges
        condition = terminator.args[0]
        if condition.op not in INTEGER_CONSTANTS:
            edge = edges[0]
            if edge.args or edges[-1].block is not edge.block or any(other.block is not edge.block for other in edges):
                return
        else:
            number = condition.imm
            taken = (0 if number else 1) if terminator.op == "branch" else min(number, len(edges) - 1)
            edge = edges[taken]
        terminator.op, terminator.args, terminator.edges = "jump", (), (edge,)
        self.is_folded = True

    # Values

    def _number(self, value: Value) -> Value:
        """The value that replaces an operation: itself, if it is the first of its kind."""
        op, args = value.op, value.args
        if args:
            rule = _RULES.get(op)
            changed: Value | None
            if args[0].op in INTEGER_CONSTANTS:
                changed = self._simplify(value)
            else:
                changed = None if rule is None else rule(self, value)
                if changed is value:
                    changed = self._simplify(value)
            if changed is not None:
                if changed is not value:
                    return changed
                op, args = value.op, value.args
                if op not in NUMBERED and op not in DIVISIONS:
                    return value
        if op == "ref.is_null" and ("ref.as_non_null", args[0]) in self.table:
            return self._constant("i32.const", ValType.I32, 0)
        table, type = self.table, value.type
        distinct = type if op in _UNTYPED else type is BOOL
        key = (op, value.imm, distinct, args)
        found = table.get(key)
        if found is None:
            mirrored = MIRRORED.get(op)
            if mirrored is not None:
                found = table.get((mirrored, None, distinct, args[::-1]))
            if found is None:
                self.undo.append((table, key, None))
                table[key] = value
                return value
        if found.__class__ is int:
            return self._constant("i32.const", ValType.I32, found)
        return found  # type: ignore[return-value]

    def _simplify(self, value: Value) -> Value:
        """The value that replaces an operation after rules were applied; itself, changed or not, if there is none."""
        for _ in range(_MOST_CHANGES):
            op, args = value.op, value.args
            first = args[0]
            if first.op in INTEGER_CONSTANTS:
                if len(args) == 1 or (len(args) == 2 and args[1].op in INTEGER_CONSTANTS):
                    return self._evaluate(value) or value
                if op in COMMUTATIVE:
                    value.args = (args[1], first)
                elif op in INT_COMPARISONS:
                    value.op = op = MIRRORED[op]
                    value.args = (args[1], first)
            rule = _RULES.get(op)
            changed = None if rule is None else rule(self, value)
            if changed is None:
                return value
            if changed is not value:
                return changed
        return value

    def _evaluate(self, value: Value) -> Value | None:
        op = value.op
        number = evaluate(op, value.imm, [arg.imm for arg in value.args])
        if number is None:
            return None
        if value.type is BOOL or op in INT_COMPARISONS:
            return self._constant("i32.const", ValType.I32, number)
        type = value.type
        return self._constant("int.const" if OPS[op].type == "int" else f"{type}.const", type, number)

    def _read_constant(self, value: Value) -> None:
        """Makes a value that never changes a constant."""
        if value.op == "global.get":
            known = self.context.constant_globals.get(value.imm)
            if known is not None:
                value.op, value.imm = known
        else:
            types = self.context.memory_types
            if value.imm < len(types) and types[value.imm].maximum == types[value.imm].minimum:
                value.op, value.imm = f"{value.type}.const", types[value.imm].minimum

    # For the rules

    def constant(self, type: ValType, number: int) -> Value:
        """An integer constant; see :class:`~wasmz.passes.rules.support.Maker`."""
        return self._constant(f"{type}.const", type, number)

    def int_constant(self, type: ResultType, number: int) -> Value:
        """A Python int."""
        return self._constant("int.const", type, number)

    def make(self, op: str, type: ResultType, args: tuple[Value, ...]) -> Value:
        """An operation before the current one."""
        value = Value(op, type, args, None, self.offset, self.block)
        found = self._number(value)
        if found is value:
            self.body.append(value)
        return found

    def _constant(self, op: str, type: ResultType, number: Any) -> Value:
        key = (op, number, type if op == "int.const" else type is BOOL)
        found = self.table.get(key)
        if found is None:
            found = Value(op, type, (), number, self.offset, self.block)
            self.body.append(found)
            self._set(self.table, key, found)
        return found  # type: ignore[return-value]


def _key(op: str, imm: Any, type: ResultType, args: tuple[Value, ...]) -> _Key:
    """The key that equal operations share."""
    return (op, imm, type if op in _UNTYPED else type is BOOL, args)
