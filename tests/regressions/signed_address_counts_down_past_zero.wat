;; f(7) traps MEMORY_OUT_OF_BOUNDS
(module
  (memory (export "memory") 1 3)
  (func (export "f") (param $u i32)
    (local $p i32)
    (local.set $p (i32.const 1))
    (loop $l1
      (i32.store8 (local.get $p) (local.get $u))
      (local.set $p (i32.add (local.get $p) (i32.const -1)))
      (br_if $l1 (i32.ne (local.get $p) (i32.const 1))))))
