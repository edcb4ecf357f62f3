"""Verifies emitted code objects: CPython trusts bytecode, and a wrong stack depth crashes the process.

The verifier does not depend on how code was made: it reads the finished code object. It checks that

    * every instruction is known, and jumps lead to the start of one;
    * the stack has the same depth on all paths to an instruction, never below 0 or above ``co_stacksize``;
    * no path ends without a return;
    * an exception handler is entered with the stack depth in the exception table, plus the exception;
    * a call has one handler, wherever CPython looks for it;
    * all paths set a fast local before reading it (CPython 3.12 and later do not check);
    * constants, names and locals exist.

It reports all violations together.
"""

from __future__ import annotations

import dis
import itertools
from collections.abc import Iterator
from types import CodeType

from wasmz.codegen.targets import current_target

_TERMINAL = frozenset({"RETURN_VALUE", "RAISE_VARARGS", "RERAISE", "RETURN_CONST"})
_UNCONDITIONAL = frozenset({"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"})


class BrokenCode(AssertionError):
    """Emitted bytecode violates an invariant: a fault of wasmz, not of the module. ``findings`` lists all."""

    def __init__(self, code: CodeType, findings: list[str]) -> None:
        self.findings = findings
        super().__init__(f"bytecode of {code.co_name!r} is broken:\n  " + "\n  ".join(findings))


def verify_code(code: CodeType) -> None:
    """Raises :class:`BrokenCode` unless all invariants hold."""
    findings: list[str] = []
    instructions = {instruction.offset: instruction for instruction in dis.get_instructions(code)}
    ordered = sorted(instructions)
    following = dict(itertools.pairwise(ordered))
    arguments = code.co_argcount
    # offset -> (stack depth, bit set of the locals that are set)
    states: dict[int, tuple[int, int]] = {}
    handlers = _handlers(code)
    raises_before_calls = current_target().raises_before_calls
    work = [(ordered[0], 0, (1 << arguments) - 1)]
    while work:
        offset, depth, bound = work.pop()
        known = states.get(offset)
        if known is not None:
            if known[0] != depth:
                findings.append(f"{offset}: reached with stack depths {known[0]} and {depth}")
                continue
            if known[1] & bound == known[1]:
                continue
            bound &= known[1]
        states[offset] = (depth, bound)
        instruction = instructions[offset]
        findings += _check_operands(code, instruction, bound)
        if offset in handlers:
            handler, kept = handlers[offset]
            if kept > depth or handler not in instructions:
                findings.append(f"{offset}: handler at {handler} keeps {kept} of {depth} items")
            else:
                work.append((handler, kept + 1, bound))
        name = instruction.opname
        if name == "CALL" and raises_before_calls and handlers.get(offset) != handlers.get(offset - 2):
            findings.append(f"{offset}: the handler of the preceding code would catch a callee's exceptions")
        for stored in _stored_locals(name, instruction.arg):
            bound |= 1 << stored
        if name in _TERMINAL:
            if depth != 1 and name == "RETURN_VALUE":
                findings.append(f"{offset}: {name} with stack depth {depth}")
            continue
        for target, effect in _successors(instruction, following.get(offset, -1)):
            if target not in instructions:
                findings.append(f"{offset}: {name} leads to {target}, where no instruction begins")
            elif depth + effect < 0 or depth + effect > code.co_stacksize:
                findings.append(f"{offset}: {name} makes the stack {depth + effect} deep, of {code.co_stacksize}")
            else:
                work.append((target, depth + effect, bound))
    if findings:
        raise BrokenCode(code, findings)


def _successors(instruction: dis.Instruction, following: int) -> Iterator[tuple[int, int]]:
    """The offsets at which code may go on after an instruction, with the change of the stack depth."""
    opcode = instruction.opcode
    argument = instruction.arg if opcode >= dis.HAVE_ARGUMENT else None
    if opcode in dis.hasjrel or opcode in dis.hasjabs:
        yield int(instruction.argval), dis.stack_effect(opcode, argument, jump=True)
    if instruction.opname not in _UNCONDITIONAL:
        yield following, dis.stack_effect(opcode, argument, jump=False)


def _handlers(code: CodeType) -> dict[int, tuple[int, int]]:
    """For each offset that the exception table covers: its handler, and how much of the stack is kept."""
    numbers: list[int] = []
    number = 0
    for byte in code.co_exceptiontable:
        number = number << 6 | byte & 0x3F
        if not byte & 0x40:
            numbers.append(number)
            number = 0
    handlers = {}
    for start, length, handler, depth in zip(*[iter(numbers)] * 4, strict=True):
        for unit in range(start, start + length):
            handlers[2 * unit] = (2 * handler, depth >> 1)
    return handlers


def _check_operands(code: CodeType, instruction: dis.Instruction, bound: int) -> list[str]:
    name, arg = instruction.opname, instruction.arg or 0
    place = f"{instruction.offset}: {name}"
    findings = []
    for local in _loaded_locals(name, arg):
        if local >= len(code.co_varnames):
            findings.append(f"{place} reads local {local} of {len(code.co_varnames)}")
        elif not bound >> local & 1:
            findings.append(f"{place} reads {code.co_varnames[local]!r}, which may be unbound")
    for local in _stored_locals(name, arg):
        if local >= len(code.co_varnames):
            findings.append(f"{place} writes local {local} of {len(code.co_varnames)}")
    if name == "LOAD_CONST" and arg >= len(code.co_consts):
        findings.append(f"{place} reads constant {arg} of {len(code.co_consts)}")
    if name == "STORE_GLOBAL" and arg >= len(code.co_names):
        findings.append(f"{place} writes name {arg} of {len(code.co_names)}")
    if name == "LOAD_GLOBAL" and arg >> 1 >= len(code.co_names):
        findings.append(f"{place} reads name {arg >> 1} of {len(code.co_names)}")
    return findings


def _loaded_locals(name: str, arg: int | None) -> tuple[int, ...]:
    if arg is None or "FAST" not in name:
        return ()
    if name in ("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW"):
        return (arg,)
    if name in ("LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"):
        return (arg >> 4, arg & 15)
    if name == "STORE_FAST_LOAD_FAST" and arg >> 4 != arg & 15:
        return (arg & 15,)
    return ()


def _stored_locals(name: str, arg: int | None) -> tuple[int, ...]:
    if arg is None:
        return ()
    if name == "STORE_FAST":
        return (arg,)
    if name == "STORE_FAST_LOAD_FAST":
        return (arg >> 4,)
    if name == "STORE_FAST_STORE_FAST":
        return (arg >> 4, arg & 15)
    return ()
