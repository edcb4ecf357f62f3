"""Configurations of WASI programs. Settings can be set, but not read.

config = WasiConfig()
config.argv = ["prog", "-v"]
config.stdout_file = "out.txt"
config.preopen_dir("data", "/data")
store.set_wasi(config)                          config cannot be used again
"""

from __future__ import annotations

import errno
import os
import sys
from enum import Enum
from typing import TYPE_CHECKING, Any, Union

import wasmz
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._managed import Managed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
_WRITTEN = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
_BINARY = getattr(os, "O_BINARY", 0)


class _File:
    """A file that was opened for a guest, until it is closed or nothing refers to it."""

    def __init__(self, path: _Path, flags: int, what: str) -> None:
        self.descriptor = -1
        try:
            self.descriptor = os.open(path, flags | _BINARY | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError:
            raise WasmtimeError(f"failed to set {what} file") from None

    def close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


class _Setter:
    """An attribute that can only be set."""

    def __init__(self, doc: str, apply: Callable[[WasiConfig, Any], None]) -> None:
        self.__doc__ = f"{doc} It can only be set."
        self._apply = apply

    def __set__(self, config: WasiConfig, value: Any) -> None:
        config._check_open()
        self._apply(config, value)

    def __get__(self, config: WasiConfig | None, owner: type | None = None) -> Any:
        if config is None:
            return self
        raise AttributeError("this can only be set")


class WasiConfig(Managed[Any]):
    """Arguments, environment, streams and directories of WASI programs; initially they have none."""

    def __init__(self) -> None:
        """A configuration that provides nothing."""
        self._args: list[str] = []
        self._env: dict[str, str] = {}
        self._streams: dict[str, Any] = {}
        self._files: dict[str, _File] = {}
        self._directories: list[tuple[str, str, bool]] = []

    # For stores

    def _take(self) -> WasiConfig:
        self._consume()
        taken = WasiConfig.__new__(WasiConfig)
        taken.__dict__.update(self.__dict__, _is_closed=False)
        self._files = {}
        return taken

    def _close_files(self) -> None:
        for file in self._files.values():
            file.close()

    def _delete(self) -> None:
        self._close_files()

    def _own_config(self) -> wasmz.WasiConfig:
        stdin, stdout, stderr = (self._streams.get(name) for name in ("stdin", "stdout", "stderr"))
        config = wasmz.WasiConfig(self._args, self._env, stdin, stdout, stderr)
        for path, guest_path, is_mutable in self._directories:
            config.preopen_dir(path, guest_path, read_only=not is_mutable)
        return config

    # Arguments and environment

    def _set_argv(self, argv: list[str]) -> None:
        self._args = [_text(item) for item in argv]

    argv: _Setter = _Setter("The arguments, the program's name first.", _set_argv)

    def inherit_argv(self) -> None:
        """Passes on this process's arguments."""
        self._check_open()
        self._args = list(sys.orig_argv)

    def _set_env(self, pairs: Iterable[Iterable[str]]) -> None:
        env = {}
        for name, value in pairs:
            env[_text(name)] = _text(value)
        self._env = env

    env: _Setter = _Setter("The environment, as pairs of names and values.", _set_env)

    def inherit_env(self) -> None:
        """Passes on this process's environment."""
        self._check_open()
        self._env = wasmz.WasiConfig(inherit_env=True).env

    # Streams

    def _open(self, name: str, path: _Path, flags: int) -> None:
        file = _File(path, flags, name)
        previous = self._files.pop(name, None)
        self._files[name] = file
        self._streams[name] = file.descriptor
        if previous is not None:
            previous.close()

    def _inherit(self, name: str, descriptor: int) -> None:
        self._check_open()
        # As C does, without Python's buffers.
        self._streams[name] = descriptor if _is_open(descriptor) else "inherit"

    stdin_file: _Setter = _Setter(
        "The path of a file that the program reads. ``WasmtimeError``: it cannot be opened.",
        lambda config, path: config._open("stdin", path, os.O_RDONLY),
    )

    def inherit_stdin(self) -> None:
        """Passes on this process's standard input."""
        self._inherit("stdin", 0)

    stdout_file: _Setter = _Setter(
        "The path of a file that is written anew. ``WasmtimeError``: it cannot be opened.",
        lambda config, path: config._open("stdout", path, _WRITTEN),
    )
    stdout_custom: _Setter = _Setter(
        "A function that is called with the bytes of each output.",
        lambda config, callback: config._streams.update(stdout=_custom(callback)),
    )

    def inherit_stdout(self) -> None:
        """Passes on this process's standard output."""
        self._inherit("stdout", 1)

    stderr_file: _Setter = _Setter(
        "The path of a file that is written anew. ``WasmtimeError``: it cannot be opened.",
        lambda config, path: config._open("stderr", path, _WRITTEN),
    )
    stderr_custom: _Setter = _Setter(
        "A function that is called with the bytes of each output.",
        lambda config, callback: config._streams.update(stderr=_custom(callback)),
    )

    def inherit_stderr(self) -> None:
        """Passes on this process's standard error."""
        self._inherit("stderr", 2)

    # Directories

    def preopen_dir(
        self, path: str, guest_path: str, fs_mutable: bool | DirPerms = True, file_perms: Any = None
    ) -> None:
        """Provides the directory at ``path``, which the program calls ``guest_path``.

        Args:
            fs_mutable: whether anything in it can be changed; or a ``DirPerms``, as in older versions of the binding.
            file_perms: a ``FilePerms``, likewise.

        Raises:
            WasmtimeError: there is no such directory.
        """
        self._check_open()
        if not os.path.isdir(path):
            raise WasmtimeError("failed to add preopen dir")
        is_mutable = DirPerms.READ_ONLY is not fs_mutable if isinstance(fs_mutable, DirPerms) else bool(fs_mutable)
        if file_perms is FilePerms.READ_ONLY:
            is_mutable = False
        self._directories.append((os.path.abspath(_text(path)), _text(guest_path), is_mutable))


class DirPerms(Enum):
    """Permissions for a directory, in versions of the binding before 47."""

    READ_ONLY = 1
    WRITE_ONLY = 2
    READ_WRITE = 3


class FilePerms(Enum):
    """Permissions for files, in versions of the binding before 47."""

    READ_ONLY = 1
    WRITE_ONLY = 2
    READ_WRITE = 3


def _text(value: Any) -> str:
    """A string that can be passed to a guest."""
    value.encode()
    return str(value)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _custom(callback: Callable[[bytes], int | None]) -> Callable[[bytes], None]:
    """The function that wasmz calls with a guest's output."""

    def write(data: bytes) -> None:
        try:
            written = callback(bytes(data))
        except Exception as error:
            print("failed custom output, required to catch exception:", error)
            raise OSError(errno.EIO, "the function for the output failed") from None
        if written is not None and written < 0:
            raise OSError(-written, os.strerror(-written))

    return write
