"""Sandboxes for Python and JavaScript: wasmz.guests."""
