"""The contract between generated code and the runtime: names and numbers. docs/abi.md explains it in words.

    view(0, "I", 16)                     -> "m0_I_16", which the compiler writes into code
    parse("m0_I_16")                     -> ("m", 0, ["I", "16"]), for which the loader finds the object
    parse("i32_rotl"), parse("items")    -> None: a function of the runtime, an attribute

Only this file knows how names are formed, which file of the runtime has a function that code names, and which traps
CPython's exceptions in code stand for.
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.types import HeapType, RefType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final

    # Kind, letters of the parameters and results, and whether an export is deep, or a host function gets its caller.
    TemplateKey = tuple[str, str, str, bool]

# A hash of everything that compiled files rely on: the templates of adapters, the functions that code calls and their
# parameters, and the declarations here. `python -m tests.support.contract --write` updates it; a test compares it.
FINGERPRINT: Final = "c0bf25e6b0c1"


# Kinds of names with a number; the number tells which. In the second table, details may follow the number.
KINDS: Final = frozenset({"f", "t", "x", "r", "g", "c", "m", "gap", "tab", "data", "elem", "tag", "ty", "new", "h"})
DETAILED_KINDS: Final = frozenset({"m", "tab", "h"})


def function(index: int) -> str:
    """A function of the module's index space."""
    return f"f{index}"


def tail_form(index: int) -> str:
    """The tail form of a function."""
    return f"t{index}"


def adapter(index: int) -> str:
    """The Python function for a function that is exported."""
    return f"x{index}"


def reference(index: int) -> str:
    """The ``Func`` of a function."""
    return f"r{index}"


def global_value(index: int) -> str:
    """The value of a global that is private to the instance."""
    return f"g{index}"


def global_cell(index: int) -> str:
    """The list that holds the value of a global."""
    return f"c{index}"


def memory(index: int) -> str:
    """A ``Memory``."""
    return f"m{index}"


def view(memory: int, format: str, offset: int = 0, stride: int = 1) -> str:
    """A view of a memory, with a format of ``struct`` and items at ``offset + stride * i``."""
    if stride != 1:
        return f"m{memory}_{format}_{offset}_{stride}"
    return f"m{memory}_{format}_{offset}" if offset else f"m{memory}_{format}"


def gap(memory: int) -> str:
    """Names nothing: code with this name relies on the memory ending before the last page of its addresses."""
    return f"gap{memory}"


def table(index: int) -> str:
    """A ``Table``."""
    return f"tab{index}"


def callees(table: int, type: int, *, as_tail: bool) -> str:
    """The callees of a type for a table: what calls through it call, by position."""
    return f"tab{table}_{'t' if as_tail else 'f'}{type}"


def data_segment(index: int) -> str:
    """A ``DataSegment``."""
    return f"data{index}"


def element_segment(index: int) -> str:
    """An ``ElementSegment``."""
    return f"elem{index}"


def tag(index: int) -> str:
    """A ``Tag``."""
    return f"tag{index}"


def type_class(index: int) -> str:
    """The class of a structure or array type."""
    return f"ty{index}"


def maker(index: int) -> str:
    """The allocator of a structure or array type: makes its objects."""
    return f"new{index}"


def counter(index: int, number: int | None = None) -> str:
    """The counter of a function's baseline code; with a number, a counter of code that makes a profile."""
    return f"h{index}" if number is None else f"h{index}_{number}"


def parse(name: str) -> tuple[str, int, list[str]] | None:
    """The kind, number and details of a name made by a function above; ``None`` for any other name."""
    if name[1:].isdecimal() and name[0] in KINDS:
        # Most names are of this form.
        return name[0], int(name[1:]), []
    head, *details = name.split("_")
    kind = head.rstrip("0123456789")
    if kind == head or kind not in (DETAILED_KINDS if details else KINDS):
        return None
    return kind, int(head[len(kind) :]), details


