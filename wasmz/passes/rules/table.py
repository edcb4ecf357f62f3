"""Reads tables of rewrite rules.

    add (sub! c x) k = sub {c + k} x if c       a sum of a difference and a constant becomes a difference

A rule is ``pattern = result [if condition]``; the first matching rule of an operation is applied.

    add, i32.add     the operation of each of the table's types; of one type. ``shl|shr_u`` is either, and ``$`` in the
                     rest of the rule the one that it is
    (sub! c x)       an operand that is that operation; ``!``: that has no other use
    add~ x y         operands in either order
    wrap:n x         with the immediate n
    y:(load8_s _)    the operand, also called y
    x, c, 3, _       an operand by any name is any value; ``c`` and ``k`` are integer constants, a number is that
                     constant (-1: all bits set), _ is not looked at. A name that occurs twice is twice the same.
    {c + k}          in the result: a new constant, in Python, reduced to the type's bits
    comparison       in a pattern: any comparison with an opposite, which in the result is ``opposite``
    mirrored         in a result: the comparison that gives the same with exchanged operands

A condition is an expression of Python, in which ``W`` is the type's width, ``M`` the mask of all its bits, ``value``
the operation, ``bits(x)`` a mask of the bits that may be set in x, ``is_boolean(x)`` whether x is 0 or 1,
``is_power(c)`` whether c is a power of two, ``log2(c)`` which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple, Union

from wasmz.ir.facts import INVERSE, OPS

CONSTANT_NAMES = frozenset({"c", "k"})
_TOKEN = re.compile(r"\{[^}]*\}|[()]|[^\s()]+")
COMPARISON, OPPOSITE, _MIRRORED = "comparison", "opposite", "mirrored"
_SHARED = frozenset({"select", COMPARISON, OPPOSITE})
# The integer type for rules about operations of several types or none.
_DEFAULT_TYPE = "i32"


class Node(NamedTuple):
    """An operation in a pattern or result.

    Attributes:
        ops: names of operations; several in a pattern: any of them.
        args: its operands.
        once: whether nothing else may use it.
        name: a further name for it, or empty.
        immediate: the name of its immediate, or empty.
    """

    ops: tuple[str, ...]
    args: tuple[Item, ...]
    once: bool = False
    name: str = ""
    immediate: str = ""


# An operand: an operation, a name, or a number. A new constant is its text in braces.
Item = Union[Node, str, int]


class Rule(NamedTuple):
    """A rule for one operation, with the names of operations in full.

    Attributes:
        pattern: the operation, with its only name.
        result: what replaces it.
        condition: an expression of Python, or empty.
        type: the integer type for W and M.
        text: the line of the table.
    """

    pattern: Node
    result: Item
    condition: str
    type: str
    text: str


def read_rules(path: Path) -> list[Rule]:
    """The rules of a table, in order."""
    return list(parse_rules(path.read_text(encoding="utf-8")))


def parse_rules(text: str) -> Iterator[Rule]:
    """The rules in a table's text, in order."""
    types: list[str] = []
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("types "):
            types = line.split()[1:]
        elif line:
            yield from _rules_of(line, types)


def _rules_of(line: str, types: list[str]) -> Iterator[Rule]:
    rule, _, condition = line.partition(" if ")
    left, found, right = rule.partition(" = ")
    if not found:
        raise ValueError(f"not a rule: {line}")
    heads, _, operands = left.strip().partition(" ")
    heads, _, immediate = heads.partition(":")
    either = heads.endswith("~")
    for name in heads.removesuffix("~").split("|"):
        for type in [""] if "." in name or name in _SHARED else types:
            type = type or (OPS[name].type if OPS[name].type in types else _DEFAULT_TYPE)
            op = _full(name, type)
            if op not in OPS:
                continue
            result = _only(next(_parse(right.strip().replace("$", name), type, op)))
            patterns = list(_parse(operands.replace("$", name), type))
            if either:
                patterns += [args[::-1] for args in patterns]
            for args in patterns:
                yield Rule(Node((op,), args, immediate=immediate), result, condition.strip(), type, line)


def parse_result(text: str) -> Node:
    """A result alone, with the names of operations in full."""
    result = _only(next(_parse(text.strip(), _DEFAULT_TYPE, text.split()[0])))
    assert isinstance(result, Node)
    return result


def _only(items: tuple[Item, ...]) -> Item:
    """A result: one item, or an operation without enclosing parentheses."""
    first, *rest = items
    if not rest:
        return first
    assert isinstance(first, str)
    return Node((first,), tuple(rest))


def expand_comparisons(rule: Rule) -> Iterator[Rule]:
    """A rule for each comparison, from a rule about any."""
    inner = rule.pattern.args[0]
    if not isinstance(inner, Node) or inner.ops != (COMPARISON,):
        yield rule
        return
    result = rule.result
    assert isinstance(result, Node)
    for op, inverse in INVERSE.items():
        pattern = rule.pattern._replace(args=(inner._replace(ops=(op,)), *rule.pattern.args[1:]))
        yield rule._replace(pattern=pattern, result=result._replace(ops=(inverse,)))


def _full(name: str, type: str) -> str:
    return name if "." in name or name in _SHARED else f"{type}.{name}"


def _parse(text: str, type: str, root: str = "") -> Iterator[tuple[Item, ...]]:
    """The items of a text, one list for each order of operands; ``root`` is the operation of a result."""
    tokens = _TOKEN.findall(text)
    items, rest = _items(tokens, type, root)
    assert not rest, text
    return product(*items)


def _items(tokens: list[str], type: str, root: str) -> tuple[list[Sequence[Item]], list[str]]:
    """The alternatives of each item, and the tokens after the closing parenthesis."""
    found: list[Sequence[Item]] = []
    name = ""
    is_head = bool(root)
    while tokens:
        token, *tokens = tokens
        if token == ")":
            break
        if token == "(":
            head, *tokens = tokens
            args, tokens = _items(tokens, type, "")
            found.append(_nodes(head, args, name, type))
            name = ""
        elif token.endswith(":") and tokens and tokens[0] == "(":
            name = token[:-1]
        elif re.fullmatch(r"-?[0-9]+", token):
            found.append([int(token)])
        elif is_head and len(tokens) and not token.startswith("{"):
            mirrored = OPS[root].mirrored if token == _MIRRORED else None
            found.append([mirrored or _full(token, type)])
        else:
            found.append([token])
        is_head = False
    return found, tokens


def _nodes(head: str, args: list[Sequence[Item]], name: str, type: str) -> list[Node]:
    head, _, immediate = head.partition(":")
    once, either = "!" in head, "~" in head
    ops = tuple(_full(op, type) for op in head.replace("!", "").replace("~", "").split("|"))
    nodes: list[Node] = []
    for choice in product(*args):
        nodes.append(Node(ops, choice, once, name, immediate))
    if either:
        nodes += [node._replace(args=node.args[::-1]) for node in nodes]
    return nodes
