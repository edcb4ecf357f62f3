"""Code that runs with the binding and with the drop-in alike: ``SCENARIOS`` by name, a file for each topic.

A scenario takes the package, ``wasmtime`` or ``wasmz.wasmtime``, and returns what it found out, or raises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import wasmz.wasmtime.component  # noqa: F401 - scenarios find it as an attribute

theirs = pytest.importorskip("wasmtime")
pytest.importorskip("wasmtime.component")

SCENARIOS: dict[str, Callable[[Any], Any]] = {}


def scenario(name: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def add(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        SCENARIOS[name] = function
        return function

    return add


def instantiate(w: Any, text: str, imports: tuple[Any, ...] = (), store: Any = None) -> tuple[Any, Any]:
    store = w.Store() if store is None else store
    instance = w.Instance(store, w.Module(store.engine, bytes(theirs.wat2wasm(text))), list(imports))
    return store, instance.exports(store)


def call(w: Any, text: str, *args: Any) -> Any:
    store, exports = instantiate(w, text)
    return exports["f"](store, *args)
