"""Random types and values, passed through components by the binding and the drop-in: ``python -m tests.dropin.fuzz``.

Both must pass the same on to the host's function, and return the same, or raise the same.
"""

from __future__ import annotations

import argparse
import random
import sys
from typing import Any

import wasmtime as theirs
import wasmtime.component

import wasmz.wasmtime as ours
import wasmz.wasmtime.component  # noqa: F401
from tests.component_abi.support import _parse
from tests.dropin.scenarios.components import plain

# A type is its kind, and types, or labels and types, that it consists of.
Type = tuple[Any, ...]

SIMPLE = ("u8", "s16", "u32", "s64", "f32", "f64", "bool", "char", "string")
COMPOUND = ("list", "tuple", "option", "result", "record", "variant", "enum", "flags")
# What a wrong value may be.
STRANGERS: tuple[Any, ...] = (None, 5, "x", 1.5, b"x", [], ())
VALUES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("U8", "U32"), (0, 1, 255, 300, -1)),
    **dict.fromkeys(("S16", "S64"), (0, -1, 1 << 15, -(1 << 63))),
    **dict.fromkeys(("F32", "F64"), (0.5, -1.25, 1e300, 0.1)),
    "Bool": (False, True),
    "Char": ("a", "\xe4", "\U0001f600"),
    "String": ("", "abc", "\xe4\U0001f600"),
}
TEXT = """(component {definitions}
  (import "x" (func $x (param "x" {type}) (result {type})))
  (core module $libc (memory (export "m") 1) (global $next (mut i32) (i32.const 8192))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3))) (local.get $at)))
  (core instance $libc (instantiate $libc))
  (core func $x (canon lower (func $x) (memory (core memory $libc "m")) (realloc (core func $libc "realloc"))))
  (core module $a (import "" "x" (func {signature})) (func (export "x") {body}))
  (core instance $a (instantiate $a (with "" (instance (export "x" (func $x))))))
  (func (export "x") (param "x" {type}) (result {type})
    (canon lift (core func $a "x") (memory (core memory $libc "m")) (realloc (core func $libc "realloc")))))"""


def random_type(rng: random.Random, depth: int) -> Type:
    def inner() -> Type:
        return random_type(rng, depth - 1)

    def perhaps() -> Type | None:
        return rng.choice([None, inner()])

    kind = rng.choice(SIMPLE + COMPOUND * 2 if depth else SIMPLE)
    if kind in ("list", "option"):
        return kind, inner()
    if kind == "tuple":
        return kind, [inner() for _ in range(rng.randint(1, 3))]
    if kind == "result":
        return kind, [perhaps(), perhaps()]
    if kind == "record":
        return kind, [(f"f{number}-x", inner()) for number in range(rng.randint(1, 3))]
    if kind == "variant":
        return kind, [(f"c{number}", perhaps()) for number in range(rng.randint(1, 4))]
    return (kind, [f"e{number}" for number in range(rng.randint(1, 12))]) if kind in ("enum", "flags") else (kind,)


def written(type: Type, definitions: list[str]) -> str:
    """A type in text; those that need a name get one."""
    kind, *rest = type
    if not rest:
        return str(kind)
    (parts,) = rest
    if kind in ("list", "option"):
        return f"({kind} {written(parts, definitions)})"
    if kind == "tuple":
        return f"(tuple {' '.join([written(part, definitions) for part in parts])})"
    if kind == "result":
        ok, error = [None if part is None else written(part, definitions) for part in parts]
        return f"(result{f' {ok}' if ok else ''}{f' (error {error})' if error else ''})"
    if kind in ("enum", "flags"):
        text = " ".join([f'"{label}"' for label in parts])
    else:
        word = "field" if kind == "record" else "case"
        texts = [(label, "" if part is None else written(part, definitions)) for label, part in parts]
        text = " ".join([f'({word} "{label}" {part})' for label, part in texts])
    number = len(definitions)
    definitions.append(f'(type $d{number} ({kind} {text})) (import "d{number}" (type $t{number} (eq $d{number})))')
    return f"$t{number}"


