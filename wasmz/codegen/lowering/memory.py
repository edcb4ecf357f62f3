"""Loads, stores and other operations on memories, tables and segments.

    i32.load offset=8 v0        LOAD_GLOBAL m0_I_8; LOAD v0; BINARY_SUBSCR
    i32.store8 offset=8 v0 v1   LOAD v1; & 255; LOAD_GLOBAL m0_B_8; LOAD v0; STORE_SUBSCR

A view checks bounds (see docs/abi.md). Addresses are unsigned, so no index is negative.
"""

from __future__ import annotations

from functools import lru_cache

from wasmz.codegen.emitted import Attempt, Emitted, Jump, Label
from wasmz.codegen.emitter import Emitter, Lowering
from wasmz.codegen.lowering.numeric import mask
from wasmz.codegen.lowering.registry import lowers
from wasmz.codegen.targets.base import IF_FALSE, IF_TRUE
from wasmz.ir import facts
from wasmz.ir.facts import CONSTANTS, INTEGER_BITS, MASKS, NARROW_STORES, OPS
from wasmz.ir.nodes import Value
from wasmz.ir.operations import VARIANTS
from wasmz.runtime import abi

# Number of bytes -> the `struct` format of an unsigned integer.
FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}

# Load of a number -> (struct format of the view, whether the result may be negative and must be made unsigned).
LOADS: dict[str, tuple[str, bool]] = {
    name: (FORMATS[width].lower() if OPS[name].is_signed else FORMATS[width], OPS[name].is_signed)
    for name, width in facts.LOADS.items()
    if OPS[name].type in INTEGER_BITS
} | {"f64.load": ("d", False)}

# Store of a number -> (struct format of the view, mask for the value, or None).
STORES: dict[str, tuple[str, int | None]] = {
    name: (FORMATS[width], (1 << NARROW_STORES[name]) - 1 if name in NARROW_STORES else None)
    for name, width in facts.STORES.items()
    if OPS[name].type in INTEGER_BITS
} | {"f64.store": ("d", None)}


@lru_cache(maxsize=4096)
def view_name(format: str, memory_argument: tuple[int, ...]) -> str:
    """The name of the view for an access: ``m0_I_8``; ``m0_I_1032_4`` if it also multiplies the index."""
    _, offset, memory, *more = memory_argument
    added, scale = more or (0, 1)
    return abi.view(memory, format, offset + added, scale)


def reduced_address(emitter: Emitter, index: list[Emitted], memory_argument: tuple[int, ...]) -> list[Emitted]:
    """Code for the address modulo 2^32, without the constant offset, made from the code of the index."""
    target = emitter.target
    *_, added, scale = memory_argument
    code = list(index)
    if scale > 1:
        code += (emitter.constant(scale), target.binary("*"))
    if added:
        code += (emitter.constant(added), target.binary("+"))
    code += (emitter.constant(MASKS["i32"]), target.binary("&"))
    return code


def _plain_load(format: str, masked_type: str | None) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        start = emitter.push(value.args)
        emitter.out.insert(start, emitter.load_global(view_name(format, value.imm)))
        emitter.mark(value.offset)
        emitter.out.append(emitter.target.subscript)
        if masked_type is not None:
            mask(emitter, masked_type)
        emitter.define(value, start)

    return lowering


def _loose_load(format: str) -> Lowering:
    """A load whose address is reduced in an exception handler if the unreduced address is too large."""

    def lowering(emitter: Emitter, value: Value) -> None:
        out, target = emitter.out, emitter.target
        start = emitter.push(value.args)
        again = _make_repeatable(emitter, start)
        out.insert(start, emitter.load_global(view_name(format, value.imm)))
        emitter.mark(value.offset)
        handler, done = Label(), Label()
        out += (Attempt(handler, 2), target.subscript, done)
        emitter.cold += (handler, value.offset, target.pop, emitter.load_global(view_name(format, value.imm[:3])))
        emitter.cold += (*reduced_address(emitter, again, value.imm), target.subscript, Jump(done))
        emitter.define(value, start)

    return lowering


def _make_repeatable(emitter: Emitter, start: int) -> list[Emitted]:
    """Code that repeats the computation from ``start`` on, and may run right after it."""
    code = emitter.out[start:]
    if emitter.target.movable.issuperset(code):
        return code
    slot = emitter.temporary()
    emitter.out += (emitter.target.stores[slot], emitter.target.loads[slot])
    emitter.release(slot)
    return [emitter.target.loads[slot]]


for _op, (_format, _is_negative) in LOADS.items():
    lowers(_op)(_plain_load(_format, OPS[_op].type if _is_negative else None))
    _signed = f"{_op}.signed"
    if not _is_negative:
        lowers(f"{_op}.loose")(_loose_load(_format))
    if _signed in VARIANTS:
        _signed_format = _format if _is_negative else _format.lower()
        lowers(_signed)(_plain_load(_signed_format, None))
        lowers(f"{_signed}.loose")(_loose_load(_signed_format))


lowers("f32.load.quieting")(_plain_load("f", None))
lowers("f32.load.quieting.loose")(_loose_load("f"))


@lowers("f32.load")
def _f32_load(emitter: Emitter, value: Value) -> None:
    # Reading a single quiets a signalling NaN, so the bits of a NaN are read again as an integer.
    target, out = emitter.target, emitter.out
    start = emitter.push(value.args)
    address = emitter.temporary()
    end = Label()
    out += (target.copy1, target.stores[address])
    out.insert(start, emitter.load_global(view_name("f", value.imm)))
    emitter.mark(value.offset)
    out += (target.subscript, target.copy1, target.copy1, target.compare("=="), Jump(end, IF_TRUE), target.pop)
    out += (emitter.load_callee(abi.helper("f32.from_bits")), emitter.load_global(view_name("I", value.imm)))
    out += (target.loads[address], target.subscript, target.call(1), end)
    emitter.release(address)
    emitter.define(value, start)


