"""Loads, stores and what else touches memories, tables and segments.

    i32.load offset=8 v0        LOAD_GLOBAL m0_I_8; LOAD v0; BINARY_SUBSCR
    i32.store8 offset=8 v0 v1   LOAD v1; & 255; LOAD_GLOBAL m0_B_8; LOAD v0; STORE_SUBSCR

A view checks the bounds (see docs/abi.md); addresses are unsigned, hence never negative indices.
"""

from __future__ import annotations

from wasmz.codegen.assembler import Jump, Label
from wasmz.codegen.emitter import CONSTANTS, Emitter
from wasmz.codegen.lowering.numeric import mask
from wasmz.codegen.lowering.registry import lowers
from wasmz.codegen.targets.base import IF_FALSE, IF_TRUE
from wasmz.ir.nodes import Value

# Load -> (struct format of the view, whether the result is negative at times and must be made unsigned).
LOADS: dict[str, tuple[str, bool]] = {
    "i32.load": ("I", False),
    "i64.load": ("Q", False),
    "f64.load": ("d", False),
    "i32.load8_u": ("B", False),
    "i32.load16_u": ("H", False),
    "i32.load8_s": ("b", True),
    "i32.load16_s": ("h", True),
    "i64.load8_u": ("B", False),
    "i64.load16_u": ("H", False),
    "i64.load32_u": ("I", False),
    "i64.load8_s": ("b", True),
    "i64.load16_s": ("h", True),
    "i64.load32_s": ("i", True),
}

# Store -> (struct format of the view, mask that the value needs or None).
STORES: dict[str, tuple[str, int | None]] = {
    "i32.store": ("I", None),
    "i64.store": ("Q", None),
    "f64.store": ("d", None),
    "i32.store8": ("B", 0xFF),
    "i32.store16": ("H", 0xFFFF),
    "i64.store8": ("B", 0xFF),
    "i64.store16": ("H", 0xFFFF),
    "i64.store32": ("I", 0xFFFF_FFFF),
}

# f32 operations whose result is never a signalling NaN, because they compute.
QUIET_SINGLES = frozenset(
    {f"f32.{name}" for name in ("add", "sub", "mul", "div", "sqrt", "min", "max", "ceil", "floor", "trunc", "nearest")}
    | {f"f32.{name}.unrounded" for name in ("add", "sub", "mul")}
    | {f"f32.convert_{type}_{s}" for type in ("i32", "i64") for s in "su"}
    | {"f32.demote_f64"}
)


def view_name(format: str, memory_argument: tuple[int, int, int]) -> str:
    """Name of the view for an access: ``m0_I_8``."""
    _, offset, memory = memory_argument
    return f"m{memory}_{format}_{offset}" if offset else f"m{memory}_{format}"


@lowers(*LOADS)
def _load(emitter: Emitter, value: Value) -> None:
    format, signed = LOADS[value.op]
    start = emitter.push(value.args)
    emitter.out.insert(start, emitter.load_global(view_name(format, value.imm)))
    emitter.mark(value.offset)
    emitter.out.append(emitter.target.subscript)
    if signed:
        mask(emitter, value.op[:3])
    emitter.define(value, start)


