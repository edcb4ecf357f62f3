;; Loops that numpy does (see `wasmz/passes/arrays.py`): $n is a number of iterations.
(module
  (memory (export "memory") 1)

  ;; y[i] += k * x[i], in two lanes
  (func (export "axpy") (param $y i32) (param $x i32) (param $n i32) (param $k f64)
    (loop $next
      (f64.store (local.get $y) (f64.add (f64.load (local.get $y)) (f64.mul (local.get $k) (f64.load (local.get $x)))))
      (f64.store offset=8 (local.get $y) (f64.add (f64.load offset=8 (local.get $y)) (f64.mul (local.get $k) (f64.load offset=8 (local.get $x)))))
      (local.set $y (i32.add (local.get $y) (i32.const 16)))
      (local.set $x (i32.add (local.get $x) (i32.const 16)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))

  (func (export "dot") (param $y i32) (param $x i32) (param $n i32) (param $k f64) (result f64)
    (loop $next
      (local.set $k (f64.add (local.get $k) (f64.mul (f64.load (local.get $y)) (f64.load (local.get $x)))))
      (local.set $y (i32.add (local.get $y) (i32.const 8)))
      (local.set $x (i32.add (local.get $x) (i32.const 8)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $k))

  ;; Each single becomes the largest of itself, the one before and the one after it, and their number is counted.
  (func (export "larger") (param $y i32) (param $x i32) (param $n i32) (param $k f64) (result f32)
    (local $before f32) (local $one f32) (local $most f32)
    (local.set $before (f32.load (i32.sub (local.get $x) (i32.const 4))))
    (loop $next
      (f32.store (local.get $y) (f32.max (local.get $before) (f32.max (local.tee $one (f32.load (local.get $x))) (f32.load offset=4 (local.get $x)))))
      (local.set $most (select (local.get $one) (local.get $most) (f32.gt (local.get $one) (local.get $most))))
      (local.set $before (local.get $one))
      (local.set $y (i32.add (local.get $y) (i32.const 4)))
      (local.set $x (i32.add (local.get $x) (i32.const 4)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $most))

  ;; Bytes are mixed, saturated and counted.
  (func (export "mix") (param $y i32) (param $x i32) (param $n i32) (param $k f64) (result i32)
    (local $v i32) (local $sum i32)
    (loop $next
      (local.set $v (i32.sub (i32.mul (i32.load8_u (local.get $x)) (i32.const 3)) (i32.load8_s (local.get $y))))
      (local.set $v (select (local.get $v) (i32.const 255) (i32.lt_s (local.get $v) (i32.const 255))))
      (i32.store8 (local.get $y) (local.get $v))
      (local.set $sum (i32.add (local.get $sum) (i32.shr_s (local.get $v) (i32.const 1))))
      (local.set $y (i32.sub (local.get $y) (i32.const 1)))
      (local.set $x (i32.sub (local.get $x) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  ;; A column of a matrix whose rows have $n numbers.
  (func (export "column") (param $y i32) (param $x i32) (param $n i32) (param $k f64) (result i64)
    (local $i i32) (local $sum i64)
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (i64.mul (i64.load (local.get $x)) (i64.extend_i32_u (local.get $i)))))
      (local.set $x (i32.add (local.get $x) (i32.mul (local.get $n) (i32.const 8))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))

  ;; Bytes of two pictures, weighed and saturated, and the sum of their lanes.
  (func (export "vectors") (param $y i32) (param $x i32) (param $n i32) (param $k f64) (result i32)
    (local $one v128) (local $other v128) (local $sum v128)
    (loop $next
      (local.set $one (v128.load (local.get $y)))
      (local.set $other (v128.load (local.get $x)))
      (v128.store (local.get $y) (i8x16.narrow_i16x8_u
        (i16x8.shr_u (i16x8.add (i16x8.mul (i16x8.extend_low_i8x16_u (local.get $one)) (v128.const i16x8 77 77 77 77 77 77 77 77))
                                (i16x8.extend_low_i8x16_u (local.get $other))) (i32.const 6))
        (i8x16.shuffle 16 17 2 3 20 21 6 7 24 25 10 11 28 29 14 15 (local.get $one) (local.get $other))))
      (local.set $sum (i32x4.add (local.get $sum) (i8x16.sub_sat_u (local.get $one) (local.get $other))))
      (local.set $y (i32.add (local.get $y) (i32.const 16)))
      (local.set $x (i32.add (local.get $x) (i32.const 16)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32x4.extract_lane 3 (local.get $sum)))

  ;; Bytes are mapped through a table, which may be what is written, and singles are taken from anywhere.
  (func (export "gathered") (param $y i32) (param $x i32) (param $n i32) (param $k f64) (result f32)
    (local $sum f32)
    (loop $next
      (i32.store8 (local.get $y) (i32.load8_u offset=2048 (i32.load8_u (local.get $x))))
      (local.set $sum (f32.add (local.get $sum)
        (f32.load offset=16000 (i32.and (i32.load (local.get $x)) (i32.const 0x3FFF)))))
      (local.set $y (i32.add (local.get $y) (i32.const 1)))
      (local.set $x (i32.add (local.get $x) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))

  ;; Vectors of parts: loads of a few bytes, of lanes, of numbers; stores of lanes.
  (func (export "parts") (param $y i32) (param $x i32) (param $n i32) (param $k f64) (result i32)
    (local $one v128) (local $sum v128)
    (loop $next
      (local.set $one (v128.load8x8_s (local.get $x)))
      (local.set $one (v128.load16_lane offset=6 5 (local.get $x) (local.get $one)))
      (local.set $one (i32x4.replace_lane 1 (local.get $one) (i32.mul (i32.load8_u (local.get $y)) (i32.const 77))))
      (local.set $sum (i32x4.add (local.get $sum)
        (i32x4.dot_i16x8_s (local.get $one) (v128.load32_splat offset=3 (local.get $y)))))
      (v128.store64_lane 1 (local.get $y) (i8x16.swizzle (local.get $one) (v128.load64_zero (local.get $x))))
      (v128.store8_lane offset=9 7 (local.get $y) (i16x8.extadd_pairwise_i8x16_u (v128.load8_splat (local.get $x))))
      (local.set $y (i32.add (local.get $y) (i32.const 10)))
      (local.set $x (i32.add (local.get $x) (i32.const 8)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32x4.extract_lane 2 (local.get $sum)))

  ;; A filter of four bytes, of which three were loaded before, and the bits of a float that is no NaN.
  (func (export "delays") (param $y i32) (param $x i32) (param $n i32) (param $k f64) (result i32)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local.set $a (i32.load8_s (local.get $x)))
    (local.set $b (i32.load8_s offset=1 (local.get $x)))
    (local.set $c (i32.load8_s offset=2 (local.get $x)))
    (loop $next
      (local.set $d (i32.load8_s offset=3 (local.get $x)))
      (i32.store (local.get $y) (i32.xor (i32.reinterpret_f32 (f32.convert_i32_s (local.get $d)))
        (i32.add (i32.add (local.get $a) (i32.mul (local.get $b) (i32.const 3))) (i32.mul (local.get $c) (local.get $d)))))
      (local.set $a (local.get $b)) (local.set $b (local.get $c)) (local.set $c (local.get $d))
      (local.set $y (i32.add (local.get $y) (i32.const 4)))
      (local.set $x (i32.add (local.get $x) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $a) (i32.shl (local.get $b) (i32.const 9)))))
