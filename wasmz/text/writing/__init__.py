"""Bytes to text: types, instructions, folded or not, and the rest of a module."""
