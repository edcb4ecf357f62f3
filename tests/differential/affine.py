"""Makes modules of loops over arrays from random bytes: loops that can run on streams and numpy arrays, and others.

    generate_affine(data)
    -> (module ... (func $f0 (export "f0") ... (loop $l (f64.store offset=8 (local.get $q) (f64.mul ...)) ...)))

Pointers go up and down by constants, near each other, at the ends of memory, and where addresses wrap; bodies are
unrolled, in lanes that are alike or nearly so; values are carried to the next iteration, totals are kept in all types.
"""

from __future__ import annotations

import struct

from tests.differential.choices import Choices
from tests.differential.vocabulary import EDGES, constant

FUNCTIONS = 5
_BASES = (512, 1024, 520, 4096, 8192, 0, 8, 65_000, 65_280, 65_536 - 72, 0xFFFF_FF00, 0xFFFF_FFF8, 12_288)
_DISTANCES = (0, 8, -8, 4, -4, 1, -1, 2, 3, 16, -16, 24, 40, -64, 128, 7, -7, 9, 800, 4096)
_COUNTS = (40, 1, 0, 2, 3, 7, 16, 17, 33, 64, 100)
_WIDTHS = {"i32": 4, "i64": 8, "f32": 4, "f64": 8, "v128": 16}
_LOADS = {
    "i32": (("i32.load", 4), ("i32.load8_u", 1), ("i32.load8_s", 1), ("i32.load16_u", 2), ("i32.load16_s", 2)),
    "i64": (("i64.load", 8), ("i64.load32_u", 4), ("i64.load32_s", 4), ("i64.load8_s", 1), ("i64.load16_u", 2)),
    "f32": (("f32.load", 4),),
    "f64": (("f64.load", 8),),
}
_STORES = {
    "i32": (("i32.store", 4), ("i32.store8", 1), ("i32.store16", 2)),
    "i64": (("i64.store", 8), ("i64.store32", 4), ("i64.store8", 1)),
    "f32": (("f32.store", 4),),
    "f64": (("f64.store", 8),),
}
_INTEGER = ("add", "sub", "mul", "and", "or", "xor", "add", "mul")
_SHIFTS = ("shl", "shr_u", "shr_s", "rotl", "rotr")
_DIVISIONS = ("div_u", "rem_u", "div_s", "rem_s")
_DIVISORS = (1, 2, 3, 7, 10, 255, 256, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x8000_0000)
_FLOAT = ("add", "sub", "mul", "add", "mul", "div", "min", "max")
_FLOAT_UNARY = ("abs", "neg", "sqrt", "ceil", "floor", "trunc", "nearest")
_COMPARED = {
    "i32": ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "ge_u"),
    "i64": ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_u", "ge_s"),
    "f32": ("eq", "ne", "lt", "gt", "le", "ge"),
    "f64": ("eq", "ne", "lt", "gt", "le", "ge"),
}
_CONVERSIONS = {
    "i32": (("i32.wrap_i64", "i64"), ("i32.trunc_sat_f64_s", "f64"), ("i32.trunc_sat_f32_u", "f32"),
            ("i32.trunc_f64_s", "f64"), ("i32.trunc_f64_u", "f64"), ("i32.extend8_s", "i32"),
            ("i32.reinterpret_f32", "f32")),
    "i64": (("i64.extend_i32_s", "i32"), ("i64.extend_i32_u", "i32"), ("i64.extend16_s", "i64"),
            ("i64.reinterpret_f64", "f64")),
    "f32": (("f32.reinterpret_i32", "i32"), ("f32.convert_i32_s", "i32"),
            ("f32.demote_f64", "f64"), ("f32.convert_i32_u", "i32")),
    "f64": (("f64.reinterpret_i64", "i64"), ("f64.convert_i32_s", "i32"),
            ("f64.convert_i32_u", "i32"), ("f64.promote_f32", "f32"),
            ("f64.convert_i64_s", "i64"), ("f64.convert_i64_u", "i64")),
}  # fmt: skip
_FLOATS = ("0.5", "-0.0", "0.1", "3.25", "-7.5", "1e300", "0x1p-1030", "0", "inf", "1e10")
_SINGLES = ("0.5", "-0.0", "0.1", "3.25", "-7.5", "1e30", "0x1p-140", "0", "inf", "1e5")
_GIVEN = {"i32": ("$u", "$v"), "i64": ("$w",), "f64": ("$g",), "f32": ("$h",)}
_LOCALS = {
    "i32": "$p $q $r $i $k $n $s $ci",
    "i64": "$x $cw",
    "f64": "$d $cd $g $td",
    "f32": "$e $cf $h $tf",
    "v128": "$vv",
}
_LANES = ("i8x16", "i16x8", "i32x4", "i64x2")
_VECTOR_BINARY = (
    *(f"{shape}.{name}" for shape in _LANES for name in ("add", "sub", "eq", "lt_s", "ge_s")),
    *(f"{shape}.{name}" for shape in _LANES[:3] for name in ("min_u", "max_s", "max_u", "min_s", "gt_u", "le_u")),
    *(
        f"{shape}.{name}"
        for shape in _LANES[:2]
        for name in ("avgr_u", "add_sat_u", "sub_sat_u", "add_sat_s", "sub_sat_s")
    ),
    *(f"{shape}.mul" for shape in _LANES[1:]),
    *("v128.and", "v128.or", "v128.xor", "v128.andnot", "i8x16.narrow_i16x8_u", "i8x16.narrow_i16x8_s"),
    *("i16x8.narrow_i32x4_s", "i16x8.narrow_i32x4_u", "i16x8.extmul_low_i8x16_u", "i32x4.extmul_high_i16x8_s"),
    *("i32x4.dot_i16x8_s", "i16x8.q15mulr_sat_s", "i8x16.swizzle"),
)
_VECTOR_UNARY = (
    *(f"{shape}.{name}" for shape in _LANES for name in ("neg", "abs")),
    *("v128.not", "i16x8.extend_low_i8x16_u", "i16x8.extend_high_i8x16_s", "i32x4.extend_low_i16x8_s"),
    *("i64x2.extend_high_i32x4_u",),
    *(f"i16x8.extadd_pairwise_i8x16_{sign}" for sign in "su"),
    *(f"i32x4.extadd_pairwise_i16x8_{sign}" for sign in "su"),
)
_PARTIAL_LOADS = (
    *(f"v128.load{bits}_splat" for bits in (8, 16, 32, 64)),
    *("v128.load32_zero", "v128.load64_zero"),
    *(f"v128.load{shape}_{sign}" for shape in ("8x8", "16x4", "32x2") for sign in "su"),
)
# Shapes, their lanes, and the type of a number of them.
_NUMBERS = (("i8x16", 16, "i32"), ("i16x8", 8, "i32"), ("i32x4", 4, "i32"), ("i64x2", 2, "i64"))

