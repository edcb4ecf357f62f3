"""Memories and tables with 64-bit addresses: the whole range of addresses and offsets, against wasmtime."""

from __future__ import annotations

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.config import OPT_LEVELS

_KINDS = {"i32.load8_u": 1, "i32.load16_s": 2, "i64.load": 8, "f64.load": 8, "f32.load": 4}
OFFSETS = [0, 1, 65_528, 65_535, 2**31, 2**32 - 1, 2**32, 2**47, 2**48, 2**63 - 1, 2**63, 2**64 - 8, 2**64 - 1]
ADDRESSES = [0, 1, 2, 65_527, 65_528, 65_529, 65_535, 65_536, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1]
_LOADS = "\n".join(
    f"""(func (export "{name}+{offset}") (param i64) (result {name[:3]}) ({name} offset={offset} (local.get 0)))
    (func (export "store {name}+{offset}") (param i64) (result i64)
      ({name[:3]}.store offset={offset} (local.get 0) ({name[:3]}.const 7)) (i64.load (i64.const 0)))
    (func (export "sum {name}+{offset}") (param i64) (result {name[:3]})
      ({name} offset={offset} (i64.add (local.get 0) (i64.const -8))))"""
    for name in _KINDS
    for offset in OFFSETS
)
MODULE = assemble(
    f"""(module (memory (export "memory") i64 1 2) (data (i64.const 65500) "0123456789abcdefghijklmnopqrstuvwxyz")
    {_LOADS}
    (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
    (func (export "fill") (param i64 i64) (result i64)
      (memory.fill (local.get 0) (i32.const 9) (local.get 1)) (i64.load (i64.const 65528)))
    (func (export "copy") (param i64 i64 i64) (result i64)
      (memory.copy (local.get 0) (local.get 1) (local.get 2)) (i64.load (i64.const 65528)))
    (table $t i64 2 5 funcref) (elem (i64.const 0) $f) (func $f (result i32) (i32.const 5))
    (func (export "call") (param i64) (result i32) (call_indirect $t (result i32) (local.get 0)))
    (func (export "table.grow") (param i64) (result i64) (table.grow $t (ref.null func) (local.get 0))))"""
)


def _outcome(call: object, *args: object) -> object:
    try:
        return call(*args)  # type: ignore[operator]
    except Exception as error:
        return "trap" if "Trap" in type(error).__name__ or isinstance(error, wasmz.Trap) else repr(error)


@pytest.mark.parametrize("level", OPT_LEVELS)
def test_every_address(level: int) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    config = wasmtime.Config()
    config.wasm_memory64 = True
    store = wasmtime.Store(wasmtime.Engine(config))
    oracle = wasmtime.Instance(store, wasmtime.Module(store.engine, MODULE), []).exports(store)
    engine = wasmz.Engine(wasmz.Config(opt_level=level, verify=True, use_cache=False))
    exports = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, MODULE)).exports
    # First with the initial memory, then with another page.
    for _ in range(2):
        for name in exports:
            if name.endswith(tuple(f"+{offset}" for offset in OFFSETS)):
                for address in ADDRESSES:
                    given = address - 2**64 if address >= 2**63 else address
                    expected = _outcome(lambda *args, name=name: oracle[name](store, *args), given)
                    assert _outcome(exports[name], given) == expected, (name, address)
        for name, args in (
            *(("grow", (pages,)) for pages in (-1, 2**62, 1)),
            *(("fill", args) for args in ((65_530, 6), (65_530, 2**63 - 1), (-1, 1), (-1, -1), (2**63 - 1, 0), (0, 0))),
            *(("copy", args) for args in ((65_528, 0, 8), (0, -8, 8), (-8, 0, 8), (0, 0, -1), (-1, -1, 2))),
            *(("call", (index,)) for index in (0, 1, 2, 2**32, -1, 2**63 - 1, -(2**63))),
            *(("table.grow", (count,)) for count in (-1, 2**62, 2, 2)),
        ):
            expected = _outcome(lambda *given, name=name: oracle[name](store, *given), *args)
            assert _outcome(exports[name], *args) == expected, (name, args)


def test_huge_memories_and_tables_are_refused() -> None:
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    for text in ("(module (memory i64 0x1_0000_0000_0000))", "(module (table i64 0xffff_ffff_ffff funcref))"):
        module = wasmz.Module.compile(engine, assemble(text))
        with pytest.raises((MemoryError, wasmz.WasmzError)):
            wasmz.Instance(wasmz.Store(engine), module)
