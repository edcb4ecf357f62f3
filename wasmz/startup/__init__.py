"""Keeps start-up short: parts of the standard library without their imports, and safe late imports."""
