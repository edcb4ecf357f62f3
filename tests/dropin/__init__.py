"""Tests of the drop-in for the package ``wasmtime``: against the binding itself, and by the binding's own tests."""
