"""The component of docs/components.md: from WIT and a core module, as toolchains make components.

build()         -> its bytes
"""

from __future__ import annotations

import functools

from tests.component_abi.support import ALLOCATOR
from tests.support.components import build_component

WIT = """
package demo:shop@1.0.0;

interface clock {
  now: func() -> u64;
}

interface carts {
  enum unit { piece, kilogram }
  flags marks { fresh, cold }
  record item { name: string, unit: unit, marks: marks, note: option<string> }
  variant discount { none, percent(f64), code(string) }

  resource cart {
    constructor(owner: string);
    add: func(item: item) -> u32;
  }
  check: func(count: u32) -> result<u32, string>;
  apply: func(price: f64, discount: discount) -> f64;
  total: func(prices: list<f64>) -> f64;
}

world shop {
  import clock;
  export carts;
  export started: func() -> u64;
}
"""

_CORE = f"""(module
  (import "demo:shop/clock@1.0.0" "now" (func $now (result i64)))
  (import "[export]demo:shop/carts@1.0.0" "[resource-new]cart" (func $new (param i32) (result i32)))
  {ALLOCATOR.replace('(func (export "realloc")', '(func (export "cabi_realloc")')}
  (data (i32.const 64) "too many")
  (func (export "started") (result i64) (call $now))
  (func (export "demo:shop/carts@1.0.0#[constructor]cart") (param i32 i32) (result i32) (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (i32.const 8)))
    (i32.store (local.get $at) (i32.const 0))
    (call $new (local.get $at)))
  (func (export "demo:shop/carts@1.0.0#[method]cart.add")
    (param $self i32) (param i32 i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store (local.get $self) (i32.add (i32.load (local.get $self)) (i32.const 1)))
    (i32.load (local.get $self)))
  (func (export "demo:shop/carts@1.0.0#check") (param i32) (result i32)
    (if (i32.lt_u (local.get 0) (i32.const 10))
      (then (i32.store8 (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (local.get 0)))
      (else (i32.store8 (i32.const 16) (i32.const 1))
        (i32.store (i32.const 20) (i32.const 64)) (i32.store (i32.const 24) (i32.const 8))))
    (i32.const 16))
  (func (export "demo:shop/carts@1.0.0#apply") (param f64 i32 i64 i32) (result f64)
    (if (result f64) (i32.eq (local.get 1) (i32.const 1))
      (then (f64.mul (local.get 0) (f64.sub (f64.const 1)
        (f64.div (f64.reinterpret_i64 (local.get 2)) (f64.const 100)))))
      (else (local.get 0))))
  (func (export "demo:shop/carts@1.0.0#total") (param $at i32) (param $count i32) (result f64) (local $sum f64)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (local.set $sum (f64.add (local.get $sum) (f64.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
    (local.get $sum)))"""


@functools.cache
def build() -> bytes:
    """The bytes of the component."""
    return build_component(WIT, _CORE)
