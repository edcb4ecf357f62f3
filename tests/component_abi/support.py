"""Components for tests: from the text format, and one that gives back values of any type.

instantiate('(component ...)')          -> a ComponentInstance
echo("(list string)")                   -> the bytes of a component whose `echo` returns what it is given
"""

from __future__ import annotations

import functools
import subprocess
from typing import Any

import wasmz
from tests.spec.suite import find_wasm_tools
from tests.support.kept import kept
from wasmz.component import ComponentInstance, Linker


@functools.cache
def parse(text: str) -> bytes:
    """A component in the text format as bytes."""
    return kept(text.encode(), lambda: _parse(text))


def _parse(text: str) -> bytes:
    made = subprocess.run([find_wasm_tools(), "parse", "-"], input=text.encode(), capture_output=True, check=False)
    if made.returncode:
        raise ValueError(made.stderr.decode())
    return made.stdout


def instantiate(text: str, **imports: Any) -> ComponentInstance:
    """An instance of a component in the text format."""
    engine = wasmz.Engine()
    linker = Linker(engine)
    for name, item in imports.items():
        linker.define(name.replace("_", "-"), item)
    return linker.instantiate(wasmz.Store(engine), wasmz.Component.compile(engine, parse(text)))


# An allocator that only goes up.
ALLOCATOR = """
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 1024))
  (func (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
                            (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $new)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))))
      (drop (memory.grow (i32.add (i32.shr_u (local.get $new) (i32.const 16)) (i32.const 1)))))
    (memory.copy (local.get $at) (local.get $old) (local.get $size))
    (local.get $at))
"""


def echo(type: str, definitions: str = "", encoding: str = "utf8") -> str:
    """A component that imports `host`, from a value to a pair of it and an integer, and exports `echo`, which calls it.

    Both pass values in memory: there are more parameters than may be flat.
    """
    params = " ".join(f'(param "p{number}" u32)' for number in range(16))
    cores = "(param i32)"
    return f"""(component
      {definitions}
      (import "host" (func $host {params} (param "value" {type}) (result (tuple {type} u32))))
      (core module $memory {ALLOCATOR})
      (core instance $memory (instantiate $memory))
      (alias core export $memory "memory" (core memory $m))
      (alias core export $memory "realloc" (core func $realloc))
      (core func $lowered (canon lower (func $host) (memory $m) (realloc $realloc) string-encoding={encoding}))
      (core module $main
        (import "host" "host" (func $host {cores} (param i32)))
        (import "memory" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
        (func (export "echo") {cores} (result i32) (local $result i32)
          (local.set $result (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 4096)))
          (call $host (local.get 0) (local.get $result))
          (local.get $result)))
      (core instance $main (instantiate $main
        (with "host" (instance (export "host" (func $lowered))))
        (with "memory" (instance $memory))))
      (func (export "echo") {params} (param "value" {type}) (result (tuple {type} u32))
        (canon lift (core func $main "echo") (memory $m) (realloc $realloc) string-encoding={encoding})))"""


def dump(type: str, definitions: str = "") -> str:
    """A component that exports `dump`, from a value to the bytes that it takes in memory."""
    params = " ".join(f'(param "p{number}" u32)' for number in range(16))
    return f"""(component
      {definitions}
      (core module $main {ALLOCATOR}
        (func (export "dump") (param i32) (result i32)
          (i32.store (i32.const 16) (i32.const 1024))
          (i32.store (i32.const 20) (i32.sub (global.get $next) (i32.const 1024)))
          (i32.const 16)))
      (core instance $main (instantiate $main))
      (alias core export $main "memory" (core memory $m))
      (alias core export $main "realloc" (core func $realloc))
      (func (export "dump") {params} (param "value" {type}) (result (list u8))
        (canon lift (core func $main "dump") (memory $m) (realloc $realloc))))"""
