"""Handles: the table of a component instance, and resource types and objects (Canonical ABI, "Runtime State").

    table.add(Handle(type, 7, True))            -> 1, the lowest index that is free, the last one freed first
    lower_own(state, counter, type)             -> 1, a Python object's resource becomes the component's
    lift_borrow(state, 1, type, scope)          -> the object, lent to the host until the call ends

What represents a resource is an int if a component defines its type, and the Python object itself if the host does.
"""

from __future__ import annotations

from wasmz.component.traps import component_trap
from wasmz.errors import MemoryLimit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Protocol

    from wasmz.runtime.limits.budgets import HostBudget

    class ComponentState(Protocol):
        """The state of an instance: `state.py`."""

        may_leave: bool
        given: list[Any] | None
        handles: HandleTable

        def drop_resource(self, type: ResourceType, rep: Any) -> None: ...


__wasmz_frame__ = "helper"

_MOST_HANDLES: Final = (1 << 28) - 1
# Handles are counted so many at a time; each with its place in the table, in bytes.
_PORTION: Final = 256
_HANDLE_BYTES: Final = 100


class HandleTable:
    """What a component instance has handles to, by index. It never shrinks, and counts against the store's budget."""

    __slots__ = ("_budget", "_counted", "free", "items")

    def __init__(self, budget: HostBudget) -> None:
        self.items: list[Any] = [None]
        self.free: list[int] = []
        self._budget: HostBudget = budget
        # Up to which index it has been counted.
        self._counted: int = _PORTION

    def add(self, item: Any) -> int:
        """Takes in an item; its index.

        Raises:
            Trap: there are too many. MemoryLimit: they are more than the store's budget has room for.
        """
        if self.free:
            index = self.free.pop()
            self.items[index] = item
            return index
        index = len(self.items)
        if index >= self._counted:
            if index > _MOST_HANDLES:
                raise component_trap("too many handles")
            if not self._budget.reserve(_PORTION * _HANDLE_BYTES):
                raise MemoryLimit("a table of handles grows past the store's limit of memory")
            self._counted += _PORTION
        self.items.append(item)
        return index

    def get(self, index: int) -> Any:
        """The item at an index, which a guest gave."""
        items = self.items
        item = items[index] if index < len(items) else None
        if item is None:
            raise component_trap(f"unknown handle index {index}")
        return item

    def remove(self, index: int) -> Any:
        """The same; its index is free then."""
        item = self.get(index)
        self.items[index] = None
        self.free.append(index)
        return item


class Handle:
    """A handle to a resource.

    Attributes:
        type: of the resource.
        rep: what represents it.
        is_own: whether it owns the resource.
        lends: how many calls it is lent to.
        scope: of a borrowed one, the call that it is lent to.
    """

    __slots__ = ("is_own", "lends", "rep", "scope", "type")

    def __init__(self, type: ResourceType, rep: Any, is_own: bool, scope: CallScope | None = None) -> None:
        self.type: ResourceType = type
        self.rep: Any = rep
        self.is_own: bool = is_own
        self.lends: int = 0
        self.scope: CallScope | None = scope


class CallScope:
    """A call into a component that handles are lent to.

    Attributes:
        borrows: how many of them it still has.
    """

    __slots__ = ("borrows",)

    def __init__(self) -> None:
        self.borrows: int = 0

    def check(self) -> None:
        """The call is about to return: all must be dropped."""
        if self.borrows:
            raise component_trap("borrow handles still remain at the end of the call")


class ResourceType:
    """A resource type of a component instance, or of the host.

    Attributes:
        name: for messages.
        state: the instance that defines it; ``None`` for the host's.
        drop: what is called with the representation when the owner drops it, or ``None``.
        cls: the class of Python objects for it.
        abandoned: what represents those that Python's objects owned when they were collected.
    """

    __slots__ = ("__weakref__", "abandoned", "cls", "drop", "name", "state")

    def __init__(self, name: str, state: Any, drop: Callable[[Any], object] | None, cls: Any) -> None:
        self.name: str = name
        self.state: Any = state
        self.drop: Callable[[Any], object] | None = drop
        self.cls: Any = cls
        self.abandoned: list[Any] = []


def drop_abandoned(type: ResourceType) -> None:
    """Drops the resources whose objects were collected, unless their component cannot be called now."""
    if not type.state.may_be_called():
        return
    while type.abandoned and type.drop is not None:
        type.drop(type.abandoned.pop())


