"""Runs compiled modules: memories, tables, instances, traps. Never imports the compiler or ``bytecode``."""
