"""Verifies the IR between passes. All violations are reported together, with the function's text.

It checks that

    * every block ends in one terminator with the number of edges that it needs;
    * edges lead to blocks of the function and pass as many arguments, of the right types, as the block has parameters;
    * an operand is defined before its use: above it in the block, or in a block that dominates it;
    * each value knows its block;
    * operations exist, and have operands of the right types;
    * locals exist, and are read and written with their type;
    * a function returns what its type says (after `represent`, i32 and i64 are the same: an int);
    * a bool is used only by conditions;
    * handlers begin with the exception, and only throwing terminators lead to them;
    * after a protected call its block only computes, and no path through the handler leads to a use of the results.
"""

from __future__ import annotations

from collections.abc import Iterable

from wasmz.ir.analyses import find_stale_analyses
from wasmz.ir.dominators import dominators
from wasmz.ir.facts import CONSTANTS
from wasmz.ir.nodes import BOOL, Block, Edge, Function, Terminator, Value
from wasmz.ir.operations import CALLS, EFFECTS, TERMINATORS, VARIANTS
from wasmz.ir.printer import print_function
from wasmz.subtyping import heap_top, is_subtype
from wasmz.types import RefType, ValType
from wasmz.wasm.instructions import BY_NAME

_EDGE_COUNTS = {"jump": 1, "branch": 2, "count": 2, "invoke": 2, "next": 2}

# The operands that may be bools: by operation, the position.
_CONDITION_OPERANDS = {"select": 2, "i32.eqz": 0}


class BrokenIR(AssertionError):
    """The IR violates an invariant: a fault of wasmz, not of the module. ``findings`` lists all violations."""

    def __init__(self, function: Function, findings: list[str], after: str | None) -> None:
        self.findings = findings
        when = f" after {after}" if after else ""
        super().__init__(
            f"IR of function {function.label} is broken{when}:\n  "
            + "\n  ".join(findings)
            + "\n"
            + print_function(function)
        )


def verify_function(function: Function, *, after: str | None = None) -> None:
    """Raises :class:`BrokenIR` unless all invariants hold; ``after`` names the pass that ran last."""
    findings = [*_check_graph(function)]
    if not findings:
        findings = [*_check_handlers(function), *find_stale_analyses(function)]
    if not findings:
        findings = [*_check_values(function)]
    if findings:
        raise BrokenIR(function, findings, after)


def _check_graph(function: Function) -> Iterable[str]:
    if not function.blocks:
        yield "there are no blocks"
    blocks = set(function.blocks)
    if len(blocks) != len(function.blocks):
        yield "a block is listed twice"
    for number, block in enumerate(function.blocks):
        terminator = getattr(block, "terminator", None)
        if terminator is None or terminator.op not in TERMINATORS:
            yield f"b{number} has no terminator"
            continue
        count = len(terminator.edges)
        if terminator.op == "switch":
            if not count:
                yield f"b{number}: switch needs a default edge"
        elif terminator.op in ("throw", "reraise"):
            if count > 1:
                yield f"b{number}: {terminator.op} has {count} edges"
        elif count != _EDGE_COUNTS.get(terminator.op, 0):
            yield f"b{number}: {terminator.op} has {count} edges"
        for edge in terminator.edges:
            if edge.block not in blocks:
                yield f"b{number}: an edge leaves the function"
            elif len(edge.args) != len(edge.block.params):
                yield f"b{number}: an edge passes {len(edge.args)} arguments for {len(edge.block.params)} parameters"


def _check_handlers(function: Function) -> Iterable[str]:
    """Handlers begin with the exception, and only throwing terminators enter them; `invoke` has a call to protect."""
    handlers = {block for block in function.blocks if block.body and block.body[0].op == "exn.caught"}
    for number, block in enumerate(function.blocks):
        terminator = block.terminator
        throwing: tuple[Edge, ...] = ()
        if terminator.op in ("invoke", "throw", "reraise"):
            throwing = terminator.edges[-1:]
        if terminator.op == "invoke":
            yield from _check_protected(number, block)
        if any(value.op == "exn.caught" for value in block.body[1:]) or (block in handlers and block.params):
            yield f"b{number}: exn.caught is not at the start"
        for edge in terminator.edges:
            if (edge.block in handlers) is not (edge in throwing):
                yield f"b{number}: {terminator.op} leads to {'a' if edge.block in handlers else 'no'} handler"


def _check_protected(number: int, block: Block) -> Iterable[str]:
    for value in reversed(block.body):
        if value.op in CALLS:
            return
        if EFFECTS[value.op] and value.op != "local.set":
            yield f"b{number}: {value!r} comes after a protected call"
    yield f"b{number}: invoke without a call"


