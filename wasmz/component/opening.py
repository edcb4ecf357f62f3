"""Opens components: bytes to what is decoded and validated, from the cache if it is there.

The cache has a file for each component: its definitions, with all types resolved (`pickle`), and the code of the
functions that its instances called. What was called is known at the end of the process, and written then.
"""

from __future__ import annotations

import atexit
from _io import BytesIO

from wasmz.artifact.cache import Cache, open_cache
from wasmz.component.syntax import Component, ComponentDefinition
from wasmz.startup.concurrency import load
from wasmz.startup.light import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pickle import Pickler, Unpickler
    from typing import Any

    from wasmz.runtime.link.engine import Engine

else:
    # The module pickle has the same in Python, and takes 3 ms.
    from _pickle import Pickler, Unpickler


def open_component(engine: Engine, data: bytes) -> tuple[Component, dict[str, CodeType]]:
    """The component that bytes are, and the code of functions by text.

    Bodies of its core functions are validated when they are compiled, as a module's are: at once, or when called.

    Raises:
        InvalidWasm, UnsupportedFeature: they are none that can be instantiated.
    """
    cache = open_cache(engine.config)
    path = "" if cache is None else cache.component_path(data, engine.config)
    kept = None if cache is None else _load(cache, path, data)
    if kept is not None:
        component, described, codes = kept
    else:
        # Only now are decoder and validator imported.
        load("wasmz.component.binary.decoder")
        from wasmz.component.binary.decoder import decode_component

        load("wasmz.component.validation.validator")
        from wasmz.component.validation.validator import validate_component

        component, codes = decode_component(data), {}
        validate_component(component, with_bodies=not engine.config.is_lazy)
        described = b"" if cache is None else _pickled(component, data)
    if cache is not None:
        keeper = _Keeper(cache, path, described, codes)
        if kept is None:
            keeper.keep()
        _keepers.append(keeper)
        if len(_keepers) > _MOST_KEEPERS:
            _keepers.pop(0).keep_new()
    return component, codes


def _load(cache: Cache, path: str, data: bytes) -> tuple[Component, bytes, dict[str, CodeType]] | None:
    """What the cache has, if this version of wasmz can read it."""
    kept = cache.load_component(path)
    if kept is None:
        return None
    described, codes = kept
    try:
        return _Unpickler(described, data).load(), described, codes
    except Exception:
        # Classes have changed since.
        return None


class _Pickler(Pickler):
    """Leaves out the bytes of the component."""

    def __init__(self, file: BytesIO, data: bytes) -> None:
        super().__init__(file, -1)  # the highest protocol
        self._data = data

    def persistent_id(self, item: object) -> int | None:
        return 1 if item is self._data else None


class _Unpickler(Unpickler):
    """Puts them in."""

    def __init__(self, described: bytes, data: bytes) -> None:
        super().__init__(BytesIO(described))
        self._data = data

    def persistent_load(self, number: Any) -> bytes:
        return self._data


def _pickled(component: Component, data: bytes) -> bytes:
    for definition in component.definitions:
        if isinstance(definition, ComponentDefinition):
            definition.component.data = data
    file = BytesIO()
    _Pickler(file, data).dump(component)
    return file.getvalue()


class _Keeper:
    """Writes the file of a component again when its instances have called more functions."""

    def __init__(self, cache: Cache, path: str, described: bytes, codes: dict[str, CodeType]) -> None:
        self._cache = cache
        self._path = path
        self._described = described
        self._codes = codes
        self._kept = len(codes)

    def keep(self) -> None:
        """Writes the file."""
        self._kept = len(self._codes)
        self._cache.store_component(self._path, self._described, dict(self._codes))

    def keep_new(self) -> None:
        """The same, if there is something new."""
        if len(self._codes) > self._kept:
            self.keep()


# The components that this process has opened last.
_MOST_KEEPERS = 64
_keepers: list[_Keeper] = []


@atexit.register
def _keep_at_exit() -> None:
    while _keepers:
        _keepers.pop().keep_new()
