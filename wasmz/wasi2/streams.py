"""``wasi:io/streams`` and ``error``: streams of bytes over descriptors, and over whatever else gives or takes them.

InputStream(guest, FileSource(file, 0)).read(100)       -> b"...", up to so many bytes
OutputStream(guest, StreamSink(stdout)).write(b"...")

What a stream is over, a *source* or *sink*, only moves bytes, and says how it is waited for.
"""

from __future__ import annotations

from wasmz.errors import ComponentError
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.readiness import Wait
from wasmz.runtime.wasi.waiting import PIPE_PART, can_be_waited_for
from wasmz.wasi2.errors import number_of
from wasmz.wasi2.guest import MOST_BYTES, Resource, misuse
from wasmz.wasi2.polling import Pollable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, Protocol

    from wasmz.runtime.wasi.descriptors import Descriptor
    from wasmz.wasi2.guest import Guest

    class _CanWait(Protocol):
        def add_to(self, wait: Wait, key: Any) -> None: ...


# The most that the functions take which write and flush at once ("blocking-write-and-flush").
_MOST_AT_ONCE: Final = 4096

_CLOSED: Final = "closed"


class IoError(Resource):
    """The resource ``error``: what went wrong with a stream.

    Attributes:
        number: as preview 1 has it.
        code: the ``error-code`` of ``wasi:http``, if it came from there.
    """

    def __init__(self, guest: Guest, number: int, text: str, code: Any = None) -> None:
        super().__init__(guest)
        self.number: int = number
        self.code: Any = code
        self._text = text

    def to_debug_string(self) -> str:
        """What went wrong, for people."""
        return self._text


class StreamFailure(Exception):
    """A source or sink failed in a manner of its own.

    Attributes:
        code: the ``error-code`` of ``wasi:http``.
    """

    def __init__(self, code: Any, text: str) -> None:
        super().__init__(text)
        self.code: Any = code


class Source:
    """Where an input stream's bytes come from.

    Attributes:
        waits: whether reading waits until there is something.
        slot: keeps a place in the guest's table, as long as there is the source.
    """

    waits: bool = False
    slot: object = None

    def add_to(self, wait: Wait, key: Any) -> None:
        """Adds its being ready, with bytes or at its end, to what is waited for."""
        wait.add_ready(key)

    def origin(self) -> object:
        """What the bytes come from, which several sources may share."""
        return self

    def read(self, size: int) -> bytes | bytearray | None:
        """Up to so many bytes, as many as there are now; ``None`` at the end."""
        raise NotImplementedError

    def close(self) -> None:
        """The stream is dropped."""


class Sink:
    """Where an output stream's bytes go.

    Attributes:
        waits: whether writing waits until all has been taken.
        held: how many bytes it may hold back.
        slot: keeps a place in the guest's table, as long as there is the sink.
    """

    waits: bool = False
    held: int = 0
    slot: object = None

    def add_to(self, wait: Wait, key: Any) -> None:
        """Adds its taking bytes to what is waited for."""
        wait.add_ready(key)

    def room(self) -> int:
        """How many bytes it takes now without waiting."""
        return MOST_BYTES

    def write(self, content: memoryview) -> int:
        """Takes some bytes, perhaps waits for that; how many."""
        raise NotImplementedError

    def flush(self) -> None:
        """Passes on what is held back."""

    def close(self) -> None:
        """The stream is dropped."""


class DescriptorSource(Source):
    """A descriptor that is read from its own position: standard input, a pipe."""

    waits = True

    def __init__(self, entry: Descriptor) -> None:
        self._entry = entry

    def add_to(self, wait: Wait, key: Any) -> None:
        wait.add_descriptor(key, self._entry, for_reading=True)

    def origin(self) -> object:
        return self._entry

    def read(self, size: int) -> bytearray | None:
        target = bytearray(size)
        with memoryview(target) as view:
            while True:
                try:
                    count = self._entry.read([view])
                    break
                except BlockingIOError:
                    # The host's own file, which does not wait.
                    wait_for(self)
        del target[count:]
        return target if count else None


