"""Modules that were once compiled wrongly, each with what it has to do."""