class Resource:
    """The base of the classes for resources that components define.

    An object owns its resource, or was lent it for a call. :meth:`close`, or ``with``, gives it back. If Python
    collects an object that was not closed, its resource is dropped before the component makes another one, or one is
    closed: a component's code never runs in the middle of other code.
    """

    __slots__ = ("__weakref__", "_is_own", "_lends", "_rep")

    _type: ResourceType

    def __init__(self, /, *args: Any, **named: Any) -> None:
        """Calls the resource's constructor. ``TypeError`` if it has none."""
        make = getattr(type(self), "_constructor", None)
        if make is None:
            raise TypeError(f"{type(self).__name__} has no constructor")
        made = make(*args, **named)
        self._rep: Any = made._rep
        self._is_own: bool = True
        self._lends: int = 0
        made._rep = None

    def close(self) -> None:
        """Drops the resource: its component's destructor is called. Nothing happens if this was done before.

        Nor does anything if the store is closed.

        Raises:
            ValueError: it is lent to a call that has not ended.
            Trap: the destructor traps; or its component is active, or has trapped, and the resource stays as it is.
        """
        rep = self._rep
        if rep is None:
            return
        if self._lends:
            raise ValueError(f"{type(self).__name__} is lent to a call that has not ended")
        resource = self._type
        state, drop = resource.state, resource.drop
        if self._is_own and drop is not None and not state.store.is_closed:
            if not state.may_be_called():
                raise component_trap("cannot enter component instance")
            self._rep = None
            drop(rep)
            drop_abandoned(resource)
        self._rep = None

    @property
    def is_closed(self) -> bool:
        """Whether the resource is gone: closed, given to a component, or no longer lent."""
        return self._rep is None

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: object = None, *error: object) -> None:
        # What comes from a trap of the component is not to be hidden by that it cannot be called any more.
        if kind is None or self._type.state.may_be_called():
            self.close()

    def __del__(self) -> None:
        if getattr(self, "_rep", None) is not None and self._is_own:
            self._type.abandoned.append(self._rep)

    def _take_back(self, rep: Any) -> None:
        self._rep = rep

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{', closed' if self._rep is None else ''}>"


def make_object(type: ResourceType, rep: Any, is_own: bool) -> Any:
    """The Python object for a component's resource."""
    made = type.cls.__new__(type.cls)
    made._rep = rep
    made._is_own = is_own
    made._lends = 0
    return made


# From a component's table. What passes to another component is the representation.


def take_own(state: ComponentState, index: int, type: ResourceType) -> Any:
    """Removes a handle that owns its resource; the representation."""
    handle = state.handles.get(index)
    _check(handle, index, type)
    if handle.lends:
        raise component_trap("cannot remove owned resource while borrowed")
    if not handle.is_own:
        raise component_trap("expected own, found borrow")
    state.handles.remove(index)
    return handle.rep


def _check(handle: Any, index: int, type: ResourceType) -> None:
    if handle.__class__ is not Handle or handle.type is not type:
        wanted = "host-defined resource" if type.state is None else "guest-defined resource"
        if handle.__class__ is not Handle:
            found = "something else"
        else:
            kind = "host-defined resource" if handle.type.state is None else "guest-defined resource"
            found = f"a different {kind}" if kind == wanted else f"a {kind}"
        raise component_trap(f"handle index {index} used with the wrong type, expected {wanted} but found {found}")


pass_own = take_own


def pass_borrow(state: ComponentState, index: int, type: ResourceType, scope: list[Handle]) -> Any:
    """The representation of a resource that is lent to a call; ``scope`` gets the handle."""
    handle = state.handles.get(index)
    _check(handle, index, type)
    handle.lends += 1
    scope.append(handle)
    return handle.rep


def end_lending(scope: list[Any]) -> None:
    """A call has returned that these were lent to: handles, and Python objects."""
    for lent in scope:
        if lent.__class__ is Handle:
            lent.lends -= 1
        elif lent._is_own:
            lent._lends -= 1
        else:
            lent._rep = None


def lift_own(state: ComponentState, index: int, type: ResourceType) -> Any:
    """The Python object for a resource that a component gives to the host."""
    rep = take_own(state, index, type)
    return rep if type.state is None else make_object(type, rep, True)


