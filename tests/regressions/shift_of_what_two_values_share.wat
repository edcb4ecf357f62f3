;; A mask was left out below a shift to the right because it had all the bits that remain: but it was no constant.
;; sign(-5, 5) = 0
;; sign(-5, -3) = 1
;; lowest(-5) = 0
;; lowest(-9223372036854775808) = 1
;; some(-1, 240) = 15
;; some(255, -1) = 15
(module
  (func (export "sign") (param i32 i32) (result i32)
    (i32.shr_u (i32.and (local.get 0) (local.get 1)) (i32.const 31)))
  (func (export "lowest") (param i64) (result i64)
    (i64.shr_u (i64.and (local.get 0) (i64.sub (i64.const 0) (local.get 0))) (i64.const 63)))
  (func (export "some") (param i32 i32) (result i32)
    (i32.shr_u (i32.and (local.get 0) (local.get 1)) (i32.const 4))))
