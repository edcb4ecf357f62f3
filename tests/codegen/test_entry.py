"""Entry forms: small exports that check and convert Python's arguments themselves return what the adapter returns."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable
from typing import Any

import pytest

import wasmz
from tests.wasm.encode import F64, I32, I64, body, module, name, section, signature, vector

GET_0, GET_1 = b"\x20\x00", b"\x20\x01"
EDGES = {
    I32: (0, 1, -1, 2**30 - 1, 2**30, 2**31 - 1, -(2**31), 2**32 - 1),
    I64: (0, 1, -1, 2**30 - 1, 2**30, 2**63 - 1, -(2**63), 2**64 - 1),
    F64: (0.0, -1.5, float("inf")),
}


def signed(value: int, bits: int) -> int:
    value %= 1 << bits
    return value - (1 << bits) if value >> (bits - 1) else value


CASES: dict[str, tuple[bytes, bytes, bytes, Callable[..., Any]]] = {
    "i32.add": (I32 + I32, I32, GET_0 + GET_1 + b"\x6a", lambda a, b: signed(a + b, 32)),
    "i32.sub": (I32 + I32, I32, GET_0 + GET_1 + b"\x6b", lambda a, b: signed(a - b, 32)),
    "i32.mul": (I32 + I32, I32, GET_0 + GET_1 + b"\x6c", lambda a, b: signed(a * b, 32)),
    "i64.add": (I64 + I64, I64, GET_0 + GET_1 + b"\x7c", lambda a, b: signed(a + b, 64)),
    "i32.lt_s": (I32 + I32, I32, GET_0 + GET_1 + b"\x48", lambda a, b: int(signed(a, 32) < signed(b, 32))),
    "i64.extend_i32_s": (I32, I64, GET_0 + b"\xac", lambda a: signed(a, 32)),
    "select": (I32 + I32, I32, GET_0 + GET_1 + GET_0 + b"\x1b", lambda a, b: signed(a or b, 32)),
    "f64.add": (F64 + F64, F64, GET_0 + GET_1 + b"\xa0", lambda a, b: a + b),
    "a local set": (
        I32,
        I32,
        GET_0 + b"\x41\x7f\x6a\x21\x00" + GET_0 + b"\x41\x02\x6c",
        lambda a: signed((a - 1) * 2, 32),
    ),
}


def instance_of(params: bytes, results: bytes, code: bytes, level: int = 2) -> wasmz.Instance:
    data = module(
        section(1, vector(signature(params, results))),
        section(3, vector(b"\x00")),
        section(7, vector(name("f") + b"\x00\x00")),
        section(10, vector(body(code))),
    )
    engine = wasmz.Engine(wasmz.Config(opt_level=level, compile_mode="eager", use_cache=False, verify=True))
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, data))


@pytest.mark.parametrize("case", CASES)
def test_results(case: str) -> None:
    params, results, code, expected = CASES[case]
    instance = instance_of(params, results, code)
    assert [made.entry_code is not None for made in instance.module.image.functions] == [True]
    for arguments in itertools.product(*(EDGES[params[i : i + 1]] for i in range(len(params)))):
        result = instance.exports.f(*arguments)
        assert result == expected(*arguments), arguments
        assert type(result) is type(expected(*arguments))


def test_small_sum_is_neither_masked_nor_signed() -> None:
    params, results, code, _ = CASES["i32.add"]
    entry = instance_of(params, results, code).module.image.functions[0].entry_code
    assert entry is not None
    assert {constant for constant in entry.co_consts if isinstance(constant, int)} <= {0, 2**30 - 1}


@pytest.mark.parametrize("wrong", [1.0, "1", None, 2**32, -(2**31) - 1])
def test_wrong_arguments_are_the_adapters_errors(wrong: object) -> None:
    params, results, code, _ = CASES["i32.add"]
    function = instance_of(params, results, code).exports.f
    for arguments in ((wrong, 1), (1, wrong)):
        with pytest.raises((TypeError, OverflowError), match=r"of f\(i32, i32\) -> \(i32\): "):
            function(*arguments)
    assert function(True, 2) == 3


@pytest.mark.parametrize("code", [GET_0 + GET_1 + b"\x6d", GET_0 + GET_1 + b"\x10\x00"], ids=["traps", "calls"])
def test_what_traps_or_calls_has_none(code: bytes) -> None:
    assert not [made for made in instance_of(I32 + I32, I32, code).module.image.functions if made.entry_code]


class Color(enum.IntEnum):
    """Ints of another kind, for which the quick check stands as well."""

    RED = 3
    BLUE = 4


@pytest.mark.parametrize("first", [True, Color.RED, 5])
@pytest.mark.parametrize("second", [False, Color.BLUE, 2**40, "4", 4.0, None])
def test_arguments_of_other_kinds(first: Any, second: Any) -> None:
    """They give what the adapter gives, and a result that is exactly an int, or its error."""
    params, results, code, expected = CASES["i32.add"]
    add = instance_of(params, results, code).exports.f
    plain = instance_of(params, results, code, level=0).exports.f
    try:
        wanted = plain(first, second)
    except (TypeError, ValueError, OverflowError) as error:
        with pytest.raises(type(error)) as caught:
            add(first, second)
        assert str(caught.value) == str(error)
    else:
        result = add(first, second)
        assert (type(result), result) == (int, wanted) == (int, expected(int(first), int(second)))