def lift_borrow(state: ComponentState, index: int, type: ResourceType, scope: list[Any]) -> Any:
    """The same for a resource that is lent to the host."""
    rep = pass_borrow(state, index, type, scope)
    if type.state is None:
        return rep
    made = make_object(type, rep, False)
    scope.append(made)
    return made


# Into a component's table.


def receive_own(state: ComponentState, rep: Any, type: ResourceType) -> int:
    """A new handle that owns a resource."""
    return state.handles.add(Handle(type, rep, True))


def receive_borrow(state: ComponentState, rep: Any, type: ResourceType, scope: CallScope) -> Any:
    """A new handle for a call; the component that defines the type gets the representation itself."""
    if state is type.state:
        return rep
    scope.borrows += 1
    return state.handles.add(Handle(type, rep, False, scope))


def lower_own(state: ComponentState, value: Any, type: ResourceType) -> int:
    """A Python object's resource becomes the component's."""
    if type.state is None:
        _expect_host_object(value, type)
        return noted(state, receive_own(state, value, type))
    if value.__class__ is not type.cls:
        raise TypeError("expected an object of another class")
    rep = value._rep
    if rep is None or not value._is_own or value._lends:
        raise ValueError("the object is closed or borrowed")
    index = noted(state, receive_own(state, rep, type), value)
    value._rep = None
    return index


def noted(state: ComponentState, index: int, value: Any = None) -> int:
    """A handle that a value has become; notes that, so that it can be taken back if another value is wrong."""
    if state.given is not None:
        state.given.append((index, value, getattr(value, "_rep", None)))
    return index


def take_back(state: ComponentState) -> None:
    """Takes back what arguments from Python have become, and gives resources and streams to their objects again."""
    given, state.given = state.given, None
    for index, value, rep in reversed(given or ()):
        state.handles.remove(index)
        if value is not None:
            value._take_back(rep)


def lower_borrow(state: ComponentState, value: Any, type: ResourceType, scope: Any) -> Any:
    """A Python object's resource is lent to a call."""
    if type.state is None:
        _expect_host_object(value, type)
        return noted(state, receive_borrow(state, value, type, scope))
    if value.__class__ is not type.cls:
        raise TypeError("expected an object of another class")
    rep = value._rep
    if rep is None:
        raise ValueError("the object is closed")
    if value._is_own:
        value._lends += 1
        scope.lent.append(value)
    if state is type.state:
        return rep
    return noted(state, receive_borrow(state, rep, type, scope))


def _expect_host_object(value: Any, type: ResourceType) -> None:
    if value is None or not isinstance(value, type.cls):
        raise TypeError("expected an object of another class")


class HostScope(CallScope):
    """A call from Python that handles are lent to.

    Attributes:
        lent: the objects.
    """

    __slots__ = ("lent",)

    def __init__(self) -> None:
        super().__init__()
        self.lent: list[Resource] = []

    def end(self) -> None:
        """The call is over."""
        for value in self.lent:
            value._lends -= 1


# What components call.


def drop_handle(state: ComponentState, index: int, type: ResourceType) -> None:
    """``resource.drop``."""
    if not state.may_leave:
        raise component_trap("cannot leave component instance")
    handle = state.handles.get(index)
    _check(handle, index, type)
    if handle.lends:
        raise component_trap("cannot remove owned resource while borrowed")
    state.handles.remove(index)
    if not handle.is_own:
        handle.scope.borrows -= 1
    elif type.drop is not None:
        state.drop_resource(type, handle.rep)


def new_handle(state: ComponentState, rep: int, type: ResourceType) -> int:
    """``resource.new``."""
    if not state.may_leave:
        raise component_trap("cannot leave component instance")
    return receive_own(state, rep, type)


def find_rep(state: ComponentState, index: int, type: ResourceType) -> Any:
    """``resource.rep``."""
    handle = state.handles.get(index)
    _check(handle, index, type)
    return handle.rep


# What generated code refers to.
NAMES: Final[dict[str, Any]] = {
    "pass_own": pass_own,
    "pass_borrow": pass_borrow,
    "lift_own": lift_own,
    "lift_borrow": lift_borrow,
    "receive_own": receive_own,
    "receive_borrow": receive_borrow,
    "lower_own": lower_own,
    "lower_borrow": lower_borrow,
    "end_lending": end_lending,
    "drop_abandoned": drop_abandoned,
    "CallScope": CallScope,
    "HostScope": HostScope,
}
