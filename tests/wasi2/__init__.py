"""Tests of WASI 0.2: of its host's side by itself, and of components that use it."""
