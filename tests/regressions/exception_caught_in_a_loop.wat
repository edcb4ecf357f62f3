;; In code that counts rounds the caught exception is read from a local: forgetting it cleared another one.
;; caught(20) = -2112671671
;; caught(20) = -2112671671
(module
  (tag $small (param i32))
  (func $check (param i32) (result i32)
    (if (i32.lt_s (local.get 0) (i32.const 10)) (then (throw $small (local.get 0))))
    (i32.mul (local.get 0) (i32.const 2)))
  (func (export "caught") (param $n i32) (result i32) (local $sum i32)
    (loop $again
      (block $done
        (block $handler (result i32)
          (local.set $sum (i32.sub (local.get $sum)
            (try_table (result i32) (catch $small $handler) (call $check (local.get $n)))))
          (br $done))
        (local.set $sum (i32.add (local.get $sum))))
      (local.set $sum (i32.mul (local.get $sum) (i32.const 3)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
