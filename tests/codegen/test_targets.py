"""The pieces of each target are what CPython's own compiler emits for the same purpose."""

from __future__ import annotations

import dis
import types

import pytest

from wasmz.codegen.assembler import assemble
from wasmz.codegen.code_object import CodeDescription
from wasmz.codegen.targets import current_target
from wasmz.codegen.targets.base import BINARY_OPERATORS, COMPARE_OPERATORS

TARGET = current_target()


def emitted_by_cpython(expression: str, names: tuple[str, ...]) -> dict[str, list[int | None]]:
    """Opcode -> arguments, in the code of a function that returns the expression."""
    scope: dict[str, types.FunctionType] = {}
    exec(f"def f({', '.join(names)}):\n return {expression}", scope)
    found: dict[str, list[int | None]] = {}
    for instruction in dis.get_instructions(scope["f"]):
        found.setdefault(instruction.opname, []).append(instruction.arg)
    return found


@pytest.mark.parametrize("operator", COMPARE_OPERATORS)
def test_comparisons(operator: str) -> None:
    theirs = emitted_by_cpython(f"a {operator} b", ("a", "b"))["COMPARE_OP"]
    assert theirs == [TARGET.compare_argument(COMPARE_OPERATORS.index(operator))]


@pytest.mark.parametrize("operator", BINARY_OPERATORS)
def test_binary_operators(operator: str) -> None:
    theirs = emitted_by_cpython(f"a {operator} b", ("a", "b"))["BINARY_OP"]
    assert theirs == [BINARY_OPERATORS[operator]]


def run(pieces: list[bytes], arguments: tuple[object, ...], constants: tuple[object, ...] = ()) -> object:
    names = tuple(f"x{number}" for number in range(len(arguments)))
    description = CodeDescription("f", "<test>", 1, len(names), constants, ("g",), names)
    code = assemble([TARGET.resume, *pieces, TARGET.return_value], TARGET, description)
    return types.FunctionType(code, {"g": lambda *args: ("called", *args)})(*arguments)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_calls_of_globals_and_of_values(count: int) -> None:
    arguments = tuple(range(count))
    loads = TARGET.loads[:count]
    assert run([TARGET.load_global_callee(0), *loads, TARGET.call(count)], arguments) == ("called", *arguments)
    pieces = [TARGET.before_callee, TARGET.load_global(0), TARGET.after_callee, *loads, TARGET.call(count)]
    assert run(pieces, arguments) == ("called", *arguments)


def test_subscripts_swaps_and_tuples() -> None:
    a, b = TARGET.loads[:2]
    assert run([a, b, TARGET.subscript], ([10, 20], 1)) == 20
    store = [TARGET.load_const(0), a, b, TARGET.store_subscript, a]
    assert run(store, ([10, 20], 1), (99,)) == [10, 99]
    assert run([a, b, TARGET.swap(2), TARGET.build_tuple(2)], (1, 2)) == (2, 1)
    assert run([a, TARGET.unpack(2), TARGET.build_tuple(2)], ((1, 2),)) == (2, 1)
    assert run([a, TARGET.copy(1), TARGET.build_tuple(2)], (1,)) == (1, 1)
    assert run([a, TARGET.negate], (5,)) == -5
