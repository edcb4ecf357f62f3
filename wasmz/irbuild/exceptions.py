"""Builds the IR of exceptions: protected calls, and the handlers that they lead to.

    block $l (result i32)                     b0:
      try_table (catch 0 $l)                    v0 = call 5
        call 5                                  invoke b1 b2          b1 is the normal path, b2 the handler
        ...                        ->         b2:
                                                v1 = exn.caught       the exception
                                                exn.check v1          passes on exceptions that are not WebAssembly's
                                                v2 = exn.has_tag 0 v1
                                                branch v2 b3 b4
                                              b3:
                                                v3 = exn.payload v1
                                                v4 = project 0 v3
                                                exn.drop v1
                                                jump b5(v4)           $l
                                              b4:
                                                reraise v1            to the enclosing handler, if there is one

`invoke` protects the last call of its block. A handler has no parameters; it reads locals, and values that the start of
its try region could read. If it is certain which clause of the function catches a throw, the throw becomes a jump. Both
proposals, the final one and the legacy one with clauses inside the block, become the same IR.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from wasmz.ir.nodes import BOOL, Block, Edge, Terminator, Value
from wasmz.irbuild.builder import _Builder, _builds, _Label
from wasmz.types import FuncType, HeapType, RefType
from wasmz.wasm.immediates import CATCH, CATCH_ALL, CATCH_ALL_REF, CATCH_REF
from wasmz.wasm.instructions import BY_NAME

EXCEPTION = RefType(HeapType.EXN, nullable=False)

# How many regions and clauses are searched, at most, for the clause that catches a throw.
_LONGEST_SEARCH = 32

_CATCH, _CATCH_ALL = BY_NAME["catch"].opcode, BY_NAME["catch_all"].opcode
_RETHROW, _DELEGATE, _END = BY_NAME["rethrow"].opcode, BY_NAME["delegate"].opcode, BY_NAME["end"].opcode
_OPENING = frozenset(BY_NAME[name].opcode for name in ("block", "loop", "if", "try", "try_table"))

_Clauses = tuple[tuple[int, int | None, int], ...]


class Region:
    """The protected part of an open block.

    Attributes:
        index: the index of the block's label among the open ones.
        clauses: those of a ``try_table``; ``None`` for a legacy block.
        block: the handler, once an edge leads to it.
        dispatch: in a legacy block, the block for exceptions that none of its clauses so far catches.
        caught: the exception, in the clauses of a legacy block.
        is_open: whether the protected part has not ended.
    """

    __slots__ = ("block", "caught", "clauses", "dispatch", "index", "is_open")

    def __init__(self, index: int, clauses: _Clauses | None) -> None:
        self.index: int = index
        self.clauses: _Clauses | None = clauses
        self.block: Block | None = None
        self.dispatch: Block | None = None
        self.caught: Value | None = None
        self.is_open: bool = True

    def handler(self) -> Block:
        """The handler's block."""
        if self.block is None:
            self.block = Block()
        return self.block

    def close(self, builder: _Builder, label: _Label, offset: int) -> None:
        """Ends the block of the region, whose label is closed now."""
        if self.is_open:
            self.leave(builder)
        if self.clauses is None:
            if self.dispatch is not None:
                _join(builder, label, offset)
                builder.enter(self.dispatch)
                _pass_on(builder, self.caught, offset)  # type: ignore[arg-type]
            elif self.block is not None and self.caught is None:
                _join(builder, label, offset)
                _pass_on(builder, self.enter_handler(builder, offset, is_checked=False), offset)
        elif self.block is not None:
            _join(builder, label, offset)
            self._dispatch(builder, label.height, offset)

    def leave(self, builder: _Builder) -> None:
        """Ends the protected part."""
        self.is_open = False
        builder.regions.pop()

    def enter_handler(self, builder: _Builder, offset: int, *, is_checked: bool = True) -> Value:
        """Begins the handler's block; returns the exception."""
        builder.enter(self.handler())
        caught = builder.add("exn.caught", EXCEPTION, (), None, offset)
        if is_checked:
            builder.add("exn.check", None, (caught,), None, offset)
        return caught

    def _dispatch(self, builder: _Builder, height: int, offset: int) -> None:
        """Emits the choice between the clauses of a ``try_table``, with the operands from before the block."""
        caught = self.enter_handler(builder, offset)
        for kind, tag, depth in self.clauses or ():
            following = None
            if tag is not None:
                following = _enter_if_tagged(builder, caught, tag, offset)
            del builder.stack[height:]
            _push_payload(builder, caught, tag, offset)
            if kind in (CATCH_REF, CATCH_ALL_REF):
                builder.add("exn.keep", None, (caught,), None, offset)
                builder.stack.append(caught)
            else:
                builder.add("exn.drop", None, (caught,), None, offset)
            builder.branch(depth, offset)
            if following is None:
                break
            builder.enter(following)
        else:
            _pass_on(builder, caught, offset)
        del builder.stack[height:]


