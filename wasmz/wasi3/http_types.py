"""``wasi:http/types`` 0.3: requests and responses, each with fields, a stream of bytes, and trailers in a future.

request, sent = Types(guest).make_request(Fields(guest), None, trailers, None)
Request.consume_body(request, done)                     -> its stream of bytes, and a future of its trailers
"""

from __future__ import annotations

import re

from wasmz.errors import ComponentError
from wasmz.wasi2 import http_fields
from wasmz.wasi2.guest import Resource, label_of, payload_of
from wasmz.wasi2.http_fields import check_field
from wasmz.wasi2.http_lines import RequestLine, method_value, scheme_value
from wasmz.wasi2.http_types import length_of
from wasmz.wasi2.signals import Pipe, until
from wasmz.wasi3.transfers import OK, Ending, Nothing, Work, value_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Final

    from wasmz.wasi2.guest import Guest

_PIECE: Final = 1 << 16
# RFC 3986, 3.2 and 3.3; besides, characters that are not ASCII, which clients send as they are.
_PART: Final = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})"
_AUTHORITY: Final = re.compile(rf"(?:(?:{_PART}|:)*@)?(?:\[[0-9A-Fa-f:.]+\]|{_PART}+)(?::[0-9]{{0,5}})?")
_PATH: Final = re.compile('[!"$-;=?-_a-~\u0080-\U0010ffff]*')
_UNSENT: Final = ("err", ("internal-error", "the message was not sent"))


