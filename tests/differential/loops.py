"""Makes modules with loops like those of compilers, from random bytes: what optimisers work on, and may get wrong.

    generate_loops(data)
    -> (module ... (func $f0 (export "f0") ... (loop $l1 ... (br_if $l1 (i32.ne (local.tee $p ...) (local.get $e))))))

Counters go up and down, by 1 to 16, to limits that are constants or not, signed or unsigned, wrapping or not; bodies
load and store around the ends of memory, keep accumulators of both widths, call small functions and use a frame on a
shadow stack. Nothing makes a loop end: the comparison leaves out calls that run for too long.
"""

from __future__ import annotations

from tests.differential.choices import Choices
from tests.differential.vocabulary import EDGES, LOADS, STORES, constant

FUNCTIONS = 4
_HELPERS = 6
_MOST_NESTED = 2

_STARTS = (0, 1, 4, 16, 100, 65_500, 65_528, 65_535, 65_536, 0xFFFF_FFF0, 0xFFFF_FFFF, 0x7FFF_FFF8, 0x8000_0000,
           0x3FFF_FFFC, 0x4000_0000)  # fmt: skip
_STEPS = (1, 1, 4, 2, 8, 3, 5, 6, 7, 16, -1, -1, -4, -2, -8, -3, -16)
_COUNTS = (5, 1, 0, 2, 8, 16, 33, 40)
_COMPARISONS = ("lt_u", "lt_s", "ne", "gt_u", "gt_s", "le_u", "le_s", "ge_u", "ge_s")
_I32 = ("$a", "$b", "$i", "$j", "$k", "$n", "$p", "$q", "$u", "$v")
_I64 = ("$x", "$y", "$w")
_MASKS = (0xFF, 0x7F, 1, 3, 0xFFFF, 0x3FFF_FFFF, 0x7FFF_FFFF, 0xFFFC, 0xFFFF_FF00)
_BINARY = ("add", "sub", "and", "xor", "or", "shl", "shr_u", "shr_s", "mul", "rotl", "rotr")
_OFFSETS = (0, 0, 4, 1, 8, 3, 16, 65_530, 0xFFFF_FFF8)


def generate_loops(data: bytes) -> str:
    """A module in the text format. Each function gets an equal part of the bytes."""
    share = len(data) // (FUNCTIONS + 1)
    choices = Choices(data[:share])
    parts = [
        "(module",
        '(memory (export "memory") 1 3)',
        f'(data (i32.const 0) "{pattern(choices.byte(), 512)}")',
        f'(data (i32.const 65400) "{pattern(choices.byte() + 1, 136)}")',
        '(global $sp (export "sp") (mut i32) (i32.const 4096))',
        '(global $g (export "g") (mut i32) (i32.const 7))',
        f'(global $g64 (export "g64") (mut i64) {constant("i64", choices.pick(EDGES["i64"]))})',
        "(global $limit i32 (i32.const 24))",
        "(type $pair (func (param i32 i32) (result i32)))",
        f"(table {_HELPERS + 1} funcref)",
        f"(elem (i32.const 0) {' '.join(f'$h{i}' for i in range(_HELPERS))})",
        *(_helper(choices, index) for index in range(_HELPERS)),
    ]
    for index in range(FUNCTIONS):
        part = Choices(data[share * (index + 1) : share * (index + 2)])
        parts.append(_Function(part, index).text())
    return "\n".join([*parts, ")"])


def pattern(seed: int, size: int) -> str:
    """Bytes as a string literal: some zero, some negative."""
    return "".join(f"\\{(i * i * 7 + i * seed + (i >> 3)) & (0xFF if i % 5 else 0x0F):02x}" for i in range(size))


