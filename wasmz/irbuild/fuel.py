"""Functions that use fuel: a unit for each call and for each iteration of a loop.

    b0:                                   b0:
      jump b1                               fuel.take
    b1:                                     jump b1
      ...                        ->       b1:
      branch v1 b1 b2                       fuel.take                   a unit, or it traps
    b2:                                     ...
      return v2                             branch v1 b1 b2
                                          b2:
                                            return v2

This is done before all passes, so that the fuel used does not depend on passes or levels: taking a unit is an effect,
which passes do not move past others. The units are items of an iterator (docs/abi.md, "Fuel"), which is faster than
counting with a number.
"""

from __future__ import annotations

from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value, loop_headers

TAKE = "fuel.take"


def add_fuel(function: Function) -> None:
    """Makes the function use fuel. It must be the builder's IR."""
    for header in loop_headers(function):
        # The exception must stay the first value of a handler.
        place = 1 if header.body and header.body[0].op == "exn.caught" else 0
        header.body.insert(place, _take(function, header))
    entry = Block()
    entry.body = [_take(function, entry)]
    entry.terminator = Terminator("jump", (), (Edge(function.blocks[0]),), offset=function.offset)
    function.blocks.insert(0, entry)


def _take(function: Function, block: Block) -> Value:
    return Value(TAKE, None, (), None, function.offset, block)
