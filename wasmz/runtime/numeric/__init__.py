"""Numeric instructions as functions, and the bits of floats."""
