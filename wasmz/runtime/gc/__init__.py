"""Structures and arrays of the garbage collection proposal: Python objects (docs/gc.md).

Imported only where a module, or the embedder, uses them.
"""
