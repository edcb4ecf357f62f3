"""The compilation cache: a directory of precompiled files, found by what went into them.

A key is the hash of the module's bytes, of the options that change the code, and of the versions of wasmz and
Python. Files are written under another name and renamed, so that readers and other writers never see half of one. A
file that is damaged, or of something else, counts as missing and is written again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path

from wasmz._version import __version__
from wasmz.config import Config
from wasmz.precompiled import DamagedFile, decode_pyc, encode_pyc, hash_source
from wasmz.runtime.image import ModuleImage

DIRECTORY_VARIABLE = "WASMZ_CACHE_DIR"


class CacheWarning(UserWarning):
    """The cache cannot be used; compilation goes on without it."""


class Cache:
    """A cache directory; made by :func:`open_cache`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, data: bytes, config: Config) -> Path:
        """Where the compiled form of a module is kept."""
        return self.directory / f"{_key(data, config)}.{sys.implementation.cache_tag}.pyc"

    def load(self, data: bytes, config: Config) -> ModuleImage | None:
        """The compiled form of a module, or ``None`` if it is not there whole."""
        try:
            content = self.path(data, config).read_bytes()
        except OSError:
            return None
        try:
            return decode_pyc(content, hash_source(data))
        except DamagedFile:
            return None

    def store(self, data: bytes, config: Config, image: ModuleImage) -> None:
        """Keeps the compiled form of a module. Failures are warnings: the cache is no one's only copy."""
        path = self.path(data, config)
        try:
            write_atomically(path, encode_pyc(image, hash_source(data)))
        except OSError as error:
            warnings.warn(f"cannot write to the cache: {error}", CacheWarning, stacklevel=3)


def open_cache(config: Config) -> Cache | None:
    """The cache that a configuration names, made if need be; ``None`` if it is off or cannot be used."""
    if not config.use_cache:
        return None
    directory = _directory(config)
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        warnings.warn(f"cannot make the cache directory: {error}", CacheWarning, stacklevel=3)
        return None
    problem = _distrust(directory)
    if problem is not None:
        warnings.warn(f"not using the cache directory {directory}: {problem}", CacheWarning, stacklevel=3)
        return None
    return Cache(directory)


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that at every moment there is the old one or the new one, whole."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _directory(config: Config) -> Path:
    if config.cache_dir is not None:
        return Path(config.cache_dir)
    named = os.environ.get(DIRECTORY_VARIABLE)
    if named:
        return Path(named)
    # Imported only here: with a directory given, it is not needed.
    import platformdirs

    return Path(platformdirs.user_cache_dir("wasmz", appauthor=False))


def _distrust(directory: Path) -> str | None:
    """Why the files in a directory cannot be trusted to be ours: they are code, and get run."""
    if not hasattr(os, "geteuid"):
        # On Windows the user's profile is private by its access control list; a browser's sandbox has one user.
        return None
    status = directory.stat()
    if status.st_uid != os.geteuid():
        return "it belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "other users can write to it"
    return None


def _key(data: bytes, config: Config) -> str:
    digest = hashlib.blake2b(digest_size=20)
    options = (__version__, _development_state(), config.opt_level, config.legacy_exceptions)
    digest.update(repr(options).encode())
    digest.update(data)
    return digest.hexdigest()


@cache
def _development_state() -> str:
    """In a checkout of wasmz itself, changes with the compiler's sources; nothing in an installed package."""
    package = Path(__file__).parent
    if not (package.parent / "pyproject.toml").exists():
        return ""
    states = (path.stat() for path in sorted(package.rglob("*.py")))
    return hashlib.blake2b(repr([(s.st_size, s.st_mtime_ns) for s in states]).encode(), digest_size=8).hexdigest()
