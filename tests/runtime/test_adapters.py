"""Calls between Python and generated code: conversions, errors, the recursion limit."""

from __future__ import annotations

import inspect
import math
import struct
import sys
import threading
from functools import partial
from typing import Any

import pytest

from tests.runtime.handmade import instantiate, make_image
from tests.support.turns import run_in_turns
from wasmz.config import Config
from wasmz.errors import Trap, TrapCode
from wasmz.runtime.calls.func import Func
from wasmz.runtime.calls.host import Caller, HostFunc
from wasmz.runtime.limits import depth
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.link.store import Store
from wasmz.runtime.numeric import bits
from wasmz.types import MemoryType, ValType

ECHO = {
    letter: (f"echo_{name}", f"{letter}:{letter}", f"def echo_{name}(a): return a")
    for letter, name in {
        "i": "i32",
        "I": "i64",
        "f": "f32",
        "F": "f64",
        "v": "v128",
        "r": "funcref",
        "e": "externref",
    }.items()
}

# 0.1 rounded to a single.
SINGLE_TENTH = struct.unpack("<f", struct.pack("<f", 0.1))[0]


@pytest.fixture(scope="module")
def echo() -> Any:
    image = make_image(list(ECHO.values()), exports=[name for name, _, _ in ECHO.values()])
    return instantiate(image).exports


@pytest.mark.parametrize(("name", "width"), [("echo_i32", 32), ("echo_i64", 64)])
def test_integers_are_signed_in_python(echo: Any, name: str, width: int) -> None:
    function = echo[name]
    half = 1 << (width - 1)
    for value in (0, 1, -1, 0x3FFF_FFFF, 0x4000_0000, half - 1, -half):
        assert function(value) == value
    assert function(2 * half - 1) == -1
    assert function(half) == -half
    assert function(True) is not True
    assert function(True) == 1
    for value in (2 * half, -half - 1, 1 << 200, 10**5000):
        with pytest.raises(OverflowError, match=rf"parameter 1 of {name}\(.*\) -> \(.*\): .* does not fit {name[5:]}"):
            function(value)
    for value in (1.0, "1", None, b"1", [1]):
        with pytest.raises(
            TypeError, match=rf"of {name}\(.*\) -> \(.*\): expected {name[5:]}, got {type(value).__name__}"
        ):
            function(value)


@pytest.mark.parametrize("name", ["echo_i32", "echo_i64", "echo_f32", "echo_f64"])
def test_numbers_of_numpy(echo: Any, name: str) -> None:
    numpy = pytest.importorskip("numpy", reason="it is compiled code")
    function = echo[name]
    for value in (numpy.int16(-5), numpy.uint32(7)):
        result = function(value)
        assert result == int(value)
        assert type(result) is (int if "i" in name else float)
    if "i" in name:
        with pytest.raises(TypeError, match=rf"parameter 1 of {name}\(.*: expected {name[5:]}, got float64"):
            function(numpy.float64(1))
    else:
        assert type(function(numpy.float32(1.5))) is float


def test_floats(echo: Any) -> None:
    assert echo.echo_f64(0.1) == 0.1
    assert echo.echo_f32(0.1) == SINGLE_TENTH
    assert echo.echo_f32(1e300) == math.inf
    assert echo.echo_f64(3) == 3.0
    assert math.copysign(1, echo.echo_f32(-0.0)) == -1
    # 2**24 + 1 + a little: through a double it would be rounded twice.
    assert echo.echo_f32((1 << 60) + (1 << 36) + 1) == float((1 << 60) + (1 << 37))
    for pattern in (0x7F80_0001, 0x7FC0_0001, 0xFFA0_0000):
        assert bits.f32_bits(echo.echo_f32(bits.f32_from_bits(pattern))) == pattern
    pattern = 0x7FF0_0000_0000_0001
    assert bits.f64_bits(echo.echo_f64(bits.f64_from_bits(pattern))) == pattern
    for name in ("echo_f32", "echo_f64"):
        for value in ("1.5", None, 1j, b"2"):
            with pytest.raises(TypeError, match=rf"parameter 1 of {name}\(.*: expected {name[5:]}"):
                echo[name](value)


