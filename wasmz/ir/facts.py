"""Facts about each operation for passes and lowering, derived once from the instruction table and ``operations.py``.

    OPS["i64.load32_s.signed"]  type="i64"  bits=64  access=4  is_load  is_signed  narrow=32  base="i64.load32_s"
    OPS["i32.lt_s"]             compares="lt"  is_signed  inverse="i32.ge_s"  mirrored="i32.gt_s"  bounds=(0, 1)
    OPS["int.add"]              type="int"  kind="add"  mirrored="int.add"

``Value.op`` is a name; ``OPS[value.op]`` has the facts about it. Sets of operations that several passes use are defined
here; no other file derives sets from names. Facts that do not follow from an instruction's name (``folds``, ``bounds``)
are columns of the instruction table.
"""

from __future__ import annotations

from wasmz.ir.operations import EFFECTS, VARIANTS
from wasmz.runtime import abi
from wasmz.types import ValType
from wasmz.wasm.instructions import BY_NAME, Effects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.ir.nodes import Value

# The number of bits, by name of an integer type.
INTEGER_BITS: Final = {"i32": 32, "i64": 64}
BITS: Final = {**INTEGER_BITS, "f32": 32, "f64": 64}
MASKS: Final = {type: (1 << bits) - 1 for type, bits in BITS.items()}
SIGNS: Final = {type: 1 << (bits - 1) for type, bits in BITS.items()}
NUMBER_TYPES: Final[dict[object, str]] = {ValType.I32: "i32", ValType.I64: "i64"}
VALUE_TYPES: Final = {"i32": ValType.I32, "i64": ValType.I64, "f32": ValType.F32, "f64": ValType.F64}
_INTEGERS: Final = frozenset({*INTEGER_BITS, "int"})
_SCALARS: Final = frozenset({*BITS, "int"})
VECTORS: Final = frozenset({"v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"})

# Comparison -> its inverse, and the comparison of exchanged operands.
OPPOSITES: Final = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
EXCHANGED: Final = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
_COMMUTING: Final = frozenset({"add", "mul", "and", "or", "xor"})

# Bounds of operations that the IR adds to those of the instruction table.
_ADDED_BOUNDS: Final = {
    f"{kind}.get.{packed}": (0, (1 << bits) - 1)
    for kind in ("struct", "array")
    for packed, bits in (("i8", 8), ("i16", 16))
}


class Op:
    """Facts about one operation; each operation has one object.

    Attributes:
        name: the operation.
        type: the part of the name before the first dot: ``i32``, ``int``, ``f32x4``, ``memory``.
        kind: the rest of the name, without the variant's part: ``add``, ``load8_u``.
        base: the operation that it is a variant of, or itself.
        form: the variant's part of the name: ``nowrap``, ``signed.loose``; empty if it is not a variant.
        bits: the width of numbers of ``type``; 0 if that is not a scalar type with a width.
        mask: the largest number of that width; ``sign``: its highest bit.
        narrow: the number of bits that it reads, writes or extends, if those are fewer; otherwise ``bits``.
        access: how many bytes of memory it accesses; 0 if none.
        is_load, is_store: whether it accesses one number (not a vector, a lane, or atomically).
        is_constant: whether its immediate is its result.
        is_signed: whether its name says that it takes integers as signed.
        compares: for comparisons of numbers or lanes, ``eq ne lt gt le`` or ``ge``; otherwise empty.
        inverse: for scalars, the comparison that is true exactly when it is false, or ``None``.
        mirrored: for scalars, the operation with the same result for exchanged operands, or ``None``; a commutative one
            is its own.
        bounds: the least and the largest result; ``None`` if they depend on the operands.
        folds: whether constants may be evaluated by the runtime's helper of its name.
        helper: the name of that helper.
        effects: see :class:`~wasmz.wasm.instructions.Effects`.
        is_pure: whether it has no effects.
    """

    __slots__ = (
        "access",
        "base",
        "bits",
        "bounds",
        "compares",
        "effects",
        "folds",
        "form",
        "helper",
        "inverse",
        "is_constant",
        "is_load",
        "is_pure",
        "is_signed",
        "is_store",
        "kind",
        "mask",
        "mirrored",
        "name",
        "narrow",
        "sign",
        "type",
    )

    def __init__(self, name: str, effects: Effects) -> None:
        base = VARIANTS.get(name, name)
        row = BY_NAME.get(base)
        type, _, kind = base.partition(".")
        access = row.access.width if row is not None and row.access is not None else 0
        bits = BITS.get(type, 0)
        self.name: str = name
        self.type: str = type
        self.kind: str = kind
        self.base: str = base
        self.form: str = name[len(base) + 1 :]
        self.bits: int = bits
        self.mask: int = MASKS.get(type, 0)
        self.sign: int = SIGNS.get(type, 0)
        self.access: int = access
        is_plain = access > 0 and bits > 0
        self.is_load: bool = is_plain and kind.startswith("load")
        self.is_store: bool = is_plain and kind.startswith("store")
        self.is_constant: bool = kind == "const" or name == "ref.null"
        self.is_signed: bool = kind.endswith("_s")
        self.bounds: tuple[int, int] | None = row.bounds if row is not None else _ADDED_BOUNDS.get(name)
        self.folds: bool = name == base and row is not None and row.folds
        self.helper: str = abi.helper(base)
        self.effects: Effects = effects
        self.is_pure: bool = effects is _PURE
        self.narrow: int = 8 * access if is_plain else bits
        if self.is_signed and kind.startswith("extend") and self.bounds is not None:
            self.narrow = (self.bounds[1] - self.bounds[0]).bit_length()
        self._relate()

    def _relate(self) -> None:
        """The inverse and the mirrored operation."""
        stem, _, sign = self.kind.partition("_")
        self.compares: str = ""
        self.inverse: str | None = None
        self.mirrored: str | None = None
        if stem in OPPOSITES and sign in ("", "s", "u") and (self.type in _SCALARS or self.type in VECTORS):
            self.compares = stem
        if self.type not in _SCALARS:
            return
        if self.compares:
            rest = f"_{sign}" if sign else ""
            self.mirrored = f"{self.type}.{EXCHANGED[stem]}{rest}"
            # For floats, neither `lt` nor `ge` is true if an operand is NaN.
            if self.type[0] != "f" or stem in ("eq", "ne"):
                self.inverse = f"{self.type}.{OPPOSITES[stem]}{rest}"
        elif self.kind in _COMMUTING and self.type in _INTEGERS and self.name == self.base:
            # For floats, the resulting NaN depends on the order.
            self.mirrored = self.name

    def __repr__(self) -> str:
        return f"<Op {self.name}>"


