"""Rewrite rules: ``*.rules`` are the tables that are read and changed, the Python beside them is made of them.

python -m wasmz.passes.rules.generate
"""
