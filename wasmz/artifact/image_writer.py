"""Writes a compiled module as values that ``marshal`` accepts; the inverse is ``load_image`` in ``image.py``.

    marshal.dumps(dump_image(image))       -> bytes: everything but the code, which files keep beside the image

Only writers of files need this; starting from a file does not import it.
"""

from __future__ import annotations

from itertools import accumulate

from wasmz.runtime.image import FORMAT, FrozenCode
from wasmz.types import (
    FuncType,
    GlobalType,
    GroupReference,
    HeapType,
    MemoryType,
    PackedType,
    RefType,
    StructType,
    TableType,
    TagType,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from wasmz.runtime.image import ConstExpr, ModuleImage
    from wasmz.types import DefinedType, ExternType, SubType

# The field with the code, which files keep beside the image.
_CODE = frozenset({"functions"})


def dump_image(image: ModuleImage) -> tuple[Any, ...]:
    """The image without its code, as values that ``marshal`` accepts: tuples, strings, numbers and bytes."""
    types = _TypeTable()
    references = tuple(types.defined(type) for type in image.types)
    parts = {
        "types": references,
        "imports": tuple((item.module_name, item.name, types.extern(item.type)) for item in image.imports),
        "tables": tuple((types.extern(item.type), types.expression(item.init)) for item in image.tables),
        "memories": tuple(types.extern(item) for item in image.memories),
        "globals": tuple((types.extern(g.type), types.expression(g.init), g.boxed) for g in image.globals),
        "exports": tuple((item.name, item.kind, item.index) for item in image.exports),
        "elements": tuple(
            (e.mode, types.value(e.type), tuple(map(types.expression, e.items)), e.table, types.expression(e.offset))
            for e in image.elements
        ),
        "data": tuple(
            (mode, content, memory, offset if type(offset) is int else (types.expression(offset),))  # type: ignore[arg-type]
            for mode, content, memory, offset in image.data
        ),
    }
    plain = {name: getattr(image, name) for name in image.__match_args__ if name not in parts and name not in _CODE}
    return (FORMAT, tuple(types.groups), {**plain, **parts})


def freeze_image(image: ModuleImage) -> FrozenCode:
    """The code of an image, each function frozen separately."""
    functions = image.functions
    deep = bytes(function.is_deep for function in functions)
    # Where functions are frozen one by one, it is not known yet which are deep. This way the bytes are equal.
    frozen = [function.with_depth(True).freeze() for function in functions]
    return join_frozen(image.imported_function_count, frozen, deep)


def join_frozen(first: int, functions: Sequence[bytes], deep: bytes) -> FrozenCode:
    """The frozen code of all functions of a module, whose first one has the index ``first``."""
    ends = accumulate(map(len, functions))
    return FrozenCode(first, b"".join(end.to_bytes(8, "little") for end in ends), b"".join(functions), deep)


class _TypeTable:
    """Writes types as plain values; collects the recursion groups, each after those that it refers to."""

    def __init__(self) -> None:
        self.groups: list[tuple[Any, ...]] = []
        self._numbers: dict[int, int] = {}

    def defined(self, type: DefinedType) -> tuple[int, int]:
        """The group of a defined type, and its position there."""
        group = type.group
        number = self._numbers.get(id(group))
        if number is None:
            written = tuple(self._sub_type(item) for item in group.definition)
            number = self._numbers[id(group)] = len(self.groups)
            self.groups.append(written)
        return number, type.position

    def value(self, type: Any) -> Any:
        """A value type, a packed type, or a reference into the same group."""
        if isinstance(type, GroupReference):
            return ("rec", type.position, type.nullable, type.exact)
        if isinstance(type, RefType):
            return ("ref", self.heap(type.heap_type), type.nullable, type.exact)
        return type.value if isinstance(type, PackedType) else type.name

    def heap(self, type: HeapType | DefinedType) -> Any:
        return type.value if isinstance(type, HeapType) else self.defined(type)

    def extern(self, type: ExternType) -> tuple[Any, ...]:
        if isinstance(type, MemoryType):
            address = self.value(type.address_type)
            return ("memory", type.minimum, type.maximum, type.shared, address, type.page_bytes)
        if isinstance(type, TableType):
            return ("table", self.value(type.element), type.minimum, type.maximum, self.value(type.address_type))
        if isinstance(type, GlobalType):
            return ("global", self.value(type.value_type), type.mutable)
        if isinstance(type, TagType):
            return ("tag", self.composite(type.func_type))
        return self.composite(type)

    def composite(self, type: Any) -> tuple[Any, ...]:
        if isinstance(type, FuncType):
            return ("func", tuple(map(self.value, type.params)), tuple(map(self.value, type.results)))
        if isinstance(type, StructType):
            return ("struct", tuple((self.value(f.storage), f.mutable) for f in type.fields))
        return ("array", self.value(type.item.storage), type.item.mutable)

    def expression(self, expression: ConstExpr | None) -> Any:
        """A constant expression; the most frequent kind, a single ``ref.func``, becomes the function's index."""
        if expression is None:
            return None
        if len(expression) == 1 and expression[0][0] == "ref.func":
            return expression[0][1]
        return tuple(
            (name, ("type", self.value(immediate)) if isinstance(immediate, RefType) else immediate)
            for name, immediate in expression
        )

    def _sub_type(self, written: SubType) -> tuple[Any, ...]:
        supertypes = tuple(
            ("rec", item.position) if isinstance(item, GroupReference) else self.defined(item)
            for item in written.supertypes
        )
        return (self.composite(written.composite), supertypes, written.final, written.descriptor, written.describes)
