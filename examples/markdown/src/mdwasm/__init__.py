"""Markdown to HTML, by the C library md4c, compiled to WebAssembly and from there to Python bytecode.

mdwasm.to_html("# Hello *world*")     -> "<h1>Hello <em>world</em></h1>\\n"
"""

from __future__ import annotations

from threading import Lock

from mdwasm import _md4c

__all__ = ["to_html"]

# Of md4c: tables, strike-through, task lists, links without brackets.
_GITHUB = 0x0100 | 0x0200 | 0x0800 | 0x0004 | 0x0008 | 0x0400

# One instance serves all threads, one at a time: its memory holds the text and the result.
_lock = Lock()


def to_html(text: str, *, github: bool = False) -> str:
    """The HTML of a text in Markdown (CommonMark), with GitHub's extensions if ``github``.

    Raises:
        MemoryError: the text is too large for 4 GiB.
    """
    data = text.encode()
    with _lock:
        address = _md4c.allocate(len(data) or 1)
        if not address:
            raise MemoryError(f"no room for {len(data)} bytes")
        try:
            _md4c.memory.write(address, data)
            size = _md4c.render(address, len(data), _GITHUB if github else 0)
            if size < 0:
                raise MemoryError("no room for the HTML")
            return _md4c.memory.read(_md4c.html_address(), size).decode() if size else ""
        finally:
            _md4c.release(address)
