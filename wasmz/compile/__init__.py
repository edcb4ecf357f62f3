"""The compiler's driver: from a module's bytes to its image, whole, lazily, hot functions again, in parallel."""
