"""The compilation cache: a directory of precompiled files, named by hashes of what they are made from.

A key is the hash of the module's bytes, the options that change the code, and the versions of wasmz and Python. Files
are written under a temporary name and renamed, so readers and other writers never see half of one. A file that is
damaged, was made from something else, or that others can write to, counts as missing and is written again.
"""

from __future__ import annotations

import os
import stat
import sys
import time

from wasmz.artifact.pyc import (
    Codes,
    DamagedFile,
    decode_component,
    decode_functions,
    decode_pyc,
    drop_superseded,
    encode_component,
    encode_functions,
    encode_pyc,
    hash_source,
)
from wasmz.config import Config
from wasmz.runtime.image import FrozenCode, ModuleImage
from wasmz.startup.concurrency import load
from wasmz.startup.light import CodeType, blake2b, memoized
from wasmz.version import __version__

DIRECTORY_VARIABLE = "WASMZ_CACHE_DIR"

# Seconds to wait for other processes that write. Each takes some milliseconds; there may be many.
_LONGEST_WAIT = 60.0

# Nothing larger is marshalled as one object, so no compiled file has more bytes.
_LARGEST_FILE = (1 << 31) - 1

# The time of use of a file is accurate to this many seconds.
_USED_WITHIN = 3600.0


class CacheWarning(UserWarning):
    """The cache cannot be used; modules are compiled without it."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)


def _warn(message: str) -> None:
    # Imported only here: a start from the cache warns of nothing.
    load("warnings")
    import warnings

    try:
        warnings.warn(message, CacheWarning, stacklevel=4)
    except CacheWarning:
        # Warnings are errors here, but a run without a cache is as correct as one with it.
        if message not in _told and sys.stderr is not None:
            _told.add(message)
            print(f"CacheWarning: {message}", file=sys.stderr)


# Messages that were written to stderr because warnings are errors.
_told: set[str] = set()


class Cache:
    """A cache directory; made by :func:`open_cache`."""

    def __init__(self, directory: str, limit: int | None = None) -> None:
        self.directory = directory
        self.limit = limit

    def path(self, data: bytes, config: Config) -> str:
        """Where the compiled form of a module is kept."""
        return os.path.join(self.directory, f"{_key(data, config)}.{sys.implementation.cache_tag}.pyc")

    def load(self, data: bytes, config: Config) -> tuple[ModuleImage, FrozenCode] | None:
        """The compiled form of a module, image and code; ``None`` if the file is missing or damaged."""
        path = self.path(data, config)
        content = _read(path)
        if content is None:
            return None
        try:
            return decode_pyc(content, _mark(path))
        except DamagedFile:
            return None

    def lazy_path(self, data: bytes, config: Config) -> str:
        """Where the lazily compiled functions of a module are kept."""
        return os.path.join(self.directory, f"{_key(data, config)}.{sys.implementation.cache_tag}.tiers")

    def load_lazy(self, path: str) -> tuple[ModuleImage, Codes] | None:
        """What :meth:`store_lazy` stored; ``None`` if the file is missing or damaged."""
        content = _read(path)
        if content is None:
            return None
        try:
            return decode_functions(content, _mark(path))
        except DamagedFile:
            return None

    def store_lazy(self, path: str, image: ModuleImage, names: set[str], codes: Codes) -> None:
        """Adds functions to those that are stored already, perhaps by other processes. Failures are warnings."""
        try:
            with _Lock(self.directory):
                kept = self.load_lazy(path)
                if kept is not None:
                    codes = {**codes, **kept[1]}
                    names = names.union(kept[0].names)
                codes = drop_superseded(codes)
                if kept is None or codes.keys() - kept[1].keys():
                    _write(path, encode_functions(image, names, codes, _mark(path)))
            self._make_room()
        except OSError as error:
            _warn(f"cannot write to the cache: {error}")

    def store(self, data: bytes, config: Config, image: ModuleImage) -> None:
        """Stores the compiled form of a module. Failures are warnings: it can be compiled again."""
        path = self.path(data, config)
        try:
            _write(path, encode_pyc(image, _mark(path)))
            self._make_room()
        except OSError as error:
            _warn(f"cannot write to the cache: {error}")

    def component_path(self, data: bytes, config: Config) -> str:
        """Where a component is kept, decoded and validated, with the code of functions that were called."""
        return os.path.join(self.directory, f"{_key(data, config)}.{sys.implementation.cache_tag}.component")

    def load_component(self, path: str) -> tuple[bytes, dict[str, CodeType]] | None:
        """What :meth:`store_component` kept, or ``None`` if it is not there whole."""
        content = _read(path)
        if content is None:
            return None
        try:
            return decode_component(content, _mark(path))
        except DamagedFile:
            return None

    def store_component(self, path: str, described: bytes, codes: dict[str, CodeType]) -> None:
        """Keeps a component. Failures are warnings."""
        try:
            _write(path, encode_component(described, codes, _mark(path)))
            self._make_room()
        except OSError as error:
            _warn(f"cannot write to the cache: {error}")

    def _make_room(self) -> None:
        """Removes the least recently used files if the directory has grown too large; at most once in a process."""
        if self.limit is not None and self.directory not in _pruned:
            _pruned.add(self.directory)
            load("wasmz.artifact.upkeep")
            from wasmz.artifact.upkeep import entries, prune

            if sum(entry.size for entry in entries(self.directory)) > self.limit:
                # More than necessary, so that this happens rarely.
                prune(self.directory, self.limit // 4 * 3)


def _write(path: str, content: bytes) -> None:
    """Replaces an entry, whatever it is, except a directory that is not empty."""
    try:
        write_atomically(path, content)
    except OSError:
        if not os.path.isdir(path) or os.path.islink(path):
            raise
        try:
            os.rmdir(path)
        except OSError:
            return
        write_atomically(path, content)


# Directories in which this process has made room.
_pruned: set[str] = set()


def _mark(path: str) -> bytes:
    """What a file says that it was made from: the key in its name. A file under another name is not used."""
    return hash_source(os.path.basename(path).partition(".")[0].encode())


def _read(path: str) -> bytes | None:
    """The content of a file of the cache, or ``None``; records that the file was used."""
    try:
        content, status = read_regular(path)
    except OSError:
        return None
    if _distrust(status) is not None:
        return None
    # Most systems do not keep times of access. The time of modification is set instead, rarely: that is accurate
    # enough.
    if time.time() - status.st_mtime > _USED_WITHIN:
        try:
            os.utime(path)
        except OSError:
            pass
    return content


def read_regular(path: str) -> tuple[bytes, os.stat_result]:
    """The content of a file, and its status.

    Raises:
        OSError: it cannot be read, is not a regular file (opening a pipe would wait for a writer), or is too large.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is not a regular file")
        if status.st_size > _LARGEST_FILE:
            raise OSError(f"{path} has {status.st_size} bytes")
        try:
            return file.read(), status
        except MemoryError:
            raise OSError(f"not enough memory for {path}") from None


