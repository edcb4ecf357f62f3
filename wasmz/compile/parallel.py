"""Compiles whole modules in any number of processes. The result does not depend on their number.

    image, code = compile_frozen(data, Config(), jobs=4)

Each function is frozen to bytes once it is compiled, so compiling takes no more memory than the result.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from wasmz.artifact.image_writer import join_frozen
from wasmz.compile.front_end import load_module, make_image
from wasmz.compile.pipeline import ModuleCompiler, find_deep_functions
from wasmz.compile.pool import make_pool
from wasmz.wasm.proposals import accepted_by

if TYPE_CHECKING:
    from wasmz.compile.pipeline import CallFacts, Progress
    from wasmz.config import Config
    from wasmz.irbuild.profiling import Profile
    from wasmz.runtime.image import FrozenCode, ModuleImage
    from wasmz.wasm.syntax import WasmModule

# How many bytes of WebAssembly code a process compiles between two messages.
_CHUNK_BYTES = 50_000

# For one function: its frozen code, its calls, and the names that its code needs.
_Made = tuple[bytes, "CallFacts", tuple[str, ...]]


def compile_frozen(
    data: bytes, config: Config, jobs: int = 1, progress: Progress | None = None, profile: Profile | None = None
) -> tuple[ModuleImage, FrozenCode]:
    """Compiles a whole module; returns its image without code, and the code.

    Args:
        data: the module.
        config: how to compile it.
        jobs: how many processes to use; 0 for as many as there are processors.
        progress: called with the number of functions compiled so far, and the number of all.
        profile: the counts of an earlier run.

    Raises:
        InvalidWasm, UnsupportedFeature: with the place in the module.
    """
    module = load_module(data, accepted_by(config))
    bodies = module.bodies
    frozen = []
    names: set[str] = set()
    calls: dict[int, CallFacts] = {}
    first = module.imported_function_count
    # Closed at once, also after Ctrl-C: otherwise the processes would be waited for.
    with closing(_compile_all(data, module, config, jobs, profile)) as results:
        for number, (content, facts, needed) in enumerate(results):
            frozen.append(content)
            calls[first + number] = facts
            names.update(needed)
            if progress is not None:
                progress(number + 1, len(bodies))
    deep = find_deep_functions(calls)
    is_deep = bytes(index in deep for index in range(first, first + len(bodies)))
    image = make_image(data, module, config, names=names)
    return image, join_frozen(first, frozen, is_deep)


def _compile_all(
    data: bytes, module: WasmModule, config: Config, jobs: int, profile: Profile | None
) -> Generator[_Made, None, None]:
    """The compiled functions, in order."""
    wanted = min(jobs or os.cpu_count() or 1, len(module.bodies))
    pool = make_pool(wanted, _compile_here, (data, config, profile)) if wanted > 1 else None
    if pool is None:
        worker = _Worker(data, module, config, profile)
        yield from map(worker.compile, range(len(module.bodies)))
        return
    with closing(pool.map(list(_chunks(module)))) as results:
        for made in results:
            yield from made


def _chunks(module: WasmModule) -> Iterator[Sequence[int]]:
    """Groups of positions of functions; a process compiles a group at a time."""
    start = size = 0
    for position, body in enumerate(module.bodies):
        size += body.end - body.start
        if size >= _CHUNK_BYTES:
            yield range(start, position + 1)
            start, size = position + 1, 0
    if start < len(module.bodies):
        yield range(start, len(module.bodies))


class _Worker:
    """Compiles functions of one module."""

    def __init__(self, data: bytes, module: WasmModule, config: Config, profile: Profile | None) -> None:
        self.compiler = ModuleCompiler(data, module, config)
        self.profile = profile

    def compile(self, position: int) -> _Made:
        """Compiles the function at a position in the module's code section."""
        function = self.compiler.compile_whole(self.compiler.module.bodies[position], self.profile)
        return function.made.freeze(), function.calls, tuple(sorted({*function.made.names()}))


def _compile_here(data: bytes, config: Config, profile: Profile | None) -> Callable[[Sequence[int]], list[_Made]]:
    """The function that compiles, in a process of the pool, the positions that are sent to it."""
    worker = _Worker(data, load_module(data, accepted_by(config)), config, profile)
    return lambda positions: list(map(worker.compile, positions))
