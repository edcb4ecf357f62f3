"""Passes from IR to IR, and which of them each optimisation level runs.

A pass is a module with one idea and a function ``run(function)`` that changes the function in place. Its docstring
shows IR before and after. The pipelines below are all there is to the order of optimisation.
"""

from __future__ import annotations

from collections.abc import Callable

from wasmz.ir.nodes import Function
from wasmz.ir.verifier import verify_function
from wasmz.passes import conditions, constants, copies, dead, guard, merge, narrow

Pass = Callable[[Function], None]

PASSES: dict[str, Pass] = {
    "merge": merge.run,
    "copies": copies.run,
    "constants": constants.run,
    "conditions": conditions.run,
    "narrow": narrow.run,
    "guard": guard.run,
    "dead": dead.run,
}

# Optimisation level -> names of its passes, in order.
PIPELINES: dict[int, tuple[str, ...]] = {
    0: (),
    1: ("merge", "copies", "constants", "conditions", "narrow", "guard", "dead"),
}


def run_passes(function: Function, level: int, *, verify: bool = False) -> None:
    """Runs a level's passes; with ``verify`` the IR is checked after each."""
    for name in PIPELINES[level]:
        PASSES[name](function)
        if verify:
            verify_function(function, after=name)
