"""Binary trees of objects that are collected as garbage: made, mirrored in place, and summed up."""

from __future__ import annotations

TOPIC = "objects"
SIZE, SMALL_SIZE = 11, 5
# It needs garbage collection.
ENGINES = ("wasmz", "wasmtime")


class Node:
    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value


class Branch(Node):
    __slots__ = ("left", "right")

    def __init__(self, value: int, left: Node, right: Node) -> None:
        self.value = value
        self.left = left
        self.right = right


def make(depth: int, value: int) -> Node:
    if depth:
        return Branch(value, make(depth - 1, value << 1 & 0xFFFFFFFF), make(depth - 1, (value << 1 & 0xFFFFFFFF) + 1))
    return Node(value)


def check(node: Node) -> int:
    if isinstance(node, Branch):
        return (check(node.left) + check(node.right) * 31 + node.value) & 0xFFFFFFFF
    return node.value


def mirror(root: Node) -> None:
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Branch):
            node.left, node.right = node.right, node.left
            stack.append(node.left)
            stack.append(node.right)


def run(depth: int) -> int:
    total = 0
    for number in range(4):
        tree = make(depth, number + 1)
        mirror(tree)
        total = (total * 17 & 0xFFFFFFFF) ^ check(tree)
    return total
