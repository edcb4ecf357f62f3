;; A loop over memory, which becomes one over a slice
(module
  (memory (export "memory") 1)
  (data (i32.const 0) "the quick brown fox jumps over the lazy dog")
  (func (export "sum") (param $at i32) (param $count i32) (result i32)
    (local $end i32) (local $sum i32)
    (local.set $end (i32.add (local.get $at) (local.get $count)))
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $at))))
      (br_if $next (i32.lt_u
        (local.tee $at (i32.add (local.get $at) (i32.const 1)))
        (local.get $end))))
    (local.get $sum)))
