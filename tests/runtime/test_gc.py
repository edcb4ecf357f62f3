"""Structures, arrays and i31 between Python and WebAssembly, at every level."""

from __future__ import annotations

import array
import gc
import marshal
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest
import wasmtime

import wasmz
from tests.wasm import encode
from wasmz import ArrayRef, I31Ref, StructRef, Trap, TrapCode, ValType
from wasmz.artifact.image_writer import dump_image
from wasmz.config import OPT_LEVELS
from wasmz.runtime.image import load_image
from wasmz.types import ArrayType, FieldType, PackedType, RefType, StructType, SubType, define_group

SHAPES = """(module
  (type $point (sub (struct (field $x (mut i32)) (field $y (mut f64)))))
  (type $named (sub $point (struct (field $x (mut i32)) (field $y (mut f64)) (field $tag (mut i8)) (field $size i16))))
  (type $list (struct (field $value i64) (field $next (mut (ref null $list)))))
  (type $bytes (array (mut i8)))
  (type $words (array (mut i16)))
  (type $ints (array (mut i32)))
  (type $longs (array (mut i64)))
  (type $singles (array (mut f32)))
  (type $doubles (array f64))
  (type $things (array (mut anyref)))
  (func (export "point") (param i32 f64) (result (ref $point)) (struct.new $point (local.get 0) (local.get 1)))
  (func (export "named") (param i32 f64 i32 i32) (result (ref $point))
    (struct.new $named (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "x") (param (ref null $point)) (result i32) (struct.get $point $x (local.get 0)))
  (func (export "set_x") (param (ref null $point) i32) (struct.set $point $x (local.get 0) (local.get 1)))
  (func (export "tag_s") (param (ref null $named)) (result i32) (struct.get_s $named $tag (local.get 0)))
  (func (export "tag_u") (param (ref null $named)) (result i32) (struct.get_u $named $tag (local.get 0)))
  (func (export "size_s") (param (ref null $named)) (result i32) (struct.get_s $named $size (local.get 0)))
  (func (export "cast") (param anyref) (result (ref $named)) (ref.cast (ref $named) (local.get 0)))
  (func (export "is_point") (param anyref) (result i32) (ref.test (ref $point) (local.get 0)))
  (func (export "is_i31") (param anyref) (result i32) (ref.test (ref i31) (local.get 0)))
  (func (export "is_struct") (param anyref) (result i32) (ref.test (ref struct) (local.get 0)))
  (func (export "is_eq") (param anyref) (result i32) (ref.test (ref eq) (local.get 0)))
  (func (export "extern_is_i31") (param externref) (result i32)
    (ref.test (ref i31) (any.convert_extern (local.get 0))))
  (func (export "extern_is_struct") (param externref) (result i32)
    (ref.test (ref struct) (any.convert_extern (local.get 0))))
  (func (export "any") (param anyref) (result anyref) (local.get 0))
  (func (export "eq") (param eqref) (result eqref) (local.get 0))
  (func (export "same") (param eqref eqref) (result i32) (ref.eq (local.get 0) (local.get 1)))
  (func (export "outside") (param anyref) (result externref) (extern.convert_any (local.get 0)))
  (func (export "there_and_back") (param externref) (result externref)
    (extern.convert_any (any.convert_extern (local.get 0))))
  (func (export "i31") (param i32) (result i31ref) (ref.i31 (local.get 0)))
  (func (export "i31_s") (param i31ref) (result i32) (i31.get_s (local.get 0)))
  (func (export "i31_u") (param i31ref) (result i32) (i31.get_u (local.get 0)))
  (func (export "bytes") (param i32 i32) (result (ref $bytes)) (array.new $bytes (local.get 0) (local.get 1)))
  (func (export "words") (param i32) (result (ref $words)) (array.new_default $words (local.get 0)))
  (func (export "ints") (param i32) (result (ref $ints)) (array.new_default $ints (local.get 0)))
  (func (export "int") (param (ref null $ints) i32) (result i32) (array.get $ints (local.get 0) (local.get 1)))
  (func (export "set_int") (param (ref null $ints) i32 i32)
    (array.set $ints (local.get 0) (local.get 1) (local.get 2)))
  (func (export "thing") (param (ref null $things) i32) (result anyref)
    (array.get $things (local.get 0) (local.get 1)))
  (func (export "byte_s") (param (ref null $bytes) i32) (result i32)
    (array.get_s $bytes (local.get 0) (local.get 1)))
  (func (export "longs") (result (ref $longs)) (array.new_fixed $longs 2 (i64.const -1) (i64.const 5)))
  (func (export "singles") (param f32) (result (ref $singles)) (array.new $singles (local.get 0) (i32.const 2)))
  (func (export "single") (param (ref $singles)) (result i32)
    (i32.reinterpret_f32 (array.get $singles (local.get 0) (i32.const 1))))
  (func (export "things") (param anyref) (result (ref $things))
    (array.new_fixed $things 3 (local.get 0) (ref.i31 (i32.const -1)) (ref.null any)))
  (func (export "large") (param i32) (result i32) (array.len (array.new_default $things (local.get 0))))
  (func (export "large_ints") (param i32) (result i32) (array.len (array.new_default $ints (local.get 0))))
  (func (export "len") (param arrayref) (result i32) (array.len (local.get 0)))
  (func (export "chain") (param $count i32) (result (ref null $list)) (local $list (ref null $list))
    (loop $more
      (local.set $list (struct.new $list (i64.extend_i32_s (local.get $count)) (local.get $list)))
      (br_if $more (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $list)))
"""
BINARY = bytes(wasmtime.wat2wasm(SHAPES))