_VECTOR_SHIFTS = tuple(f"{shape}.{name}" for shape in _LANES for name in ("shl", "shr_u", "shr_s"))
_VECTOR_TOTALS = (
    "i32x4.add",
    "i16x8.add",
    "i64x2.add",
    "i8x16.add",
    "v128.xor",
    "v128.or",
    "i8x16.max_u",
    "i16x8.min_s",
)
_CONSTANT_VECTOR = "(v128.const i16x8 1 2 300 -1 255 128 32767 -32768)"
# Where totals of vectors can be observed.
_KEPT = "(v128.store (i32.const 24576) (local.get $vv))"
_TOTALS = {"i32": "$s", "i64": "$x", "f64": "$d", "f32": "$e"}
_CARRIED = {"i32": "$ci", "f64": "$cd", "f32": "$cf", "i64": "$cw"}


def generate_affine(data: bytes) -> str:
    """A module in the text format. Each function gets an equal part of the bytes."""
    share = len(data) // FUNCTIONS
    functions = [_Loops(Choices(data[share * n : share * (n + 1)]), n).text() for n in range(FUNCTIONS)]
    return "\n".join(["(module", '(memory (export "memory") 1 1)', _FILL, *functions, ")"])


def _content() -> str:
    """Doubles, singles and integers in turn, 64 bytes each; no NaNs, mostly."""
    parts = []
    for place in range(0, 4608, 64):
        kind = place // 64 % 3
        if kind == 0:
            parts.append(struct.pack("<8d", *[(place * 37 + n * 101) % 1001 * 0.37 - 185.0 for n in range(8)]))
        elif kind == 1:
            parts.append(struct.pack("<16f", *[(place * 7 + n * 11) % 301 * 0.25 - 30.0 for n in range(16)]))
        else:
            parts.append(bytes((place * 7 + n * n * 13 + (n >> 3)) & (0xFF if n % 5 else 0x0F) for n in range(64)))
    return "".join(f"\\{byte:02x}" for byte in b"".join(parts))


