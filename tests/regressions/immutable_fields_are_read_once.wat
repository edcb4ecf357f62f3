;; An immutable field is read once, a mutable one each time; a length is known before a loop only if that cannot trap.
;; both() = 1030207
;; made() = 7
;; late(0) = 1
;; late(1) traps NULL_REFERENCE
;; count() = 2
;; sum(5) = 15
(module
  (type $v (struct (field $fixed i8) (field $free (mut i8))))
  (type $ints (array (mut i32)))
  (global $count (export "counted") (mut i32) (i32.const 0))
  (func $change (param $v (ref $v)) (struct.set $v $free (local.get $v) (i32.const 2)))
  (func (export "both") (result i32) (local $v (ref null $v)) (local $sum i32)
    (local.set $v (struct.new $v (i32.const 257) (i32.const 259)))
    (local.set $sum (i32.mul (struct.get_u $v $fixed (local.get $v)) (i32.const 1000000)))
    (local.set $sum (i32.add (local.get $sum) (i32.mul (struct.get_s $v $free (local.get $v)) (i32.const 10000))))
    (call $change (ref.as_non_null (local.get $v)))
    (local.set $sum (i32.add (local.get $sum) (i32.mul (struct.get_s $v $free (local.get $v)) (i32.const 100))))
    (i32.add (local.get $sum) (i32.mul (struct.get_s $v $fixed (local.get $v)) (i32.const 7))))
  (func (export "made") (result i32) (struct.get_u $v $fixed (struct.new $v (i32.const -249) (i32.const 0))))
  (func (export "count") (result i32) (global.get $count))
  (func (export "late") (param $null i32) (result i32) (local $a (ref null $ints)) (local $i i32)
    (if (i32.eqz (local.get $null)) (then (local.set $a (array.new_default $ints (i32.const 1)))))
    (loop $more
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $i) (array.len (local.get $a)))))
    (local.get $i))
  (func (export "sum") (param $n i32) (result i32) (local $a (ref $ints)) (local $i i32) (local $sum i32)
    (local.set $a (array.new $ints (i32.const 3) (local.get $n)))
    (block $end
      (loop $more
        (br_if $end (i32.ge_u (local.get $i) (array.len (local.get $a))))
        (local.set $sum (i32.add (local.get $sum) (array.get $ints (local.get $a) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $more)))
    (local.get $sum)))