@lowers("i32.load8_s.signed", "i32.load16_s.signed", "i64.load8_s.signed", "i64.load16_s.signed", "i64.load32_s.signed")
def _load_signed(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.insert(start, emitter.load_global(view_name(LOADS[value.op[:-7]][0], value.imm)))
    emitter.mark(value.offset)
    emitter.out.append(emitter.target.subscript)
    emitter.define(value, start)


@lowers("f32.load.quieting")
def _f32_load_quieting(emitter: Emitter, value: Value) -> None:
    start = emitter.push(value.args)
    emitter.out.insert(start, emitter.load_global(view_name("f", value.imm)))
    emitter.mark(value.offset)
    emitter.out.append(emitter.target.subscript)
    emitter.define(value, start)


@lowers("f32.load")
def _f32_load(emitter: Emitter, value: Value) -> None:
    # Reading a single quiets a signalling NaN; for a NaN the bits are read again, as an integer.
    target, out = emitter.target, emitter.out
    start = emitter.push(value.args)
    address = emitter.temporary()
    end = Label()
    out += (target.copy1, target.stores[address])
    out.insert(start, emitter.load_global(view_name("f", value.imm)))
    emitter.mark(value.offset)
    out += (target.subscript, target.copy1, target.copy1, target.compare("=="), Jump(end, IF_TRUE), target.pop)
    out += (emitter.load_callee("f32_from_bits"), emitter.load_global(view_name("I", value.imm)))
    out += (target.loads[address], target.subscript, target.call(1), end)
    emitter.release(address)
    emitter.define(value, start)


@lowers(*STORES)
def _store(emitter: Emitter, value: Value) -> None:
    format, needed = STORES[value.op]
    _push_store_operands(emitter, value, needed)
    _finish_store(emitter, value, format)


@lowers("i32.store8.fits", "i32.store16.fits", "i64.store8.fits", "i64.store16.fits", "i64.store32.fits")
def _store_fitting(emitter: Emitter, value: Value) -> None:
    _push_store_operands(emitter, value, None)
    _finish_store(emitter, value, STORES[value.op[:-5]][0])


def _push_store_operands(emitter: Emitter, value: Value, needed: int | None) -> None:
    """Leaves value and address on the stack, the address on top: the order in which CPython stores."""
    address, stored = value.args
    out = emitter.out
    if emitter.stack and any(item.value is address and item.start >= 0 for item in emitter.stack[-2:]):
        # The address was computed first and lies on the stack already.
        emitter.push(value.args)
        if needed is not None:
            _reduce(emitter, stored, needed)
        out.append(emitter.target.swap2)
    else:
        bounds = emitter.push_apart((address, stored))
        load = out.pop(bounds[0])
        if needed is not None:
            _reduce(emitter, stored, needed)
        out.append(load)


def _reduce(emitter: Emitter, stored: Value, needed: int) -> None:
    if stored.op in CONSTANTS:
        emitter.out[-1] = emitter.constant(stored.imm & needed)
    else:
        emitter.out += (emitter.constant(needed), emitter.target.binary("&"))


def _finish_store(emitter: Emitter, value: Value, format: str) -> None:
    """Stores; the address is on top of the stack, the value below it."""
    out, target = emitter.out, emitter.target
    view = emitter.load_global(view_name(format, value.imm))
    if out[-1] is target.swap2:
        out += (view, target.swap2)
    else:
        # A single load of the address, which may as well come after the view.
        out.insert(len(out) - 1, view)
    emitter.mark(value.offset)
    out.append(target.store_subscript)


@lowers("f32.store")
def _f32_store(emitter: Emitter, value: Value) -> None:
    stored = value.args[1]
    if stored.op in QUIET_SINGLES or stored.op == "f32.load.quieting":
        _push_store_operands(emitter, value, None)
        _finish_store(emitter, value, "f")
        return
    # Storing a single quiets a signalling NaN; a NaN is stored by its bits.
    target, out = emitter.target, emitter.out
    emitter.push(value.args)
    number_slot, address_slot = emitter.temporary(), emitter.temporary()
    nan, end = Label(), Label()
    out += (target.stores[number_slot], target.stores[address_slot])
    number = target.loads[number_slot]
    out += (number, number, target.compare("=="), Jump(nan, IF_FALSE))
    emitter.mark(value.offset)
    out += (number, emitter.load_global(view_name("f", value.imm)), target.loads[address_slot], target.store_subscript)
    out += (Jump(end), nan, emitter.load_callee("f32_to_bits"), number, target.call(1))
    out += (emitter.load_global(view_name("I", value.imm)), target.loads[address_slot], target.store_subscript, end)
    emitter.release(number_slot)
    emitter.release(address_slot)


def _runtime_call(emitter: Emitter, value: Value, function: str, *objects: str) -> None:
    """Calls an operation of the runtime with some of the instance's objects before the operands."""
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
    _runtime_call(emitter, value, value.op.replace(".", "_"), f"m{value.imm}")


@lowers("memory.copy")
def _memory_copy(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, "memory_copy", f"m{value.imm[0]}", f"m{value.imm[1]}")


@lowers("memory.init")
def _memory_init(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, "memory_init", f"m{value.imm[1]}", f"data{value.imm[0]}")


@lowers("data.drop")
def _data_drop(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, "data_drop", f"data{value.imm}")


@lowers("table.get", "table.set", "table.size", "table.grow", "table.fill")
def _table_operation(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, value.op.replace(".", "_"), f"tab{value.imm}")


@lowers("table.copy")
def _table_copy(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, "table_copy", f"tab{value.imm[0]}", f"tab{value.imm[1]}")


@lowers("table.init")
def _table_init(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, "table_init", f"tab{value.imm[1]}", f"elem{value.imm[0]}")


@lowers("elem.drop")
def _elem_drop(emitter: Emitter, value: Value) -> None:
    _runtime_call(emitter, value, "elem_drop", f"elem{value.imm}")
