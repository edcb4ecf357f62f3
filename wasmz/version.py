"""The version of wasmz: in its packages, and in the keys of what it caches."""

from __future__ import annotations

__version__ = "0.1.0"
