"""Modules that register functions and classes by embind, as text: what emscripten's C++ library does, without C++.

    source = Source()
    source.register("_embind_register_void", 1, source.text("void"))
    lib = source.bind()

Types are small numbers. ``malloc`` counts what it gives, ``free`` what it gets back: the difference is
``source.used(lib)``.
"""

from __future__ import annotations

from typing import Any

import wasmz
from wasmz.interop.embind.names import EMBIND
from wasmz.text import assemble

_LETTERS = {"i": "i32", "I": "i64", "d": "f64"}
_RUNTIME = """
  (global $top (mut i32) (i32.const 40000))
  (global $used (mut i32) (i32.const 0))
  (func $malloc (export "malloc") (param $size i32) (result i32)
    (global.set $used (i32.add (global.get $used) (i32.const 1)))
    (global.get $top)
    (global.set $top
      (i32.and (i32.add (i32.add (global.get $top) (local.get $size)) (i32.const 7)) (i32.const -8))))
  (func $free (export "free") (param i32)
    (if (local.get 0) (then (global.set $used (i32.sub (global.get $used) (i32.const 1))))))
  (func $copy (param $text i32) (param $bytes i32) (result i32)
    (local $made i32)
    (local.set $made (call $malloc (i32.add (local.get $bytes) (i32.const 8))))
    (memory.copy (local.get $made) (local.get $text) (i32.add (local.get $bytes) (i32.const 8)))
    (local.get $made))
  (func (export "used") (result i32) (global.get $used))
  (func (export "__getTypeName") (param i32) (result i32) (call $copy (i32.const 1024) (i32.const 8)))
"""
VOID, BOOL, INT, UNSIGNED, LONG, DOUBLE, STRING, VAL, WIDE = range(1, 10)


class Source:
    """A module in the making."""

    def __init__(self, *, has_new_handles: bool = True) -> None:
        self._data = bytearray(b"Unknown\0")
        self._calls: list[str] = []
        self._functions: list[str] = []
        self._imports: dict[tuple[str, str], str] = {}
        self._emval = (VAL,) if has_new_handles else (VAL, self.text("emscripten::val"))
        self.types()

    def types(self) -> None:
        """Registers the types that have names here."""
        for raw, kind, *rest in (
            (VOID, "void", "void"),
            (BOOL, "bool", "bool", 1, 0),
            (INT, "integer", "int", 4, -(2**31), 2**31 - 1),
            (UNSIGNED, "integer", "unsigned char", 1, 0, 255),
            (LONG, "bigint", "int64_t", 8, -(2**63), 2**63 - 1),
            (DOUBLE, "float", "double", 8),
            (STRING, "std_string", "std::string"),
        ):
            self.register(f"_embind_register_{kind}", raw, *map(self.value, rest))
        self.register("_embind_register_emval", *self._emval)
        self.register("_embind_register_std_wstring", WIDE, 2, self.text("std::u16string"))

    def value(self, item: Any) -> int:
        """A name as its address."""
        return self.text(item) if isinstance(item, str) else item

    def text(self, text: str) -> int:
        """The address of a string of C's."""
        return self.data(text.encode() + b"\0")

    def data(self, content: bytes) -> int:
        """The address of bytes in memory."""
        self._data += bytes(-len(self._data) % 8)
        address = 1024 + len(self._data)
        self._data += content
        return address

    def words(self, *values: int) -> int:
        """The address of some i32."""
        return self.data(b"".join((value & 0xFFFF_FFFF).to_bytes(4, "little") for value in values))

    def function(self, text: str) -> int:
        """The index of a function, whose text begins after `(func`, in the table."""
        self._functions.append(text)
        return len(self._functions)

    def imported(self, name: str, letters: str) -> str:
        """The identifier of an import."""
        others = sum(known == name for known, _ in self._imports if (name, letters) not in self._imports)
        return self._imports.setdefault((name, letters), f"${name}{others or ''}")

    def register(self, name: str, *args: int, letters: str | None = None) -> None:
        """Has the module call an import when it starts."""
        found = letters or next(item for item in EMBIND[name] if len(item.partition(":")[0]) == len(args))
        params = found.partition(":")[0]
        given = " ".join(f"({_LETTERS[letter]}.const {value})" for letter, value in zip(params, args, strict=True))
        self._calls.append(f"(call {self.imported(name, found)} {given})")

    def start(self, text: str) -> None:
        """Has the module do something else when it starts."""
        self._calls.append(text)

    def expose(self, name: str, types: list[int], body: str) -> None:
        """Registers a function; its text begins with its context."""
        index = self.function(body)
        self.register("_embind_register_function", self.text(name), len(types), self.words(*types), 0, index, 0)

    def assemble(self) -> bytes:
        """The module."""
        imports = []
        for (name, letters), identifier in self._imports.items():
            params, _, results = letters.partition(":")
            shown = " ".join(f"(param {_LETTERS[letter]})" for letter in params)
            shown += "".join(f" (result {_LETTERS[letter]})" for letter in results)
            imports.append(f'(import "env" "{name}" (func {identifier} {shown}))')
        functions = [f"(func $f{at} {text})" for at, text in enumerate(self._functions)]
        names = " ".join(f"$f{at}" for at in range(len(functions)))
        data = "".join(f"\\{byte:02x}" for byte in self._data)
        text = "\n".join(imports)
        return assemble(f"""(module {text}
          (memory (export "memory") 2)
          (data (i32.const 1024) "{data}")
          (table (export "__indirect_function_table") {len(functions) + 1} funcref)
          (elem (i32.const 1) {names})
          {_RUNTIME}
          {"".join(functions)}
          (func (export "__wasm_call_ctors") {" ".join(self._calls)}))""")

    def bind(self) -> Any:
        """What users get of it."""
        return wasmz.bind(self.assemble())

    def used(self, lib: Any) -> int:
        """How many blocks of memory are in use."""
        count: int = lib.__wasm_instance__.exports.used()
        return count


