"""Values that go into components and come back.

Stores are used for one failure only: wasmtime calls no component of a store in which one has failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.component_abi.support import parse
from tests.dropin.scenarios import scenario

# The function `x` passes its argument on to the host's `x`, and returns what that returns.
NUMBERS = """(component
  (type $t' {type}) (import "t" (type $t (eq $t')))
  (import "x" (func $x (param "x" $t) (result $t)))
  (core module $a
    (import "" "x" (func (param {core}) (result {core})))
    (func (export "x") (param {core}) (result {core}) local.get 0 call 0))
  (core func $x (canon lower (func $x)))
  (core instance $a (instantiate $a (with "" (instance (export "x" (func $x))))))
  (func (export "x") (param "x" $t) (result $t) (canon lift (core func $a "x"))))"""
# The same with an allocator, and the result by its address.
MEMORY = """(component
  (type $t' {type}) (import "t" (type $t (eq $t')))
  (import "x" (func $x (param "x" $t) (result $t)))
  (core module $libc
    (memory (export "m") 1) (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3))) (local.get $at)))
  (core instance $libc (instantiate $libc))
  (core module $a
    (import "" "x" (func (param {core} i32)))
    (func (export "x") (param {core}) (result i32) {gets} (call 0 (i32.const 16)) (i32.const 16)))
  (core func $x (canon lower (func $x) (memory (core memory $libc "m")) (realloc (core func $libc "realloc"))))
  (core instance $a (instantiate $a (with "" (instance (export "x" (func $x))))))
  (func (export "x") (param "x" $t) (result $t)
    (canon lift (core func $a "x") (memory (core memory $libc "m")) (realloc (core func $libc "realloc")))))"""


class Case(tuple[Any, ...]):
    """Stands for a ``Variant`` of either package: its tag, and its payload."""

    __slots__ = ()


class Fields(dict[str, Any]):
    """Stands for a ``Record`` of either package."""


# Type, core types, values. The last values of most are wrong ones.
VALUES: dict[str, tuple[str, str, list[Any]]] = {
    "bool": ("bool", "i32", [True, False, 1, None]),
    "u8": ("u8", "i32", [0, 255, 256, -1, True, 1 << 40, 1.0, "a"]),
    "s8": ("s8", "i32", [127, -128, 128, -129]),
    "u16": ("u16", "i32", [65535, 65536, -1]),
    "s16": ("s16", "i32", [-32768, 32768]),
    "u32": ("u32", "i32", [(1 << 32) - 1, 1 << 32, -1]),
    "s32": ("s32", "i32", [-(1 << 31), 1 << 31]),
    "u64": ("u64", "i64", [(1 << 64) - 1, 1 << 64, -1]),
    "s64": ("s64", "i64", [-(1 << 63), 1 << 63, -(1 << 64) - 1]),
    "f32": ("f32", "f32", [0.1, -0.0, 1e300, float("inf"), 1, "1"]),
    "f64": ("f64", "f64", [0.1, 1e300, 1]),
    "char": ("char", "i32", ["a", "\U0010ffff", "", "ab", 97]),
    "enum": ('(enum "a" "b-c")', "i32", ["a", "b-c", "no", 0]),
    "flags": ('(flags "a" "b-c" "d")', "i32", [set(), {"b-c"}, {"a", "d"}, {"no"}, ["a"], {1}]),
    "record": ('(record (field "a-b" u8))', "i32", [Fields({"a-b": 7}), Fields({"a-b": "x"}), Fields(a=1), 5]),
    "tuple": ("(tuple f32)", "f32", [(0.5,), (), [0.5], ("x",)]),
    "result": ("(result)", "i32", [Case(["ok"]), Case(["err"]), Case(["no"]), None]),
    "labels": ('(variant (case "a") (case "b-c"))', "i32", [Case(["a"]), Case(["b-c"]), Case(["no"]), "a"]),
    "string": ("string", "i32 i32", ["", "a\0b", "gr\xfcn \U0001f600", b"a", 5]),
    "bytes": ("(list u8)", "i32 i32", [b"", b"\0\xff", [1], "a", bytearray(b"a")]),
    "list": ("(list u32)", "i32 i32", [[], [1, -1], (1,), b"a", ["x"]]),
    "lists of lists": ("(list (list string))", "i32 i32", [[[], ["a", ""]], [[1]]]),
    "record in memory": (
        *('(record (field "a" u32) (field "b-c" string))', "i32 i32 i32"),
        [Fields({"a": 1, "b-c": "x"}), Fields(a=1)],
    ),
    "tuple in memory": ("(tuple u8 string)", "i32 i32 i32", [(1, "x"), (1,), [1, "x"]]),
    "option": ("(option u32)", "i32 i32", [None, 0, 3, "x"]),
    "option of an option": (
        *("(option (option u32))", "i32 i32 i32"),
        [Case(["none"]), Case(["some", None]), Case(["some", 3]), None, 3],
    ),
    "result told by class": ("(result u32 (error string))", "i32 i32 i32", [3, "no", 1.5]),
    "result told by tag": (
        "(result string (error string))",
        "i32 i32 i32",
        [Case(["ok", "a"]), Case(["err", "b"]), "a"],
    ),
    "variant told by class": (
        *('(variant (case "a") (case "b" f32) (case "c" string))', "i32 i32 i32"),
        [None, 1.5, "x", 1],
    ),
    "variant told by tag": (
        *('(variant (case "a" u8) (case "b" u8) (case "c"))', "i32 i32"),
        [Case(["a", 1]), Case(["b", 2]), Case(["c"]), Case(["a", "x"]), 1],
    ),
    "results in a list": (
        "(list (result u8 (error bool)))",
        "i32 i32",
        [[Case(["ok", 1]), Case(["err", True])], [1.5]],
    ),
    "results told by class": ("(list (result u8 (error string)))", "i32 i32", [[1, "x", 0], [1.5]]),
    "options in tuples": ("(list (tuple bool (option string)))", "i32 i32", [[(True, None), (False, "x")]]),
}


def linked(w: Any, text: str, **definitions: Any) -> tuple[Any, Any]:
    """A store and an instance. Defined are functions; modules, as text; resources, as type and destructor; dictionaries
    of these.
    """
    engine = w.Engine()
    linker, store = w.component.Linker(engine), w.Store(engine)
    with linker.root() as root:
        define(w, engine, root, definitions)
    return store, linker.instantiate(store, w.component.Component(engine, parse(text)))


def define(w: Any, engine: Any, target: Any, definitions: dict[str, Any]) -> None:
    for name, item in definitions.items():
        if isinstance(item, tuple):
            target.add_resource(name, w.component.ResourceType.host(item[0]), item[1])
        elif isinstance(item, str):
            target.add_module(name, w.Module(engine, item))
        elif isinstance(item, dict):
            with target.add_instance(name) as instance:
                define(w, engine, instance, item)
        else:
            target.add_func(name, item)


def made(w: Any, value: Any) -> Any:
    """A value of the package for one of the table."""
    if isinstance(value, Case):
        return w.component.Variant(*value)
    if isinstance(value, Fields):
        record = w.component.Record()
        vars(record).update(value)
        return record
    return [made(w, item) for item in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """What a value consists of, and of which classes, for both packages alike."""
    name = type(value).__name__
    if name == "Variant":
        return name, value.tag, plain(value.payload)
    if name == "Record":
        return name, {field: plain(item) for field, item in vars(value).items()}
    if isinstance(value, (list, tuple)):
        return name, [plain(item) for item in value]
    return name, value


def tried(run: Callable[[], Any]) -> Any:
    """What comes of it. Messages are compared where they are of Python's side."""
    try:
        return plain(run())
    except Exception as error:
        return type(error).__name__, str(error) if isinstance(error, (TypeError, ValueError)) else ""


