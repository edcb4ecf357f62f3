"""Tests of how components are called: the canonical ABI, linking, and Python's side of values."""
