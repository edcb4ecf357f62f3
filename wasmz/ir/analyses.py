"""Analyses of a function's graph, made on demand and kept while the graph stays the same.

    dominator_tree(function).dominates(b1, b3)
    loop_forest(function).loops

Passes need not report what they change: the blocks, their edges and the targets of these are compared with those of the
analysed graph. That takes a tenth of the time of the analyses.
"""

from __future__ import annotations

from wasmz.ir.dominators import DominatorTree
from wasmz.ir.loops import LoopForest
from wasmz.ir.nodes import Block, Edge, Function


class Analyses:
    """The analyses of one state of a graph."""

    __slots__ = ("_blocks", "_edges", "_flat", "_targets", "forest", "tree")

    def __init__(self, function: Function) -> None:
        self._blocks: list[Block] = list(function.blocks)
        self._edges: list[tuple[Edge, ...]] = [block.terminator.edges for block in self._blocks]
        self._flat: list[Edge] = [edge for edges in self._edges for edge in edges]
        self._targets: list[Block] = [edge.block for edge in self._flat]
        self.tree: DominatorTree = DominatorTree(function)
        self.forest: LoopForest | None = None

    def hold(self, function: Function) -> bool:
        """Whether the graph is still the analysed one."""
        blocks = function.blocks
        return (
            self._blocks == blocks
            and self._edges == [block.terminator.edges for block in blocks]
            and self._targets == [edge.block for edge in self._flat]
        )


def _analyses_of(function: Function) -> Analyses:
    found = function.analyses
    if not isinstance(found, Analyses) or not found.hold(function):
        found = function.analyses = Analyses(function)
    return found


def dominator_tree(function: Function) -> DominatorTree:
    """The dominator tree, which callers must not change."""
    return _analyses_of(function).tree


def reverse_postorder(function: Function) -> list[Block]:
    """The blocks that the entry reaches, each before its successors except along back edges, as a new list."""
    return list(_analyses_of(function).tree.order)


def loop_forest(function: Function) -> LoopForest:
    """The loops, which callers must not change except by making preheaders."""
    analyses = _analyses_of(function)
    if analyses.forest is None:
        analyses.forest = LoopForest(analyses.tree)
    return analyses.forest


def find_stale_analyses(function: Function) -> list[str]:
    """Differences between the kept analyses and new ones, which mean that a pass changed the kept ones."""
    found = function.analyses
    if not isinstance(found, Analyses) or not found.hold(function):
        return []
    tree = DominatorTree(function)
    findings = []
    if found.tree.order != tree.order or any(found.tree.parent(b) is not tree.parent(b) for b in tree.order):
        findings.append("the dominator tree that is kept was changed")
    if found.forest is not None:
        kept, made = ([(loop.header, loop.own_blocks) for loop in f.loops] for f in (found.forest, LoopForest(tree)))
        if kept != made:
            findings.append("the loops that are kept were changed")
    return findings
