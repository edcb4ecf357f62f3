"""References, structures and arrays (see docs/gc.md for their representation).

    struct.get (3, 1) v0        LOAD v0; LOAD_ATTR field1
    array.get 4 v0 v1           LOAD v0; LOAD_ATTR items; LOAD v1; BINARY_SUBSCR
    ref.test (ref 3) v0         LOAD_GLOBAL isinstance; LOAD v0; LOAD_GLOBAL ty3; CALL 2
    struct.new 3 v0 v1          LOAD v0; LOAD v1; LOAD_GLOBAL new3; CALL 0; SWAP 2; COPY 2; STORE_ATTR field1; ...

None has no such attributes: using null raises an exception, which becomes a trap at the boundary to Python. Indices are
unsigned and so never negative; so the bounds checks of Python's sequences are those of WebAssembly.
"""

from __future__ import annotations

from collections.abc import Callable

from wasmz.codegen.emitted import Emitted, Jump, Label, in_array
from wasmz.codegen.emitter import Emitter, Lowering
from wasmz.codegen.lowering.calls import finish_call
from wasmz.codegen.lowering.numeric import define_condition
from wasmz.codegen.lowering.registry import lowers
from wasmz.codegen.targets.base import IF_FALSE, IF_TRUE
from wasmz.ir.nodes import Value
from wasmz.runtime import abi
from wasmz.types import DefinedType, HeapType, RefType

# Heap types that are recognised by a test of their own, with the runtime's function for it.
_ABSTRACT_TESTS = {
    HeapType.EQ: abi.gc_helper("is_eq"),
    HeapType.STRUCT: abi.gc_helper("StructRef"),
    HeapType.ARRAY: abi.gc_helper("ArrayRef"),
}
# Heap types of all non-null references of a hierarchy, and those of none.
_TOPS = frozenset({HeapType.ANY, HeapType.FUNC, HeapType.EXTERN, HeapType.EXN})
_BOTTOMS = frozenset({HeapType.NONE, HeapType.NOFUNC, HeapType.NOEXTERN, HeapType.NOEXN})


def _type_name(emitter: Emitter, type: DefinedType) -> str:
    """The global with a type's class."""
    return abi.type_class(emitter.facts.lowest_indices[type])


def _maker_name(emitter: Emitter, index: int) -> str:
    """The global that makes objects of a type: its class, or an allocator."""
    return abi.maker(emitter.facts.canonical_types[index])


def _attribute(emitter: Emitter, name: str) -> bytes:
    return emitter.target.load_attribute(emitter.name_index(name))


# Tests and casts


def _push_repeatable(emitter: Emitter, reference: Value) -> tuple[int, bytes]:
    """Pushes a reference; returns where its code begins, and the piece that loads it again."""
    out, target = emitter.out, emitter.target
    start = emitter.push((reference,))
    if len(out) == start + 1 and type(out[start]) is bytes and out[start] in target.movable:
        return start, out[start]  # type: ignore[return-value]
    slot = emitter.temporary()
    out += (target.stores[slot], target.loads[slot])
    emitter.release(slot)
    return start, target.loads[slot]


def _test(emitter: Emitter, start: int, type: RefType) -> None:
    """Replaces the reference on top of the stack, whose code begins at ``start``, by whether it is a ``type``."""
    out, target = emitter.out, emitter.target
    heap_type = type.heap_type
    if isinstance(heap_type, DefinedType):
        name = _type_name(emitter, heap_type)
        if heap_type.heap_kind is HeapType.FUNC:
            out.insert(start, emitter.load_callee(abi.gc_helper("is_exact_function" if type.exact else "is_function")))
            out += (emitter.load_global(name), target.call(2))
        elif heap_type.final or type.exact:
            # A test of the class takes 15 ns in any case; isinstance takes 20, or 60 if the answer is no.
            out += (_attribute(emitter, abi.CLASS), emitter.load_global(name), target.is_operator)
        else:
            out.insert(start, emitter.load_callee(abi.builtin("isinstance")))
            out += (emitter.load_global(name), target.call(2))
    elif heap_type in _TOPS:
        out += (emitter.constant(None), target.is_not_operator)
    elif heap_type in _BOTTOMS:
        _push_truth(emitter, False, before=(target.pop,))
    elif heap_type is HeapType.I31:
        out += (_attribute(emitter, abi.CLASS), emitter.load_global(abi.builtin("int")), target.is_operator)
    elif heap_type is HeapType.EQ:
        out.insert(start, emitter.load_callee(abi.gc_helper("is_eq")))
        out.append(target.call(1))
    else:
        out.insert(start, emitter.load_callee(abi.builtin("isinstance")))
        out += (emitter.load_global(_ABSTRACT_TESTS[heap_type]), target.call(2))


def _push_truth(emitter: Emitter, truth: bool, before: tuple[bytes, ...] = ()) -> None:
    """Pushes a bool by a comparison; as a constant it could not be distinguished from an int."""
    none, target = emitter.constant(None), emitter.target
    emitter.out += (*before, none, none, target.is_operator if truth else target.is_not_operator)


