"""Compiles IR to CPython code objects: scheduling, lowering by topic, assembly, a target for each Python version."""