def counters(source: Source) -> None:
    """Registers a class (types 20 to 22) with all that classes have, a derived one (23 to 25), a smart pointer (26)."""
    make = source.function(
        "(param i32 i32) (result i32) (local $p i32) (local.set $p (call $malloc (i32.const 8)))"
        " (i32.store (local.get $p) (local.get 1)) (local.get $p)"
    )
    destroy = source.function("(param i32) (call $free (local.get 0))")
    same = source.function("(param i32) (result i32) (local.get 0)")
    up = source.function("(param i32) (result i32) (i32.sub (local.get 0) (i32.const 4))")
    down = source.function("(param i32) (result i32) (i32.add (local.get 0) (i32.const 4))")
    add = source.function(
        "(param i32 i32 i32) (result i32)"
        " (i32.store (local.get 1) (i32.add (i32.load (local.get 1)) (local.get 2)))"
        " (i32.load (local.get 1))"
    )
    step = source.function(
        "(param i32 i32) (result i32)"
        " (i32.store (local.get 1) (i32.add (i32.load (local.get 1)) (i32.const 1)))"
        " (i32.load (local.get 1))"
    )
    read = source.function("(param i32 i32) (result i32) (i32.load (local.get 1))")
    write = source.function("(param i32 i32 i32) (i32.store (local.get 1) (local.get 2))")
    double = source.function("(param i32 i32) (result i32) (i32.mul (local.get 1) (i32.const 2))")
    register, text, words = source.register, source.text, source.words
    register("_embind_register_class", 20, 21, 22, 0, 0, 0, 0, 0, 0, 0, text("Counter"), 0, destroy)
    register("_embind_register_class_constructor", 20, 2, words(21, INT), 0, make, 0)
    register("_embind_register_class_function", 20, text("add"), 3, words(INT, 21, INT), 0, add, 0, 0)
    register("_embind_register_class_function", 20, text("add"), 2, words(INT, 21), 0, step, 0, 0)
    register("_embind_register_class_property", 20, text("value"), INT, 0, read, 0, INT, 0, write, 0)
    register("_embind_register_class_class_function", 20, text("double"), 2, words(INT, INT), 0, double, 0)
    # Its base lies four bytes before it, to see that pointers are converted.
    make_derived = source.function(
        "(param i32 i32) (result i32) (local $p i32) (local.set $p (call $malloc (i32.const 16)))"
        " (i32.store (local.get $p) (local.get 1)) (i32.store offset=4 (local.get $p) (i32.const 7))"
        " (i32.add (local.get $p) (i32.const 4))"
    )
    free_derived = source.function("(param i32) (call $free (i32.sub (local.get 0) (i32.const 4)))")
    own = source.function("(param i32 i32) (result i32) (i32.load (local.get 1))")
    register("_embind_register_class", 23, 24, 25, 20, 0, same, 0, up, 0, down, text("Derived"), 0, free_derived)
    register("_embind_register_class_constructor", 23, 2, words(24, INT), 0, make_derived, 0)
    register("_embind_register_class_function", 23, text("own"), 2, words(INT, 24), 0, own, 0, 0)
    pointee = source.function("(param i32) (result i32) (i32.load (local.get 0))")
    empty = source.function(
        "(result i32) (local $p i32) (local.set $p (call $malloc (i32.const 8)))"
        " (i32.store (local.get $p) (i32.const 0)) (local.get $p)"
    )
    share = source.function("(param i32 i32) (result i32) (unreachable)")
    release = source.function("(param i32) (call $free (i32.load (local.get 0))) (call $free (local.get 0))")
    register("_embind_register_smart_ptr", 26, 20, text("Shared"), 0, 0, pointee, 0, empty, 0, share, 0, release)
    source.expose(
        "make_shared",
        [26, INT],
        f"""(param i32 i32) (result i32) (local $p i32)
        (local.set $p (call $malloc (i32.const 8)))
        (i32.store (local.get $p) (call $f{make - 1} (i32.const 0) (local.get 1))) (local.get $p)""",
    )
    source.expose(
        "peek",
        [INT, 26],
        "(param i32 i32) (result i32) (if (result i32) (i32.load (local.get 1))"
        " (then (i32.load (i32.load (local.get 1)))) (else (i32.const -1)))",
    )
    source.expose(
        "value_of",
        [INT, 21],
        "(param i32 i32) (result i32) (if (result i32) (local.get 1)"
        " (then (i32.load (local.get 1))) (else (i32.const -1)))",
    )
    source.expose("as_base", [21, 24], f"(param i32 i32) (result i32) (call $f{up - 1} (local.get 1))")
