"""BLAKE2b, without what else ``hashlib`` loads: OpenSSL, 3 ms that a module from the cache need not spend."""

from __future__ import annotations

try:
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

__all__ = ["blake2b"]
