"""Global variables (specification 4.2.10).

counter = Global(store, GlobalType(ValType.I32, mutable=True), 5)
counter.value += 1
"""

from __future__ import annotations

from wasmz.errors import bounded, expect, shown
from wasmz.runtime.calls.convert import to_internal, to_python
from wasmz.runtime.limits.budgets import expect_store
from wasmz.types import GlobalType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.runtime.link.store import Store


class Global:
    """A global variable, or constant.

    Attributes:
        type: the type of the value, and whether it is mutable.
        store: the store that it belongs to.
        cell: a one-item list with the value in the form of generated code; instances share it.
    """

    __slots__ = ("__weakref__", "cell", "store", "type")

    def __init__(self, store: Store, type: GlobalType, value: Any) -> None:
        """Makes a global with an initial value.

        Raises:
            TypeError, OverflowError: the value does not fit the type.
        """
        expect_store(store)
        expect(type, GlobalType, "type", "a GlobalType")
        store.check_open()
        self.store: Store = store
        self.type: GlobalType = type
        self.cell: list[Any] = [to_internal(value, type.value_type, "the value of a global", store)]

    @classmethod
    def of_cell(cls, store: Store, type: GlobalType, cell: list[Any]) -> Global:
        """The global of an instance whose value is in ``cell``."""
        self = cls.__new__(cls)
        self.store, self.type, self.cell = store, type, cell
        return self

    @property
    def value(self) -> Any:
        """The value as a Python object. Setting it raises ``AttributeError`` if the global is immutable.

        Both raise ``ValueError`` when its store is closed.
        """
        self.store.check_open()
        return to_python(self.cell[0], self.type.value_type)

    @value.setter
    def value(self, value: Any) -> None:
        if not self.type.mutable:
            raise AttributeError(f"an immutable {self.type} cannot be set")
        self.store.check_open()
        self.cell[0] = to_internal(value, self.type.value_type, "the value of a global", self.store)

    @shown
    def __repr__(self) -> str:
        return f"<Global {self.type} = {bounded(repr(to_python(self.cell[0], self.type.value_type)))}>"
