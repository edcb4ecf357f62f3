"""The Python objects that references to structures and arrays are (docs/gc.md).

    point = StructRef.new(point_type, 1, 2.5)        a class for each type, with a slot for each field
    point[0], point["y"], len(point), point.type
    numbers = ArrayRef.new(numbers_type, [1, 2, 3])  one slot, ``items``, with the most compact sequence that CPython
    has

Slots hold values in the form of generated code (docs/abi.md). The class of a type is derived from that of its
supertype. Each canonical type has one class, so objects can pass between modules and stores.
"""

from __future__ import annotations

from array import array

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap, bounded, expect_integer, expect_iterable, shown
from wasmz.runtime.calls.convert import to_i32, to_internal, to_python
from wasmz.runtime.gc.references import HeapRef
from wasmz.runtime.limits.checkpoints import PIECE_ITEMS, requests, stop_if_asked
from wasmz.startup.concurrency import new_lock
from wasmz.types import (
    ArrayType,
    DefinedType,
    FieldType,
    FuncType,
    PackedType,
    RefType,
    StructType,
    SubType,
    ValType,
    define_group,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Final

__wasmz_frame__ = "helper"

# The largest size of an array, or (for references) of its pointers (an implementation limit, specification A.1.2).
MAX_ARRAY_BYTES: Final = 1 << 30

_lock = new_lock()


class StructRef(HeapRef):
    """A structure. Its fields are read and written by index or name: ``ref[0]``, ``ref["x"]``.

    Attributes:
        field_names: of the class, the positions of named fields.
        descriptor: the structure that describes it, if its type has one (proposal "custom descriptors").
        wasm_type: of the class, its type.

    Names come from the name sections of the modules that use the type. A name that the class does not have already is
    an attribute, too: ``ref.x``. Integers are read signed, and packed fields unsigned; both may be set either way.
    """

    __slots__ = ()

    # The position of each named field.
    field_names: dict[str, int]
    # Only for types that have one (proposal "custom descriptors").
    descriptor: Any

    @staticmethod
    def new(type: DefinedType | RefType | StructType, *fields: Any) -> StructRef:
        """Makes a structure; without any fields, with default values.

        Args:
            type: its type: one of a module, a reference to it, or a final one that stands alone.
            fields: the values, as Python objects.

        Raises:
            TypeError, OverflowError: a value does not fit its field, there are too many or too few, or a field has no
                default.
        """
        defined = _defined(type)
        declared = struct_fields(defined)
        if defined.descriptor is not None:
            raise TypeError("a structure with a descriptor can only be made by WebAssembly code")
        made = class_of(defined)()
        if not fields:
            fields = tuple(_default(field, "a structure") for field in declared)
        elif len(fields) != len(declared):
            raise TypeError(f"the structure has {len(declared)} fields, got {len(fields)}")
        else:
            fields = tuple(
                _to_field(value, field, f"field {number}")
                for number, (field, value) in enumerate(zip(declared, fields, strict=True))
            )
        for number, value in enumerate(fields):
            setattr(made, f"field{number}", value)
        return made  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(struct_fields(self.wasm_type))

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, field: int | str, /) -> Any:
        """A field's value. ``IndexError`` or ``KeyError`` if there is no such field."""
        number = self._position(field)
        return _from_field(getattr(self, f"field{number}"), struct_fields(self.wasm_type)[number])

    def __setitem__(self, field: int | str, value: Any, /) -> None:
        """Sets a field. ``AttributeError`` if it is immutable; ``TypeError`` or ``OverflowError`` for a wrong value."""
        number = self._position(field)
        declared = struct_fields(self.wasm_type)[number]
        if not declared.mutable:
            raise AttributeError(f"field {field!r} is immutable")
        setattr(self, f"field{number}", _to_field(value, declared, f"field {field!r}"))

    def __iter__(self) -> Iterator[Any]:
        return (self[number] for number in range(len(self)))

    def _position(self, field: int | str) -> int:
        if isinstance(field, str):
            number = self.field_names.get(field)
            if number is None:
                raise KeyError(f"field {bounded(repr(field))} of {self!r}")
            return number
        field = expect_integer(field, "field")
        if not 0 <= field < len(self):
            raise IndexError(f"field {field} of a structure of {len(self)} fields")
        return field

    @shown
    def __repr__(self) -> str:
        names = {number: name for name, number in self.field_names.items()}
        fields = (f"{names.get(number, number)}={_shown(value)}" for number, value in enumerate(self))
        return f"<struct {' '.join(fields)}>" if len(self) else "<struct>"