def _enter_if_tagged(builder: _Builder, caught: Value, tag: int, offset: int) -> Block:
    """Emits the test for a tag, and goes on if it matches; returns the block for other exceptions."""
    test = builder.add("exn.has_tag", BOOL, (caught,), tag, offset)
    taken, otherwise = Block(), Block()
    builder.finish(Terminator("branch", (test,), (Edge(taken), Edge(otherwise)), offset=offset))
    builder.enter(taken)
    return otherwise


def _push_payload(builder: _Builder, caught: Value, tag: int | None, offset: int) -> None:
    types = () if tag is None else builder.signatures.tags[tag].params
    if types:
        payload = builder.add("exn.payload", types, (caught,), None, offset)
        for position, type in enumerate(types):
            builder.push("project", type, (payload,), position, offset)


def _join(builder: _Builder, label: _Label, offset: int) -> None:
    """Makes the normal path jump to the block's end, so that handlers can be placed before it."""
    if builder.block is not None:
        if label.target is None:
            label.target = builder.new_block(label.results, offset)
        edge = Edge(label.target, builder.pop(len(label.results)))
        builder.finish(Terminator("jump", (), (edge,), offset=offset))


def _edge_to_handler(builder: _Builder) -> tuple[Edge, ...]:
    """The edge to the handler of exceptions that leave the current block; empty if they leave the function."""
    return (Edge(builder.regions[-1].handler()),) if builder.regions else ()


def _pass_on(builder: _Builder, caught: Value, offset: int) -> None:
    """Passes on an exception that no clause catches."""
    builder.finish(Terminator("reraise", (caught,), _edge_to_handler(builder), offset=offset))


@_builds("try_table")
def _try_table(builder: _Builder, imm: tuple[FuncType, _Clauses], offset: int) -> None:
    block_type, clauses = imm
    label = builder.open(block_type, offset)
    if clauses:
        label.region = Region(len(builder.labels) - 1, clauses)
        builder.regions.append(label.region)


@_builds("throw")
def _throw(builder: _Builder, tag: int, offset: int) -> None:
    label = _catching_label(builder, tag)
    if label is not None:
        depth, is_passed = label
        if not is_passed:
            builder.pop(len(builder.signatures.tags[tag].params))
        builder.branch(depth, offset)
        return
    values = builder.pop(len(builder.signatures.tags[tag].params))
    made = builder.add("exn.new", EXCEPTION, values, tag, offset)
    builder.finish(Terminator("throw", (made,), _edge_to_handler(builder), offset=offset))


def _catching_label(builder: _Builder, tag: int) -> tuple[int, bool] | None:
    """The depth of the label that catches a throw here, and whether it takes the values; ``None`` if uncertain."""
    looked_at = 0
    own = builder.signatures.imported_tags
    for region in reversed(builder.regions):
        if region.clauses is None:
            return None
        for kind, other, depth in region.clauses:
            looked_at += 1
            if other == tag or other is None:
                if kind not in (CATCH, CATCH_ALL):
                    return None
                return len(builder.labels) - region.index + depth, kind == CATCH
            if tag < own or other < own or looked_at > _LONGEST_SEARCH:
                # If one tag is imported, tags with different indices may be the same.
                return None
        looked_at += 1
        if looked_at > _LONGEST_SEARCH:
            return None
    return None


