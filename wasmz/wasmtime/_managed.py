"""What can be closed. In the binding these classes own something in C; here it is only let go of.

with Module(engine, wasm) as module: ...         module.imports after that is a ValueError
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")


class Managed(Generic[T]):
    """Base of classes with :meth:`close`, which may also be used with ``with``."""

    _is_closed: bool = False

    def close(self) -> None:
        """Lets go of what the object stands for. Using it later is a ``ValueError``; closing it again is none."""
        if not self._is_closed:
            self._is_closed = True
            self._delete()

    def ptr(self) -> NoReturn:
        """In the binding, the pointer of the C library. Raises ``NotImplementedError``: there is no such library."""
        self._check_open()
        raise NotImplementedError(f"wasmz.wasmtime has no C library, so a {type(self).__name__} has no pointer")

    def _delete(self) -> None:
        """What else there is to do when the object is closed."""

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError("already closed")

    def _consume(self) -> None:
        """Closes the object because another one takes over what it stands for."""
        self._check_open()
        self._is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()


def missing(what: str) -> NoReturn:
    """Raises the error for what this package cannot do."""
    raise NotImplementedError(f"wasmz.wasmtime has no {what}")
