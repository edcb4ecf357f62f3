"""From IR to CPython code objects: scheduling, lowering by topic, assembly, and one target per Python version."""
