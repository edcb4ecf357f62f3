"""Functions that use fuel: a unit for each call, and one for each iteration of a loop.

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

This is done before all passes, so that no pass and no level changes the fuel used: passes do not move a unit, as it is
an effect. The units are items of an iterator (docs/abi.md, "Fuel"), which costs less than a number would.
"""

from __future__ import annotations

from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value, loop_headers

# The immediate of a `count` terminator, in place of a counter of tiers.
FUEL = "fuel"


def add_fuel(function: Function) -> None:
    """Makes the function use fuel; it must be the builder's IR."""
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
