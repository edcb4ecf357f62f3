;; Finds the zero of a function that the host supplies, by halving an interval.
(module
  (import "env" "f" (func $f (param f64) (result f64)))
  (import "env" "report" (func $report (param i32 f64)))
  (func (export "bisect") (param $low f64) (param $high f64) (param $steps i32) (result f64)
    (local $middle f64) (local $step i32)
    loop $next
      local.get $low
      local.get $high
      f64.add
      f64.const 0.5
      f64.mul
      local.set $middle
      local.get $step
      local.get $middle
      call $report
      local.get $middle
      call $f
      f64.const 0
      f64.lt
      if
        local.get $middle
        local.set $low
      else
        local.get $middle
        local.set $high
      end
      local.get $step
      i32.const 1
      i32.add
      local.tee $step
      local.get $steps
      i32.lt_u
      br_if $next
    end
    local.get $middle))
