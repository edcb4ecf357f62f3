"""Makes modules of consecutive loops, with values that one loop leaves for the next, from random bytes.

    generate_sequences(data)
    -> (module ... (loop $l1 ... (local.set $n0 (i32.load8_u ...)) ...) (loop $l2 ... (br_if $l2 (i32.ne ... $n0))) ...)

The limit, the start, the step's source or an operand of a later loop is a value of an earlier loop's body: of its last
iteration, of the exit that it was left by, or of one of two loops in the arms of an ``if``. Sequences stand in outer
loops, after joins, and in loops of loops; bodies load and store at the counters, so that streams, byte operations and
hoisted values meet. ``loops.py`` makes single loops in more forms.
"""

from __future__ import annotations

from tests.differential.choices import Choices
from tests.differential.loops import pattern
from tests.differential.vocabulary import constant

FUNCTIONS = 4
_MOST_NESTED = 2

# Values that a loop leaves for later ones.
_CARRIED = ("$n0", "$n1", "$n2", "$n3")
_COUNTERS = ("$i", "$p", "$j", "$q")
_ACCUMULATORS = ("$s", "$t")
_COMPARISONS = ("ne", "lt_u", "lt_s", "le_u", "gt_u", "ge_u", "gt_s")
_LOADS = (("i32.load8_u", 1), ("i32.load16_u", 2), ("i32.load", 4), ("i32.load8_s", 1), ("i32.load16_s", 2))
_STORES = (("i32.store8", 1), ("i32.store16", 2), ("i32.store", 4))
_COUNTS = (40, 5, 1, 64, 16, 130, 2, 0)
_BINARY = ("add", "xor", "sub", "or", "and", "mul", "shl", "rotl")
_OFFSETS = (0, 0, 4000, 1, 300, 4, 65_000)
_FAR_OFFSET = 65_500
_MASKS = (255, 127, 63, 1023, 0xFC, 0xFFFF)


def generate_sequences(data: bytes) -> str:
    """A module in the text format. Each function gets an equal part of the bytes."""
    share = len(data) // (FUNCTIONS + 1)
    choices = Choices(data[:share])
    parts = [
        "(module",
        '(memory (export "memory") 1 2)',
        f'(data (i32.const 0) "{pattern(choices.byte(), 1500)}")',
        f'(data (i32.const 65280) "{pattern(choices.byte() + 1, 256)}")',
        '(global $g (export "g") (mut i32) (i32.const 5))',
        "(func $h (param i32 i32) (result i32) (i32.xor (local.get 0) (i32.shl (local.get 1) (i32.const 1))))",
    ]
    for index in range(FUNCTIONS):
        part = Choices(data[share * (index + 1) : share * (index + 2)])
        parts.append(_Function(part, index).text())
    return "\n".join([*parts, ")"])


