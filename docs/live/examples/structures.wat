;; Structures that Python's collector frees
(module
  (type $list (struct (field $value i32) (field $next (ref null $list))))
  (func $build (param $n i32) (result (ref null $list))
    (local $list (ref null $list))
    (loop $next
      (local.set $list (struct.new $list (local.get $n) (local.get $list)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $list))
  (func (export "sum_to") (param $n i32) (result i32)
    (local $list (ref null $list)) (local $sum i32)
    (local.set $list (call $build (local.get $n)))
    (block $end
      (loop $next
        (br_if $end (ref.is_null (local.get $list)))
        (local.set $sum (i32.add (local.get $sum) (struct.get $list $value (local.get $list))))
        (local.set $list (struct.get $list $next (local.get $list)))
        (br $next)))
    (local.get $sum)))