def _set_by_protected_calls(function: Function, above: dict[Block, frozenset[Block]]) -> dict[Value, Block | None]:
    """The results of protected calls, and later values; each with the block that must dominate all uses."""
    found: dict[Value, Block | None] = {}
    sources: dict[Block, list[Block]] = {}
    for block in function.blocks:
        for edge in block.terminator.edges:
            sources.setdefault(edge.block, []).append(block)
    for block in function.blocks:
        if block.terminator.op != "invoke":
            continue
        following = block.terminator.edges[0].block
        is_entrance = all(source is block or following in above[source] for source in sources[following])
        for value in reversed(block.body):
            if value.op not in CONSTANTS:
                found[value] = following if is_entrance else None
            if value.op in CALLS:
                break
    return found


def _check_values(function: Function) -> Iterable[str]:
    above = dominators(function)
    protected = _set_by_protected_calls(function, above)
    for number, block in enumerate(function.blocks):
        seen: set[Value] = set(block.params)
        for value in block.params:
            if value.block is not block or value.op != "param":
                yield f"b{number}: a parameter is {value!r} or belongs to another block"
        for value in block.body:
            place = f"b{number}: {value!r}"
            if value.block is not block:
                yield f"{place} belongs to another block"
            for arg in value.args:
                yield from _check_defined(place, block, arg, seen, above, protected)
            yield from _check_operation(function, place, value)
            seen.add(value)
        terminator = block.terminator
        place = f"b{number}: {terminator.op}"
        for arg in (*terminator.args, *(arg for edge in terminator.edges for arg in edge.args)):
            yield from _check_defined(place, block, arg, seen, above, protected)
        yield from _check_terminator(function, place, terminator)


def _check_defined(
    place: str,
    block: Block,
    arg: Value,
    seen: set[Value],
    above: dict[Block, frozenset[Block]],
    protected: dict[Value, Block | None],
) -> Iterable[str]:
    if arg.block is block:
        if arg not in seen:
            yield f"{place} uses {arg!r} before it is defined"
    elif arg.block not in above[block]:
        yield f"{place} uses {arg!r} of a block that does not dominate it"
    elif arg in protected and protected[arg] not in above[block]:
        yield f"{place} uses {arg!r}, but a path through its call's handler leads there"


def _check_operation(function: Function, place: str, value: Value) -> Iterable[str]:
    op = value.op
    if op not in EFFECTS or op == "param":
        yield f"{place}: there is no such operation in a body"
        return
    if op in ("local.get", "local.set"):
        if not 0 <= value.imm < len(function.locals):
            yield f"{place}: there is no local {value.imm}"
        else:
            declared = function.locals[value.imm]
            moved = value.type if op == "local.get" else value.args[0].type
            if not _fits(function, moved, declared):
                yield f"{place}: local {value.imm} is {declared}, not {moved}"
    row = BY_NAME.get(VARIANTS.get(op, op))
    if row is not None and row.params is not None and op not in ("table.get", "table.set"):
        if len(value.args) != len(row.params):
            yield f"{place}: has {len(value.args)} operands, needs {len(row.params)}"
        else:
            for position, (arg, wanted) in enumerate(zip(value.args, row.params, strict=True)):
                if _CONDITION_OPERANDS.get(op) == position and arg.type is BOOL:
                    continue
                if arg.type is ValType.I64 and wanted is ValType.I32 and row.mnemonic in _ADDRESSING:
                    continue
                if not _fits(function, arg.type, wanted):
                    yield f"{place}: operand {position} is {arg.type}, not {wanted}"
    else:
        for position, arg in enumerate(value.args):
            if arg.type is BOOL and _CONDITION_OPERANDS.get(op) != position:
                yield f"{place}: operand {position} is a bool"


def _check_terminator(function: Function, place: str, terminator: Terminator) -> Iterable[str]:
    for edge in terminator.edges:
        for arg, param in zip(edge.args, edge.block.params, strict=True):
            if not _fits(function, arg.type, param.type):
                yield f"{place} passes {arg.type} for a parameter of type {param.type}"
    if terminator.op in ("branch", "switch"):
        condition = terminator.args[0].type
        if not _fits(function, condition, ValType.I32) and not (condition is BOOL and terminator.op == "branch"):
            yield f"{place} tests a value of type {condition}"
    elif terminator.op == "return":
        results = function.type.results
        if len(terminator.args) != len(results):
            yield f"{place} returns {len(terminator.args)} values of {len(results)}"
        for arg, result in zip(terminator.args, results, strict=False):
            if not _fits(function, arg.type, result):
                yield f"{place} returns {arg.type} for {result}"


_INTEGERS = (ValType.I32, ValType.I64)
# Addresses, indices and counts are i64 where the memory or table says so, which the IR of a function does not record.
_ADDRESSING = frozenset(
    name for name, row in BY_NAME.items() if row.access is not None or name.startswith(("memory.", "table."))
)


def _fits(function: Function, found: object, wanted: object) -> bool:
    if found is wanted or (function.is_represented and found in _INTEGERS and wanted in _INTEGERS):
        return True
    if isinstance(found, RefType) and isinstance(wanted, RefType):
        # A value keeps the type that it had before a cast.
        return heap_top(found.heap_type) is heap_top(wanted.heap_type)
    return isinstance(found, ValType) and isinstance(wanted, ValType) and is_subtype(found, wanted)
