"""Objects that can be closed. In the binding they own C objects; here closing only releases references.

with Module(engine, wasm) as module: ...         module.imports after that is a ValueError
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")


class Managed(Generic[T]):
    """The base of classes with :meth:`close`, which are also context managers."""

    _is_closed: bool = False

    def close(self) -> None:
        """Releases the object's content. Later uses raise ``ValueError``; closing it again does not."""
        if not self._is_closed:
            self._is_closed = True
            self._delete()

    def ptr(self) -> NoReturn:
        """In the binding, the pointer to the C object. Raises ``NotImplementedError``: there is no C library here."""
        self._check_open()
        raise NotImplementedError(f"wasmz.wasmtime has no C library, so a {type(self).__name__} has no pointer")

    def _delete(self) -> None:
        """Further actions when the object is closed."""

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError("already closed")

    def _consume(self) -> None:
        """Closes the object because another one takes its content."""
        self._check_open()
        self._is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()


def missing(what: str) -> NoReturn:
    """Raises the error for something that this package cannot do."""
    raise NotImplementedError(f"wasmz.wasmtime has no {what}")
