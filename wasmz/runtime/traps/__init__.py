"""Traps, exceptions, and the places where they came about."""
