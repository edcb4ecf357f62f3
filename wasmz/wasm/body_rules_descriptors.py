"""Typing rules of descriptors (proposal "custom descriptors").

    struct.new_desc 3      [fields* (ref null (exact d))] -> [(ref (exact 3))], where d is the descriptor of type 3
    ref.get_desc 3         [(ref null 3)] -> [(ref d)], exact if the operand is exact

Importing this module registers the rules with those of `body_rules`.
"""

from __future__ import annotations

from wasmz.subtyping import heap_top, is_subtype, without_null
from wasmz.types import DefinedType, RefType, ValType
from wasmz.wasm.body_rules import rule
from wasmz.wasm.body_rules_gc import branch_label, has_default, pop_reference, structure, unpacked
from wasmz.wasm.body_state import BodyState


def _pop_descriptor(state: BodyState, index: int, defined: DefinedType) -> None:
    if defined.descriptor is None:
        state.fail(f"type without descriptor requires non-descriptor allocation: {index}")
    state.pop(RefType(defined.descriptor, exact=True))


@rule("struct.new_desc")
def _struct_new_desc(state: BodyState, index: int) -> None:
    defined, fields = structure(state, index)
    _pop_descriptor(state, index, defined)
    state.pop_all(tuple(map(unpacked, fields)))
    state.stack.append(RefType(defined, nullable=False, exact=True))


@rule("struct.new_default_desc")
def _struct_new_default_desc(state: BodyState, index: int) -> None:
    defined, fields = structure(state, index)
    if not all(map(has_default, fields)):
        state.fail(f"type mismatch: a field of type {index} has no default value")
    _pop_descriptor(state, index, defined)
    state.stack.append(RefType(defined, nullable=False, exact=True))


@rule("ref.get_desc")
def _ref_get_desc(state: BodyState, index: int) -> None:
    if index >= len(state.module.types):
        state.fail(f"unknown type {index}")
    defined = state.module.types[index]
    if defined.descriptor is None:
        state.fail(f"type without descriptor: {index}")
    found = pop_reference(state)
    is_exact = not isinstance(found, RefType) or is_subtype(found, RefType(defined, exact=True))
    if not is_exact and not is_subtype(found, RefType(defined)):
        state.fail(f"type mismatch: expected {RefType(defined).name}, found {found.name}")
    state.stack.append(RefType(defined.descriptor, nullable=False, exact=is_exact))


def _pop_descriptor_of(state: BodyState, target: RefType) -> None:
    """Pops the descriptor that a cast compares with; it must be exact if the cast is exact."""
    heap_type = target.heap_type
    if not isinstance(heap_type, DefinedType) or heap_type.descriptor is None:
        state.fail(f"type {target.name} does not have a descriptor")
    state.pop(RefType(heap_type.descriptor, exact=target.exact))


@rule("ref.cast_desc_eq", "ref.cast_desc_eq_null")
def _ref_cast_desc_eq(state: BodyState, target: RefType) -> None:
    _pop_descriptor_of(state, target)
    state.pop(ValType.ANYREF)
    state.stack.append(target)


def _check_hierarchy(state: BodyState, source: RefType, target: RefType) -> None:
    if heap_top(source.heap_type) is not heap_top(target.heap_type):
        state.fail(f"type mismatch: {source.name} and {target.name} are of different hierarchies")


@rule("br_on_cast_desc_eq")
def _br_on_cast_desc_eq(state: BodyState, immediate: tuple[int, RefType, RefType]) -> None:
    label, source, target = immediate
    _check_hierarchy(state, source, target)
    rest = branch_label(state, label, target)
    _pop_descriptor_of(state, target)
    state.pop(source)
    state.pop_all(rest)
    state.stack += rest
    state.stack.append(without_null(source, target))


@rule("br_on_cast_desc_eq_fail")
def _br_on_cast_desc_eq_fail(state: BodyState, immediate: tuple[int, RefType, RefType]) -> None:
    label, source, target = immediate
    _check_hierarchy(state, source, target)
    rest = branch_label(state, label, without_null(source, target))
    _pop_descriptor_of(state, target)
    state.pop(source)
    state.pop_all(rest)
    state.stack += rest
    state.stack.append(target)
