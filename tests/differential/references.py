"""Makes modules of structures, arrays, casts and typed function references, from random bytes.

    generate_references(data)
    -> (module (rec (type $base ...) ...) ... (func $f0 (export "f0") (param i32 i32) ... (struct.get_s $base $p ...)))

Locals start with objects, and indices mostly fit, so that most calls return; null, indices out of bounds and failing
casts occur now and then. Objects stay alive in globals and in each other from one call to the next. Only numbers are
exported: wasmtime's C API supports few references.
"""

from __future__ import annotations

from tests.differential.choices import Choices
from tests.differential.vocabulary import EDGES, constant

FUNCTIONS = 6
_HELPERS = 4
_DEEPEST = 4

_TYPES = """
(rec
  (type $base (sub (struct (field $a (mut i32)) (field $p (mut i8)) (field $q (mut i16)))))
  (type $left (sub $base (struct (field $a (mut i32)) (field $p (mut i8)) (field $q (mut i16))
    (field $l (mut i64)) (field $next (mut (ref null $base))))))
  (type $right (sub final $base (struct (field $a (mut i32)) (field $p (mut i8)) (field $q (mut i16))
    (field $d (mut f64)) (field $s (mut f32)))))
  (type $leaf (sub final $left (struct (field $a (mut i32)) (field $p (mut i8)) (field $q (mut i16))
    (field $l (mut i64)) (field $next (mut (ref null $base))) (field $any (mut anyref))))))
(type $bytes (array (mut i8)))
(type $halves (array (mut i16)))
(type $ints (array (mut i32)))
(type $longs (array (mut i64)))
(type $singles (array (mut f32)))
(type $doubles (array (mut f64)))
(type $refs (array (mut (ref null $base))))
(type $things (array (mut anyref)))
(type $op (func (param i32 (ref null $base)) (result i32)))
(data $data "\\00\\01\\80\\ff\\7f\\fe\\55\\aa\\00\\00\\80\\7f\\01\\00\\a0\\7f\\12\\34\\56\\78\\9a\\bc\\de\\f0")
"""
_STRUCTURES = {
    "$base": (("$a", "i32"), ("$p", "i8"), ("$q", "i16")),
    "$right": (("$a", "i32"), ("$p", "i8"), ("$q", "i16"), ("$d", "f64"), ("$s", "f32")),
    "$left": (("$a", "i32"), ("$p", "i8"), ("$q", "i16"), ("$l", "i64"), ("$next", "base")),
    "$leaf": (("$a", "i32"), ("$p", "i8"), ("$q", "i16"), ("$l", "i64"), ("$next", "base"), ("$any", "any")),
}
_ARRAYS = {
    "$bytes": "i8",
    "$halves": "i16",
    "$ints": "i32",
    "$longs": "i64",
    "$singles": "f32",
    "$doubles": "f64",
    "$refs": "base",
    "$things": "any",
}
_NUMERIC_ARRAYS = tuple(name for name, item in _ARRAYS.items() if item not in ("base", "any"))
_LOCALS = {
    "i32": ("$i", "$j", "$k"),
    "i64": ("$x", "$y"),
    "f32": ("$s",),
    "f64": ("$d",),
    "base": ("$b", "$c"),
    "any": ("$n", "$m"),
    "eq": ("$e",),
}
_WASM_TYPES = {"base": "(ref null $base)", "any": "anyref", "eq": "eqref"}
_BINARY = ("add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl")
_COMPARISONS = ("eq", "ne", "lt_s", "lt_u", "ge_s", "gt_u")
_TARGETS = ("$base", "$left", "$right", "$leaf", "i31", "struct", "array", "eq", "$ints", "$refs", "none")
_BASES = ("$base", "$left", "$right", "$leaf", "none")


def generate_references(data: bytes) -> str:
    """A module in the text format. Each function gets an equal part of the bytes."""
    share = len(data) // (FUNCTIONS + _HELPERS)
    parts = [
        "(module",
        _TYPES,
        "(global $base (mut (ref null $base)) (struct.new_default $right))",
        "(global $any (mut anyref) (ref.i31 (i32.const 7)))",
        "(global $shared (ref $ints) (array.new $ints (i32.const -1) (i32.const 8)))",
        '(global $sum (export "sum") (mut i32) (i32.const 0))',
        f"(elem $helpers (ref null $op) {' '.join(f'(ref.func $h{i})' for i in range(_HELPERS))} (ref.null $op))",
        "(elem $objects (ref null $base) (struct.new_default $base) (ref.null none) (struct.new_default $leaf))",
        f"(table $ops {_HELPERS + 2} (ref null $op) (ref.func $h0))",
        "(start $begin)",
        f"(func $begin (table.init $ops $helpers (i32.const 1) (i32.const 0) (i32.const {_HELPERS})))",
    ]
    for index in range(_HELPERS + FUNCTIONS):
        choices = Choices(data[share * index : share * (index + 1)])
        parts.append(_Function(choices, index).text())
    return "\n".join([*parts, ")"])


