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
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
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

    @classmethod
    def of_guest(cls, guest: Guest, items: list[tuple[str, bytes]]) -> Fields:
        """Fields that a guest makes: ``ComponentError`` if they are none, or too many."""
        for name, value in items:
            check_field(name, (value,))
        made = cls(guest)
        try:
            made._check_room(items)
            for name, value in items:
                made._add(name, value)
        except BaseException:
            made.close()
            raise
        return made

    def _add(self, name: str, value: bytes) -> None:
        size = _size_of(name, value)
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
        self._check_room([(name, value) for value in values], [(name, value) for value in self.get(name)])
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
        self._check_room([(name, value)])
        self._add(name, value)

    def entries(self) -> list[tuple[str, bytes]]:
        """All names and values."""
        return list(self.items)

    def clone(self) -> Fields:
        """A copy that can be changed."""
        return type(self)(self.guest, self.items)

    def _drop(self, name: str) -> None:
        wanted = name.lower()
        dropped = [item for item in self.items if item[0].lower() == wanted]
        if dropped:
            self.items = [item for item in self.items if item[0].lower() != wanted]
            size = sum([_size_of(*item) for item in dropped])
            self._size -= size
            self.uncount(size)

    def _check_room(self, items: list[tuple[str, bytes]], replaced: Iterable[tuple[str, bytes]] = ()) -> None:
        """Refuses more than a message may have."""
        size = sum([_size_of(*item) for item in items]) - sum([_size_of(*item) for item in replaced])
        if self._size + size > MOST_BYTES:
            raise ComponentError(self.too_large)

    def _check(self, name: str, values: Iterable[bytes]) -> None:
        if self.is_fixed:
            raise ComponentError("immutable")
        check_field(name, values)


def _size_of(name: str, value: bytes) -> int:
    return len(name) + len(value) + _FIELD_BYTES


def is_field(name: str, value: bytes) -> bool:
    """Whether name and value can be sent as they are."""
    return _NAME.fullmatch(name) is not None and not _BAD_VALUE.search(value)


def content_length(items: Iterable[tuple[str, bytes]]) -> int | None:
    """What ``content-length`` says; ``ComponentError`` if that is no number, or several different ones."""
    values = {value for name, value in items if name.lower() == "content-length"}
    if not values:
        return None
    (value, *others) = values
    if others or not _LENGTH.fullmatch(value):
        raise ComponentError(None)
    return int(value)


def check_field(name: str, values: Iterable[bytes]) -> None:
    """Refuses what is no field, or none that a guest may set: ``ComponentError`` with a ``header-error``."""
    if not _NAME.fullmatch(name) or any(_BAD_VALUE.search(value) for value in values):
        raise ComponentError("invalid-syntax")
    if name.lower() in FORBIDDEN:
        raise ComponentError("forbidden")
