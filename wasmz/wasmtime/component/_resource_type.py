"""Resource types: the host's, by number, and those of components.

ResourceType.host(1) == ResourceType.host(1)
component.type.exports(engine)["counter"].ty            a component's, before there is an instance
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._managed import Managed

if TYPE_CHECKING:
    from collections.abc import Callable


class ResourceType(Managed[Any]):
    """A type of resources."""

    # What it is: ("host", number), ("class", the class of wasmz's objects), or ("type", wasmz's type).
    _key: tuple[str, Any]
    # What is called with the representation when the host drops a resource of its own.
    _drop: Callable[[int], object] | None

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: :meth:`host` and the types of components make them."""
        raise WasmtimeError("Cannot directly construct a `ResourceType`")

    @classmethod
    def host(cls, val: int) -> ResourceType:
        """The host's resource type with a number."""
        return resource_type("host", val & 0xFFFFFFFF)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ResourceType):
            return False
        self._check_open()
        other._check_open()
        return self._key == other._key

    __hash__: ClassVar[None]  # type: ignore[assignment]


def resource_type(kind: str, what: Any, drop: Callable[[int], object] | None = None) -> ResourceType:
    """The resource type of a kind: ``"host"``, ``"class"`` or ``"type"``."""
    made = ResourceType.__new__(ResourceType)
    made._key, made._drop = (kind, what), drop
    return made
