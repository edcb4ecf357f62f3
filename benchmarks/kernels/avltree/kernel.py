"""Balanced trees: the tsearch of musl, with a function to compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.inputs import random_numbers

TOPIC = "data structures"
ORIGIN = "musl 1.2.3 (MIT licence)"
SIZE, SMALL_SIZE = 4_000, 100


@dataclass(slots=True)
class Node:
    key: int
    height: int = 1
    children: list[Node | None] = field(default_factory=lambda: [None, None])


def compare(a: int, b: int) -> int:
    return -1 if a < b else int(a > b)


def rotated(x: Node, side: int) -> Node:
    """The root of the subtree after a rotation away from its deeper side."""
    y = x.children[side]
    assert y is not None
    z = y.children[1 - side]
    outer = y.children[side]
    height = z.height if z else 0
    if z and height > (outer.height if outer else 0):
        x.children[side] = z.children[1 - side]
        y.children[1 - side] = z.children[side]
        z.children[1 - side] = x
        z.children[side] = y
        x.height = y.height = height
        z.height = height + 1
        return z
    x.children[side] = z
    y.children[1 - side] = x
    x.height = height + 1
    y.height = height + 2
    return y


class Tree:
    def __init__(self, compare: Callable[[int, int], int]) -> None:
        self.root: Node | None = None
        self.compare = compare

    def insert(self, key: int) -> Node:
        path: list[tuple[Node, int]] = []
        node = self.root
        while node:
            order = self.compare(key, node.key)
            if order == 0:
                return node
            side = int(order > 0)
            path.append((node, side))
            node = node.children[side]
        added = Node(key)
        if not path:
            self.root = added
            return added
        parent, side = path[-1]
        parent.children[side] = added
        for depth in range(len(path) - 1, -1, -1):
            node = path[depth][0]
            left, right = node.children
            low, high = left.height if left else 0, right.height if right else 0
            before = node.height
            if -2 < low - high < 2:
                node.height = max(low, high) + 1
                if node.height == before:
                    break
                continue
            top = rotated(node, int(low < high))
            if depth:
                parent, side = path[depth - 1]
                parent.children[side] = top
            else:
                self.root = top
            if top.height == before:
                break
        return added


def sum_of(node: Node | None, total: int) -> int:
    if node is None:
        return total
    left, right = node.children
    total = sum_of(left, total)
    return sum_of(right, (total * 31 + node.key * node.height) & 0xFFFFFFFF)


def run(n: int) -> int:
    tree = Tree(compare)
    for number in random_numbers(17, n):
        tree.insert(number >> 10)
    return sum_of(tree.root, 0)
