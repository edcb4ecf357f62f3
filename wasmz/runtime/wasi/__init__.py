"""WASI preview 1 (docs/wasi.md). ``functions.py`` says in which file each function is."""
