"""Makes a valid module in the text format from random bytes.

    generate(data, EXPRESSIONS)
    -> (module ... (func $f4 (export "f4") (param i32 i64) (result f32) (local ...) (f32.add (local.get 3) ...)))

Every run ends: each branch to a loop first takes from the function's own fuel, and each call of a function that may
make calls takes from a global. NaNs are made canonical before their bits can be observed, because implementations may
choose them.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.differential import throwing
from tests.differential.choices import Choices
from tests.differential.vocabulary import BY_RESULT, EDGES, LOADS, STORES, TYPES, constant

MAX_DEPTH = 5
_LOCALS_OF_EACH_TYPE = 2
_LOOP_FUEL = 12
_CALL_FUEL = 12
_TABLE_SIZE = 10

# Addresses of accesses: around both ends of the memory's first and last pages, and far beyond.
_ADDRESSES = (0, 1, 2, 3, 4, 7, 8, 16, 100, 65_300, 65_400, 65_500, 65_501, 65_503, 65_516, 65_520, 65_527)
_OUTER_ADDRESSES = (65_535, 65_534, 65_533, 65_532, 65_531, 65_529, 65_528, 65_536, 65_537, 131_068, 131_069)
_FAR_ADDRESSES = (0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFFC, 0xFFFF_0000)
_OFFSETS = (0, 1, 4, 8, 3, 16, 5, 9)
_FAR_OFFSETS = (100, 65_528, 65_535, 65_536, 0x7FFF_FFFF, 0xFFFF_FFFF, 0xFFFF_0000)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a module may contain.

    Attributes:
        functions: how many exported functions.
        control: structured control, with labels.
        memory: loads, stores and bulk operations on a memory of one page that can grow to three.
        calls: direct, indirect and tail calls, globals.
        exceptions: what throws and catches.
        references: to exceptions, which are kept for later.
    """

    functions: int
    control: bool = False
    memory: bool = False
    calls: bool = False
    exceptions: bool = False
    references: bool = False


EXPRESSIONS = Profile(functions=10)
CONTROL = Profile(functions=6, control=True)
MEMORY = Profile(functions=6, memory=True)
CALLS = Profile(functions=8, control=True, calls=True)
EVERYTHING = Profile(functions=8, control=True, memory=True, calls=True)
EXCEPTIONS = Profile(functions=6, control=True, memory=True, calls=True, exceptions=True, references=True)
# Behaves the same in the final form of exceptions and in the legacy one.
LEGACY_EXCEPTIONS = Profile(functions=6, control=True, calls=True, exceptions=True)
PROFILES = {
    "expressions": EXPRESSIONS,
    "control": CONTROL,
    "memory": MEMORY,
    "calls": CALLS,
    "everything": EVERYTHING,
    "exceptions": EXCEPTIONS,
}


@dataclass(frozen=True, slots=True)
class Signature:
    """Types of a function, by name."""

    params: tuple[str, ...]
    results: tuple[str, ...]

    @property
    def text(self) -> str:
        return _types("param", self.params) + _types("result", self.results)


@dataclass(frozen=True, slots=True)
class LabelInfo:
    """A label in scope, with the types that a branch to it carries."""

    name: str
    types: tuple[str, ...]
    is_loop: bool


def _types(word: str, types: tuple[str, ...]) -> str:
    return f" ({word} {' '.join(types)})" if types else ""


