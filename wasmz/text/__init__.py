"""Reads and writes the text format: ``.wat`` files.

assemble("(module)")                 -> b"\\0asm\\1\\0\\0\\0"
print_module(data)                   -> "(module)"
"""

from __future__ import annotations

from wasmz.text.reading.assembler import assemble
from wasmz.text.writing.printer import print_module

__all__ = ["assemble", "print_module"]
