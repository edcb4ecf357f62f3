"""Typing rules of exceptions (specification 3.4.6), and of the legacy proposal, which has other blocks.

    try_table bt catch...      each clause must fit the label it branches to, counted from outside the block
    try bt ... catch x ...     legacy: clauses divide the block, as `else` does

A clause passes the tag's parameters; with ``_ref``, also the exception itself, after them.
"""

from __future__ import annotations

from wasmz.subtyping import is_subtype
from wasmz.types import FuncType, HeapType, RefType, ValType
from wasmz.wasm.body_rules import rule
from wasmz.wasm.body_state import BOUNDARY, BodyState, Frame
from wasmz.wasm.immediates import CATCH_ALL_REF, CATCH_REF
from wasmz.wasm.instructions import BY_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_EXCEPTION: Final = RefType(HeapType.EXN, nullable=False)
_TRY_TABLE, _TRY = BY_NAME["try_table"].opcode, BY_NAME["try"].opcode
_CATCH, _CATCH_ALL = BY_NAME["catch"].opcode, BY_NAME["catch_all"].opcode


def _tag_params(state: BodyState, index: int) -> tuple[ValType, ...]:
    """The types of the values in exceptions with the tag."""
    module = state.module
    if index >= len(module.tag_types):
        state.fail(f"unknown tag {index}")
    return module.signature(module.tag_types[index]).params


@rule("throw")
def _throw(state: BodyState, tag: int) -> None:
    state.pop_all(_tag_params(state, tag))
    state.jump_away()


@rule("throw_ref")
def _throw_ref(state: BodyState, _: None) -> None:
    state.pop(ValType.EXNREF)
    state.jump_away()


@rule("try_table")
def _try_table(state: BodyState, immediate: tuple[FuncType, tuple[tuple[int, int | None, int], ...]]) -> None:
    block_type, clauses = immediate
    for kind, tag, label in clauses:
        passed = () if tag is None else _tag_params(state, tag)
        if kind in (CATCH_REF, CATCH_ALL_REF):
            passed = (*passed, _EXCEPTION)
        expected = state.label(label)
        if len(passed) != len(expected) or not all(map(is_subtype, passed, expected)):
            state.fail(f"type mismatch: a catch clause passes {list(passed)}, its label takes {list(expected)}")
    state.enter(_TRY_TABLE, block_type)


# The legacy proposal (its document "Exceptions", sections "Try-catch blocks" and "Rethrow").


@rule("try")
def _try(state: BodyState, block_type: FuncType) -> None:
    state.enter(_TRY, block_type)


def _divide(state: BodyState, opcode: int, passed: tuple[ValType, ...]) -> None:
    """Ends the part of a block before a clause, and begins that of the clause."""
    if state.frames[-1].opcode not in (_TRY, _CATCH):
        state.fail("a catch clause outside of a try")
    frame = state.leave()
    state.stack.append(BOUNDARY)
    state.frames.append(Frame(opcode, FuncType(frame.params, frame.results), len(state.stack)))
    state.push_all(passed)


@rule("catch")
def _catch(state: BodyState, tag: int) -> None:
    _divide(state, _CATCH, _tag_params(state, tag))


@rule("catch_all")
def _catch_all(state: BodyState, _: None) -> None:
    _divide(state, _CATCH_ALL, ())


@rule("delegate")
def _delegate(state: BodyState, label: int) -> None:
    if state.frames[-1].opcode != _TRY:
        state.fail("delegate outside of a try")
    frame = state.leave()
    state.label(label)
    state.push_all(frame.results)


@rule("rethrow")
def _rethrow(state: BodyState, label: int) -> None:
    state.label(label)
    if state.frames[-1 - label].opcode not in (_CATCH, _CATCH_ALL):
        state.fail(f"invalid rethrow label {label}: not a catch clause")
    state.jump_away()