class ArrayRef(HeapRef):
    """An array: a sequence of fixed length. Items are read signed, packed ones unsigned; both may be set either way.

    Attributes:
        items: its items in the form of generated code. Read-only: changing its length is undefined behaviour.
        wasm_type: of the class, its type.
        kind: of the class, how items are stored: a type code of ``array``, ``"bytes"`` or ``"list"``.
        item_bytes: of the class, the size of an item.
        max_items: of the class, the largest number of items.
        default: of the class, the default value of items.
    """

    __slots__ = ("items",)

    items: Any
    # How many items fit MAX_ARRAY_BYTES; how they are stored: a type code of `array`, "bytes" or "list".
    max_items: int
    kind: str
    default: Any
    # The size of an item; the allocator, where arrays are counted (see heap.py).
    item_bytes: int
    _charge: Any = None

    @staticmethod
    def new(type: DefinedType | RefType | ArrayType, items: Iterable[Any] | int) -> ArrayRef:
        """Makes an array of the given items, or of a number of default ones.

        Args:
            type: its type: one of a module, a reference to it, or a final one that stands alone.
            items: the values, as Python objects, or how many default ones.

        Raises:
            TypeError, OverflowError: a value does not fit the item type, or there is no default.
            Trap: the array is larger than MAX_ARRAY_BYTES.
        """
        defined = _defined(type)
        item = array_item(defined)
        made_class = class_of(defined)
        if isinstance(items, int):
            if items < 0:
                raise ValueError(f"an array cannot have {items} items")
            made: ArrayRef = new_array(made_class, _default(item, "an array"), items)
        else:
            made = array_of(
                made_class,
                [
                    _to_field(value, item, f"item {n} of items")
                    for n, value in enumerate(expect_iterable(items, "items", "or a number of them"))
                ],
            )
        return made

    def __len__(self) -> int:
        return len(self.items)

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, index: int, /) -> Any:
        """An item's value. ``IndexError`` outside the array."""
        return _from_field(self.items[self._position(index)], array_item(self.wasm_type))

    def __setitem__(self, index: int, value: Any, /) -> None:
        """Sets an item. ``TypeError`` or ``OverflowError`` for a wrong value, ``TypeError`` in an immutable array."""
        item = array_item(self.wasm_type)
        if not item.mutable:
            raise TypeError("the array is immutable")
        self.items[self._position(index)] = _to_field(value, item, f"item {index}")

    def __iter__(self) -> Iterator[Any]:
        item = array_item(self.wasm_type)
        return (_from_field(value, item) for value in self.items)

    def _position(self, index: int) -> int:
        index = expect_integer(index, "index")
        if not 0 <= index < len(self.items):
            raise IndexError(f"index {index} is outside an array of {len(self.items)} items")
        return index

    @shown
    def __repr__(self) -> str:
        items = ", ".join(_shown(self[n]) for n in range(min(len(self), 8)))
        return f"<array of {len(self)}: {items}{', ...' if len(self) > 8 else ''}>"


# Types


def _defined(type: Any) -> DefinedType:
    if isinstance(type, RefType):
        type = type.heap_type
    if isinstance(type, (StructType, ArrayType)):
        type = define_group([SubType(type)])[0]
    if not isinstance(type, DefinedType):
        raise TypeError(f"type must be a structure or array type, not {bounded(repr(type))}")
    return type


def struct_fields(type: DefinedType) -> tuple[FieldType, ...]:
    """The fields of a structure type; ``TypeError`` for another type."""
    composite = type.composite
    if not isinstance(composite, StructType):
        raise TypeError(f"{type} is not a structure type")
    return composite.fields


def array_item(type: DefinedType) -> FieldType:
    """The items of an array type; ``TypeError`` for another type."""
    composite = type.composite
    if not isinstance(composite, ArrayType):
        raise TypeError(f"{type} is not an array type")
    return composite.item


def class_of(type: DefinedType) -> Any:
    """The class of the references to a structure or array type; always the same one."""
    found = type.runtime_class
    if found is None:
        with _lock:
            found = type.runtime_class
            if found is None:
                found = type.runtime_class = _make_class(type)
    return found


