"""Exceptions: tags, and the functions by which generated code throws and keeps exceptions (docs/exceptions.md).

tag = Tag(store, [ValType.I32])
linker.define("env", "error", tag)
raise WasmException(tag, (5,))              in a host function; wasm code may catch it
"""

from __future__ import annotations

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap, WasmException, bounded, expect, expect_iterable, shown
from wasmz.runtime.calls.convert import to_internal, to_python
from wasmz.runtime.limits.budgets import expect_store
from wasmz.runtime.traps.translation import note_frames
from wasmz.types import DefinedType, FuncType, TagType, ValType, define_function_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final

    from wasmz.runtime.link.store import Store

# About the size of a kept exception, of the note of a frame, and of a value that it carries.
_KEPT_BYTES: Final = 512
_NOTE_BYTES: Final = 80
_VALUE_BYTES: Final = 40

# Frames of this module do not decide where an exception comes from, see translation.py.
__wasmz_frame__ = "helper"


class Tag:
    """Identifies one kind of exceptions (specification 4.2.11). Tags are compared by identity.

    Attributes:
        store: the store that it belongs to.
        type: the types of the values that its exceptions carry.
        defined_type: that type, as modules define it.
    """

    __slots__ = ("__weakref__", "defined_type", "store", "type")

    def __init__(self, store: Store, type: TagType | FuncType | Iterable[ValType] = ()) -> None:
        """Makes a tag. ``type`` is its type, or the types of the values that its exceptions carry.

        Raises:
            ValueError: the type has results.
        """
        expect_store(store)
        signature = type.func_type if isinstance(type, TagType) else type
        if not isinstance(signature, FuncType):
            given = tuple(expect_iterable(signature, "type", "of ValType"))
            for item in given:
                expect(item, ValType, "type", "an iterable of ValType")
            signature = FuncType(given)
        if signature.results:
            raise ValueError(f"a tag's type has no results, but this one is {signature}")
        self.store: Store = store
        self.type: TagType = TagType(signature)
        self.defined_type: DefinedType = define_function_type(signature)

    @classmethod
    def of_defined(cls, store: Store, defined_type: DefinedType) -> Tag:
        """A tag that a module defines."""
        self = cls.__new__(cls)
        self.store = store
        self.defined_type = defined_type
        self.type = TagType(defined_type.composite)  # type: ignore[arg-type]
        return self

    def lower(self, values: Iterable[Any]) -> tuple[Any, ...]:
        """Converts values from Python to the form of generated code.

        Raises:
            TypeError, OverflowError: the values do not fit the tag's type.
        """
        given = tuple(expect_iterable(values, "values", "what an exception carries"))
        types = self.type.func_type.params
        if len(given) != len(types):
            raise TypeError(f"an exception of {self!r} carries {len(types)} values, not {len(given)}")
        return tuple(
            [
                to_internal(value, type, f"values: value {number} of an exception", self.store)
                for number, (value, type) in enumerate(zip(given, types, strict=True), 1)
            ]
        )

    def lift(self, payload: tuple[Any, ...]) -> tuple[Any, ...]:
        """The inverse of :meth:`lower`."""
        return tuple(map(to_python, payload, self.type.func_type.params))

    @shown
    def __repr__(self) -> str:
        return f"<Tag ({bounded(', '.join(type.name for type in self.type.func_type.params))})>"


_make = BaseException.__new__


def exn_new(tag: Tag, payload: tuple[Any, ...]) -> WasmException:
    """Makes the exception of a ``throw``; half the cost of calling the class, which takes values from Python."""
    made: WasmException = _make(WasmException)
    made.tag = tag
    made.payload = payload
    made.frames = ()
    made.trail = None
    return made


def exn_keep(caught: WasmException) -> None:
    """Prepares a caught exception to be stored, and thrown again by ``throw_ref`` or ``rethrow``.

    Its traceback refers to frames, and these to their callers' frames, one of which will hold the exception. That would
    be a cycle, which keeps everything alive that the frames hold. So the traceback is replaced by notes of the places
    in the frames.
    """
    entry = caught.__traceback__
    if entry is None:
        return
    caught.__traceback__ = None
    # Leaves out the frame that has caught it.
    caught.trail = note_frames(entry.tb_next, caught.trail)
    heap = caught.tag.store.object_heap()
    if heap is not None:
        size = _KEPT_BYTES + _NOTE_BYTES * len(caught.trail) + _VALUE_BYTES * len(caught.payload)
        caught.__dict__["owner"] = heap.charge(size)


def exn_rethrown(reference: WasmException | None) -> WasmException:
    """The exception of a reference. A null reference traps (specification 4.6.8, ``throw_ref``)."""
    if reference is None:
        raise Trap(TrapCode.NULL_REFERENCE, "null exception reference")
    return reference


# By name, for generated code.
HELPERS: Final[dict[str, Any]] = {
    "exn_class": WasmException,
    "exn_new": exn_new,
    "exn_keep": exn_keep,
    "exn_rethrown": exn_rethrown,
}