def _store(format: str, needed: int | None, *, is_loose: bool = False) -> Lowering:
    def lowering(emitter: Emitter, value: Value) -> None:
        lower_store(emitter, value, format, needed, is_loose=is_loose)

    return lowering


def lower_store(
    emitter: Emitter, value: Value, format: str, needed: int | None = None, *, is_loose: bool = False
) -> None:
    """Emits a store: STORE_SUBSCR takes value, view and address from the stack, the address on top."""
    out, target = emitter.out, emitter.target
    address, stored = value.args
    bounds = emitter.push_apart((address, stored))
    address_code, value_code = out[bounds[0] : bounds[1]], out[bounds[1] :]
    del out[bounds[0] :]
    if needed is not None:
        if stored.op in CONSTANTS:
            value_code[-1] = emitter.constant(stored.imm & needed)
        else:
            value_code += (emitter.constant(needed), target.binary("&"))
    view = emitter.load_global(view_name(format, value.imm))
    movable, effectful = target.movable, target.effectful
    if (movable.issuperset(address_code) and effectful.isdisjoint(value_code)) or (
        movable.issuperset(value_code) and effectful.isdisjoint(address_code)
    ):
        out += value_code
        value_again = _make_repeatable(emitter, bounds[0]) if is_loose else []
        out.append(view)
        position = len(out)
        out += address_code
        address_again = _make_repeatable(emitter, position) if is_loose else []
    else:
        value_slot, address_slot = emitter.temporary(), emitter.temporary()
        value_again, address_again = [target.loads[value_slot]], [target.loads[address_slot]]
        out += (*address_code, *value_code, target.stores[value_slot], target.stores[address_slot])
        out += (*value_again, view, *address_again)
        emitter.release(address_slot)
        emitter.release(value_slot)
    emitter.mark(value.offset)
    if is_loose:
        handler, done = Label(), Label()
        out += (Attempt(handler, 3), target.store_subscript, done)
        emitter.cold += (handler, value.offset, target.pop, *value_again)
        emitter.cold.append(emitter.load_global(view_name(format, value.imm[:3])))
        emitter.cold += (*reduced_address(emitter, address_again, value.imm), target.store_subscript, Jump(done))
    else:
        out.append(target.store_subscript)


for _op, (_format, _needed) in STORES.items():
    lowers(_op)(_store(_format, _needed))
    for _variant, _variant_format in ((_op, _format), (f"{_op}.fits", _format), (f"{_op}.signed", _format.lower())):
        if _variant != _op and _variant in VARIANTS:
            lowers(_variant)(_store(_variant_format, None))
        if f"{_variant}.loose" in VARIANTS:
            lowers(f"{_variant}.loose")(_store(_variant_format, None, is_loose=True))


lowers("f32.store.quiet")(_store("f", None))
lowers("f32.store.quiet.loose")(_store("f", None, is_loose=True))


@lowers("f32.store")
def _f32_store(emitter: Emitter, value: Value) -> None:
    stored = value.args[1]
    if stored.op in facts.QUIET_SINGLES or stored.op == "f32.load.quieting":
        lower_store(emitter, value, "f")
        return
    # Storing a single quiets a signalling NaN, so NaNs are stored by their bits.
    target, out = emitter.target, emitter.out
    emitter.push(value.args)
    number_slot, address_slot = emitter.temporary(), emitter.temporary()
    nan, end = Label(), Label()
    out += (target.stores[number_slot], target.stores[address_slot])
    number = target.loads[number_slot]
    out += (number, number, target.compare("=="), Jump(nan, IF_FALSE))
    emitter.mark(value.offset)
    out += (number, emitter.load_global(view_name("f", value.imm)), target.loads[address_slot], target.store_subscript)
    out += (Jump(end), nan, emitter.load_callee(abi.helper("f32.to_bits")), number, target.call(1))
    out += (emitter.load_global(view_name("I", value.imm)), target.loads[address_slot], target.store_subscript, end)
    emitter.release(number_slot)
    emitter.release(address_slot)


def _runtime_call(emitter: Emitter, value: Value, function: str, *objects: str) -> None:
    """Calls a function of the runtime with objects of the instance before the operands."""
    start = emitter.push(value.args)
    emitter.out[start:start] = [emitter.load_callee(function), *(emitter.load_global(name) for name in objects)]
    emitter.mark(value.offset)
    emitter.out.append(emitter.target.call(len(objects) + len(value.args)))
    if value.type is None:
        emitter.out.append(emitter.target.pop)
    else:
        emitter.define(value, start)


@lowers("memory.size", "memory.grow", "memory.fill")
def _memory_operation(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, OPS[value.op].helper, abi.memory(value.imm))


@lowers("memory.copy")
def _memory_copy(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, abi.helper(value.op), *map(abi.memory, value.imm))


@lowers("memory.init")
def _memory_init(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, abi.helper(value.op), abi.memory(value.imm[1]), abi.data_segment(value.imm[0]))


@lowers("data.drop")
def _data_drop(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, abi.helper(value.op), abi.data_segment(value.imm))


@lowers("table.get", "table.set", "table.size", "table.grow", "table.fill")
def _table_operation(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, OPS[value.op].helper, abi.table(value.imm))


@lowers("table.copy")
def _table_copy(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, abi.helper(value.op), *map(abi.table, value.imm))


@lowers("table.init")
def _table_init(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, abi.helper(value.op), abi.table(value.imm[1]), abi.element_segment(value.imm[0]))


@lowers("elem.drop")
def _elem_drop(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, abi.helper(value.op), abi.element_segment(value.imm))
