"""Modules that go to other processes, and instances that stay there.

    pickle.loads(pickle.dumps(module))              on another machine: compiled already
    worker_instance(module).exports.f(1)            in a worker: instantiated once for each thread

What is pickled has the module's source and configuration, so that any worker can compile it, and what has been compiled
so far, which is used where the versions of Python and wasmz are the same.
"""

from __future__ import annotations

import sys
import threading
import weakref
from typing import TYPE_CHECKING

from wasmz.cache import open_cache
from wasmz.concurrency import new_lock
from wasmz.errors import bounded
from wasmz.hashing import blake2b
from wasmz.lazy import dump_codes, resume
from wasmz.module import ArcModule, Module
from wasmz.precompiled import DamagedFile, decode_functions, decode_pyc, encode_functions, encode_pyc
from wasmz.runtime.engine import Engine
from wasmz.runtime.instance import Instance
from wasmz.runtime.linker import Linker
from wasmz.runtime.store import Store
from wasmz.runtime.tiers import precompiled_supply

if TYPE_CHECKING:
    from collections.abc import Callable

    from wasmz.config import Config

# By the key of what was pickled, the module that this process has.
_here: weakref.WeakValueDictionary[bytes, Module] = weakref.WeakValueDictionary()
_lock = new_lock()

_threads = threading.local()

_Packed = tuple[bytes, "bytes | None", "Config", bool, bytes]


def pack(module: Module, source: bytes | None) -> _Packed:
    """What a module is pickled as.

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
    key = _identity(module, source)
    with _lock:
        _here.setdefault(key, module)
    return key, source, config, is_whole, code


def _identity(module: Module, source: bytes | None) -> bytes:
    """What equal modules have in common, however much of them is compiled: source and configuration."""
    if module._identity is None:
        if source is None:
            frozen = None if module.supply is None else module.supply.frozen
            source = encode_pyc(module.image, bytes(8), frozen)
        config = repr(module.engine.config).encode()
        module._identity = blake2b(config + source, digest_size=16).digest()
    return module._identity


def unpack(key: bytes, source: bytes | None, config: Config, is_whole: bool, code: bytes) -> Module:
    """The inverse of :func:`pack`, in whatever process.

    Raises:
        ValueError: the module was pickled without its source, by another version of Python or wasmz.
    """
    with _lock:
        module = _here.get(key)
        if module is None:
            module = _unpack(source, config, is_whole, code)
            _here[key] = module
    return module


def _unpack(source: bytes | None, config: Config, is_whole: bool, code: bytes) -> Module:
    engine = Engine(config)
    try:
        if is_whole:
            image, frozen = decode_pyc(code, _stamp())
            module = Module(engine, image, precompiled_supply(image, frozen))
        elif source is not None:
            image, codes = decode_functions(code, _stamp())
            module = Module(engine, *resume(source, config, open_cache(config), image, codes))
        else:
            raise ValueError("a module that is compiled as it is called was pickled without its source")
    except DamagedFile:
        if source is None:
            raise ValueError(
                "the module was pickled by another version of Python or wasmz, without its source"
            ) from None
        return Module.compile(engine, source)
    return module if source is None else module._of(source)


def _stamp() -> bytes:
    """Stands for the versions of wasmz and Python whose code this process can run."""
    from wasmz import __version__

    return blake2b(f"{__version__} {sys.implementation.cache_tag} {sys.byteorder}".encode(), digest_size=8).digest()


def worker_instance(module: Module | ArcModule, define: Callable[[Linker], None] | None = None) -> Instance:
    """This thread's own instance of a module, made when it is first asked for and kept until the thread ends.

    For functions that a pool of processes or a cluster calls many times: an instance costs more than most calls. What a
    call leaves in memory and globals the next one finds; functions that must not see that make their own ``Instance``.

    Args:
        module: equal modules, of the same source and configuration, have the same instance.
        define: called once, with the linker, to define what the module imports beside WASI.

    Raises:
        TypeError: it is no module.
        ValueError: it is closed.
    """
    if isinstance(module, ArcModule):
        module = module.module
    if not isinstance(module, Module):
        raise TypeError(f"module must be a Module, not {bounded(repr(module))}")
    if not (define is None or callable(define)):
        raise TypeError(f"define must be callable, not {bounded(repr(define))}")
    instances: dict[bytes, Instance] | None = getattr(_threads, "instances", None)
    if instances is None:
        instances = _threads.instances = {}
    key = module._identity or _identity(module, module._source)
    instance = instances.get(key)
    if instance is None:
        linker = Linker(module.engine)
        linker.define_wasi()
        if define is not None:
            define(linker)
        instance = instances[key] = Instance(Store(module.engine), module, linker)
        instance.initialize_reactor()
    return instance
