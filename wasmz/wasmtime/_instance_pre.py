"""Modules with their imports found, which can be instantiated any number of times.

pre = linker.instantiate_pre(module); pre.instantiate(store)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._instance import Instance, instance_of, make_instance
from wasmz.wasmtime._managed import Managed
from wasmz.wasmtime._module import Module
from wasmz.wasmtime._store import Store, Storelike

if TYPE_CHECKING:
    from collections.abc import Callable


class InstancePre(Managed[Any]):
    """A module with its imports found."""

    _module: Module
    _find: Callable[[Store], list[Any]]

    def __init__(self) -> None:
        """Raises ``WasmtimeError``: ``Linker.instantiate_pre`` makes one."""
        raise WasmtimeError("cannot construct directly: Linker.instantiate_pre makes one")

    def instantiate(self, store: Storelike) -> Instance:
        """Instantiates the module. Errors are those of ``Linker.instantiate``."""
        self._check_open()
        owner = store._live()
        return instance_of(owner, make_instance(owner, self._module, self._find(owner)))

    @property
    def module(self) -> Module:
        """The module."""
        self._check_open()
        return self._module


def instance_pre_of(module: Module, find: Callable[[Store], list[Any]]) -> InstancePre:
    """``find`` returns the imports of instances in a store, in order."""
    made = InstancePre.__new__(InstancePre)
    made._module, made._find = module, find
    return made
