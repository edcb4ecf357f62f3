"""Components shipped compiled for several versions of Python, as :mod:`wasmz.ship.versions` has it for modules.

app.py                               from wasmz.ship.component_versions import load; load(globals())
__wasmz__/app.cpython-312.pyc        one for each version
app.wasm                             compiled if none fits; may be left out
"""

from __future__ import annotations

import sys
from pathlib import Path

from wasmz.artifact.pyc import DamagedFile, unseal_code
from wasmz.component.component import Component
from wasmz.component.exposing import ComponentImports, expose_component
from wasmz.component.precompiled import open_precompiled
from wasmz.config import Config
from wasmz.errors import LinkError
from wasmz.runtime.link.engine import Engine
from wasmz.ship.versions import FOLDER, read_beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load(namespace: dict[str, Any], limits: dict[str, Any] | None = None) -> None:
    """Fills the namespace of the Python module that stands for a shipped component; ``limits`` are ``Config``'s.

    Raises:
        ImportError: no shipped file fits this version of Python, and there is no wasm to compile; or something that it
            imports is missing.
    """
    path = Path(str(namespace["__file__"]))
    name = str(namespace["__name__"])
    stem = path.name.partition(".")[0]
    compiled = path.parent / FOLDER / f"{stem}.{sys.implementation.cache_tag}.pyc"
    engine = Engine(Config(**limits) if limits else None)
    try:
        component = _open(engine, read_beside(namespace, str(compiled)))
    except (OSError, DamagedFile) as error:
        try:
            data = read_beside(namespace, str(path.with_name(f"{stem}.wasm")))
        except OSError:
            problem = f"it was not compiled for {sys.implementation.cache_tag}"
            problem = f"{compiled}: {error}" if isinstance(error, DamagedFile) else problem
            raise ImportError(f"cannot import {name}: {problem}, and {stem}.wasm is missing", name=name) from None
        component = Component.compile(engine, data)
    try:
        expose_component(namespace, component, ComponentImports(str(namespace.get("__package__") or ""), name).find)
    except LinkError as error:
        raise ImportError(f"cannot import {name}: {error}", name=name) from error


def _open(engine: Engine, content: bytes) -> Component:
    constants = unseal_code(content).co_consts
    data = next((item for item in constants if isinstance(item, bytes)), b"")
    modules = next((item for item in constants if isinstance(item, tuple) and all(map(_is_module, item))), ())
    return open_precompiled(engine, data, modules)


def _is_module(item: object) -> bool:
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], bytes)