def _make_class(type: DefinedType) -> Any:
    composite = type.composite
    namespace: dict[str, Any] = {"wasm_type": type, "__module__": __name__, "__slots__": ()}
    if isinstance(composite, StructType):
        base: Any = StructRef if type.supertype is None else class_of(type.supertype)
        inherited = 0 if type.supertype is None else len(struct_fields(type.supertype))
        slots = tuple(f"field{number}" for number in range(inherited, len(composite.fields)))
        if type.descriptor is not None and (type.supertype is None or type.supertype.descriptor is None):
            slots += ("descriptor",)
        namespace["__slots__"] = slots
        namespace["field_names"] = {} if type.supertype is None else dict(base.field_names)
        return _new_class("struct", (base,), namespace)
    if isinstance(composite, FuncType):
        raise TypeError(f"{type} is not a structure or array type")
    base = ArrayRef if type.supertype is None else class_of(type.supertype)
    kind, size = _KINDS.get(composite.item.storage, ("list", 8))
    namespace.update(kind=kind, item_bytes=size, max_items=MAX_ARRAY_BYTES // size, default=zero_of(composite.item))
    return _new_class("array", (base,), namespace)


_new_class = type

# Storage type -> type code of `array`, and size of an item. Singles are stored as doubles, which hold all their bits
# (docs/abi.md). Types that are not listed here are stored in lists.
_KINDS: dict[Any, tuple[str, int]] = {
    PackedType.I8: ("bytes", 1),
    PackedType.I16: ("H", 2),
    ValType.I32: ("I", 4),
    ValType.I64: ("Q", 8),
    ValType.F32: ("d", 8),
    ValType.F64: ("d", 8),
}


def name_fields(type: DefinedType, names: dict[int, str]) -> None:
    """Gives fields of a structure type names."""
    made = class_of(type)
    for number, name in names.items():
        if number < len(struct_fields(type)) and name not in made.field_names:
            made.field_names[name] = number
            if name.isidentifier() and not hasattr(made, name):
                setattr(made, name, _field_property(number))


def _field_property(number: int) -> property:
    def read(self: StructRef) -> Any:
        return self[number]

    def write(self: StructRef, value: Any) -> None:
        self[number] = value

    return property(read, write)


# Arrays, for the runtime: values are in the form of generated code


def array_of(made_class: Any, values: list[Any]) -> Any:
    """An array of these values; it may keep the list itself."""
    made = reserve_array(made_class, len(values))
    kind = made_class.kind
    if kind == "list":
        made.items = values
    else:
        made.items = bytearray(values) if kind == "bytes" else array(kind, values)
    return made


def new_array(made_class: Any, value: Any, count: int) -> Any:
    """An array of ``count`` items with the same value."""
    made = reserve_array(made_class, count)
    kind = made_class.kind
    first = count if count <= PIECE_ITEMS else count % PIECE_ITEMS
    if kind == "list":
        items: Any = [value] * first
    elif kind == "bytes":
        items = bytearray((value,)) * first if value else bytearray(first)
    else:
        items = array(kind, (value,)) * first
    if first < count:
        block = repeated(kind, value, PIECE_ITEMS)
        for _ in range(count // PIECE_ITEMS):
            if requests:
                stop_if_asked()
            items += block
    made.items = items
    return made


def reserve_array(made_class: Any, count: int) -> Any:
    """An array without items, which may get ``count`` of them.

    ``made_class`` is a class or an allocator that counts its arrays (``heap.py``).
    """
    if count > made_class.max_items:
        raise Trap(TrapCode.OUT_OF_SYSTEM_MEMORY, "an array is too large")
    made = made_class()
    if made_class._charge is not None:
        made_class._charge(made, count)
    return made


def repeated(kind: str, value: Any, count: int) -> Any:
    """``count`` items with the same value, stored as ``kind`` says."""
    if kind == "list":
        return [value] * count
    return bytes((value,)) * count if kind == "bytes" else array(kind, (value,)) * count


# Values


def zero_of(field: FieldType) -> Any:
    """The default value of a field or item, in the form of generated code."""
    storage = field.storage
    if isinstance(storage, RefType):
        return None
    return 0.0 if storage is ValType.F32 or storage is ValType.F64 else 0


def _default(field: FieldType, what: str) -> Any:
    if isinstance(field.storage, RefType) and not field.storage.nullable:
        raise TypeError(f"{what} has no default: {field.storage} cannot be null")
    return zero_of(field)


def _to_field(value: Any, field: FieldType, what: str) -> Any:
    storage = field.storage
    if isinstance(storage, PackedType):
        bits = 8 if storage is PackedType.I8 else 16
        number = to_i32(value, what)
        if not (number < 1 << bits or number >= (1 << 32) - (1 << bits - 1)):
            raise OverflowError(f"{what}: {value} does not fit {storage!r}")
        return number & (1 << bits) - 1
    return to_internal(value, storage, what)


def _from_field(value: Any, field: FieldType) -> Any:
    storage = field.storage
    return value if isinstance(storage, PackedType) else to_python(value, storage)


def _shown(value: Any) -> str:
    """Leaves out what references refer to: that may be deep or cyclic."""
    if isinstance(value, HeapRef):
        return "<struct>" if isinstance(value, StructRef) else "<array>"
    text = repr(value[:40] if isinstance(value, (str, bytes)) else value)
    return text if len(text) <= 40 else text[:37] + "..."
