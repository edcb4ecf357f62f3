"""Functions that use up fuel: a unit for each call of them, and one for each round of their loops.

    b0:                                   b0:
      jump b1                               count fuel b1 b4
    b1:                                   b1:
      ...                        ->         jump b2
      branch v1 b1 b2                     b2:
    b2:                                     count fuel b3 b4           takes a unit, or goes to b4
      return v2                           b3: ...
                                          b4:
                                            fuel.out                   traps
                                            unreachable

That is done before anything else, so that no pass and no level changes what is used: a unit is an effect that happens
where it happened. The units are those of an iterator (docs/abi.md, "Fuel"), which costs less than a number would.
"""

from __future__ import annotations

from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value, loop_headers

# What a `count` terminator has in place of a counter of tiers.
FUEL = "fuel"


def add_fuel(function: Function) -> None:
    """Makes the function use fuel; it must be as the builder made it."""
    offset = function.offset
    out = Block()
    out.body = [Value("fuel.out", None, (), None, offset, out)]
    out.terminator = Terminator("unreachable", offset=offset)

    def take(following: Block) -> Terminator:
        return Terminator("count", (), (Edge(following), Edge(out)), FUEL, offset)

    headers = set(loop_headers(function))
    entry = Block()
    entry.terminator = take(function.blocks[0])
    blocks = [entry]
    for block in function.blocks:
        blocks.append(block)
        if block in headers:
            rest = Block()
            rest.body, rest.terminator, block.body = block.body, block.terminator, []
            for value in rest.body:
                value.block = rest
            block.terminator = take(rest)
            blocks.append(rest)
    function.blocks = [*blocks, out]
