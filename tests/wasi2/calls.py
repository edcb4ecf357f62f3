"""How tests call interfaces of WASI without a component.

payload(fields.append, "Host", b"a")                    -> "forbidden", the error that it fails with
check_items("wasmz.wasi2", INTERFACES)                  raises AssertionError if an item has no function
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wasmz.errors import ComponentError
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.wasi2.guest import Guest
from wasmz.wasi2.worlds import Interface

# In nanoseconds.
MILLISECOND = 1_000_000


def payload(function: Any, *args: Any) -> Any:
    """What a function fails with. The error, and with it what the function had in its hands, does not stay."""
    try:
        function(*args)
    except ComponentError as error:
        return error.payload
    raise AssertionError(f"{function} does not fail")


def check_items(package: str, interfaces: Mapping[str, Any]) -> None:
    """Checks that each item of each interface is there."""
    guest = Guest(WasiConfig())
    for name, items in interfaces.items():
        interface = Interface(guest, package, items)
        for item in interface:
            assert callable(interface[item]), (name, item)
