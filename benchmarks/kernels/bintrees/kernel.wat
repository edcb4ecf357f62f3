;; Binary trees of garbage-collected structures: made, walked with a cast at each node, and dropped.
;; A leaf and a branch are both nodes, told apart by ref.test, as compilers of object-oriented languages do it.
(module
  (rec
    (type $node (sub (struct (field $value i32))))
    (type $branch (sub final $node (struct (field $value i32)
      (field $left (mut (ref $node))) (field $right (mut (ref $node)))))))

  (func $make (param $depth i32) (param $value i32) (result (ref $node))
    (if (result (ref $node)) (local.get $depth)
      (then
        (struct.new $branch
          (local.get $value)
          (call $make (i32.sub (local.get $depth) (i32.const 1)) (i32.shl (local.get $value) (i32.const 1)))
          (call $make (i32.sub (local.get $depth) (i32.const 1))
            (i32.add (i32.shl (local.get $value) (i32.const 1)) (i32.const 1)))))
      (else (struct.new $node (local.get $value)))))

  (func $check (param $node (ref $node)) (result i32)
    (local $branch (ref $branch))
    (block $leaf (result (ref $node))
      (local.set $branch (br_on_cast_fail $leaf (ref $node) (ref $branch) (local.get $node)))
      (return
        (i32.add
          (i32.add (call $check (struct.get $branch $left (local.get $branch)))
            (i32.mul (call $check (struct.get $branch $right (local.get $branch))) (i32.const 31)))
          (struct.get $node $value (local.get $branch)))))
    (struct.get $node $value))

  ;; Exchanges the children of every branch, with a stack of its own instead of calls.
  (type $stack (array (mut (ref null $node))))
  (func $mirror (param $root (ref $node))
    (local $stack (ref $stack)) (local $top i32) (local $branch (ref $branch)) (local $left (ref $node))
    (local.set $stack (array.new_default $stack (i32.const 64)))
    (array.set $stack (local.get $stack) (i32.const 0) (local.get $root))
    (local.set $top (i32.const 1))
    (loop $next
      (if (local.get $top)
        (then
          (local.set $top (i32.sub (local.get $top) (i32.const 1)))
          (block $leaf (result (ref null $node))
            (local.set $branch
              (br_on_cast_fail $leaf (ref null $node) (ref $branch)
                (array.get $stack (local.get $stack) (local.get $top))))
            (local.set $left (struct.get $branch $left (local.get $branch)))
            (struct.set $branch $left (local.get $branch) (struct.get $branch $right (local.get $branch)))
            (struct.set $branch $right (local.get $branch) (local.get $left))
            (array.set $stack (local.get $stack) (local.get $top) (struct.get $branch $left (local.get $branch)))
            (array.set $stack (local.get $stack) (i32.add (local.get $top) (i32.const 1)) (local.get $left))
            (local.set $top (i32.add (local.get $top) (i32.const 2)))
            (br $next))
          (drop)
          (br $next)))))

  (func (export "run") (param $depth i32) (result i32)
    (local $sum i32) (local $round i32) (local $tree (ref null $node))
    (loop $again
      (local.set $tree (call $make (local.get $depth) (i32.add (local.get $round) (i32.const 1))))
      (call $mirror (ref.as_non_null (local.get $tree)))
      (local.set $sum (i32.xor (i32.mul (local.get $sum) (i32.const 17))
        (call $check (ref.as_non_null (local.get $tree)))))
      (br_if $again (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 4))))
    (local.get $sum)))
