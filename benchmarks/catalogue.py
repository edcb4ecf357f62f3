"""The kernels: each a C program, its module, and the same algorithm as hand-written Python.

    load_kernels("sha")  -> [Kernel("sha256", topic="integers", size=12000, ...)]
    kernel.prepare_python(12000)()  -> 17089739044421329915

``kernel.py`` of a kernel defines ``TOPIC``, ``SIZE`` (20 to 100 ms by hand), ``SMALL_SIZE`` (for interpreters) and
``run(n)``. A kernel that works on data has ``prepare(n)`` as well, which is not timed; if the module exports ``put``,
it gets the bytes that ``input_bytes(n)`` returns before that. ``ORIGIN`` says whose code the C is, if it was not
written for the benchmarks; ``TOLERANCE`` how far floats may differ, relatively, where Python computes in another
precision; ``ENGINES`` which engines can run it, if not all. Others' C, and modules built of it, are not in the
repository: ``python -m benchmarks.build`` fetches and builds them.

``<name>_simd`` is kernel ``<name>`` compiled with vector instructions; it has the same ``kernel.py``.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import isclose
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.inputs import store

KERNELS = Path(__file__).parent / "kernels"
SIMD_SUFFIX = "_simd"
# The topic of loops over arrays of numbers, a group of their own beside the kernels.
NUMERIC = "numeric"
_ENGINES_WITH_SIMD = ("wasmz", "wasmtime")


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel; ``size`` is the argument that it is timed with."""

    name: str
    topic: str
    size: int
    small_size: int
    wasm: bytes
    python: ModuleType
    origin: str | None = None
    tolerance: float = 0.0
    engines: tuple[str, ...] | None = None

    def runs_on(self, engine: str) -> bool:
        """Whether an engine of this name can run it."""
        return self.engines is None or engine.partition(" ")[0] in self.engines

    def prepare_python(self, size: int) -> Callable[[], Any]:
        """The hand-written version, ready to run for ``size``."""
        prepare = getattr(self.python, "prepare", None)
        return partial(self.python.run, size) if prepare is None else partial(self.python.run, size, prepare(size))

    def prepare_wasm(self, exports: Mapping[str, Callable[..., Any]], size: int) -> Callable[[], Any]:
        """The module's version, ready to run for ``size``."""
        if hasattr(self.python, "input_bytes"):
            store(exports, self.python.input_bytes(size))
        elif hasattr(self.python, "prepare"):
            exports["prepare"](size)
        return partial(exports["run"], size)

    def same_result(self, one: Any, other: Any) -> bool:
        """Equal or close floats, or integers that differ only in whether the top bit is a sign."""
        if isinstance(one, float) or isinstance(other, float):
            return isclose(one, other, rel_tol=self.tolerance, abs_tol=0.0)
        return abs(one - other) in (0, 1 << 32, 1 << 64)


def kernel_names() -> list[str]:
    """The names of all kernels, built or not."""
    return sorted(path.parent.name for path in KERNELS.glob("*/kernel.[cw]*") if path.suffix != ".wasm")


def module_of(name: str) -> Path:
    """Where the module of the kernel is, or will be once it is built."""
    return KERNELS / name / "kernel.wasm"


def missing_kernels(pattern: str = "") -> list[str]:
    """The kernels whose name matches the regular expression ``pattern``, and which have not been built."""
    return [name for name in kernel_names() if re.search(pattern, name) and not module_of(name).exists()]


def load_kernels(pattern: str = "") -> list[Kernel]:
    """The kernels that are built and whose name matches the regular expression ``pattern``, by topic and name."""
    kernels = [load_kernel(name) for name in kernel_names() if re.search(pattern, name) and module_of(name).exists()]
    return sorted(kernels, key=lambda kernel: (kernel.topic, kernel.name))


def load_kernel(name: str) -> Kernel:
    """One kernel, which has been built."""
    folder = KERNELS / name.removesuffix(SIMD_SUFFIX)
    full_name = f"benchmarks.kernels.{name}"
    spec = importlib.util.spec_from_file_location(full_name, folder / "kernel.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"no kernel.py in {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full_name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    wasm = module_of(name).read_bytes()
    origin, tolerance = getattr(module, "ORIGIN", None), getattr(module, "TOLERANCE", 0.0)
    engines = _ENGINES_WITH_SIMD if name.endswith(SIMD_SUFFIX) else getattr(module, "ENGINES", None)
    return Kernel(name, module.TOPIC, module.SIZE, module.SMALL_SIZE, wasm, module, origin, tolerance, engines)
