"""Components for tests: from the text format, and one that gives back values of any type.

instantiate('(component ...)')          -> a ComponentInstance
echo("(list string)")                   -> a component whose `echo` returns what it is given, which goes through memory
flat("u8", ["i32"])                     the same by core values, and `dump`, which returns what these are
passed("string", "utf8", "utf16")       two components, of which one gives the other what it is given
"""

from __future__ import annotations

import functools
import subprocess
from typing import Any

import wasmz
from tests.support.components import wasm_tools
from tests.support.kept import kept
from wasmz.component import ComponentInstance, Linker


@functools.cache
def parse(text: str) -> bytes:
    """A component in the text format as bytes."""
    return kept(text.encode(), lambda: _parse(text))


def _parse(text: str) -> bytes:
    made = subprocess.run([wasm_tools(), "parse", "-"], input=text.encode(), capture_output=True, check=False)
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


def flat(type: str, cores: list[str], results: list[str], definitions: str = "") -> str:
    """A component with `echo`, from a value by `host`, which it imports, to the same; and `dump`, to the core values.

    Args:
        type: the values'.
        cores: the core types that its values are passed in.
        results: those of results: one, or none if these are in memory.
        definitions: that the type needs.
    """
    params = "".join([f" (param {core})" for core in cores])
    gets = " ".join([f"(local.get {number})" for number in range(len(cores))])
    stores = " ".join(
        [f"({core}.store (i32.const {64 + 8 * number}) (local.get {number}))" for number, core in enumerate(cores)]
    )
    if results:
        host, call = f"{params} (result {results[0]})", f"(result {results[0]}) (call $host {gets})"
    else:
        host, call = f"{params} (param i32)", f"(result i32) (call $host {gets} (i32.const 512)) (i32.const 512)"
    return f"""(component
      {definitions}
      (import "host" (func $host (param "value" {type}) (result {type})))
      (core module $memory {ALLOCATOR})
      (core instance $memory (instantiate $memory))
      (alias core export $memory "memory" (core memory $m))
      (alias core export $memory "realloc" (core func $realloc))
      (core func $lowered (canon lower (func $host) (memory $m) (realloc $realloc)))
      (core module $main
        (import "host" "host" (func $host {host}))
        (import "memory" "memory" (memory 1))
        (func (export "echo") {params} {call})
        (func (export "dump") {params} (result i32)
          (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (i32.const {8 * len(cores)}))
          {stores} (i32.const 16)))
      (core instance $main (instantiate $main
        (with "host" (instance (export "host" (func $lowered))))
        (with "memory" (instance $memory))))
      (func (export "echo") (param "value" {type}) (result {type})
        (canon lift (core func $main "echo") (memory $m) (realloc $realloc)))
      (func (export "dump") (param "value" {type}) (result (list u8))
        (canon lift (core func $main "dump") (memory $m) (realloc $realloc))))"""


def passed(type: str, outer: str, inner: str) -> str:
    """A component that exports `echo`, which gives what it is given to that of another one, and returns its result.

    Args:
        type: the values', which are in memory: a tuple of more than 16 parts.
        outer, inner: the encodings of strings of both.
    """
    memory = f"""(core module $memory {ALLOCATOR})
      (core instance $memory (instantiate $memory))
      (alias core export $memory "memory" (core memory $m))
      (alias core export $memory "realloc" (core func $realloc))"""
    options = "(memory $m) (realloc $realloc) string-encoding="
    return f"""(component
      (component $inner
        {memory}
        (core module $main (func (export "echo") (param i32) (result i32) (local.get 0)))
        (core instance $main (instantiate $main))
        (func (export "echo") (param "value" {type}) (result {type})
          (canon lift (core func $main "echo") {options}{inner})))
      (component $outer
        (import "echo" (func $echo (param "value" {type}) (result {type})))
        {memory}
        (core func $echo' (canon lower (func $echo) {options}{outer}))
        (core module $main
          (import "" "echo" (func $echo (param i32 i32)))
          (import "" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
          (func (export "echo") (param i32) (result i32) (local $result i32)
            (local.set $result (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 4096)))
            (call $echo (local.get 0) (local.get $result))
            (local.get $result)))
        (core instance $main (instantiate $main
          (with "" (instance (export "echo" (func $echo')) (export "realloc" (func $realloc))))))
        (func (export "echo") (param "value" {type}) (result {type})
          (canon lift (core func $main "echo") {options}{outer})))
      (instance $i (instantiate $inner))
      (instance $o (instantiate $outer (with "echo" (func $i "echo"))))
      (export "echo" (func $o "echo")))"""
