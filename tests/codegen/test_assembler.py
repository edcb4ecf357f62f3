"""Layout of jumps, stack sizes and the line table; and the verifier of emitted code."""

from __future__ import annotations

import types
from typing import Any

import pytest

from wasmz.codegen.assembler import assemble
from wasmz.codegen.code_object import CodeDescription
from wasmz.codegen.emitted import Attempt, Emitted, Jump, Label
from wasmz.codegen.targets import current_target
from wasmz.codegen.targets.base import IF_FALSE, IF_TRUE
from wasmz.codegen.verifier import BrokenCode, verify_code

TARGET = current_target()


def make(
    emitted: list[Emitted], constants: tuple[object, ...], locals: tuple[str, ...] = ("a",), argument_count: int = 1
) -> Any:
    TARGET.reserve_locals(len(locals))
    description = CodeDescription("f", "<test>", 5, argument_count, constants, (), locals)
    code = assemble([TARGET.resume, *emitted], TARGET, description)
    verify_code(code)
    return types.FunctionType(code, {})


@pytest.mark.parametrize("padding", [0, 100, 127, 128, 250, 254, 255, 256, 300, 33_000, 70_000])
def test_forward_jumps_of_every_length(padding: int) -> None:
    nothing: list[Emitted] = [TARGET.loads[0], TARGET.pop] * padding
    done = Label()
    function = make(
        [
            *(TARGET.loads[0], TARGET.to_condition, Jump(done, IF_TRUE), *nothing),
            *(TARGET.load_const(0), TARGET.return_value, done, TARGET.load_const(1), TARGET.return_value),
        ],
        ("fell through", "jumped"),
    )
    assert [function(0), function(1)] == ["fell through", "jumped"]


@pytest.mark.parametrize("padding", [0, 100, 125, 126, 127, 128, 250, 254, 255, 256, 300, 33_000])
@pytest.mark.parametrize("when", [IF_TRUE, IF_FALSE])
def test_backward_jumps_of_every_length(padding: int, when: str) -> None:
    nothing: list[Emitted] = [TARGET.loads[0], TARGET.pop] * padding
    loop = Label()
    start: list[Emitted] = [TARGET.load_const(1), TARGET.stores[1], loop]
    count: list[Emitted] = [TARGET.loads[1], TARGET.load_const(2), TARGET.binary("+"), TARGET.stores[1]]
    test: list[Emitted] = [TARGET.loads[1], TARGET.loads[0], TARGET.compare("<" if when is IF_TRUE else ">=")]
    function = make(
        [*start, *count, *nothing, *test, Jump(loop, when), TARGET.loads[1], TARGET.return_value],
        ("unused", 0, 1),
        ("a", "count"),
    )
    assert function(5) == 5


def test_unreachable_code_is_dropped() -> None:
    after = Label()
    function = make(
        [TARGET.load_const(0), TARGET.return_value, TARGET.pop, TARGET.pop, after, TARGET.pop, TARGET.return_value],
        ("result",),
    )
    assert function(0) == "result"


def test_line_table_gives_byte_offsets() -> None:
    code = make([5, TARGET.loads[0], 0x1234, TARGET.negate, 0x12, TARGET.return_value], ()).__code__
    lines = [line for _, _, line in code.co_lines()]
    assert lines == [5, 0x1234, 0x12]
    assert code.co_firstlineno == 5


def test_many_locals() -> None:
    names = tuple(f"x{number}" for number in range(600))
    TARGET.reserve_locals(600)
    stores: list[Emitted] = [p for i in range(1, 600) for p in (TARGET.loads[i - 1], TARGET.stores[i])]
    function = make([*stores, TARGET.loads[599], TARGET.return_value], (), names)
    assert function("through all") == "through all"


def code_of(emitted: list[bytes], constants: tuple[object, ...] = (1,), stack_size: int = 4) -> types.CodeType:
    def template(a: object) -> None:
        b = a  # noqa: F841

    return template.__code__.replace(
        co_code=b"".join([TARGET.resume, *emitted]), co_consts=constants, co_stacksize=stack_size
    )


@pytest.mark.parametrize(
    ("emitted", "finding"),
    [
        ([TARGET.pop, TARGET.load_const(0), TARGET.return_value], "makes the stack -1 deep"),
        ([TARGET.loads[0]] * 5 + [TARGET.return_value], "of 4"),
        ([TARGET.loads[0], TARGET.loads[0], TARGET.return_value], "with stack depth 2"),
        ([TARGET.loads[1], TARGET.return_value], "may be unbound"),
        ([TARGET.jump_piece("JUMP_FORWARD", 50)], "where no instruction begins"),
        ([TARGET.loads[0], TARGET.pop], "where no instruction begins"),
    ],
)
def test_verifier_finds(emitted: list[bytes], finding: str) -> None:
    with pytest.raises(BrokenCode, match=finding):
        verify_code(code_of(emitted))


def test_verifier_wants_one_depth_at_a_join() -> None:
    name = TARGET.forward_jumps[IF_TRUE]
    emitted = [TARGET.loads[0], TARGET.to_condition, TARGET.jump_piece(name, 1), TARGET.loads[0], TARGET.loads[0]]
    with pytest.raises(BrokenCode, match="stack depths 0 and 1|stack depths 1 and 0"):
        verify_code(code_of([*emitted, TARGET.return_value]))


def test_verifier_finds_a_handler_that_takes_what_a_callee_raises() -> None:
    code = code_of([TARGET.before_callee, TARGET.loads[0], TARGET.after_callee, TARGET.negate, TARGET.call(0)])
    at = len(TARGET.resume + TARGET.before_callee + TARGET.loads[0] + TARGET.after_callee) // 2
    code = code.replace(co_code=code.co_code + TARGET.return_value, co_exceptiontable=bytes([0x80 | at, 1, at + 1, 0]))
    if not TARGET.raises_before_calls:
        pytest.skip("CPython before 3.13 looks for the handler at the call")
    with pytest.raises(BrokenCode, match="a callee.s exceptions"):
        verify_code(code)


@pytest.mark.parametrize("between", [0, 1])
def test_handler_does_not_take_what_the_next_call_raises(between: int) -> None:
    """CPython 3.13 looks for a callee's handler at the code unit before the call."""
    handler = Label()
    emitted: list[Emitted] = [TARGET.before_callee, TARGET.loads[0], TARGET.after_callee, TARGET.loads[1]]
    emitted += [Attempt(handler, 1), TARGET.negate, *[Label()] * between, TARGET.call(1), TARGET.return_value]
    emitted += [handler, TARGET.pop, TARGET.loads[1], TARGET.call(1), TARGET.return_value]
    function = make(emitted, (), ("callee", "number"), 2)

    def callee(number: int) -> int:
        if number == -7:
            raise KeyError("of the callee")
        return number

    assert function(callee, 5) == -5
    assert function(callee, "not a number") == "not a number"
    with pytest.raises(KeyError):
        function(callee, 7)
