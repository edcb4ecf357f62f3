"""The pickled form of a module: its source and configuration, and the code compiled so far.

    packed = pack(module, source)                                        in one process
    once(packed[0], lambda: Module.of_image(engine, *open_packed(*packed[1:])))   in another, the same module each time

So any worker can compile the module; the code is used if the versions of Python and wasmz are the same.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from wasmz.artifact.cache import open_cache
from wasmz.artifact.pyc import DamagedFile, decode_functions, decode_pyc, encode_functions, encode_pyc
from wasmz.compile.lazy import dump_codes, resume
from wasmz.runtime.calls.supply import precompiled_supply
from wasmz.startup.concurrency import new_lock
from wasmz.startup.light import blake2b
from wasmz.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmz.config import Config
    from wasmz.runtime.calls.supply import CodeSupply
    from wasmz.runtime.image import ModuleImage
    from wasmz.runtime.link.compiled_module import CompiledModule

_Module = TypeVar("_Module", bound="CompiledModule")

# The modules of this process, by the keys with which they were pickled.
_here: weakref.WeakValueDictionary[bytes, Any] = weakref.WeakValueDictionary()
_lock = new_lock()

# A key that equal modules share; the source; the configuration; whether all functions are compiled; code.
Packed = tuple[bytes, "bytes | None", "Config", bool, bytes]


def pack(module: CompiledModule, source: bytes | None) -> Packed:
    """The tuple that a module is pickled as.

    Raises:
        ValueError: the module is closed.
    """
    image, supply, config = module.image, module.supply, module.engine.config
    stamp = _stamp()
    if supply is not None and supply.frozen is None:
        is_whole = False
        code = encode_functions(image, *dump_codes(image, supply.codes), stamp)
    else:
        is_whole = True
        code = encode_pyc(image, stamp, None if supply is None else supply.frozen)
    key = identity(module, source)
    with _lock:
        _here.setdefault(key, module)
    return key, source, config, is_whole, code


def identity(module: CompiledModule, source: bytes | None) -> bytes:
    """A key that equal modules share, however much of them is compiled: made of source and configuration."""
    if module._identity is None:
        if source is None:
            frozen = None if module.supply is None else module.supply.frozen
            source = encode_pyc(module.image, bytes(8), frozen)
        config = repr(module.engine.config).encode()
        module._identity = blake2b(config + source, digest_size=16).digest()
    return module._identity


def once(key: bytes, make: Callable[[], _Module]) -> _Module:
    """This process's module with the given key; if there is none, ``make`` makes it."""
    with _lock:
        module: _Module | None = _here.get(key)
        if module is None:
            module = _here[key] = make()
    return module


def open_packed(
    source: bytes | None, config: Config, is_whole: bool, code: bytes
) -> tuple[ModuleImage, CodeSupply] | None:
    """The image and the code that were packed; ``None`` if the source has to be compiled again.

    Raises:
        ValueError: the module was pickled without its source, by another version of Python or wasmz.
    """
    try:
        if is_whole:
            image, frozen = decode_pyc(code, _stamp())
            return image, precompiled_supply(image, frozen)
        if source is not None:
            image, codes = decode_functions(code, _stamp())
            return resume(source, config, open_cache(config), image, codes)
    except DamagedFile:
        if source is None:
            raise ValueError(
                "the module was pickled by another version of Python or wasmz, without its source"
            ) from None
        return None
    raise ValueError("a module that is compiled as it is called was pickled without its source")


def _stamp() -> bytes:
    """A value that differs between versions of wasmz and Python that cannot run each other's code."""
    return blake2b(f"{__version__} {sys.implementation.cache_tag} {sys.byteorder}".encode(), digest_size=8).digest()
