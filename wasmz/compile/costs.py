"""What one count of baseline code stands for: how much of the function runs from one count to the next.

Used for functions whose baseline code the pipeline makes.

find_costs(function)        -> (12, 30): an iteration of loop 0, and the function outside of loops
"""

from __future__ import annotations

from wasmz.baseline.tiers import estimate
from wasmz.ir.analyses import loop_forest
from wasmz.ir.nodes import Block, Function


def find_costs(function: Function) -> tuple[int, ...]:
    """See ``FunctionCode.costs``. ``function`` is the builder's IR, with all loops noted."""
    numbers = {header: number for number, (header, _) in function.loops.items()}
    # For each loop, and at the end for the rest: how many values and branches it has.
    counts = [[0, 0] for _ in range(max(numbers.values(), default=-1) + 2)]
    innermost = loop_forest(function).innermost if numbers else {}
    for block in function.blocks:
        loop = innermost.get(block)
        found: Block | None = None if loop is None else loop.header
        while loop is not None and found not in numbers:
            loop = loop.parent
            found = None if loop is None else loop.header
        count = counts[-1 if found is None else numbers[found]]
        count[0] += len(block.body)
        count[1] += len(block.terminator.edges) > 1
    return tuple([estimate(*count) for count in counts])
