"""C++'s classes as Python classes, and pointers to their objects.

    with lib.Counter(10) as counter:        the object is deleted at the end of the block
        counter.increase()
    counter = lib.Counter(10)
    counter.delete()                        or here; ``close()`` is the same

As with emscripten's own bindings, an object lives until it is deleted: C++ may have pointers to it. Those that C++ gave
a smart pointer to are released when Python has no more use for them.
"""

from __future__ import annotations

from wasmz.errors import LinkError, bounded
from wasmz.interop.embind.functions import Function, signature_of
from wasmz.interop.embind.wires import Wire
from wasmz.interop.javascript.values import UNDEFINED, JavaScriptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

    from wasmz.interop.embind.functions import Overload
    from wasmz.interop.embind.session import Session
    from wasmz.interop.embind.wires import Undo

_DEEPEST: Final = 64
_OURS: Final = ("_held", "_class", "glue_get")
_NO_SHARING, _BY_COUNT, _BY_VALUE = 0, 1, 2


class Held:
    """What objects of Python's share that are one object of C++'s.

    Attributes:
        pointer: its address, as its class has it.
        type: the type of that pointer.
        smart: the address of the smart pointer, if there is one; its type.
        users: how many objects of Python's are left.
    """

    __slots__ = ("pointer", "smart", "smart_type", "type", "users")

    def __init__(self, pointer: int, type: Pointer, smart: int = 0, smart_type: SmartPointer | None = None) -> None:
        self.pointer: int = pointer
        self.type: Pointer = type
        self.smart: int = smart
        self.smart_type: SmartPointer | None = smart_type
        self.users: int = 1

    def leave(self, session: Session) -> None:
        """Counts one user less, and deletes the object after the last one."""
        self.users -= 1
        if self.users:
            return
        if self.smart_type is not None:
            session.function(self.smart_type.destroy)(self.smart)
        else:
            session.function(self.type.target.destroy)(self.pointer)


class Kind(type):
    """The type of Python classes that stand for C++'s: with static properties, and signatures."""

    _class: Class

    def __getattr__(cls, name: str) -> Any:
        for made in cls.__mro__:
            info = made.__dict__.get("_class")
            if info is not None and name in info.static_properties:
                return info.static_properties[name].get()
        raise AttributeError(f"class {bounded(cls.__name__)} has no {bounded(name)}")

    def __setattr__(cls, name: str, value: Any) -> None:
        info = cls.__dict__.get("_class")
        if info is not None and name in info.static_properties:
            info.static_properties[name].set(value)
            return
        type.__setattr__(cls, name, value)

    @property
    def __signature__(cls) -> Any:
        return signature_of(cls._class.session, cls._class.constructors, result=False)

    def __repr__(cls) -> str:
        return f"<class {bounded(cls.__name__)} of C++>"


class Object(metaclass=Kind):
    """An object of C++'s."""

    __slots__ = ("__weakref__", "_held")

    _class: Class
    _held: Held | None

    def __new__(cls, *args: Any) -> Any:
        made = super().__new__(cls)
        made._held = None
        return made

    def __init__(self, *args: Any) -> None:
        info = type(self)._class
        self._held = info.construct(args)

    def delete(self) -> None:
        """Deletes the object in the module. Using it later is an error, as is deleting it again."""
        held_by(self)
        _leave(self)

    def close(self) -> None:
        """The same; does nothing the second time."""
        _leave(self)

    def clone(self) -> Any:
        """Another object of Python's for the same object: it is deleted when both are."""
        held = held_by(self)
        held.users += 1
        return _wrap(type(self), held)

    def isDeleted(self) -> bool:  # noqa: N802
        """Whether this object was deleted."""
        return self._held is None

    def isAliasOf(self, other: Any) -> bool:  # noqa: N802
        """Whether another is the same object of C++'s."""
        if not isinstance(other, Object):
            return False
        first, second = held_by(self), held_by(other)
        session = type(self)._class.session
        return first.type.target.root(session, first.pointer) == second.type.target.root(session, second.pointer)

    def deleteLater(self) -> Any:  # noqa: N802
        """Deletes the object at the next call of any function of the module."""
        held_by(self)
        type(self)._class.session.unused.append(lambda: _leave(self))
        return self

    def glue_get(self, name: str) -> Any:
        """A member, for C++ that has the object as a value."""
        found = any(name in info.members for info in type(self)._class.lineage()) and is_usable(name)
        return getattr(self, name) if found else UNDEFINED

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        _leave(self)

    def __del__(self) -> None:
        held = getattr(self, "_held", None)
        if held is not None and held.smart_type is not None:
            # Not now: this may be in the middle of the module's code.
            session = type(self)._class.session
            session.unused.append(lambda: held.leave(session))

    def __repr__(self) -> str:
        return f"<{bounded(type(self).__name__)} of C++{'' if self._held is not None else ', deleted'}>"


