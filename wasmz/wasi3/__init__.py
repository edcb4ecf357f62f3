"""WASI 0.3 for components: asynchronous functions, streams and futures over the guest and the sandbox of WASI 0.2."""
