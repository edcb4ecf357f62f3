;; The operands of a call through a table are computed before the table is looked at, also where the index is just a
;; local; and before a null reference is noticed.
;; f(0) = 7
;; f(1) = 7
;; g() = 107
;; h(0) traps UNREACHABLE
(module
  (type $t (func (param i32) (result i32)))
  (table $table 2 2 funcref)
  (elem declare func $seven $more)
  (func $seven (type $t) (i32.const 7))
  (func $more (type $t) (i32.add (local.get 0) (i32.const 100)))
  (func $fill (result i32)
    (table.set $table (i32.const 0) (ref.func $seven))
    (table.set $table (i32.const 1) (ref.func $seven))
    (i32.const 5))
  (func (export "f") (param i32) (result i32)
    (call_indirect $table (type $t) (call $fill) (local.get 0)))
  (global $callee (mut (ref null $t)) (ref.null $t))
  (func $set (result i32)
    (global.set $callee (ref.func $more))
    (i32.const 7))
  (func (export "g") (result i32)
    (call_ref $t (call $set) (global.get $callee)))
  (func $fail (result i32) (unreachable))
  (func (export "h") (param $zero i32) (result i32) (local $null (ref null $t))
    (call_ref $t (call $fail) (local.get $null))))