def _helper(choices: Choices, index: int) -> str:
    """A small function, as an inliner likes them: pure, with memory, with a trap, with branches, with a global."""
    one = constant("i32", choices.pick(EDGES["i32"]))
    binary = choices.pick(_BINARY)
    product = "(i64.mul (i64.extend_i32_u (local.get 0)) (i64.extend_i32_s (local.get 1)))"
    bodies = (
        f"(i32.{binary} (local.get 0) (i32.xor (local.get 1) {one}))",
        "(i32.load8_u (i32.and (i32.add (local.get 0) (local.get 1)) (i32.const 0xFF)))",
        f"(i32.store16 (i32.and (local.get 0) (i32.const 0xFFE)) (local.get 1)) (i32.{binary} (local.get 1) {one})",
        "(if (result i32) (i32.lt_s (local.get 0) (local.get 1)) (then (local.get 0)) (else (local.get 1)))",
        "(global.set $g (i32.add (global.get $g) (local.get 0))) (global.get $g)",
        f"(i32.div_s (local.get 0) (i32.or (local.get 1) (i32.const {choices.pick((1, 0, 1, 1))})))",
        "(if (i32.eqz (local.get 1)) (then (return (i32.const -1)))) (i32.rem_u (local.get 0) (local.get 1))",
        f"(local.set 0 (i32.add (local.get 0) (i32.const 1))) (i32.wrap_i64 (i64.shr_u {product} (i64.const 32)))",
        "(i32.store offset=4 (local.get 0) (local.get 1)) (i32.load offset=4 (local.get 0))",
    )
    return f"(func $h{index} (type $pair) {choices.pick(bodies)})"


