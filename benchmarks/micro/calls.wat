;; The smallest functions in both directions: what a call costs, and nothing else.
(module
  (import "env" "add" (func $host_add (param i32 i32) (result i32)))
  (func (export "add") (param i32 i32) (result i32)
    local.get 0
    local.get 1
    i32.add)
  (func (export "nothing"))
  ;; Call the host function n times.
  (func (export "call_host") (param $n i32) (result i32) (local $sum i32)
    loop $next (result i32)
      local.get $sum
      i32.const 1
      call $host_add
      local.set $sum
      local.get $n
      i32.const 1
      i32.sub
      local.tee $n
      br_if $next
      local.get $sum
    end)
  ;; The same loop without the call.
  (func (export "call_none") (param $n i32) (result i32) (local $sum i32)
    loop $next (result i32)
      local.get $sum
      i32.const 1
      i32.add
      local.set $sum
      local.get $n
      i32.const 1
      i32.sub
      local.tee $n
      br_if $next
      local.get $sum
    end))
