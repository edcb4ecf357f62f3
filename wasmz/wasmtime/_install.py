"""Replaces the binding by this package for everything that imports ``wasmtime`` from then on.

wasmz.install_as_wasmtime()
import wasmtime                 is wasmz.wasmtime, and wasmtime.component is wasmz.wasmtime.component
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib import abc, machinery
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

_NAME = "wasmtime"
_OWN = "wasmz.wasmtime"


class _Finder(abc.MetaPathFinder, abc.Loader):
    """Finds modules of this package under names below ``wasmtime``."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> machinery.ModuleSpec | None:
        """The module's specification, if this package has the module."""
        if not fullname.startswith(f"{_NAME}.") or importlib.util.find_spec(_own_name(fullname)) is None:
            return None
        return importlib.util.spec_from_loader(fullname, self)

    def create_module(self, spec: machinery.ModuleSpec) -> ModuleType:
        """The module itself, which is imported under its own name."""
        module = importlib.import_module(_own_name(spec.name))
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Restores the module's own specification."""
        spec = module.__spec__
        if spec is not None:
            module.__spec__ = self._specs.pop(spec.name, spec)

    def __init__(self) -> None:
        self._specs: dict[str, machinery.ModuleSpec | None] = {}


_finder = _Finder()


def _own_name(fullname: str) -> str:
    return _OWN + fullname[len(_NAME) :]


def install_as_wasmtime() -> None:
    """Makes ``import wasmtime`` import :mod:`wasmz.wasmtime`, whether the binding is installed or not.

    Raises:
        RuntimeError: the binding was imported before: its importers would go on using it.
    """
    own = importlib.import_module(_OWN)
    known = sys.modules.get(_NAME)
    if known is not None and known is not own:
        raise RuntimeError("wasmtime was imported already: call install_as_wasmtime() before")
    sys.modules[_NAME] = own
    for name in [name for name in sys.modules if name.startswith(f"{_OWN}.")]:
        sys.modules.setdefault(_NAME + name[len(_OWN) :], sys.modules[name])
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
