"""Exceptions in the baseline compiler: protected regions, their handlers, throws (docs/exceptions.md).

All code of a region has the region's handler in the exception table, except code that drops values below the region: it
leaves for an outer block and cannot raise. The exception stays on CPython's stack, so that no fast local refers to it
when the frame is left:

    handler:   LOAD_GLOBAL exn_class; CHECK_EXC_MATCH; POP_JUMP_IF_FALSE pass_on
    clause:    COPY 1; LOAD_ATTR tag; LOAD_GLOBAL tag3; IS_OP; POP_JUMP_IF_FALSE next
               LOAD_ATTR payload; UNPACK_SEQUENCE ...; jump to the clause's label
    pass_on:   RERAISE
"""

from __future__ import annotations

from wasmz.baseline.draft import Draft, Label, Unfit
from wasmz.baseline.subtypes import fit_all
from wasmz.codegen.targets.base import IF_FALSE
from wasmz.runtime import abi
from wasmz.types import HeapType, RefType
from wasmz.wasm.immediates import CATCH, CATCH_ALL_REF, CATCH_REF
from wasmz.wasm.proposals import Proposal
from wasmz.wasm.reader import read_u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.baseline.frames import Frame
    from wasmz.baseline.module import BaselineModule

    # Kind, index of the tag or -1, number of the tag's values, depth of the label counted from outside the block.
    Clause = tuple[int, int, int, int]

_EXCEPTION: Final = RefType(HeapType.EXN, nullable=False)
# How many values the clauses of a block may drop or move.
_MOST_MOVED: Final = 20_000
# How many locals that may refer to an exception a throw clears, at most.
_MOST_CLEARED: Final = 8


def read_clauses(
    module: BaselineModule, frames: list[Frame], data: bytes, pos: int, end: int
) -> tuple[list[Clause], int]:
    """The clauses of ``try_table``, checked against the labels around it, and the position after them."""
    module.require(Proposal.EXCEPTIONS)
    count, pos = read_u32(data, pos, end)
    clauses: list[Clause] = []
    for _ in range(count):
        kind = data[pos]
        if kind > CATCH_ALL_REF or pos >= end:
            raise Unfit
        tag = -1
        passed: list[Any] = []
        pos += 1
        if kind in (CATCH, CATCH_REF):
            tag, pos = read_u32(data, pos, end)
            passed += module.tag_params(tag)
        depth, pos = read_u32(data, pos, end)
        clauses.append((kind, tag, len(passed), depth))
        if kind in (CATCH_REF, CATCH_ALL_REF):
            passed.append(_EXCEPTION)
        fit_all(passed, frames[-1 - depth].label_types)
    return clauses, pos


def handle(draft: Draft, block: Frame, frames: list[Frame], offset: int) -> int:
    """Ends the region of a block, with its handler, while ``frames`` are open; returns how many values it moves."""
    region = draft.end_region()
    branches = []
    moved = 0
    for kind, tag, count, depth in block.clauses:
        frame = frames[-1 - depth]
        extra = region.kept - frame.height + len(frames) - depth
        arity = count + (kind in (CATCH_REF, CATCH_ALL_REF))
        moved += extra + arity
        branches.append((kind, tag, count, extra, arity, frame.label))
    if moved > _MOST_MOVED:
        raise Unfit
    out, target = draft.out, draft.target
    draft.put(region.label)
    pass_on = Label()
    out += (draft.load_global(abi.EXCEPTION_CLASS), target.check_exception)
    draft.jump(pass_on, IF_FALSE)
    for kind, tag, count, extra, arity, label in branches:
        following = None
        if tag >= 0:
            following = Label()
            out += (target.copy1, _attribute(draft, abi.TAG), draft.load_global(abi.tag(tag)), target.is_operator)
            draft.jump(following, IF_FALSE)
        _take(draft, kind, count, offset)
        if extra:
            draft.drop_below(extra, arity)
        draft.jump(label)
        if following is None:
            break
        draft.put(following)
    draft.put(pass_on)
    out.append(target.reraise)
    draft.end()
    return moved


def _take(draft: Draft, kind: int, count: int, offset: int) -> None:
    """Replaces the exception on top of the stack by the values that a clause passes."""
    out, target = draft.out, draft.target
    if kind in (CATCH_REF, CATCH_ALL_REF):
        draft.mark(offset)
        callee = draft.load_callee(abi.exception_helper("keep"))
        out += (callee, target.copy(1 + target.effects[callee]), target.call(1), target.pop)
        if count:
            out += (target.copy1, _attribute(draft, abi.PAYLOAD), target.unpack(count))
            slots = [draft.temporary(number) for number in range(count)]
            out += [target.stores[slot] for slot in slots]
            for slot in slots:
                # The exception stays on top.
                out += (target.loads[slot], target.swap2)
    elif count:
        out.append(_attribute(draft, abi.PAYLOAD))
        draft.unpack(count)
    else:
        out.append(target.pop)


def _attribute(draft: Draft, name: str) -> bytes:
    return draft.target.load_attribute(draft.name_index(name))


def throw(draft: Draft, tag: int, count: int, begin: int, offset: int) -> None:
    """Throws an exception with the topmost values, whose code begins at ``begin`` (-1: unknown)."""
    out, target = draft.out, draft.target
    pieces = (draft.load_callee(abi.exception_helper("new")), draft.load_global(abi.tag(tag)))
    if begin >= 0:
        draft.insert(begin, *pieces)
    else:
        draft.put_below(count, *pieces)
    draft.mark(offset)
    out += (target.build_tuple(count), target.call(2), target.raise_exception)


def throw_again(draft: Draft, types: list[Any], begin: int, offset: int) -> None:
    """Throws the exception on top of the stack, whose code begins at ``begin`` (-1: unknown).

    The exception refers to the frame. To avoid a cycle, no fast local may refer to it when it leaves the frame.
    """
    out, target = draft.out, draft.target
    callee = draft.load_callee(abi.exception_helper("rethrown"))
    cleared = []
    if begin >= 0:
        draft.insert(begin, callee)
    else:
        draft.put_below(1, callee)
        cleared.append(draft.temporary(0))
    draft.mark(offset)
    out.append(target.call(1))
    if draft.region is None:
        found = [
            index for index, type in enumerate(types) if isinstance(type, RefType) and type.heap_type is HeapType.EXN
        ]
        cleared += found[:_MOST_CLEARED]
    for slot in cleared:
        out += (draft.none(), target.stores[slot])
    out.append(target.raise_exception)
