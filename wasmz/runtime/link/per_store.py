"""Definitions of a linker that become something of each store's own: constants of any type, the tag of JavaScript.

linker.define("'", "hello", Constant("hello"))          an immutable global with this value
linker.define("WebAssembly", "JSTag", JS_TAG)           exceptions of the host are those of this tag, in both directions
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

from wasmz.errors import Trap, WasmException
from wasmz.runtime.calls.func import Func
from wasmz.runtime.calls.host import HostFunc, is_coroutine_function
from wasmz.runtime.memory.globals import Global
from wasmz.runtime.traps.exceptions import Tag
from wasmz.types import FuncType, GlobalType, TagType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from wasmz.runtime.link.store import Store
    from wasmz.types import ExternType, ImportType


class PerStore:
    """What an import is defined by, before its store is known."""

    __slots__ = ()

    def in_store(self, store: Store, wanted: ExternType) -> Any:
        """The item for a store; itself if the import is of another kind, which is then an error of its own."""
        raise NotImplementedError


class Constant(PerStore):
    """The value of an immutable global."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value: object = value

    def in_store(self, store: Store, wanted: ExternType) -> Any:
        if isinstance(wanted, GlobalType) and not wanted.mutable:
            return Global(store, wanted, self.value)
        return self


class JavaScriptTag(PerStore):
    """``WebAssembly.JSTag``: exceptions of the host are caught by it in modules, as one reference."""

    __slots__ = ()

    def in_store(self, store: Store, wanted: ExternType) -> Any:
        return js_tag(store) if isinstance(wanted, TagType) else self


JS_TAG = JavaScriptTag()
_tags: WeakKeyDictionary[Store, Tag] = WeakKeyDictionary()


def js_tag(store: Store) -> Tag:
    """The tag of JavaScript's exceptions in a store."""
    tag = _tags.get(store)
    if tag is None:
        tag = _tags[store] = Tag(store, [ValType.EXTERNREF])
    return tag


def in_store(items: Sequence[Any], store: Store, imports: Sequence[ImportType]) -> list[Any]:
    """Items for an instance in a store. If JavaScript's tag is among them, functions of the host throw by it."""
    made = [
        item.in_store(store, wanted.type) if isinstance(item, PerStore) else item
        for item, wanted in zip(items, imports, strict=True)
    ]
    if JS_TAG not in items:
        return made
    tag = js_tag(store)
    return [
        _throwing_item(item, tag) if isinstance(wanted.type, FuncType) else item
        for item, wanted in zip(made, imports, strict=True)
    ]


def _throwing_item(item: Any, tag: Tag) -> Any:
    if item.__class__ is HostFunc:
        if is_coroutine_function(item.fn):
            return item
        type, fn = item.type, throwing(item.fn, tag)
        return HostFunc(fn, type.params, type.results, context=item.context, caller=item.caller)
    # Functions of WebAssembly throw by their own tags.
    is_plain = not isinstance(item, (Func, HostFunc)) and callable(item) and not is_coroutine_function(item)
    return throwing(item, tag) if is_plain else item


def throwing(function: Callable[..., Any], tag: Tag) -> Callable[..., Any]:
    """A function of the host whose exceptions a module can catch. What ends the program passes through it."""

    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except (Trap, WasmException):
            raise
        except Exception as error:
            raise WasmException(tag, (error,)) from error

    return call
