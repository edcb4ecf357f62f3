"""Tests of wasmz. A package, so that helpers are imported by their full name from the checkout's root."""
