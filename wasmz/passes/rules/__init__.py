"""Rewrite rules: ``*.rules`` are the tables to read and change; the Python files beside them are generated.

python -m wasmz.passes.rules.generate
"""
