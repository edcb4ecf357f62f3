"""Real programs from the package registries, run on wasmz and compared with outputs recorded under another engine."""
