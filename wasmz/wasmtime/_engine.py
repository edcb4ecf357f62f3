"""Engines: hold the configuration of modules, and the epochs that stop code.

engine = Engine(config)
engine.increment_epoch()                in another thread, or a signal handler
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

import wasmz
from wasmz.wasmtime._config import Config, own_config
from wasmz.wasmtime._managed import Managed

if TYPE_CHECKING:
    from typing import Protocol

    class Timed(Protocol):
        """Is told by an engine that an epoch began: a store."""

        def _notice_epoch(self) -> None: ...


class Engine(Managed[Any]):
    """Holds the configuration of modules. Threads may share it."""

    def __init__(self, config: Config | None = None) -> None:
        """Makes an engine from a configuration, which cannot be used again.

        Raises:
            TypeError: ``config`` is not a ``Config``. ValueError: it was used before.
        """
        if not (config is None or isinstance(config, Config)):
            raise TypeError("expected Config")
        settings = {} if config is None else config._take()
        self._engine = wasmz.Engine(own_config(settings))
        self._has_epochs = bool(settings.get("epoch_interruption"))
        self._has_shared_memories = bool(settings.get("shared_memory"))
        self._epoch = 0
        # Re-entrant: a signal handler may interrupt its holder.
        self._lock = threading.RLock()
        self._stores: weakref.WeakSet[Timed] = weakref.WeakSet()

    def _live(self) -> wasmz.Engine:
        self._check_open()
        return self._engine

    def increment_epoch(self) -> None:
        """Begins the next epoch: code of stores with this deadline stops with a trap.

        Raises:
            RuntimeError: a store's code has to be stopped, but this system has no threads.
        """
        self._check_open()
        with self._lock:
            self._epoch += 1
            stores = list(self._stores)
        for store in stores:
            store._notice_epoch()

    def is_pulley(self) -> bool:
        """Whether code runs on wasmtime's own virtual machine: never."""
        self._check_open()
        return False
