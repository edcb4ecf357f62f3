"""Components that are programs: they export ``wasi:cli/run``, as the world ``wasi:cli/command`` says.

if is_command(component):
    status = run_command(linker.instantiate(store, component))

In WASI 0.3 that function is asynchronous: it runs in an event loop of its own.
"""

from __future__ import annotations

from wasmz.errors import ComponentError
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.component.component import Component
    from wasmz.component.instance import ComponentInstance

# A component may have both: the later one is what its author wrote.
_RUN: Final = ("wasi:cli/run@0.3.", "wasi:cli/run@0.2.")


def is_command(component: Component) -> bool:
    """Whether a component is a program."""
    return _find_run(component) is not None


def run_command(instance: ComponentInstance) -> int:
    """Runs a program to its end; its exit status: 1 if it says that it failed.

    Raises:
        ValueError: the component is no program.
        RuntimeError: the program is one of WASI 0.3, and an event loop runs in this thread: await
            :func:`run_command_async` there.
        WasiExit, Trap: how else it may end.
    """
    run = _run_of(instance)
    if not _is_asynchronous(run):
        try:
            run()
        except ComponentError:
            return 1
        return 0
    load("asyncio")
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(run_command_async(instance))
    raise RuntimeError("an event loop runs in this thread: await run_command_async(instance)")


async def run_command_async(instance: ComponentInstance) -> int:
    """Runs a program of WASI 0.3 to its end, in the event loop that runs; its exit status. Cancelling that stops it.

    Raises:
        ValueError: the component is no such program.
        WasiExit, Trap: how else it may end.
    """
    run = _run_of(instance)
    if not _is_asynchronous(run):
        raise ValueError("the program is one of WASI 0.2: run_command runs it")
    load("wasmz.component.asyncio_calls")
    from wasmz.component.asyncio_calls import driver_of

    load("asyncio")
    import asyncio

    driver = driver_of(instance.store)
    # The program has no choice: so does Ctrl-C.
    driver.is_abrupt = True
    status = 0
    try:
        await run()
    except ComponentError:
        status = 1
    except asyncio.CancelledError:
        raise
    except BaseException:
        await driver.flush()
        raise
    # What it has written is to arrive.
    await driver.flush()
    return status


def _run_of(instance: ComponentInstance) -> Any:
    name = _find_run(instance.component)
    if name is None:
        raise ValueError("the component is no program: it does not export wasi:cli/run")
    return instance.exports[name].run


def _is_asynchronous(run: Any) -> bool:
    function = getattr(run, "component_function", None)
    return function is not None and bool(function.type.is_async)


def _find_run(component: Component) -> str | None:
    return next((name for start in _RUN for name in component.exports if name.startswith(start)), None)
