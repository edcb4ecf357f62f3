"""What types of the component model have in common: their structure, shared by equal ones, and resource types."""

from __future__ import annotations

from _operator import is_

from wasmz.component.notation import described
from wasmz.startup.concurrency import new_lock
from wasmz.startup.light import WeakValueDictionary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, ClassVar, Final

    from wasmz.types import ValType

# How deep types are nested in types, at most. All recursion over types is bounded by it.
MAX_TYPE_DEPTH: Final = 100

# How many types one consists of, at most, those that it shares counted each time.
MAX_TYPE_SIZE: Final = 1_000_000


class Form:
    """A structure that equal types share. It is equal to itself only.

    Attributes:
        key: what the structure is: the kind of type, what it says itself, and the forms it consists of.
    """

    __slots__ = ("__weakref__", "key")

    def __init__(self, key: tuple[Any, ...]) -> None:
        self.key: tuple[Any, ...] = key


_forms: WeakValueDictionary[tuple[Any, ...], Form] = WeakValueDictionary()
_forms_lock = new_lock()


def _form_of(key: tuple[Any, ...]) -> Form:
    with _forms_lock:
        found = _forms.get(key)
        if found is None:
            found = _forms[key] = Form(key)
        return found


class Resource:
    """A resource type (equal to itself only).

    Attributes:
        name: the one that it is imported or exported by, or ``None``. For messages and printers.
        representation: the core type that represents it in the component that defines it; ``None`` if another does.
        destructor: index of the core function to call when its owner drops it, or ``None``.
    """

    __slots__ = ("destructor", "name", "representation")

    def __init__(
        self, name: str | None = None, representation: ValType | None = None, destructor: int | None = None
    ) -> None:
        self.name: str | None = name
        self.representation: ValType | None = representation
        self.destructor: int | None = destructor

    def __repr__(self) -> str:
        return f"<Resource {self.name or 'without a name'} at {id(self):#x}>"


class ResourceName:
    """A resource type as one scope knows it (equal to itself only): each import or export of it makes a new one.

    Attributes:
        resource: the resource type.
        name: the one that it is imported or exported by, or ``None``.
        origin: what was imported or exported, or ``None``.
    """

    __slots__ = ("name", "origin", "resource")

    def __init__(self, resource: Resource, name: str | None = None, origin: ResourceName | None = None) -> None:
        self.resource: Resource = resource
        self.name: str | None = name
        self.origin: ResourceName | None = origin

    def with_origin(self, origin: ResourceName) -> ResourceName:
        """Another name of the same resource type, the same but for its origin."""
        return ResourceName(self.resource, self.name, origin)

    def __repr__(self) -> str:
        return f"<ResourceName {self.name} of {self.resource!r}>"


class Structured:
    """The base of types with a structure.

    Attributes:
        form: the structure; the same object for equal types.
        name: under which it is imported or exported, or ``None``.
        origin: the definition that was imported or exported under that name, or ``None``.
        size: how many types it consists of, itself included.
        depth: how deep types are nested in it; 1 for those that contain none.
        has_resources: whether it mentions any resource type.
        has_borrow: whether it contains a ``borrow`` anywhere.
    """

    __slots__ = ("_arguments", "depth", "form", "has_borrow", "has_resources", "name", "origin", "size")

    kind: ClassVar[str]

    def _set(self, arguments: tuple[Any, ...], own: tuple[Any, ...], parts: Iterable[Structured | None]) -> None:
        """Fills in what all types have.

        Args:
            arguments: those of the constructor, to make the type again.
            own: what the structure says beside its parts.
            parts: the types that it consists of; ``None`` where one is left out.
        """
        self._arguments: tuple[Any, ...] = arguments
        self.name: str | None = None
        self.origin: Any = None
        forms: list[Form | None] = []
        size, depth = 1, 0
        has_resources = has_borrow = False
        for part in parts:
            if part is None:
                forms.append(None)
                continue
            forms.append(part.form)
            size += part.size
            if part.depth > depth:
                depth = part.depth
            has_resources = has_resources or part.has_resources
            has_borrow = has_borrow or part.has_borrow
        self.size: int = size
        self.depth: int = depth + 1
        self.has_resources: bool = has_resources
        self.has_borrow: bool = has_borrow
        self.form: Form = _form_of((self.kind, own, tuple(forms)))

    def named(self, name: str) -> Any:
        """The same type as a definition of its own, which has this name."""
        made = type(self)(*self._arguments)
        made.name = name
        made.origin = self
        return made

    def parts(self) -> tuple[Any, ...]:
        """The types that it consists of, in order, without those that are left out."""
        return ()

    @property
    def shape(self) -> Any:
        """The structure without which resource types are meant: equal for types that differ in nothing else."""
        if not self.has_resources:
            return self.form
        own = self.form.key[1]
        if not self.parts():
            # A handle: what it says itself is the resource type.
            return self.kind
        return self.kind, own, tuple([part.shape for part in self.parts()])

    def replaced(self, replace: Callable[[Any], Any]) -> Any:
        """The type with ``replace`` applied to all that it consists of; itself if that changes nothing."""
        arguments = tuple([_replaced(argument, replace) for argument in self._arguments])
        return self if all(map(is_, arguments, self._arguments)) else self._again(arguments, self.origin)

    def with_origin(self, origin: Any) -> Any:
        """The same type as a definition of its own, of the same name but another origin."""
        return self._again(self._arguments, origin)

    def _again(self, arguments: tuple[Any, ...], origin: Any) -> Any:
        made = type(self)(*arguments)
        made.name = self.name
        made.origin = origin
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Structured) and self.form is other.form

    def __hash__(self) -> int:
        return hash(self.form)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self._arguments, self.name, self.origin)

    def __repr__(self) -> str:
        return f"<{described(self)}>"


def _replaced(argument: Any, replace: Callable[[Any], Any]) -> Any:
    """An argument of a type's constructor with the types in it replaced."""
    if isinstance(argument, (Structured, ResourceName)):
        return replace(argument)
    if argument.__class__ is not tuple:
        return argument
    made = tuple([_replaced(item, replace) for item in argument])
    return argument if all(map(is_, made, argument)) else made


def _restore(kind: Any, arguments: tuple[Any, ...], name: str | None, origin: Any = None) -> Any:
    made = kind(*arguments)
    made.name = name
    made.origin = origin
    return made