def make(level: int = 2, mode: str = "eager") -> Any:
    engine = wasmz.Engine(wasmz.Config(opt_level=level, compile_mode=mode, use_cache=False, verify=True))
    return wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, BINARY)).exports


@pytest.fixture(params=[*OPT_LEVELS, "tiers"])
def exports(request: pytest.FixtureRequest) -> Any:
    return make(2, "smart") if request.param == "tiers" else make(request.param)


def trap_of(function: Any, *args: Any) -> tuple[TrapCode, str]:
    with pytest.raises(Trap) as caught:
        function(*args)
    return caught.value.code, caught.value.message


def test_fields_by_index_and_name(exports: Any) -> None:
    point = exports.point(-5, 2.5)
    assert (point[0], point[1], len(point), list(point)) == (-5, 2.5, 2, [-5, 2.5])
    assert (point["x"], point.y) == (-5, 2.5)
    point.x = 7
    point["y"] = 1
    assert exports.x(point) == 7 and point.y == 1.0
    exports.set_x(point, -1)
    assert point.x == -1
    for wrong in (2, -1):
        with pytest.raises(IndexError):
            point[wrong]
    with pytest.raises(KeyError):
        point["z"]
    with pytest.raises(TypeError):
        point.x = "seven"
    with pytest.raises(OverflowError):
        point.x = 1 << 32
    assert repr(point) == "<struct x=-1 y=1.0>"


def test_packed_fields(exports: Any) -> None:
    named = exports.named(1, 2.0, -2, 0x18000)
    assert (exports.tag_s(named), exports.tag_u(named), exports.size_s(named)) == (-2, 254, -32768)
    assert (named.tag, named["size"]) == (254, 0x8000)
    named.tag = -1
    assert exports.tag_s(named) == -1
    with pytest.raises(AttributeError):
        named.size = 1
    for wrong in (256, -129):
        with pytest.raises(OverflowError):
            named.tag = wrong


def test_types_are_inspectable_and_canonical(exports: Any) -> None:
    point, named = exports.point(1, 1.0), exports.named(1, 1.0, 1, 1)
    assert isinstance(named, type(point)) and not isinstance(point, type(named))
    assert named.type.supertype is point.type
    assert [field.mutable for field in named.type.composite.fields] == [True, True, True, False]
    other = make()
    assert other.x(point) == 1 and other.cast(named) is named
    fields = (FieldType(ValType.I32, True), FieldType(ValType.F64, True))
    assert define_group([SubType(StructType(fields), final=False)])[0] is point.type


