"""Passes from IR to IR, and which of them each optimisation level runs.

A pass is a module with one idea and a function ``run(function, context)`` that changes the function in place. Its
docstring shows IR before and after. The pipelines below are the order of optimisation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from wasmz.ir.analyses import dominator_tree
from wasmz.ir.nodes import Function
from wasmz.passes.context import Context
from wasmz.startup.concurrency import load

Pass = Callable[[Function, Context], None]
# Called after each pass, with its name and the function.
Observer = Callable[[str, Function], None]

# Optimisation level -> names of its passes, in order.
PIPELINES: dict[int, tuple[str, ...]] = {
    0: (),
    1: ("merge", "copies", "constants", "conditions", "narrow", "guard", "dead"),
    2: (
        "merge",
        "ssa",
        "inline",
        "lanes",
        "counters",
        "values",
        "forwarding",
        "idioms",
        "jumps",
        "conditions",
        "dead",
        "represent",
        "values",
        "invariants",
        "dead",
        "jumps",
        "streams",
    ),
}

PASSES = tuple(dict.fromkeys(name for names in PIPELINES.values() for name in names))

# SSA construction relies on reducible control flow, which WebAssembly's is. Only the continuation of an inner loop,
# entered in the middle of others, may be irreducible; it gets the passes of level 1. So do functions beyond these
# sizes, which compilers do not make: the passes of level 2 keep sets of values for each value, and the locals of each
# block.
_MOST_VALUES = 40_000
_MOST_LOCALS_IN_BLOCKS = 4_000_000

# What other passes or the code generator rely on: cannot be disabled.
REQUIRED = frozenset({"merge", "ssa", "represent"})


@cache
def find_pass(name: str) -> Pass:
    """The pass of a name. Its module is imported only here: baseline code needs one pass, and must start quickly."""
    found: Pass = load(f"wasmz.passes.{name}").run
    return found


def run_passes(function: Function, level: int, context: Context, observe: Observer | None = None) -> None:
    """Runs a level's enabled passes; with ``context.verify``, the IR is checked after each."""
    for name in _chosen(function, level):
        if name in context.disabled:
            continue
        find_pass(name)(function, context)
        if context.verify:
            load("wasmz.ir.verifier")
            from wasmz.ir.verifier import verify_function

            verify_function(function, after=name)
        if observe is not None:
            observe(name, function)


def _chosen(function: Function, level: int) -> Iterator[str]:
    """The passes of a level, or of level 1 if those of level 2 cannot do with the function; each is run at once."""
    names = PIPELINES[level]
    if level == 2:
        is_huge = _is_huge(function)
        # The graph is analysed after it was simplified, so that others need the same analysis.
        yield names[0]
        if is_huge or not dominator_tree(function).is_reducible:
            names = PIPELINES[1]
        names = names[1:]
    yield from names


def _is_huge(function: Function) -> bool:
    return (
        sum(len(block.body) for block in function.blocks) > _MOST_VALUES
        or len(function.blocks) * len(function.locals) > _MOST_LOCALS_IN_BLOCKS
    )
