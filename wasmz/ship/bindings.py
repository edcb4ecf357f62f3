"""The package that `wasmz bindgen` writes of a component: typed, and importable wherever wasmz is installed.

package_files(data, "app")     app/__init__.py, __init__.pyi, py.typed, app.wasm, as names and contents
"""

from __future__ import annotations

import keyword

from wasmz.component.binary.decoder import decode_component
from wasmz.component.validation.validator import validate_component
from wasmz.errors import bounded
from wasmz.ship.component_stubs import render_bindings
from wasmz.version import __version__

_MODULE = '''\
"""Bindings of component {name}, made by wasmz {version}."""

from wasmz.component.bindings import bind

__getattr__, __dir__ = bind(globals(), "{name}.wasm")
'''


def package_files(data: bytes, name: str) -> dict[str, bytes]:
    """The files of the package, by their names in its folder.

    Args:
        data: the component.
        name: of the package.

    Raises:
        InvalidWasm, UnsupportedFeature: the component is not valid.
        ValueError: the name is none that Python could import.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"{bounded(repr(name))} is no name that Python could import")
    component = decode_component(data)
    validate_component(component)
    if component.type is None:
        raise SystemError("the component is not validated")
    return {
        "__init__.py": _MODULE.format(name=name, version=__version__).encode(),
        "__init__.pyi": render_bindings(component.type, name).encode(),
        "py.typed": b"",
        f"{name}.wasm": data,
    }