def test_vectors_and_references(echo: Any) -> None:
    assert echo.echo_v128(bytes(range(16))) == bytes(range(16))
    with pytest.raises(TypeError, match="16 bytes"):
        echo.echo_v128(b"short")
    anything = object()
    assert echo.echo_externref(anything) is anything
    assert echo.echo_externref(None) is None
    function = echo.echo_funcref(echo.echo_i32)
    assert isinstance(function, Func)
    assert function is echo.echo_i32.wasmz_func
    assert echo.echo_funcref(function) is function
    assert echo.echo_funcref(None) is None
    assert function(-3) == -3
    with pytest.raises(TypeError, match="expected funcref, got builtin_function_or_method"):
        echo.echo_funcref(len)


def test_exports_are_plain_functions(echo: Any) -> None:
    function = echo.echo_i32
    assert inspect.isfunction(function)
    assert function is echo["echo_i32"]
    assert (function.__name__, function.__qualname__) == ("echo_i32", "echo_i32(i32)")
    assert function.__doc__.startswith("echo_i32(i32) -> (i32)")
    assert len(inspect.signature(function).parameters) == 1
    with pytest.raises(TypeError, match=r"echo_i32\(i32\)\(\) missing 1 required positional argument"):
        function()
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        function(1, 2)


def test_several_results() -> None:
    image = make_image(
        [("none", ":", "def none(): pass"), ("pair", "iI:Ii", "def pair(a, b): return b, a")],
        exports=["none", "pair"],
    )
    exports = instantiate(image).exports
    assert exports.none() is None
    assert exports.pair(-1, -2) == (-2, -1)
    with pytest.raises(TypeError, match="parameter 2 of pair"):
        exports.pair(1, 2.5)


def test_names_with_braces_and_blanks() -> None:
    image = make_image([("f", "i:i", "def f(a): return a")], exports=[])
    instance = instantiate(image)
    adapter = instance._binder.func(0).adapter("a {b} of %s")
    assert adapter(5) == 5
    with pytest.raises(TypeError, match=r"parameter 1 of a {b} of %s\(i32\) -> \(i32\): expected i32"):
        adapter("x")


# Host functions


def host_instance(fn: Any, signature: str = "i:i") -> Any:
    """The export ``call`` of an instance that passes its arguments on to ``fn`` and returns what that returns."""
    names = ", ".join(f"p{i}" for i in range(signature.index(":")))
    image = make_image(
        [("call", signature, f"def call({names}): return f0({names})")],
        imports=[("env", "host", signature)],
        exports=["call"],
        deep=["call"],
        memories=(MemoryType(1),),
    )
    linker = Linker()
    linker.define("env", "host", fn)
    return instantiate(image, linker).exports.call


def test_host_functions_get_signed_integers() -> None:
    got = []

    def host(a: int, b: int, c: float) -> int:
        got.append((a, b, c))
        return -1

    assert host_instance(host, "iIf:I")(-2, -3, 0.5) == -1
    assert got == [(-2, -3, 0.5)]


