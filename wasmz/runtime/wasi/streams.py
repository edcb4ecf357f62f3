"""Standard streams: between a guest's memory and whatever the host offers as a file, without a copy where possible.

open_output(io.BytesIO()).write(view)     -> number of bytes taken
open_input(b"abc").read_into(view)        -> number of bytes given; 0 at the end
"""

from __future__ import annotations

import io
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol
else:
    Protocol = object


class OutputStream(Protocol):
    """Where a guest's output goes."""

    is_terminal: bool

    def write(self, data: memoryview) -> int:
        """Takes bytes; how many."""

    def flush(self) -> None:
        """Passes on what is held back."""


class InputStream(Protocol):
    """Where a guest's input comes from."""

    is_terminal: bool

    def read_into(self, target: memoryview) -> int:
        """Fills the target as far as there is something without waiting twice; 0 at the end of input."""


def open_output(sink: Any, inherited: str) -> OutputStream:
    """The stream for ``WasiConfig.stdout`` or ``stderr``; ``inherited`` names the attribute of ``sys`` to inherit."""
    if sink is None:
        return _Discard()
    if isinstance(sink, str):
        if sink != "inherit":
            raise ValueError(f"{inherited} must be a file object, a callable, None or 'inherit', not {sink!r}")
        sink = getattr(sys, inherited)
        if sink is None:
            return _Discard()
    if isinstance(sink, bytearray):
        return _CallOutput(sink.extend)
    if hasattr(sink, "write"):
        if not _is_text(sink):
            return _FileOutput(sink)
        binary = getattr(sink, "buffer", None)
        return _TextOutput(sink) if binary is None else _FileOutput(binary, sink)
    if callable(sink):
        return _CallOutput(sink)
    raise TypeError(f"{inherited} must be a file object, a callable, None or 'inherit', not {sink!r}")


def open_input(source: Any) -> InputStream:
    """The stream for ``WasiConfig.stdin``."""
    if isinstance(source, str):
        if source != "inherit":
            raise ValueError(f"stdin must be bytes, a file object, None or 'inherit', not {source!r}")
        source = sys.stdin
    if source is None:
        source = b""
    if isinstance(source, (bytes, bytearray, memoryview)):
        source = io.BytesIO(source)
    if not hasattr(source, "read"):
        raise TypeError(f"stdin must be bytes, a file object, None or 'inherit', not {source!r}")
    if _is_text(source):
        binary = getattr(source, "buffer", None)
        if binary is None:
            return _TextInput(source)
        source = binary
    return _FileInput(source)


def _is_text(file: Any) -> bool:
    return isinstance(file, io.TextIOBase) or (not isinstance(file, io.IOBase) and hasattr(file, "encoding"))


def _is_terminal(file: Any) -> bool:
    isatty = getattr(file, "isatty", None)
    return isatty is not None and bool(isatty())


class _Discard:
    is_terminal = False

    def write(self, data: memoryview) -> int:
        return len(data)

    def flush(self) -> None:
        pass


class _CallOutput:
    is_terminal = False

    def __init__(self, function: Any) -> None:
        self._function = function

    def write(self, data: memoryview) -> int:
        self._function(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass


class _FileOutput:
    """A binary file, perhaps below a text file whose own output has to come first."""

    def __init__(self, file: Any, text: Any = None) -> None:
        self._file = file
        self._text = text
        self.is_terminal = _is_terminal(file)
        # Other kinds of objects might keep what they get, and see it change.
        self._takes_views = isinstance(file, io.IOBase)

    def write(self, data: memoryview) -> int:
        if self._text is not None:
            self._text.flush()
        written = self._file.write(data if self._takes_views else bytes(data))
        return len(data) if written is None else int(written)

    def flush(self) -> None:
        flush = getattr(self._file, "flush", None)
        if flush is not None:
            flush()


class _TextOutput:
    """A text file without a binary one below, such as a notebook's."""

    is_terminal = False

    def __init__(self, file: Any) -> None:
        import codecs

        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, data: memoryview) -> int:
        self._file.write(self._decoder.decode(bytes(data)))
        return len(data)

    def flush(self) -> None:
        self._file.flush()


class _FileInput:
    def __init__(self, file: Any) -> None:
        self._file = file
        self.is_terminal = _is_terminal(file)
        # Buffered files would wait until all is there; readinto1 gives what one read of the system gives.
        self._read_into = getattr(file, "readinto1", None) or getattr(file, "readinto", None)

    def read_into(self, target: memoryview) -> int:
        if self._read_into is not None:
            count = self._read_into(target)
            if count is None:
                raise BlockingIOError(11, "no input now")
            return int(count)
        data = self._file.read(len(target))
        target[: len(data)] = data
        return len(data)


class _TextInput:
    is_terminal = False

    def __init__(self, file: Any) -> None:
        self._file = file
        self._pending = b""

    def read_into(self, target: memoryview) -> int:
        if not self._pending:
            self._pending = self._file.readline().encode("utf-8", "surrogateescape")
        data = self._pending[: len(target)]
        self._pending = self._pending[len(target) :]
        target[: len(data)] = data
        return len(data)
