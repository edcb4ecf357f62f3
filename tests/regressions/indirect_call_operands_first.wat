;; A table was looked at before the operands of the call were computed, if the index was a constant or lived in a local.
;; outside() traps UNDEFINED_ELEMENT
;; count() = 1
;; filled() = 5
;; trapping() traps MEMORY_OUT_OF_BOUNDS
;; grown() = 3
;; joined(1) = 4
;; tail() traps UNDEFINED_ELEMENT
;; count() = 2
(module
  (memory 1)
  (type $t (func (param i32) (result i32)))
  (table $table 3 funcref)
  (elem (table $table) (i32.const 0) func $same)
  (global $n (mut i32) (i32.const 0))
  (func $same (type $t) (local.get 0))
  (func $side (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (i32.const 5))
  (func $fill (result i32) (table.set $table (i32.const 1) (ref.func $same)) (i32.const 5))
  (func $fill_second (result i32) (table.set $table (i32.const 2) (ref.func $same)) (i32.const 4))
  (func $grow (result i32) (drop (table.grow $table (ref.func $same) (i32.const 1))) (i32.const 3))
  (func (export "count") (result i32) (global.get $n))
  (func (export "outside") (result i32) (call_indirect (type $t) (call $side) (i32.const 99)))
  (func (export "filled") (result i32) (call_indirect (type $t) (call $fill) (i32.const 1)))
  (func (export "trapping") (result i32) (call_indirect (type $t) (i32.load (i32.const -1)) (i32.const 99)))
  (func (export "grown") (result i32) (call_indirect (type $t) (call $grow) (i32.const 3)))
  (func (export "joined") (param i32) (result i32)
    (call_indirect (type $t) (call $fill_second)
      (if (result i32) (local.get 0) (then (i32.const 2)) (else (i32.const 0)))))
  (func (export "tail") (result i32) (return_call_indirect (type $t) (call $side) (i32.const 99))))
