"""What modules built by emscripten import of the system: its system calls, over the same sandbox as WASI."""
