"""Makes modules of loops with several counters, from random bytes: what is computed from another counter, and what not.

    generate_counters(data)
    -> (module ... (loop $l1 ... (local.set $p (i32.add (local.get $p) (i32.const 8))) ... (br_if $l1 ...)))

Counters of both widths go up and down by multiples of each other, from constants and sums of other counters,
wrapping or not. They are addresses of static arrays, or are used on some paths only, in inner loops, after the loop, or
as what squares grow by.
"""

from __future__ import annotations

from tests.differential.choices import Choices

FUNCTIONS = 4
_COUNTERS = ("$a", "$b", "$c", "$d")
_STEPS = (1, 4, 2, 8, -1, -4, 3, -8, 16, 6, 0x4000_0000, 0x8000_0000)
_STARTS = (0, 2, 1024, 5, 1028, 100, 65_500, 0xFFFF_FFF0, 0x7FFF_FFF8, 0x4000_0000)
_LOADS = ("i32.load8_u", "i32.load", "i32.load16_s", "i32.load8_s")
_STORES = ("i32.store8", "i32.store", "i32.store16")


def generate_counters(data: bytes) -> str:
    """A module in the text format. Each function gets an equal part of the bytes."""
    share = len(data) // FUNCTIONS
    functions = [_Function(Choices(data[share * n : share * (n + 1)]), n).text() for n in range(FUNCTIONS)]
    content = "".join(f"\\{(n * n * 7 + n * 13) & (0xFF if n % 3 else 1):02x}" for n in range(3000))
    return "\n".join(
        ["(module", '(memory (export "memory") 1 1)', f'(data (i32.const 0) "{content}")', *functions, ")"]
    )


class _Function:
    def __init__(self, choices: Choices, index: int) -> None:
        self.choices = choices
        self.index = index
        self.labels = 0

    def text(self) -> str:
        locals = "".join(f"(local {name} i32)" for name in (*_COUNTERS, "$e", "$f", "$s", "$k", "$q"))
        head = f'(func $f{self.index} (export "f{self.index}") (param $u i32) (param $v i32) (result i32 i64 i32)'
        lines = [head, locals + "(local $x i64)", *self.loop(0), "(i32.add (local.get $s) (local.get $q))"]
        if self.choices.chance(40):
            lines[-1] = f"(i32.add (local.get $s) (local.get {self.choices.pick(_COUNTERS)}))"
        return "\n  ".join([*lines, "(local.get $x) (local.get $e))"])

    def start(self) -> str:
        choices = self.choices
        kind = choices.below(5)
        if kind == 0:
            return f"(i32.and (local.get $u) (i32.const {choices.pick((0xFF, 0xFFFC, 0xFFFFFFFF))}))"
        if kind == 1:
            factor = choices.pick((1, 4, 8, 2, -1))
            scaled = f"(i32.mul (local.get {choices.pick(_COUNTERS)}) (i32.const {factor}))"
            return f"(i32.add {scaled} (i32.const {choices.pick(_STARTS)}))"
        return f"(i32.const {choices.pick(_STARTS)})"

    def loop(self, depth: int) -> list[str]:
        choices = self.choices
        self.labels += 1
        label, limit = f"$l{self.labels}", ("$k", "$f")[depth]
        names = _COUNTERS[: 2 + choices.below(3)] if depth == 0 else ("$c", "$d", "$e")[: 1 + choices.below(3)]
        lines = [f"(local.set {name} {self.start()})" for name in names]
        if depth == 0:
            lines.append(f"(local.set $q (i32.const {choices.pick(_STARTS)}))")
            lines.append(f"(local.set $x (i64.const {choices.pick((2, 0, 0xFFFF_FFFE, -3))}))")
        if depth == 0 and choices.chance(30):
            return self.wide_loop(label, lines, names[:1])
        lines += [f"(local.set {limit} (i32.const {choices.pick((9, 1, 2, 5, 17))}))", f"(loop {label}"]
        for _ in range(1 + choices.below(3)):
            lines += self.statement(names)
        if depth == 0 and choices.chance(50):
            lines += self.rarely(["(local.set $e (local.get $q))", *self.loop(1)])
        updates = [
            f"(local.set {name} (i32.add (local.get {name}) (i32.const {choices.pick(_STEPS)})))" for name in names
        ]
        if depth == 0:
            updates.append(f"(local.set $x (i64.add (local.get $x) (i64.const {choices.pick((1, -1, 2))})))")
            if choices.chance(60):
                added = choices.pick(names)
                updates.insert(
                    choices.below(len(updates)), f"(local.set $q (i32.add (local.get $q) (local.get {added})))"
                )
        count = f"(local.tee {limit} (i32.sub (local.get {limit}) (i32.const 1)))"
        return [*lines, *updates, f"(br_if {label} {count}))"]

    def wide_loop(self, label: str, lines: list[str], names: tuple[str, ...]) -> list[str]:
        """A loop that is counted by an i64 alone, which wraps around in some."""
        choices = self.choices
        first = choices.pick((0, 2, -1, 0xFFFF_FFFE, 0x7FFF_FFFF_FFFF_FFFE, 1 << 63))
        step, count = choices.pick((1, -1, 2, 1 << 32, -4, 0x8000_0000)), choices.pick((9, 1, 2, 5, 17))
        last = (first + step * count) & 0xFFFF_FFFF_FFFF_FFFF
        lines = [*lines, f"(local.set $x (i64.const {first}))", f"(loop {label}"]
        for _ in range(1 + choices.below(2)):
            lines += self.rarely(self.statement(names))
        if choices.chance(50):
            lines += self.rarely(["(local.set $e (local.get $q))", *self.loop(1)])
        added = choices.pick(names)
        updates = [f"(local.set $q (i32.add (local.get $q) (local.get {added})))"] * choices.chance(60)
        for name in names:
            factor = choices.pick((1, 4, -1, 8, 3, 0))
            number = (step * factor or choices.pick(_STEPS)) & 0xFFFF_FFFF
            updates.append(f"(local.set {name} (i32.add (local.get {name}) (i32.const {number})))")
        following = f"(local.tee $x (i64.add (local.get $x) (i64.const {step})))"
        return [*lines, *updates, f"(br_if {label} (i64.ne {following} (i64.const {last}))))"]

    def rarely(self, lines: list[str]) -> list[str]:
        choices = self.choices
        kind = choices.below(3)
        mask = choices.pick((1, 3, 0))
        tested = ("(local.get $s)", f"(i32.load8_u offset=40 (local.get {'$k'}))", "(i32.wrap_i64 (local.get $x))")
        return [f"(if (i32.and {tested[kind]} (i32.const {mask})) (then", *lines, "))"]

    def address(self, name: str) -> str:
        masked = f"(local.get {name})"
        return f"offset={self.choices.pick((0, 1024, 8))} {masked}"

    def statement(self, names: tuple[str, ...]) -> list[str]:
        choices = self.choices
        name = choices.pick(names)
        kind = choices.below(5)
        if kind <= 1:
            loaded = f"({choices.pick(_LOADS)} {self.address(name)})"
            return [f"(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 5)) {loaded}))"]
        used = choices.pick((f"(local.get {name})", "(local.get $q)", "(i32.wrap_i64 (local.get $x))"))
        stored = f"({choices.pick(_STORES)} {self.address(name)} (i32.xor (local.get $s) {used}))"
        if kind == 2:
            return [stored]
        added = f"(local.set $s (i32.add (local.get $s) {used}))"
        return self.rarely([added, *([stored] if choices.chance(40) else [])])
