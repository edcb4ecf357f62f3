"""Bodies of ``wasi:http``: pipes between a guest and the threads that send and receive for it.

OutgoingBody(guest, pipe, None, code).write()   -> an OutputStream into the pipe
IncomingBody(guest, pipe).stream()              -> an InputStream out of one
"""

from __future__ import annotations

from wasmz.errors import ComponentError
from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.wasi2.guest import Resource, misuse
from wasmz.wasi2.http_fields import Fields
from wasmz.wasi2.polling import Pollable
from wasmz.wasi2.signals import PIPE_BYTES
from wasmz.wasi2.streams import InputStream, OutputStream, Sink, Source, StreamFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.runtime.wasi.readiness import Wait
    from wasmz.wasi2.guest import Guest
    from wasmz.wasi2.signals import Pipe


class _PipeSource(Source):
    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def add_to(self, wait: Wait, key: Any) -> None:
        self._pipe.readable.add_to(wait, key)

    def read(self, size: int) -> bytes | None:
        found = self._pipe.read(size)
        if found is None and self._pipe.failure is not None:
            raise StreamFailure(self._pipe.failure, "the body of an HTTP message is incomplete")
        return found


class _PipeSink(Sink):
    def __init__(self, pipe: Pipe, length: int | None, wrong_size: str) -> None:
        self._pipe = pipe
        self._length = length
        self._wrong_size = wrong_size
        self.written = 0

    def add_to(self, wait: Wait, key: Any) -> None:
        self._pipe.writable.add_to(wait, key)

    def room(self) -> int:
        self._check()
        return self._pipe.room()

    def write(self, content: memoryview) -> int:
        self._check()
        if self._length is not None and self.written + len(content) > self._length:
            error = (self._wrong_size, self.written + len(content))
            self._pipe.end(failure=error)
            raise StreamFailure(error, "the body of an HTTP message is longer than its fields say")
        self._pipe.write(content)
        self.written += len(content)
        return len(content)

    def _check(self) -> None:
        if self._pipe.is_abandoned:
            raise Failure(Errno.PIPE)


class IncomingBody(Resource):
    """The resource ``incoming-body``."""

    def __init__(self, guest: Guest, pipe: Pipe) -> None:
        super().__init__(guest, PIPE_BYTES)
        self.pipe: Pipe = pipe
        self._is_taken = False
        self._is_finished = False

    def stream(self) -> InputStream:
        """What is in it; once."""
        if self._is_taken:
            raise ComponentError(None)
        self._is_taken = True
        return InputStream(self.guest, _PipeSource(self.pipe))

    @staticmethod
    def finish(body: IncomingBody) -> FutureTrailers:
        """Ends reading; what follows the body is the result."""
        body._is_finished = True
        body.close()
        try:
            return FutureTrailers(body.guest, body.pipe)
        except BaseException:
            body.pipe.abandon()
            raise

    def close(self) -> None:
        if not self._is_finished:
            self.pipe.abandon()
        super().close()


class FutureTrailers(Resource):
    """The resource ``future-trailers``: known when the body is at its end."""

    def __init__(self, guest: Guest, pipe: Pipe) -> None:
        super().__init__(guest, PIPE_BYTES)
        self._pipe = pipe
        self._is_taken = False

    def add_to(self, wait: Wait, key: Any) -> None:
        """Adds its being ready to what is waited for: what is left of the body is not wanted."""
        self._skip()
        self._pipe.readable.add_to(wait, key)

    def subscribe(self) -> Pollable:
        """Ready when they are known."""
        return Pollable(self.guest, self.add_to)

    def get(self) -> Any:
        """The trailers, once; ``None`` before they are known."""
        if self._is_taken:
            return "err", None
        self._skip()
        if not self._pipe.is_ended:
            return None
        self._is_taken = True
        if self._pipe.failure is not None:
            return "ok", ("err", self._pipe.failure)
        items = self._pipe.trailers
        return "ok", ("ok", Fields(self.guest, items, is_fixed=True) if items else None)

    def _skip(self) -> None:
        while self._pipe.read(1 << 16):
            pass

    def close(self) -> None:
        self._pipe.abandon()
        super().close()


class OutgoingBody(Resource):
    """The resource ``outgoing-body``.

    Attributes:
        pipe: what it goes to.
        length: how long it must be, if the message's fields say so.
        wrong_size: the ``error-code`` if it is not.
    """

    def __init__(self, guest: Guest, pipe: Pipe, length: int | None, wrong_size: str) -> None:
        super().__init__(guest, PIPE_BYTES)
        self.pipe: Pipe = pipe
        self.length: int | None = length
        self.wrong_size: str = wrong_size
        self._sink: _PipeSink | None = None
        self._is_finished = False

    def write(self) -> OutputStream:
        """A stream into it; once."""
        if self._sink is not None:
            raise ComponentError(None)
        self._sink = _PipeSink(self.pipe, self.length, self.wrong_size)
        return OutputStream(self.guest, self._sink)

    @staticmethod
    def finish(body: OutgoingBody, trailers: Fields | None) -> None:
        """Says that it is complete, with trailers if there are any."""
        if body._is_finished:
            raise misuse("a body is finished twice")
        body._is_finished = True
        written = 0 if body._sink is None else body._sink.written
        items = None if trailers is None else trailers.entries()
        if trailers is not None:
            trailers.close()
        if body.length is not None and body.length != written:
            error = (body.wrong_size, written)
            body.pipe.end(failure=error)
            body.close()
            raise ComponentError(error)
        body.pipe.end(trailers=items)
        body.close()

    def close(self) -> None:
        if not self._is_finished:
            # Dropped in the middle: who receives it must not take it for complete.
            self.pipe.end(failure=("internal-error", "the body was not finished"))
        super().close()
