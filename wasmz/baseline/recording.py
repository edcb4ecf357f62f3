"""Records what the lowerings of the pipeline emit for an instruction, as a template for the baseline compiler.

    record("i32.add")      " ;  ; + const:4294967295 &"
    record("i32.lt_s")     " ; const:2147483648 ^ ; const:2147483648 ^ compare:<"
    record("i32.div_s")    "callee:i32_div_s ;  ; @ call:2"
    record("i64.load8_s")  "view:b+0 ;  ; @ subscript const:18446744073709551615 &"

The three parts are the code below the first operand, that between the operands, and that above them. So each lowering
exists once, in `codegen/lowering/`: templates follow it. Used only where templates are generated and tested.
"""

from __future__ import annotations

from wasmz.codegen.emitted import Attempt, Emitted, Jump, Label
from wasmz.codegen.emitter import Emitter, ModuleFacts, Pending
from wasmz.codegen.lowering import lowering_of
from wasmz.codegen.targets import current_target
from wasmz.codegen.targets.base import ALWAYS, IF_TRUE
from wasmz.ir.facts import BOOLEANS
from wasmz.ir.nodes import BOOL, Block, Function, Value
from wasmz.runtime import abi
from wasmz.types import FuncType, ValType
from wasmz.wasm.instructions import BY_NAME, Immediates, Instruction
from wasmz.wasm.proposals import Proposal

# Immediates that a recorded name shows again: of a memory access, its offset; otherwise an index.
_OFFSET = 1000
_INDICES = (500, 600)

_INDEX_KINDS = {"m": "memory", "tab": "table", "data": "data", "elem": "elem"}


class NotRecordable(Exception):
    """The lowering depends on more than the operands' types."""


class _RecordingTarget(type(current_target())):  # type: ignore[misc]
    """The running version's target with the words of templates for pieces."""

    raises_before_calls = False

    def __init__(self) -> None:
        super().__init__()
        self.to_condition: bytes = self.piece("condition")
        self.before_callee: bytes = self.piece("before_callee")
        self.after_callee: bytes = self.piece("after_callee")

    def piece(self, name: str, arg: int | str = "") -> bytes:
        word = f"{_WORDS.get(name, name)}{'' if arg == '' or name in _WORDS else f':{arg}'}".encode()
        self.effects[word] = 0
        return word

    def binary(self, operator: str) -> bytes:
        return self.piece(operator)

    def compare(self, operator: str) -> bytes:
        return self.piece("compare", operator)

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
        NotRecordable: there is none.
    """
    row = BY_NAME[name]
    if row.params is None or row.results is None or len(row.results) > 1 or row.proposal is Proposal.THREADS:
        raise NotRecordable(name)
    if name in BOOLEANS:
        # A comparison, unless a function of the runtime makes the result.
        template = _lower(row, BOOL)
        if template.rpartition(" ")[2].startswith("compare:"):
            return template
    return _lower(row, row.results[0] if row.results else None)


def _lower(row: Instruction, result: ValType | None) -> str:
    emitter = Emitter(_RecordingTarget(), ModuleFacts(frozenset(), (), {}), Function(0, None, FuncType(), [], 0))
    emitter.out = []
    args: list[Value] = []
    block = Block()
    for number, type in enumerate(row.params or ()):
        operand = Value("operand", type, (), None, 0, block)
        operand.uses = 1
        operand.slot = -1
        args.append(operand)
        emitter.stack.append(Pending(operand, number))
        emitter.out.append(b"operand:%d" % number)
    value = Value(row.name, result, tuple(args), _immediate(row.immediates), 0, block)
    value.uses = 1
    value.slot = -1
    lowering_of(row.name)(emitter, value)
    if emitter.cold:
        raise NotRecordable(row.name)
    parts = _divide(emitter, len(args))
    return " ; ".join(" ".join(words) for words in parts)


def _immediate(kind: Immediates) -> object:
    if kind is Immediates.NONE:
        return None
    if kind is Immediates.MEMARG:
        return (0, _OFFSET, 0)
    if kind in (Immediates.MEMORY, Immediates.TABLE, Immediates.DATA, Immediates.ELEM):
        return _INDICES[0]
    if kind in (Immediates.MEMORY_COPY, Immediates.MEMORY_INIT, Immediates.TABLE_COPY, Immediates.TABLE_INIT):
        return _INDICES
    raise NotRecordable(kind.name)


def _divide(emitter: Emitter, count: int) -> tuple[list[str], list[str], list[str]]:
    """The words below the operands, between them and above."""
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
            return "@"
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
            return f"const:{constant!r}"
        if kind == "LOAD_CALLEE":
            return f"callee:{names[int(argument)]}"
        if kind == "LOAD_GLOBAL":
            return _global_word(names[int(argument)])
        return item.decode()  # type: ignore[union-attr]

    return [word(item) for item in emitter.out]


def _global_word(name: str) -> str:
    parsed = abi.parse(name)
    if parsed is None:
        return f"global:{name}"
    kind, index, details = parsed
    if kind == "m" and details:
        return f"view:{details[0]}+{int(details[1]) - _OFFSET}"
    if kind in _INDEX_KINDS and index in _INDICES and not details:
        return f"{_INDEX_KINDS[kind]}:{_INDICES.index(index)}"
    raise NotRecordable(name)
