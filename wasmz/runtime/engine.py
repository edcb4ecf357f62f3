"""Engines: a configuration that stores, modules and linkers share.

with Engine(Config(max_call_depth=1000)) as engine: ...
"""

from __future__ import annotations

from wasmz.config import Config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class Engine:
    """What everything is made with. Threads may share an engine.

    Attributes:
        config: the settings, which never change.
    """

    __slots__ = ("__weakref__", "_closed", "config")

    def __init__(self, config: Config | None = None) -> None:
        self.config: Config = Config() if config is None else config
        self._closed = False

    def check_open(self) -> None:
        """Raises ``ValueError`` after :meth:`close`."""
        if self._closed:
            raise ValueError("the engine is closed")

    def close(self) -> None:
        """Nothing more can be made with the engine; what has been made stays usable."""
        self._closed = True

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
