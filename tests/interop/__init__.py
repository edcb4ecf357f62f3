"""Modules as toolchains and registries ship them, with the host code that they expect."""