@_builds("throw_ref")
def _throw_ref(builder: _Builder, imm: None, offset: int) -> None:
    known = builder.add("exn.rethrown", EXCEPTION, builder.pop(1), None, offset)
    builder.finish(Terminator("throw", (known,), _edge_to_handler(builder), offset=offset))


# The legacy proposal


@_builds("try")
def _try(builder: _Builder, block_type: FuncType, offset: int) -> None:
    label = builder.open(block_type, offset)
    label.region = Region(len(builder.labels) - 1, None)
    builder.regions.append(label.region)


@_builds("catch")
def _catch(builder: _Builder, tag: int, offset: int) -> None:
    region = _divide(builder, offset)
    if region.dispatch is not None:
        caught: Value = region.caught  # type: ignore[assignment]
        builder.enter(region.dispatch)
        region.dispatch = _enter_if_tagged(builder, caught, tag, offset)
        _push_payload(builder, caught, tag, offset)
        _release_or_keep(builder, region, offset)


@_builds("catch_all")
def _catch_all(builder: _Builder, imm: None, offset: int) -> None:
    region = _divide(builder, offset)
    if region.dispatch is not None:
        builder.enter(region.dispatch)
        region.dispatch = None
        _release_or_keep(builder, region, offset)


def _divide(builder: _Builder, offset: int) -> Region:
    """Ends the part of the block before a clause. If nothing in it throws, the clauses are unreachable."""
    label = builder.labels[-1]
    region: Region = label.region
    if region.is_open:
        region.leave(builder)
    _join(builder, label, offset)
    del builder.stack[label.height :]
    if region.block is not None and region.caught is None:
        region.caught = region.enter_handler(builder, offset)
        region.dispatch = Block()
        builder.finish(Terminator("jump", (), (Edge(region.dispatch),), offset=offset))
    return region


def _release_or_keep(builder: _Builder, region: Region, offset: int) -> None:
    caught: Value = region.caught  # type: ignore[assignment]
    if builder.rethrown is None:
        builder.rethrown = _find_rethrown(builder.instructions)
    if offset in builder.rethrown:
        builder.add("exn.keep", None, (caught,), None, offset)
    else:
        builder.add("exn.drop", None, (caught,), None, offset)


def _find_rethrown(instructions: list[tuple[int, Any, int]]) -> frozenset[int]:
    """The offsets of the clauses whose exception is rethrown."""
    found: set[int] = set()
    # For each open block, the offset of the clause that it is in.
    clauses = [-1]
    for opcode, imm, offset in instructions:
        if opcode in _OPENING:
            clauses.append(-1)
        elif opcode in (_CATCH, _CATCH_ALL):
            clauses[-1] = offset
        elif opcode in (_END, _DELEGATE):
            clauses.pop()
        elif opcode == _RETHROW:
            found.add(clauses[-1 - imm])
    return frozenset(found)


@_builds("delegate")
def _delegate(builder: _Builder, depth: int, offset: int) -> None:
    label = builder.labels[-1]
    region: Region = label.region
    region.leave(builder)
    if region.block is not None:
        _join(builder, label, offset)
        caught = region.enter_handler(builder, offset, is_checked=False)
        # The innermost region around the label, including the label's own.
        outermost = len(builder.labels) - 2 - depth
        count = bisect_right(builder.regions, outermost, key=lambda other: other.index)
        edges = (Edge(builder.regions[count - 1].handler()),) if count else ()
        builder.finish(Terminator("reraise", (caught,), edges, offset=offset))
        region.clauses, region.block = (), None
    builder.end(offset)


@_builds("rethrow")
def _rethrow(builder: _Builder, depth: int, offset: int) -> None:
    region: Region = builder.labels[-1 - depth].region
    caught: Value = region.caught  # type: ignore[assignment]
    builder.finish(Terminator("throw", (caught,), _edge_to_handler(builder), offset=offset))
