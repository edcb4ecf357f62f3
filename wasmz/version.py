"""The version of wasmz, for its packages and for the keys of what it caches."""

from __future__ import annotations

__version__ = "0.1.0"