def test_made_by_the_host(exports: Any) -> None:
    point_type = exports.point(0, 0.0).type
    point = StructRef.new(point_type, 3, 4)
    assert exports.x(point) == 3 and exports.is_point(point) == 1
    assert list(StructRef.new(RefType(point_type))) == [0, 0.0]
    with pytest.raises(TypeError, match="2 fields"):
        StructRef.new(point_type, 1)
    with pytest.raises(TypeError):
        StructRef.new(point_type, 1, "x")
    ints = ArrayType(FieldType(ValType.I32, True))
    made = ArrayRef.new(ints, [1, -2, 3])
    assert exports.int(made, 1) == -2 and list(made) == [1, -2, 3]
    assert list(ArrayRef.new(ints, 2)) == [0, 0]
    with pytest.raises(TypeError):
        exports.x(made)
    with pytest.raises(TypeError):
        ArrayRef.new(point_type, [])
    with pytest.raises(ValueError):
        ArrayRef.new(ints, -1)
    with pytest.raises(TypeError, match="cannot be null"):
        ArrayRef.new(ArrayType(FieldType(RefType(point_type, nullable=False))), 1)
    shared = ArrayRef.new(ArrayType(FieldType(ValType.ANYREF, True)), [point, 5, None, "host"])
    assert exports.thing(shared, 0) is point
    assert [exports.thing(shared, n) for n in (1, 2, 3)] == [5, None, "host"]


def test_arrays(exports: Any) -> None:
    made = exports.ints(3)
    made[2] = -7
    exports.set_int(made, 0, 5)
    assert list(made) == [5, 0, -7] and len(made) == 3 == exports.len(made)
    for wrong in (3, -1):
        with pytest.raises(IndexError):
            made[wrong]
    small = exports.bytes(-2, 2)
    assert list(small) == [254, 254] and exports.byte_s(small, 1) == -2
    small[0] = -128
    assert (small[0], exports.byte_s(small, 0)) == (128, -128)
    assert list(exports.longs()) == [-1, 5]
    things = exports.things("host")
    assert list(things) == ["host", -1, None]
    assert repr(things) == "<array of 3: 'host', I31Ref(-1), None>"
    constants = ArrayRef.new(ArrayType(FieldType(ValType.F64)), [1, 2])
    with pytest.raises(TypeError, match="immutable"):
        constants[0] = 1.0


def test_arrays_are_compact(exports: Any) -> None:
    assert type(exports.bytes(0, 1).items) is bytearray
    for name, code in (("words", "H"), ("ints", "I")):
        items = exports[name](1).items
        assert type(items) is array.array and items.typecode == code


def test_singles_keep_signalling_nans(exports: Any) -> None:
    signalling = 0x7FA0_0001
    assert exports.single(exports.singles(wasmz.f32_from_bits(signalling))) == signalling


def test_null_traps(exports: Any) -> None:
    null = TrapCode.NULL_REFERENCE
    assert trap_of(exports.x, None) == (null, "null structure reference")
    assert trap_of(exports.set_x, None, 1) == (null, "null structure reference")
    assert trap_of(exports.int, None, 0) == (null, "null array reference")
    assert trap_of(exports.set_int, None, 0, 0) == (null, "null array reference")
    assert trap_of(exports.len, None) == (null, "null array reference")
    assert trap_of(exports.i31_s, None) == (null, "null i31 reference")
    with pytest.raises(TypeError, match="cannot be null"):
        exports.single(None)


def test_other_traps(exports: Any) -> None:
    assert trap_of(exports.cast, exports.point(1, 1.0))[0] is TrapCode.CAST_FAILURE
    assert trap_of(exports.cast, 5)[0] is TrapCode.CAST_FAILURE
    assert trap_of(exports.cast, None)[0] is TrapCode.CAST_FAILURE
    for maker in (exports.ints, exports.words):
        made = maker(2)
        if maker is exports.ints:
            for index in (2, -1, -(2**31)):
                assert trap_of(exports.int, made, index)[0] is TrapCode.ARRAY_OUT_OF_BOUNDS
                assert trap_of(exports.set_int, made, index, 1)[0] is TrapCode.ARRAY_OUT_OF_BOUNDS
    assert trap_of(exports.thing, exports.things(1), 3)[0] is TrapCode.ARRAY_OUT_OF_BOUNDS
    assert trap_of(exports.byte_s, exports.bytes(0, 1), 1)[0] is TrapCode.ARRAY_OUT_OF_BOUNDS
    for count in (-1, 1 << 28):
        assert trap_of(exports.large, count)[0] is TrapCode.OUT_OF_SYSTEM_MEMORY
    assert trap_of(exports.large_ints, -1)[0] is TrapCode.OUT_OF_SYSTEM_MEMORY


