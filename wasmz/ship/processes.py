"""Instances in worker processes, made once for each thread.

    worker_instance(module).exports.f(1)

How modules go to other processes is in ``compile/packing.py``.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from wasmz.compile.packing import identity
from wasmz.errors import bounded
from wasmz.module import ArcModule, Module
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.link.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

_threads = threading.local()


def worker_instance(module: Module | ArcModule, define: Callable[[Linker], None] | None = None) -> Instance:
    """This thread's own instance of a module, made at the first call and kept until the thread ends.

    For functions that a process pool or a cluster calls many times: making an instance takes longer than most calls.
    Memory and globals keep their contents between calls; functions that must not see them make an ``Instance`` of
    their own.

    Args:
        module: equal modules, of the same source and configuration, share the instance.
        define: called once, with the linker, to define imports besides WASI.

    Raises:
        TypeError: ``module`` is not a module.
        ValueError: the module is closed.
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
    key = identity(module, module._source)
    instance = instances.get(key)
    if instance is None:
        linker = Linker(module.engine)
        linker.define_wasi()
        if define is not None:
            define(linker)
        instance = instances[key] = Instance(Store(module.engine), module, linker)
        instance.initialize_reactor()
    return instance
