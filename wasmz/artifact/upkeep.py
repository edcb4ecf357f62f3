"""Maintains a cache directory: lists its entries, and removes some when it grows too large.

    entries(directory)                    -> [Entry(name="3f...9.cpython-312.pyc", size=18234, used=1760000000.0), ...]
    prune(directory, max_bytes=1 << 30)   -> the entries that it removed, the least recently used first

Only files that are named as the cache names them are considered. A file that another process is using may be removed:
that process has it open, or treats it as missing.
"""

from __future__ import annotations

import os
import stat
import time

from wasmz.startup.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Hexadecimal digits of a key, and of the random suffix of write_atomically's temporary files.
_KEY_DIGITS = 40
_ENDING_DIGITS = 16
_HEXADECIMAL = frozenset("0123456789abcdef")
# After so many seconds, a temporary file was left by a process that was killed.
_ABANDONED_SECONDS = 3600.0


class Entry(Record):
    """A file of the cache.

    Attributes:
        name: its name in the directory: a key, the Python version, and ``pyc`` for a whole module, ``component`` for a
            component, or ``tiers`` for lazily compiled functions.
        size: in bytes.
        used: when it was written or last read, as a POSIX timestamp, accurate to an hour.
    """

    name: str
    size: int
    used: float

    @property
    def python(self) -> str:
        """The tag of its Python version, as ``cpython-312``."""
        return self.name.split(".")[1]


def entries(directory: str) -> list[Entry]:
    """All entries, the most recently used first; none if the directory does not exist."""
    return sorted(_matching(directory, _is_name), key=lambda entry: entry.used, reverse=True)


def prune(directory: str, max_bytes: int | None = None, older_than: float | None = None) -> list[Entry]:
    """Removes entries not used for ``older_than`` seconds, then the least recently used until all fit.

    Temporary files of processes that were killed while writing are removed, too.
    """
    now = time.time()
    _remove(directory, [item for item in _matching(directory, _is_unfinished) if now - item.used > _ABANDONED_SECONDS])
    kept = entries(directory)
    total = sum(entry.size for entry in kept)
    chosen: list[Entry] = []
    for entry in reversed(kept):
        is_old = older_than is not None and now - entry.used > older_than
        if not is_old and (max_bytes is None or total <= max_bytes):
            break
        chosen.append(entry)
        total -= entry.size
    return _remove(directory, chosen)


def clear(directory: str) -> list[Entry]:
    """Removes all entries."""
    _remove(directory, _matching(directory, _is_unfinished))
    return _remove(directory, entries(directory))


def _is_name(name: str) -> bool:
    """Whether a file is named like an entry: a key, a tag of a Python version, a kind."""
    # Without the module re: this runs whenever something has been compiled, and importing re takes 3 ms.
    key, _, rest = name.partition(".")
    tag, _, kind = rest.partition(".")
    is_tag = tag.replace("-", "_").isidentifier() or tag.isalnum()
    return kind in ("pyc", "tiers", "component") and is_tag and len(key) == _KEY_DIGITS and _HEXADECIMAL.issuperset(key)


def _is_unfinished(name: str) -> bool:
    """Whether it is a temporary file of :func:`~wasmz.artifact.cache.write_atomically`."""
    begun, _, ending = name.rpartition(".")
    is_ending = len(ending) == _ENDING_DIGITS and _HEXADECIMAL.issuperset(ending)
    return is_ending and begun.startswith(".") and _is_name(begun[1:])


def _matching(directory: str, is_wanted: Callable[[str], bool]) -> list[Entry]:
    found = []
    try:
        with os.scandir(directory) as files:
            for file in files:
                if is_wanted(file.name):
                    try:
                        status = file.stat(follow_symlinks=False)
                    except OSError:
                        continue  # another process removed it
                    if stat.S_ISREG(status.st_mode):
                        found.append(Entry(file.name, status.st_size, status.st_mtime))
    except FileNotFoundError:
        pass
    return found


def _remove(directory: str, chosen: Iterable[Entry]) -> list[Entry]:
    removed = []
    for entry in chosen:
        try:
            os.unlink(os.path.join(directory, entry.name))
        except OSError:
            continue  # another process removed it, or has it open, on Windows
        removed.append(entry)
    return removed