class _Function:
    """Writes one function."""

    def __init__(self, choices: Choices, index: int) -> None:
        self.choices = choices
        self.index = index
        self.labels = 0
        self.free = list(_COUNTERS)

    def text(self) -> str:
        statements = [self.loop(0) for _ in range(2 + self.choices.below(3))]
        for name in _CARRIED:
            if self.choices.chance(70):
                first = f"(i32.load8_u offset={self.choices.below(200)} (i32.and (local.get $u) (i32.const 1023)))"
                statements.insert(0, f"(local.set {name} {first})")
        if self.choices.chance(40):
            statements.insert(1, self.join(0))
        if self.choices.chance(40):
            statements.append(self.nest(0))
        names = " ".join(f"(local {name} i32)" for name in (*_CARRIED, *_COUNTERS, *_ACCUMULATORS, "$m"))
        params = "(param $u i32) (param $v i32) (result i32 i32 i32 i64 f64 i32)"
        lanes = "(i32x4.extract_lane 1 (local.get $lanes))"
        results = (
            "(local.get $s) (local.get $n0) (i32.add (local.get $n1) (local.get $t)) (local.get $x) (local.get $d)"
        )
        body = "\n  ".join(statements)
        locals = f"{names} (local $x i64) (local $d f64) (local $lanes v128)"
        return f'(func $f{self.index} (export "f{self.index}") {params}\n  {locals}\n  {body}\n  {results} {lanes})'

    def label(self) -> str:
        self.labels += 1
        return f"$l{self.labels}"

    # Values

    def small(self) -> str:
        """The same, and below 1024 in most cases: a counter that starts there stays in memory for a while."""
        value = self.value()
        if self.choices.chance(10):
            return value
        return f"(i32.and {value} (i32.const {self.choices.pick((255, 63, 1023))}))"

    def value(self) -> str:
        """A number that does not depend on a counter in scope: often what an earlier loop left."""
        choices = self.choices
        kind = choices.below(8)
        if kind <= 3:
            return f"(local.get {choices.pick(_CARRIED)})"
        if kind == 4:
            return f"(i32.and (local.get {choices.pick(('$u', '$v'))}) (i32.const {choices.pick(_MASKS)}))"
        if kind == 5:
            return f"(i32.const {choices.pick(_COUNTS)})"
        if kind == 6:
            return f"(i32.and (local.get {choices.pick(_ACCUMULATORS)}) (i32.const {choices.pick(_MASKS)}))"
        return f"(i32.load8_u (i32.and (local.get {choices.pick(_CARRIED)}) (i32.const 0xFFFF)))"

    def load(self, counter: str) -> str:
        name, _ = self.choices.pick(_LOADS)
        return f"({name}{self.offset()} (local.get {counter}))"

    def offset(self) -> str:
        offset = _FAR_OFFSET if self.choices.chance(2) else self.choices.pick(_OFFSETS)
        return f" offset={offset}" if offset else ""

    def left_value(self, counter: str) -> str:
        """What a loop computes for a later one."""
        choices = self.choices
        loaded = self.load(counter)
        forms = (
            f"(i32.and {loaded} (i32.const {choices.pick(_MASKS)}))",
            f"(i32.load8_u{self.offset()} (local.get {counter}))",
            f"(i32.and (i32.{choices.pick(_BINARY)} {loaded} {self.value()}) (i32.const {choices.pick(_MASKS)}))",
            loaded if choices.chance(30) else f"(i32.load8_u (local.get {counter}))",
            f"(i32.{choices.pick(_BINARY)} {loaded} {self.value()})",
            f"(local.get {counter})",
            f"(i32.lt_u {loaded} {self.value()})",
            f"(select {loaded} {self.value()} (i32.lt_s {loaded} {self.value()}))",
            f"(i32.add (local.get {choices.pick(_CARRIED)}) {loaded})",
            f"(call $h {loaded} {self.value()})",
            f"(i32.shr_u {loaded} (i32.const {choices.below(8)}))",
            "(i32.const 33)",
        )
        return choices.pick(forms)

    # Statements in loops

    def statement(self, counter: str) -> str:
        choices = self.choices
        loaded = self.load(counter)
        carried, total = choices.pick(_CARRIED), choices.pick(_ACCUMULATORS)
        store, _ = choices.pick(_STORES)
        stored = choices.pick((f"(local.get {total})", loaded, self.value(), f"(local.get {counter})"))
        forms = (
            f"(local.set {carried} {self.left_value(counter)})",
            f"(local.set {total} (i32.{choices.pick(_BINARY)} (local.get {total}) {loaded}))",
            f"({store}{self.offset()} (local.get {counter}) {stored})",
            f"(local.set {carried} {self.left_value(counter)})",
            f"(local.set $x (i64.add (local.get $x) (i64.extend_i32_u {loaded})))",
            f"(local.set $d (f64.add (local.get $d) (f64.convert_i32_s {loaded})))",
            f"(if (i32.lt_u {loaded} {self.value()}) (then (local.set {carried} {self.left_value(counter)})))",
            f"(local.set $lanes (i32x4.splat {self.left_value(counter)}))",
            f"({store}{self.offset()} {self.small()} {stored})",
            f"(global.set $g (i32.add (global.get $g) {loaded}))",
            f"(local.set $d (f64.load{self.offset()} (local.get {counter})))",
            f"(local.set {counter} (i32.add (local.get {counter}) (i32.const 1)))",
        )
        return choices.pick(forms)

    def statements(self, counter: str) -> str:
        return " ".join(self.statement(counter) for _ in range(1 + self.choices.below(3)))

    # Loops

    def loop(self, nesting: int) -> str:
        """A loop over a counter, from and to numbers of which some come from earlier loops."""
        choices = self.choices
        counter = self.free[choices.below(len(self.free))]
        step = choices.pick((1, 1, 2, 4, -1, 3, -2))
        if choices.chance(20):
            setup = f"(local.set {counter} (i32.and (local.get {counter}) (i32.const 0xFFF)))"
        else:
            start = self.small()
            if step > 0:
                start = choices.pick(("(i32.const 0)", start, "(i32.const 65400)" if choices.chance(30) else start))
            setup = f"(local.set {counter} {start})"
        limit = self.limit(counter, step)
        compare = self.comparison(counter, step, limit)
        if "(local.get " + counter in limit or (not limit.startswith("(local.get") and choices.chance(30)):
            setup += f" (local.set $m {limit})"
            limit = "(local.get $m)"
        body = self.statements(counter)
        if nesting < _MOST_NESTED and choices.chance(12) and len(self.free) > 1:
            self.free.remove(counter)
            body += " " + self.loop(nesting + 1)
            self.free.insert(0, counter)
        return f"{setup} {self.form(counter, step, compare, limit, body)}"

    def comparison(self, counter: str, step: int, limit: str) -> str:
        choices = self.choices
        compare = f"i32.{'gt_u' if step < 0 else choices.pick(('lt_u', 'lt_s'))}"
        if limit.startswith(f"(i32.add (local.get {counter}") and choices.chance(50):
            compare = "i32.ne"
        elif choices.chance(15):
            # Many of these do not end before an access traps, which is worth a test now and then.
            compare = f"i32.{choices.pick(_COMPARISONS)}"
        return compare

    def limit(self, counter: str, step: int) -> str:
        choices = self.choices
        kind = choices.below(10)
        if kind >= 6:
            # Nothing between the loops computes it.
            return f"(local.get {choices.pick(_CARRIED)})"
        if kind <= 2:
            return self.small()
        if kind == 3:
            return f"(i32.and {self.value()} (i32.const {choices.pick((255, 63, 0xFC))}))"
        if kind == 4:
            return f"(i32.add (local.get {counter}) (i32.const {choices.pick(_COUNTS) * step}))"
        distance = f"(i32.shl (i32.and {self.value()} (i32.const 63)) (i32.const {choices.below(3)}))"
        return f"(i32.add (local.get {counter}) {distance})"

    def form(self, counter: str, step: int, compare: str, limit: str, body: str) -> str:
        choices = self.choices
        top, out = self.label(), self.label()
        leave = f"(local.set {choices.pick(_CARRIED)} {self.left_value(counter)}) (br {out})"
        if choices.chance(25):
            # Left early, with a value of its own.
            body += f" (if (i32.eq {self.load(counter)} {self.value()}) (then {leave}))"
        add = f"(i32.add (local.get {counter}) (i32.const {step}))"
        move = f"(local.set {counter} {add})"
        kind = choices.below(4)
        if kind == 0:
            text = f"(loop {top} {body} (br_if {top} ({compare} (local.tee {counter} {add}) {limit})))"
        elif kind == 1:
            text = f"(loop {top} {body} {move} (br_if {top} ({compare} (local.get {counter}) {limit})))"
        elif kind == 2:
            test = f"({compare} (local.get {counter}) {limit})"
            text = f"(loop {top} (br_if {out} (i32.eqz {test})) {body} {move} (br {top}))"
        else:
            guard = f"(br_if {out} (i32.eqz ({compare} (local.get {counter}) {limit})))"
            text = f"{guard} (loop {top} {body} (br_if {top} ({compare} (local.tee {counter} {add}) {limit})))"
        return f"(block {out} {text})"

    def join(self, nesting: int) -> str:
        """An ``if`` whose arms leave different values, of loops or not."""
        choices = self.choices
        test = choices.pick(
            ("(i32.and (local.get $u) (i32.const 1))", self.value(), "(i32.lt_s (local.get $u) (i32.const 9))")
        )
        other = choices.pick((self.loop(nesting + 1), f"(local.set {choices.pick(_CARRIED)} (local.get $v))"))
        return f"(if {test} (then {self.loop(nesting + 1)}) (else {other}))"

    def nest(self, nesting: int) -> str:
        """A loop whose body is a sequence of loops, which leave values for each other's next turn."""
        choices = self.choices
        outer = self.free.pop()
        inner = " ".join(self.loop(nesting + 1) for _ in range(1 + choices.below(3)))
        if choices.chance(30):
            inner += " " + self.join(nesting + 1)
        top = self.label()
        add = f"(local.tee {outer} (i32.sub (local.get {outer}) (i32.const 1)))"
        text = (
            f"(local.set {outer} {constant('i32', choices.pick((3, 1, 2)))}) (loop {top} {inner} (br_if {top} {add}))"
        )
        self.free.append(outer)
        return text