_FILL = f'''(data (i32.const 0) "{_content()}")
(data (i32.const 8192) "{_content()[: 3 * 2048]}")
(data (i32.const 64512) "{_content()[: 3 * 1024]}")'''


class _Loops:
    """Writes one function: one or two loops, one after the other or inside another one."""

    def __init__(self, choices: Choices, index: int) -> None:
        self.choices = choices
        self.index = index
        self.lane = 0
        self.labels = 0

    def text(self) -> str:
        body = self.loop()
        if self.choices.chance(30):
            body += "\n  " + self.loop()
        elif self.choices.chance(30):
            again = "(br_if $outer (local.tee $k (i32.sub (local.get $k) (i32.const 1))))"
            body = f"(local.set $k (i32.const 3)) (loop $outer {body} {again})"
        locals = " ".join(f"(local {name} {type})" for type, names in _LOCALS.items() for name in names.split())
        given = "(local.set $g (f64.convert_i32_s (i32.shr_s (local.get $u) (i32.const 3)))) "
        given += f"(local.set $h (f32.const {self.choices.pick(_SINGLES)}))"
        results = "(local.get $s) (local.get $x) (local.get $d) (local.get $e) (local.get $p) (local.get $cd)"
        params = "(param $u i32) (param $v i32) (param $w i64) (result i32 i64 f64 f32 i32 f64)"
        lines = (f'(func $f{self.index} (export "f{self.index}") {params}', locals, given, body, _KEPT, f"{results})")
        return "\n  ".join(lines)

    # Loops

    def loop(self) -> str:
        choices = self.choices
        self.labels += 1
        label = f"$l{self.labels}"
        self.type = choices.pick(("f64", "i32", "f64", "f32", "i64", "i32", "v128", "v128"))
        width = _WIDTHS[self.type]
        lanes = choices.pick((1, 2, 1, 4, 3))
        self.is_even = choices.chance(80)
        self.width = choices.pick((width, width, width, 1, 2)) if self.type[0] == "i" else width
        unit = self.width * choices.pick((1, 1, 1, 2, 3))
        self.unit = unit if choices.chance(75) else -unit
        step = self.unit * lanes
        pointers = ["$p", "$q", "$r"]
        setup = [
            f"(local.set $p {self.start()})",
            f"(local.set $q {self.near('$p')})",
            f"(local.set $r {self.near('$q')})",
        ]
        steps = dict.fromkeys(pointers, step)
        if choices.chance(15):
            steps["$r"] = choices.pick((0, 8, -8, 16, 4))
        for name in _CARRIED.values():
            if choices.chance(30):
                setup.append(f"(local.set {name} {self.carried_start(name)})")
        statements = self.statements(lanes)
        statements += [
            f"(local.set {name} (i32.add (local.get {name}) (i32.const {by})))" for name, by in steps.items()
        ]
        counted, test = self.test(label, lanes)
        return "\n  ".join([*setup, counted, f"(block $out{label[1:]} (loop {label}", *statements, f"{test}))"])

    def start(self) -> str:
        choices = self.choices
        base = choices.pick(_BASES)
        if choices.chance(40):
            return f"(i32.add (i32.const {base}) (i32.and (local.get $v) (i32.const {choices.pick((8, 24, 7, 0xF8))})))"
        return f"(i32.const {base})"

    def near(self, other: str) -> str:
        choices = self.choices
        if choices.chance(15):
            return self.start()
        if choices.chance(40):
            moved = f"(i32.and (local.get $u) (i32.const {choices.pick((8, 15, 31, 56))}))"
            moved = f"(i32.sub {moved} (i32.const {choices.pick((8, 16, 0, 24))}))"
            return f"(i32.add (local.get {other}) {moved})"
        return f"(i32.add (local.get {other}) (i32.const {choices.pick(_DISTANCES)}))"

    def carried_start(self, name: str) -> str:
        """What the first iteration takes for loaded by the one before; mostly that is in memory."""
        type = next(type for type, local in _CARRIED.items() if local == name)
        address = f"(i32.and (i32.sub (local.get $p) (i32.const {self.unit})) (i32.const 0xFFF8))"
        name, _ = self.choices.pick(_LOADS[type])
        return f"({name} {address})"

    def test(self, label: str, lanes: int) -> tuple[str, str]:
        choices = self.choices
        kind = choices.below(5)
        count = f"(i32.const {choices.pick(_COUNTS)})"
        if choices.chance(50):
            count = f"(i32.and (local.get $v) (i32.const {choices.pick((63, 31, 127))}))"
            count = f"(i32.add {count} (i32.const {choices.pick((1, 0, 2))}))"
        if kind == 0:
            return f"(local.set $i {count})", f"(br_if {label} (local.tee $i (i32.sub (local.get $i) (i32.const 1))))"
        by = choices.pick((1, lanes, 2, 4))
        limit = f"(local.set $n (i32.mul {count} (i32.const {by}))) (local.set $i (i32.const 0))"
        name = choices.pick(("ne", "lt_u", "lt_s", "ne", "le_s"))
        added = f"(local.tee $i (i32.add (local.get $i) (i32.const {by})))"
        return limit, f"(br_if {label} (i32.{name} {added} (local.get $n)))"

    # Vectors of integers

    def vector(self, depth: int) -> str:
        choices = self.choices
        kind = choices.below(8)
        if depth <= 0 or kind == 0:
            if choices.chance(25):
                address = self.computed() if choices.chance(30) else self.address()
                return f"({choices.pick(_PARTIAL_LOADS)}{address})"
            return f"(v128.load{self.address()})"
        if kind == 6:
            return self.with_number(depth)
        if kind == 1:
            splat = choices.pick(("i8x16", "i16x8", "i32x4"))
            return f"({splat}.splat (local.get $u))" if choices.chance(50) else _CONSTANT_VECTOR
        one, other = self.vector(depth - 1), self.vector(depth - 1)
        if kind == 2:
            return f"({choices.pick(_VECTOR_UNARY)} {one})"
        if kind == 3:
            return f"({choices.pick(_VECTOR_SHIFTS)} {one} (i32.const {choices.pick((1, 7, 0, 9, 33))}))"
        if kind == 4:
            places = " ".join(str(choices.below(32)) for _ in range(16))
            return f"(i8x16.shuffle {places} {one} {other})"
        if kind == 5 and choices.chance(40):
            return f"(v128.bitselect {one} {other} {self.vector(0)})"
        return f"({choices.pick(_VECTOR_BINARY)} {one} {other})"

    def with_number(self, depth: int) -> str:
        """A vector of a number, or with a number in one of its lanes."""
        choices = self.choices
        shape, lanes, type = choices.pick(_NUMBERS)
        if choices.chance(30):
            return f"({shape}.splat {self.value(type, 1)})"
        vector = self.vector(depth - 1)
        lane = choices.below(lanes)
        if choices.chance(50):
            offset, address = self.address().split(" ", 2)[1:]
            return f"(v128.load{128 // lanes}_lane {offset} {lane} {address} {vector})"
        return f"({shape}.replace_lane {lane} {vector} {self.value(type, 1)})"

    def vector_statement(self) -> str:
        if self.choices.chance(15):
            _, lanes, _ = self.choices.pick(_NUMBERS)
            offset, address = self.address().split(" ", 2)[1:]
            lane = self.choices.below(lanes)
            return f"(v128.store{128 // lanes}_lane {offset} {lane} {address} {self.vector(2)})"
        if self.choices.chance(35):
            return f"(local.set $vv ({self.choices.pick(_VECTOR_TOTALS)} (local.get $vv) {self.vector(2)}))"
        return f"(v128.store{self.address()} {self.vector(3)})"

    def statements(self, lanes: int) -> list[str]:
        choices = self.choices
        found = []
        kinds = [
            choices.pick((self.store, self.store, self.total, self.store_again)) for _ in range(1 + choices.below(2))
        ]
        for kind in kinds:
            self.lane = 0
            kind = self.vector_statement if self.type == "v128" else kind
            template = kind()
            for lane in range(lanes):
                text = template if self.is_even or choices.chance(60) else kind()
                found.append(_placed(text, lane * self.unit, lane))
        for type, name in _CARRIED.items():
            if choices.chance(12):
                found.append(_placed(f"(local.set {name} {self.load(type)})", (lanes - 1) * self.unit, lanes - 1))
        if choices.chance(8):
            found.append(
                f"(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) {_placed(self.load('i32'), 0, 0)}))"
            )
        return found

    def store(self) -> str:
        name, _ = self.choices.pick(_STORES[self.type])
        if self.choices.chance(70):
            name, _ = (
                _STORES[self.type][0] if self.width == _WIDTHS[self.type] else self.choices.pick(_STORES[self.type])
            )
        return f"({name}{self.address()} {self.stored(self.value(self.type, 3))})"

    def store_again(self) -> str:
        """An update in place."""
        name, _ = _STORES[self.type][0]
        address = self.address()
        operation = "mul" if self.choices.chance(40) else "add"
        value = f"({self.type}.{operation} ({self.type}.load{address}) {self.value(self.type, 2)})"
        return f"({name}{address} {self.stored(value)})"

    def stored(self, value: str, type: str = "") -> str:
        """A value without NaNs: their bits are not always the same."""
        type = type or self.type
        if type[0] == "i":
            return value
        local = "$td" if type == "f64" else "$tf"
        get = f"(local.get {local})"
        return f"(select (local.tee {local} {value}) ({type}.const 0.75) ({type}.eq {get} {get}))"

    def total(self) -> str:
        choices = self.choices
        type = self.type if choices.chance(70) else choices.pick(("i32", "f64", "i64", "f32"))
        local = _TOTALS[type]
        value = self.value(type, 2)
        kind = choices.below(5)
        if kind == 0 and type[0] == "i":
            return f"(local.set {local} ({type}.{choices.pick(('xor', 'or', 'and'))} (local.get {local}) {value}))"
        if kind == 1:
            name = choices.pick(("gt", "lt", "ge")) + (choices.pick(("_s", "_u")) if type[0] == "i" else "")
            load = self.load(type)
            return f"(local.set {local} (select {load} (local.get {local}) ({type}.{name} {load} (local.get {local}))))"
        if kind == 2 and type[0] == "f":
            return f"(local.set {local} ({type}.{choices.pick(('sub', 'max', 'min'))} (local.get {local}) {value}))"
        one, other = f"(local.get {local})", value
        if choices.chance(50):
            one, other = other, one
        return f"(local.set {local} ({type}.add {one} {other}))"

    # Values

    def address(self) -> str:
        """An offset and an address; ``@`` stands for the lane's place."""
        choices = self.choices
        pointer = choices.pick(("$p", "$q", "$r"))
        place = choices.pick((0, 0, 8, 16, 4, 1)) if choices.chance(60) else 0
        if choices.chance(20):
            moved = choices.pick((-8, -16, 8, -1, -4))
            return f" offset={place} (i32.add (local.get {pointer}) (i32.const @{moved}@))"
        return f" offset={place} (i32.add (local.get {pointer}) (i32.const @0@))"

    def load(self, type: str) -> str:
        loads = _LOADS[type]
        name, _ = loads[0] if self.choices.chance(60) else self.choices.pick(loads)
        if self.choices.chance(12):
            return f"({name}{self.computed()})"
        return f"({name}{self.address()})"

    def computed(self) -> str:
        """An address that was loaded: in a table, in what is written, at times out of bounds; or always the same."""
        mask, base = self.choices.pick(((0xFF, 2048), (0x7FF, 0), (0x1FFF, 512), (0xFFFF, 0), (0x1FFFF, 0)))
        if self.choices.chance(25):
            return f" offset={base} (i32.rem_u (local.get $u) (i32.const {mask}))"
        return f" offset={base} (i32.and (i32.load{self.address()}) (i32.const {mask}))"

    def value(self, type: str, depth: int) -> str:
        choices = self.choices
        if depth <= 0 or choices.chance(25):
            return self.leaf(type)
        kind = choices.below(8)
        if kind == 0:
            name, other = choices.pick(_CONVERSIONS[type])
            converted = self.value(other, depth - 1)
            return f"({name} {self.stored(converted, other) if 'reinterpret' in name else converted})"
        if kind == 1:
            compared = choices.pick((type, "i32"))
            name = f"{compared}.{choices.pick(_COMPARED[compared])}"
            test = f"({name} {self.value(compared, depth - 1)} {self.value(compared, depth - 1)})"
            if type == "i32" and choices.chance(30):
                return test
            return f"(select {self.value(type, depth - 1)} {self.value(type, depth - 1)} {test})"
        if type[0] == "f":
            if kind == 2:
                return f"({type}.{choices.pick(_FLOAT_UNARY)} {self.value(type, depth - 1)})"
            return f"({type}.{choices.pick(_FLOAT)} {self.value(type, depth - 1)} {self.value(type, depth - 1)})"
        if kind == 2:
            number = choices.pick((0, 1, 3, 8, 31, 33, 63))
            return f"({type}.{choices.pick(_SHIFTS)} {self.value(type, depth - 1)} ({type}.const {number}))"
        if kind == 3:
            divisor = f"({type}.const {choices.pick(_DIVISORS)})"
            return f"({type}.{choices.pick(_DIVISIONS)} {self.value(type, depth - 1)} {divisor})"
        if kind == 4 and choices.chance(30):
            return f"({type}.{choices.pick(_SHIFTS)} {self.value(type, depth - 1)} {self.value(type, depth - 1)})"
        return f"({type}.{choices.pick(_INTEGER)} {self.value(type, depth - 1)} {self.value(type, depth - 1)})"

    def leaf(self, type: str) -> str:
        choices = self.choices
        kind = choices.below(10)
        if kind <= 5:
            return self.load(type)
        if kind == 6:
            return f"(local.get {choices.pick(_GIVEN[type])})"
        if kind == 7 and type == "i32":
            return f"(i32.add (local.get $i) (i32.const #{choices.pick((0, 3, -1))}#))"
        if kind == 8:
            return f"(local.get {_CARRIED[type]})"
        if type == "f64":
            return f"(f64.const {choices.pick(_FLOATS)})"
        if type == "f32":
            return f"(f32.const {choices.pick(_SINGLES)})"
        return constant(type, choices.pick(EDGES[type]))


def _placed(template: str, place: int, lane: int) -> str:
    """A statement of one lane."""
    parts = template.split("@")
    for index in range(1, len(parts), 2):
        parts[index] = str(int(parts[index]) + place)
    parts = "".join(parts).split("#")
    for index in range(1, len(parts), 2):
        parts[index] = str(int(parts[index]) + lane)
    return "".join(parts)
