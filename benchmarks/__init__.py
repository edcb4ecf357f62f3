"""Benchmarks of wasmz against other engines and hand-written Python: ``python -m benchmarks``."""