def test_i31_is_no_int_of_the_host(exports: Any) -> None:
    assert [exports.is_i31(value) for value in (5, I31Ref(5), -(2**30), True, 2**30, 5.0, None)] == [
        1,
        1,
        1,
        0,
        0,
        0,
        0,
    ]
    assert (exports.extern_is_i31(5), exports.extern_is_i31(I31Ref(5))) == (0, 1)
    made = exports.i31(-3)
    assert made == -3 and type(made) is I31Ref and repr(made) == "I31Ref(-3)"
    assert (exports.i31_s(made), exports.i31_u(made), exports.i31_u(5)) == (-3, 2**31 - 3, 5)
    assert exports.i31(2**30) == -(2**30)
    assert type(exports.outside(5)) is I31Ref and exports.there_and_back(exports.outside(5)) == 5
    assert exports.there_and_back(5) == 5 and type(exports.there_and_back(5)) is int
    assert exports.same(1 << 20, 1 << 20) == 1 == exports.same(I31Ref(7), 7)
    assert exports.same(1, 2) == 0 == exports.same(exports.point(1, 1.0), exports.point(1, 1.0))
    with pytest.raises(TypeError):
        exports.i31_s(2**40)
    with pytest.raises(OverflowError):
        I31Ref(2**31)


def test_host_objects_are_never_taken_for_others(exports: Any) -> None:
    class Liar:
        """Says that it is a structure."""

        __class__ = type(exports.point(1, 1.0))  # type: ignore[assignment]

    proxied = exports.point(1, 1.0)

    class Weak:
        pass

    weak = Weak()
    for value in (Liar(), weakref.proxy(weak), object(), [1], "text", exports, print, 1.5, 2**40):
        assert exports.any(value) is value and exports.there_and_back(value) is value
        assert (exports.is_point(value), exports.is_struct(value), exports.is_eq(value)) == (0, 0, 0)
        assert exports.extern_is_struct(value) == 0
        with pytest.raises(TypeError):
            exports.x(value)
        with pytest.raises(TypeError):
            exports.eq(value)
    assert exports.any(proxied) is proxied and exports.extern_is_struct(proxied) == 1
    assert exports.there_and_back(proxied) is proxied
    with pytest.raises(TypeError):
        type("Derived", (type(proxied),), {})


def test_attribute_errors_of_the_host_stay_what_they_are() -> None:
    text = """(module (import "host" "f" (func $f (param anyref)))
      (func (export "run") (param anyref) (call $f (local.get 0))))"""
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    linker = wasmz.Linker(engine)

    def fail(value: Any) -> None:
        value.items  # noqa: B018

    linker.define("host", "f", fail)
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, wasmtime.wat2wasm(text)), linker)
    with pytest.raises(AttributeError):
        instance.exports.run(None)


def test_garbage_is_collected() -> None:
    exports = make()
    things = exports.things(None)
    # In a cycle with an object that can be watched.
    holder = type("Holder", (), {})()
    watched = weakref.ref(holder)
    things[0] = holder
    things[2] = things
    del things, holder
    gc.collect()
    assert watched() is None


def test_long_lists_are_freed() -> None:
    # In a process of its own, which a failure would crash.
    code = "from tests.runtime.test_gc import make; e = make(); c = e.chain(1_000_000); c = None; print('freed')"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, timeout=300)
    assert done.stdout == "freed\n", done.stderr


def test_image_and_back() -> None:
    engine = wasmz.Engine(wasmz.Config(use_cache=False, compile_mode="eager"))
    image = wasmz.Module.compile(engine, BINARY).image
    loaded = load_image(marshal.loads(marshal.dumps(dump_image(image))))
    assert loaded.types == image.types and loaded.field_names == image.field_names
    assert loaded.field_names[0] == {0: "x", 1: "y"}


def test_structures_with_many_fields() -> None:
    fields = "(field (mut i32)) (field (mut f32)) (field anyref) (field (mut i8)) (field i64)" * 8
    text = f"""(module
      (type $wide (struct {fields}))
      (global $constant (ref $wide) (struct.new_default $wide))
      (func (export "made") (result (ref $wide)) (struct.new_default $wide))
      (func (export "constant") (result (ref $wide)) (global.get $constant)))"""
    for level in OPT_LEVELS:
        engine = wasmz.Engine(wasmz.Config(use_cache=False, opt_level=level, compile_mode="eager", verify=True))
        module = wasmz.Module.compile(engine, wasmtime.wat2wasm(text))
        exports = wasmz.Instance(wasmz.Store(engine), module).exports
        expected = [0, 0.0, None, 0, 0] * 8
        assert list(exports.made()) == expected == list(exports.constant())
        assert exports.made() is not exports.made()


