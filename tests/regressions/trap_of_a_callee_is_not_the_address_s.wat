;; On CPython 3.13 the handler of an address that stood next to a call took what the callee raised: a crash.
;; f(1) traps UNREACHABLE
;; count() = 10
;; f(-1) traps MEMORY_OUT_OF_BOUNDS
;; count() = 10
(module
  (memory 1)
  (global $calls (mut i32) (i32.const 0))
  (func (export "count") (result i32) (global.get $calls))
  (func $callee (param i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.lt_s (global.get $calls) (i32.const 10)) (then (call $callee (i32.const 1))))
    (unreachable))
  (func (export "f") (param i32)
    (call $callee (i32.load (i32.add (i32.shl (local.get 0) (i32.const 2)) (local.get 0))))))
