"""The compiler's driver: compiles a module's bytes to its image, at once, lazily, again when hot, or in parallel."""
