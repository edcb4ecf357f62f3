"""Prints modules as text: types, instructions, folded or not, and the rest."""
