;; A condition of a loop that is read as a stream is tested behind it, in an outer loop. It got a local, and that a zero
;; which is no operation: compilation failed.
;; f(64, 2147483647, 3) = -1943388592
;; f(4, 0, 2) = 2000030
;; f(40, -294967296, 5) = -1904081787
(module (memory 1)
  (data (i32.const 0) "\01\00\00\00\02\00\00\00\03\00\00\00\04\00\00\00\05\00\00\00\06\00\00\00\07\00\00\00\08\00\00\00\09\00\00\00\0a\00\00\00\0b\00\00\00\0c\00\00\00\0d\00\00\00\0e\00\00\00\0f\00\00\00\10\00\00\00")
  (func (export "f") (param $end i32) (param $limit i32) (param $times i32) (result i32)
    (local $p i32) (local $hash i32) (local $high i32) (local $found i32)
    (loop $again
      (local.set $p (i32.const 0))
      (loop $words
        (local.set $hash (i32.xor (i32.mul (local.get $hash) (i32.const 31)) (i32.load (local.get $p))))
        (local.set $high (i32.gt_u (local.get $hash) (local.get $limit)))
        (local.set $p (i32.add (local.get $p) (i32.const 4)))
        (br_if $words (i32.lt_u (local.get $p) (local.get $end))))
      (if (local.get $high) (then (local.set $found (i32.add (local.get $found) (i32.const 1)))))
      (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
    (i32.add (i32.mul (local.get $found) (i32.const 1000000)) (local.get $hash))))
