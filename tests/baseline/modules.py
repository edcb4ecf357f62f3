"""Small modules with what the kernels lack, for the tests of the baseline compiler."""

from __future__ import annotations

from wasmtime import wat2wasm

_LANES = """
(module
  (memory 1)
  (func (param $p i32) (param $v v128) (result v128)
    (i8x16.shuffle 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31
      (v128.load8_lane offset=3 5 (local.get $p) (local.get $v))
      (v128.load64_lane align=4 1 (local.get $p) (v128.const i32x4 1 2 3 4))))
  (func (param $p i32) (param $v v128) (result i32)
    (v128.store32_lane offset=8 2 (local.get $p) (local.get $v))
    (v128.store16_lane 7 (i32.add (local.get $p) (i32.const 4)) (local.get $v))
    (i32.add (i8x16.extract_lane_s 15 (local.get $v)) (i16x8.extract_lane_u 0 (local.get $v))))
  (func (param $v v128) (param $n i32) (param $x i64) (param $f f32) (param $d f64) (result f64)
    (local $w v128)
    (local.set $w (i32x4.replace_lane 3 (i64x2.replace_lane 0 (local.get $v) (local.get $x)) (local.get $n)))
    (local.set $w (f32x4.replace_lane 2 (f64x2.replace_lane 1 (local.get $w) (local.get $d)) (local.get $f)))
    (f64.add (f64.promote_f32 (f32x4.extract_lane 1 (local.get $w))) (f64x2.extract_lane 1 (local.get $w))))
  (func (param $v v128) (param $w v128) (result i32)
    (block $out
      (loop $again
        (local.set $v (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $v) (local.get $w) (local.get $w)))
        (br_if $out (v128.any_true (local.get $v)))
        (br_if $again (i8x16.all_true (i8x16.add (local.get $v) (local.get $w))))))
    (select (i32.const 3) (i32.const 4) (i64x2.all_true (local.get $w)))))
"""

_OBJECTS = """
(module
  (type $unary (func (param i32) (result i32)))
  (type $bytes (array (mut i8)))
  (type $point (sub (struct (field $x (mut i32)) (field $y (mut i8)) (field $z (mut f64)))))
  (type $named (sub $point (struct
    (field $x (mut i32)) (field $y (mut i8)) (field $z (mut f64)) (field $name (ref null $bytes)))))
  (type $points (array (mut (ref null $point))))
  (type $words (array (mut i32)))
  (table $t 4 funcref)
  (table $u 4 (ref null $point))
  (global $g (mut anyref) (ref.null any))
  (data $d "hello, world")
  (elem $e (ref null $point) (item (ref.null $point)) (item (ref.null $point)))
  (elem declare func $double)
  (func $double (type $unary) (i32.mul (local.get 0) (i32.const 2)))
  (func $make (param i32) (result (ref $point))
    (local $p (ref $point))
    (if (result (ref $point)) (i32.and (local.get 0) (i32.const 1))
      (then (struct.new $point (local.get 0) (i32.const 300) (f64.const 1.5)))
      (else
        (local.set $p (struct.new $named (local.get 0) (i32.const 4) (f64.const 2.5)
          (array.new_data $bytes $d (i32.const 1) (i32.const 4))))
        (local.get $p))))
  (func $sum (param $p (ref null $point)) (result i32)
    (block $null
      (return (i32.add
        (struct.get $point $x (br_on_null $null (local.get $p)))
        (i32.sub (struct.get_s $point $y (local.get $p)) (struct.get_u $point $y (local.get $p))))))
    (i32.const -1))
  (func $cast (param $a anyref) (result i32)
    (drop (block $not (result anyref)
      (block $named (result (ref $named))
        (br $not (br_on_cast $named anyref (ref $named) (local.get $a))))
      (return (array.len (ref.as_non_null (struct.get $named $name))))))
    (if (result i32) (ref.test (ref i31) (local.get $a))
      (then (i31.get_s (ref.cast (ref i31) (local.get $a))))
      (else (ref.test (ref null $points) (global.get $g)))))
  (func $fill (param $n i32) (result (ref $words))
    (local $w (ref null $words)) (local $i i32)
    (local.set $w (array.new_default $words (local.get $n)))
    (loop $again
      (array.set $words (local.get $w) (local.get $i) (i32.mul (local.get $i) (local.get $n)))
      (br_if $again (i32.lt_u
        (local.tee $i (i32.add (local.get $i) (i32.const 1)))
        (array.len (local.get $w)))))
    (array.fill $words (local.get $w) (i32.const 0) (i32.const 7) (i32.const 2))
    (ref.as_non_null (local.get $w)))
  (func $total (param $w (ref $words)) (param $i i32) (result i32)
    (local $sum i32)
    (loop $again (result i32)
      (local.set $sum (i32.add (local.get $sum) (array.get $words (local.get $w) (local.get $i))))
      (drop (i32.const 5))
      (br_if $again (i32.ge_s (local.tee $i (i32.sub (local.get $i) (i32.const 1))) (i32.const 0)))
      (local.get $sum)))
  (func $packed (param $b (ref $bytes)) (param $i i32) (result i32)
    (array.copy $bytes $bytes (local.get $b) (i32.const 1) (local.get $b) (i32.const 0) (local.get $i))
    (array.set $bytes (local.get $b) (i32.const 0) (i32.const 0x1ff))
    (i32.xor (array.get_s $bytes (local.get $b) (i32.const 0))
      (array.get_u $bytes (array.new_fixed $bytes 3 (i32.const 257) (local.get $i) (i32.const -1))
        (i32.rem_u (local.get $i) (i32.const 3)))))
  (func $tables (param $i i32) (param $p (ref null $point)) (result i32)
    (table.set $u (local.get $i) (local.get $p))
    (table.init $u $e (i32.const 0) (i32.const 0) (i32.const 1))
    (table.copy $u $u (i32.const 1) (i32.const 0) (i32.const 2))
    (table.fill $u (i32.const 3) (table.get $u (local.get $i)) (i32.const 1))
    (elem.drop $e)
    (drop (table.grow $t (ref.func $double) (i32.const 1)))
    (i32.add (table.size $u) (ref.is_null (select (result (ref null $point))
      (local.get $p) (table.get $u (local.get $i)) (i32.eqz (local.get $i))))))
  (func $call (param $f (ref null $unary)) (param $n i32) (result i32)
    (i32.add
      (call_ref $unary (local.get $n) (local.get $f))
      (call_ref $unary (call $double (local.get $n)) (ref.func $double))))
  (func $equal (param $a eqref) (param $b (ref null $point)) (result i32)
    (global.set $g (local.get $b))
    (block $some (result (ref $point))
      (drop (ref.eq (local.get $a) (ref.i31 (i32.const 5))))
      (br_on_non_null $some (local.get $b))
      (return (ref.eq (local.get $a) (local.get $b))))
    (struct.set $point $z (f64.const 4))
    (i32.eqz (ref.eq (local.get $b) (ref.null $named))))
  (func $convert (param $a externref) (result externref)
    (extern.convert_any (any.convert_extern (local.get $a))))
  (func $late (param $n i32) (result i32)
    (local $p (ref $point)) (local $q (ref $named))
    (block $b
      (local.set $p (struct.new_default $point))
      (br_if $b (local.get $n))
      (struct.set $point $x (local.get $p) (i32.const 3)))
    (local.set $p (call $make (local.get $n)))
    (call $sum (local.get $p))))
"""

MODULES = {"lanes": bytes(wat2wasm(_LANES)), "objects": bytes(wat2wasm(_OBJECTS))}
