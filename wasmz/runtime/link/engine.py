"""Engines: a configuration that stores, modules and linkers share.

with Engine(Config(max_call_depth=1000)) as engine: ...
"""

from __future__ import annotations

from wasmz.config import Config
from wasmz.errors import expect, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


class Engine:
    """Holds the configuration of stores, modules and linkers. Threads may share an engine.

    Attributes:
        config: the configuration, which never changes.
    """

    __slots__ = ("__weakref__", "_closed", "config")

    def __init__(self, config: Config | None = None) -> None:
        """Makes an engine; by default with the default configuration.

        Raises:
            TypeError: ``config`` is not a ``Config``.
        """
        expect(config, (Config, type(None)), "config", "a Config")
        self.config: Config = Config() if config is None else config
        self._closed = False

    def check_open(self) -> None:
        """Raises ``ValueError`` after :meth:`close`."""
        if self._closed:
            raise ValueError("the engine is closed")

    def close(self) -> None:
        """Ends making anything with the engine; what has been made stays usable."""
        self._closed = True

    @shown
    def __repr__(self) -> str:
        return f"<{'closed ' if self._closed else ''}Engine with {self.config!r}>"

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
