"""Compares wasmz with wasmtime on random modules, and single instructions with independent arithmetic."""
