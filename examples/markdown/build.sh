#!/bin/sh
# Builds src/mdwasm/_md4c.wasm. Needs clang, lld, wasi-libc and libclang-rt-dev-wasm32 of Debian.
set -eu
cd "$(dirname "$0")"
clang --target=wasm32-wasi -O2 -mexec-model=reactor -s -Ivendored/md4c \
    binding.c vendored/md4c/entity.c vendored/md4c/md4c.c vendored/md4c/md4c-html.c \
    -o src/mdwasm/_md4c.wasm
