"""Records the code that the pipeline's lowerings emit for an instruction, as a template for the baseline compiler.

    record("i32.add")      " ;  ; + const:4294967295 &"
    record("i32.lt_s")     " ; const:2147483648 ^ ; const:2147483648 ^ compare:<"
    record("i32.div_s")    "callee:i32_div_s ;  ; @ call:2"
    record("i64.load8_s")  "view:b+0 ;  ; @ subscript const:18446744073709551615 &"

The three parts are the code below the first operand, between the operands, and above them. So each lowering exists
once, in `codegen/lowering/`, and templates follow it. Used only to generate and test templates.
"""

from __future__ import annotations

from collections.abc import Sequence

from wasmz.codegen.emitted import Attempt, Emitted, Jump, Label
from wasmz.codegen.emitter import Emitter, ModuleFacts, Pending
from wasmz.codegen.lowering import lowering_of
from wasmz.codegen.targets import current_target
from wasmz.codegen.targets.base import ALWAYS, IF_FALSE, IF_TRUE
from wasmz.ir.facts import BOOLEANS
from wasmz.ir.nodes import BOOL, Block, Function, ResultType, Value
from wasmz.runtime import abi
from wasmz.types import FuncType, StructType, SubType, ValType, define_group
from wasmz.wasm.instructions import BY_NAME, Immediates, Instruction
from wasmz.wasm.proposals import Proposal

# Immediates that recorded names contain: the offset of a memory access; otherwise an index.
_OFFSET = 1000
INDICES = (500, 600)
# A type for each index.
SOME_STRUCT, SOME_OPEN_STRUCT, SOME_FUNCTION = define_group(
    [SubType(StructType(())), SubType(StructType(()), (), False), SubType(FuncType())]
)

_INDEX_KINDS = {"m": "memory", "tab": "table", "data": "data", "elem": "elem", "new": "maker", "ty": "class"}


class NotRecordable(Exception):
    """The lowering depends on more than the types of the operands."""


class _RecordingTarget(type(current_target())):  # type: ignore[misc]
    """The running version's target, whose pieces are the words of templates."""

    raises_before_calls = False

    def __init__(self) -> None:
        super().__init__()
        self.to_condition: bytes = self.piece("condition")
        self.before_callee: bytes = self.piece("before_callee")
        self.is_not_operator: bytes = self.piece("is_not")
        self.after_callee: bytes = self.piece("after_callee")

    def piece(self, name: str, arg: int | str = "") -> bytes:
        word = f"{_WORDS.get(name, name)}{'' if arg == '' or name in _WORDS else f':{arg}'}".encode()
        self.effects[word] = 0
        return word

    def binary(self, operator: str) -> bytes:
        return self.piece(operator)

    def compare(self, operator: str) -> bytes:
        return self.piece("compare", operator)

    def load_attribute(self, name_index: int) -> bytes:
        return self.piece("LOAD_ATTR", name_index)

    def store_attribute(self, name_index: int) -> bytes:
        return self.piece("STORE_ATTR", name_index)

    def build_list(self, count: int) -> bytes:
        return self.piece("list", count)

    def make_subscript(self) -> bytes:
        return self.piece("subscript")

    def make_after_end(self) -> bytes:
        return self.piece("after_end")

    def make_call(self, arg_count: int) -> bytes:
        return self.piece("call", arg_count)

    def load_fast(self, slot: int) -> bytes:
        return self.piece("load", slot)

    def store_fast(self, slot: int) -> bytes:
        return self.piece("store", slot)

    def load_small_int(self, number: int) -> bytes | None:
        return None

    def load_const(self, index: int) -> bytes:
        return self.piece("LOAD_CONST", index)

    def load_global(self, name_index: int) -> bytes:
        return self.piece("LOAD_GLOBAL", name_index)

    def load_global_callee(self, name_index: int) -> bytes:
        return self.piece("LOAD_CALLEE", name_index)

    def swap(self, depth: int) -> bytes:
        return self.piece("swap", depth)

    def copy(self, depth: int) -> bytes:
        return self.piece("copy", depth)


_WORDS = {
    "POP_TOP": "pop",
    "STORE_SUBSCR": "store_subscript",
    "UNARY_NEGATIVE": "negate",
    "UNARY_INVERT": "invert",
    "IS_OP": "is",
}


def record(name: str) -> str:
    """The template of an instruction, recorded from its lowering.

    Raises:
        NotRecordable: it has none.
    """
    row = BY_NAME[name]
    if row.params is None or row.results is None or len(row.results) > 1 or row.proposal is Proposal.THREADS:
        raise NotRecordable(name)
    if name in BOOLEANS:
        # For a comparison, unless a function of the runtime makes the result.
        template = _lower(row, BOOL)
        if template.rpartition(" ")[2].startswith("compare:"):
            return template
    return _lower(row, row.results[0] if row.results else None)


def record_lane(name: str, lane: int) -> str:
    """The template of an instruction for a given lane."""
    row = BY_NAME[name]
    imm = ((0, _OFFSET, 0), lane) if row.immediates is Immediates.MEMARG_LANE else lane
    return record_operation(name, row.params or (), row.results[0] if row.results else None, imm)


def record_typed(name: str, count: int, result: ResultType, imm: object) -> str:
    """The template of an operation on ``count`` operands of any types. In ``imm``, ``INDICES`` stand for indices."""
    return record_operation(name, [ValType.EXTERNREF] * count, result, imm)