class FileSource(Source):
    """A file from a position on."""

    def __init__(self, entry: Descriptor, offset: int) -> None:
        self._entry = entry
        self._offset = offset

    def read(self, size: int) -> bytearray | None:
        target = bytearray(size)
        with memoryview(target) as view:
            count = self._entry.read_at([view], self._offset)
        self._offset += count
        del target[count:]
        return target if count else None


class DescriptorSink(Sink):
    """A descriptor that is written at its own position."""

    waits = True

    def __init__(self, entry: Descriptor) -> None:
        self._entry = entry

    def add_to(self, wait: Wait, key: Any) -> None:
        wait.add_descriptor(key, self._entry, for_reading=False)

    def room(self) -> int:
        handle = self._entry.wait_handle()
        if handle is None or not can_be_waited_for(handle):
            return MOST_BYTES
        return PIPE_PART if is_ready(self) else 0

    def write(self, content: memoryview) -> int:
        while True:
            try:
                return self._entry.write([content])
            except BlockingIOError:
                wait_for(self)

    def flush(self) -> None:
        self._entry.flush()


class FileSink(Sink):
    """A file from a position on; at its end, wherever that is each time, without one."""

    def __init__(self, entry: Descriptor, offset: int | None) -> None:
        self._entry = entry
        self._offset = offset

    def write(self, content: memoryview) -> int:
        if self._offset is None:
            return self._entry.write_at([content], self._entry.stat()[4])
        count = self._entry.write_at([content], self._offset)
        self._offset += count
        return count


def is_ready(end: _CanWait) -> bool:
    """Whether waiting for it would end at once."""
    wait = Wait()
    end.add_to(wait, 0)
    return bool(wait.find_ready())


def wait_for(end: _CanWait) -> None:
    """Waits until it is ready."""
    wait = Wait()
    end.add_to(wait, 0)
    wait.run()


class _Stream(Resource):
    """What streams of both directions have in common."""

    def __init__(self, guest: Guest, size: int = 0) -> None:
        super().__init__(guest, size)
        self._is_closed = False

    def _failure(self, error: BaseException) -> ComponentError:
        """The error for the guest; the stream is closed after it."""
        self._is_closed = True
        number = number_of(error)
        if isinstance(error, (Failure, OSError)) and number in (Errno.PIPE,):
            return ComponentError(_CLOSED)
        code = error.code if isinstance(error, StreamFailure) else None
        text = f"error {number}" if isinstance(error, Failure) else str(error)
        return ComponentError(("last-operation-failed", IoError(self.guest, number, text, code)))


class InputStream(_Stream):
    """The resource ``input-stream``."""

    def __init__(self, guest: Guest, source: Source) -> None:
        super().__init__(guest)
        self._source = source

    def read(self, size: int) -> bytes | bytearray:
        """Up to so many bytes, as many as there are now."""
        if not self._is_closed and self._source.waits and not is_ready(self._source):
            return b""
        return self._read(size)

    def blocking_read(self, size: int) -> bytes | bytearray:
        """The same, at least one byte: waits for it."""
        while True:
            if not self._source.waits:
                wait_for(self)
            found = self._read(size)
            if found or not size:
                return found

    def _read(self, size: int) -> bytes | bytearray:
        if self._is_closed:
            raise ComponentError(_CLOSED)
        try:
            found = self._source.read(min(size, MOST_BYTES)) if size else b""
        except (Failure, OSError, MemoryError, StreamFailure) as error:
            raise self._failure(error) from None
        if found is None:
            self._is_closed = True
            raise ComponentError(_CLOSED)
        return found

    def skip(self, size: int) -> int:
        """Reads, and forgets what it read; how much."""
        return len(self.read(size))

    def blocking_skip(self, size: int) -> int:
        """The same, at least one byte: waits for it."""
        return len(self.blocking_read(size))

    def subscribe(self) -> Pollable:
        """Ready when there is something to read, or the end."""
        return Pollable(self.guest, self.add_to)

    def add_to(self, wait: Wait, key: Any) -> None:
        """Adds its being ready to what is waited for."""
        if self._is_closed:
            wait.add_ready(key)
        else:
            self._source.add_to(wait, key)

    def close(self) -> None:
        self._is_closed = True
        source, self._source = self._source, Source()
        source.close()
        super().close()


