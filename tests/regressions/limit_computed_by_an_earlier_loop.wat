;; Loops in sequence, whose limits are values of earlier loops. Each got a version that reads from streams; what asked
;; for the later one's limit still used the earlier loop's value where only one of its two versions had been run.
;; stores(0, 602) = 31444
;; words(8, 400) = 11174
;; three(0, 300) = 49208
;; lanes(0, 128) = 29138
;; early(0, 700) = 19279
;; moved(0, 300) = 47092
;; outer(3, 200) = 53307
(module (memory 1)
  (data (i32.const 0) "\21\43\65\87\a9\cb\ed\0f\12\34\56\78\9a\bc\de\f0\11\22\33\44\55\66\77\88\99\aa\bb\cc\dd\ee\ff\01\23\45\67\89\ab\cd\ef\fe\dc\ba\98\76\54\32\10\40\41\42\43\44\45\46\47\48\49\4a\4b\4c\4d\4e\4f\50")
  (func $fill (local $i i32)
    (loop $l
      (i32.store8 offset=64 (local.get $i) (i32.xor (i32.mul (local.get $i) (i32.const 7)) (i32.const 0x55)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000)))))
  (start $fill)
  (func (export "stores") (param $p i32) (param $end i32) (result i32) (local $n i32) (local $i i32) (local $s i32)
    (loop $first
      (local.set $n (i32.and (i32.load16_u (local.get $p)) (i32.const 255)))
      (local.set $s (i32.xor (local.get $s) (local.get $n)))
      (i32.store8 offset=5000 (local.get $p) (local.get $s))
      (br_if $first (i32.ne (local.tee $p (i32.add (local.get $p) (i32.const 2))) (local.get $end))))
    (loop $second
      (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $i))))
      (i32.store8 offset=5000 (local.get $i) (local.get $s))
      (br_if $second (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $s))
  (func (export "words") (param $p i32) (param $end i32) (result i32) (local $n i32) (local $i i32) (local $s i32)
    (loop $first
      (local.set $n (i32.shr_u (i32.load16_u (local.get $p)) (i32.const 9)))
      (local.set $s (i32.add (local.get $s) (local.get $n)))
      (br_if $first (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 4))) (local.get $end))))
    (loop $second
      (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $i))))
      (br_if $second (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $s))
  (func (export "three") (param $p i32) (param $end i32) (result i32)
    (local $n i32) (local $m i32) (local $i i32) (local $s i32)
    (loop $first
      (local.set $n (i32.or (i32.load8_u (local.get $p)) (i32.const 64)))
      (br_if $first (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $end))))
    (loop $second
      (local.set $m (i32.or (i32.load8_u offset=40 (local.get $i)) (i32.const 128)))
      (local.set $s (i32.add (local.get $s) (local.get $m)))
      (br_if $second (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (loop $third
      (local.set $s (i32.add (local.get $s) (i32.load8_u offset=100 (local.get $i))))
      (br_if $third (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
        (i32.add (local.get $m) (local.get $n)))))
    (local.get $s))
  (func (export "lanes") (param $p i32) (param $end i32) (result i32)
    (local $n i32) (local $i i32) (local $s i32) (local $v v128) (local $w v128)
    (loop $first
      (local.set $n (i32.or (i32.load8_u (local.get $p)) (i32.const 32)))
      (local.set $v (i32x4.splat (local.get $n)))
      (br_if $first (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $end))))
    (loop $second
      (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $i))))
      (local.set $w (local.get $v))
      (br_if $second (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.add (local.get $s) (i32x4.extract_lane 2 (local.get $w))))
  (func (export "early") (param $p i32) (param $end i32) (result i32) (local $n i32) (local $i i32) (local $s i32)
    (block $out
      (loop $first
        (local.set $n (i32.load8_u offset=64 (local.get $p)))
        (br_if $out (i32.eq (local.get $n) (i32.const 0x9A)))
        (br_if $first (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $end)))))
    (loop $second
      (local.set $s (i32.add (local.get $s) (i32.load8_u offset=70 (local.get $i))))
      (br_if $second (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $s))
  (func (export "moved") (param $p i32) (param $end i32) (result i32) (local $n i32) (local $i i32) (local $s i32)
    (loop $first
      (local.set $n (i32.or (i32.load8_u (local.get $p)) (i32.const 64)))
      (br_if $first (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $end))))
    (loop $second
      (local.set $s (i32.add (local.get $s) (i32.load8_u offset=40 (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $second (i32.ne (i32.add (local.get $i) (local.get $n)) (i32.const 500))))
    (local.get $s))
  (func (export "outer") (param $times i32) (param $end i32) (result i32)
    (local $p i32) (local $n i32) (local $i i32) (local $s i32)
    (local.set $n (i32.const 50))
    (loop $again
      (local.set $i (i32.const 0))
      (loop $second
        (local.set $s (i32.add (local.get $s) (i32.load8_u offset=64 (local.get $i))))
        (br_if $second (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
      (local.set $p (i32.const 0))
      (loop $first
        (local.set $n (i32.or (i32.load8_u offset=80 (local.get $p)) (i32.const 40)))
        (br_if $first (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $end))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (local.get $s)))