def open_cache(config: Config) -> Cache | None:
    """The cache that a configuration names, made if it is missing; ``None`` if it is off or cannot be used."""
    if not config.use_cache:
        return None
    directory = cache_directory(config)
    try:
        os.makedirs(directory, exist_ok=True, mode=0o700)
        problem = distrust(directory)
    except OSError as error:
        _warn(f"cannot make the cache directory: {error}")
        return None
    if problem is not None:
        _warn(f"not using the cache directory {directory}: {problem}")
        return None
    return Cache(directory, config.cache_limit_bytes)


def write_atomically(path: str | os.PathLike[str], content: bytes, mode: int = 0o600) -> None:
    """Writes a file so that readers see either the old file or the new one, whole, at any moment.

    ``mode`` is the permissions of a new file, less the process's umask.

    Raises:
        OSError: naming the file that was to be written.
    """
    folder, name = os.path.split(path)
    # As tempfile does; importing that takes 10 ms.
    temporary = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
            os.replace(temporary, path)
        except BaseException:
            try:
                os.unlink(temporary)
            except OSError:
                pass
            raise
    except OSError as error:
        # The temporary file's name would mean nothing to the user.
        error.filename, error.filename2 = os.fspath(path), None
        raise


def write_output(path: str | os.PathLike[str], content: bytes, mode: int = 0o666) -> None:
    """Writes a file that the user named. Links are followed; devices and pipes are written to, not replaced.

    Raises:
        OSError: naming the file.
    """
    if not os.path.basename(path) or (os.path.exists(path) and not os.path.isfile(path)):
        with open(path, "wb") as file:
            file.write(content)
    else:
        write_atomically(os.path.realpath(path) if os.path.islink(path) else path, content, mode)


