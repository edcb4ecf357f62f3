"""Modules shipped compiled for several versions of Python: by ``wasmz compile --python``, or in wheels.

    lib.py                               from wasmz.ship.versions import load; load(globals())
    __wasmz__/lib.cpython-312.pyc        one for each version
    lib.wasm, or lib.wat                 compiled if none of them fits; may be left out

:func:`load` reads the file that fits, and fills the Python module ``lib`` as if it were imported from that file.
"""

from __future__ import annotations

import os
import sys

from wasmz.artifact.pyc import DamagedFile, decode_pyc
from wasmz.config import Config
from wasmz.runtime.calls.supply import precompiled_supply
from wasmz.runtime.link.compiled_module import CompiledModule
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.python_imports import PythonImports
from wasmz.runtime.precompiled import expose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = "__wasmz__"


def load(namespace: dict[str, Any], limits: dict[str, Any] | None = None) -> None:
    """Fills the namespace of the Python module ``lib``, see above; ``limits`` are fields of ``Config``.

    Raises:
        ImportError: no shipped file fits this version of Python, and there is no wasm to compile.
    """
    path = str(namespace["__file__"])
    folder, name = os.path.split(path)
    stem = name.partition(".")[0]
    compiled = os.path.join(folder, FOLDER, f"{stem}.{sys.implementation.cache_tag}.pyc")
    problem = f"it was not compiled for {sys.implementation.cache_tag}"
    engine = Engine(Config(**limits) if limits else None)
    module = None
    try:
        image, code = decode_pyc(read_beside(namespace, compiled))
        module = CompiledModule(engine, image, precompiled_supply(image, code))
    except OSError:
        pass
    except DamagedFile as error:
        problem = f"{compiled}: {error}"
    if module is None:
        module = _compile(namespace, os.path.join(folder, stem), stem, problem, engine)
    expose(namespace, module, PythonImports(str(namespace.get("__package__") or ""), str(namespace["__name__"])).define)


def _compile(namespace: dict[str, Any], path: str, stem: str, problem: str, engine: Engine) -> CompiledModule:
    for suffix in (".wasm", ".wat"):
        try:
            data = read_beside(namespace, path + suffix)
            break
        except OSError:
            pass
    else:
        raise ImportError(f"cannot import {stem}: {problem}, and {path}.wasm is not there to be compiled")
    try:
        from wasmz.module import Module

        return Module.compile(engine, data)
    except ImportError as error:
        raise ImportError(f"cannot import {stem}: {problem}, and the compiler is not installed ({error})") from error


def read_beside(namespace: dict[str, Any], path: str) -> bytes:
    """The bytes of a file beside the module, also in a zip archive. ``OSError`` if there is none."""
    get_data = getattr(namespace.get("__loader__"), "get_data", None)
    if get_data is not None:
        data: bytes = get_data(path)
        return data
    with open(path, "rb") as file:
        return file.read()