def gap_memories(names: Iterable[str]) -> list[int]:
    """The memories that must end before the last page, by the names of code."""
    return [int(name[3:]) for name in names if name[:3] == "gap" and name[3:].isdecimal()]


# Functions of the runtime


def helper(operation: str) -> str:
    """The function of an instruction: ``i32_div_s``."""
    return operation.replace(".", "_")


def gc_helper(operation: str) -> str:
    """The function of an instruction for structures, arrays or casts: ``gc_array_fill``."""
    return "gc_" + operation.replace(".", "_")


def exception_helper(name: str) -> str:
    """A function that throws or keeps exceptions."""
    return "exn_" + name


def atomic_helper(operation: str, width: int | None = None) -> str:
    """A function for atomic access to ``width`` bytes."""
    return f"atomic_{operation}" if width is None else f"atomic_{operation}{width}"


_NUMERIC: Final = ("numeric.integers", "numeric.floats", "numeric.conversions")
# The files of wasmz.runtime whose HELPERS may have a name, by the name's part before the first underscore.
HELPER_FILES: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("i32", "i64", "f32", "f64"), _NUMERIC),
    **dict.fromkeys(("v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"), ("simd",)),
    "memory": ("memory.memory_helpers", "memory.bulk", "memory.arrays"),
    **dict.fromkeys(("data", "elem", "table", "trap"), ("memory.memory_helpers",)),
    "atomic": ("memory.atomics",),
    "gc": ("gc.gc_helpers",),
    "exn": ("traps.exceptions",),
}
# The files that have nothing but functions, except for these names.
FUNCTION_FILES: Final = frozenset({*_NUMERIC, "simd", "memory.memory_helpers", "memory.bulk", "memory.arrays"})
F32_SCRATCH: Final = "f32_scratch"
F64_SCRATCH: Final = "f64_scratch"
I64_SCRATCH: Final = "i64_scratch"
SCRATCHES: Final = frozenset({F32_SCRATCH, F64_SCRATCH, I64_SCRATCH})

# Python's classes and functions that code may use: for the checks of entry forms, and for references.
BUILTINS: Final[dict[str, Any]] = {
    "type": type,
    "int": int,
    "float": float,
    "isinstance": isinstance,
    "len": len,
    "zip": zip,
}


def builtin(name: str) -> str:
    """One of Python's classes or functions."""
    if name not in BUILTINS:
        raise KeyError(name)
    return name


UNREACHABLE: Final = "trap_unreachable"
EXCEPTION_CLASS: Final = "exn_class"

# Parts of the instance.
FUEL: Final = "fuel"
MORE_FUEL: Final = "fuel_more"
FUEL_LIMIT: Final = "fuel_limit"
USE_FUEL: Final = "fuel_use"
FIRST_CALL: Final = "tier_first"
FIRST_TAIL_CALL: Final = "tier_first_tail"
REQUEST: Final = "tier_request"
TAIL_REQUEST: Final = "tier_request_tail"
# Stands for the loop's number in requests at the start of a function.
AT_START: Final = -1

# Attributes that code loads: of functions, arrays, any object, exceptions, structures and memories.
CODE: Final = "code"
TAIL: Final = "tail"
ITEMS: Final = "items"
CLASS: Final = "__class__"
TAG: Final = "tag"
PAYLOAD: Final = "payload"
DESCRIPTOR: Final = "descriptor"
BYTES: Final = "bytes"
ATTRIBUTES: Final = frozenset({CODE, TAIL, ITEMS, CLASS, TAG, PAYLOAD, DESCRIPTOR, BYTES})
_FIELD: Final = "field"


def field(position: int) -> str:
    """The attribute for a field of a structure."""
    return f"{_FIELD}{position}"


def is_attribute(name: str) -> bool:
    """Whether a name in code is that of an attribute, not of a global."""
    return name in ATTRIBUTES or (name[:5] == _FIELD and name[5:].isdecimal())


