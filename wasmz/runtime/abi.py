"""The contract between generated code and the runtime, in names and numbers (docs/abi.md)."""

from __future__ import annotations

from wasmz.types import HeapType, RefType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    # Kind, letters of the parameters and results, and whether an export is deep, or a host function gets its caller.
    TemplateKey = tuple[str, str, str, bool]

# Adapters

_LETTERS: Final = {
    ValType.I32: "i",
    ValType.I64: "I",
    ValType.F32: "f",
    ValType.F64: "F",
    ValType.V128: "v",
    ValType.FUNCREF: "r",
    ValType.EXTERNREF: "e",
}

_MIXED_KINDS: Final = frozenset({HeapType.ANY, HeapType.EQ, HeapType.I31})


def may_hold_numbers(type: ValType) -> bool:
    """Whether references of a type may be i31 or host objects, which are not in Python what they are in code."""
    return isinstance(type, RefType) and type.heap_type in _MIXED_KINDS


def signature_letters(types: tuple[ValType, ...]) -> str:
    """A letter for each type, by which the templates of adapters are known.

    ``a`` stands for references that are not in Python what they are in code (see ``wasmz/runtime/gc``).
    """
    return "".join([_LETTERS.get(type) or ("a" if may_hold_numbers(type) else "x") for type in types])