def generate(data: bytes, profile: Profile, *, is_legacy: bool = False) -> str:
    """A module in the text format. Each function gets an equal part of the bytes.

    With ``is_legacy``, what catches exceptions is written in the superseded form.
    """
    share = len(data) // (profile.functions + 1)
    choices = Choices(data[:share])
    signatures = []
    for _ in range(profile.functions):
        params = tuple(choices.pick(TYPES) for _ in range(choices.below(5)))
        count = 1 if not profile.calls or not choices.chance(40) else choices.below(4)
        signatures.append(Signature(params, tuple(choices.pick(TYPES) for _ in range(count))))
    parts = ["(module", _CANONICAL]
    if profile.memory:
        parts.append('(memory (export "memory") 1 3)')
        parts.append('(data (i32.const 65500) "0123456789abcdef\\ff\\fe\\80\\7f\\00\\01\\c0\\7f")')
        parts.append('(data $passive "\\01\\02\\ffxyz")')
    parts.append(f'(global $fuel (export "fuel") (mut i32) (i32.const {_CALL_FUEL}))')
    # One that the host sees, and one that it does not, of each type.
    for type in TYPES:
        parts.append(f'(global $x_{type} (export "x_{type}") (mut {type}) {constant(type, choices.pick(EDGES[type]))})')
        parts.append(f"(global $y_{type} (mut {type}) {constant(type, choices.pick(EDGES[type]))})")
    if profile.calls:
        # Usually function i at index i, sometimes any; the last element stays null.
        entries = " ".join(
            f"(ref.func $f{i if i < profile.functions and choices.chance(85) else choices.below(profile.functions)})"
            for i in range(_TABLE_SIZE - 1)
        )
        parts.append(f"(table $t {_TABLE_SIZE} funcref) (elem (table $t) (i32.const 0) funcref {entries})")
    if profile.exceptions:
        parts.append(throwing.DECLARATIONS)
    for index in range(profile.functions):
        part = Choices(data[share * (index + 1) : share * (index + 2)])
        parts.append(_Function(part, profile, signatures, index, is_legacy).text())
    return "\n".join([*parts, ")"])


_CANONICAL = "\n".join(
    f"(func $canonical_{type} (param {type}) (result {type}) (select (local.get 0) ({type}.const nan) "
    f"({type}.eq (local.get 0) (local.get 0))))"
    for type in ("f32", "f64")
)