class OutputStream(_Stream):
    """The resource ``output-stream``."""

    def __init__(self, guest: Guest, sink: Sink) -> None:
        super().__init__(guest, sink.held)
        self._sink = sink

    def check_write(self) -> int:
        """How much can be written now."""
        self._check_open()
        try:
            return self._sink.room()
        except (Failure, OSError, StreamFailure) as error:
            raise self._failure(error) from None

    def write(self, content: bytes) -> None:
        """Writes. A trap for more than :meth:`check_write` would allow now: the host holds no more than that."""
        self._check_open()
        try:
            # What waits until all is taken holds nothing back.
            if len(content) > (MOST_BYTES if self._sink.waits else self._sink.room()):
                raise misuse("more is written than check-write allows")
            with memoryview(content) as rest:
                done = 0
                while done < len(rest):
                    taken = self._sink.write(rest[done:])
                    if taken <= 0:
                        raise Failure(Errno.IO)
                    done += taken
        except (Failure, OSError, MemoryError, StreamFailure) as error:
            raise self._failure(error) from None

    def blocking_write_and_flush(self, content: bytes) -> None:
        """Writes up to 4096 bytes, and flushes; waits for that."""
        if len(content) > _MOST_AT_ONCE:
            raise misuse("buffer too large for blocking-write-and-flush (expected at most 4096)")
        self._write_waiting(content)

    def write_zeroes(self, size: int) -> None:
        """Writes zeros, as :meth:`write`."""
        if size > MOST_BYTES:
            self._check_open()
            raise misuse("more is written than check-write allows")
        self.write(bytes(size))

    def blocking_write_zeroes_and_flush(self, size: int) -> None:
        """Writes up to 4096 zeros, and flushes; waits for that."""
        if size > _MOST_AT_ONCE:
            raise misuse("buffer too large for blocking-write-zeroes-and-flush (expected at most 4096)")
        self._write_waiting(bytes(size))

    def flush(self) -> None:
        """Passes on what is held back."""
        self._check_open()
        try:
            self._sink.flush()
        except (Failure, OSError, StreamFailure) as error:
            raise self._failure(error) from None

    def blocking_flush(self) -> None:
        """The same; it has happened when this returns."""
        self._write_waiting(b"")

    def splice(self, source: InputStream, size: int) -> int:
        """Moves bytes from an input stream, as many as there are and as fit; how many."""
        content = source.read(min(size, self.check_write()))
        self.write(bytes(content))
        return len(content)

    def blocking_splice(self, source: InputStream, size: int) -> int:
        """The same, at least one byte: waits for it."""
        self._check_open()
        content = source.blocking_read(min(size, PIPE_PART))
        self._write_waiting(bytes(content))
        return len(content)

    def subscribe(self) -> Pollable:
        """Ready when something can be written."""
        return Pollable(self.guest, self.add_to)

    def add_to(self, wait: Wait, key: Any) -> None:
        """Adds its being ready to what is waited for."""
        if self._is_closed:
            wait.add_ready(key)
        else:
            self._sink.add_to(wait, key)

    def close(self) -> None:
        self._is_closed = True
        sink, self._sink = self._sink, Sink()
        sink.close()
        super().close()

    def _write_waiting(self, content: bytes) -> None:
        done = 0
        while done < len(content):
            room = len(content) if self._sink.waits else self.check_write()
            if room:
                self.write(content[done : done + room])
                done += room
            else:
                wait_for(self)
        self.flush()
        # Flushed is what has been passed on.
        while not self._sink.waits and not self.check_write():
            wait_for(self)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ComponentError(_CLOSED)
