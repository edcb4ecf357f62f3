"""Limits on what a guest can make the host hold: tables, objects, exceptions, listings, files, descriptors."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from wasmtime import wat2wasm

import wasmz
from wasmz import Config, Engine, Instance, Linker, MemoryFileSystem, Module, Store, TrapCode, WasiConfig
from wasmz.runtime.memory.table import MOST_CALLEES

MEGABYTE = 1 << 20


def run(text: str, linker: Linker | None = None, **settings: Any) -> Instance:
    engine = linker.engine if linker is not None else Engine(Config(use_cache=False, **settings))
    return Instance(Store(engine), Module.compile(engine, wat2wasm(text)), linker)


# Tables


def types_and_calls(count: int) -> tuple[str, str]:
    types = "".join(f"(type $t{n} (func (param {'i32 ' * n}) (result i32)))" for n in range(count))
    calls = "".join(
        f'(func (export "c{n}") (param i32) (result i32) '
        f"(call_indirect (type $t{n}) {'(i32.const 1)' * n} (local.get 0)))"
        for n in range(count)
    )
    return types, calls


@pytest.mark.parametrize("mode", ["smart", "eager"])
def test_lists_for_types_are_limited_and_right(mode: str) -> None:
    types, calls = types_and_calls(12)
    instance = run(
        f'(module {types} (table (export "t") 1000000 funcref) (elem (i32.const 5) $zero $two $one)'
        f" (func $zero (type $t0) (i32.const 70)) (func $two (type $t2) (i32.const 72))"
        f' (func $one (type $t1) (i32.const 71)) {calls} (func (export "set")'
        f" (table.set (i32.const 999999) (ref.func $two))) (elem declare func $two))",
        compile_mode=mode,
    )
    exports = instance.exports
    for n in range(12):
        # All types, so that lists run out before the last ones.
        with pytest.raises(wasmz.Trap) as caught:
            exports[f"c{n}"](9)
        assert caught.value.code is TrapCode.INDIRECT_CALL_TO_NULL
        with pytest.raises(wasmz.Trap) as caught:
            exports[f"c{n}"](1_000_000)
        assert caught.value.code is TrapCode.UNDEFINED_ELEMENT
        with pytest.raises(wasmz.Trap) as caught:
            exports[f"c{n}"](-1)
        assert caught.value.code is TrapCode.UNDEFINED_ELEMENT
        for place, owner in ((5, 0), (6, 2), (7, 1)):
            if owner == n:
                assert exports[f"c{n}"](place) == 70 + n
            else:
                with pytest.raises(wasmz.Trap) as caught:
                    exports[f"c{n}"](place)
                assert caught.value.code is TrapCode.BAD_SIGNATURE
    exports.set()
    assert exports.c2(999_999) == 72
    assert instance.store.callees_held <= max(MOST_CALLEES, 1_000_000)


def test_a_table_whose_lists_would_be_too_long_does_not_grow() -> None:
    types, calls = types_and_calls(12)
    instance = run(f'(module {types} (table (export "t") 1 funcref) {calls})', compile_mode="eager")
    table = instance.exports.t
    assert table.grow(1000) == 1
    assert table.grow(1_000_000) == -1
    assert (len(table), instance.store.table_budget.total_used) == (1001, 1001)


def test_tables_count_as_memory_unless_they_have_a_limit() -> None:
    text = '(module (table (export "t") 1 externref))'
    instance = run(text, mem_limit_bytes=MEGABYTE)
    assert instance.exports.t.grow(1_000_000) == -1
    assert instance.exports.t.grow(100_000) == 1
    assert instance.store.host_budget.total_used == 8 * 100_001
    assert run(text, mem_limit_bytes=MEGABYTE, table_limit=2_000_000).exports.t.grow(1_000_000) == 1
    with pytest.raises(wasmz.MemoryLimit):
        run("(module (table 1000000 externref))", mem_limit_bytes=MEGABYTE)


def test_growth_past_the_table_limit_is_refused() -> None:
    table = run('(module (table (export "t") 1 funcref))', table_limit=10).exports.t
    assert (table.grow(10), table.grow(9), len(table)) == (-1, 1, 10)


# Objects

LIST = """(module (type $n (struct (field (ref null $n)) (field i64)))
  (type $a (array (mut i32))) (type $r (array (mut anyref)))
  (global $head (mut (ref null $n)) (ref.null $n))
  (func (export "keep") (param i32)
    (loop $l (global.set $head (struct.new $n (global.get $head) (i64.const 5)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "waste") (param i32)
    (loop $l (drop (struct.new $n (ref.null $n) (i64.const 5)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "drop") (global.set $head (ref.null $n)))
  (func (export "array") (param i32) (drop (array.new $a (i32.const 1) (local.get 0))))
  (func (export "references") (param i32) (drop (array.new_default $r (local.get 0))))
  (memory (export "m") 1))"""


@pytest.mark.parametrize("mode", ["smart", "eager"])
def test_objects_that_are_kept_are_limited(mode: str) -> None:
    instance = run(LIST, mem_limit_bytes=MEGABYTE, compile_mode=mode)
    exports = instance.exports
    exports.waste(50_000)
    with pytest.raises(wasmz.MemoryLimit) as caught:
        exports.keep(50_000)
    assert caught.value.code is TrapCode.OUT_OF_MEMORY
    assert instance.store.memory_budget.total_used <= MEGABYTE
    # What is released can be used again: for objects or for memory.
    exports.drop()
    exports.keep(1000)
    exports.drop()
    assert exports.m.grow(14) == 1
    run(LIST, compile_mode=mode).exports.keep(50_000)


def test_arrays_are_limited() -> None:
    exports = run(LIST, mem_limit_bytes=MEGABYTE).exports
    exports.array(100_000)
    exports.references(50_000)
    for function in (exports.array, exports.references):
        with pytest.raises(wasmz.MemoryLimit):
            function(500_000)
    exports.array(100_000)


def test_initial_values_are_limited() -> None:
    array = "(global (ref $a) (array.new $a (i64.const 1) (i32.const 50000)))"
    run(f"(module (type $a (array (mut i64))) {array})", mem_limit_bytes=MEGABYTE)
    with pytest.raises(wasmz.MemoryLimit):
        run(f"(module (type $a (array (mut i64))) {array * 4})", mem_limit_bytes=MEGABYTE)


def test_exceptions_that_are_kept_are_limited() -> None:
    exports = run(
        """(module (tag $t) (table $x 100000 exnref)
      (func $throw (param i32) (if (local.get 0) (then (call $throw (i32.sub (local.get 0) (i32.const 1)))))
        (throw $t))
      (func (export "f") (param $count i32) (local $e exnref)
        (loop $l (local.set $e (block $c (result exnref)
            (try_table (catch_all_ref $c) (call $throw (i32.const 50))) (unreachable)))
          (table.set $x (local.get $count) (local.get $e))
          (br_if $l (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))))""",
        mem_limit_bytes=4 * MEGABYTE,
    ).exports
    exports.f(100)
    with pytest.raises(wasmz.MemoryLimit):
        exports.f(10_000)


# WASI

WASI = """(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 0) "d") (data (i32.const 8) "f")
  (func (export "directory") (result i32)
    (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 2) (i64.const 0x4000)
      (i64.const 0) (i32.const 0) (i32.const 64)))
  (func (export "file") (result i32)
    (call $open (i32.const 3) (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 1) (i64.const 0x400040)
      (i64.const 0) (i32.const 0) (i32.const 64)))
  (func (export "list") (param i32 i64) (result i32)
    (call $list (local.get 0) (i32.const 1024) (i32.const 100) (local.get 1) (i32.const 72)))
  (func (export "size") (param i32 i64) (result i32) (call $size (local.get 0) (local.get 1)))
  (func (export "close") (param i32) (result i32) (call $close (local.get 0)))
  (func (export "poll") (param i32) (result i32)
    (call $poll (i32.const 1024) (i32.const 1024) (local.get 0) (i32.const 64))))"""

SUCCESS, MFILE, NOMEM, NOSPC = 0, 33, 48, 51


def wasi_guest(files: MemoryFileSystem, **settings: Any) -> Instance:
    engine = Engine(Config(use_cache=False, mem_limit_bytes=MEGABYTE))
    linker = Linker(engine)
    linker.define_wasi(WasiConfig(stdout=None, stderr=None, **settings).preopen_dir(files, "/"))
    return run(WASI, linker)


def names_of(instance: Instance, descriptor: int) -> list[str]:
    """All names, in portions of 100 bytes."""
    found: list[str] = []
    cookie = 0
    while True:
        assert instance.exports.list(descriptor, cookie) == SUCCESS
        memory = instance.exports.memory
        used = memory.read_value(72, "I")
        data = memory.read(1024, used)
        position = 0
        while position + 24 <= used:
            following, _, size, _ = struct.unpack_from("<QQIB", data, position)
            if position + 24 + size > used:
                break
            found.append(data[position + 24 : position + 24 + size].decode())
            cookie, position = following, position + 24 + size
        if used < 100:
            return found


def test_listings_are_limited_and_right() -> None:
    instance = wasi_guest(MemoryFileSystem({f"d/{n}": b"" for n in range(2000)}))
    expected = [".", "..", *map(str, range(2000))]
    opened = []
    for _ in range(60):
        assert instance.exports.directory() == SUCCESS
        opened.append(instance.exports.memory.read_value(64, "I"))
        assert instance.exports.list(opened[-1], 0) == SUCCESS
    assert instance.store.memory_budget.total_used <= MEGABYTE
    for descriptor in (opened[0], opened[30], opened[-1]):
        assert names_of(instance, descriptor) == expected
    for descriptor in opened:
        assert instance.exports.close(descriptor) == SUCCESS
    assert instance.store.host_budget.total_used == 0
    large = wasi_guest(MemoryFileSystem({f"d/{n:0100}": b"" for n in range(20_000)}))
    assert large.exports.directory() == SUCCESS
    assert large.exports.list(large.exports.memory.read_value(64, "I"), 0) == NOMEM


def test_files_in_memory_count() -> None:
    files = MemoryFileSystem({"given": bytes(4 * MEGABYTE)})
    instance = wasi_guest(files)
    assert instance.exports.file() == SUCCESS
    descriptor = instance.exports.memory.read_value(64, "I")
    assert instance.exports.size(descriptor, 500_000) == SUCCESS
    assert instance.exports.size(descriptor, 5_000_000) == NOSPC
    assert len(files.read("f")) == 500_000
    assert not instance.store.memory_budget.can_grow(14 << 16)
    assert instance.exports.size(descriptor, 0) == SUCCESS
    assert instance.exports.memory.grow(14) == 1
    # Bytes that the host writes do not count for the guest.
    files.write("given", bytes(100))


def test_descriptors_have_a_limit_of_their_own() -> None:
    instance = wasi_guest(MemoryFileSystem({"d/x": b""}), max_descriptors=10)
    assert [instance.exports.directory() for _ in range(8)] == [SUCCESS] * 6 + [MFILE] * 2
    assert instance.exports.close(5) == SUCCESS
    assert [instance.exports.directory() for _ in range(2)] == [SUCCESS, MFILE]
    unlimited = wasi_guest(MemoryFileSystem({"d/x": b""}))
    answers = [unlimited.exports.directory() for _ in range(5000)]
    assert set(answers) == {SUCCESS, NOMEM}
    with pytest.raises(TypeError, match="max_descriptors"):
        WasiConfig(max_descriptors=-1)


def test_subscriptions_count() -> None:
    instance = wasi_guest(MemoryFileSystem())
    assert instance.exports.poll(60_000) == NOMEM


# Calls

CALLS = """(module (import "host" "back" (func $back)) (type $t (func)) (table 2 funcref)
  (elem (i32.const 0) $indirect $odd) (global $n (export "n") (mut i32) (i32.const 0))
  (func $count (global.set $n (i32.add (global.get $n) (i32.const 1))))
  (func $even (export "even") (global.set $n (i32.add (global.get $n) (i32.const 1))) (call $odd))
  (func $odd (global.set $n (i32.add (global.get $n) (i32.const 1))) (call $even))
  (func $indirect (export "indirect") (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (call_indirect (type $t) (i32.const 0)))
  (func (export "host") (global.set $n (i32.add (global.get $n) (i32.const 1))) (call $back))
  (func $leaf (result i32) (i32.const 7))
  (func $middle (result i32) (call $leaf))
  (func (export "three") (result i32) (call $middle)))"""

FORMS = ({}, *({"opt_level": level, "compile_mode": "eager"} for level in (0, 2)), {"_thresholds": (1, 1, 0, 0)})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("most", [1, 2, 7, 100, 350])
def test_calls_within_calls_are_as_many_as_configured(form: dict[str, Any], most: int) -> None:
    engine = Engine(Config(use_cache=False, max_call_depth=most, **form))
    linker = Linker(engine)
    linker.define("host", "back", lambda: instance.call("host"))
    instance = run(CALLS, linker)
    for name in ("even", "indirect", "host") * 2:
        instance.exports.n.value = 0
        with pytest.raises(wasmz.Trap) as caught:
            instance.call(name)
        assert (caught.value.code, instance.exports.n.value) == (TrapCode.STACK_OVERFLOW, most)
    for _ in range(3):
        if most >= 3:
            assert instance.exports.three() == 7
        else:
            with pytest.raises(wasmz.Trap):
                instance.exports.three()
