"""Compares wasmz with wasmtime on modules made at random, and single instructions with arithmetic done by hand."""