# Forms of a function's code


class CodeForm:
    """A form of a function's code: baseline, optimised, or a continuation. There is one object for each.

    Attributes:
        number: the form's number in files.
        loop: the number of the loop at whose header a continuation begins; ``None`` for the others.
    """

    __slots__ = ("loop", "number")

    def __init__(self, number: int) -> None:
        self.number: int = number
        self.loop: int | None = number if number >= 0 else None

    @staticmethod
    def of(number: int) -> CodeForm:
        """The form with a number; a continuation has the number of its loop."""
        return _forms.get(number) or _forms.setdefault(number, CodeForm(number))

    def __reduce__(self) -> tuple[Any, ...]:
        return CodeForm.of, (self.number,)

    def __repr__(self) -> str:
        return {-2: "BASELINE", -1: "OPTIMISED"}.get(self.number, f"CodeForm.of({self.number})")


_forms: dict[int, CodeForm] = {}
BASELINE: Final = CodeForm.of(-2)
OPTIMISED: Final = CodeForm.of(-1)


# Lines and frames

# A line number of code is a byte offset in the module up to this, plus a bit that tells what an index is out of bounds
# of, if not a memory. (Columns would be lost under `python -X no_debug_ranges`.)
LARGEST_OFFSET: Final = (1 << 29) - 1
IN_TABLE: Final = 1 << 29
IN_ARRAY: Final = 1 << 30

# The key of globals that tells whose code uses them: an ``InstanceFrames``, or one of these.
FRAME_KEY: Final = "__wasmz_frame__"
HELPER: Final = "helper"
EXPORT: Final = "export"
HOST: Final = "host"

# The file name of stubs and forwarders, whose frames are hidden.
STUB_FILE: Final = "<wasmz stub>"
# The file name of export adapters, which may run in an instance's globals.
EXPORT_FILE: Final = "<wasm export>"


# Traps: what exceptions stand for that CPython raises in generated code

TRAPS: Final[dict[type[Exception], TrapCode]] = {
    IndexError: TrapCode.MEMORY_OUT_OF_BOUNDS,
    AttributeError: TrapCode.NULL_REFERENCE,
    ZeroDivisionError: TrapCode.INTEGER_DIVISION_BY_ZERO,
    RecursionError: TrapCode.STACK_OVERFLOW,
    MemoryError: TrapCode.OUT_OF_SYSTEM_MEMORY,
}
# An index is out of bounds of what the line of the instruction says.
INDEX_TRAPS: Final = {
    0: TrapCode.MEMORY_OUT_OF_BOUNDS,
    IN_TABLE: TrapCode.UNDEFINED_ELEMENT,
    IN_ARRAY: TrapCode.ARRAY_OUT_OF_BOUNDS,
}
# The beginning of CPython's message for an attribute of None; nothing else tells whose attribute was missing. The name
# follows, and perhaps more.
_OF_NONE: Final = "'NoneType' object has no attribute '"
_NULL_MESSAGES: Final = {
    ITEMS: "null array reference",
    CODE: "null function reference",
    TAIL: "null function reference",
    DESCRIPTOR: "null reference",
}


def null_message(error: AttributeError) -> str | None:
    """What a null reference should have been; ``None`` if the error has another reason."""
    text = str(error)
    if not text.startswith(_OF_NONE):
        return None
    attribute = text[len(_OF_NONE) :].partition("'")[0]
    return _NULL_MESSAGES.get(attribute, "null structure reference")


# Adapters: letters of types, which identify templates

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
    """Whether references of a type may be i31 or host objects, which Python and code represent differently."""
    return isinstance(type, RefType) and type.heap_type in _MIXED_KINDS


def signature_letters(types: tuple[ValType, ...]) -> str:
    """A letter for each type. ``a`` stands for references that Python and code represent differently."""
    return "".join([_LETTERS.get(type) or ("a" if may_hold_numbers(type) else "x") for type in types])
