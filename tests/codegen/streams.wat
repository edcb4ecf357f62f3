;; Loops that read memory at addresses that move on evenly, in the shapes that compilers give them.
(module
  (memory (export "memory") 1 2)
  (global $rounds (export "rounds") (mut i32) (i32.const 0))
  (data (i32.const 0) "\03\01\04\01\05\09\02\06\05\03\05\08\09\07\09\03\02\03\08\04\06\02\06\04\03\03\08\03\02\07\09\05\00\02\08\08")
  (data (i32.const 65436) "\fd\81\04\91\05\09\a2\06\05\c3\05\08\09\07\09\f3\02\03\e8\04\06\02\06\14\03\03\08\03\82\07\09\05\00\ff\08\78")
  (data (i32.const 65500) "\fd\81\04\91\05\09\a2\06\05\c3\05\08\09\07\09\f3\02\03\e8\04\06\02\06\14\03\03\08\03\82\07\09\05\00\ff\08\78")

  (func (export "grow") (result i32) (memory.grow (i32.const 1)))

  ;; Counted: what is read is multiplied, so that no sum of bytes is recognised.
  (func (export "hash up to a limit") (param $p i32) (param $n i32) (result i32)
    (local $h i32) (local $end i32)
    (local.set $end (i32.add (local.get $p) (local.get $n)))
    (loop $next
      (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (i32.load8_u (local.get $p))))
      (br_if $next (i32.ne (local.tee $p (i32.add (local.get $p) (i32.const 1))) (local.get $end))))
    (local.get $h))

  (func (export "hash words below a limit") (param $p i32) (param $n i32) (result i64 i32)
    (local $h i64) (local $i i32)
    (loop $next
      (local.set $h (i64.add (i64.mul (local.get $h) (i64.const 31))
                             (i64.load32_s offset=2 (i32.add (local.get $p) (i32.shl (local.get $i) (i32.const 2))))))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $h) (local.get $i))

  (func (export "hash every third, signed limit included") (param $p i32) (param $n i32) (result i32)
    (local $h i32) (local $i i32)
    (loop $next
      (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (i32.load16_s (i32.add (local.get $p) (local.get $i)))))
      (br_if $next (i32.le_s (local.tee $i (i32.add (local.get $i) (i32.const 3))) (local.get $n))))
    (i32.add (local.get $h) (local.get $i)))

  (func (export "hash downwards") (param $p i32) (param $n i32) (result i32 i32)
    (local $h i32)
    (loop $next
      (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (i32.load8_u (local.get $p))))
      (local.set $p (i32.sub (local.get $p) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $h) (local.get $p))

  (func (export "hash pairs downwards") (param $p i32) (param $n i32) (result i32)
    (local $h i32)
    (loop $next
      (local.set $h (i32.add (i32.mul (local.get $h) (i32.load16_u offset=2 (local.get $p))) (i32.load16_u (local.get $p))))
      (local.set $p (i32.sub (local.get $p) (i32.const 4)))
      (br_if $next (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 2))) (i32.const 0))))
    (local.get $h))

  (func (export "hash three in a round") (param $p i32) (param $n i32) (result i32)
    (local $h i32)
    (loop $next
      (local.set $h (i32.add (i32.mul (local.get $h) (i32.load8_u offset=1 (local.get $p)))
                             (i32.xor (i32.load8_u (local.get $p)) (i32.load8_s offset=2 (local.get $p)))))
      (local.set $p (i32.add (local.get $p) (i32.const 3)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $h))

  ;; What has an effect before it traps.
  (func (export "effect in each round") (param $p i32) (param $n i32) (result i32)
    (local $h i32)
    (loop $next
      (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (i32.load16_u (local.get $p))))
      (global.set $rounds (i32.add (global.get $rounds) (i32.const 1)))
      (local.set $p (i32.add (local.get $p) (i32.const 2)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $h))

  ;; Each round reads what the one before has written.
  (func (export "store ahead") (param $p i32) (param $n i32) (result i32)
    (local $h i32)
    (loop $next
      (i32.store8 offset=1 (local.get $p)
        (local.tee $h (i32.add (i32.mul (i32.load8_u (local.get $p)) (i32.const 3)) (i32.const 1))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $h))

  ;; Left in the middle, and by a test that counts no rounds.
  (func (export "leave at a value") (param $p i32) (param $n i32) (result i32 i32)
    (local $h i32)
    (block $out
      (loop $next
        (local.set $h (i32.add (i32.mul (local.get $h) (i32.const 31)) (i32.load8_u (i32.add (local.get $p) (i32.const 7)))))
        (br_if $out (i32.eq (i32.load8_u (local.get $p)) (i32.const 7)))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (local.get $h) (local.get $p))

  ;; The store of each round is up to eight bytes from what it loads afterwards.
  (func (export "load after store") (param $p i32) (param $n i32) (result i32)
    (local $h i32) (local $q i32)
    (local.set $q (i32.add (local.get $p) (i32.sub (i32.rem_u (local.get $n) (i32.const 17)) (i32.const 8))))
    (loop $next
      (i32.store offset=8 (local.get $q) (local.tee $h (i32.mul (i32.add (local.get $h) (i32.load offset=12 (local.get $p))) (i32.const 31))))
      (local.set $h (i32.xor (local.get $h) (i32.load offset=8 (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $q (i32.add (local.get $q) (i32.const 8)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $h))

  ;; The store is always the same place, before, in or after what is loaded.
  (func (export "load after store to one place") (param $p i32) (param $n i32) (result i32)
    (local $h i32) (local $q i32)
    (local.set $q (i32.sub (i32.add (local.get $p) (i32.mul (local.get $n) (i32.const 3))) (i32.const 40)))
    (loop $next
      (i64.store offset=8 (local.get $q) (i64.extend_i32_u (local.tee $h (i32.mul (i32.add (local.get $h) (i32.load offset=2 (local.get $p))) (i32.const 31)))))
      (local.set $h (i32.xor (local.get $h) (i32.load16_u (local.get $p))))
      (local.set $p (i32.sub (local.get $p) (i32.const 2)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $h))

  (func (export "floats") (param $p i32) (param $n i32) (result f64)
    (local $sum f64)
    (loop $next
      (local.set $sum (f64.add (f64.mul (local.get $sum) (f64.const 0.5))
                               (f64.promote_f32 (f32.load (local.get $p)))))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