class _Function:
    """One function. The first ones are helpers, which call nobody."""

    def __init__(self, choices: Choices, index: int) -> None:
        self.choices = choices
        self.is_helper = index < _HELPERS
        self.index = index if self.is_helper else index - _HELPERS
        self.labels = 0
        self.loops = 0

    def text(self) -> str:
        choices = self.choices
        result = "i32" if self.is_helper else choices.pick(("i32", "i64", "f64", "f32"))
        if self.is_helper:
            head = f"(func $h{self.index} (type $op) (param $i i32) (param $b (ref null $base)) (result i32)"
            params = {"$i", "$b"}
        else:
            head = f'(func $f{self.index} (export "f{self.index}")'
            head += f" (param $i i32) (param $j i32) (param $x i64) (param $d f64) (result {result})"
            params = {"$i", "$j", "$x", "$d"}
        names = [(name, type) for type, names in _LOCALS.items() for name in names if name not in params]
        locals = "".join(f" (local {name} {_WASM_TYPES.get(type, type)})" for name, type in names)
        locals += "".join(f" (local $a{name[1:]} (ref null {name}))" for name in _ARRAYS)
        locals += "".join(f" (local $c{number} i32)" for number in range(3))
        begin = [] if self.is_helper else ["(local.set $b (global.get $base))"]
        begin += ["(local.set $c (struct.new_default $leaf))", "(local.set $e (ref.i31 (local.get $i)))"]
        begin += ["(local.set $n (global.get $any))", "(local.set $aints (global.get $shared))"]
        begin += [f"(local.set $a{n[1:]} (array.new_default {n} (i32.const 8)))" for n in _ARRAYS if n != "$ints"]
        body = [self.statement(0) for _ in range(2 + choices.below(8))]
        end = [] if self.is_helper else ["(global.set $base (local.get $c))", "(global.set $any (local.get $n))"]
        end += ["(global.set $sum (i32.add (global.get $sum) (local.get $k)))"]
        return "\n  ".join([head + locals, *begin, *body, *end, self.expression(result, 1) + ")"])

    # Statements

    def statement(self, depth: int) -> str:
        choices = self.choices
        kind = choices.below(9 if depth < 3 else 6)
        if kind == 0 or choices.is_spent:
            type = choices.pick(tuple(_LOCALS))
            return f"(local.set {choices.pick(_LOCALS[type])} {self.expression(type, 1)})"
        if kind == 1:
            name = choices.pick(tuple(_STRUCTURES))
            field, type = choices.pick(_STRUCTURES[name])
            return f"(struct.set {name} {field} {self.structure(name, 1)} {self.stored(type)})"
        if kind == 2:
            name = choices.pick(tuple(_ARRAYS))
            return f"(array.set {name} {self.array(name)} {self.position()} {self.stored(_ARRAYS[name])})"
        if kind == 3:
            return self.bulk()
        if kind == 4:
            name = choices.pick(tuple(_ARRAYS))
            return f"(local.set $a{name[1:]} {self.new_array(name)})"
        if kind == 5:
            return f"(local.set $k (i32.add (local.get $k) {self.expression('i32', 1)}))"
        inner = " ".join(self.statement(depth + 1) for _ in range(1 + choices.below(3)))
        if kind == 6:
            other = f"(else {self.statement(depth + 1)})" if choices.chance(50) else ""
            return f"(if {self.expression('i32', 1)} (then {inner}) {other})"
        if kind == 7 and self.loops < 3:
            counter, self.loops = f"$c{self.loops}", self.loops + 1
            label = self.label()
            test = f"(i32.lt_u (local.tee {counter} (i32.add (local.get {counter}) (i32.const 1))) (i32.const 6))"
            return f"(loop {label} {inner} (br_if {label} {test}))"
        return self.guarded(inner)

    def guarded(self, inner: str) -> str:
        """A block that is left if a reference is not what it should be."""
        choices, label = self.choices, self.label()
        kind = choices.below(3)
        if kind == 0:
            return f"(block {label} (drop (br_on_null {label} {self.expression('base', 2)})) {inner})"
        if kind == 1:
            target = choices.pick(_BASES)
            cast = f"(br_on_cast {label} (ref null $base) (ref {target}) {self.expression('base', 2)})"
            return (
                f"(local.set $c (block {label} (result (ref null $base)) {cast} (local.set $b) {inner} (local.get $c)))"
            )
        cast = f"(br_on_cast_fail {label} anyref (ref null $base) {self.expression('any', 2)})"
        return f"(local.set $n (block {label} (result anyref) {cast} (local.set $b) {inner} (local.get $n)))"

    def bulk(self) -> str:
        choices = self.choices
        count = f"(i32.const {choices.pick((3, 0, 1, 5, 8, 9))})"
        kind = choices.below(4)
        if kind == 0:
            name = choices.pick(tuple(_ARRAYS))
            return f"(array.fill {name} {self.array(name)} {self.position()} {self.stored(_ARRAYS[name])} {count})"
        if kind == 1:
            name = choices.pick(tuple(_ARRAYS))
            arrays = self.array(name), self.position(), self.array(name), self.position()
            return f"(array.copy {name} {name} {' '.join(arrays)} {count})"
        if kind == 2:
            name = choices.pick(_NUMERIC_ARRAYS)
            return f"(array.init_data {name} $data {self.array(name)} {self.position()} {self.position()} {count})"
        return f"(array.init_elem $refs $objects {self.array('$refs')} {self.position()} (i32.const 0) {count})"

    def label(self) -> str:
        self.labels += 1
        return f"$L{self.labels}"

    # Expressions

    def position(self) -> str:
        choices = self.choices
        if choices.chance(5):
            return self.expression("i32", _DEEPEST)
        return f"(i32.and {self.expression('i32', _DEEPEST - 1)} (i32.const {choices.pick((7, 3, 1))}))"

    def stored(self, type: str) -> str:
        return self.expression("i32" if type in ("i8", "i16") else type, 1)

    def array(self, name: str) -> str:
        return f"(local.get $a{name[1:]})" if not self.choices.chance(10) else self.new_array(name)

    def new_array(self, name: str) -> str:
        choices, item = self.choices, _ARRAYS[name]
        kind = choices.below(4)
        size = f"(i32.const {choices.pick((8, 9, 16, 1))})"
        if kind == 1:
            return f"(array.new {name} {self.stored(item)} {size})"
        if kind == 2:
            return f"(array.new_fixed {name} 8 {' '.join(self.stored(item) for _ in range(8))})"
        if kind == 3 and name in _NUMERIC_ARRAYS:
            return f"(array.new_data {name} $data (i32.const {choices.below(4)}) (i32.const {choices.below(6)}))"
        return f"(array.new_default {name} {size})"

    def structure(self, name: str, depth: int) -> str:
        """A reference to a structure of the type or one below; hardly ever null, or a cast that fails."""
        choices = self.choices
        kind = choices.below(4)
        if name == "$base" and kind < 3:
            return self.expression("base", depth + 1)
        if kind == 0 and depth < _DEEPEST:
            label = self.label()
            cast = f"(br_on_cast {label} (ref null $base) (ref {name}) {self.expression('base', depth + 1)})"
            return f"(block {label} (result (ref {name})) {cast} (drop) {self.new(name, depth + 1)})"
        if kind == 1 and choices.chance(30):
            null = choices.pick(("", "null "))
            return f"(ref.cast (ref {null}{name}) {self.expression('base', depth + 1)})"
        return self.new(name, depth + 1)

    def new(self, name: str, depth: int) -> str:
        if depth >= _DEEPEST or self.choices.chance(30):
            return f"(struct.new_default {name})"
        fields = _STRUCTURES[name]
        values = (self.expression("i32" if type in ("i8", "i16") else type, depth + 1) for _, type in fields)
        return f"(struct.new {name} {' '.join(values)})"

    def expression(self, type: str, depth: int) -> str:
        choices = self.choices
        if depth >= _DEEPEST or choices.is_spent or choices.chance(15):
            return f"(local.get {choices.pick(_LOCALS[type])})"
        if type == "base":
            return self.base(depth)
        if type == "any":
            return self.any(depth)
        if type == "eq":
            return self.eq(depth)
        return self.number(type, depth)

    def number(self, type: str, depth: int) -> str:
        choices = self.choices
        kind = choices.below(8 if type == "i32" else 5)
        if kind == 0:
            return constant(type, choices.pick(EDGES[type]))
        if kind == 1:
            name = choices.pick(
                tuple(n for n, fields in _STRUCTURES.items() if any(_holds(t, type) for _, t in fields))
            )
            field, held = choices.pick(tuple(f for f in _STRUCTURES[name] if _holds(f[1], type)))
            return f"(struct.get{self.suffix(held)} {name} {field} {self.structure(name, depth)})"
        if kind == 2:
            name = choices.pick(tuple(n for n, item in _ARRAYS.items() if _holds(item, type)))
            return f"(array.get{self.suffix(_ARRAYS[name])} {name} {self.array(name)} {self.position()})"
        if kind in (3, 4):
            operands = f"{self.expression(type, depth + 1)} {self.expression(type, depth + 1)}"
            return f"({type}.{choices.pick(_BINARY if type[0] == 'i' else ('add', 'sub', 'mul'))} {operands})"
        return self.condition(depth)

    def suffix(self, held: str) -> str:
        return self.choices.pick(("_s", "_u")) if held in ("i8", "i16") else ""

    def condition(self, depth: int) -> str:
        """An i32 that tells something of references."""
        choices = self.choices
        kind = choices.below(8)
        null = choices.pick(("", "null "))
        if kind == 0:
            return f"(ref.test (ref {null}{choices.pick(_TARGETS)}) {self.expression('any', depth + 1)})"
        if kind == 1:
            return f"(ref.test (ref {null}{choices.pick(_BASES)}) {self.expression('base', depth + 1)})"
        if kind == 2:
            return f"(ref.eq {self.expression('eq', depth + 1)} {self.expression('eq', depth + 1)})"
        if kind == 3:
            return f"(ref.eq {self.expression('base', depth + 1)} {self.expression('base', depth + 1)})"
        if kind == 4:
            return f"(ref.is_null {self.expression(choices.pick(('base', 'any')), depth + 1)})"
        if kind == 5:
            sign = choices.pick(("s", "u"))
            return f"(i31.get_{sign} (ref.i31 {self.expression('i32', depth + 1)}))"
        if kind == 6 and not self.is_helper:
            arguments = f"{self.expression('i32', depth + 1)} {self.expression('base', depth + 1)}"
            callee = f"(table.get $ops (i32.const {choices.pick((1, 2, 3, 4, 0, 1, 2, 5))}))"
            if choices.chance(30):
                return f"(call_indirect $ops (type $op) {arguments} (i32.const {choices.below(6)}))"
            return f"(call_ref $op {arguments} {callee})"
        if kind == 7:
            return f"(array.len {self.array(choices.pick(tuple(_ARRAYS)))})"
        operands = f"{self.expression('i32', depth + 1)} {self.expression('i32', depth + 1)}"
        return f"(i32.{choices.pick(_COMPARISONS)} {operands})"

    def base(self, depth: int) -> str:
        choices = self.choices
        kind = choices.below(7)
        if kind == 0:
            return self.new(choices.pick(tuple(_STRUCTURES)), depth)
        if kind == 1:
            return f"(struct.get $left $next {self.structure('$left', depth)})"
        if kind == 2:
            return f"(array.get $refs {self.array('$refs')} {self.position()})"
        if kind == 3:
            operands = f"{self.expression('base', depth + 1)} {self.expression('base', depth + 1)}"
            return f"(select (result (ref null $base)) {operands} {self.expression('i32', depth + 1)})"
        if kind == 4 and choices.chance(30):
            return f"(ref.as_non_null {self.expression('base', depth + 1)})"
        if kind == 5:
            label = self.label()
            value = f"(br_on_non_null {label} {self.expression('base', depth + 1)})"
            return f"(block {label} (result (ref $base)) {value} {self.new(choices.pick(('$base', '$leaf')), depth)})"
        label = self.label()
        cast = f"(br_on_cast {label} anyref (ref $base) {self.expression('any', depth + 1)})"
        return f"(block {label} (result (ref $base)) {cast} (drop) {self.new('$right', depth)})"

    def any(self, depth: int) -> str:
        choices = self.choices
        kind = choices.below(6)
        if kind == 0:
            return self.expression("base", depth + 1)
        if kind == 1:
            return self.eq(depth)
        if kind == 2:
            return f"(array.get $things {self.array('$things')} {self.position()})"
        if kind == 3:
            return f"(any.convert_extern (extern.convert_any {self.expression('any', depth + 1)}))"
        if kind == 4:
            return f"(struct.get $leaf $any {self.structure('$leaf', depth)})"
        return self.array(choices.pick(tuple(_ARRAYS)))

    def eq(self, depth: int) -> str:
        choices = self.choices
        if choices.chance(50):
            return f"(ref.i31 {self.expression('i32', depth + 1)})"
        return self.expression("base", depth + 1)


def _holds(held: str, type: str) -> bool:
    return held == type or (type == "i32" and held in ("i8", "i16"))
