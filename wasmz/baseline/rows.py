"""The case of `translate.py` for each opcode, and its facts: templates as pieces for the running Python.

    rows.cases[0x6A]   -> BINARY        rows.facts[0x6A] -> (I32, I32, b"BINARY_OP + LOAD_CONST 2 BINARY_OP &")

Cases are numbered. Instructions with a case of their own have its number from the start; for others, it is found when
they are first met, from their template (`templates.py`), which has the code that the pipeline's lowering emits.
"""

from __future__ import annotations

from wasmz.baseline.templates import CASE_NUMBERS, INDEX_COUNTS, TEMPLATES
from wasmz.codegen.targets import current_target
from wasmz.codegen.targets.base import ALWAYS, IF_FALSE, IF_TRUE, Target
from wasmz.runtime import abi
from wasmz.startup.light import memoized
from wasmz.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

# The first constants of each code object. So a template that uses no others has the same piece everywhere.
FIXED_CONSTANTS: Final = (0, 1, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 1 << 31, 1 << 63, 31, 63)

_LETTERS: Final = {"i": ValType.I32, "I": ValType.I64, "f": ValType.F32, "F": ValType.F64, "v": ValType.V128}

# The immediates that follow an opcode, as templates write them.
NO_IMMEDIATES, MEMORY_ACCESS, MEMORY, TWO_MEMORIES, SEGMENT_AND_MEMORY, SEGMENT = "-", "a", "m", "mm", "dm", "d"

JUMPS: Final = {"jump": ALWAYS, "if": IF_TRUE, "unless": IF_FALSE}


# Locals with higher numbers are not moved: few functions have as many.
_MOVABLE_LOCALS: Final = 200

# Stands for the case of opcodes that are not prepared yet.
NEW: Final = 0xFF


class NoRow(Exception):
    """This compiler does not know the instruction."""


class Template:
    """A parsed template.

    Attributes:
        params, result: types.
        immediates: one of the constants above.
        alignment: the largest alignment of a memory access, as a power of two.
        is_condition: whether its result is a bool.
        below, between, above: words of code below the first operand, between the operands, above them.
        traps: whether it may trap.
        in_array: whether the trap may be for an index of an array.
        is_long: whether its pieces stay separate.
    """

    in_array = False
    is_long = False

    def __init__(self, text: str) -> None:
        head, below, between, above = (part.split() for part in text.split(";"))
        params, _, result = head[0].partition(":")
        self.params: list[ValType] = [_LETTERS[letter] for letter in params]
        self.result: ValType | None = _LETTERS[result] if result else None
        self.immediates: str = head[1]
        self.is_condition: bool = head[2:] == ["condition"]
        self.alignment: int = int(head[2]) if len(head) > 2 and not self.is_condition else 0
        self.below: list[str] = below
        self.between: list[str] = between
        self.traps: bool = "@" in above
        self.above: list[str] = [word for word in above if word != "@"]


class Rows:
    """The cases and facts of all opcodes, for the running Python.

    Attributes:
        cases: the numbers of cases, by opcode byte.
        rare_cases: the same for opcodes with a prefix.
        facts: what the case needs to know, by opcode; tuples whose form depends on the case.
        load_facts: the facts of loads.
        movable: pieces that may be moved over code that sets no local: the local that a piece pushes, -1 for a
            constant.
    """

    def __init__(self, target: Target) -> None:
        self.target: Target = target
        self.constant_pieces: dict[object, bytes] = {
            value: target.load_small_int(value) or target.load_const(index)
            for index, value in enumerate(FIXED_CONSTANTS)
        }
        self.movable: dict[bytes, int] = dict.fromkeys(self.constant_pieces.values(), -1)
        small = [target.load_small_int(number) for number in range(256)]
        self.movable.update({piece: -1 for piece in small if piece is not None})
        target.reserve_locals(_MOVABLE_LOCALS)
        self.movable.update({piece: index for index, piece in enumerate(target.loads[:_MOVABLE_LOCALS])})
        self.cases: bytearray = bytearray([NEW]) * 256
        for opcode, name in _OWN.items():
            self.cases[opcode] = CASE_NUMBERS[name]
        self.rare_cases: dict[int, int] = {opcode: CASE_NUMBERS[name] for opcode, name in _OWN_RARE.items()}
        self.facts: dict[int, Any] = {}
        self.load_facts: dict[int, tuple[ValType, str, bytes, int]] = {}

    def prepare(self, opcode: int) -> int:
        """Finds the case of an opcode that has none of its own, when it is first met.

        Raises:
            NoRow: this compiler does not know the instruction.
        """
        text = TEMPLATES.get(opcode)
        # Stores the facts first: another thread may use them as soon as the case is known.
        if text is not None:
            case, self.facts[opcode] = self._classify(Template(text))
        elif opcode in INDEX_COUNTS:
            case, self.facts[opcode] = CASE_NUMBERS["TYPED"], INDEX_COUNTS[opcode]
        else:
            raise NoRow
        if case == CASE_NUMBERS["LOAD"]:
            self.load_facts[opcode] = self.facts[opcode]
        if opcode < 256:
            self.cases[opcode] = case
        else:
            self.rare_cases[opcode] = case
        return case

    def _classify(self, template: Template) -> tuple[int, Any]:
        params, result = template.params, template.result
        if template.immediates == MEMORY_ACCESS:
            return self._classify_access(template)
        piece = None if template.below else self.piece(template.above)
        if template.immediates != NO_IMMEDIATES or piece is None:
            helper = _called_helper(template)
            if helper is not None:
                return CASE_NUMBERS["HELPER"], (params, len(params), result, helper)
            return CASE_NUMBERS["GENERAL"], template
        if len(params) == 2 and params[0] is params[1]:
            if template.between:
                return CASE_NUMBERS["SIGNED"], (params[0], self.piece(template.between), piece)
            if template.is_condition:
                return CASE_NUMBERS["COMPARE"], (params[0], piece)
            return CASE_NUMBERS["DIVIDE" if template.traps else "BINARY"], (params[0], result, piece)
        if len(params) == 1 and not template.between and not template.traps and not template.is_condition:
            return CASE_NUMBERS["UNARY"], (params[0], result, piece)
        return CASE_NUMBERS["GENERAL"], template

    def _classify_access(self, template: Template) -> tuple[int, Any]:
        format = _format(template.below)
        if format is not None and template.above[0] == "subscript" and not template.between:
            piece = self.piece(template.above)
            if piece is not None:
                return CASE_NUMBERS["LOAD"], (template.result, format, piece, template.alignment)
        if template.above[-6:-3] == ["store:0", "store:1", "load:0"] and template.above[-1] == "store_subscript":
            format = _format(template.above[-3:-2])
            mask = template.above[:-6]
            if format is not None:
                needed = int(mask[0].partition(":")[2]) if mask else None
                return CASE_NUMBERS["STORE"], (template.params[1], format, needed, template.alignment)
        return CASE_NUMBERS["GENERAL"], template

    def piece(self, words: Sequence[str]) -> bytes | None:
        """The words joined to one piece, if it is the same in every function."""
        pieces = []
        for word in words:
            kind, _, argument = word.partition(":")
            if kind == "const":
                made = self.constant_pieces.get(number_of(argument)) if "." not in argument else None
                if made is None:
                    return None
                pieces.append(made)
            elif kind in _FREE or kind in JUMPS or kind == "label":
                return None
            else:
                pieces.append(verb(self.target, kind, argument))
        return self.target.join(*pieces)


