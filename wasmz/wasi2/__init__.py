"""WASI 0.2: what components import of their host, over the same sandbox as preview 1 (``wasmz/runtime/wasi``)."""
