"""The kernels: each a C program, its module, and the same algorithm as hand-written Python.

    load_kernels("sha")  -> [Kernel("sha256", topic="integers", size=12000, ...)]
    kernel.prepare_python(12000)()  -> 17089739044421329915

``kernel.py`` of a kernel defines ``TOPIC``, ``SIZE`` (20 to 100 ms by hand), ``SMALL_SIZE`` (for interpreters) and
``run(n)``. A kernel that works on data has ``prepare(n)`` as well, in both languages, which is not timed.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

KERNELS = Path(__file__).parent / "kernels"


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel; ``size`` is the argument that it is timed with."""

    name: str
    topic: str
    size: int
    small_size: int
    wasm: bytes
    python: ModuleType

    def prepare_python(self, size: int) -> Callable[[], Any]:
        """The hand-written version, ready to run for ``size``."""
        prepare = getattr(self.python, "prepare", None)
        return partial(self.python.run, size) if prepare is None else partial(self.python.run, size, prepare(size))


def load_kernels(pattern: str = "") -> list[Kernel]:
    """The kernels whose name matches the regular expression ``pattern``, by topic and name."""
    names = sorted(path.parent.name for path in KERNELS.glob("*/kernel.py"))
    kernels = [_load(name) for name in names if re.search(pattern, name)]
    return sorted(kernels, key=lambda kernel: (kernel.topic, kernel.name))


def same_result(one: Any, other: Any) -> bool:
    """Equal floats, or integers that differ only in whether the top bit is a sign."""
    if isinstance(one, float) or isinstance(other, float):
        return bool(one == other)
    return abs(one - other) in (0, 1 << 32, 1 << 64)


def _load(name: str) -> Kernel:
    folder = KERNELS / name
    full_name = f"benchmarks.kernels.{name}"
    spec = importlib.util.spec_from_file_location(full_name, folder / "kernel.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"no kernel.py in {folder}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[full_name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    wasm = (folder / "kernel.wasm").read_bytes()
    return Kernel(name, module.TOPIC, module.SIZE, module.SMALL_SIZE, wasm, module)