_PURE: Final = Effects.PURE

OPS: Final[dict[str, Op]] = {name: Op(name, effects) for name, effects in EFFECTS.items()}
_ALL: Final = tuple(OPS.values())

# Constants: all; those that cost nothing anywhere; integers; integers with a width.
CONSTANTS: Final = frozenset(op.name for op in _ALL if op.is_constant)
NUMERIC_CONSTANTS: Final = CONSTANTS - {"ref.null"}
INTEGER_CONSTANTS: Final = frozenset({"i32.const", "i64.const", "int.const"})
SIZED_CONSTANTS: Final = frozenset({"i32.const", "i64.const"})

# Comparison -> its inverse; operation -> the one for exchanged operands (itself if commutative).
INVERSE: Final = {op.name: op.inverse for op in _ALL if op.inverse is not None}
MIRRORED: Final = {op.name: op.mirrored for op in _ALL if op.mirrored is not None}
COMMUTATIVE: Final = frozenset(name for name, mirrored in MIRRORED.items() if name == mirrored)
# Comparisons of i32, i64, f32 and f64; tests whether an i32 or i64 is zero; all operations whose result is 0 or 1.
COMPARISONS: Final = frozenset(op.name for op in _ALL if op.compares and op.type in BITS)
ZERO_TESTS: Final = frozenset({"i32.eqz", "i64.eqz"})
BOOLEANS: Final = frozenset(op.name for op in _ALL if op.bounds == (0, 1))

# Access to a number or a vector in memory, not to a single lane -> its bytes.
ACCESS_WIDTHS: Final = {
    op.name: op.access
    for op in _ALL
    if op.access and op.name == op.base and (".load" in op.name or ".store" in op.name) and "lane" not in op.name
}
# Access to a single number -> its bytes.
LOADS: Final = {op.name: op.access for op in _ALL if op.is_load and not op.form}
STORES: Final = {op.name: op.access for op in _ALL if op.is_store and not op.form}
# Store of fewer bits than the number has -> the stored bits.
NARROW_STORES: Final = {name: OPS[name].narrow for name in STORES if OPS[name].narrow < OPS[name].bits}

# Operations by effect: looking one up in a set is ten times as fast as testing flags.
PURE: Final = frozenset(op.name for op in _ALL if op.is_pure)
CALLING: Final = frozenset(op.name for op in _ALL if op.effects & Effects.CALLS)
_DIVIDING: Final = frozenset({"div_u", "div_s", "rem_u", "rem_s", "floordiv", "mod"})
DIVISIONS: Final = frozenset(op.name for op in _ALL if op.type in _INTEGERS and op.kind in _DIVIDING)
# Operations whose result depends only on operands and immediate. (`struct.new` does not qualify: it is pure, and yet
# returns another object each time.)
NUMBERED: Final = frozenset(op.name for op in _ALL if op.is_pure and op.type in _SCALARS | VECTORS) | {
    *("select", "ref.is_null", "ref.func", "ref.eq", "ref.test", "ref.i31", "project"),
}

# Arithmetic on singles that is exact before rounding, so that a store may round instead.
SINGLE_ARITHMETIC: Final = frozenset({"f32.add", "f32.sub", "f32.mul"})
_COMPUTING_SINGLES: Final = SINGLE_ARITHMETIC | {
    f"f32.{kind}" for kind in ("div", "sqrt", "min", "max", "ceil", "floor", "trunc", "nearest")
}
# Uses that compute with a single, so that its signalling NaNs need not be kept.
QUIETING: Final = (
    _COMPUTING_SINGLES | {op.name for op in _ALL if op.type == "f32" and op.compares} | {"f64.promote_f32"}
)
# Operations whose result is never a signalling NaN.
QUIET_SINGLES: Final = (
    _COMPUTING_SINGLES
    | {op.name for op in _ALL if op.form == "unrounded"}
    | {op.name for op in _ALL if op.type == "f32" and op.kind.startswith("convert_")}
    | {"f32.demote_f64"}
)


def constant_of(value: Value) -> int | None:
    """The number, if the value is an integer constant."""
    return value.imm if value.op in INTEGER_CONSTANTS else None