def _wrap(made: type[Object], held: Held) -> Any:
    wrapped = made.__new__(made)
    wrapped._held = held
    return wrapped


def _leave(value: Object) -> None:
    held, value._held = value._held, None
    if held is not None:
        held.leave(type(value)._class.session)


def held_by(value: Object) -> Held:
    """What an object stands for. ``JavaScriptError``: it was deleted."""
    held = value._held
    if held is None:
        raise JavaScriptError(f"{bounded(type(value).__name__)} instance already deleted", "BindingError")
    return held


class StaticProperty:
    """A static variable of a class."""

    def __init__(self, session: Session, name: str, raw: int, address: int, getter: int, setter: int) -> None:
        self._session, self._name, self._raw, self._address = session, name, raw, address
        self._getter, self._setter = getter, setter

    def get(self) -> Any:
        session = self._session
        wire = session.type_of(self._raw, self._name)
        return wire.from_wire(session, session.function(self._getter)(self._address))

    def set(self, value: Any) -> None:
        if not self._setter:
            raise AttributeError(f"{bounded(self._name)} cannot be set")
        session = self._session
        undo: Undo = []
        wire = session.type_of(self._raw, self._name).to_wire(session, undo, value)
        session.function(self._setter)(self._address, wire)
        for action in undo:
            action()


