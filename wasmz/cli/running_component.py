"""What ``wasmz run`` does with a component: it runs a program, and prints what other components export.

ComponentRun(given, engine, "app.wasm").run(["-v"], (), None)       -> the exit code
"""

from __future__ import annotations

from wasmz.cli.console import WrongUsage, echo
from wasmz.cli.guest import GuestOptions
from wasmz.component.commands import is_command, run_command
from wasmz.component.component import Component
from wasmz.component.linker import Linker
from wasmz.runtime.link.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from wasmz.module import Source
    from wasmz.runtime.limits.budgets import ResourceLimiter
    from wasmz.runtime.link.engine import Engine

# Options that mean something for core modules only.
_FOR_MODULES = {
    "function": "--invoke",
    "reactor": "--reactor",
    "stub": "--stub",
    "addresses": "--tcplisten",
    "mem_stats": "--mem-stats",
    "profile_out": "--profile-out",
}


class ComponentRun:
    """One run of a component."""

    def __init__(self, given: Mapping[str, Any], engine: Engine, source: Source) -> None:
        """Compiles it. ``WrongUsage`` if there are options that say nothing about components."""
        for field, option in _FOR_MODULES.items():
            if given.get(field):
                raise WrongUsage(f"{option} is for modules, and {given['file']} is a component")
        self._given = given
        self._component = Component.compile(engine, source)

    def run(self, arguments: Sequence[str], late: Sequence[str], limiter: ResourceLimiter | None) -> int:
        """Runs it with arguments, and ``late`` settings of the environment; the exit code."""
        component, given = self._component, self._given
        if not is_command(component):
            echo("\n".join([f"export {name}" for name in component.exports] or ["no exports"]))
            return 0
        guest = GuestOptions(
            environment=(*given.get("environment", ()), *late),
            inherit_env=given.get("inherit_env", False),
            directories=given.get("directories", ()),
            stdin=given.get("stdin"),
            networks=given.get("networks", ()),
            http_hosts=given.get("http_hosts", ()),
        )
        linker = Linker(component.engine)
        linker.define_wasi(guest.make_config([given["file"], *arguments]))
        store = Store(component.engine, limiter=limiter)
        if given.get("timeout") is not None:
            store.set_deadline(given["timeout"])
        return run_command(linker.instantiate(store, component))
