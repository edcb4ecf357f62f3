"""Dominators and loops, against their definitions on random graphs."""

from __future__ import annotations

import random

import pytest

from tests.support.work import count_lines
from wasmz.ir.dominators import DominatorTree
from wasmz.ir.edit import incoming_edges
from wasmz.ir.loops import LoopForest
from wasmz.ir.nodes import Block, Edge, Function, Terminator, Value
from wasmz.ir.verifier import verify_function
from wasmz.types import FuncType, ValType


def _graph(edges: list[list[int]]) -> Function:
    """A function with an edge from each block to those listed."""
    function = Function(0, None, FuncType(), [], 0)
    function.blocks = [Block() for _ in edges]
    for block, targets in zip(function.blocks, edges, strict=True):
        ways = tuple(Edge(function.blocks[target]) for target in targets)
        index = Value("i32.const", ValType.I32, (), 0, 0, block)
        if len(ways) > 1:
            block.body.append(index)
            block.terminator = Terminator("switch", (index,), ways)
        else:
            block.terminator = Terminator("jump" if ways else "return", (), ways)
    function.number_blocks()
    return function


def _structured(numbers: random.Random, count: int) -> list[list[int]]:
    """A random reducible graph: ways forward, and back to blocks that the spine dominates."""
    edges: list[list[int]] = []
    for number in range(count):
        targets = [min(number + 1, count - 1)] if number < count - 1 else []
        if number and number < count - 1 and numbers.random() < 0.4:
            targets.append(numbers.randrange(number, count))
        edges.append(targets)
    function = _graph(edges)
    tree = DominatorTree(function)
    for number in range(1, count - 1):
        if numbers.random() < 0.3:
            above = [i for i in range(1, number + 1) if tree.dominates(function.blocks[i], function.blocks[number])]
            edges[number].append(numbers.choice(above))
    return edges


def _reached(function: Function, without: Block | None = None) -> set[Block]:
    seen = {function.blocks[0]} - {without}
    work = list(seen)
    while work:
        for edge in work.pop().terminator.edges:  # type: ignore[union-attr]
            if edge.block is not without and edge.block not in seen:
                seen.add(edge.block)
                work.append(edge.block)
    return seen  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("reducible", [True, False])
def test_dominators_are_what_every_way_goes_through(seed: int, reducible: bool) -> None:
    numbers = random.Random(seed)
    count = numbers.randrange(2, 16)
    if reducible:
        edges = _structured(numbers, count)
    else:
        edges = [[numbers.randrange(1, count) for _ in range(numbers.randrange(3))] for _ in range(count)]
    function = _graph(edges)
    tree = DominatorTree(function)
    reached = _reached(function)
    assert set(tree.order) == reached
    for block in reached:
        below = reached - _reached(function, without=block)
        assert {other for other in reached if tree.dominates(block, other)} == below
    if reducible:
        assert tree.is_reducible


@pytest.mark.parametrize("seed", range(60))
def test_loops_are_what_their_latches_are_reached_from(seed: int) -> None:
    numbers = random.Random(seed)
    function = _graph(_structured(numbers, numbers.randrange(2, 20)))
    tree = DominatorTree(function)
    forest = LoopForest(tree)
    ways = incoming_edges(function)
    expected: dict[Block, set[Block]] = {}
    for block in tree.order:
        for edge in block.terminator.edges:
            if tree.dominates(edge.block, block):
                inside = expected.setdefault(edge.block, {edge.block})
                work = [block]
                while work:
                    found = work.pop()
                    if found not in inside:
                        inside.add(found)
                        work += [source for source, _ in ways[found] if source in tree.position]
    assert {loop.header: set(loop.blocks()) for loop in forest.loops} == expected
    for loop in forest.loops:
        for block in tree.order:
            assert forest.contains(loop, block) == (block in expected[loop.header])
        around = [other for other in forest.loops if other is not loop and loop.header in expected[other.header]]
        assert loop.depth == len(around) + 1
        assert loop.parent is (max(around, key=lambda other: other.depth) if around else None)
        for _, edge in forest.exits(loop):
            assert edge.block not in expected[loop.header]
    for block in tree.order:
        assert forest.depth(block) == sum(block in inside for inside in expected.values())


@pytest.mark.parametrize("seed", range(20))
def test_preheaders_are_on_all_ways_into_a_loop(seed: int) -> None:
    numbers = random.Random(seed)
    function = _graph(_structured(numbers, 12))
    forest = LoopForest(DominatorTree(function))
    ways = incoming_edges(function)
    for loop in forest.loops:
        before = forest.preheader(function, loop, ways[loop.header])
        assert before is forest.preheader(function, loop, ways[loop.header])
        assert not forest.contains(loop, before)
    verify_function(function)
    tree = DominatorTree(function)
    for loop in forest.loops:
        assert tree.parent(loop.header).terminator.op == "jump"  # type: ignore[union-attr]


@pytest.mark.parametrize("shape", ["leave", "repeat", "chain"])
def test_many_blocks_take_no_quadratic_time(shape: str) -> None:
    small, large = _many_blocks(shape, 500), _many_blocks(shape, 1_000)
    work = count_lines(lambda: LoopForest(DominatorTree(large)))
    assert work < 3 * count_lines(lambda: LoopForest(DominatorTree(small)))


def _many_blocks(shape: str, count: int) -> Function:
    last = count - 1
    if shape == "leave":
        # Each block may jump to the last one, whose incoming edges then come from all depths of the tree.
        edges = [[i + 1, last] for i in range(count - 2)] + [[last], []]
    elif shape == "repeat":
        # Nested loops, all repeated from the innermost block.
        half = count // 2
        edges = [[i + 1] for i in range(half)] + [[i + 1, count - i] for i in range(half, count - 1)] + [[]]
        edges[half + 1 : -1] = [[min(i + 1, last), max(1, count - i)] for i in range(half + 1, last)]
    else:
        edges = [[i + 1] for i in range(count - 1)] + [[]]
    return _graph(edges)
