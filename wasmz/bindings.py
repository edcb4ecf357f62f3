"""Modules as toolchains and npm ship them, ready to be called: with Python's strings, lists, functions and classes.

lib = wasmz.bind("pkg/tiktoken_bg.wasm")            the package's JavaScript beside it is read, not run
lib.get_encoding("gpt2").encode("hello")
"""

from __future__ import annotations

import os

from wasmz.errors import LinkError, bounded, expect, shown
from wasmz.interop.exposing import Toolchains
from wasmz.interop.files import read_text
from wasmz.module import Module, linker_of
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.link.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from wasmz.module import Source
    from wasmz.runtime.wasi.wasi_config import WasiConfig

__all__ = ["Bindings", "bind"]


class Bindings:
    """What a module has to offer, as attributes.

    Attributes:
        __wasm_instance__: the instance.
    """

    __wasm_instance__: Instance
    _name: str = "a module"

    def __init__(self, instance: Instance, members: Mapping[str, Any], name: str) -> None:
        self.__dict__.update(members)
        self.__dict__["__wasm_instance__"] = instance
        self.__dict__["_name"] = name

    def __getattr__(self, name: str) -> Any:
        # What is found does not get here.
        raise AttributeError(f"{self._name} has no {bounded(name)}; it has {', '.join(list(self._members())[:20])}")

    def _members(self) -> list[str]:
        return [name for name in self.__dict__ if not name.startswith("_")]

    def __dir__(self) -> list[str]:
        return self._members()

    @shown
    def __repr__(self) -> str:
        return f"<bindings of {bounded(self._name)}>"


def bind(
    source: Source | Module,
    glue: str | os.PathLike[str] | None = None,
    *,
    imports: Mapping[str, Mapping[str, Any]] | None = None,
    globals: Mapping[str, Any] | None = None,
    engine: Engine | None = None,
    wasi: WasiConfig | bool = False,
) -> Bindings:
    """Instantiates a module with all that its toolchain's host code defines, and gives what it exports to be called.

    Args:
        source: bytes, a path, a binary file, or a module that is compiled already.
        glue: the path of the package's JavaScript. If the source is a path, a file beside it that has the right name is
            taken. It is read, never run.
        imports: what else to define, as for ``instantiate``; it comes before what the host code has.
        globals: what a program of Go's or Dart's finds in JavaScript's global object, beside the standard objects.
        engine: with another configuration than the default one.
        wasi: what a WASI guest gets, as for ``instantiate``.

    Raises:
        InvalidWasm, UnsupportedFeature, LinkError, Trap, OSError: as compiling and instantiating do.
        LinkError: the module needs its JavaScript, and there is none, or it is not of a form that is known.
    """
    expect(engine, (Engine, type(None)), "engine", "an Engine")
    module = source if isinstance(source, Module) else _compile(engine, source)
    text = None if glue is None else _text_of(glue)
    linker = Linker(module.engine) if imports is None else linker_of(module.engine, imports)
    if wasi is not False:
        linker.define_wasi(None if wasi is True else wasi)
    try:
        toolchains = Toolchains(module, source, text)
        toolchains.define(linker)
        problem = toolchains.missing()
        if problem is not None:
            raise LinkError([problem])
        store = linker.find_store()
        instance = Instance(Store(module.engine) if store is None else store, module, linker)
        toolchains.finish(instance)
    except ValueError as error:
        raise LinkError([f"the glue cannot be read: {error}"]) from None
    members = toolchains.bind(instance, globals)
    if not members:
        members = {name: instance.exports[name] for name in instance.exports}
    return Bindings(instance, members, module.name or _name_of(source))


def _compile(engine: Engine | None, source: Any) -> Module:
    return Module.compile(source) if engine is None else Module.compile(engine, source)


def _name_of(source: Any) -> str:
    return os.path.basename(source) if isinstance(source, (str, os.PathLike)) else "a module"


def _text_of(glue: Any) -> str:
    try:
        return read_text(glue)
    except ValueError as error:
        raise LinkError([f"the glue cannot be read: {error}"]) from None
