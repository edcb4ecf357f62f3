"""Modules designed to make a compiler slow: each took minutes with a pass or a scheduler of quadratic cost.

There is no clock here: with quadratic cost, the whole test run would exceed its time.
"""

from __future__ import annotations

import pytest

import wasmz
from tests.wasm.encode import I32, body, module, name, section, signature, unsigned, vector
from wasmz.config import OPT_LEVELS

LOCAL_GET, LOCAL_SET, I32_CONST, I32_ADD, I32_EQZ = b"\x20", b"\x21", b"\x41", b"\x6a", b"\x45"


def get(index: int) -> bytes:
    return LOCAL_GET + unsigned(index)


def set_(index: int) -> bytes:
    return LOCAL_SET + unsigned(index)


CASES = {
    # f(f(f(...x))): a callee below each argument.
    "nested calls": (0, get(0) + b"\x10\x01" * 60_000, 7),
    # Reads that wait while other locals are written.
    "pending reads": (
        20_000,
        b"".join(get(i) for i in range(20_000))
        + b"".join(I32_CONST + b"\x01" + set_(i) for i in range(20_000))
        + I32_ADD * 19_999,
        7,
    ),
    # select(select(select(x, x, x), x, x), ...)
    "nested selects": (0, get(0) + (get(0) + get(0) + b"\x1b") * 30_000, 7),
    # Many locals known to be constants, in many blocks.
    "constants in blocks": (
        5_000,
        b"".join(I32_CONST + b"\x01" + set_(i) for i in range(1, 5_000))
        + b"\x02\x40"
        + (I32_CONST + b"\x00\x0d\x00") * 20_000
        + b"\x0b"
        + get(0),
        7,
    ),
    # Loops in loops in loops, with a local that is live around all of them.
    "nested loops": (1, b"\x03\x40" * 2_000 + (get(1) + b"\x0d\x00\x0b") * 2_000 + get(0), 7),
    "nested blocks": (0, b"\x02\x40" * 20_000 + b"\x0b" * 20_000 + get(0), 7),
    "a long sum": (0, get(0) + (I32_CONST + b"\x00" + I32_ADD) * 100_000, 7),
    "a large switch": (
        0,
        b"\x02\x40" * 300
        + get(0)
        + b"\x0e"
        + unsigned(100_000)
        + b"".join(unsigned(i % 300) for i in range(100_000))
        + unsigned(0)
        + b"\x0b" * 300
        + get(0),
        7,
    ),
}


@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize("case", CASES)
def test_compiles_in_reasonable_time(case: str, level: int) -> None:
    locals, instructions, wanted = CASES[case]
    # Declares locals in one group, not one by one as `body` does.
    declared = vector(unsigned(locals) + I32) if locals else vector()
    content = declared + instructions + b"\x0b"
    data = module(
        section(1, vector(signature(I32, I32))),
        section(3, vector(b"\x00", b"\x00")),
        section(7, vector(name("f") + b"\x00\x00")),
        section(10, vector(unsigned(len(content)) + content, body(get(0)))),
    )
    engine = wasmz.Engine(wasmz.Config(opt_level=level, use_cache=False))
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, data))
    assert instance.exports.f(7) == wanted


_TRY, _TRY_TABLE, _END, _CALL = b"\x06\x40", b"\x1f\x40", b"\x0b", b"\x10\x01"
_COUNT = 4_000
# Function 0 consists of these, function 1 throws nothing; the second item tells whether it is of the legacy form.
EXCEPTIONS = {
    "nested try_table": (b"\x02\x40" + (_TRY_TABLE + b"\x01\x02\x00" + _CALL) * _COUNT + _END * (_COUNT + 1), False),
    "clauses over a high stack": (
        (I32_CONST + b"\x00") * _COUNT
        + b"\x02\x40"
        + _TRY_TABLE
        + unsigned(_COUNT)
        + b"\x00\x00\x00" * _COUNT
        + _CALL
        + _END * 2
        + b"\x1a" * _COUNT,
        False,
    ),
    "delegated to the outside": (
        (_TRY + _CALL) * _COUNT + b"".join(b"\x18" + unsigned(_COUNT - 1 - i) for i in range(_COUNT)),
        True,
    ),
    "thrown again in each clause": (_TRY * _COUNT + _CALL + b"\x19\x09\x00\x0b" * _COUNT, True),
}


@pytest.mark.parametrize("level", OPT_LEVELS)
@pytest.mark.parametrize("case", EXCEPTIONS)
def test_exceptions_compile_in_reasonable_time(case: str, level: int) -> None:
    instructions, is_legacy = EXCEPTIONS[case]
    content = vector() + instructions + _END
    data = module(
        section(1, vector(signature())),
        section(3, vector(b"\x00", b"\x00")),
        section(13, vector(b"\x00\x00")),
        section(7, vector(name("f") + b"\x00\x00")),
        section(10, vector(unsigned(len(content)) + content, body(b""))),
    )
    engine = wasmz.Engine(
        wasmz.Config(opt_level=level, use_cache=False, compile_mode="eager", legacy_exceptions=is_legacy)
    )
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, data))
    assert instance.exports.f() is None
