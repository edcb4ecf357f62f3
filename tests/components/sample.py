"""A component that has something of everything, written by hand and built by ``wasm-tools``: see ``WORLD``."""

from __future__ import annotations

import functools

from tests.support.components import build_component

WORLD = """
package acme:app@1.0.0;

interface clock {
  now: func() -> u64;
}

interface shapes {
  record point { x: f32, y: f32 }
  enum colour { red, dark-blue }
  flags access { read, write }
  variant shape { circle(f32), at(point), nothing }
  resource counter {
    constructor(start: u32);
    next: func() -> u32;
  }
  scale: func(p: point, by: f32) -> point;
  flip: func(c: colour) -> colour;
  toggle: func(a: access) -> access;
  same: func(s: shape) -> shape;
  check: func(n: u32) -> result<u32, string>;
}

world app {
  import log: func(message: string);
  import clock;
  export shapes;
  export greet: func(name: string) -> string;
  export when: func() -> u64;
}
"""

# Results that are more than one number are returned as an address: each function has a place of its own for them.
MODULE = """
(module
  (import "$root" "log" (func $log (param i32 i32)))
  (import "acme:app/clock@1.0.0" "now" (func $now (result i64)))
  (import "[export]acme:app/shapes@1.0.0" "[resource-new]counter" (func $new (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 80) "zero")
  (global $next (mut i32) (i32.const 1024))
  (func $allocate (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $made i32)
    (local.set $made (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $made) (local.get 3)))
    (local.get $made))
  (func (export "acme:app/shapes@1.0.0#scale") (param f32 f32 f32) (result i32)
    (f32.store (i32.const 16) (f32.mul (local.get 0) (local.get 2)))
    (f32.store (i32.const 20) (f32.mul (local.get 1) (local.get 2)))
    (i32.const 16))
  (func (export "acme:app/shapes@1.0.0#flip") (param i32) (result i32) (i32.xor (local.get 0) (i32.const 1)))
  (func (export "acme:app/shapes@1.0.0#toggle") (param i32) (result i32) (i32.xor (local.get 0) (i32.const 3)))
  (func (export "acme:app/shapes@1.0.0#same") (param i32 f32 f32) (result i32)
    (i32.store8 (i32.const 32) (local.get 0))
    (f32.store (i32.const 36) (local.get 1))
    (f32.store (i32.const 40) (local.get 2))
    (i32.const 32))
  (func (export "acme:app/shapes@1.0.0#check") (param i32) (result i32)
    (i32.store8 (i32.const 64) (i32.eqz (local.get 0)))
    (i32.store (i32.const 68) (select (local.get 0) (i32.const 80) (local.get 0)))
    (i32.store (i32.const 72) (i32.const 4))
    (i32.const 64))
  (func (export "acme:app/shapes@1.0.0#[constructor]counter") (param i32) (result i32)
    (local $at i32)
    (local.set $at (call $allocate (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 4)))
    (i32.store (local.get $at) (local.get 0))
    (call $new (local.get $at)))
  (func (export "acme:app/shapes@1.0.0#[method]counter.next") (param i32) (result i32)
    (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1)))
    (i32.load (local.get 0)))
  (func (export "greet") (param i32 i32) (result i32)
    (call $log (local.get 0) (local.get 1))
    (i32.store (i32.const 96) (local.get 0))
    (i32.store (i32.const 100) (local.get 1))
    (i32.const 96))
  (func (export "when") (result i64) (call $now)))
"""


@functools.cache
def sample() -> bytes:
    """The component; the test is skipped if there is no ``wasm-tools``."""
    return build_component(WORLD, MODULE)
