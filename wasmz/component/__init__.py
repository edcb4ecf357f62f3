"""Components: WebAssembly's component model, above core modules.

    component = wasmz.Component.compile("app.wasm")
    linker = wasmz.component.Linker(component.engine)
    linker.define_instance("ns:app/log@1.0.0", {"write": print})
    instance = linker.instantiate(wasmz.Store(component.engine), component)
    instance.exports.run("x")

forms.py            what types have in common: structures that equal types share; resource types
types.py            the types of values, functions, instances and components, resolved
notation.py         types as WIT writes them
layout.py           how values lie in memory, and which core values stand for them
syntax.py           a component as decoded: its definitions, in order
binary/             bytes to that
validation/         that with all types resolved, or what is wrong with it
wit.py              what a component imports and exports, as WIT
component.py        Component: bytes to what can be instantiated
instantiation.py    goes through the definitions; linker.py: what they import; instance.py: what Python sees of it
functions.py        functions, and what they become: Python's, and core functions. Their code is written by
                    assembly.py (whole functions), lifting.py and lowering.py (values), into a writer.py, and made
                    into functions by generated.py
transfer.py         strings and lists in memory; handles.py, state.py: handles, and who may call whom
tasks.py            calls that may wait: scheduling.py has their threads, fibers.py those threads' stacks, waitables.py
                    what they wait for, copies.py streams and futures, transfers.py what these carry, builtins.py
                    what components call for all that; asyncio_calls.py, host_tasks.py, host_streams.py Python's side
spelling.py         names in WIT to names in Python
values.py           classes for records, variants and so on; explain.py: what is wrong with a value
matching.py         whether what Python links is of the right type, with image_types.py for core modules
commands.py         components that are programs; serving.py: those that answer HTTP requests
bindings.py         packages that `wasmz bindgen` wrote; exposing.py: components that Python imports

Names are imported when first used: ``import wasmz`` loads none of this.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.component.component import Component
    from wasmz.component.error_contexts import ErrorContext
    from wasmz.component.handles import Resource
    from wasmz.component.host_streams import Future, Stream
    from wasmz.component.instance import ComponentExports, ComponentInstance
    from wasmz.component.linker import HostResource, Linker
    from wasmz.component.serving import asgi
    from wasmz.component.traps import ComponentError, WrongValue
    from wasmz.component.values import Case, Err, Flags, Ok, Record, Some, Variant

_HOMES = {
    "component": ("Component",),
    "error_contexts": ("ErrorContext",),
    "handles": ("Resource",),
    "host_streams": ("Future", "Stream"),
    "instance": ("ComponentExports", "ComponentInstance"),
    "linker": ("HostResource", "Linker"),
    "serving": ("asgi",),
    "traps": ("ComponentError", "WrongValue"),
    "values": ("Case", "Err", "Flags", "Ok", "Record", "Some", "Variant"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Case",
    "Component",
    "ComponentError",
    "ComponentExports",
    "ComponentInstance",
    "Err",
    "ErrorContext",
    "Flags",
    "Future",
    "HostResource",
    "Linker",
    "Ok",
    "Record",
    "Resource",
    "Some",
    "Stream",
    "Variant",
    "WrongValue",
    "asgi",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wasmz.startup.concurrency import load

    value = getattr(load(f"wasmz.component.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