@lowers("ref.test")
def _ref_test(emitter: Emitter, value: Value) -> None:
    target, out = emitter.target, emitter.out
    type: RefType = value.imm
    if not type.nullable:
        start = emitter.push(value.args)
        _test(emitter, start, type)
    elif type.heap_type in _BOTTOMS:
        start = emitter.push(value.args)
        out += (emitter.constant(None), target.is_operator)
    else:
        start, again = _push_repeatable(emitter, value.args[0])
        is_null, end = Label(), Label()
        out += (emitter.constant(None), target.is_operator, Jump(is_null, IF_TRUE))
        position = len(out)
        out.append(again)
        _test(emitter, position, type)
        out += (Jump(end), is_null)
        _push_truth(emitter, True)
        out.append(end)
    define_condition(emitter, value, start)


@lowers("ref.cast")
def _ref_cast(emitter: Emitter, value: Value) -> None:
    out, target = emitter.out, emitter.target
    type: RefType = value.imm
    failed, done = Label(), Label()
    start, again = _push_repeatable(emitter, value.args[0])
    emitter.mark(value.offset)
    _test(emitter, start, type)
    out += (Jump(failed, IF_FALSE), done)
    emitter.cold += (failed, value.offset)
    if type.nullable:
        emitter.cold += (again, emitter.constant(None), target.is_operator, Jump(done, IF_TRUE))
    emitter.cold += (emitter.load_callee(abi.gc_helper("trap_cast")), target.call(0), target.pop, Jump(done))


@lowers("ref.as_non_null")
def _ref_as_non_null(emitter: Emitter, value: Value) -> None:
    out, target = emitter.out, emitter.target
    failed, done = Label(), Label()
    emitter.push(value.args)
    out += (emitter.constant(None), target.is_operator, Jump(failed, IF_TRUE), done)
    emitter.cold += (failed, value.offset, emitter.load_callee(abi.gc_helper("trap_null")), emitter.constant(value.imm))
    emitter.cold += (target.call(1), target.pop, Jump(done))


