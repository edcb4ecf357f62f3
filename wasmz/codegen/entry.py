"""Entry forms: small exported functions that convert Python's arguments themselves.

An export is called through an adapter, which checks the arguments, calls the function and converts the result. For a
small function that calls nothing and cannot trap, this takes most of the time. Its entry form is one code object:

    if every argument is an int (or float) and every int is from 0 to 2^30 - 1:
        the function's code, compiled for parameters within these bounds
    else:
        x5(...)                                  the adapter, with all conversions and errors
"""

from __future__ import annotations

from types import CodeType

from wasmz.codegen.emitted import Attempt, Jump, Label
from wasmz.codegen.emitter import Emitter, ModuleFacts
from wasmz.codegen.function import assemble_function, emit_body, emit_zeros, make_emitter
from wasmz.codegen.targets.base import IF_FALSE, IF_TRUE, Target
from wasmz.ir.facts import INTEGER_BITS, NUMBER_TYPES
from wasmz.ir.nodes import Function, Terminator
from wasmz.ir.operations import EFFECTS
from wasmz.runtime import abi
from wasmz.types import ValType
from wasmz.wasm.instructions import Effects

# The ints that CPython keeps in one digit, and compares and adds fastest.
SMALL = 2**30 - 1

_LARGEST_SIZE = 40
_INTEGERS = {type: INTEGER_BITS[name] for type, name in NUMBER_TYPES.items()}
_NOT_ALLOWED = Effects.TRAPS | Effects.CALLS | Effects.WRITES


def has_entry_form(function: Function) -> bool:
    """Whether an exported function may have an entry form and benefits from it."""
    types = (*function.type.params, *function.type.results)
    if not function.type.params or len(function.type.results) != 1:
        return False
    if any(type not in _INTEGERS and type is not ValType.F64 for type in types):
        return False
    if sum(len(block.body) for block in function.blocks) > _LARGEST_SIZE:
        return False
    if any(block.terminator.op not in ("jump", "branch", "switch", "return") for block in function.blocks):
        return False
    return not any(EFFECTS[value.op] & _NOT_ALLOWED for value in function.values())


def compile_entry(target: Target, facts: ModuleFacts, function: Function, filename: str) -> CodeType:
    """The code object of the entry form of a function that was optimised for parameters up to ``SMALL``."""
    emitter = make_emitter(target, facts, function)
    slow = Label()
    params = list(enumerate(function.type.params))
    integers = [index for index, type in params if type in _INTEGERS]
    if len(integers) > 1 and _computes_result(function):
        _emit_joint_check(emitter, integers, slow)
        params = [(index, type) for index, type in params if type not in _INTEGERS]
    for index, type in params:
        _emit_check(emitter, index, type, slow)
    emit_zeros(emitter)
    result_type = function.type.results[0]

    def emit_return(emitter: Emitter, terminator: Terminator) -> None:
        emitter.push(terminator.args)
        bits = _INTEGERS.get(result_type)
        if bits is not None and function.bounds.get(terminator.args[0], 1 << bits) >> (bits - 1):
            _emit_signed(emitter, bits)
        emitter.out.append(target.return_value)

    emit_body(emitter, emit_return)
    count = len(function.type.params)
    out = emitter.out
    out += (slow, emitter.load_callee(abi.adapter(function.index)), *target.loads[:count], target.call(count))
    out.append(target.return_value)
    return assemble_function(emitter, filename, count)


def _emit_check(emitter: Emitter, index: int, type: ValType, slow: Label) -> None:
    """Jumps to the slow path unless the parameter has exactly the type and, if it is an int, is small."""
    out, target = emitter.out, emitter.target
    load = target.loads[index]
    python_type = emitter.load_global(abi.builtin("int" if type in _INTEGERS else "float"))
    out += (
        emitter.load_callee(abi.builtin("type")),
        load,
        target.call(1),
        python_type,
        target.is_operator,
        Jump(slow, IF_FALSE),
    )
    if type in _INTEGERS:
        out += (load, emitter.constant(0), target.compare("<"), Jump(slow, IF_TRUE))
        out += (load, emitter.constant(SMALL), target.compare(">"), Jump(slow, IF_TRUE))


# Their results are exact ints even if operands are of subclasses of int. (Bitwise operations on bools give bools.)
_COMPUTING = frozenset(f"int.{name}" for name in ("add", "sub", "mul", "shl", "shr", "neg", "not", "const")) | {
    f"{type}.{name}" for type in ("i32", "i64") for name in ("const", "clz", "ctz", "popcnt", "div_s", "rem_s")
}


def _computes_result(function: Function) -> bool:
    """Whether results are exact ints: none is a parameter, or computed by bitwise operations only."""
    return all(
        arg.type not in _INTEGERS or arg.op in _COMPUTING
        for block in function.blocks
        if block.terminator.op == "return"
        for arg in block.terminator.args
    )


def _emit_joint_check(emitter: Emitter, indices: list[int], slow: Label) -> None:
    """Checks several ints at once: their bitwise or is an exact int only if they are ints, and small only if all are.

    It is also an exact int for a bool and an int, or for members of enumerations, whose arithmetic is that of ints.
    """
    out, target = emitter.out, emitter.target
    refused = Label()
    callee = emitter.load_callee(abi.builtin("type"))
    out += (callee, target.loads[indices[0]])
    for index in indices[1:]:
        # Classes without `|` raise an exception, whose handler drops `type` and its NULL, too.
        out += (target.loads[index], Attempt(refused, 2 + target.effects[callee]), target.binary("|"))
    union = emitter.temporary()
    out += (
        target.copy1,
        target.stores[union],
        target.call(1),
        emitter.load_global(abi.builtin("int")),
        target.is_operator,
    )
    out.append(Jump(slow, IF_FALSE))
    emitter.release(union)
    load = target.loads[union]
    out += (load, emitter.constant(0), target.compare("<"), Jump(slow, IF_TRUE))
    out += (load, emitter.constant(SMALL), target.compare(">"), Jump(slow, IF_TRUE))
    emitter.cold += (refused, target.pop, Jump(slow))


def _emit_signed(emitter: Emitter, bits: int) -> None:
    """Makes the integer on top of the stack signed."""
    out, target = emitter.out, emitter.target
    natural = Label()
    out += (target.copy1, emitter.constant(1 << (bits - 1)), target.compare("<"), Jump(natural, IF_TRUE))
    out += (emitter.constant(1 << bits), target.binary("-"), natural)
