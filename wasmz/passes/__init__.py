"""Passes from IR to IR, and the pipelines: which passes each optimisation level runs.

A pass is a module with one idea and a function ``run(function, context)`` that changes the function in place. Its
docstring shows IR before and after. The pipelines below are the order of optimisation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    2: (
        "merge",
        "ssa",
        "inline",
        "lanes",
        "counters",
        "values",
        "forwarding",
        "idioms",
        "arrays",
        "closed",
        "circuits",
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

# For code that runs first and is left to the pipeline by the baseline compiler: little work, and less to emit.
PLAIN = ("merge", "conditions", "dead")

# Larger functions get these as well; compilers hardly make any. The passes of level 2 keep sets of values for each
# value, and the locals of each block. Irreducible graphs get them, too, because SSA construction cannot handle these:
# WebAssembly's are reducible, and so are those of continuations unless that takes too many copies (irbuild/peeling.py).
_MOST_VALUES = 40_000
_MOST_LOCALS_IN_BLOCKS = 4_000_000

# Passes that others or the code generator rely on; they cannot be disabled.
REQUIRED = frozenset({"merge", "ssa", "represent"})


@cache
def find_pass(name: str) -> Pass:
    """The pass with this name. Imported only here: code that runs first needs few passes, and must start quickly."""
    found: Pass = load(f"wasmz.passes.{name}").run
    return found


def run_passes(function: Function, level: int, context: Context, observe: Observer | None = None) -> None:
    """Runs a level's enabled passes; with ``context.verify``, the IR is checked after each."""
    _run(_chosen(function, level), function, context, observe)


def run_plain(function: Function, context: Context) -> None:
    """Runs the passes in ``PLAIN``, likewise."""
    _run(PLAIN, function, context)


def _run(names: Iterable[str], function: Function, context: Context, observe: Observer | None = None) -> None:
    for name in names:
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
    """The passes of a level, or ``PLAIN`` if level 2 cannot handle the function; each is run before the next."""
    names = PIPELINES[level]
    if names:
        is_huge = _is_huge(function)
        # The first pass simplifies the graph, which is analysed then; other passes need the same analyses.
        yield names[0]
        if is_huge or not dominator_tree(function).is_reducible:
            names = PLAIN
        names = names[1:]
    yield from names


def _is_huge(function: Function) -> bool:
    return (
        sum(len(block.body) for block in function.blocks) > _MOST_VALUES
        or len(function.blocks) * len(function.locals) > _MOST_LOCALS_IN_BLOCKS
    )
