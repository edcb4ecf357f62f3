;; Two exports: a recursive factorial of 64-bit integers, and a mean of doubles.
(module
  (func $factorial (export "factorial") (param $n i64) (result i64)
    local.get $n
    i64.eqz
    if (result i64)
      i64.const 1
    else
      local.get $n
      local.get $n
      i64.const 1
      i64.sub
      call $factorial
      i64.mul
    end)
  (func (export "mean") (param f64 f64) (result f64)
    local.get 0
    local.get 1
    f64.add
    f64.const 0.5
    f64.mul)
  (func (export "divide") (param i32 i32) (result i32 i32)
    local.get 0
    local.get 1
    i32.div_s
    local.get 0
    local.get 1
    i32.rem_s))
