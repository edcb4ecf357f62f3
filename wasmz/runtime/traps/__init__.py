"""Traps and exceptions, and the places where they were raised."""
