"""Makes modules of loops that keep what they loaded for later iterations, from random bytes.

    generate_carried(data)
    -> (module ... (loop $l (local.set $d2 (local.get $d1)) (local.set $d1 (f64.load (local.get $q))) ...))

Such values are used in the loop, only after it, or not at all; stores may reach the bytes that they came from. Beside
them there are steps that vary, totals that each iteration stores in one place, loads whose addresses were loaded, and
numbers of both widths that change regularly.
"""

from __future__ import annotations

from tests.differential.choices import Choices

FUNCTIONS = 5
_BASES = (512, 1024, 516, 1030, 4096, 4100, 0, 8, 65_000, 65_280, 65_536 - 72, 0xFFFF_FF00, 8192, 1026)
_STEPS = (4, 4, 8, 1, 2, -4, -1, 12, 0, -8)
_COUNTS = (9, 40, 17, 3, 1, 2, 33, 64)
_OFFSETS = (0, 0, 4, 8, 1, 64, 128, 1024)
_LOADS = ("i32.load", "i32.load8_u", "i32.load8_s", "i32.load16_u", "i32.load16_s")
_STORES = ("i32.store", "i32.store8", "i32.store16")
# What is kept: its type, how it is loaded, and what makes an i32 of it.
_KEPT = (
    *(("i32", load, "{}") for load in _LOADS),
    ("i64", "i64.load32_s", "(i32.wrap_i64 {})"),
    ("i64", "i64.load", "(i32.wrap_i64 (i64.shr_u {} (i64.const 7)))"),
    ("f32", "f32.load", "(i32.trunc_sat_f32_s {})"),
    ("f64", "f64.load", "(i32.trunc_sat_f64_s {})"),
)
_LOCALS = ("$p", "$q", "$r", "$w", "$s", "$i", "$n")


def generate_carried(data: bytes) -> str:
    """A module in the text format. Each function gets an equal part of the bytes."""
    share = len(data) // FUNCTIONS
    functions = [_Function(Choices(data[share * n : share * (n + 1)]), n).text() for n in range(FUNCTIONS)]
    content = "".join(f"\\{(n * n * 7 + n * 13) & 0xFF:02x}" for n in range(6000))
    return "\n".join(
        ["(module", '(memory (export "memory") 1 1)', f'(data (i32.const 0) "{content}")', *functions, ")"]
    )