class _Function:
    """Writes one function."""

    def __init__(
        self, choices: Choices, profile: Profile, signatures: list[Signature], index: int, is_legacy: bool
    ) -> None:
        self.choices = choices
        self.profile = profile
        self.signatures = signatures
        self.index = index
        self.signature = signatures[index]
        # The last local is the fuel for loops.
        self.locals = [*self.signature.params, *(type for type in TYPES for _ in range(_LOCALS_OF_EACH_TYPE))]
        self.labels: list[LabelInfo] = []
        self.label_count = 0
        self.is_legacy = is_legacy
        # Blocks whose exception can be thrown again here, with whether it is; and the locals that keep it.
        self.caught: list[tuple[str, bool]] = []
        self.variables: list[str] = [throwing.KEPT] if profile.references else []

    def text(self) -> str:
        first = len(self.signature.params)
        statements = []
        if self.profile.control or self.profile.memory or self.profile.calls:
            statements = [self.statement(MAX_DEPTH) for _ in range(1 + self.choices.below(5))]
        results = [self.expression(type, MAX_DEPTH) for type in self.signature.results]
        fuel = f"(local $loop_fuel i32) (local.set $loop_fuel (i32.const {_LOOP_FUEL}))"
        locals = f"(local {' '.join(self.locals[first:])})"
        locals += "".join(f" (local {name} exnref)" for name in dict.fromkeys(self.variables))
        body = "\n  ".join([f"{locals} {fuel}", *statements, *results])
        return f'(func $f{self.index} (export "f{self.index}"){self.signature.text}\n  {body})'

    # Expressions: each leaves one value

    def expression(self, type: str, depth: int) -> str:
        choices = self.choices
        if depth <= 0 or choices.is_spent:
            return self.leaf(type)
        kinds = [self.leaf, self.numeric, self.numeric, self.numeric, self.local_tee, self.select]
        if self.profile.control:
            kinds += [self.if_expression, self.block_expression, self.loop_expression]
        if self.profile.memory:
            kinds += [self.load, self.load]
            if type == "i32":
                kinds.append(self.memory_size)
        if self.profile.calls:
            kinds += [self.call, self.global_get]
        if self.profile.exceptions:
            kinds.append(self.try_expression)
        kind = choices.pick(kinds)
        return kind(type) if kind == self.leaf else kind(type, depth - 1)  # type: ignore[operator]

    def leaf(self, type: str) -> str:
        choices = self.choices
        if choices.chance(60):
            return f"(local.get {choices.pick(self.locals_of(type))})"
        if choices.chance(80):
            return constant(type, choices.pick(EDGES[type]))
        bits = choices.bits(int(type[1:]))
        if type in ("f32", "f64"):
            # No signalling or unusual NaNs: another test is about their bits.
            exponent = 0xFF << 23 if type == "f32" else 0x7FF << 52
            bits = bits if bits & exponent != exponent else bits & ~exponent
        return constant(type, bits)

    def locals_of(self, type: str) -> list[int]:
        return [index for index, found in enumerate(self.locals) if found == type]

    def numeric(self, type: str, depth: int) -> str:
        name, params = self.choices.pick(BY_RESULT[type])
        operands = [self.expression(param, depth) for param in params]
        if "reinterpret_f" in name:
            operands = [self.canonical(params[0], operands[0])]
        elif "copysign" in name:
            operands[1] = self.canonical(params[1], operands[1])
        elif name.startswith(("i32.trunc_f", "i64.trunc_f")) and self.choices.chance(80):
            # Usually in range, because a trap ends the run.
            operands = [f"({params[0]}.min {operands[0]} {constant(params[0], EDGES[params[0]][1])})"]
        elif ".div_" in name or ".rem_" in name:
            if self.choices.chance(85):
                operands[1] = f"({type}.or {operands[1]} ({type}.const 1))"
        return f"({name} {' '.join(operands)})"

    def canonical(self, type: str, operand: str) -> str:
        return f"(call $canonical_{type} {operand})" if type in ("f32", "f64") else operand

    def local_tee(self, type: str, depth: int) -> str:
        return f"(local.tee {self.choices.pick(self.locals_of(type))} {self.expression(type, depth)})"

    def select(self, type: str, depth: int) -> str:
        operands = (self.expression(type, depth), self.expression(type, depth), self.expression("i32", depth))
        return f"(select {' '.join(operands)})"

    def global_get(self, type: str, depth: int) -> str:
        return f"(global.get ${self.choices.pick('xy')}_{type})"

    def memory_size(self, type: str, depth: int) -> str:
        if self.choices.chance(70):
            return "(memory.size)"
        return f"(memory.grow (i32.const {self.choices.pick((0, 1, 2, 3, 65_536))}))"

    def address(self, depth: int) -> str:
        choices = self.choices
        if choices.chance(3):
            return self.expression("i32", depth)
        if choices.chance(40):
            mask = choices.pick((0xFF, 0xFFF, 0xFFF7, 0xFFFF))
            return f"(i32.and {self.expression('i32', depth)} (i32.const {mask}))"
        if choices.chance(3):
            return f"(i32.const {choices.pick(_FAR_ADDRESSES):#x})"
        return f"(i32.const {choices.pick(_OUTER_ADDRESSES if choices.chance(10) else _ADDRESSES):#x})"

    def memory_argument(self, width: int) -> str:
        choices = self.choices
        offset = choices.pick(_OFFSETS) if choices.chance(40) else 0
        if choices.chance(2):
            offset = choices.pick(_FAR_OFFSETS)
        alignment = 1 << choices.below(width.bit_length())
        return f"{f' offset={offset}' if offset else ''} align={alignment}"

    def load(self, type: str, depth: int) -> str:
        name, width = self.choices.pick(LOADS[type])
        return f"({name}{self.memory_argument(width)} {self.address(depth)})"

    def call(self, type: str, depth: int) -> str:
        """A value of the type from a call, which may make a tuple of which the rest is dropped."""
        found = [i for i, signature in enumerate(self.signatures) if signature.results == (type,)]
        if not found:
            return self.leaf(type)
        callee = self.choices.pick(found)
        call = self.call_of(callee, depth)
        if callee < self.index and callee < 2:
            return call
        return (
            f"(if (result {type}) (i32.gt_s (global.get $fuel) (i32.const 0)) "
            f"(then {_PAY} {call}) (else {self.leaf(type)}))"
        )

    def call_of(self, callee: int, depth: int, form: str = "") -> str:
        """A direct or indirect call of a function, or of what is not quite it."""
        choices = self.choices
        signature = self.signatures[callee]
        operands = " ".join(self.expression(param, depth) for param in signature.params)
        if choices.chance(40) and not (callee < self.index and callee < 2):
            index = f"(i32.const {choices.below(_TABLE_SIZE + 1) if choices.chance(8) else callee})"
            if choices.chance(4):
                index = self.expression("i32", depth)
            return f"({form}call_indirect $t{signature.text} {operands} {index})"
        return f"({form}call $f{callee} {operands})"

    # Expressions with control

    def new_label(self, types: tuple[str, ...], is_loop: bool = False) -> LabelInfo:
        self.label_count += 1
        return LabelInfo(f"$l{self.label_count}", types, is_loop)

    def label_of(self, name: str, types: tuple[str, ...]) -> LabelInfo:
        """A label that was made before."""
        return LabelInfo(name, types, is_loop=False)

    def body_of(self, label: LabelInfo, depth: int, results: tuple[str, ...]) -> str:
        """Statements and the results, with the label in scope."""
        self.labels.append(label)
        parts = [self.statement(depth) for _ in range(self.choices.below(3))]
        parts += [self.expression(type, depth) for type in results]
        self.labels.pop()
        return " ".join(parts)

    def if_expression(self, type: str, depth: int) -> str:
        label = self.new_label((type,))
        condition = self.expression("i32", depth)
        then, other = self.body_of(label, depth, (type,)), self.body_of(label, depth, (type,))
        return f"(if {label.name} (result {type}) {condition} (then {then}) (else {other}))"

    def block_expression(self, type: str, depth: int) -> str:
        label = self.new_label((type,))
        body = self.body_of(label, depth, (type,))
        if self.choices.chance(30):
            # The operands of br_if stay on the stack if it does not branch.
            body += f" (br_if {label.name} {self.expression('i32', depth)})"
        return f"(block {label.name} (result {type}) {body})"

    def try_expression(self, type: str, depth: int) -> str:
        return throwing.try_block(self, (type,), depth)

    def loop_expression(self, type: str, depth: int) -> str:
        label = self.new_label((), is_loop=True)
        return f"(loop {label.name} (result {type}) {self.body_of(label, depth, (type,))})"

    # Statements: each leaves the stack as it was

    def statement(self, depth: int) -> str:
        choices = self.choices
        if depth <= 0 or choices.is_spent:
            return "(nop)"
        kinds = [self.set_local, self.set_local, self.drop]
        if self.profile.control:
            kinds += [self.if_statement, self.block_statement, self.loop_statement, self.branch, self.branch_table]
            kinds += [self.multi_value_block, self.branch, self.loop_statement]
        if self.profile.memory:
            kinds += [self.store, self.store, self.store, self.bulk]
        if self.profile.calls:
            kinds += [self.global_set, self.call_statement, self.tail_call]
        if self.profile.exceptions:
            kinds += [self.try_statement, self.try_statement, self.throw]
        return choices.pick(kinds)(depth - 1)

    def try_statement(self, depth: int) -> str:
        return throwing.try_statement(self, depth)

    def throw(self, depth: int) -> str:
        return throwing.throw(self, depth)

    def set_local(self, depth: int) -> str:
        type = self.choices.pick(TYPES)
        return f"(local.set {self.choices.pick(self.locals_of(type))} {self.expression(type, depth)})"

    def drop(self, depth: int) -> str:
        return f"(drop {self.expression(self.choices.pick(TYPES), depth)})"

    def if_statement(self, depth: int) -> str:
        label = self.new_label(())
        condition = self.expression("i32", depth)
        then = self.body_of(label, depth, ()) + self.statement(depth)
        other = f" (else {self.body_of(label, depth, ())})" if self.choices.chance(50) else ""
        return f"(if {label.name} {condition} (then {then}){other})"

    def block_statement(self, depth: int) -> str:
        label = self.new_label(())
        return f"(block {label.name} {self.body_of(label, depth, ())} {self.body_of(label, depth, ())})"

    def loop_statement(self, depth: int) -> str:
        label = self.new_label((), is_loop=True)
        body = self.body_of(label, depth, ())
        return f"(loop {label.name} {body} (br_if {label.name} (i32.and {_BURN} {self.expression('i32', depth)})))"

    def multi_value_block(self, depth: int) -> str:
        """A block, loop or if with parameters and several results."""
        choices = self.choices
        params = tuple(choices.pick(TYPES) for _ in range(choices.below(4)))
        results = tuple(choices.pick(TYPES) for _ in range(choices.below(4)))
        word = choices.pick(("block", "loop", "if"))
        label = self.new_label(params if word == "loop" else results, is_loop=word == "loop")
        operands = " ".join(self.expression(type, depth) for type in params)
        take = " ".join(f"(local.set {choices.pick(self.locals_of(type))})" for type in reversed(params))
        arms = []
        for _ in range(2 if word == "if" else 1):
            kept = params if params == results and choices.chance(50) else ()
            body = "" if kept else f"{take} {self.body_of(label, depth, results)}"
            arms.append(body)
        condition = self.expression("i32", depth) if word == "if" else ""
        inside = f"(then {arms[0]}) (else {arms[1]})" if word == "if" else arms[0]
        after = " ".join(f"(local.set {choices.pick(self.locals_of(type))})" for type in reversed(results))
        types = _types("param", params) + _types("result", results)
        return f"{operands} ({word} {label.name}{types} {condition} {inside}) {after}"

    def branch(self, depth: int) -> str:
        choices = self.choices
        if not self.labels or choices.chance(10):
            results = " ".join(self.expression(type, depth) for type in self.signature.results)
            return f"(if {self.expression('i32', depth)} (then (return {results})))"
        label = choices.pick(self.labels[::-1])
        operands = " ".join(self.expression(type, depth) for type in label.types)
        condition = self.expression("i32", depth)
        if label.is_loop:
            condition = f"(i32.and {_BURN} {condition})"
        if choices.chance(40):
            return f"(if {condition} (then (br {label.name} {operands})))"
        drops = " ".join("(drop)" for _ in label.types)
        return f"(br_if {label.name} {operands} {condition}) {drops}"

    def branch_table(self, depth: int) -> str:
        choices = self.choices
        if not self.labels:
            return self.set_local(depth)
        types = choices.pick(self.labels[::-1]).types
        fitting = [label for label in self.labels if label.types == types]
        chosen = [choices.pick(fitting) for _ in range(1 + choices.below(choices.pick((2, 5, 9, 20))))]
        operands = " ".join(self.expression(type, depth) for type in types)
        index = self.expression("i32", depth)
        if choices.chance(70):
            index = f"(i32.and {index} (i32.const {choices.pick((1, 3, 7, 15))}))"
        table = f"(br_table {' '.join(label.name for label in chosen)} {operands} {index})"
        condition = _BURN if any(label.is_loop for label in chosen) else self.expression("i32", depth)
        return f"(if {condition} (then {table}))"

    def store(self, depth: int) -> str:
        type = self.choices.pick(TYPES)
        name, width = self.choices.pick(STORES[type])
        address = self.address(depth)
        stored = self.canonical(type, self.expression(type, depth))
        return f"({name}{self.memory_argument(width)} {address} {stored})"

    def bulk(self, depth: int) -> str:
        choices = self.choices
        count = f"(i32.const {choices.pick((0, 1, 5, 8, 9, 15, 65_536) if choices.chance(10) else (0, 1, 5, 8))})"
        word = choices.pick(("fill", "copy", "init", "grow"))
        if word == "fill":
            return f"(memory.fill {self.address(depth)} {self.expression('i32', depth)} {count})"
        if word == "copy":
            return f"(memory.copy {self.address(depth)} {self.address(depth)} {count})"
        if word == "init":
            source = f"(i32.const {choices.below(4)}) (i32.const {choices.below(3)})"
            return f"(memory.init $passive {self.address(depth)} {source})"
        return f"(drop (memory.grow (i32.const {choices.below(3)})))"

    def global_set(self, depth: int) -> str:
        type = self.choices.pick(TYPES)
        return f"(global.set ${self.choices.pick('xy')}_{type} {self.expression(type, depth)})"

    def call_statement(self, depth: int) -> str:
        callee = self.choices.below(len(self.signatures))
        results = self.signatures[callee].results
        after = " ".join(f"(local.set {self.choices.pick(self.locals_of(type))})" for type in reversed(results))
        return f"(if (i32.gt_s (global.get $fuel) (i32.const 0)) (then {_PAY} {self.call_of(callee, depth)} {after}))"

    def tail_call(self, depth: int) -> str:
        fitting = [i for i, other in enumerate(self.signatures) if other.results == self.signature.results]
        callee = self.choices.pick(fitting)
        call = self.call_of(callee, depth, "return_")
        return f"(if (i32.gt_s (global.get $fuel) (i32.const 0)) (then {_PAY} {call}))"


# Whether there is fuel left for one more branch to a loop; takes one unit.
_BURN = "(i32.gt_s (local.tee $loop_fuel (i32.sub (local.get $loop_fuel) (i32.const 1))) (i32.const 0))"
_PAY = "(global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))"
