"""The version, in one place: packaging reads it from here, and it is part of every cache key."""

__version__ = "0.1.0"
