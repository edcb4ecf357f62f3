"""Tables with their lists of callees, and globals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.runtime.handmade import instantiate, make_image
from wasmz.errors import Trap, TrapCode
from wasmz.runtime.calls.adapters import make_export_adapter
from wasmz.runtime.calls.func import Func
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.link.store import Store
from wasmz.runtime.memory import memory_helpers as operations
from wasmz.runtime.memory.globals import Global
from wasmz.runtime.memory.memory_helpers import ElementSegment
from wasmz.runtime.memory.table import MAX_ELEMENTS, Table
from wasmz.types import FuncType, GlobalType, SubType, TableType, ValType, define_function_type, define_group

UNARY = define_function_type(FuncType([ValType.I32], [ValType.I32]))
BINARY = define_function_type(FuncType([ValType.I32, ValType.I32], [ValType.I32]))
FUNCTIONS = [("inc", "i:i", "def inc(a): return a + 1"), ("add", "ii:i", "def add(a, b): return a + b")]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def exports(store: Store) -> Any:
    return instantiate(make_image(FUNCTIONS, exports=["inc", "add"]), store=store).exports


def trap_of(function: Any, *args: Any) -> TrapCode:
    with pytest.raises(Trap) as caught:
        function(*args)
    return caught.value.code


def kinds(callees: list[Any]) -> str:
    """n for null, x for another type, f for a function."""
    names = {"call_of_null": "n", "call_of_other_type": "x"}
    return "".join(names.get(callee.__name__, "f") for callee in callees)


def test_callees_follow_every_write(store: Store, exports: Any) -> None:
    table = Table(store, TableType(ValType.FUNCREF, 3, 8))
    unary, binary = table.callees(UNARY), table.callees(BINARY)
    tails = table.tail_callees(UNARY)
    assert (kinds(unary), kinds(binary)) == ("nnn", "nnn")
    table[0] = exports.inc
    table.set(2, exports.add.wasmz_func)
    assert (kinds(unary), kinds(binary), kinds(tails)) == ("fnx", "xnf", "fnx")
    assert unary[0](41) == 42
    assert tails[0]((41,)) == (None, 42)
    assert trap_of(unary[1], 1) is TrapCode.INDIRECT_CALL_TO_NULL
    assert trap_of(unary[2], 1) is TrapCode.BAD_SIGNATURE
    assert trap_of(tails[2], (1,)) is TrapCode.BAD_SIGNATURE
    assert table.grow(2, exports.inc) == 3
    assert kinds(unary) == "fnxff"
    operations.table_copy(table, table, 1, 0, 3)
    assert (kinds(unary), kinds(binary)) == ("ffnxf", "xxnfx")
    operations.table_fill(table, 3, None, 2)
    assert kinds(unary) == "ffnnn"
    segment = ElementSegment([exports.add.wasmz_func, None, exports.inc.wasmz_func])
    operations.table_init(table, segment, 0, 1, 2)
    assert kinds(unary) == "nfnnn"
    assert operations.table_grow(table, exports.inc.wasmz_func, 1) == 5
    assert (kinds(unary), kinds(binary)) == ("nfnnnf", "nxnnnx")
    assert table.callees(UNARY) is unary
    table[5] = None
    assert kinds(tails) == "nfnnnn"


def test_subtypes_match(store: Store) -> None:
    (base,) = define_group([SubType(FuncType([], []), final=False)])
    (derived,) = define_group([SubType(FuncType([], []), (base,))])
    table = Table(store, TableType(ValType.FUNCREF, 2))
    table[0] = Func.__new__(Func).setup(store, derived, lambda: None, make_export_adapter)
    table[1] = Func.__new__(Func).setup(store, base, lambda: None, make_export_adapter)
    assert [callee.__name__ for callee in table.callees(base)] == ["<lambda>", "<lambda>"]
    assert kinds(table.callees(derived)) == "fx"


def test_limits(store: Store) -> None:
    table = Table(store, TableType(ValType.EXTERNREF, 1, 3), "x")
    assert (table[0], len(table)) == ("x", 1)
    assert (table.grow(3), table.grow(2, "y"), table.grow(1), table.grow(0)) == (-1, 1, -1, 3)
    assert operations.table_grow(table, None, 0xFFFF_FFFF) == 0xFFFF_FFFF
    assert operations.table_size(table) == 3
    assert Table(store, TableType(ValType.EXTERNREF, 0)).grow(MAX_ELEMENTS + 1) == -1
    with pytest.raises(MemoryError):
        Table(store, TableType(ValType.EXTERNREF, 1 << 31))
    with pytest.raises(ValueError, match="shrink"):
        table.grow(-1)


def test_bad_indices(store: Store) -> None:
    table = Table(store, TableType(ValType.EXTERNREF, 2))
    out_of_bounds = TrapCode.TABLE_OUT_OF_BOUNDS
    for index in (-1, 2):
        with pytest.raises(IndexError):
            table[index]
        with pytest.raises(IndexError):
            table[index] = None
        assert trap_of(table.get, index) is out_of_bounds
        assert trap_of(table.set, index, None) is out_of_bounds
    assert trap_of(operations.table_get, table, 2) is out_of_bounds
    assert trap_of(operations.table_set, table, 2, None) is out_of_bounds
    assert trap_of(operations.table_fill, table, 1, "z", 2) is out_of_bounds
    assert trap_of(operations.table_copy, table, table, 0, 1, 2) is out_of_bounds
    assert trap_of(operations.table_init, table, ElementSegment([1]), 2, 0, 1) is out_of_bounds
    assert trap_of(operations.table_init, table, ElementSegment([1]), 0, 0, 2) is out_of_bounds
    operations.table_init(table, ElementSegment([]), 2, 0, 0)
    assert table.elements == [None, None]


def test_values_are_checked(store: Store, exports: Any) -> None:
    table = Table(store, TableType(ValType.FUNCREF, 1))
    with pytest.raises(TypeError, match="an element of a table: expected funcref, got int 5"):
        table[0] = 5
    with pytest.raises(TypeError, match="expected funcref"):
        table[0] = len
    table[0] = HostFunc(lambda a: a * 2, [ValType.I32], [ValType.I32])
    assert table[0](21) == 42
    assert table.callees(UNARY)[0](4) == 8


def test_globals(store: Store) -> None:
    counter = Global(store, GlobalType(ValType.I32, mutable=True), -1)
    assert (counter.value, counter.cell) == (-1, [0xFFFF_FFFF])
    counter.value = 0x8000_0000
    assert counter.value == -(2**31)
    with pytest.raises(OverflowError, match="does not fit i32"):
        counter.value = 1 << 32
    with pytest.raises(TypeError, match="expected i32, got float"):
        counter.value = 1.0
    constant = Global(store, GlobalType(ValType.F32), 0.1)
    assert constant.value != 0.1
    with pytest.raises(AttributeError, match="immutable"):
        constant.value = 1.0
    with pytest.raises(TypeError):
        Global(store, GlobalType(ValType.I64), None)
    anything = object()
    assert Global(store, GlobalType(ValType.EXTERNREF), anything).value is anything


def test_what_is_no_index_or_size(store: Store) -> None:
    table = Table(store, TableType(ValType.EXTERNREF, 2, 5))
    for index in ("a", 0.0, slice(0, 1), None):
        with pytest.raises(TypeError):
            table[index]  # type: ignore[index]
        with pytest.raises(TypeError):
            table[index] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        table.grow(1.5)  # type: ignore[arg-type]
    assert (table[True], len(table)) == (None, 2)
    for type in (TableType(ValType.EXTERNREF, 3, 2), TableType(ValType.EXTERNREF, -1)):
        with pytest.raises(ValueError, match="cannot make a table"):
            Table(store, type)
    with pytest.raises(TypeError, match="TableType"):
        Table(store, 2)  # type: ignore[arg-type]
