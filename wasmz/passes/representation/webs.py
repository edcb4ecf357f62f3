"""Finds numbers to which loops only add, and which they use only as addresses.

    b1(v1: i32, v2: i32):
      v3 = i32.load v1             v1 and v4: an address that moves on
      v4 = i32.add v1 v9
      v5 = i32.add v2 v3           v2 and v5: a sum
      v6 = ...
      branch v6 b1(v4, v5) b2
    b2:
      return v5

Such numbers need no reduction in the loop: sums of Python ints grow by a few bits at most, and an address that is too
large is reduced when the view refuses it. They are reduced on the edges out of the loop.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wasmz.ir.analyses import loop_forest
from wasmz.ir.edit import distinct_edges
from wasmz.ir.facts import ACCESS_WIDTHS, CONSTANTS, NARROW_STORES, OPS
from wasmz.ir.loops import Loop, LoopForest
from wasmz.ir.nodes import Block, Function, Value
from wasmz.passes.analysis.intervals import MODULUS, NUMBER_TYPES


@dataclass(slots=True)
class Webs:
    """The numbers found.

    Attributes:
        forest: the loops of the function.
        params: the block parameters that may stay unreduced, and whether they may become negative then.
        sums: the additions that feed them, with the loop in which their uses take any congruent number.
    """

    forest: LoopForest
    params: dict[Value, bool] = field(default_factory=dict)
    sums: dict[Value, Loop] = field(default_factory=dict)


# A use: the using value (or the parameter for which it is passed), the block, whether it is on an edge, the position.
_Use = tuple[Value, Block, bool, int]


def find_webs(function: Function) -> Webs:
    """Finds webs in a function in SSA form whose ranges are known."""
    forest = loop_forest(function)
    webs = Webs(forest)
    if not forest.loops:
        return webs
    candidates = _candidates(function, forest)
    if not candidates:
        return webs
    checker = _Checker(candidates, forest)
    removed = True
    while removed:
        removed = False
        for param in list(candidates):
            if not checker.is_web(param):
                del candidates[param]
                removed = True
    for param in candidates:
        checker.is_web(param)
        webs.sums.update(checker.sums)
    negative = _find_negative(candidates, webs.sums)
    webs.params = {param: param in negative for param in candidates}
    return webs


def _find_negative(candidates: dict[Value, list[Value]], sums: dict[Value, Loop]) -> set[Value]:
    """The candidates and sums that may decrease."""
    negative = {total for total in sums if OPS[total.op].kind == "sub" or _is_negative(total.args[1])}
    grown = True
    while grown:
        before = len(negative)
        negative.update(total for total in sums if not negative.isdisjoint(total.args))
        negative.update(param for param, args in candidates.items() if not negative.isdisjoint(args))
        grown = len(negative) > before
    return negative


_SUMS = frozenset(f"{type}.{name}" for type in MODULUS for name in ("add", "sub"))
_ADDED_TO = _SUMS | {"param"}


def _is_negative(value: Value) -> bool:
    return value.op in CONSTANTS and bool(value.imm >= OPS[value.op].sign)


def _candidates(function: Function, forest: LoopForest) -> dict[Value, list[Value]]:
    """Parameters of blocks in loops that are sums without known bounds, with their arguments."""
    candidates: dict[Value, list[Value]] = {}
    for block in forest.innermost:
        for param in block.params:
            type = NUMBER_TYPES.get(param.type)
            if type is not None and param.fact[1] >= MODULUS[type] - (1 << 24):
                candidates[param] = []
    for block in function.blocks:
        for edge in distinct_edges(block.terminator):
            if edge.args:
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    if param in candidates:
                        candidates[param].append(arg)
    return {
        param: args for param, args in candidates.items() if any(arg.op in _SUMS or arg in candidates for arg in args)
    }


def _find_uses(forest: LoopForest) -> dict[Value, list[_Use]]:
    """The uses in loops of values that may be in webs."""
    uses: dict[Value, list[_Use]] = {}
    for block in forest.innermost:
        for value in block.body:
            for position, arg in enumerate(value.args):
                if arg.op in _ADDED_TO:
                    uses.setdefault(arg, []).append((value, block, False, position))
        terminator = block.terminator
        for arg in terminator.args:
            if arg.op in _ADDED_TO:
                uses.setdefault(arg, []).append((arg, block, False, -1))
        for edge in distinct_edges(terminator):
            for param, arg in zip(edge.block.params, edge.args, strict=True) if edge.args else ():
                if arg.op in _ADDED_TO:
                    uses.setdefault(arg, []).append((param, block, True, 0))
    return uses


class _Checker:
    """Decides which candidates are webs, assuming that all others are."""

    def __init__(self, candidates: dict[Value, list[Value]], forest: LoopForest) -> None:
        self.candidates = candidates
        self.forest = forest
        self.uses = _find_uses(forest)
        self.sums: dict[Value, Loop] = {}

    def is_web(self, param: Value) -> bool:
        """Whether the loop only adds to a parameter, and uses it and the sums as addresses."""
        self.sums = {}
        return self._is_unobserved(param, self.forest.innermost[param.block], 0)

    def _is_unobserved(self, value: Value, loop: Loop, depth: int) -> bool:
        contains = self.forest.contains
        for user, block, is_edge, position in self.uses.get(value, ()):
            if not contains(loop, block):
                continue
            if is_edge:
                if user not in self.candidates and contains(loop, user.block):
                    return False
            elif user.op in _SUMS and position >= 0:
                if user not in self.sums:
                    if depth > _LONGEST_SUM:
                        return False
                    self.sums[user] = loop
                    if not self._is_unobserved(user, loop, depth + 1):
                        return False
            elif not (user.op in ACCESS_WIDTHS and position == 0) and not _takes_anything(user, position):
                return False
        return True


def _takes_anything(user: Value, position: int) -> bool:
    """Whether the user depends only on the lowest bits, and its result is not a sum."""
    if user.op in ("i32.and", "i64.and"):
        return position == 0 and user.args[1].op in CONSTANTS
    return position == 1 and user.op in NARROW_STORES


_LONGEST_SUM = 32
