"""Assembles text: splits it into tokens, parses them, and encodes the module."""