def flat(type: Type | None) -> list[str]:
    """The core types that stand for a value."""
    if type is None:
        return []
    kind = type[0]
    if kind in ("string", "list"):
        return ["i32", "i32"]
    if kind in ("tuple", "record"):
        return [core for part in type[1] for core in flat(part if kind == "tuple" else part[1])]
    if kind not in ("option", "result", "variant"):
        return [{"s64": "i64", "f32": "f32", "f64": "f64"}.get(kind, "i32")]
    cases = {"option": lambda: [type[1]], "result": lambda: type[1], "variant": lambda: [case for _, case in type[1]]}
    joined: list[str] = []
    for case in cases[kind]():
        for position, core in enumerate(flat(case)):
            if position == len(joined):
                joined.append(core)
            elif joined[position] != core:
                joined[position] = "i32" if {joined[position], core} == {"i32", "f32"} else "i64"
    return ["i32", *joined]


def component(type: Type) -> bytes:
    definitions: list[str] = []
    name = written(type, definitions)
    cores = flat(type)
    params = f"(param {' '.join(cores if len(cores) <= 16 else ['i32'])})"
    gets = " ".join([f"(local.get {position})" for position in range(len(params.split()) - 1)])
    if len(cores) > 1:
        signature, body = f"{params[:-1]} i32)", f"{params} (result i32) {gets} (call 0 (i32.const 64)) (i32.const 64)"
    else:
        signature, body = f"{params} (result {cores[0]})", f"{params} (result {cores[0]}) {gets} call 0"
    text = TEXT.format(definitions=" ".join(definitions), type=name, signature=signature, body=body)
    return _parse(text)


def random_value(package: Any, type: Any, rng: random.Random) -> Any:
    """A value of a package's type, mostly."""
    kind = type.__class__.__name__
    if rng.random() < 0.02:
        return rng.choice(STRANGERS)
    if kind in VALUES:
        return rng.choice(VALUES[kind])
    if kind == "ListType":
        items = [random_value(package, type.element, rng) for _ in range(rng.randint(0, 3))]
        is_bytes = type.element.__class__.__name__ == "U8" and rng.random() < 0.95
        return bytes([item & 255 if isinstance(item, int) else 0 for item in items]) if is_bytes else items
    if kind == "TupleType":
        return tuple([random_value(package, part, rng) for part in type.elements])
    if kind == "RecordType":
        record = package.component.Record()
        vars(record).update({name: random_value(package, part, rng) for name, part in type.fields})
        return record
    if kind == "EnumType":
        return rng.choice(type.names)
    if kind == "FlagsType":
        return {name for name in type.names if rng.random() < 0.5}
    if kind == "OptionType":
        cases = [("none", None), ("some", type.payload)]
    else:
        cases = [("ok", type.ok), ("err", type.err)] if kind == "ResultType" else type.cases
    tag, part = rng.choice(cases)
    payload = None if part is None else random_value(package, part, rng)
    classes: set[Any] = set()
    type.add_classes(classes)
    return package.component.Variant(tag, payload) if classes == {package.component.Variant} else payload


def passed(package: Any, binary: bytes, seed: str) -> Any:
    """What the host's function got, and what was returned or raised."""
    engine = package.Engine()
    store, linker, seen = package.Store(engine), package.component.Linker(engine), []

    def host(store: Any, value: Any) -> Any:
        seen.append(plain(value))
        return value

    with linker.root() as root:
        root.add_func("x", host)
    x = linker.instantiate(store, package.component.Component(engine, binary)).get_func(store, "x")
    value = random_value(package, x.type(store).params[0][1], random.Random(seed))
    try:
        return seen, plain(x(store, value))
    except Exception as error:
        return seen, type(error).__name__, str(error) if isinstance(error, (TypeError, ValueError)) else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.dropin.fuzz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--types", type=int, default=100, help="four values of each are passed")
    options = parser.parse_args()
    differences = 0
    for number in range(options.types):
        seed = f"{options.seed}.{number}"
        type = random_type(random.Random(seed), 3)
        binary = component(type)
        for turn in range(4):
            wanted, found = [passed(package, binary, f"{seed}.{turn}") for package in (theirs, ours)]
            if wanted != found:
                differences += 1
                print(f"seed {seed}.{turn}: {type}\n  wasmtime: {wanted}\n  wasmz:    {found}")
    print(f"{4 * options.types} values, {differences} differences")
    return bool(differences)


if __name__ == "__main__":
    sys.exit(main())
