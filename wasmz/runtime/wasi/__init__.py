"""WASI preview 1 (docs/wasi.md): what a guest may do, function by function. ``linking.py`` defines it in a linker."""
