"""Standard streams: connect a guest's memory with files of the host, without copying where possible.

open_output(io.BytesIO(), "stdout").write([view])   -> number of bytes written
open_input(b"abc").read([view])                     -> number of bytes read; 0 at the end
"""

from __future__ import annotations

import io
import os
import stat
import sys

from wasmz.runtime.wasi.descriptors import Descriptor, Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FdFlags, FileType, Rights
from wasmz.startup.concurrency import load, new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.runtime.limits.budgets import HostBudget
    from wasmz.runtime.wasi.descriptors import Stat

# How much is read at once from a buffered file, which would otherwise keep the rest where it cannot be polled.
_CHUNK: Final = 1 << 16

_ACCEPTED: Final = "a file object, a file descriptor, a callable, None or 'inherit'"


class Stream(Descriptor):
    """Shared by input and output streams."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        # Guests look at a descriptor's type to find out whether it is a terminal.
        self.file_type = FileType.CHARACTER_DEVICE if is_terminal else FileType.UNKNOWN

    def seek(self, offset: int, whence: int) -> int:
        raise Failure(Errno.SPIPE)

    def stat(self) -> Stat:
        return 0, 0, self.file_type, 0, 0, 0, 0, 0

    def set_flags(self, flags: int) -> None:
        # Only for the guest: other users of the same file in the host see no change.
        self.flags = flags

    def sync(self, *, data_only: bool) -> None:
        self.flush()


class InputStream(Stream):
    """A source of a guest's input."""

    @property
    def rights(self) -> tuple[int, int]:
        return Rights.FD_READ | Rights.FD_FILESTAT_GET | Rights.POLL_FD_READWRITE, 0

    def read(self, targets: list[memoryview]) -> int:
        self._wait()
        total = 0
        for target in targets:
            got = self.read_into(target)
            total += got
            if got < len(target):
                break
        return total

    def read_at(self, targets: list[memoryview], offset: int) -> int:
        raise Failure(Errno.SPIPE)

    def read_into(self, target: memoryview) -> int:
        """Fills the target with what there is, waiting at most once; returns the number of bytes, 0 at the end."""
        raise NotImplementedError

    def _wait(self) -> None:
        """Waits for input, so that the thread can be stopped; ``Failure(AGAIN)`` if the guest does not want to wait."""
        if self.flags & FdFlags.NONBLOCK:
            handle = self.wait_handle()
            if handle is not None:
                load("wasmz.runtime.wasi.waiting")
                from wasmz.runtime.wasi.waiting import is_readable

                if not is_readable(handle):
                    raise Failure(Errno.AGAIN)
        else:
            load("wasmz.runtime.wasi.waiting")
            from wasmz.runtime.wasi.waiting import can_wait_in_system, wait_until_readable

            if not can_wait_in_system():
                handle = self.wait_handle()
                if handle is not None:
                    wait_until_readable(handle)


class OutputStream(Stream):
    """A destination of a guest's output."""

    @property
    def rights(self) -> tuple[int, int]:
        return Rights.FD_WRITE | Rights.FD_FILESTAT_GET | Rights.POLL_FD_READWRITE, 0

    def write(self, sources: list[memoryview]) -> int:
        total = 0
        for source in sources:
            taken = self.write_from(source)
            total += taken
            if taken < len(source):
                break
        self.flush()
        return total

    def write_at(self, sources: list[memoryview], offset: int) -> int:
        raise Failure(Errno.SPIPE)

    def write_from(self, source: memoryview) -> int:
        """Takes bytes from the source; returns how many."""
        raise NotImplementedError


def open_output(sink: Any, inherited: str) -> OutputStream:
    """The stream for ``WasiConfig.stdout`` or ``stderr``; ``inherited`` names the attribute of ``sys`` to inherit."""
    if isinstance(sink, str):
        if sink != "inherit":
            raise ValueError(f"{inherited} must be {_ACCEPTED}, not {sink!r}")
        return _InheritedOutput(inherited)
    if sink is None:
        return _Discard()
    if isinstance(sink, bytearray):
        return _ArrayOutput(sink)
    if _is_number(sink):
        return _DescriptorOutput(_checked_number(sink, inherited))
    if hasattr(sink, "write"):
        if not _is_text(sink):
            return _FileOutput(sink)
        binary = getattr(sink, "buffer", None)
        return _TextOutput(sink) if binary is None else _FileOutput(binary, sink)
    if callable(sink):
        return _CallOutput(sink)
    raise TypeError(f"{inherited} must be {_ACCEPTED}, not {sink!r}")


