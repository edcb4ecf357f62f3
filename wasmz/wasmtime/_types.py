"""Types of values, functions, memories, tables, globals, tags, imports and exports.

FuncType([ValType.i32()], [ValType.i64()]).results      -> [i64]
extern_type(item.type)                                  the type of this package for one of wasmz's
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Union

import wasmz
from wasmz import DefinedType, HeapType, RefType
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._managed import Managed

_PAGE_SIZES = (16, 0)
_REFERENCE_KINDS = {
    HeapType.FUNC: "funcref",
    HeapType.NOFUNC: "funcref",
    HeapType.EXTERN: "externref",
    HeapType.NOEXTERN: "externref",
}


class ValType(Managed[Any]):
    """The type of a value. Types of the same kind are equal."""

    # wasmz's type, and the kind that the binding distinguishes.
    _type: wasmz.ValType
    _kind: str

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: types come from the class methods."""
        raise WasmtimeError("cannot construct directly")

    @classmethod
    def i32(cls) -> ValType:
        """The type of 32-bit integers."""
        return I32

    @classmethod
    def i64(cls) -> ValType:
        """The type of 64-bit integers."""
        return I64

    @classmethod
    def f32(cls) -> ValType:
        """The type of single-precision numbers."""
        return F32

    @classmethod
    def f64(cls) -> ValType:
        """The type of double-precision numbers."""
        return F64

    @classmethod
    def externref(cls) -> ValType:
        """The type of references to objects of the host, which are any Python objects."""
        return EXTERNREF

    @classmethod
    def funcref(cls) -> ValType:
        """The type of references to functions."""
        return FUNCREF

    def close(self) -> None:
        """Does nothing: types are shared."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ValType) and self._kind == other._kind

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._kind)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        # In the binding's words.
        return "anyref" if self._kind == "externref" else self._kind


def value_type(type: wasmz.ValType) -> ValType:
    """The type of this package for one of wasmz's; always the same object."""
    known = _value_types.get(type)
    if known is None:
        known = ValType.__new__(ValType)
        known._type = type
        known._kind = type.name
        if isinstance(type, RefType):
            heap = type.heap_type.heap_kind if isinstance(type.heap_type, DefinedType) else type.heap_type
            known._kind = _REFERENCE_KINDS.get(heap, type.name)
        known = _value_types.setdefault(type, known)
    return known


_value_types: dict[wasmz.ValType, ValType] = {}

I32 = value_type(wasmz.ValType.I32)
I64 = value_type(wasmz.ValType.I64)
F32 = value_type(wasmz.ValType.F32)
F64 = value_type(wasmz.ValType.F64)
EXTERNREF = value_type(wasmz.ValType.EXTERNREF)
FUNCREF = value_type(wasmz.ValType.FUNCREF)


def _own_type(type: Any) -> wasmz.ValType:
    if not isinstance(type, ValType):
        raise TypeError("expected valtype")
    return type._type


def _own_reference(type: Any) -> RefType:
    own = _own_type(type)
    if not isinstance(own, RefType):
        raise WasmtimeError(f"elements of tables are references, not {type}")
    return own


class FuncType(Managed[Any]):
    """The type of a function."""

    _type: wasmz.FuncType

    def __init__(self, params: list[ValType], results: list[ValType]) -> None:
        """The types of parameters and results. ``TypeError``: one is not a type."""
        for type in (*params, *results):
            if not isinstance(type, ValType):
                raise TypeError("expected ValType")
        self._type = wasmz.FuncType([type._type for type in params], [type._type for type in results])

    @property
    def params(self) -> list[ValType]:
        """The types of its parameters."""
        self._check_open()
        return [value_type(type) for type in self._type.params]

    @property
    def results(self) -> list[ValType]:
        """The types of its results."""
        self._check_open()
        return [value_type(type) for type in self._type.results]


class GlobalType(Managed[Any]):
    """The type of a global variable."""

    _type: wasmz.GlobalType

    def __init__(self, valtype: ValType, mutable: bool) -> None:
        """The type of its value, and whether that can be changed. ``TypeError``: it is not a type."""
        self._type = wasmz.GlobalType(_own_type(valtype), bool(mutable))

    @property
    def content(self) -> ValType:
        """The type of its value."""
        self._check_open()
        return value_type(self._type.value_type)

    @property
    def mutable(self) -> bool:
        """Whether the value can be changed."""
        self._check_open()
        return self._type.mutable


class Limits:
    """The sizes of a memory in pages, or of a table in elements.

    Attributes:
        min: the initial size.
        max: the largest size, or ``None``.
    """

    def __init__(self, min: int, max: int | None) -> None:
        self.min: int = min
        self.max: int | None = max

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Limits) and (self.min, self.max) == (other.min, other.max)

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Limits({self.min}, {self.max})"


class TableType(Managed[Any]):
    """The type of a table."""

    _type: wasmz.TableType

    def __init__(self, valtype: ValType, limits: Limits) -> None:
        """The type of its elements, and its sizes. ``TypeError``: they are not a type and limits."""
        if not isinstance(limits, Limits):
            raise TypeError("expected Limits")
        self._type = wasmz.TableType(_own_reference(valtype), limits.min, limits.max)

    @property
    def element(self) -> ValType:
        """The type of its elements."""
        self._check_open()
        return value_type(self._type.element)

    @property
    def limits(self) -> Limits:
        """Its sizes, in elements."""
        self._check_open()
        return Limits(self._type.minimum, self._type.maximum)


