"""Rebuild every kernel's .wasm from its source, C or text format: ``python -m benchmarks.build [NAME ...]``.

C needs clang and lld, the text format ``wasm-tools``.

The results are committed, so that running the benchmarks needs no compiler. Kernels of code from elsewhere
(``vendored/``) are linked with wasi-libc, as their authors' code would be: a memcpy in them is its memcpy.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.catalogue import SIMD_SUFFIX

HERE = Path(__file__).parent
KERNELS = HERE / "kernels"

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

# Other people's warnings are theirs. No start function: nothing needs initialising, and nothing is imported.
VENDORED_FLAGS = (
    "--target=wasm32-wasi",
    "-std=gnu11",
    "-O2",
    "-DNDEBUG",
    "-w",
    f"-I{HERE / 'vendored' / 'stubs'}",
    "-nostartfiles",
    "-Wl,--no-entry",
    "-Wl,--strip-debug",
    "-Wl,-z,stack-size=65536",
)


def build(folder: Path) -> Path:
    """Compile a kernel's C files, or its text, to ``folder/kernel.wasm``."""
    output = folder / "kernel.wasm"
    text = folder / "kernel.wat"
    if text.exists():
        subprocess.run(["wasm-tools", "parse", str(text), "-o", str(output)], check=True)
        return output
    flags = VENDORED_FLAGS if "vendored/" in (folder / "kernel.c").read_text(encoding="utf-8") else FLAGS
    if folder.name.endswith(SIMD_SUFFIX):
        flags = (*flags, "-msimd128")
    subprocess.run(["clang", *flags, "-o", str(output), *map(str, sorted(folder.glob("*.c")))], check=True)
    return output


def main() -> None:
    wanted = sys.argv[1:] or sorted(
        path.parent.name for path in KERNELS.glob("*/kernel.[cw]*") if path.suffix != ".wasm"
    )
    for name in wanted:
        output = build(KERNELS / name)
        print(f"{name:14s} {output.stat().st_size:6d} bytes")


if __name__ == "__main__":
    main()
