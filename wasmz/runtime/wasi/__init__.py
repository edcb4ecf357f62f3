"""WASI preview 1 (docs/wasi.md): what a guest may do. ``functions.py`` says where each function is."""
