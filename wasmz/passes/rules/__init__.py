"""Rewrite rules: read and change the tables ``*.rules``; the Python files beside them are generated.

python -m wasmz.passes.rules.generate
"""