class Class:
    """A class that C++ has registered.

    Attributes:
        name: its name.
        base: the address of the type of its base class, or 0.
        destroy: the destructor, as all functions here an index in the module's table.
        constructors: by the number of arguments.
        pointer, constant: pointers to it, for what C++ gives with the type of a derived class.
    """

    def __init__(self, session: Session, name: str, base: int, functions: tuple[int, int, int, int]) -> None:
        self.session: Session = session
        self.name: str = name
        self.base: int = base
        self._actual, self._upcast, self._downcast = functions[:3]
        self.destroy: int = functions[3]
        self.constructors: dict[int, Overload] = {}
        self.static_properties: dict[str, StaticProperty] = {}
        self.members: dict[str, Any] = {}
        self.pointer: Pointer | None = None
        self.constant: Pointer | None = None
        self._python: type[Object] | None = None

    def base_class(self) -> Class | None:
        """The base class. ``LinkError``: it was registered as none."""
        if not self.base:
            return None
        wire = self.session.types.get(self.base)
        if not isinstance(wire, Pointer):
            raise LinkError([f"the base class of {bounded(self.name)} was not registered"])
        return wire.target

    def lineage(self) -> list[Class]:
        """The class and its bases, the class first. ``LinkError``: they are too many, or it is its own base."""
        found: list[Class] = []
        at: Class | None = self
        while at is not None:
            if at in found or len(found) >= _DEEPEST:
                raise LinkError([f"class {bounded(self.name)} is derived from itself, or from too many others"])
            found.append(at)
            at = at.base_class()
        return found

    def root(self, session: Session, pointer: int) -> tuple[str, int]:
        """A pointer as that to the last base class."""
        at = self
        for base in self.lineage()[1:]:
            pointer = session.function(at._upcast)(pointer) & 0xFFFF_FFFF
            at = base
        return at.name, pointer

    def upcast(self, session: Session, pointer: int, target: Class) -> int | None:
        """A pointer as one to a base class; ``None`` if it is none of this class's."""
        at = self
        for base in self.lineage()[1:]:
            if at is target:
                break
            pointer = session.function(at._upcast)(pointer) & 0xFFFF_FFFF
            at = base
        return pointer if at is target else None

    def actual(self, session: Session, pointer: int) -> tuple[Class, int]:
        """The class that an object really is of, as far as that is registered; and the pointer to that."""
        if not self._actual:
            return self, pointer
        wire = session.types.get(session.function(self._actual)(pointer) & 0xFFFF_FFFF)
        if not isinstance(wire, Pointer) or wire.target is self:
            return self, pointer
        lineage = wire.target.lineage()
        if self not in lineage:
            return self, pointer
        # From the base down to the class: each derived class has the cast from its base.
        for derived in reversed(lineage[: lineage.index(self)]):
            if not derived._downcast:
                return self, pointer
            pointer = session.function(derived._downcast)(pointer) & 0xFFFF_FFFF
            if not pointer:
                raise LinkError([f"C++ does not give {bounded(derived.name)}, as which it registered an object"])
        return wire.target, pointer

    def construct(self, args: tuple[Any, ...]) -> Held:
        """Makes an object."""
        session = self.session
        if session.unused:
            session.drain()
        overload = self.constructors.get(len(args))
        if overload is None:
            for other in self.constructors.values():
                if other.takes(session, self.name, len(args)):
                    overload = other
        if overload is None:
            counts = " or ".join(map(str, sorted(self.constructors)))
            problem = f"takes {counts} arguments, not {len(args)}" if counts else "has no constructor"
            raise TypeError(f"{bounded(self.name)} {problem}")
        made = overload.call(session, self.name, args)
        if not isinstance(made, Object) or made._held is None:
            raise LinkError([f"the constructor of {bounded(self.name)} gives no object"])
        held, made._held = made._held, None
        return held

    # --- the Python class ---

    def has_python(self) -> bool:
        """Whether the Python class was made."""
        return self._python is not None

    def function(self, name: str) -> Function:
        """The function of a name, made if there is none. ``LinkError``: the name has something else."""
        known = self.members.get(name)
        if known is None:
            known = self.members[name] = Function(self.session, name, self.name)
            known.inherit(lambda: self._inherited(name))
            self.show(name, known)
        if not isinstance(known, Function):
            raise LinkError([f"{bounded(self.name)}.{bounded(name)} is registered as a property and as a function"])
        return known

    def _inherited(self, name: str) -> Function | None:
        for base in self.lineage()[1:]:
            found = base.members.get(name)
            if isinstance(found, Function):
                return found
        return None

    def show(self, name: str, member: Any) -> None:
        """Gives users a member, unless its name has a meaning for Python or here."""
        self.members[name] = member
        if self._python is not None and is_usable(name):
            type.__setattr__(self._python, name, member)

    @property
    def python(self) -> type[Object]:
        """The class for users."""
        made = self._python
        if made is None:
            bases = self.lineage()[1:]
            parent = bases[0].python if bases else Object
            members = {name: member for name, member in self.members.items() if is_usable(name)}
            members.update(_protocols(self.lineage()))
            described = {"__slots__": (), "_class": self, "__doc__": self._document(), "__module__": "embind"}
            kind: Any = Kind(self.name, (parent,), {**members, **described})
            made = self._python = kind
        return made

    def _document(self) -> str:
        lines = [f"Class {self.name} of C++."]
        for count in sorted(self.constructors):
            hints = self.constructors[count].hints(self.session)[1:]
            lines.append(f"{self.name}({', '.join(f'arg{at}: {hint}' for at, hint in enumerate(hints))})")
        return "\n".join(lines)


def is_usable(name: str) -> bool:
    """Whether a member of this name changes nothing of what Python, or wasmz, does with objects of a class."""
    return not (name[:2] == "__" or name[:2] == "@@" or name in _OURS)


def _protocols(lineage: list[Class]) -> dict[str, Any]:
    """What Python has beside methods for ``std::vector`` and ``std::map``, told by their methods."""
    names = {name for info in lineage for name in info.members}
    if not {"size", "get"} <= names:
        return {}
    if "push_back" in names:
        found = {"__len__": _length, "__getitem__": _item, "__iter__": _items}
        return {**found, "__setitem__": _set_item} if "set" in names else found
    if "keys" in names:
        return {"__len__": _length, "__getitem__": _entry, "__setitem__": _set_entry, "__iter__": _keys}
    return {}


def _length(self: Any) -> int:
    count = int(self.size())
    if not 0 <= count <= 8 * type(self)._class.session.memory.size_bytes:
        raise JavaScriptError(f"{bounded(type(self).__name__)} says that it has {count} elements", "RangeError")
    return count


