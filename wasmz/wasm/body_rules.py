"""Typing rules of instructions that depend on more than their opcode (specification, section 3.4 and appendix 7.3).

    @rule("local.set")
    def _local_set(state, index):  # [t] -> [] where t is the type of local `index`
        state.pop(state.local(index))

Instructions with fixed operand and result types have no rule here: their row in the instruction table is the rule.
"""

from __future__ import annotations

from wasmz.subtyping import is_subtype
from wasmz.types import FuncType, RefType, ValType
from wasmz.wasm.body_state import BOUNDARY, I32, I64, UNKNOWN, UNKNOWN_REFERENCE, BodyState, Frame
from wasmz.wasm.instructions import BY_NAME, INSTRUCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    Rule = Callable[[BodyState, Any], None]

_NUMERIC: Final = frozenset({I32, I64, ValType.F32, ValType.F64, ValType.V128})
_IF, _ELSE, _LOOP = BY_NAME["if"].opcode, BY_NAME["else"].opcode, BY_NAME["loop"].opcode

RULES: Final[dict[int, Rule]] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Registers the rule of the instructions with these names."""

    def register(function: Rule) -> Rule:
        for name in names:
            opcode = BY_NAME[name].opcode
            if opcode in RULES:
                raise ValueError(f"two rules for {name}")
            RULES[opcode] = function
        return function

    return register


def apply(state: BodyState, opcode: int, immediate: Any) -> None:
    """Applies the rule of any instruction to ``state``."""
    found = RULES.get(opcode)
    if found is not None:
        found(state, immediate)
    else:
        state.apply_row(INSTRUCTIONS[opcode], immediate)


@rule("unreachable")
def _unreachable(state: BodyState, _: None) -> None:
    state.jump_away()


@rule("block")
def _block(state: BodyState, block_type: FuncType) -> None:
    state.enter(0x02, block_type)


@rule("loop")
def _loop(state: BodyState, block_type: FuncType) -> None:
    state.enter(_LOOP, block_type)


@rule("if")
def _if(state: BodyState, block_type: FuncType) -> None:
    state.pop(I32)
    state.enter(_IF, block_type)


@rule("else")
def _else(state: BodyState, _: None) -> None:
    frame = state.leave()
    state.stack.append(BOUNDARY)
    state.frames.append(Frame(_ELSE, FuncType(frame.params, frame.results), len(state.stack)))
    state.stack += frame.params


@rule("end")
def _end(state: BodyState, _: None) -> None:
    frame = state.leave()
    if frame.opcode == _IF and frame.params != frame.results:
        # A missing else passes the parameters on unchanged.
        if len(frame.params) != len(frame.results) or not all(map(is_subtype, frame.params, frame.results)):
            state.fail("type mismatch: an if without else must give back what it takes")
    state.push_all(frame.results)


@rule("br")
def _br(state: BodyState, label: int) -> None:
    state.pop_all(state.label(label))
    state.jump_away()


@rule("br_if")
def _br_if(state: BodyState, label: int) -> None:
    state.pop(I32)
    types = state.label(label)
    if types:
        state.pop_all(types)
        state.stack += types


@rule("br_table")
def _br_table(state: BodyState, labels: tuple[int, ...]) -> None:
    state.pop(I32)
    arity = len(state.label(labels[-1]))
    for label in dict.fromkeys(labels):
        types = state.label(label)
        if len(types) != arity:
            state.fail(f"type mismatch: label {label} takes {len(types)} values, the default label {arity}")
        state.check_top(types)
    state.jump_away()


@rule("return")
def _return(state: BodyState, _: None) -> None:
    state.pop_all(state.results)
    state.jump_away()


@rule("call")
def _call(state: BodyState, index: int) -> None:
    func_type = state.function(index)
    state.pop_all(func_type.params)
    state.push_all(func_type.results)


def _indirect_type(state: BodyState, type_index: int, table_index: int) -> FuncType:
    """The type that an indirect call expects; pops the index."""
    table = state.table(table_index)
    if not is_subtype(table.element, ValType.FUNCREF):
        state.fail(f"type mismatch: expected a table of funcref, found one of {table.element.name}")
    if type_index >= len(state.module.types):
        state.fail(f"unknown type {type_index}")
    composite = state.module.types[type_index].composite
    if not isinstance(composite, FuncType):
        state.fail(f"type mismatch: type {type_index} is not a function type")
    state.pop(table.address_type)
    return composite


@rule("call_indirect")
def _call_indirect(state: BodyState, immediate: tuple[int, int]) -> None:
    func_type = _indirect_type(state, *immediate)
    state.pop_all(func_type.params)
    state.push_all(func_type.results)


def check_tail_call(state: BodyState, func_type: FuncType) -> None:
    """The rule of a tail call to a function of this type, after its reference or index was popped."""
    results = func_type.results
    if results != state.results and (
        len(results) != len(state.results) or not all(map(is_subtype, results, state.results))
    ):
        wanted = FuncType(func_type.params, state.results)
        state.fail(f"type mismatch: expected a callee of type {wanted}, found {func_type}")
    state.pop_all(func_type.params)
    state.jump_away()


@rule("return_call")
def _return_call(state: BodyState, index: int) -> None:
    check_tail_call(state, state.function(index))


@rule("return_call_indirect")
def _return_call_indirect(state: BodyState, immediate: tuple[int, int]) -> None:
    check_tail_call(state, _indirect_type(state, *immediate))


@rule("drop")
def _drop(state: BodyState, _: None) -> None:
    state.pop_any()


@rule("select")
def _select(state: BodyState, _: None) -> None:
    state.pop(I32)
    first, second = state.pop_any(), state.pop_any()
    for found in (first, second):
        if found is not UNKNOWN and found not in _NUMERIC:
            state.fail(f"type mismatch: expected a numeric type, found {found.name}")
    if first is not second and UNKNOWN not in (first, second):
        state.fail(f"type mismatch: expected {second.name}, found {first.name}")
    state.stack.append(second if first is UNKNOWN else first)


@rule("select_t")
def _select_typed(state: BodyState, types: tuple[ValType, ...]) -> None:
    if len(types) != 1:
        state.fail(f"invalid result arity: {len(types)} types for the one value that is selected")
    state.pop(I32)
    state.pop(types[0])
    state.pop(types[0])
    state.stack.append(types[0])


@rule("local.get")
def _local_get(state: BodyState, index: int) -> None:
    value_type = state.local(index)
    if index in state.unset_locals:
        state.fail(f"uninitialized local {index}")
    state.stack.append(value_type)


@rule("local.set")
def _local_set(state: BodyState, index: int) -> None:
    state.pop(state.local(index))
    state.mark_set(index)


@rule("local.tee")
def _local_tee(state: BodyState, index: int) -> None:
    value_type = state.local(index)
    state.pop(value_type)
    state.mark_set(index)
    state.stack.append(value_type)


@rule("global.get")
def _global_get(state: BodyState, index: int) -> None:
    if index >= len(state.module.global_types):
        state.fail(f"unknown global {index}")
    state.stack.append(state.module.global_types[index].value_type)


@rule("global.set")
def _global_set(state: BodyState, index: int) -> None:
    if index >= len(state.module.global_types):
        state.fail(f"unknown global {index}")
    global_type = state.module.global_types[index]
    if not global_type.mutable:
        state.fail(f"immutable global {index}")
    state.pop(global_type.value_type)


@rule("table.get")
def _table_get(state: BodyState, index: int) -> None:
    table = state.table(index)
    state.pop(table.address_type)
    state.stack.append(table.element)


@rule("table.set")
def _table_set(state: BodyState, index: int) -> None:
    table = state.table(index)
    state.pop(table.element)
    state.pop(table.address_type)


@rule("table.size")
def _table_size(state: BodyState, index: int) -> None:
    state.stack.append(state.table(index).address_type)


@rule("table.grow")
def _table_grow(state: BodyState, index: int) -> None:
    table = state.table(index)
    state.pop(table.address_type)
    state.pop(table.element)
    state.stack.append(table.address_type)


@rule("table.fill")
def _table_fill(state: BodyState, index: int) -> None:
    table = state.table(index)
    state.pop_all((table.address_type, table.element, table.address_type))


@rule("table.init")
def _table_init(state: BodyState, immediate: tuple[int, int]) -> None:
    segment, index = immediate
    table = state.table(index)
    found = state.element_type(segment)
    if not is_subtype(found, table.element):
        state.fail(f"type mismatch: expected elements of type {table.element.name}, found {found.name}")
    state.pop_all((table.address_type, I32, I32))


@rule("table.copy")
def _table_copy(state: BodyState, immediate: tuple[int, int]) -> None:
    target, source = state.table(immediate[0]), state.table(immediate[1])
    if not is_subtype(source.element, target.element):
        state.fail(f"type mismatch: expected elements of type {target.element.name}, found {source.element.name}")
    size = target.address_type if source.address_type is I64 else I32
    state.pop_all((target.address_type, source.address_type, size))


@rule("elem.drop")
def _elem_drop(state: BodyState, segment: int) -> None:
    state.element_type(segment)


@rule("memory.size")
def _memory_size(state: BodyState, memory: int) -> None:
    state.stack.append(state.address(memory))


@rule("memory.grow")
def _memory_grow(state: BodyState, memory: int) -> None:
    address = state.address(memory)
    state.pop(address)
    state.stack.append(address)


@rule("memory.fill")
def _memory_fill(state: BodyState, memory: int) -> None:
    address = state.address(memory)
    state.pop_all((address, I32, address))


@rule("memory.copy")
def _memory_copy(state: BodyState, immediate: tuple[int, int]) -> None:
    target, source = state.address(immediate[0]), state.address(immediate[1])
    state.pop_all((target, source, target if source is I64 else I32))


@rule("memory.init")
def _memory_init(state: BodyState, immediate: tuple[int, int]) -> None:
    segment, memory = immediate
    address = state.address(memory)
    state.data_segment(segment)
    state.pop_all((address, I32, I32))


@rule("data.drop")
def _data_drop(state: BodyState, segment: int) -> None:
    state.data_segment(segment)


@rule("ref.null")
def _ref_null(state: BodyState, reference: RefType) -> None:
    state.stack.append(reference)


@rule("ref.is_null")
def _ref_is_null(state: BodyState, _: None) -> None:
    found = state.pop_any()
    if found is not UNKNOWN and found is not UNKNOWN_REFERENCE and not found.is_reference:
        state.fail(f"type mismatch: expected a reference, found {found.name}")
    state.stack.append(I32)


@rule("ref.func")
def _ref_func(state: BodyState, index: int) -> None:
    state.function(index)
    declared = state.module.declared_functions
    if declared is not None and index not in declared:
        state.fail(f"undeclared function reference {index}")
    state.stack.append(state.module.function_reference(index))