def test_small_modules_do_not_become_large_code() -> None:
    # 2000 structures of 5000 fields each, in 26 kB.
    types = b"\x5f" + b"\x88\x27" + b"\x7f\x01" * 5000
    code = b"\x00" + b"\xfb\x01\x01\x1a" * 2000 + b"\x0b"
    data = encode.module(
        encode.section(1, encode.vector(encode.signature(), types)),
        encode.section(3, encode.vector(b"\x00")),
        encode.section(10, encode.vector(encode.unsigned(len(code)) + code)),
    )
    engine = wasmz.Engine(wasmz.Config(use_cache=False, compile_mode="eager"))
    image = wasmz.Module.compile(engine, data).image
    assert len(image.functions[0].code.co_code) < 200_000
    many = b"\x5f" + b"\x91\x4e" + b"\x7f\x01" * 10_001
    with pytest.raises(wasmz.InvalidWasm, match="too many fields"):
        wasmz.Module.compile(engine, encode.module(encode.section(1, encode.vector(many))))


def test_names_of_types() -> None:
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    module = wasmz.Module.compile(engine, BINARY)
    assert module.type_names[1] == "named"
    point = StructRef.new(module.types[0], 1, 2.0)
    assert module.types[0].composite == StructType((FieldType(ValType.I32, True), FieldType(ValType.F64, True)))
    assert point[0] == 1
    assert module.types[3].composite == ArrayType(FieldType(PackedType.I8, True))


def test_globals_and_tables_hold_references() -> None:
    text = """(module
      (type $pair (struct (field i32) (field anyref)))
      (type $words (array i16))
      (global (export "pair") (ref $pair) (struct.new $pair (i32.const 5) (ref.i31 (i32.const -1))))
      (global (export "any") (mut anyref) (ref.i31 (i32.const 9)))
      (global (export "words") (ref $words) (array.new_fixed $words 2 (i32.const 65537) (i32.const 3)))
      (table (export "table") 2 10 anyref (ref.i31 (i32.const 4)))
      (func (export "first") (result i32) (i31.get_s (ref.cast i31ref (table.get (i32.const 0)))))
      (func (export "global") (result anyref) (global.get 1)))"""
    for level in OPT_LEVELS:
        engine = wasmz.Engine(wasmz.Config(use_cache=False, opt_level=level, compile_mode="eager"))
        exports = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, wasmtime.wat2wasm(text))).exports
        assert list(exports.pair.value) == [5, -1] and list(exports.words.value) == [1, 3]
        assert exports.any.value == 9 and type(exports.any.value) is I31Ref
        exports.any.value = "host"
        assert exports.any.value == "host" == exports["global"]()
        assert [exports.table[n] for n in range(2)] == [4, 4]
        exports.table[0] = -5
        assert exports.first() == -5
        exports.table.grow(1, exports.pair.value)
        assert exports.table[2] is exports.pair.value


def test_host_functions_take_and_give_references() -> None:
    text = """(module
      (type $pair (struct (field (mut i32)) (field (mut i32))))
      (import "host" "swap" (func $swap (param (ref $pair)) (result (ref $pair))))
      (import "host" "pick" (func $pick (param anyref) (result anyref)))
      (func (export "run") (result i32)
        (struct.get $pair 0 (call $swap (struct.new $pair (i32.const 1) (i32.const 2)))))
      (func (export "pick") (result i32)
        (i31.get_s (ref.cast i31ref (call $pick (ref.i31 (i32.const -4)))))))"""
    engine = wasmz.Engine(wasmz.Config(use_cache=False))
    module = wasmz.Module.compile(engine, wasmtime.wat2wasm(text))
    linker = wasmz.Linker(engine)
    pair = module.types[0]
    linker.define("host", "swap", lambda ref: StructRef.new(pair, ref[1], ref[0]))
    linker.define("host", "pick", lambda value: value * 2)
    exports = wasmz.Instance(wasmz.Store(engine), module, linker).exports
    assert (exports.run(), exports.pick()) == (2, -8)
    linker.define("host", "swap", lambda ref: None)
    with pytest.raises(TypeError, match="cannot be null"):
        wasmz.Instance(wasmz.Store(engine), module, linker).exports.run()
