"""Modules that were once compiled wrongly, each with its correct behaviour."""
