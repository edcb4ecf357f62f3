;; f3(2.5) = 0
(module
  (export "f3" (func $f3))
  (func $f3
    (param f64)
    (result i64)
    (local i32 i32 i64 i64 f32 f32 f64 f64)
    (local $loop_fuel i32)
    (loop $l1
      (loop $l2
        (if $l3
          (i32.const 1)
          (then (loop $l4 (br_if $l4 (local.get $loop_fuel))))
          (else (if (local.get $loop_fuel) (then (br_table $l3 $l1 $l1 $l2 $l1 $l1 (local.get 1))))))
        (loop $l6 (loop $l7 (br_if $l7 (local.get $loop_fuel))) (br_if $l6 (local.get $loop_fuel)))
        (br_if $l2 (local.get $loop_fuel)))
      (br_if $l1 (local.get $loop_fuel)))
    (if $l22 (result i64) (i32.const 0) (then (local.get 4)) (else (i64.const 0)))))
