"""Headers and trailers of ``wasi:http``: names of any case, each with some values, in their order.

fields = Fields(guest); fields.append("Accept", b"*/*"); fields.get("accept")       -> [b"*/*"]
"""

from __future__ import annotations

import re

from wasmz.errors import ComponentError
from wasmz.wasi2.guest import Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

    from wasmz.wasi2.guest import Guest

# RFC 9110, 5.1 and 5.5.
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

# They belong to the connection, which is the host's.
FORBIDDEN: Final = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "upgrade"}
    | {"transfer-encoding", "http2-settings", "host"}
)

# What the host holds for a field besides its content, about; and how much one message may have of them.
_FIELD_BYTES: Final = 128
MOST_BYTES: Final = 1 << 20


class Fields(Resource):
    """The resource ``fields``. What belongs to a message cannot be changed.

    Attributes:
        items: names and values.
        is_fixed: whether it cannot be changed.
        too_large: the ``header-error`` for more than one message may have.
    """

    too_large: str = "forbidden"

    def __init__(self, guest: Guest, items: Iterable[tuple[str, bytes]] = (), *, is_fixed: bool = False) -> None:
        super().__init__(guest)
        self.items: list[tuple[str, bytes]] = []
        self.is_fixed: bool = is_fixed
        self._size = 0
        try:
            for name, value in items:
                self._add(name, value)
        except BaseException:
            super().close()
            raise

    def _add(self, name: str, value: bytes) -> None:
        size = len(name) + len(value) + _FIELD_BYTES
        self.count(size)
        self._size += size
        self.items.append((name, bytes(value)))

    def get(self, name: str) -> list[bytes]:
        """The values of a name."""
        wanted = name.lower()
        return [value for known, value in self.items if known.lower() == wanted]

    def has(self, name: str) -> bool:
        """Whether there are any."""
        return bool(self.get(name)) if _NAME.fullmatch(name) else False

    def set(self, name: str, values: list[bytes]) -> None:
        """Replaces the values of a name."""
        self._check(name, values)
        self._drop(name)
        for value in values:
            self._add(name, value)

    def delete(self, name: str) -> None:
        """Removes the values of a name."""
        self._check(name, ())
        self._drop(name)

    def append(self, name: str, value: bytes) -> None:
        """Adds a value to a name."""
        self._check(name, (value,))
        self._add(name, value)

    def entries(self) -> list[tuple[str, bytes]]:
        """All names and values."""
        return list(self.items)

    def clone(self) -> Fields:
        """A copy that can be changed."""
        return type(self)(self.guest, self.items)

    def _drop(self, name: str) -> None:
        wanted = name.lower()
        self.items = [item for item in self.items if item[0].lower() != wanted]

    def _check(self, name: str, values: Iterable[bytes]) -> None:
        if self.is_fixed:
            raise ComponentError("immutable")
        check_field(name, values)
        if self._size > MOST_BYTES:
            raise ComponentError(self.too_large)


def check_field(name: str, values: Iterable[bytes]) -> None:
    """Refuses what is no field, or none that a guest may set: ``ComponentError`` with a ``header-error``."""
    if not _NAME.fullmatch(name) or any(_BAD_VALUE.search(value) for value in values):
        raise ComponentError("invalid-syntax")
    if name.lower() in FORBIDDEN:
        raise ComponentError("forbidden")