def _lower(row: Instruction, result: ValType | None) -> str:
    return record_operation(row.name, row.params or (), result, _immediate(row.immediates))


def record_operation(name: str, params: Sequence[ValType], result: ResultType, imm: object) -> str:
    """The template of an operation of the IR."""
    some_types = dict.fromkeys((SOME_STRUCT, SOME_OPEN_STRUCT, SOME_FUNCTION), INDICES[0])
    facts = ModuleFacts(frozenset(), tuple(range(max(INDICES) + 1)), some_types)
    emitter = Emitter(_RecordingTarget(), facts, Function(0, None, FuncType(), [], 0))
    emitter.out = []
    args: list[Value] = []
    block = Block()
    for number, type in enumerate(params):
        operand = Value("operand", type, (), None, 0, block)
        operand.uses = 1
        operand.slot = -1
        args.append(operand)
        emitter.stack.append(Pending(operand, number))
        emitter.out.append(b"operand:%d" % number)
    value = Value(name, result, tuple(args), imm, 0, block)
    value.uses = 1
    value.slot = -1
    lowering_of(name)(emitter, value)
    if emitter.cold:
        _bring_in_line(emitter)
    parts = _divide(emitter, len(args))
    return " ; ".join(" ".join(words) for words in parts)


def _bring_in_line(emitter: Emitter) -> None:
    """Moves code that is off the hot path, and ends with a jump back, to where it is jumped to.

    jump to failed; done:   ...   failed: x; jump to done       ->     inverse jump to done; x; done:
    """
    out, cold = emitter.out, emitter.cold
    leaving, done = out[-2:]
    failed, *rest, back = cold
    if type(leaving) is not Jump or leaving.label is not failed or type(back) is not Jump or back.label is not done:
        raise NotRecordable("code off the hot path")
    inverse = {IF_TRUE: IF_FALSE, IF_FALSE: IF_TRUE}[leaving.when]
    out[-2:] = [Jump(done, inverse), *rest, done]


def _immediate(kind: Immediates) -> object:
    if kind is Immediates.NONE:
        return None
    if kind is Immediates.MEMARG:
        return (0, _OFFSET, 0)
    if kind in (Immediates.MEMORY, Immediates.TABLE, Immediates.DATA, Immediates.ELEM):
        return INDICES[0]
    if kind in (Immediates.MEMORY_COPY, Immediates.MEMORY_INIT, Immediates.TABLE_COPY, Immediates.TABLE_INIT):
        return INDICES
    raise NotRecordable(kind.name)


def _divide(emitter: Emitter, count: int) -> tuple[list[str], list[str], list[str]]:
    """Splits the words into those below the operands, between them and above them."""
    words = _name_words(emitter)
    places = [words.index(f"operand:{number}") for number in range(count)]
    first, last = (places[0], places[-1]) if places else (len(words), len(words))
    below, above = (words[:first], words[last + 1 :]) if places else ([], words)
    between = [word for word in words[first:last] if not word.startswith("operand:")] if places else []
    if between and count != 2:
        raise NotRecordable("code between three operands")
    if "@" in below or "@" in between:
        raise NotRecordable("an operand may trap")
    return below, between, above


def _name_words(emitter: Emitter) -> list[str]:
    names = list(emitter.names)
    labels: dict[Label, int] = {}

    def word(item: Emitted) -> str:
        if type(item) is int:
            return "@array" if item & abi.IN_ARRAY else "@"
        if type(item) is Label:
            return f"label:{labels.setdefault(item, len(labels))}"
        if type(item) is Jump:
            when = "jump" if item.when == ALWAYS else "if" if item.when == IF_TRUE else "unless"
            return f"{when}:{labels.setdefault(item.label, len(labels))}"
        if type(item) is Attempt:
            raise NotRecordable("an exception handler")
        kind, _, argument = item.decode().partition(":")  # type: ignore[union-attr]
        if kind == "LOAD_CONST":
            constant = emitter.constants[int(argument)]
            if isinstance(constant, str):
                return f"text:{constant.replace(' ', '_')}"
            return f"bytes:{constant.hex()}" if isinstance(constant, bytes) else f"const:{constant!r}"
        if kind in ("LOAD_ATTR", "STORE_ATTR"):
            return _attribute_word("attribute" if kind == "LOAD_ATTR" else "set_attribute", names[int(argument)])
        if kind == "LOAD_CALLEE":
            name = names[int(argument)]
            return "call_maker:0" if name == abi.maker(INDICES[0]) else f"callee:{name}"
        if kind == "LOAD_GLOBAL":
            return _global_word(names[int(argument)])
        return item.decode()  # type: ignore[union-attr]

    return [word(item) for item in emitter.out]


def _attribute_word(kind: str, name: str) -> str:
    return f"{kind}:field:1" if name == abi.field(INDICES[1]) else f"{kind}:{name}"


def _global_word(name: str) -> str:
    parsed = abi.parse(name)
    if parsed is None:
        return f"global:{name}"
    kind, index, details = parsed
    if kind == "m" and details:
        return f"view:{details[0]}+{int(details[1]) - _OFFSET}"
    if kind in _INDEX_KINDS and index in INDICES and not details:
        return f"{_INDEX_KINDS[kind]}:{INDICES.index(index)}"
    raise NotRecordable(name)
