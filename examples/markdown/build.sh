#!/bin/sh
# Builds src/mdwasm/_md4c.wasm from md4c's sources, which are all in the folder $1, and collects the licences of what is in
# it. Needs clang, lld, wasi-libc and libclang-rt-dev-wasm32 of Debian.
#
#   sh build.sh ../../cache/sources/md4c
set -eu
md4c=$(cd "$1" && pwd)
cd "$(dirname "$0")"
clang --target=wasm32-wasi -O2 -mexec-model=reactor -s "-I$md4c" \
    binding.c "$md4c/entity.c" "$md4c/md4c.c" "$md4c/md4c-html.c" \
    -o src/mdwasm/_md4c.wasm
chmod 644 src/mdwasm/_md4c.wasm
mkdir -p licences
cp "$md4c/LICENSE.md" licences/md4c.md
cp /usr/share/doc/wasi-libc/copyright licences/wasi-libc.txt
