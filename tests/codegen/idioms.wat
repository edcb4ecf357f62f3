;; Loops that fill, copy, compare, search and sum memory, in the shapes that compilers give them.
(module
  (memory (export "memory") 1)
  (data (i32.const 0) "abracadabra abracadabra abracadabra abracadabra abracadabra abracadabra")
  (data (i32.const 190) "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\80\80b\00")
  (data (i32.const 2900) "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
  (data (i32.const 3010) "The quick brown fox jumps over the lazy dog. \ff\fe\fdThe quick brown fox jumps over the lazy dog.")
  (data (i32.const 65400) "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")

  ;; Makes the bytes from 5400 to 7000 differ, so that it is seen where copied ones come from.
  (func (export "shuffle") (param $seed i32)
    (local $p i32) (local $x i64)
    (local.set $p (i32.const 5400))
    (local.set $x (i64.extend_i32_u (local.get $seed)))
    (loop $next
      (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
      (i64.store (local.get $p) (i64.xor (local.get $x) (i64.shr_u (local.get $x) (i64.const 29))))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $p) (i32.const 7000)))))

  ;; fill(where, value, count)

  (func (export "fill bytes, counting down") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (loop $next
      (i32.store8 (local.get $p) (local.get $v))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $p))

  (func (export "fill words up to a limit") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $p) (i32.shl (local.get $n) (i32.const 2))))
    (loop $next
      (i32.store offset=4 (local.get $p) (local.get $v))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $next (i32.ne (local.get $p) (local.get $end))))
    (local.get $p))

  (func (export "fill words below a limit") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $p) (i32.mul (local.get $n) (i32.const 3))))
    (loop $next
      (i32.store16 (local.get $p) (local.get $v))
      (br_if $next (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 2))) (local.get $end))))
    (local.get $p))

  (func (export "fill, tested first") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (local $i i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_s (local.get $i) (local.get $n)))
        (i64.store32 (i32.add (local.get $p) (i32.shl (local.get $i) (i32.const 2)))
          (i64.extend_i32_u (local.get $v)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $i))

  (func (export "fill four at a time") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (local $w i64)
    (local.set $w (i64.mul (i64.extend_i32_u (local.get $v)) (i64.const 0x0101010101)))
    (loop $next
      (i64.store offset=8 (local.get $p) (local.get $w))
      (i64.store (local.get $p) (local.get $w))
      (i64.store (i32.add (local.get $p) (i32.const 16)) (local.get $w))
      (i64.store offset=24 (local.get $p) (local.get $w))
      (local.set $p (i32.add (local.get $p) (i32.const 32)))
      (br_if $next (i32.gt_u (local.tee $n (i32.sub (local.get $n) (i32.const 4))) (i32.const 3))))
    (local.get $n))

  (func (export "fill floats") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (loop $next
      (f64.store (local.get $p) (f64.convert_i32_s (local.get $v)))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (br_if $next (local.tee $n (i32.add (local.get $n) (i32.const -1)))))
    (local.get $p))

  (func (export "fill singles") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (loop $next
      (f32.store (local.get $p) (f32.reinterpret_i32 (local.get $v)))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $next (local.tee $n (i32.add (local.get $n) (i32.const -1)))))
    (local.get $p))

  (func (export "fill downwards") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (loop $next
      (i32.store8 offset=1 (local.get $p) (local.get $v))
      (local.set $p (i32.sub (local.get $p) (i32.const 1)))
      (br_if $next (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (local.get $p))

  (func (export "fill pairs downwards") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (loop $next
      (i32.store16 (local.get $p) (local.get $v))
      (i32.store16 (i32.sub (local.get $p) (i32.const 2)) (local.get $v))
      (local.set $p (i32.sub (local.get $p) (i32.const 4)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $p))

  (func (export "fill every third") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (loop $next
      (i32.store16 (local.get $p) (local.get $v))
      (local.set $p (i32.add (local.get $p) (i32.const 3)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $p))

  (func (export "fill a column") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (local $end i64) (local $i i64)
    (local.set $end (i64.mul (i64.extend_i32_s (local.get $n)) (i64.const 9)))
    (loop $next
      (i32.store8 (local.get $p) (i32.const 1))
      (local.set $p (i32.add (local.get $p) (local.get $v)))
      (local.set $i (i64.add (local.get $i) (i64.extend_i32_u (local.get $v))))
      (br_if $next (i64.lt_u (local.get $i) (local.get $end))))
    (i32.add (local.get $p) (i32.wrap_i64 (local.get $i))))

  ;; copy(to, from, count)

  (func (export "copy bytes") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (loop $next
      (i32.store8 (local.get $q) (i32.load8_u (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $q (i32.add (local.get $q) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $p) (local.get $q)))

  (func (export "copy by index") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (local $i i32)
    (loop $next
      (i64.store8 (i32.add (local.get $q) (local.get $i)) (i64.load8_s (i32.add (local.get $i) (local.get $p))))
      (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $i))

  (func (export "copy words") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $q) (local.get $n)))
    (loop $next
      (i32.store (local.get $q) (i32.load (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (br_if $next (i32.lt_u (local.tee $q (i32.add (local.get $q) (i32.const 4))) (local.get $end))))
    (i32.add (local.get $p) (local.get $q)))

  (func (export "copy floats") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (loop $next
      (f32.store (local.get $q) (f32.load (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (local.set $q (i32.add (local.get $q) (i32.const 4)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $p) (local.get $q)))

  (func (export "copy bytes downwards") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (loop $next
      (i32.store8 offset=2 (local.get $q) (i32.load8_u (local.get $p)))
      (local.set $p (i32.sub (local.get $p) (i32.const 1)))
      (local.set $q (i32.sub (local.get $q) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $p) (local.get $q)))

  (func (export "copy words downwards by index") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (loop $next
      (local.set $n (i32.sub (local.get $n) (i32.const 8)))
      (i64.store (i32.add (local.get $q) (local.get $n)) (i64.load (i32.add (local.get $p) (local.get $n))))
      (br_if $next (i32.gt_s (local.get $n) (i32.const 7))))
    (local.get $n))

  (func (export "copy four bytes at a time") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (loop $next
      (i32.store8 (local.get $q) (i32.load8_u (local.get $p)))
      (i32.store8 offset=1 (local.get $q) (i32.load8_u offset=1 (local.get $p)))
      (i32.store8 (i32.add (local.get $q) (i32.const 2)) (i32.load8_u (i32.add (local.get $p) (i32.const 2))))
      (i32.store8 offset=3 (local.get $q) (i32.load8_u (i32.add (local.get $p) (i32.const 3))))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (local.set $q (i32.add (local.get $q) (i32.const 4)))
      (br_if $next (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))
    (i32.add (local.get $p) (local.get $q)))

  (func (export "copy pairs, both loaded first") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (local $a i32) (local $b i32)
    (loop $next
      (local.set $b (i32.load offset=4 (local.get $p)))
      (local.set $a (i32.load (local.get $p)))
      (i32.store (local.get $q) (local.get $a))
      (i32.store offset=4 (local.get $q) (local.get $b))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (local.set $q (i32.add (local.get $q) (i32.const 8)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $p) (local.get $q)))

  (func (export "copy pairs, the last one first") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (loop $next
      (i32.store8 offset=1 (local.get $q) (i32.load8_u offset=1 (local.get $p)))
      (i32.store8 (local.get $q) (i32.load8_u (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 2)))
      (local.set $q (i32.add (local.get $q) (i32.const 2)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $p) (local.get $q)))

  (func (export "copy pairs downwards") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (loop $next
      (i32.store16 offset=2 (local.get $q) (i32.load16_u offset=2 (local.get $p)))
      (i32.store16 (local.get $q) (i32.load16_u (local.get $p)))
      (local.set $p (i32.sub (local.get $p) (i32.const 4)))
      (local.set $q (i32.sub (local.get $q) (i32.const 4)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $p) (local.get $q)))

  (func (export "copy until zero") (param $q i32) (param $p i32) (param $n i32) (result i32)
    (local $c i32)
    (loop $next
      (local.set $c (i32.load8_u (local.get $p)))
      (i32.store8 (local.get $q) (local.get $c))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (local.set $q (i32.add (local.get $q) (i32.const 1)))
      (br_if $next (local.get $c)))
    (i32.add (local.get $p) (local.get $q)))

  ;; match(one, other, count)

  (func (export "match bytes") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (block $differ
      (loop $next
        (br_if $differ (i32.ne (i32.load8_u (local.get $p)) (i32.load8_u (local.get $q))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (local.set $q (i32.add (local.get $q) (i32.const 1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (return (i32.const 0)))
    (i32.sub (i32.load8_u (local.get $p)) (i32.load8_u (local.get $q))))

  (func (export "match by index") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $i i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (br_if $done (i32.ne (i32.load8_s (i32.add (local.get $p) (local.get $i)))
          (i32.load8_s (i32.add (local.get $q) (local.get $i)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $i))

  (func (export "match eight at a time") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $end i32) (local $d i64)
    (local.set $end (i32.add (local.get $p) (local.get $n)))
    (block $differ
      (loop $next
        (local.set $d (i64.xor (i64.load (local.get $p)) (i64.load (local.get $q))))
        (br_if $differ (i64.ne (local.get $d) (i64.const 0)))
        (local.set $q (i32.add (local.get $q) (i32.const 8)))
        (br_if $next (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 8))) (local.get $end)))))
    (i32.add (local.get $p) (i32.wrap_i64 (i64.ctz (local.get $d)))))

  (func (export "match downwards") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (local $low i32)
    (local.set $low (i32.sub (local.get $p) (local.get $n)))
    (block $done
      (loop $next
        (br_if $done (i32.le_u (local.get $p) (local.get $low)))
        (br_if $done (i32.eqz (local.get $q)))
        (br_if $done (i32.ne (i32.load8_u (i32.sub (local.get $p) (i32.const 1)))
          (i32.load8_u (i32.sub (local.get $q) (i32.const 1)))))
        (local.set $p (i32.sub (local.get $p) (i32.const 1)))
        (local.set $q (i32.sub (local.get $q) (i32.const 1)))
        (br $next)))
    (i32.add (local.get $p) (local.get $q)))

  (func (export "match without end") (param $p i32) (param $q i32) (param $n i32) (result i32)
    (loop $next
      (local.set $p (i32.add (local.get $p) (i32.const 2)))
      (br_if $next (i32.eq (i32.load16_u offset=2 (local.get $p))
        (i32.load16_u (local.tee $q (i32.add (local.get $q) (i32.const 2)))))))
    (i32.add (local.get $p) (local.get $q)))

  ;; find(where, value, count)

  (func (export "find the zero") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (loop $next
      (br_if $next (i32.load8_u (local.tee $p (i32.add (local.get $p) (i32.const 1))))))
    (local.get $p))

  (func (export "find a byte") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (block $found
      (loop $next
        (br_if $found (i32.eq (i32.load8_u (local.get $p)) (local.get $v)))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (i32.add (local.get $p) (local.get $n)))

  (func (export "find a signed byte") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (block $found
      (loop $next
        (br_if $found (i32.eq (i32.load8_s (local.get $p)) (i32.sub (i32.const 0) (local.get $v))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (i32.add (local.get $p) (local.get $n)))

  (func (export "find a byte downwards") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (block $found
      (loop $next
        (br_if $found (i64.eq (i64.load8_u offset=1 (local.get $p)) (i64.extend_i32_u (local.get $v))))
        (local.set $p (i32.sub (local.get $p) (i32.const 1)))
        (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (i32.add (local.get $p) (local.get $n)))

  (func (export "find the end of a run") (param $p i32) (param $v i32) (param $n i32) (result i32)
    (local.set $v (i32.load8_u (local.get $p)))
    (loop $next
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (i32.eq (i32.load8_u (local.get $p)) (local.get $v))))
    (local.get $p))

  ;; sum(where, begin, count)

  (func (export "sum of bytes") (param $p i32) (param $s i32) (param $n i32) (result i32)
    (loop $next
      (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $s) (local.get $p)))

  (func (export "sum downwards") (param $p i32) (param $s i32) (param $n i32) (result i32)
    (local $t i64)
    (loop $next
      (local.set $t (i64.add (local.get $t) (i64.load8_u (local.get $p))))
      (local.set $p (i32.sub (local.get $p) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (i32.wrap_i64 (local.get $t)) (local.get $p)))

  (func (export "sum of sums") (param $p i32) (param $s i32) (param $n i32) (result i32)
    (local $t i32)
    (loop $next
      (local.set $s (i32.add (local.get $s) (i32.load8_u (local.get $p))))
      (local.set $t (i32.add (local.get $t) (local.get $s)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.xor (local.get $s) (i32.mul (local.get $t) (i32.const 3))))

  (func (export "sum of sums, three at a time, downwards") (param $p i32) (param $s i32) (param $n i32) (result i32)
    (local $t i32)
    (loop $next
      (local.set $t (i32.add (local.get $t)
        (local.tee $s (i32.add (local.get $s) (i32.load8_u offset=2 (local.get $p))))))
      (local.set $t (i32.add (local.get $t)
        (local.tee $s (i32.add (local.get $s) (i32.load8_u offset=1 (local.get $p))))))
      (local.set $t (i32.add (local.get $t)
        (local.tee $s (i32.add (local.get $s) (i32.load8_u (local.get $p))))))
      (local.set $p (i32.sub (local.get $p) (i32.const 3)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.xor (local.get $s) (i32.mul (local.get $t) (i32.const 3))))

  ;; Loops that look like those.

  (func (export "other: bytes in the order opposite to their weights") (param $p i32) (param $s i32) (param $n i32)
    (result i32)
    (local $t i32)
    (loop $next
      (local.set $t (i32.add (local.get $t)
        (local.tee $s (i32.add (local.get $s) (i32.load8_u offset=1 (local.get $p))))))
      (local.set $t (i32.add (local.get $t)
        (local.tee $s (i32.add (local.get $s) (i32.load8_u (local.get $p))))))
      (local.set $p (i32.add (local.get $p) (i32.const 2)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.xor (local.get $s) (i32.mul (local.get $t) (i32.const 3))))

  (func (export "other: stores a number of the round") (param $p i32) (param $s i32) (param $n i32) (result i32)
    (loop $next
      (i32.store8 (local.get $p) (local.get $n))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $p))

  (func (export "other: stores that overlap") (param $p i32) (param $s i32) (param $n i32) (result i32)
    (loop $next
      (i32.store16 (local.get $p) (local.get $s))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $p))

  (func (export "other: reads what it changes") (param $p i32) (param $s i32) (param $n i32) (result i32)
    (loop $next
      (local.set $s (i32.add (local.get $s) (i32.load8_u offset=1 (local.get $p))))
      (i32.store8 offset=3 (local.get $p) (i32.const 7))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))

  (func (export "other: divides") (param $p i32) (param $s i32) (param $n i32) (result i32)
    (local $t i32)
    (loop $next
      (local.set $t (i32.div_u (i32.const 100) (i32.sub (local.get $n) (i32.const 5))))
      (i32.store8 (local.get $p) (local.get $s))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $t))
)
