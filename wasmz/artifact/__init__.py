"""Compiled modules on disk: the `.pyc` file, and the cache of such files."""
