"""Parts of the standard library, without the rest of what their modules import or declare.

    @memoized                                                       functools.cache, whose module takes 4 ms of a start
    memories = WeakSet(); memories.add(memory); list(memories)      weakref's module declares eight classes, 2 ms
    groups = WeakValueDictionary(); groups[key] = group
    ref(object)
    @cached_property                                                functools'; in 3.11 it has a lock, which a fork
    breaks
    FunctionType, CodeType, CellType                                types': 0.5 ms
    blake2b(b"data", digest_size=8).digest()                        hashlib loads OpenSSL, 3 ms

All code that runs a cached module uses these (and classes from ``startup/records.py``).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from functools import cached_property
    from hashlib import blake2b
    from types import CellType, CodeType, FunctionType
    from typing import Any, TypeVar
    from weakref import WeakSet, WeakValueDictionary, ref

    Function = TypeVar("Function", bound=Callable[..., Any])

__all__ = [
    "CellType",
    "CodeType",
    "FunctionType",
    "WeakSet",
    "WeakValueDictionary",
    "blake2b",
    "cached_property",
    "memoized",
    "ref",
]


def memoized(function: Function) -> Function:
    """The function, called once for each tuple of positional arguments; results are kept."""
    results: dict[tuple[Any, ...], Any] = {}

    def call(*args: Any) -> Any:
        try:
            return results[args]
        except KeyError:
            return results.setdefault(args, function(*args))

    call.__doc__ = function.__doc__
    return call  # type: ignore[return-value]


if not TYPE_CHECKING:
    from _weakref import _remove_dead_weakref, ref

    _example = memoized(len)
    FunctionType = type(_example)
    CodeType = type(_example.__code__)
    CellType = type(_example.__closure__[0])

    def blake2b(data=b"", *, digest_size):
        """A hash object of BLAKE2b."""
        # Imported only here: it is an extension module of its own, and few need it.
        try:
            from _blake2 import blake2b as make
        except ImportError:
            from hashlib import blake2b as make
        return make(data, digest_size=digest_size)

    class cached_property:
        """An attribute that is computed at its first use; if several threads compute it at once, one result is kept."""

        def __init__(self, function):
            self._function = function
            self.__doc__ = function.__doc__

        def __set_name__(self, owner, name):
            self._name = name

        def __get__(self, instance, owner=None):
            return self if instance is None else instance.__dict__.setdefault(self._name, self._function(instance))

    class WeakSet:
        """A set of objects, compared by identity, that it does not keep alive."""

        __slots__ = ("_references",)

        def __init__(self):
            self._references = set()

        def add(self, item):
            self._references.add(ref(item, self._references.discard))

        def discard(self, item):
            self._references.discard(ref(item))

        def __iter__(self):
            # A copy: objects may be freed, in this thread or another, during the iteration.
            return iter([item for reference in self._references.copy() if (item := reference()) is not None])

    class WeakValueDictionary:
        """A dictionary that does not keep its values alive: an item disappears with its value."""

        __slots__ = ("_references",)

        def __init__(self):
            self._references = {}

        def get(self, key):
            reference = self._references.get(key)
            return None if reference is None else reference()

        def __setitem__(self, key, value):
            references = self._references
            # Atomic, also between threads: the key may have a new value already.
            # When the interpreter ends, this module may have lost its names before the value goes.
            references[key] = ref(value, lambda _, remove=_remove_dead_weakref: remove(references, key))
