;; A difference left unreduced for the sum that takes it, which then found that sum small, though negative.
;; f(0.0) = 7133701809754865664
;; f(1.0) = 7133701809754865665
;; g(0) = -5
;; g(9) = 4
;; h(3) = -2
(module
  (func (export "f") (param f32) (result i64)
    (i64.add (i64.trunc_f32_s (local.get 0)) (i64.sub (i64.trunc_sat_f32_s (f32.const 0)) (i64.const 0x9d00000000000000))))
  (func (export "g") (param i32) (result i32)
    (i32.add (local.get 0) (i32.sub (i32.and (local.get 0) (i32.const 0)) (i32.const 5))))
  (func (export "h") (param i32) (result i32)
    (i32.add (i32.sub (i32.clz (i32.const 0x80000000)) (local.get 0)) (i32.eqz (i32.eqz (local.get 0))))))
