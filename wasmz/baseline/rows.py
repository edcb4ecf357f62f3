"""What `translate.py` does with each opcode: generated templates, made pieces of the running Python when first needed.

    rows.way(0x6A)   -> BINARY        rows.facts[0x6A] -> (I32, I32, b"BINARY_OP + LOAD_CONST 2 BINARY_OP &")

A *way* is the number of a case of the loop. Instructions with a case of their own have it from the start; all others
are prepared from their template (`templates.py`), which says what the pipeline's lowering emits.
"""

from __future__ import annotations

from wasmz.baseline.templates import INDEX_COUNTS, TEMPLATES, WAYS
from wasmz.codegen.targets import current_target
from wasmz.codegen.targets.base import ALWAYS, IF_FALSE, IF_TRUE, Target
from wasmz.runtime import abi
from wasmz.startup.light import memoized
from wasmz.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

# The first constants of each code object, so that a template with no others is the same piece everywhere.
FIXED_CONSTANTS: Final = (0, 1, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF, 1 << 31, 1 << 63, 31, 63)

_LETTERS: Final = {"i": ValType.I32, "I": ValType.I64, "f": ValType.F32, "F": ValType.F64, "v": ValType.V128}

# What immediates follow an opcode, as templates write it.
NO_IMMEDIATES, MEMORY_ACCESS, MEMORY, TWO_MEMORIES, SEGMENT_AND_MEMORY, SEGMENT = "-", "a", "m", "mm", "dm", "d"

JUMPS: Final = {"jump": ALWAYS, "if": IF_TRUE, "unless": IF_FALSE}


# Locals with higher numbers are not moved: compilers hardly have so many.
_MOVABLE_LOCALS: Final = 200

# The way of opcodes that are not prepared yet.
NEW: Final = 0xFF


class NoRow(Exception):
    """The instruction is not for this compiler."""


class Template:
    """A parsed template.

    Attributes:
        params, result: types.
        immediates: one of the above.
        alignment: the largest alignment of a memory access, as a power of two.
        is_condition: whether it leaves a bool.
        below, between, above: words of code below the first operand, between the operands, above them.
        traps: whether it may trap.
        in_array: whether that may be because of an index of an array.
        is_long: whether its pieces are not joined.
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
    """The ways of all opcodes, and what the loop needs to know of each, for the running Python.

    Attributes:
        ways: by opcode byte.
        rare_ways: by opcode, of those with a prefix.
        facts: by opcode; what a tuple has depends on the way.
        load_facts: the same of loads alone.
        movable: pieces that may be moved over code that sets no local: the local that one pushes, -1 for a constant.
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
        self.ways: bytearray = bytearray([NEW]) * 256
        for opcode, name in _OWN.items():
            self.ways[opcode] = WAYS[name]
        self.rare_ways: dict[int, int] = {opcode: WAYS[name] for opcode, name in _OWN_RARE.items()}
        self.facts: dict[int, Any] = {}
        self.load_facts: dict[int, tuple[ValType, str, bytes, int]] = {}

    def prepare(self, opcode: int) -> int:
        """The way of an opcode that has no case of its own, when it is met for the first time.

        Raises:
            NoRow: this compiler does not know the instruction.
        """
        text = TEMPLATES.get(opcode)
        # Its facts come first: another thread may use them as soon as the way is known.
        if text is not None:
            way, self.facts[opcode] = self._classify(Template(text))
        elif opcode in INDEX_COUNTS:
            way, self.facts[opcode] = WAYS["TYPED"], INDEX_COUNTS[opcode]
        else:
            raise NoRow
        if way == WAYS["LOAD"]:
            self.load_facts[opcode] = self.facts[opcode]
        if opcode < 256:
            self.ways[opcode] = way
        else:
            self.rare_ways[opcode] = way
        return way

    def _classify(self, template: Template) -> tuple[int, Any]:
        params, result = template.params, template.result
        if template.immediates == MEMORY_ACCESS:
            return self._classify_access(template)
        piece = None if template.below else self.piece(template.above)
        if template.immediates != NO_IMMEDIATES or piece is None:
            helper = _called_helper(template)
            if helper is not None:
                return WAYS["HELPER"], (params, len(params), result, helper)
            return WAYS["GENERAL"], template
        if len(params) == 2 and params[0] is params[1]:
            if template.between:
                return WAYS["SIGNED"], (params[0], self.piece(template.between), piece)
            if template.is_condition:
                return WAYS["COMPARE"], (params[0], piece)
            return WAYS["DIVIDE" if template.traps else "BINARY"], (params[0], result, piece)
        if len(params) == 1 and not template.between and not template.traps and not template.is_condition:
            return WAYS["UNARY"], (params[0], result, piece)
        return WAYS["GENERAL"], template

    def _classify_access(self, template: Template) -> tuple[int, Any]:
        format = _format(template.below)
        if format is not None and template.above[0] == "subscript" and not template.between:
            piece = self.piece(template.above)
            if piece is not None:
                return WAYS["LOAD"], (template.result, format, piece, template.alignment)
        if template.above[-6:-3] == ["store:0", "store:1", "load:0"] and template.above[-1] == "store_subscript":
            format = _format(template.above[-3:-2])
            mask = template.above[:-6]
            if format is not None:
                needed = int(mask[0].partition(":")[2]) if mask else None
                return WAYS["STORE"], (template.params[1], format, needed, template.alignment)
        return WAYS["GENERAL"], template

    def piece(self, words: Sequence[str]) -> bytes | None:
        """The words as one piece, if it is the same in every function."""
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
    """A word that is the same piece in every function."""
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
# Words that name an object of the instance by an index.
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
    """The function of the runtime that is all of a template."""
    if template.immediates != NO_IMMEDIATES or template.between or template.result is None:
        return None
    if len(template.below) == 1 and template.above == [f"call:{len(template.params)}"]:
        kind, _, name = template.below[0].partition(":")
        return name if kind == "callee" else None
    return None


# Instructions that have a case of their own: opcode -> its name.
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
