"""Resources: of any type, and the host's own, which are numbers.

handle = ResourceHost.own(7, 1).to_any(store)           the resource 7, of the host's type 1
handle.to_host(store).rep
counter = instance.get_func(store, "make")(store); counter.drop(store)
"""

from __future__ import annotations

from typing import Any

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime._store import Storelike
from wasmz.wasmtime.component._failures import failure
from wasmz.wasmtime.component._resource_type import ResourceType, resource_type

_UNKNOWN = "unknown handle index"


class HostObject:
    """What wasmz has for a resource of the host's."""

    __slots__ = ("rep",)

    def __init__(self, rep: int) -> None:
        self.rep: int = rep


class ResourceAny(Managed[Any]):
    """A resource of any type: one that Python owns, or that it was lent."""

    _type: ResourceType
    # The object that wasmz gives and takes.
    _object: Any
    _is_owned: bool
    # Whether it was dropped, or made a ResourceHost.
    _is_gone: bool

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: functions of components and :meth:`ResourceHost.to_any` make them."""
        raise WasmtimeError("Cannot directly construct a `ResourceAny`")

    @property
    def type(self) -> ResourceType:
        """Its type."""
        self._check_open()
        return resource_type(*self._type._key, self._type._drop)

    @property
    def owned(self) -> bool:
        """Whether Python owns the resource, and was not lent it."""
        self._check_open()
        return self._is_owned

    def drop(self, store: Storelike) -> None:
        """Drops the resource, if it is owned: its destructor is called.

        Raises:
            WasmtimeError: it was dropped before; or the destructor traps. Exceptions of host functions pass through.
        """
        self._check_open()
        store._live()
        if not self._is_owned:
            return
        self._check_there()
        self._is_gone = True
        if self._type._key[0] == "host":
            if self._type._drop is not None:
                self._type._drop(self._object.rep)
            return
        close = getattr(self._object, "close", None)
        if close is None:
            return
        try:
            close()
        except wasmz.WasmzError as error:
            raise failure(error) from None

    def to_host(self, store: Storelike) -> ResourceHost:
        """The same as a resource of the host's; this object cannot be used after that.

        Raises:
            WasmtimeError: a component defines its type; or it was dropped before.
        """
        self._check_open()
        store._live()
        kind, number = self._type._key
        if kind != "host":
            raise WasmtimeError("resource type mismatch")
        self._check_there()
        self._is_gone = self._is_owned
        return _host(self._object.rep, number, self._is_owned)

    def _check_there(self) -> None:
        if self._is_gone or getattr(self._object, "is_closed", False):
            raise WasmtimeError(_UNKNOWN)

    def _passed(self, type: ResourceType) -> Any:
        """The object for wasmz, where a resource of a type is wanted."""
        self._check_open()
        if type != self._type:
            raise WasmtimeError("mismatched resource types")
        self._check_there()
        return self._object

    def _given_away(self, type: ResourceType) -> Any:
        """The same, where it is wanted for good."""
        passed = self._passed(type)
        if not self._is_owned:
            raise WasmtimeError("cannot lower a `borrow` resource into an `own`")
        self._consume()
        return passed


class ResourceHost(Managed[Any]):
    """A resource of the host's: a number, of a type that is a number."""

    _rep: int
    _number: int
    _is_owned: bool

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: :meth:`own` and :meth:`borrow` make them."""
        raise WasmtimeError("Cannot directly construct a `ResourceHost`")

    @classmethod
    def own(cls, rep: int, ty: int) -> ResourceHost:
        """A resource that the receiver is to own."""
        return _host(rep, ty, True)

    @classmethod
    def borrow(cls, rep: int, ty: int) -> ResourceHost:
        """A resource that the receiver is lent."""
        return _host(rep, ty, False)

    @property
    def rep(self) -> int:
        """The number that represents it."""
        self._check_open()
        return self._rep

    @property
    def type(self) -> int:
        """The number of its type."""
        self._check_open()
        return self._number

    @property
    def owned(self) -> bool:
        """Whether it is to be owned, and not lent."""
        self._check_open()
        return self._is_owned

    def to_any(self, store: Storelike) -> ResourceAny:
        """The same as a resource of any type."""
        self._check_open()
        store._live()
        return self._any()

    def _any(self) -> ResourceAny:
        return any_resource(resource_type("host", self._number), HostObject(self._rep), self._is_owned)


def _host(rep: int, number: int, is_owned: bool) -> ResourceHost:
    made = ResourceHost.__new__(ResourceHost)
    made._rep, made._number, made._is_owned = rep & 0xFFFFFFFF, number & 0xFFFFFFFF, is_owned
    return made


def any_resource(type: ResourceType, object: Any, is_owned: bool) -> ResourceAny:
    """The resource for an object of wasmz's."""
    made = ResourceAny.__new__(ResourceAny)
    made._type, made._object, made._is_owned, made._is_gone = type, object, is_owned, False
    return made


def resource_of(value: Any) -> ResourceAny:
    """What was given where a resource is wanted. ``TypeError``: it is none."""
    if isinstance(value, ResourceAny):
        return value
    if isinstance(value, ResourceHost):
        value._check_open()
        return value._any()
    raise TypeError("expected ResourceAny or ResourceHost for Own type")