class _Lock:
    """A lock that lets one process at a time add to files of a directory, on platforms that have such locks.

    Raises:
        TimeoutError: other processes held it for too long; one that was stopped might hold it for ever.
    """

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.descriptor = -1

    def __enter__(self) -> None:
        try:
            load("fcntl")
            import fcntl
        except ImportError:
            return
        self.descriptor = os.open(self.directory, os.O_RDONLY)
        deadline = time.monotonic() + _LONGEST_WAIT
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(self.descriptor)
                    raise TimeoutError(f"{self.directory} is locked by another process") from None
            time.sleep(0.005)

    def __exit__(self, *error: object) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)


def cache_directory(config: Config) -> str:
    """The directory of the cache, whether it is there or not."""
    if config.cache_dir is not None:
        return os.fspath(config.cache_dir)
    named = os.environ.get(DIRECTORY_VARIABLE)
    if named:
        return named
    return _usual_directory()


def _usual_directory() -> str:
    """The directory that platformdirs would give. Importing it takes 20 ms; only Windows needs it."""
    if sys.platform == "win32":
        load("platformdirs")
        import platformdirs

        return platformdirs.user_cache_dir("wasmz", appauthor=False)
    named = os.environ.get("XDG_CACHE_HOME", "")
    # Relative paths are to be ignored (XDG Base Directory Specification).
    if named.startswith("/"):
        return os.path.join(named, "wasmz")
    home = os.path.expanduser("~") if os.environ.get("HOME", "").startswith("/") else _home_of_user()
    return os.path.join(home, *(("Library", "Caches") if sys.platform == "darwin" else (".cache",)), "wasmz")


def _home_of_user() -> str:
    """The home directory in the system's database of users; the root if it has none."""
    try:
        # Built into the interpreter where it exists.
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        return "/"


def distrust(directory: str) -> str | None:
    """Why the files in a directory may not be ours, or ``None``. They are code that gets run."""
    return _distrust(os.stat(directory))


def _distrust(status: os.stat_result) -> str | None:
    """Why a directory, or a file, may have been written by others, or ``None``."""
    if not hasattr(os, "geteuid"):
        # On Windows, access control lists keep the user's profile private; a browser's sandbox has one user.
        return None
    if status.st_uid != os.geteuid():
        return "it belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "other users can write to it"
    return None


def compiler_state(config: Config) -> tuple[object, ...]:
    """Everything besides the module that its code depends on."""
    return (__version__, _development_state(), *config.key)


def _key(data: bytes, config: Config) -> str:
    digest = blake2b(digest_size=20)
    digest.update(repr(compiler_state(config)).encode())
    digest.update(data)
    return digest.hexdigest()


@memoized
def _development_state() -> str:
    """In a checkout of wasmz, a value that changes with the compiler's sources; empty in an installed package."""
    package = os.path.dirname(os.path.dirname(__file__))
    if not os.path.exists(os.path.join(os.path.dirname(package), "pyproject.toml")):
        return ""
    states = []
    folders = [os.path.join(package, name) for name in _COMPILER]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    states.append((entry.path, status.st_size, status.st_mtime_ns))
                elif entry.name != "__pycache__" and entry.is_dir():
                    folders.append(entry.path)
    return blake2b(repr(sorted(states)).encode(), digest_size=8).hexdigest()


# The folders whose files determine the generated code. (What code relies on in the runtime has a fingerprint.)
_COMPILER = ("baseline", "codegen", "compile", "ir", "irbuild", "passes", "wasm")
