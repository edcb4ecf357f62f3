"""How values lie in linear memory, and which core values stand for them (Canonical ABI: alignment, size, flattening).

layouts = Layouts(4)                                for memories with 32-bit addresses; Layouts(8) for 64
layouts.of(RecordType([("a", U8), ("b", U32)]))     Layout: size 8, alignment 4, offsets (0, 4)
layouts.flat(TupleType([STRING, S64]))              (I32, I32, I64)
layouts.lifted(type, is_async=False, ...)           the FuncType of what `canon lift` lifts
layouts.lowered(type, is_async=False)               the FuncType of what `canon lower` gives
"""

from __future__ import annotations

from wasmz.component.types import (
    BorrowType,
    EnumType,
    FixedListType,
    FlagsType,
    FunctionType,
    FutureType,
    ListType,
    MapType,
    OptionType,
    OwnType,
    PrimitiveType,
    RecordType,
    ResultType,
    StreamType,
    TupleType,
    ValueType,
    VariantType,
)
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Final

# How many core values carry parameters and results, at most; beyond that they are in memory.
MAX_FLAT_PARAMS: Final = 16
MAX_FLAT_ASYNC_PARAMS: Final = 4
MAX_FLAT_RESULTS: Final = 1

_I32, _I64, _F32, _F64 = ValType.I32, ValType.I64, ValType.F32, ValType.F64

# fmt: off
_SIZES: Final = {
    "bool": 1, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "s32": 4, "u32": 4, "s64": 8, "u64": 8,
    "f32": 4, "f64": 8, "char": 4, "error-context": 4,
}
# fmt: on
_FLAT: Final = {"s64": _I64, "u64": _I64, "f32": _F32, "f64": _F64}


def as_cases(type: ValueType) -> tuple[tuple[str, ValueType | None], ...]:
    """The cases of a variant, or of what is laid out like one: an option, a result, an enum."""
    if isinstance(type, VariantType):
        return type.cases
    if isinstance(type, OptionType):
        return (("none", None), ("some", type.item))
    if isinstance(type, ResultType):
        return (("ok", type.ok), ("error", type.error))
    if isinstance(type, EnumType):
        return tuple([(label, None) for label in type.labels])
    raise TypeError(f"{type!r} has no cases")


def discriminant_size(cases: int) -> int:
    """The size in bytes of the number that tells which of so many cases a variant is."""
    return 1 if cases <= 1 << 8 else 2 if cases <= 1 << 16 else 4


def flags_size(count: int) -> int:
    """The size in bytes of so many flags: at most 32."""
    return 1 if count <= 8 else 2 if count <= 16 else 4


class Layout:
    """Where a value's parts are.

    Attributes:
        size: in bytes.
        alignment: in bytes.
        payload: of variants and those like them, where the payload of a case begins; otherwise 0.
        offsets: of records and tuples, where each field begins; otherwise empty.
    """

    __slots__ = ("alignment", "offsets", "payload", "size")

    def __init__(self, size: int, alignment: int, payload: int = 0, offsets: tuple[int, ...] = ()) -> None:
        self.size: int = size
        self.alignment: int = alignment
        self.payload: int = payload
        self.offsets: tuple[int, ...] = offsets