@lowers("ref.eq")
def _ref_eq(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    target = emitter.target
    # For objects, == is identity, too, but takes 20 ns longer.
    emitter.out.append(target.is_operator if value.imm else target.compare("=="))
    define_condition(emitter, value, start)


@lowers("ref.i31", "i31.get_u")
def _same(emitter: Emitter, value: Value) -> None:
    emitter.define(value, emitter.push(value.args))


@lowers("any.convert_extern", "extern.convert_any")
def _convert(emitter: Emitter, value: Value) -> None:
    emitter.call_helper(abi.gc_helper(value.op), value)


# Structures


@lowers("struct.new")
def _struct_new(emitter: Emitter, value: Value) -> None:
    out, target = emitter.out, emitter.target
    start = emitter.push(value.args)
    emitter.mark(value.offset)
    # A class without a constructor, followed by stores, takes half the time of a call of __init__.
    out += (emitter.load_callee(_maker_name(emitter, value.imm)), target.call(0))
    for number in range(len(value.args) - 1, -1, -1):
        out += (target.swap2, target.copy(2), target.store_attribute(emitter.name_index(abi.field(number))))
    emitter.define(value, start)


@lowers("struct.new_desc")
def _struct_new_desc(emitter: Emitter, value: Value) -> None:
    out, target = emitter.out, emitter.target
    start = emitter.push(value.args)
    emitter.mark(value.offset)
    out += (emitter.load_callee(_maker_name(emitter, value.imm)), target.call(0))
    names = [*map(abi.field, range(len(value.args) - 1)), abi.DESCRIPTOR]
    for name in reversed(names):
        out += (target.swap2, target.copy(2), target.store_attribute(emitter.name_index(name)))
    emitter.define(value, start)


@lowers("struct.new_default_desc")
def _struct_new_default_desc(emitter: Emitter, value: Value) -> None:
    out, target = emitter.out, emitter.target
    start = emitter.push(value.args)
    emitter.mark(value.offset)
    out += (
        emitter.load_callee(abi.gc_helper("struct_new_default")),
        emitter.load_global(_maker_name(emitter, value.imm)),
    )
    out += (target.call(1), target.swap2, target.copy(2), target.store_attribute(emitter.name_index(abi.DESCRIPTOR)))
    emitter.define(value, start)


@lowers("ref.get_desc")
def _ref_get_desc(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.mark(value.offset)
    emitter.out.append(_attribute(emitter, abi.DESCRIPTOR))
    emitter.define(value, start)


@lowers("ref.has_descriptor")
def _has_descriptor(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    helper = "has_descriptor_or_is_null" if value.imm else "has_descriptor"
    emitter.out.insert(start, emitter.load_callee(abi.gc_helper(helper)))
    emitter.mark(value.offset)
    emitter.out.append(emitter.target.call(2))
    define_condition(emitter, value, start)


@lowers("ref.cast_descriptor")
def _cast_descriptor(emitter: Emitter, value: Value) -> None:
    emitter.call_helper(abi.gc_helper("cast_descriptor_or_null" if value.imm else "cast_descriptor"), value)


@lowers("struct.get", "struct.get.i8", "struct.get.i16")
def _struct_get(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.mark(value.offset)
    emitter.out.append(_attribute(emitter, abi.field(value.imm[1])))
    emitter.define(value, start)


@lowers("struct.set")
def _struct_set(emitter: Emitter, value: Value) -> None:
    target = emitter.target
    reference, stored = value.args
    if emitter.is_on_stack(reference) and emitter.is_on_stack(stored):
        emitter.push((reference, stored))
        emitter.out.append(target.swap2)
    else:
        emitter.push((stored, reference))
    emitter.mark(value.offset)
    emitter.out.append(target.store_attribute(emitter.name_index(abi.field(value.imm[1]))))


# Arrays


def _push_items(emitter: Emitter, value: Value) -> int:
    """Pushes the items of an array, and an index; returns where the code begins."""
    out, target = emitter.out, emitter.target
    bounds = emitter.push_apart(value.args[:2])
    items = _attribute(emitter, abi.ITEMS)
    if target.movable.issuperset(out[bounds[1] :]):
        out[bounds[1] : bounds[1]] = [in_array(value.offset), items]
        emitter.mark(in_array(value.offset))
    else:
        # The index is computed before null is detected (specification 4.6.8).
        emitter.mark(in_array(value.offset))
        out += (target.swap2, items, target.swap2)
    return bounds[0]


@lowers("array.get", "array.get.i8", "array.get.i16")
def _array_get(emitter: Emitter, value: Value) -> None:
    start = _push_items(emitter, value)
    emitter.out.append(emitter.target.subscript)
    emitter.define(value, start)


@lowers("array.set")
def _array_set(emitter: Emitter, value: Value) -> None:
    # STORE_SUBSCR takes value, sequence and index from the stack, the index on top.
    out, target = emitter.out, emitter.target
    bounds = emitter.push_apart(value.args)
    place, stored = out[bounds[0] : bounds[2]], out[bounds[2] :]
    items = _attribute(emitter, abi.ITEMS)
    if target.movable.issuperset(place) and target.effectful.isdisjoint(stored):
        array, index = out[bounds[0] : bounds[1]], out[bounds[1] : bounds[2]]
        del out[bounds[0] :]
        out += (*stored, *array)
        emitter.mark(in_array(value.offset))
        out += (items, *index, target.store_subscript)
        return
    value_slot, index_slot = emitter.temporary(), emitter.temporary()
    out += (target.stores[value_slot], target.stores[index_slot])
    emitter.mark(in_array(value.offset))
    out += (items, target.loads[value_slot], target.swap2, target.loads[index_slot], target.store_subscript)
    emitter.release(index_slot)
    emitter.release(value_slot)


@lowers("array.len")
def _array_len(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.insert(start, emitter.load_callee(abi.builtin("len")))
    emitter.mark(value.offset)
    emitter.out += (_attribute(emitter, abi.ITEMS), emitter.target.call(1))
    emitter.define(value, start)


@lowers("array.new_fixed")
def _array_new_fixed(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    callee = [
        emitter.load_callee(abi.gc_helper("array_new_fixed")),
        emitter.load_global(_maker_name(emitter, value.imm)),
    ]
    emitter.out[start:start] = callee
    emitter.out.append(emitter.target.build_list(len(value.args)))
    emitter.mark(value.offset)
    emitter.out.append(emitter.target.call(2))
    emitter.define(value, start)


def _runtime_call(*names: Callable[[int], str]) -> Lowering:
    """Calls the runtime's function with objects of the instance before the operands.

    Their names are made from the immediate: the allocator, from the type index that it begins with; a segment, from the
    index after that.
    """

    def lowering(emitter: Emitter, value: Value) -> None:
        start = emitter.push(value.args)
        objects: list[Emitted] = []
        for name in names:
            if name is abi.maker:
                index = value.imm[0] if isinstance(value.imm, tuple) else value.imm
                objects.append(emitter.load_global(_maker_name(emitter, index)))
            else:
                objects.append(emitter.load_global(name(value.imm[1])))
        emitter.out[start:start] = [emitter.load_callee(abi.gc_helper(value.op)), *objects]
        emitter.mark(value.offset)
        emitter.out.append(emitter.target.call(len(objects) + len(value.args)))
        finish_call(emitter, value, start)

    return lowering


lowers("struct.new_default", "array.new", "array.new_default")(_runtime_call(abi.maker))
lowers("array.new_data")(_runtime_call(abi.maker, abi.data_segment))
lowers("array.new_elem")(_runtime_call(abi.maker, abi.element_segment))
lowers("array.init_data")(_runtime_call(abi.data_segment))
lowers("array.init_elem")(_runtime_call(abi.element_segment))
lowers("array.copy", "array.fill")(_runtime_call())