class MemoryType(Managed[Any]):
    """The type of a memory."""

    _type: wasmz.MemoryType

    def __init__(self, limits: Limits, is_64: bool = False, shared: bool = False, page_size_log2: int = 16) -> None:
        """Its sizes in pages, the width of its addresses, whether threads share it, and the size of a page.

        Raises:
            TypeError: ``limits`` is not a ``Limits``. WasmtimeError: there is no such memory.
        """
        if not isinstance(limits, Limits):
            raise TypeError("expected Limits")
        minimum, maximum = limits.min, limits.max
        pages = 1 << (64 if is_64 else 32)
        if minimum >= pages:
            raise WasmtimeError("minimum size too large")
        if maximum and maximum >= pages:
            raise WasmtimeError("maximum size too large")
        if page_size_log2 not in _PAGE_SIZES:
            raise WasmtimeError(f"page size must be 2**16 or 2**0, but was given 2**{page_size_log2}")
        if shared and maximum is None:
            raise WasmtimeError("shared memories must have a maximum size")
        if maximum is not None and maximum < minimum:
            raise WasmtimeError("maximum page size cannot be smaller than the minimum page size")
        for size, what in ((minimum, "minimum"), (maximum or 0, "maximum")):
            if size << page_size_log2 > pages:
                raise WasmtimeError(f"{what} size is too large for this memory type's index type")
        address_type = wasmz.ValType.I64 if is_64 else wasmz.ValType.I32
        self._type = wasmz.MemoryType(minimum, maximum, bool(shared), address_type, 1 << page_size_log2)

    @property
    def limits(self) -> Limits:
        """Its sizes, in pages."""
        self._check_open()
        return Limits(self._type.minimum, self._type.maximum)

    @property
    def is_64(self) -> bool:
        """Whether addresses have 64 bits."""
        self._check_open()
        return self._type.address_type is wasmz.ValType.I64

    @property
    def is_shared(self) -> bool:
        """Whether threads share it."""
        self._check_open()
        return self._type.shared

    @property
    def page_size(self) -> int:
        """The size of a page in bytes: 65536 or 1."""
        self._check_open()
        return self._type.page_bytes

    @property
    def page_size_log2(self) -> int:
        """The binary logarithm of the size of a page: 16 or 0."""
        self._check_open()
        return self._type.page_bytes.bit_length() - 1


class TagType(Managed[Any]):
    """The type of an exception tag."""

    _type: wasmz.TagType

    def __init__(self, functype: FuncType) -> None:
        """What exceptions carry, as a function type's parameters. ``TypeError``: it is not a function type."""
        if not isinstance(functype, FuncType):
            raise TypeError("expected a FuncType")
        self._type = wasmz.TagType(functype._type)

    @property
    def functype(self) -> FuncType:
        """The types that exceptions carry, as a function type's parameters."""
        self._check_open()
        made: FuncType = type_of(FuncType, self._type.func_type)
        return made


AsExternType = Union[FuncType, TableType, MemoryType, GlobalType, TagType]


def type_of(cls: Any, type: Any) -> Any:
    """A type in a class of this package for one of wasmz's."""
    made = cls.__new__(cls)
    made._type = type
    return made


def extern_type(type: Any) -> AsExternType:
    """Like :func:`type_of`, for the type of any import or export."""
    made: AsExternType = type_of(_CLASSES[type.__class__], type)
    return made


_CLASSES: dict[type, type] = {
    wasmz.FuncType: FuncType,
    wasmz.TableType: TableType,
    wasmz.MemoryType: MemoryType,
    wasmz.GlobalType: GlobalType,
    wasmz.TagType: TagType,
}


def _only_listed(what: str) -> NoReturn:
    raise WasmtimeError(f"cannot construct directly: {what} lists them")


class ImportType(Managed[Any]):
    """An import of a module."""

    _item: wasmz.ImportType

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: ``Module.imports`` lists them."""
        _only_listed("Module.imports")

    @property
    def module(self) -> str:
        """The name of the module to import from."""
        self._check_open()
        return self._item.module_name

    @property
    def name(self) -> str | None:
        """The name of the import in that module."""
        self._check_open()
        return self._item.name

    @property
    def type(self) -> AsExternType:
        """The type that it must have."""
        self._check_open()
        return extern_type(self._item.type)


class ExportType(Managed[Any]):
    """An export of a module."""

    _item: wasmz.ExportType

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: ``Module.exports`` lists them."""
        _only_listed("Module.exports")

    @property
    def name(self) -> str:
        """Its name."""
        self._check_open()
        return self._item.name

    @property
    def type(self) -> AsExternType:
        """Its type."""
        self._check_open()
        return extern_type(self._item.type)


def listed(cls: Any, item: Any) -> Any:
    """An item of ``Module.imports`` or ``Module.exports``."""
    made = cls.__new__(cls)
    made._item = item
    return made
