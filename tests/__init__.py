"""Tests of wasmz. A package, so that helpers can be imported by their full name."""