class _Function:
    def __init__(self, choices: Choices, index: int) -> None:
        self.choices = choices
        self.index = index
        self.type, self.load_kept, self.as_i32 = choices.pick(_KEPT)
        self.kept = choices.below(4)

    def text(self) -> str:
        choices, type = self.choices, self.type
        kept = " ".join(f"(local $d{n} {type})" for n in (1, 2, 3))
        body = [self.statement() for _ in range(1 + choices.below(3))]
        at = choices.below(len(body) + 1)
        body[at:at] = self.keep()
        updates = self.updates()
        count = "(local.tee $n (i32.sub (local.get $n) (i32.const 1)))"
        result = f"(i32.add (local.get $s) (local.get {choices.pick(('$p', '$i', '$q'))}))"
        return "\n  ".join(
            [
                f'(func $f{self.index} (export "f{self.index}") (param $u i32) (param $v i32)',
                f"(result i32 {type} {type} {type} i64)",
                "".join(f"(local {name} i32)" for name in _LOCALS) + kept + "(local $j i64)",
                *self.starts(),
                f"(local.set $n (i32.const {choices.pick(_COUNTS)}))",
                *("(loop $l", *body, *updates, f"(br_if $l {count}))"),
                f"{result} (local.get $d1) (local.get $d2) (local.get $d3) (local.get $j))",
            ]
        )

    def starts(self) -> list[str]:
        choices = self.choices
        lines = [f"(local.set {name} {self.base()})" for name in ("$p", "$q", "$r")]
        varying = choices.pick(
            (
                "(i32.and (local.get $v) (i32.const 28))",
                "(local.get $v)",
                "(i32.and (local.get $u) (i32.const 255))",
                "(i32.const -4)",
                "(i32.sub (i32.const 0) (i32.and (local.get $u) (i32.const 12)))",
            )
        )
        lines.append(f"(local.set $w {varying})")
        lines.append(f"(local.set $s (i32.const {choices.pick((0, 7, -3))}))")
        lines.append(f"(local.set $i {choices.pick(('(i32.const 5)', '(local.get $u)'))})")
        lines.append("(local.set $j (i64.extend_i32_s (local.get $v)))")
        for name in ("$d1", "$d2", "$d3"):
            if choices.chance(60):
                lines.append(f"(local.set {name} ({self.load_kept} offset={self.offset()} (local.get $q)))")
        return lines

    def base(self) -> str:
        choices = self.choices
        if choices.chance(25):
            mask = choices.pick((0xFFC, 0xFFF, 0xFFFF_FFFF))
            return f"(i32.and (local.get {choices.pick(('$u', '$v'))}) (i32.const {mask}))"
        return f"(i32.const {choices.pick(_BASES)})"

    def offset(self) -> int:
        return self.choices.pick(_OFFSETS)

    def load(self, name: str) -> str:
        return f"({self.choices.pick(_LOADS)} offset={self.offset()} (local.get {name}))"

    def keep(self) -> list[str]:
        """Moves what is kept on by an iteration, and loads the next value."""
        if not self.kept:
            return []
        moves = [f"(local.set $d{n} (local.get $d{n - 1}))" for n in range(self.kept, 1, -1)]
        offset = 0 if self.choices.chance(60) else self.offset()
        return [*moves, f"(local.set $d1 ({self.load_kept} offset={offset} (local.get $q)))"]

    def operand(self) -> str:
        choices = self.choices
        kind = choices.below(8)
        if kind == 0 and self.kept:
            return self.as_i32.format(f"(local.get $d{1 + choices.below(self.kept)})")
        if kind == 1:
            return f"(i32.load8_u offset=2048 (i32.and {self.load('$p')} (i32.const 255)))"
        if kind == 2:
            return choices.pick(("(local.get $i)", "(i32.wrap_i64 (local.get $j))", "(local.get $u)", "(i32.const 77)"))
        return self.load(choices.pick(("$p", "$q")))

    def statement(self) -> str:
        choices = self.choices
        value = self.operand()
        if choices.chance(40):
            value = f"(i32.{choices.pick(('add', 'xor', 'sub', 'mul'))} {value} {self.operand()})"
        kind = choices.below(6)
        if kind == 0:
            return f"(local.set $s (i32.add (local.get $s) {value}))"
        place = choices.pick((256, 3000, 65_532, 512))
        if kind == 1:
            total = f"(local.tee $s (i32.{choices.pick(('add', 'xor', 'or'))} (local.get $s) {value}))"
            return f"(i32.store offset={self.offset()} (i32.const {place}) {total})"
        address = f"(i32.const {place})" if kind == 2 else f"(local.get {choices.pick(('$r', '$r', '$q'))})"
        return f"({choices.pick(_STORES)} offset={self.offset()} {address} {value})"

    def updates(self) -> list[str]:
        choices = self.choices
        found = []
        for name, varies in (("$p", 60), ("$q", 30), ("$r", 0)):
            step = "(local.get $w)" if choices.chance(varies) else f"(i32.const {choices.pick(_STEPS)})"
            found.append(f"(local.set {name} (i32.add (local.get {name}) {step}))")
        step = choices.pick(("(local.get $w)", "(i32.const 3)", "(i32.const -1)"))
        found.append(f"(local.set $i (i32.add (local.get $i) {step}))")
        number = choices.pick((1, -7, 1 << 32, 5))
        found.insert(choices.below(4), f"(local.set $j (i64.add (local.get $j) (i64.const {number})))")
        return found
