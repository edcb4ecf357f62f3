"""Components that are programs: they export ``wasi:cli/run``, as the world ``wasi:cli/command`` says.

if is_command(component):
    status = run_command(linker.instantiate(store, component))
"""

from __future__ import annotations

from wasmz.errors import ComponentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.component.component import Component
    from wasmz.component.instance import ComponentInstance

_RUN: Final = "wasi:cli/run@0.2."


def is_command(component: Component) -> bool:
    """Whether a component is a program."""
    return _find_run(component) is not None


def run_command(instance: ComponentInstance) -> int:
    """Runs a program to its end; its exit status: 1 if it says that it failed.

    Raises:
        ValueError: the component is no program.
        WasiExit, Trap: how else it may end.
    """
    name = _find_run(instance.component)
    if name is None:
        raise ValueError("the component is no program: it does not export wasi:cli/run")
    try:
        instance.exports[name].run()
    except ComponentError:
        return 1
    return 0


def _find_run(component: Component) -> str | None:
    return next((name for name in component.exports if name.startswith(_RUN)), None)
