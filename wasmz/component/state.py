"""Component instances as the canonical ABI knows them: whether they may be entered and left, and their handles."""

from __future__ import annotations

from wasmz.component.handles import HandleTable
from wasmz.component.traps import component_trap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, NoReturn

    from wasmz.component.handles import ResourceType
    from wasmz.runtime.link.store import Store

__wasmz_frame__ = "helper"


class ComponentState:
    """What the canonical ABI knows of a component instance.

    After a trap it stays entered: so nothing of it is called any more.

    Attributes:
        given: the handles that arguments from Python have become so far, to be taken back if one of them is wrong.
        budget: what the values that are being lifted may still take in Python.
        store: where the instance lives.
        parent: the instance that made it, or ``None``.
        may_enter: whether no call into it is active, and none has trapped.
        may_leave: whether it may call imports: not in ``realloc`` and ``post-return``.
        handles: its table.
        tasks: what its asynchronous calls share, or ``None`` if it has none.
    """

    __slots__ = ("__weakref__", "budget", "given", "handles", "may_enter", "may_leave", "parent", "store", "tasks")

    def __init__(self, store: Store, parent: ComponentState | None) -> None:
        self.store: Store = store
        self.parent: ComponentState | None = parent
        self.may_enter: bool = True
        self.may_leave: bool = True
        self.budget: int = 0
        self.given: list[Any] | None = None
        self.handles: HandleTable = HandleTable(store.host_budget)
        self.tasks: Any = None
        store.add_part(self)

    def leave(self, store: Store) -> None:
        """The store is closed: nothing of it is called any more."""
        self.may_enter = False

    def chain(self) -> list[ComponentState]:
        """The instance and those that it is inside of."""
        found: list[ComponentState] = []
        state: ComponentState | None = self
        while state is not None:
            found.append(state)
            state = state.parent
        return found

    def entered_from(self, caller: ComponentState | None) -> list[ComponentState]:
        """The instances that a call from another one enters; ``None`` is the host."""
        around = [] if caller is None else caller.chain()
        return [state for state in self.chain() if state not in around]

    def may_be_called(self) -> bool:
        """Whether the host may call it now."""
        return all(state.may_enter for state in self.chain())

    def lock_down(self) -> None:
        """Nothing of it is called any more, nor of what it is inside of."""
        for state in self.chain():
            state.may_enter = False

    def is_around(self, other: ComponentState) -> bool:
        """Whether one of two instances is inside of the other, or they are the same.

        Calls between such instances trap, so far: code of the outer one would be entered again.
        """
        return self in other.chain() or other in self.chain()

    def drop_resource(self, type: ResourceType, rep: Any) -> None:
        """Calls the destructor of a resource that this instance owned."""
        if type.drop is None:
            return
        if type.state is None:
            type.drop(rep)
            return
        entered = enter(type.state, self)
        type.drop.call_inside(rep)  # type: ignore[attr-defined]
        leave(entered)


def enter(state: ComponentState, caller: ComponentState | None) -> list[ComponentState]:
    """Marks the instances that a call enters. A trap if one of them may not be."""
    entered = state.entered_from(caller)
    for one in entered:
        if not one.may_enter:
            trap_enter(one)
    for one in entered:
        one.may_enter = False
    return entered


def leave(entered: list[ComponentState]) -> None:
    """Marks them as left."""
    for one in entered:
        one.may_enter = True


def trap_enter(state: ComponentState | None = None) -> NoReturn:
    """A component instance is called that is active, or has trapped. ``ValueError`` if its store is closed."""
    if state is not None:
        state.store.check_open()
    raise component_trap("cannot enter component instance")


def trap_leave() -> NoReturn:
    """A component instance calls an import where it may not."""
    raise component_trap("cannot leave component instance")


# What generated code refers to.
NAMES: Final[dict[str, Any]] = {"trap_enter": trap_enter, "trap_leave": trap_leave}
