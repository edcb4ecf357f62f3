"""Rebuild every kernel's .wasm from its C source with clang and lld: ``python -m benchmarks.build [NAME ...]``.

The results are committed, so that running the benchmarks needs no compiler.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

KERNELS = Path(__file__).parent / "kernels"

# No C library: -fno-builtin keeps clang from turning loops into calls of memcpy and memset.
FLAGS = (
    "--target=wasm32",
    "-std=c11",
    "-O2",
    "-ffreestanding",
    "-fno-builtin",
    "-nostdlib",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-unused-parameter",
    "-Wl,--no-entry",
    "-Wl,--strip-debug",
    "-Wl,-z,stack-size=16384",
)


def build(folder: Path) -> Path:
    """Compile ``folder/kernel.c`` to ``folder/kernel.wasm``."""
    output = folder / "kernel.wasm"
    subprocess.run(["clang", *FLAGS, "-o", str(output), str(folder / "kernel.c")], check=True)
    return output


def main() -> None:
    wanted = sys.argv[1:] or sorted(path.parent.name for path in KERNELS.glob("*/kernel.c"))
    for name in wanted:
        output = build(KERNELS / name)
        print(f"{name:14s} {output.stat().st_size:6d} bytes")


if __name__ == "__main__":
    main()