def open_input(source: Any) -> InputStream:
    """The stream for ``WasiConfig.stdin``."""
    if isinstance(source, str):
        if source != "inherit":
            raise ValueError(f"stdin must be bytes, {_ACCEPTED}, not {source!r}")
        return _InheritedInput()
    if source is None:
        source = b""
    if isinstance(source, (bytes, bytearray, memoryview)):
        source = io.BytesIO(source)
    if _is_number(source):
        return _DescriptorInput(_checked_number(source, "stdin"))
    if hasattr(source, "read"):
        if not _is_text(source):
            return _FileInput(source)
        binary = getattr(source, "buffer", None)
        return _TextInput(source) if binary is None else _FileInput(binary)
    if callable(source):
        return _CallInput(source)
    raise TypeError(f"stdin must be bytes, {_ACCEPTED}, not {source!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _checked_number(number: int, name: str) -> int:
    try:
        os.fstat(number)
    except (OSError, OverflowError):
        raise ValueError(f"{name} must be an open file descriptor, but {number} is not") from None
    return number


def _is_text(file: Any) -> bool:
    return isinstance(file, io.TextIOBase) or (not isinstance(file, io.IOBase) and hasattr(file, "encoding"))


def _is_terminal(file: Any) -> bool:
    isatty = getattr(file, "isatty", None)
    return isatty is not None and bool(isatty())


class _InheritedOutput(OutputStream):
    """The current ``sys.stdout`` or ``sys.stderr`` at each write, as for ``print``: it may be replaced."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._current: tuple[Any, OutputStream] = None, _Discard()

    def _stream(self) -> OutputStream:
        sink = getattr(sys, self._name, None)
        known, stream = self._current
        if sink is not known:
            stream = open_output(sink, self._name)
            self._current = sink, stream
        return stream

    @property
    def file_type(self) -> int:
        return self._stream().file_type

    @file_type.setter
    def file_type(self, file_type: int) -> None:
        """Ignored: it is the current stream's."""

    def write(self, sources: list[memoryview]) -> int:
        return self._stream().write(sources)

    def write_from(self, source: memoryview) -> int:
        return self._stream().write_from(source)

    def flush(self) -> None:
        # What was never written to needs no stream.
        if self._current[0] is not None:
            self._stream().flush()

    def wait_handle(self) -> Any:
        return self._stream().wait_handle()


class _InheritedInput(InputStream):
    """The current ``sys.stdin`` at each read."""

    def __init__(self) -> None:
        super().__init__()
        self._current: tuple[Any, InputStream] = None, open_input(b"")

    def _stream(self) -> InputStream:
        source = sys.stdin
        known, stream = self._current
        if source is not known:
            stream = open_input(source)
            self._current = source, stream
        return stream

    @property
    def file_type(self) -> int:
        return self._stream().file_type

    @file_type.setter
    def file_type(self, file_type: int) -> None:
        """Ignored: it is the current stream's."""

    def read(self, targets: list[memoryview]) -> int:
        self._wait()
        return self._stream().read(targets)

    def read_into(self, target: memoryview) -> int:
        return self._stream().read_into(target)

    def wait_handle(self) -> Any:
        return self._stream().wait_handle()

    def pending_bytes(self) -> int:
        return self._stream().pending_bytes()


class _Discard(OutputStream):
    def write_from(self, source: memoryview) -> int:
        return len(source)


class _CallOutput(OutputStream):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self._function = function

    def write_from(self, source: memoryview) -> int:
        self._function(bytes(source))
        return len(source)


class _ArrayOutput(OutputStream):
    """Appends to a bytearray. What a guest appends counts in the budget of its store."""

    def __init__(self, sink: bytearray) -> None:
        super().__init__()
        self._sink = sink
        self._budget: HostBudget | None = None
        # How many of its bytes are counted, and its size after the last output.
        self._counted = self._size = 0
        self._lock = new_lock()

    def charge_to(self, budget: HostBudget) -> None:
        """Counts output from now on in the budget of a store; a later budget replaces it."""
        with self._lock:
            if budget is not self._budget:
                if self._budget is not None:
                    self._budget.release(self._counted)
                self._budget, self._counted = budget, 0

    def write_from(self, source: memoryview) -> int:
        if self._budget is not None:
            with self._lock:
                # Bytes that the host has removed.
                taken = min(self._size - len(self._sink), self._counted)
                if taken > 0:
                    self._budget.release(taken)
                    self._counted -= taken
                self._size = len(self._sink)
                if not self._budget.reserve(len(source)):
                    raise Failure(Errno.NOSPC)
                self._counted += len(source)
                self._size += len(source)
        self._sink.extend(source)
        return len(source)


class _DescriptorOutput(OutputStream):
    """A file descriptor of this process."""

    def __init__(self, number: int) -> None:
        load("wasmz.runtime.wasi.waiting")
        super().__init__(is_terminal=os.isatty(number))
        self._number = number
        self._is_regular = stat.S_ISREG(os.fstat(number).st_mode)

    def write(self, sources: list[memoryview]) -> int:
        load("wasmz.runtime.wasi.waiting")
        from wasmz.runtime.wasi.waiting import write_to

        return write_to(self._number, sources, waits=not self._is_regular)

    def wait_handle(self) -> int:
        return self._number


class _FileOutput(OutputStream):
    """A binary file, perhaps below a text file whose buffered output has to be written first."""

    def __init__(self, file: Any, text: Any = None) -> None:
        super().__init__(is_terminal=_is_terminal(file))
        self._file = file
        self._text = text
        # Other kinds of objects might keep the views, whose content changes.
        self._takes_views = isinstance(file, io.IOBase)

    def write_from(self, source: memoryview) -> int:
        if self._text is not None:
            self._text.flush()
        written = self._file.write(source if self._takes_views else bytes(source))
        return len(source) if written is None else int(written)

    def flush(self) -> None:
        flush = getattr(self._file, "flush", None)
        if flush is not None:
            flush()


class _TextOutput(OutputStream):
    """A text file without a binary file below, such as a notebook's."""

    def __init__(self, file: Any) -> None:
        load("codecs")
        import codecs

        super().__init__()
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write_from(self, source: memoryview) -> int:
        self._file.write(self._decoder.decode(bytes(source)))
        return len(source)

    def flush(self) -> None:
        self._file.flush()


class _DescriptorInput(InputStream):
    """A file descriptor of this process."""

    def __init__(self, number: int) -> None:
        load("wasmz.runtime.wasi.waiting")
        super().__init__(is_terminal=os.isatty(number))
        self._number = number

    def read(self, targets: list[memoryview]) -> int:
        self._wait()
        load("wasmz.runtime.wasi.waiting")
        from wasmz.runtime.wasi.waiting import read_from

        return read_from(self._number, targets, waits=False)

    def wait_handle(self) -> int:
        return self._number


class _PendingInput(InputStream):
    """A source that decides itself how much it returns; bytes that the guest did not ask for are kept here."""

    _pending: bytes | memoryview = b""

    def read_into(self, target: memoryview) -> int:
        if not self._pending:
            self._pending = self.fetch(len(target))
        data = self._pending[: len(target)]
        self._pending = self._pending[len(data) :]
        target[: len(data)] = data
        return len(data)

    def fetch(self, size: int) -> bytes | memoryview:
        """More input, perhaps more than ``size`` bytes; empty at the end."""
        raise NotImplementedError

    def pending_bytes(self) -> int:
        return len(self._pending) or 1


class _FileInput(_PendingInput):
    def __init__(self, file: Any) -> None:
        super().__init__(is_terminal=_is_terminal(file))
        self._file = file
        self._handle = None
        # Buffered files would wait until all bytes are there; read1 returns what one read of the system returns.
        self._is_buffered = isinstance(file, io.BufferedReader)
        self._read_into = getattr(file, "readinto", None)
        if isinstance(file, (io.BufferedReader, io.FileIO)):
            self._handle = file.fileno()
        # Whether the host may have read ahead, which cannot be seen from outside.
        self._may_have_more = self._is_buffered

    def read_into(self, target: memoryview) -> int:
        if self._is_buffered or self._read_into is None:
            return super().read_into(target)
        count = self._read_into(target)
        if count is None:
            raise BlockingIOError(11, "no input now")
        return int(count)

    def fetch(self, size: int) -> bytes | memoryview:
        # For a buffered file, this returns everything in its buffer, or what one read of the system returns.
        data = self._file.read1(max(size, _CHUNK)) if self._is_buffered else self._file.read(size)
        if data is None:
            raise BlockingIOError(11, "no input now")
        return memoryview(data)

    def wait_handle(self) -> Any:
        if self._may_have_more:
            self._may_have_more = False
            self._pending = _read_ahead(self._file, self._handle)
        # Bytes that are kept here are ready without waiting.
        return None if self._pending else self._handle


def _read_ahead(file: Any, number: Any) -> bytes:
    """The bytes that are in a file's buffer already. For this moment, the file must not wait."""
    try:
        is_blocking = os.get_blocking(number)
        os.set_blocking(number, False)
        try:
            data: bytes = file.read1(len(file.peek()))
            return data
        finally:
            os.set_blocking(number, is_blocking)
    except (AttributeError, OSError, ValueError):
        return b""


class _TextInput(_PendingInput):
    def __init__(self, file: Any) -> None:
        super().__init__()
        self._file = file

    def fetch(self, size: int) -> bytes:
        return bytes(self._file.readline().encode("utf-8", "surrogateescape"))


class _CallInput(_PendingInput):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self._function = function

    def fetch(self, size: int) -> bytes:
        return bytes(self._function(size))
