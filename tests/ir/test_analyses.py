"""Analyses are kept while the graph stays the same, and only then."""

from __future__ import annotations

import pytest

from wasmz.ir.analyses import dominator_tree, loop_forest, reverse_postorder
from wasmz.ir.edit import incoming_edges
from wasmz.ir.nodes import Block, Edge, Function, Terminator
from wasmz.ir.parser import parse_function
from wasmz.ir.verifier import BrokenIR, verify_function


def _loop() -> Function:
    return parse_function(
        "func 0 (i32) -> ()\n  locals i32\nb0:\n  v0: i32 = local.get 0\n  jump b1\n"
        "b1:\n  branch v0 b1 b2\nb2:\n  return\n"
    )


def test_kept_while_only_values_change() -> None:
    function = _loop()
    tree, forest = dominator_tree(function), loop_forest(function)
    del function.blocks[0].body[:]
    assert dominator_tree(function) is tree
    assert loop_forest(function) is forest


def test_made_anew_when_a_block_is_put_in() -> None:
    function = _loop()
    forest = loop_forest(function)
    (loop,) = forest.loops
    function.blocks[0].terminator.op = "branch"
    function.blocks[0].terminator.args = (function.blocks[0].body[0],)
    function.blocks[0].terminator.edges = (Edge(loop.header), Edge(function.blocks[2]))
    dominator_tree(function)
    forest = loop_forest(function)
    before = forest.preheader(function, forest.loops[0], incoming_edges(function)[loop.header])
    assert before in reverse_postorder(function)
    assert loop_forest(function) is not forest


def test_made_anew_when_an_edge_leads_elsewhere() -> None:
    function = _loop()
    tree = dominator_tree(function)
    function.blocks[1].terminator.edges[0].block = function.blocks[2]
    assert dominator_tree(function) is not tree
    assert not loop_forest(function).loops


def test_made_anew_when_edges_move_to_another_block() -> None:
    """The targets of all edges together stay the same."""
    function = _loop()
    first, header, last = function.blocks
    tree = dominator_tree(function)
    first.terminator, header.terminator = header.terminator, first.terminator
    assert dominator_tree(function) is not tree
    assert first in dominator_tree(function).position
    assert last in dominator_tree(function).position


def test_what_is_kept_is_checked() -> None:
    function = _loop()
    loop_forest(function).loops[0].own_blocks.append(Block())
    with pytest.raises(BrokenIR, match="the loops that are kept were changed"):
        verify_function(function)
    function = _loop()
    dominator_tree(function).order.reverse()
    with pytest.raises(BrokenIR, match="the dominator tree that is kept was changed"):
        verify_function(function)


def test_the_order_is_the_callers() -> None:
    function = _loop()
    reverse_postorder(function).clear()
    assert reverse_postorder(function) == function.blocks
    assert isinstance(function.blocks[0].terminator, Terminator)