def _passed_on(w: Any, type: str, core: str, value: Any) -> Any:
    seen: list[Any] = []

    def host(store: Any, given: Any) -> Any:
        seen.append(plain(given))
        return given

    gets = " ".join([f"(local.get {index})" for index in range(len(core.split()))])
    text = (MEMORY if " " in core else NUMBERS).format(type=type, core=core, gets=gets)
    store, instance = linked(w, text, x=host)
    return tried(lambda: instance.get_func(store, "x")(store, made(w, value))), seen


for _name, _row in VALUES.items():

    @scenario(f"a component's value: {_name}")
    def _(w: Any, row: Any = _row) -> Any:
        type, core, values = row
        return [_passed_on(w, type, core, value) for value in values]


# What host functions return is converted by the same rules.
ANSWER = """(component
  (type $t' {type}) (import "t" (type $t (eq $t'))) (import "x" (func $x (result $t)))
  (core module $a (import "" "x" (func (result i32))) (func (export "x") (result i32) call 0))
  (core func $x (canon lower (func $x)))
  (core instance $a (instantiate $a (with "" (instance (export "x" (func $x))))))
  (func (export "x") (result $t) (canon lift (core func $a "x"))))"""


@scenario("what a component's host function returns")
def _(w: Any) -> Any:
    found = []
    for type, values in {
        "u8": [7, 300, None, "x"],
        "bool": [True, 0],
        "(result)": [Case(["ok"]), Case(["err"]), None],
        '(enum "a")': ["a", 1],
    }.items():
        for value in values:
            store, instance = linked(w, ANSWER.format(type=type), x=lambda store, value=value: made(w, value))
            found.append(tried(lambda store=store, instance=instance: instance.get_func(store, "x")(store)))
    return found
