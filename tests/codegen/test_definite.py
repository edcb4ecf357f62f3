"""The proof that fast locals are set before they are read, and what happens where it fails."""

from __future__ import annotations

import pytest

from wasmz.codegen.assembler import assemble
from wasmz.codegen.code_object import CodeDescription
from wasmz.codegen.definite import UnprovenCode
from wasmz.codegen.emitted import Attempt, Emitted, Jump, Label
from wasmz.codegen.targets import current_target
from wasmz.codegen.targets.base import IF_FALSE, PROVEN_SLOTS
from wasmz.codegen.verifier import BrokenCode, verify_code


def make(out: list[Emitted], local_count: int = 3) -> object:
    """The code object of a function of one argument."""
    target = current_target()
    target.reserve_locals(local_count)
    names = tuple(f"l{i}" for i in range(local_count))
    return assemble([target.resume, *out], target, CodeDescription("f", "f", 1, 1, (0,), (), names))


def pieces() -> tuple[list[bytes], list[bytes], bytes, bytes]:
    target = current_target()
    return target.loads, target.stores, target.to_condition, target.return_value


def test_set_on_both_paths_is_proved() -> None:
    load, store, truth, leave = pieces()
    other, after = Label(), Label()
    out: list[Emitted] = [load[0], truth, Jump(other, IF_FALSE), load[0], store[1], Jump(after)]
    assert make([*out, other, load[0], store[1], after, load[1], leave])


def test_set_on_one_path_is_refused() -> None:
    load, store, truth, leave = pieces()
    other, after = Label(), Label()
    out: list[Emitted] = [load[0], truth, Jump(other, IF_FALSE), load[0], store[1], Jump(after)]
    with pytest.raises(UnprovenCode, match="fast local 1"):
        make([*out, other, load[0], store[2], after, load[1], leave])


def test_set_in_a_loop_before_the_exit_is_proved() -> None:
    load, store, truth, leave = pieces()
    top = Label()
    out = Label()
    assert make([top, load[0], store[1], load[1], truth, Jump(out, IF_FALSE), Jump(top), out, load[1], leave])


def test_set_after_the_use_in_a_loop_is_refused() -> None:
    load, store, truth, leave = pieces()
    top, out = Label(), Label()
    with pytest.raises(UnprovenCode):
        make([top, load[1], truth, Jump(out, IF_FALSE), load[0], store[1], Jump(top), out, load[0], leave])


def test_handlers_are_entered_with_what_was_set_before_the_attempt() -> None:
    load, store, _, leave = pieces()
    target = current_target()
    for first, proved in ((1, True), (2, False)):
        handler = Label()
        attempt: list[Emitted] = [load[0], load[0], Attempt(handler, 2), target.binary("+"), store[1]]
        out: list[Emitted] = [load[0], store[first], *attempt, load[1], leave, handler, target.pop, load[1], leave]
        if proved:
            assert make(out)
        else:
            with pytest.raises(UnprovenCode):
                make(out)


def test_backward_jump_from_a_handler_makes_it_walk_again() -> None:
    """The code after the label was passed as if the local were set there on all paths."""
    load, store, _, leave = pieces()
    target = current_target()
    handler, back = Label(), Label()
    start: list[Emitted] = [load[0], load[0], Attempt(handler, 2), target.binary("+"), store[1], back]
    end: list[Emitted] = [handler, target.pop, Jump(back)]
    assert make([*start, load[0], leave, *end])
    handler, back = Label(), Label()
    start = [load[0], load[0], Attempt(handler, 2), target.binary("+"), store[1], back]
    with pytest.raises(UnprovenCode):
        make([*start, load[1], leave, handler, target.pop, Jump(back)])


def test_fast_locals_beyond_the_proved_ones_are_checked_when_read() -> None:
    """Reading an unset one is an exception of Python's, never a crash."""
    target = current_target()
    target.reserve_locals(PROVEN_SLOTS + 1)
    code = make([target.loads[PROVEN_SLOTS], target.return_value], PROVEN_SLOTS + 1)
    function = type(make)(code, {})  # type: ignore[arg-type]
    with pytest.raises(UnboundLocalError):
        function(1)
    with pytest.raises(BrokenCode, match="may be unbound"):
        verify_code(code)  # type: ignore[arg-type]
