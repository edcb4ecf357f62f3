"""What components of the suite do when they run: instances, calls, and what is expected of them."""

from __future__ import annotations

from typing import Any


class Session:
    """The components and instances of one script.

    Attributes:
        can_run: whether components can be instantiated at all.
    """

    can_run = False

    def define(self, command: dict[str, Any], data: bytes) -> str | None:
        """A component: ``module`` instantiates it at once, ``module_definition`` only gives it a name.

        Returns:
            What is wrong, or ``None``.
        """
        raise NotImplementedError

    def run(self, command: dict[str, Any], data: bytes) -> str | None:
        """A command that runs something: ``module_instance``, ``action`` or an assertion; the same is returned."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends the session."""