def verb(target: Target, kind: str, argument: str) -> bytes:
    """The piece of a word that is the same in every function."""
    if kind == "compare":
        return target.compare(argument)
    if kind == "call":
        return target.call(int(argument))
    if kind == "copy":
        return target.copy(int(argument))
    if kind == "swap":
        return target.swap(int(argument))
    simple = _SIMPLE.get(kind)
    if simple is not None:
        return getattr(target, simple)  # type: ignore[no-any-return]
    return target.binary(kind)


_SIMPLE: Final = {
    "condition": "to_condition",
    "invert": "invert",
    "is": "is_operator",
    "is_not": "is_not_operator",
    "negate": "negate",
    "pop": "pop",
    "store_subscript": "store_subscript",
    "subscript": "subscript",
}
# Words for objects of the instance, with an index.
NAMES: Final = {
    "class": abi.type_class,
    "data": abi.data_segment,
    "elem": abi.element_segment,
    "maker": abi.maker,
    "memory": abi.memory,
    "table": abi.table,
}
# Words whose piece depends on the function.
_FREE: Final = frozenset({"callee", "global", "view", "load", "store", *NAMES})


def number_of(argument: str) -> Any:
    """The number in a word."""
    return float(argument) if "." in argument else int(argument)


def _format(words: Sequence[str]) -> str | None:
    """The format of a view, if that is the only word."""
    if len(words) == 1 and words[0].startswith("view:") and words[0].endswith("+0"):
        return words[0][5:-2]
    return None


def _called_helper(template: Template) -> str | None:
    """The function of the runtime whose call is the whole template, or ``None``."""
    if template.immediates != NO_IMMEDIATES or template.between or template.result is None:
        return None
    if len(template.below) == 1 and template.above == [f"call:{len(template.params)}"]:
        kind, _, name = template.below[0].partition(":")
        return name if kind == "callee" else None
    return None


# Instructions that have a case of their own, with its name.
_OWN: Final = {
    0x00: "UNREACHABLE", 0x01: "NOP", 0x02: "BLOCK", 0x03: "LOOP", 0x04: "IF", 0x05: "ELSE", 0x0B: "END", 0x0C: "BR",
    0x0D: "BR_IF", 0x0E: "BR_TABLE", 0x0F: "RETURN", 0x10: "CALL", 0x11: "CALL_INDIRECT", 0x1A: "DROP", 0x1B: "SELECT",
    0x20: "LOCAL_GET", 0x21: "LOCAL_SET", 0x22: "LOCAL_TEE", 0x23: "GLOBAL_GET", 0x24: "GLOBAL_SET", 0x41: "I32_CONST",
    0x42: "I64_CONST", 0x43: "F32_CONST", 0x44: "F64_CONST", 0x45: "EQZ", 0x50: "EQZ", 0xD0: "REF_NULL",
    0xD1: "REF_IS_NULL", 0xD2: "REF_FUNC", 0xFB: "PREFIXED", 0xFC: "PREFIXED", 0xFD: "PREFIXED", 0x1C: "SELECT_TYPED",
    0x14: "CALL_REF", 0xD5: "BR_ON_NULL", 0x08: "THROW", 0x0A: "THROW_REF", 0x1F: "TRY_TABLE", 0xD6: "BR_ON_NON_NULL",
}  # fmt: skip
_OWN_RARE: Final = {0xFB0018: "BR_ON_CAST", 0xFB0019: "BR_ON_CAST"}


@memoized
def current_rows() -> Rows:
    """The rows for the running Python."""
    return Rows(current_target())