def _position(self: Any, key: Any) -> int:
    count = _length(self)
    if not isinstance(key, int):
        raise TypeError(f"positions are integers, not {bounded(repr(key))}")
    position = key + count if key < 0 else key
    if not 0 <= position < count:
        raise IndexError(f"position {key} of {count} elements")
    return position


def _item(self: Any, key: Any) -> Any:
    return self.get(_position(self, key))


def _set_item(self: Any, key: Any, value: Any) -> None:
    self.set(_position(self, key), value)


def _items(self: Any) -> Iterator[Any]:
    position = 0
    while position < _length(self):
        yield self.get(position)
        position += 1


def _entry(self: Any, key: Any) -> Any:
    found = self.get(key)
    if found is None:
        raise KeyError(key)
    return found


def _set_entry(self: Any, key: Any, value: Any) -> None:
    self.set(key, value)


def _keys(self: Any) -> Iterator[Any]:
    with self.keys() as keys:
        yield from _items(keys)


class Pointer(Wire):
    """A pointer or reference to a class, or an object of it.

    Attributes:
        target: the class.
    """

    def __init__(self, target: Class, name: str, *, is_reference: bool = False, is_constant: bool = False) -> None:
        super().__init__(name, target.name if is_reference else f"{target.name} | None")
        self.target: Class = target
        self._is_reference = is_reference
        self._is_constant = is_constant

    def from_wire(self, session: Session, wire: Any) -> Any:
        return self._found(session, int(wire) & 0xFFFF_FFFF)

    def _found(self, session: Session, pointer: int, smart: int = 0, smart_type: SmartPointer | None = None) -> Any:
        if not pointer:
            return None
        actual, pointer = self.target.actual(session, pointer)
        kind = self if actual is self.target else (actual.constant if self._is_constant else actual.pointer)
        return _wrap(actual.python, Held(pointer, kind or self, smart, smart_type))

    def _held(self, session: Session, value: Any) -> tuple[Held, int]:
        """What is behind a value, and the pointer as one to this class."""
        if not isinstance(value, Object):
            raise self.refuse(value)
        held = held_by(value)
        pointer = None
        if type(value)._class.session is session:
            pointer = held.type.target.upcast(session, held.pointer, self.target)
        if pointer is None:
            raise self.refuse(value)
        if held.type._is_constant and not self._is_constant and not held.smart:
            raise TypeError(f"the {bounded(self.target.name)} is constant, and C++ would change it")
        return held, pointer

    def to_wire(self, session: Session, undo: Undo, value: Any) -> int:
        if value is None:
            if self._is_reference:
                raise TypeError(f"None is no {bounded(self.name)}")
            return 0
        return self._held(session, value)[1]


class SmartPointer(Pointer):
    """A smart pointer to a class.

    Attributes:
        destroy: what deletes the pointer, which may delete the object.
    """

    def __init__(self, target: Class, name: str, policy: int, functions: tuple[int, int, int, int]) -> None:
        super().__init__(target, name)
        self._policy = policy
        self._get, self._make, self._share = functions[:3]
        self.destroy: int = functions[3]
        if policy not in (_NO_SHARING, _BY_COUNT, _BY_VALUE):
            raise LinkError([f"the module registers {bounded(name)} with an unknown policy of sharing"])

    def from_wire(self, session: Session, wire: Any) -> Any:
        smart = int(wire) & 0xFFFF_FFFF
        pointer = session.function(self._get)(smart) & 0xFFFF_FFFF if self._get else smart
        if not pointer:
            session.function(self.destroy)(smart)
            return None
        return self._found(session, pointer, smart, self)

    def to_wire(self, session: Session, undo: Undo, value: Any) -> int:
        destroy = session.function(self.destroy)
        if value is None:
            empty: int = session.function(self._make)() & 0xFFFF_FFFF
            undo.append(lambda: destroy(empty))
            return empty
        held, pointer = self._held(session, value)
        if held.smart_type is self:
            return held.smart
        if not held.smart:
            raise TypeError(f"C++ wants {bounded(self.name)}, and {bounded(repr(value))} has no such owner")
        if self._policy == _NO_SHARING:
            raise self.refuse(value)
        if self._policy == _BY_COUNT:
            return held.smart
        copy = Object.clone(value)
        shared: int = session.function(self._share)(pointer, session.hold(lambda: _leave(copy))) & 0xFFFF_FFFF
        undo.append(lambda: destroy(shared))
        return shared
