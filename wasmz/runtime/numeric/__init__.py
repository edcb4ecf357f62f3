"""Numeric instructions as functions, and the bit patterns of floats."""