class _Function:
    """Writes one function."""

    def __init__(self, choices: Choices, index: int) -> None:
        self.choices = choices
        self.index = index
        self.labels = 0
        self.free = ["$i", "$j", "$k", "$p", "$q"]
        self.has_frame = choices.chance(40)

    def text(self) -> str:
        first = self.loop if self.choices.chance(60) else self.byte_loop
        statements = [first(0), *(self.statement(0) for _ in range(self.choices.below(4)))]
        if self.choices.chance(50):
            statements.insert(0, self.statement(_MOST_NESTED))
        enter = leave = ""
        if self.has_frame:
            enter = "(global.set $sp (local.tee $fp (i32.sub (global.get $sp) (i32.const 48))))"
            leave = "(global.set $sp (i32.add (local.get $fp) (i32.const 48)))"
        body = "\n  ".join([enter, *statements, leave, "(local.get $a) (local.get $b) (local.get $x) (local.get $d)"])
        locals = "(local $a i32) (local $b i32) (local $i i32) (local $j i32) (local $k i32) (local $n i32) "
        locals += "(local $p i32) (local $q i32) (local $c i32) (local $fp i32) "
        locals += "(local $x i64) (local $y i64) (local $d f64)"
        params = "(param $u i32) (param $v i32) (param $w i64) (result i32 i32 i64 f64)"
        return f'(func $f{self.index} (export "f{self.index}") {params}\n  {locals}\n  {body})'

    def label(self) -> str:
        self.labels += 1
        return f"$l{self.labels}"

    # Values

    def i32(self, depth: int) -> str:
        choices = self.choices
        if depth <= 0 or choices.is_spent or choices.chance(25):
            if choices.chance(70):
                return f"(local.get {choices.pick(_I32)})"
            return constant("i32", choices.pick(EDGES["i32"]))
        kinds = (
            self.i32_binary, self.i32_binary, self.i32_binary, self.masked, self.load_i32, self.compared, self.wrapped,
            self.selected, self.called, self.extended, self.shared_global, self.counted, self.truncated,
        )  # fmt: skip
        return choices.pick(kinds)(depth - 1)

    def i32_binary(self, depth: int) -> str:
        choices = self.choices
        name = choices.pick(_BINARY)
        other = constant("i32", choices.pick(EDGES["i32"])) if choices.chance(50) else self.i32(depth)
        return f"(i32.{name} {self.i32(depth)} {other})"

    def masked(self, depth: int) -> str:
        return f"(i32.and {self.i32(depth)} (i32.const {self.choices.pick(_MASKS):#x}))"

    def load_i32(self, depth: int) -> str:
        name, _ = self.choices.pick(LOADS["i32"])
        return f"({name}{self.offset()} {self.address(depth)})"

    def compared(self, depth: int) -> str:
        choices = self.choices
        if choices.chance(30):
            return f"(i64.{choices.pick(_COMPARISONS)} {self.i64(depth)} {self.i64(depth)})"
        if choices.chance(20):
            return f"(i32.eqz {self.i32(depth)})"
        return f"(i32.{choices.pick(_COMPARISONS)} {self.i32(depth)} {self.i32(depth)})"

    def wrapped(self, depth: int) -> str:
        return f"(i32.wrap_i64 {self.i64(depth)})"

    def selected(self, depth: int) -> str:
        return f"(select {self.i32(depth)} {self.i32(depth)} {self.compared(depth)})"

    def called(self, depth: int) -> str:
        choices = self.choices
        arguments = f"{self.i32(depth)} {self.i32(depth)}"
        if choices.chance(60):
            return f"(call $h{choices.below(_HELPERS)} {arguments})"
        index = f"(i32.const {choices.below(_HELPERS)})"
        if choices.chance(40):
            index = f"(i32.and {self.i32(depth)} (i32.const {choices.pick((3, 1, 7))}))"
        return f"(call_indirect (type $pair) {arguments} {index})"

    def extended(self, depth: int) -> str:
        return f"(i32.extend{self.choices.pick((8, 16))}_s {self.i32(depth)})"

    def shared_global(self, depth: int) -> str:
        return f"(global.get ${self.choices.pick(('g', 'limit'))})"

    def counted(self, depth: int) -> str:
        return f"(i32.{self.choices.pick(('ctz', 'clz', 'popcnt'))} {self.i32(depth)})"

    def truncated(self, depth: int) -> str:
        return f"(i32.trunc_sat_f64_{self.choices.pick('su')} (local.get $d))"

    def i64(self, depth: int) -> str:
        choices = self.choices
        if depth <= 0 or choices.is_spent or choices.chance(25):
            if choices.chance(70):
                return f"(local.get {choices.pick(_I64)})"
            return constant("i64", choices.pick(EDGES["i64"]))
        kind = choices.below(6)
        if kind <= 1:
            return f"(i64.{choices.pick(_BINARY)} {self.i64(depth - 1)} {self.i64(depth - 1)})"
        if kind <= 3:
            return f"(i64.extend_i32_{choices.pick('us')} {self.i32(depth - 1)})"
        if kind == 4:
            name, _ = choices.pick(LOADS["i64"])
            return f"({name}{self.offset()} {self.address(depth - 1)})"
        return f"(i64.and {self.i64(depth - 1)} {constant('i64', choices.pick(EDGES['i64']))})"

    def offset(self) -> str:
        choices = self.choices
        offset = choices.pick(_OFFSETS[: 7 if choices.chance(95) else None])
        return f" offset={offset}" if offset else ""

    def address(self, depth: int) -> str:
        """Where an access goes: in most cases somewhere in memory, often by a counter."""
        choices = self.choices
        variable = f"(local.get {choices.pick(_I32)})"
        kind = choices.below(10)
        if kind == 0:
            return f"(i32.and {self.i32(depth)} (i32.const {choices.pick((0x1FF, 0xFFF, 0xFFFC, 0xFFFF))}))"
        if kind == 1 and self.has_frame:
            return f"(i32.add (local.get $fp) (i32.const {choices.pick((0, 4, 8, 12, 16, 20, 40))}))"
        if kind == 2:
            return f"(i32.const {choices.pick((0, 8, 100, 65_400, 65_528, 65_532, 65_535))})"
        if kind == 3:
            base = choices.pick((0, 64, 256, 1024, 65_480))
            return f"(i32.add (i32.shl {variable} (i32.const {choices.below(4)})) (i32.const {base}))"
        if kind == 4:
            return f"(i32.add {variable} (i32.const {choices.pick((1, 4, -1, -4, 256, 65_500, -8))}))"
        if kind == 5:
            return f"(i32.add {variable} (local.get {choices.pick(_I32)}))"
        return variable

    # Statements

    def statement(self, nesting: int) -> str:
        choices = self.choices
        kinds = [self.loop, self.set_i32, self.set_i64, self.store, self.store]
        if nesting == 0:
            kinds += [self.loop, self.byte_loop, self.byte_loop, self.loop]
        if nesting >= _MOST_NESTED or choices.is_spent:
            kinds = kinds[1:5]
        kinds += [self.condition, self.table, self.set_global, self.frame, self.set_float, self.bulk]
        kinds.append(self.set_condition)
        return choices.pick(kinds)(nesting)

    def statements(self, nesting: int, most: int = 3) -> str:
        return " ".join(self.statement(nesting) for _ in range(1 + self.choices.below(most)))

    def set_i32(self, nesting: int) -> str:
        target = self.choices.pick(("$a", "$b", "$a", "$b", "$n"))
        if self.choices.chance(60):
            name = self.choices.pick(("add", "xor", "sub", "mul"))
            return f"(local.set {target} (i32.{name} (local.get {target}) {self.i32(2)}))"
        return f"(local.set {target} {self.i32(3)})"

    def set_i64(self, nesting: int) -> str:
        target = self.choices.pick(("$x", "$y"))
        return f"(local.set {target} (i64.{self.choices.pick(_BINARY)} (local.get {target}) {self.i64(2)}))"

    def set_float(self, nesting: int) -> str:
        convert = self.choices.pick(("convert_i32_s", "convert_i32_u"))
        return f"(local.set $d (f64.add (local.get $d) (f64.{convert} {self.i32(2)})))"

    def set_condition(self, nesting: int) -> str:
        """A local that nothing but conditions reads: perhaps behind the loop that writes it."""
        return f"(local.set $c {self.compared(2)})"

    def set_global(self, nesting: int) -> str:
        if self.choices.chance(30):
            return f"(global.set $g64 {self.i64(2)})"
        return f"(global.set $g {self.i32(2)})"

    def store(self, nesting: int) -> str:
        type = self.choices.pick(("i32", "i32", "i64"))
        name, _ = self.choices.pick(STORES[type])
        value = self.i32(2) if type == "i32" else self.i64(2)
        return f"({name}{self.offset()} {self.address(1)} {value})"

    def frame(self, nesting: int) -> str:
        """A local variable in memory, as compilers keep those whose address is taken."""
        if not self.has_frame:
            return self.set_i32(nesting)
        place = self.choices.pick((0, 4, 8, 12, 16, 40))
        address = f"offset={place} (local.get $fp)"
        read = f"(i32.load {address})"
        return f"(i32.store {address} (i32.{self.choices.pick(_BINARY)} {read} {self.i32(2)}))"

    def bulk(self, nesting: int) -> str:
        choices = self.choices
        count = choices.pick((0, 1, 7, 16))
        if choices.chance(15):
            return f"(drop (memory.grow (i32.const {choices.pick((0, 1))})))"
        if choices.chance(50):
            return f"(memory.fill {self.address(1)} {self.i32(1)} (i32.const {count}))"
        return f"(memory.copy {self.address(1)} {self.address(1)} (i32.const {count}))"

    def condition(self, nesting: int) -> str:
        then = self.statements(nesting + 1, 2)
        test = "(local.get $c)" if self.choices.chance(30) else self.compared(2)
        if self.choices.chance(50):
            return f"(if {test} (then {then}))"
        return f"(if {test} (then {then}) (else {self.statements(nesting + 1, 2)}))"

    def table(self, nesting: int) -> str:
        """A switch of three cases and a default that the last one falls through to."""
        labels = [self.label() for _ in range(3)]
        out = self.label()
        index = f"(i32.{self.choices.pick(('and', 'rem_u'))} {self.i32(1)} (i32.const {self.choices.pick((3, 7))}))"
        text = f"(br_table {' '.join(labels)} {labels[1]} {index})"
        for number, label in enumerate(labels):
            leave = f"(br {out})" if number < 2 else ""
            text = f"(block {label} {text}) {self.statement(nesting + 1)} {leave}"
        return f"(block {out} {text})"

    # Loops

    def loop(self, nesting: int) -> str:
        if not self.free or self.choices.chance(12):
            return self.wide_loop(nesting)
        choices = self.choices
        counter = self.free.pop(0)
        step = choices.pick(_STEPS)
        get = f"(local.get {counter})"
        add = f"(i32.add {get} (i32.const {step}))"
        if step < 0 and choices.chance(50):
            add = f"(i32.sub {get} (i32.const {-step}))"
        start, limit = self.bounds(counter, step)
        name = choices.pick(_COMPARISONS)
        setup = f"(local.set {counter} {start})"
        if not limit.startswith("(i32.const") and not limit.startswith("(local.get"):
            setup += f" (local.set $n {limit})"
            limit = "(local.get $n)"
        body = self.statements(nesting + 1)
        text = self.loop_form(counter, get, add, f"i32.{name}", limit, body, nesting)
        self.free.insert(0, counter)
        return f"{setup} {text}"

    def bounds(self, counter: str, step: int) -> tuple[str, str]:
        """Where a counter starts and where it ends, so that most loops run a few times."""
        choices = self.choices
        distance = step * choices.pick(_COUNTS)
        kind = choices.below(8)
        if kind <= 2:
            start = choices.pick(_STARTS)
            end = (start + distance + (choices.below(3) if choices.chance(20) else 0)) & 0xFFFF_FFFF
            return f"(i32.const {start:#x})", f"(i32.const {end:#x})"
        if kind == 3:
            start = f"(i32.and {self.i32(1)} (i32.const {choices.pick((0xFF, 0xFFC, 0xFFFF))}))"
            return start, f"(i32.add (local.get {counter}) (i32.const {distance}))"
        if kind == 4:
            return self.i32(1), f"(i32.add (local.get {counter}) (i32.const {distance}))"
        if kind == 5:
            start = f"(i32.const {0 if step > 0 else 40})"
            return start, f"(i32.and (local.get {choices.pick(('$u', '$v'))}) (i32.const 31))"
        if kind == 6:
            variable = choices.pick(("$u", "$v", "$n"))
            if step > 0:
                return f"(i32.const {choices.pick((0, 1, 100))})", f"(local.get {variable})"
            return f"(local.get {variable})", f"(i32.const {choices.pick((0, 1, 0xFFFF_FFFF))})"
        return f"(local.get {choices.pick(('$u', '$v'))})", f"(local.get {choices.pick(('$v', '$u'))})"

    def loop_form(self, counter: str, get: str, add: str, compare: str, limit: str, body: str, nesting: int) -> str:
        choices = self.choices
        top, out, next = self.label(), self.label(), self.label()
        if choices.chance(25):
            body = f"(block {next} {body} (br_if {next} {self.compared(1)}) {self.statement(nesting + 1)})"
        if choices.chance(20):
            body += f" (br_if {out} {self.compared(1)})"
        step = f"(local.set {counter} {add})"
        kind = choices.below(6)
        if kind == 0:
            test = f"({compare} {get} {limit})"
            text = f"(loop {top} (br_if {out} (i32.eqz {test})) {body} {step} (br {top}))"
        elif kind == 1:
            text = f"(loop {top} {body} {step} (br_if {top} ({compare} {get} {limit})))"
        elif kind == 2:
            text = f"(loop {top} {body} (br_if {top} ({compare} (local.tee {counter} {add}) {limit})))"
        elif kind == 3:
            guard = f"(br_if {out} (i32.eqz ({compare} {get} {limit})))"
            text = f"{guard} (loop {top} {body} (br_if {top} ({compare} (local.tee {counter} {add}) {limit})))"
        elif kind == 4:
            # Counted by a second variable, as after strength reduction.
            count = "(local.tee $n (i32.sub (local.get $n) (i32.const 1)))"
            setup = f"(local.set $n (i32.const {choices.pick(_COUNTS) + 1}))"
            text = f"{setup} (loop {top} {body} {step} (br_if {top} {count}))"
        else:
            # The step comes first, so that the body sees the new value.
            text = f"(loop {top} {step} {body} (br_if {top} ({compare} {get} {limit})))"
        return f"(block {out} {text})"

    def wide_loop(self, nesting: int) -> str:
        """A loop whose counter is an i64, used as an address too."""
        choices = self.choices
        top = self.label()
        start = choices.pick((0, 1, 100, (1 << 32) - 4, (1 << 63) - 4, (1 << 64) - 3, (1 << 30) - 2, (1 << 60) - 2))
        step = choices.pick((1, 4, 8, -1, -4))
        end = start + step * choices.pick(_COUNTS) & (1 << 64) - 1
        body = self.statements(nesting + 1, 2)
        add = f"(local.tee $y (i64.add (local.get $y) (i64.const {step})))"
        test = f"(i64.{choices.pick(_COMPARISONS)} {add} (i64.const {end:#x}))"
        use = "(local.set $p (i32.wrap_i64 (local.get $y)))" if choices.chance(50) else ""
        return f"(local.set $y (i64.const {start:#x})) (loop {top} {use} {body} (br_if {top} {test}))"

    def byte_loop(self, nesting: int) -> str:
        """What memset, memcpy, memcmp, memchr and a checksum are inside, overlapping and at the ends of memory too."""
        choices = self.choices
        kind = choices.pick(("fill", "copy", "copy", "compare", "search", "sum"))
        width, load, store = choices.pick(
            ((1, "i32.load8_u", "i32.store8"), (1, "i32.load8_u", "i32.store8"), (1, "i32.load8_s", "i32.store8"),
             (4, "i32.load", "i32.store"), (2, "i32.load16_u", "i32.store16"))
        )  # fmt: skip
        step = width if choices.chance(75) else -width
        target = choices.pick((64, 65_500, 0, 65_535, 300)) & -width
        distance = choices.pick((128, 1, -1, 4, 0, -4, 8, 3))
        setup = [f"(local.set $p (i32.const {target}))"]
        if choices.chance(30):
            setup = [f"(local.set $p (i32.and (local.get $u) (i32.const {choices.pick((0xFF, 0xFFFF))})))"]
        setup.append(f"(local.set $q (i32.add (local.get $p) (i32.const {distance * width})))")
        count = f"(i32.const {choices.pick((5, 1, 16, 40, 0))})"
        if choices.chance(50):
            count = f"(i32.and (local.get $v) (i32.const {choices.pick((31, 7, 63))}))"
        if choices.chance(10):
            count = "(local.get $v)"
        setup.append(f"(local.set $n {count})")
        top, out = self.label(), self.label()
        filler = choices.pick(("(local.get $u)", "(i32.const 0)", "(i32.const 0x1AB)"))
        bodies = {
            "fill": f"({store} (local.get $p) {filler})",
            "copy": f"({store} (local.get $p) ({load} (local.get $q)))",
            "compare": f"(br_if {out} (i32.ne ({load} (local.get $p)) ({load} (local.get $q))))",
            "search": f"(br_if {out} (i32.eq ({load} (local.get $p)) (i32.and (local.get $u) (i32.const 255))))",
            "sum": f"(local.set $a (i32.add (local.get $a) ({load} (local.get $p))))",
        }
        move = f"(local.set $p (i32.add (local.get $p) (i32.const {step})))"
        if kind in ("copy", "compare"):
            move += f" (local.set $q (i32.add (local.get $q) (i32.const {step})))"
        return " ".join([*setup, self.counted_form(top, out, bodies[kind], move, step)])

    def counted_form(self, top: str, out: str, body: str, move: str, step: int) -> str:
        """A loop over $n elements, or until $p is at the end $i."""
        down = "(local.set $n (i32.sub (local.get $n) (i32.const 1)))"
        again = "(local.tee $n (i32.sub (local.get $n) (i32.const 1)))"
        end = f"(local.set $i (i32.add (local.get $p) (i32.mul (local.get $n) (i32.const {step}))))"
        at_end, beyond = (f"(i32.{name} (local.get $p) (local.get $i))" for name in ("eq", "ge_u"))
        forms = (
            f"(block {out} (loop {top} (br_if {out} (i32.eqz (local.get $n))) {body} {move} {down} (br {top})))",
            f"(block {out} (br_if {out} (i32.eqz (local.get $n))) (loop {top} {body} {move} (br_if {top} {again})))",
            f"{end} (block {out} (loop {top} (br_if {out} {at_end}) {body} {move} (br {top})))",
            f"{end} (block {out} (loop {top} {body} {move} (br_if {top} (i32.ne (local.get $p) (local.get $i)))))",
            f"(block {out} (loop {top} {body} {move} (br_if {top} {again})))",
            f"{end} (block {out} (loop {top} (br_if {out} {beyond}) {body} {move} (br {top})))",
        )  # fmt: skip
        return self.choices.pick(forms)
