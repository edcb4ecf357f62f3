;; A switch without cases has one edge; value numbering asked for its second one.
;; f(1) = 22
;; f(30) = 33
(module
  (func (export "f") (param i32) (result i32)
    (block $out
      (loop $again
        (block $on (br_table $on (local.get 0)))
        (br_if $out (i32.gt_u (local.tee 0 (i32.add (local.get 0) (i32.const 3))) (i32.const 20)))
        (br $again)))
    (local.get 0)))