class Types:
    """What makes resources of the interface."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    def make_fields(self) -> Fields:
        """No fields."""
        return Fields(self._guest)

    def fields_from_list(self, entries: list[tuple[str, bytes]]) -> Fields:
        """Fields of names and values."""
        for name, value in entries:
            check_field(name, (value,))
        return Fields(self._guest, entries)

    def make_request(
        self, headers: Fields, contents: Any, trailers: Any, options: RequestOptions | None
    ) -> tuple[Request, Ending]:
        """A request, and a future of whether it was sent."""
        made = Request(self._guest, headers.items, contents=contents, trailers=trailers)
        headers.close()
        if options is not None:
            options.is_fixed = True
        made.options = options
        return made, made.sent

    def make_options(self) -> RequestOptions:
        """Options of a request."""
        return RequestOptions(self._guest)

    def make_response(self, headers: Fields, contents: Any, trailers: Any) -> tuple[Response, Ending]:
        """A response, and a future of whether it was sent."""
        made = Response(self._guest, headers.items, contents=contents, trailers=trailers)
        headers.close()
        return made, made.sent


class Fields(http_fields.Fields):
    """The resource ``fields``. What belongs to a message cannot be changed."""

    too_large: str = "size-exceeded"

    def copy_all(self) -> list[tuple[str, bytes]]:
        """All names and values."""
        return self.entries()

    def __init__(self, guest: Guest, items: Iterable[tuple[str, bytes]] = (), *, is_fixed: bool = False) -> None:
        # How each name was first written.
        self._spelling: dict[str, str] = {}
        super().__init__(guest, items, is_fixed=is_fixed)

    def _add(self, name: str, value: bytes) -> None:
        super()._add(self._spelling.setdefault(name.lower(), name), value)

    def _drop(self, name: str) -> None:
        self._spelling.pop(name.lower(), None)
        super()._drop(name)

    def get_and_delete(self, name: str) -> list[bytes]:
        """The values of a name, which are removed."""
        found = self.get(name)
        self.delete(name)
        return found


class RequestOptions(Resource):
    """The resource ``request-options``: timeouts in nanoseconds.

    Attributes:
        is_fixed: whether they cannot be changed.
    """

    def __init__(self, guest: Guest, timeouts: dict[str, int | None] | None = None, *, is_fixed: bool = False) -> None:
        super().__init__(guest)
        self.timeouts: dict[str, int | None] = dict(timeouts or {})
        self.is_fixed: bool = is_fixed

    def _set(self, name: str, duration: int | None) -> None:
        if self.is_fixed:
            raise ComponentError("immutable")
        self.timeouts[name] = duration

    def get_connect_timeout(self) -> int | None:
        """Until there is a connection."""
        return self.timeouts.get("connect")

    def set_connect_timeout(self, duration: int | None) -> None:
        """Until there is a connection."""
        self._set("connect", duration)

    def get_first_byte_timeout(self) -> int | None:
        """Until the response begins."""
        return self.timeouts.get("first")

    def set_first_byte_timeout(self, duration: int | None) -> None:
        """Until the response begins."""
        self._set("first", duration)

    def get_between_bytes_timeout(self) -> int | None:
        """Until it goes on."""
        return self.timeouts.get("between")

    def set_between_bytes_timeout(self, duration: int | None) -> None:
        """Until it goes on."""
        self._set("between", duration)

    def clone(self) -> RequestOptions:
        """A copy that can be changed."""
        return RequestOptions(self.guest, self.timeouts)


class _Message(Resource):
    """What requests and responses have in common.

    A message has a body from the guest (``contents`` and ``trailers``) or from the host (``pipe``).

    Attributes:
        items: its fields.
        sent: whether it was sent, once that is known.
    """

    wrong_size: str

    def __init__(
        self,
        guest: Guest,
        items: list[tuple[str, bytes]],
        *,
        contents: Any = None,
        trailers: Any = None,
        pipe: Pipe | None = None,
    ) -> None:
        super().__init__(guest)
        self._fields = Fields(guest, items, is_fixed=True)
        self.items: list[tuple[str, bytes]] = self._fields.items
        self.contents: Any = contents
        self.trailers: Any = trailers
        self.pipe: Pipe | None = pipe
        self.sent: Ending = Ending()

    def get_headers(self) -> Fields:
        """Its fields."""
        return Fields(self.guest, self.items, is_fixed=True)

    @staticmethod
    def consume_body(message: _Message, done: Any) -> tuple[Any, Ending]:
        """Takes its body: a stream, and a future of the trailers. ``done`` is a future of how that went."""
        guest, pipe, sent = message.guest, message.pipe, message.sent
        contents, trailers = message.contents, message.trailers
        message.pipe = message.contents = message.trailers = None
        message.sent = Ending()
        message.close()
        if pipe is not None:
            # Who sent it is not told: that is over.
            done.close()
            body = _Body(guest, pipe)
            return body, body.trailers

        async def tell(this: Work) -> Any:
            result = await this.of_guest(value_of(done))
            sent.settle((label_of(result), payload_of(result)))
            return None

        async def pass_on(this: Work) -> Any:
            return await this.of_guest(value_of(trailers))

        return Nothing() if contents is None else contents, _Together(guest, pass_on, Work(guest, tell))

    async def send_to(self, pipe: Pipe) -> Any:
        """Moves its body into a pipe, with its end. Returns an ``error-code`` if that failed."""
        failure: Any = ("internal-error", "the body was not finished")
        trailers: Any = None
        try:
            if self.pipe is not None:
                failure, trailers = await self._relay(self.pipe, pipe)
            else:
                failure, trailers = await self._collect(pipe)
        finally:
            pipe.end(trailers=trailers, failure=failure)
            self.sent.settle(OK if failure is None else ("err", failure))
        return failure

    async def _relay(self, source: Pipe, target: Pipe) -> tuple[Any, Any]:
        while True:
            await until(source.readable)
            piece = source.read(_PIECE)
            if piece is None:
                return source.failure, source.trailers
            if not await _put(target, piece):
                source.abandon()
                return "connection-terminated", None

    async def _collect(self, pipe: Pipe) -> tuple[Any, Any]:
        try:
            length, written = length_of(self._fields), 0
        except ComponentError:
            return ("internal-error", "content-length is no number, or several"), None
        while self.contents is not None:
            piece = await self.contents.read(_PIECE)
            if not piece:
                break
            written += len(piece)
            if length is not None and written > length:
                break
            if not await _put(pipe, piece):
                return "connection-terminated", None
        if length is not None and written != length and not self._may_lack_body():
            return (self.wrong_size, written), None
        result = OK if self.trailers is None else await value_of(self.trailers)
        if label_of(result) == "err":
            return payload_of(result), None
        trailers = payload_of(result)
        if trailers is None:
            return None, None
        items = trailers.items
        trailers.close()
        return None, items

    def _may_lack_body(self) -> bool:
        """Whether its fields may tell the length of a body that it has not: as responses to HEAD do."""
        return False

    def close(self) -> None:
        for end in (self.contents, self.trailers):
            if end is not None:
                end.close()
        if self.pipe is not None:
            self.pipe.abandon()
        self.contents = self.trailers = self.pipe = None
        self.sent.settle(_UNSENT)
        self._fields.close()
        super().close()


async def _put(pipe: Pipe, piece: bytes) -> bool:
    """Puts bytes into a pipe, and waits for room; false if nobody reads it."""
    pipe.write(piece)
    await until(pipe.writable)
    return not pipe.is_abandoned


class _Together(Work):
    """Two things that the host does, both begun when the guest gets the future of the first."""

    def __init__(self, guest: Guest, work: Any, other: Work) -> None:
        super().__init__(guest, work)
        self._other = other

    def begin(self, driver: Any) -> None:
        super().begin(driver)
        self._other.begin(driver)


class _Body:
    """The stream of a body that comes from the host.

    Attributes:
        trailers: a future of what follows it.
    """

    __wasmz_end__ = True

    def __init__(self, guest: Guest, pipe: Pipe) -> None:
        self.trailers: Ending = Ending()
        self._guest = guest
        self._pipe = pipe

    def fetch(self, count: int) -> Any:
        """Up to so many bytes, ``None`` at the end; or a coroutine for that."""
        found = self._pipe.read(min(count, _PIECE))
        if found is None:
            self._end()
            return None
        return found or self._fetch_later(count)

    async def _fetch_later(self, count: int) -> Any:
        await until(self._pipe.readable)
        found = self._pipe.read(min(count, _PIECE))
        if found is None:
            self._end()
        return found

    def _end(self) -> None:
        pipe = self._pipe
        if pipe.failure is not None:
            self.trailers.settle(("err", pipe.failure))
        elif not self.trailers.is_settled:
            found = Fields(self._guest, pipe.trailers, is_fixed=True) if pipe.trailers else None
            self.trailers.settle(("ok", found))

    def close(self) -> None:
        """The guest has dropped it: the rest of the body is not wanted."""
        self._pipe.abandon()
        self.trailers.settle(OK)


class Request(RequestLine, _Message):
    """The resource ``request``."""

    wrong_size: str = "HTTP-request-body-size"
    options: RequestOptions | None = None
    _path_form = _PATH
    _authority_form = _AUTHORITY

    @classmethod
    def arrived(
        cls,
        guest: Guest,
        line: tuple[str, str, str, str | None],
        items: list[tuple[str, bytes]],
        pipe: Pipe,
    ) -> Request:
        """One that came from outside: method, path, scheme and authority; fields; and the body."""
        made = cls(guest, items, pipe=pipe)
        method, path, scheme, authority = line
        made._method, made._path, made._scheme, made._authority = (
            *(method_value(method), path),
            *(scheme_value(scheme), authority),
        )
        return made

    def get_method(self) -> Any:
        """Its method."""
        return self._method

    def get_path_with_query(self) -> str | None:
        """What follows the authority."""
        return self._path

    def set_path_with_query(self, path: str | None) -> None:
        """What follows the authority."""
        super().set_path_with_query("/" if path == "" else path)

    def get_scheme(self) -> Any:
        """Its scheme."""
        return self._scheme

    def get_authority(self) -> str | None:
        """The host, with its port if that is not the scheme's."""
        return self._authority

    def get_options(self) -> RequestOptions | None:
        """Its options, which cannot be changed."""
        options = self.options
        return None if options is None else RequestOptions(self.guest, options.timeouts, is_fixed=True)

    def close(self) -> None:
        if self.options is not None:
            self.options.close()
        super().close()


class Response(_Message):
    """The resource ``response``.

    Attributes:
        status: its status.
    """

    wrong_size: str = "HTTP-response-body-size"
    status: int = 200

    def get_status_code(self) -> int:
        """Its status."""
        return self.status

    def set_status_code(self, status: int) -> None:
        """Its status."""
        if not 100 <= status <= 599:
            raise ComponentError(None)
        self.status = status

    def _may_lack_body(self) -> bool:
        return self.contents is None
