;; A sum known to fit was not reduced, yet computed by subtracting the complement of its large constant.
;; below() = 0
;; sum(0) = -2
;; sum(1) = -1
;; wide(0) = -2
;; wide(1) = -1
;; compared(2) = 0
;; compared(-2) = 1
(module
  (func (export "below") (result i32) (local f64)
    (i32.lt_u (i32.add (f64.lt (local.get 0) (local.get 0)) (i32.const -2)) (i32.const 1)))
  (func (export "sum") (param i32) (result i32)
    (i32.xor (i32.add (i32.and (local.get 0) (i32.const 1)) (i32.const -2)) (i32.const 0)))
  (func (export "wide") (param i64) (result i64)
    (i64.xor (i64.add (i64.and (local.get 0) (i64.const 1)) (i64.const -2)) (i64.const 0)))
  (func (export "compared") (param i32) (result i32) (local f64)
    (i32.ge_u (local.get 0) (i32.add (f64.lt (local.get 1) (local.get 1)) (i32.const -2)))))