class Layouts:
    """The layouts of types for one size of addresses, each computed once.

    Attributes:
        pointer: the size of addresses, 4 or 8.
        address: their core type.
    """

    __slots__ = ("_flat", "_known", "address", "pointer")

    def __init__(self, pointer: int = 4) -> None:
        self.pointer: int = pointer
        self.address: ValType = _I32 if pointer == 4 else _I64
        # By structure: forms are kept alive by the dictionaries that have them as keys.
        self._known: dict[object, Layout] = {}
        self._flat: dict[object, tuple[ValType, ...] | None] = {}

    def of(self, type: ValueType) -> Layout:
        """The layout of values of a type."""
        found = self._known.get(type.form)
        if found is None:
            found = self._known[type.form] = self._find(type)
        return found

    def _find(self, type: ValueType) -> Layout:
        if isinstance(type, PrimitiveType):
            size = _SIZES.get(type.kind)
            return Layout(2 * self.pointer, self.pointer) if size is None else Layout(size, size)
        if isinstance(type, (ListType, MapType)):
            return Layout(2 * self.pointer, self.pointer)
        if isinstance(type, FixedListType):
            item = self.of(type.item)
            return Layout(item.size * type.length, item.alignment)
        if isinstance(type, (RecordType, TupleType)):
            return self._find_fields(type.parts())
        if isinstance(type, FlagsType):
            size = flags_size(len(type.labels))
            return Layout(size, size)
        if isinstance(type, (OwnType, BorrowType, StreamType, FutureType)):
            return Layout(4, 4)
        return self._find_cases(as_cases(type))

    def _find_fields(self, types: Sequence[ValueType]) -> Layout:
        position, alignment = 0, 1
        offsets = []
        for type in types:
            field = self.of(type)
            position = align(position, field.alignment)
            offsets.append(position)
            position += field.size
            alignment = max(alignment, field.alignment)
        return Layout(align(position, alignment), alignment, 0, tuple(offsets))

    def _find_cases(self, cases: Sequence[tuple[str, ValueType | None]]) -> Layout:
        head = discriminant_size(len(cases))
        payloads = [self.of(type) for _, type in cases if type is not None]
        widest = max([payload.alignment for payload in payloads], default=1)
        start = align(head, widest)
        size = start + max([payload.size for payload in payloads], default=0)
        alignment = max(head, widest)
        return Layout(align(size, alignment), alignment, start)

    def flat(self, type: ValueType) -> tuple[ValType, ...] | None:
        """The core values that stand for a value of a type; ``None`` if they are more than ``MAX_FLAT_PARAMS``."""
        form = type.form
        if form not in self._flat:
            self._flat[form] = self._find_flat(type)
        return self._flat[form]

    def flat_all(self, types: Iterable[ValueType]) -> tuple[ValType, ...] | None:
        """The same for values of several types, one after the other."""
        found: list[ValType] = []
        for type in types:
            flat = self.flat(type)
            if flat is None or len(found) + len(flat) > MAX_FLAT_PARAMS:
                return None
            found += flat
        return tuple(found)

    def _find_flat(self, type: ValueType) -> tuple[ValType, ...] | None:
        if isinstance(type, PrimitiveType):
            return (self.address, self.address) if type.kind == "string" else (_FLAT.get(type.kind, _I32),)
        if isinstance(type, (ListType, MapType)):
            return (self.address, self.address)
        if isinstance(type, (OwnType, BorrowType, StreamType, FutureType, FlagsType, EnumType)):
            return (_I32,)
        if isinstance(type, FixedListType):
            item = self.flat(type.item)
            return None if item is None or len(item) * type.length > MAX_FLAT_PARAMS else item * type.length
        if isinstance(type, (RecordType, TupleType)):
            return self.flat_all(type.parts())
        joined = [_I32]
        for _, payload in as_cases(type):
            flat = () if payload is None else self.flat(payload)
            if flat is None or len(flat) >= MAX_FLAT_PARAMS:
                return None
            for position, item_type in enumerate(flat, 1):
                if position == len(joined):
                    joined.append(item_type)
                else:
                    joined[position] = _join(joined[position], item_type)
        return tuple(joined)

    def lifted(self, type: FunctionType, *, is_async: bool = False, has_callback: bool = False) -> FuncType:
        """The type of the core function that ``canon lift`` makes a function of this type of."""
        params = self.flat_all([param for _, param in type.params])
        results = () if type.result is None else self.flat(type.result)
        if is_async:
            results = (_I32,) if has_callback else ()
        elif results is None or len(results) > MAX_FLAT_RESULTS:
            results = (self.address,)
        return FuncType((self.address,) if params is None else params, results)

    def lowered(self, type: FunctionType, *, is_async: bool = False) -> FuncType:
        """The type of the core function that ``canon lower`` makes of a function of this type."""
        params = self.flat_all([param for _, param in type.params])
        results = () if type.result is None else self.flat(type.result)
        if params is None or (is_async and len(params) > MAX_FLAT_ASYNC_PARAMS):
            params = (self.address,)
        if is_async:
            return FuncType((*params, self.address) if results != () else params, (_I32,))
        if results is None or len(results) > MAX_FLAT_RESULTS:
            return FuncType((*params, self.address))
        return FuncType(params, results)


def align(position: int, alignment: int) -> int:
    """The first multiple of ``alignment`` (a power of two) from ``position`` on."""
    return (position + alignment - 1) & -alignment


def _join(one: ValType, other: ValType) -> ValType:
    """The core type that values of both can be carried in."""
    if one is other:
        return one
    return _I32 if {one, other} == {_I32, _F32} else _I64