@pytest.mark.parametrize(
    ("signature", "returned", "error", "message"),
    [
        (":", 5, TypeError, "env.host has no result, but returned 5"),
        (":i", None, TypeError, "result 1 of env.host: expected i32, got NoneType None"),
        (":i", 1.5, TypeError, "result 1 of env.host: expected i32, got float"),
        (":i", 1 << 32, OverflowError, "result 1 of env.host"),
        (":ii", 1, TypeError, "env.host must return a tuple of 2 results, but returned 1"),
        (":ii", (1, 2, 3), TypeError, "must return a tuple of 2 results"),
        (":iI", (1, "2"), TypeError, "result 2 of env.host: expected i64, got str"),
        (":r", 3, TypeError, "result 1 of env.host: expected funcref"),
    ],
)
def test_wrong_results(signature: str, returned: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        host_instance(lambda: returned, signature)()


def test_results_of_host_functions() -> None:
    assert host_instance(lambda: [1, 2], ":ii")() == (1, 2)
    assert host_instance(lambda: True, ":i")() == 1
    assert host_instance(lambda: 0.1, ":f")() == SINGLE_TENTH
    assert host_instance(max, "ii:i")(3, -4) == 3


def test_caller_and_context() -> None:
    seen: list[Any] = []

    def host(caller: Caller, value: int) -> int:
        seen.append((caller.context, caller.store, caller.instance, caller.data))
        caller.write(0, b"xyz")
        caller.write_value(4, "I", value)
        return int(caller.read_value(4, "I")) + caller.read(0, 1)[0]

    context = object()
    call = host_instance(HostFunc(host, [ValType.I32], [ValType.I32], context=context))
    assert call(1) == 1 + ord("x")
    assert seen[0][0] is context
    assert seen[0][2].exports.call is call
    assert seen[0][1] is seen[0][2].store
    explicit = HostFunc(lambda caller, value: value, [ValType.I32], [ValType.I32], caller=True)
    assert host_instance(explicit)(7) == 7


def test_exceptions_of_host_functions_pass_untouched() -> None:
    for error in (IndexError("list index out of range"), ZeroDivisionError(), RecursionError("mine"), MemoryError()):

        def host(_: int, error: Exception = error) -> int:
            raise error

        with pytest.raises(type(error)) as caught:
            host_instance(host)(1)
        assert caught.value is error
    with pytest.raises(KeyboardInterrupt):
        host_instance(lambda _: (_ for _ in ()).throw(KeyboardInterrupt))(1)
    # A callable written in C has no frame; the adapter's is the innermost one then.
    with pytest.raises(IndexError, match="list index out of range"):
        host_instance([1, 2].__getitem__)(5)


# Depth

RECURSION = [("down", "i:i", "def down(a):\n return f0(a - 1) if a else 0")]


def recursive(max_call_depth: int = 3000) -> Instance:
    image = make_image(RECURSION, exports=["down"], deep=["down"])
    return instantiate(image, store=Store(Engine(Config(max_call_depth=max_call_depth))))


def test_deep_recursion_and_its_limit() -> None:
    before = sys.getrecursionlimit()
    exports = recursive().exports
    assert exports.down(2999) == 0
    with pytest.raises(Trap) as caught:
        exports.down(10_000)
    assert caught.value.code is TrapCode.STACK_OVERFLOW
    assert caught.value.frames[0].function_name == "down"
    lines = caught.value.backtrace().splitlines()
    assert len(lines) == 41
    assert lines[30] == "  ... 960 more"
    assert lines[31].startswith("  990: ")
    assert sys.getrecursionlimit() == before
    assert depth.nesting == {}
    assert exports.down(2999) == 0


def test_a_higher_limit_of_the_user_stays() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(8000)
    try:
        assert recursive().exports.down(2999) == 0
        assert sys.getrecursionlimit() == 8000
    finally:
        sys.setrecursionlimit(before)


def test_threads_share_the_raised_limit() -> None:
    before = sys.getrecursionlimit()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            exports = recursive().exports
            for _ in range(60):
                assert exports.down(2500) == 0
        except BaseException as error:
            failures.append(error)

    run_in_turns([work] * 4, 1e-5)
    assert failures == []
    assert sys.getrecursionlimit() == before
    assert depth.nesting == {}


@pytest.mark.parametrize("wrap", [lambda f: f, partial, lambda f: lambda a: max(map(f, [a]))])
def test_calls_in_and_out_end_in_a_trap(wrap: Any) -> None:
    """However the host calls back, by Python or by C, the process survives in a small thread."""
    outcome: list[Any] = []

    def body() -> None:
        count = 0

        def again(a: int) -> int:
            nonlocal count
            count += 1
            return int(call(a))

        call = host_instance(wrap(again))
        try:
            call(1)
        except Trap as trap:
            outcome.append((trap.code, count))

    size = threading.stack_size(1 << 20)
    try:
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert outcome[0][0] is TrapCode.STACK_OVERFLOW
    assert outcome[0][1] >= 100


def test_wasm_may_be_reentered() -> None:
    def host(a: int) -> int:
        return int(call(a - 1)) + 1 if a else 0

    call = host_instance(host)
    assert call(60) == 60
    assert depth.nesting == {}
