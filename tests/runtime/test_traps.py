"""Exceptions that CPython raises in generated code become traps, with the wasm frames."""

from __future__ import annotations

import copy
import enum
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from types import FunctionType, TracebackType
from typing import Any

import pytest

import wasmz
from tests.runtime.handmade import instantiate, make_image
from wasmz.errors import LightTrapCode, Trap, TrapCode, WasiExit
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.memory.table import Table
from wasmz.runtime.traps.translation import guest_traceback
from wasmz.types import MemoryType, TableType, ValType

ROOT = Path(__file__).resolve().parent.parent.parent

FUNCTIONS = [
    ("load", "i:i", "def load(a):\n\n return m0_I_4[a]"),
    ("divide", "ii:i", "def divide(a, b): return a // b"),
    ("divide_signed", "ii:i", "def divide_signed(a, b): return i32_div_s(a, b)"),
    ("stop", ":", "def stop(): trap_unreachable()"),
    ("indirect", "i:i", "def indirect(a):\n return tab0_f0[a](1) # table"),
    ("outer", "i:i", "def outer(a):\n x = 1\n return f1(\n  a)"),
    ("host", "i:i", "def host(a): return f0(a)"),
]


@pytest.fixture(params=["native", "plain"])
def exports(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("WASMZ_PLAIN_VIEWS", "1" if request.param == "plain" else "0")
    image = make_image(
        FUNCTIONS,
        imports=[("env", "host", "i:i"), ("env", "table", TableType(ValType.FUNCREF, 4))],
        exports=[name for name, _, _ in FUNCTIONS],
        deep=["host", "outer"],
        memories=(MemoryType(1),),
    )
    linker = Linker()

    def host(a: int) -> int:
        if a == 1:
            raise Trap(TrapCode.UNREACHABLE, "said the host")
        if a == 2:
            raise WasiExit(3)
        return int(made.load(a))

    from wasmz.runtime.link.store import Store

    store = Store()
    table = Table(store, TableType(ValType.FUNCREF, 4))
    linker.define("env", "host", host)
    linker.define("env", "table", table)
    made = instantiate(image, linker, store).exports
    table[1] = made.load
    table[2] = made.divide
    return made


def trap(function: Any, *args: Any) -> Trap:
    with pytest.raises(Trap) as caught:
        function(*args)
    return caught.value


def test_codes(exports: Any) -> None:
    assert trap(exports.load, 65536).code is TrapCode.MEMORY_OUT_OF_BOUNDS
    assert trap(exports.load, -1).code is TrapCode.MEMORY_OUT_OF_BOUNDS
    assert trap(exports.divide, 1, 0).code is TrapCode.INTEGER_DIVISION_BY_ZERO
    assert trap(exports.divide_signed, 1, 0).code is TrapCode.INTEGER_DIVISION_BY_ZERO
    assert trap(exports.divide_signed, -(2**31), -1).code is TrapCode.INTEGER_OVERFLOW
    assert trap(exports.stop).code is TrapCode.UNREACHABLE
    assert trap(exports.indirect, 9).code is TrapCode.UNDEFINED_ELEMENT
    # Above sys.maxsize where Python has 32 bits.
    assert trap(exports.indirect, -1).code is TrapCode.UNDEFINED_ELEMENT
    assert trap(exports.indirect, 0).code is TrapCode.INDIRECT_CALL_TO_NULL
    assert trap(exports.indirect, 2).code is TrapCode.BAD_SIGNATURE
    assert exports.indirect(1) == 0


def test_frames_and_cause(exports: Any) -> None:
    error = trap(exports.outer, 65536)
    assert [(f.function_index, f.function_name, f.byte_offset) for f in error.frames] == [
        (1, "load", 102),
        (6, "outer", 602),
    ]
    # It is not shown: its traceback is the runtime's.
    assert isinstance(error.__context__, IndexError)
    assert error.__suppress_context__
    assert "handmade!load at 0x66" in error.backtrace()
    # A trap that a helper raises has them, too.
    assert [frame.function_name for frame in trap(exports.divide_signed, -(2**31), -1).frames] == ["divide_signed"]


def test_frames_across_a_host_function(exports: Any) -> None:
    error = trap(exports.host, 65536)
    assert [frame.function_name for frame in error.frames] == ["load", "host"]
    assert error.code is TrapCode.MEMORY_OUT_OF_BOUNDS


def test_traps_of_the_host(exports: Any) -> None:
    error = trap(exports.host, 1)
    assert (error.message, [frame.function_name for frame in error.frames]) == ("said the host", ["host"])
    exit = trap(exports.host, 2)
    assert isinstance(exit, WasiExit)
    assert exit.exit_code == 3


def test_indices_that_no_subscript_takes(exports: Any) -> None:
    """CPython has one message for a list and a view; 64-bit addresses reach it everywhere."""
    source = "def either(a, b):\n if b:\n  return tab0_f0[a](m0_I[0]) # table\n return m0_I[a]"
    image = make_image(
        [("either", "Ii:i", source)],
        imports=[("env", "table", TableType(ValType.FUNCREF, 4))],
        exports=["either"],
        memories=(MemoryType(1),),
    )
    from wasmz.runtime.link.store import Store

    store = Store()
    linker = Linker()
    linker.define("env", "table", Table(store, TableType(ValType.FUNCREF, 4)))
    either = instantiate(image, linker, store).exports.either
    assert trap(either, 2**64 - 1, 0).code is TrapCode.MEMORY_OUT_OF_BOUNDS
    assert trap(either, 2**64 - 1, 1).code is TrapCode.UNDEFINED_ELEMENT


def test_memory_errors() -> None:
    image = make_image([("much", ":i", f"def much(): return (0,) * {sys.maxsize}")], exports=["much"])
    assert trap(instantiate(image).exports.much).code is TrapCode.OUT_OF_SYSTEM_MEMORY


def test_faults_of_our_own_are_not_disguised() -> None:
    image = make_image([("broken", ":i", "def broken(): return None + 1")], exports=["broken"])
    with pytest.raises(TypeError):
        instantiate(image).exports.broken()


DRIVER = """def {name}(a):
 callee, args = t{index}((a,))
 while callee is not None: callee, args = callee(args)
 return args"""


def test_tail_calls_have_constant_depth_and_one_frame() -> None:
    functions = [
        ("even", "i:i", DRIVER.format(name="even", index=0)),
        ("odd", "i:i", DRIVER.format(name="odd", index=1)),
        ("plain", "i:i", "def plain(a):\n return 1 // (a - a)"),
    ]
    tails = {
        "even": "def even(args):\n a, = args\n return (t1, (a - 1,)) if a else (t2, (1,))",
        "odd": "def odd(args):\n a, = args\n return (t0, (a - 1,)) if a else (None, 5)",
    }
    exports = instantiate(make_image(functions, exports=["even", "odd"], tail_sources=tails)).exports
    assert exports.even(100_001) == 5
    error = trap(exports.even, 10)
    # The driver counts once, as the function that it runs at the time.
    assert [frame.function_name for frame in error.frames] == ["plain"]


def test_a_driver_and_its_tail_form_are_one_frame() -> None:
    functions = [("loop", "i:i", DRIVER.format(name="loop", index=0))]
    tails = {"loop": "def loop(args):\n a, = args\n return None, 1 // a"}
    exports = instantiate(make_image(functions, exports=["loop"], tail_sources=tails)).exports
    assert exports.loop(1) == 1
    assert [(frame.function_name, frame.byte_offset) for frame in trap(exports.loop, 0).frames] == [("loop", 102)]


def test_the_enumeration_of_codes_is_one() -> None:
    assert issubclass(TrapCode, enum.Enum) and wasmz.TrapCode is TrapCode is wasmz.errors.TrapCode
    trap = Trap(TrapCode.NULL_REFERENCE)
    for code in (
        trap.code,
        TrapCode("null reference"),
        TrapCode["NULL_REFERENCE"],
        pickle.loads(pickle.dumps(trap)).code,
    ):
        assert code is TrapCode.NULL_REFERENCE
    for code in TrapCode:
        assert pickle.loads(pickle.dumps(code)) is copy.deepcopy(code) is code is Trap(code).code
        assert str(Trap(code)) == code.value == getattr(LightTrapCode, code.name)
    assert sorted(TrapCode) == sorted(TrapCode, key=lambda code: code.name)
    assert TrapCode.EXIT < TrapCode.UNREACHABLE and TrapCode.EXIT <= TrapCode.EXIT >= TrapCode.EXIT
    assert TrapCode.UNREACHABLE > TrapCode.EXIT
    with pytest.raises(TypeError):
        assert TrapCode.EXIT < "unreachable"
    assert Trap().code is TrapCode.UNREACHABLE and wasmz.WasiExit(3).code is TrapCode.EXIT


@pytest.mark.parametrize("code", [5, "unreachable?", [], wasmz.HeapType.ANY])
def test_what_is_no_code(code: Any) -> None:
    with pytest.raises(TypeError, match="code must be a TrapCode"):
        Trap(code)


def test_enum_is_imported_when_somebody_asks_for_the_code() -> None:
    """It takes a tenth of the time in which a program starts; and a trap may come where nothing can be imported."""
    script = """
        import sys
        sys.path[:0] = sys.argv[1:]
        from wasmz.errors import LightTrapCode, Trap, WasiExit
        import wasmz.runtime.link.instance
        trap = Trap(LightTrapCode.INTEGER_OVERFLOW)
        print("enum" in sys.modules, trap, WasiExit(1), "enum" in sys.modules, trap.code.name, "enum" in sys.modules)
    """
    # Without site-packages, whose own start imports more.
    command = [sys.executable, "-I", "-S", "-c", textwrap.dedent(script), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split(" ", 1)[1:] == ["integer overflow exit status 1 False INTEGER_OVERFLOW True\n"]


def test_instructions_without_a_line_are_shown() -> None:
    """CPython 3.11 handles signals at some of them, so that an interrupted compilation leaves such entries."""

    def fail() -> None:
        raise ValueError

    lineless = FunctionType(fail.__code__.replace(co_linetable=b""), {})
    with pytest.raises(ValueError) as raised:
        lineless()
    (entry,) = [each for each in _entries(raised.tb) if each.tb_frame.f_code.co_name == "fail"]
    assert entry.tb_lineno is None
    (shown,) = [each for each in _entries(guest_traceback(raised.tb)) if each.tb_frame is entry.tb_frame]
    assert shown.tb_lineno is None and shown.tb_lasti == entry.tb_lasti


def _entries(traceback: TracebackType | None) -> list[TracebackType]:
    found = []
    while traceback is not None:
        found.append(traceback)
        traceback = traceback.tb_next
    return found
