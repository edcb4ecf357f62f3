;; An access outside the memory, which is a trap
(module
  (memory 1)
  (func $peek (param $at i32) (result i32)
    (i32.load (local.get $at)))
  (func (export "peek") (param $at i32) (result i32)
    (call $peek (i32.mul (local.get $at) (i32.const 4)))))
