"""``wasi:http/types``: requests and responses, of both directions.

OutgoingRequest(guest, fields).set_authority("example.org")
Types(guest).make_fields()                  what constructors of the interface make
"""

from __future__ import annotations

import re

from wasmz.errors import ComponentError
from wasmz.wasi2.guest import Resource, label_of, misuse, payload_of
from wasmz.wasi2.http_bodies import IncomingBody, OutgoingBody
from wasmz.wasi2.http_fields import Fields, content_length
from wasmz.wasi2.http_lines import RequestLine, method_value, scheme_value
from wasmz.wasi2.polling import Pollable
from wasmz.wasi2.signals import PIPE_BYTES, Pipe, Signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.runtime.wasi.readiness import Wait
    from wasmz.wasi2.guest import Guest
    from wasmz.wasi2.streams import IoError

# No spaces, no control characters, nothing that ends the line of a request, and no fragment.
_PATH: Final = re.compile(r'[!"$-~\u0080-\U0010ffff]*')
# RFC 3986, 3.2: what may be in a host's name or address, and between these and the port.
_AUTHORITY: Final = re.compile(r"[A-Za-z0-9\-._~%!$&'()*+,;=:@\[\]]+")


class Types:
    """Constructors and functions of ``types``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    def make_fields(self) -> Fields:
        """No fields."""
        return Fields(self._guest)

    def fields_from_list(self, entries: list[tuple[str, bytes]]) -> Fields:
        """Fields of names and values."""
        return Fields.of_guest(self._guest, entries)

    def make_request(self, headers: Fields) -> OutgoingRequest:
        """A request to send."""
        return OutgoingRequest(self._guest, headers)

    def make_options(self) -> RequestOptions:
        """Options of a request."""
        return RequestOptions(self._guest)

    def make_response(self, headers: Fields) -> OutgoingResponse:
        """A response to send."""
        return OutgoingResponse(self._guest, headers)

    def http_error_code(self, error: IoError) -> Any:
        """What went wrong with a stream, if that was a body."""
        return error.code


def length_of(headers: Fields) -> int | None:
    """How long a body is to be, if the fields say so; ``ComponentError`` if they say it in two manners."""
    return content_length(headers.items)


class _Outgoing(Resource):
    """What requests and responses that are to be sent have in common."""

    wrong_size: str = "HTTP-request-body-size"

    def __init__(self, guest: Guest, headers: Fields) -> None:
        super().__init__(guest)
        headers.is_fixed = True
        self.fields: Fields = headers
        self.pipe: Pipe = Pipe()
        self.has_body: bool = False

    def headers(self) -> Fields:
        """Its fields."""
        return Fields(self.guest, self.fields.items, is_fixed=True)

    def body(self) -> OutgoingBody:
        """Its body; once."""
        if self.has_body:
            raise ComponentError(None)
        length = length_of(self.fields)
        self.has_body = True
        return OutgoingBody(self.guest, self.pipe, length, self.wrong_size)

    def close(self) -> None:
        self.fields.close()
        super().close()


class OutgoingRequest(RequestLine, _Outgoing):
    """The resource ``outgoing-request``."""

    _path_form = _PATH
    _authority_form = _AUTHORITY

    def method(self) -> Any:
        """Its method."""
        return self._method

    def path_with_query(self) -> str | None:
        """What follows the authority."""
        return self._path

    def scheme(self) -> Any:
        """Its scheme."""
        return self._scheme

    def authority(self) -> str | None:
        """The host, with its port if that is not the scheme's."""
        return self._authority


class OutgoingResponse(_Outgoing):
    """The resource ``outgoing-response``."""

    wrong_size: str = "HTTP-response-body-size"

    def __init__(self, guest: Guest, headers: Fields) -> None:
        super().__init__(guest, headers)
        self._status = 200

    def status_code(self) -> int:
        """Its status."""
        return self._status

    def set_status_code(self, status: int) -> None:
        """Its status."""
        if not 100 <= status <= 999:
            raise ComponentError(None)
        self._status = status


class _Incoming(Resource):
    """What requests and responses that have arrived have in common."""

    def __init__(self, guest: Guest, headers: list[tuple[str, bytes]], pipe: Pipe) -> None:
        super().__init__(guest, PIPE_BYTES)
        self._headers = Fields(guest, headers, is_fixed=True)
        self._pipe = pipe
        self._is_consumed = False

    def headers(self) -> Fields:
        """Its fields."""
        return Fields(self.guest, self._headers.items, is_fixed=True)

    def consume(self) -> IncomingBody:
        """Its body; once."""
        if self._is_consumed:
            raise ComponentError(None)
        # Counted for the body from now on.
        self.uncount(PIPE_BYTES)
        made = IncomingBody(self.guest, self._pipe)
        self._is_consumed = True
        return made

    def close(self) -> None:
        if not self._is_consumed:
            self._pipe.abandon()
        self._headers.close()
        super().close()


class IncomingRequest(_Incoming):
    """The resource ``incoming-request``."""

    def __init__(
        self,
        guest: Guest,
        method: str,
        path: str,
        scheme: str,
        authority: str | None,
        headers: list[tuple[str, bytes]],
        pipe: Pipe,
    ) -> None:
        super().__init__(guest, headers, pipe)
        self._line = method_value(method), path, scheme_value(scheme), authority

    def method(self) -> Any:
        """Its method."""
        return self._line[0]

    def path_with_query(self) -> str:
        """What follows the authority."""
        return self._line[1]

    def scheme(self) -> Any:
        """Its scheme."""
        return self._line[2]

    def authority(self) -> str | None:
        """The host that it was sent to."""
        return self._line[3]


class IncomingResponse(_Incoming):
    """The resource ``incoming-response``."""

    def __init__(self, guest: Guest, status: int, headers: list[tuple[str, bytes]], pipe: Pipe) -> None:
        super().__init__(guest, headers, pipe)
        self._status = status

    def status(self) -> int:
        """Its status."""
        return self._status


class RequestOptions(Resource):
    """The resource ``request-options``: timeouts in nanoseconds."""

    _connect: int | None = None
    _first: int | None = None
    _between: int | None = None

    def connect_timeout(self) -> int | None:
        """Until there is a connection."""
        return self._connect

    def set_connect_timeout(self, duration: int | None) -> None:
        """Until there is a connection."""
        self._connect = duration

    def first_byte_timeout(self) -> int | None:
        """Until the response begins."""
        return self._first

    def set_first_byte_timeout(self, duration: int | None) -> None:
        """Until the response begins."""
        self._first = duration

    def between_bytes_timeout(self) -> int | None:
        """Until it goes on."""
        return self._between

    def set_between_bytes_timeout(self, duration: int | None) -> None:
        """Until it goes on."""
        self._between = duration


class ResponseOutparam(Resource):
    """The resource ``response-outparam``: where a guest's response goes."""

    def __init__(self, guest: Guest, answer: Callable[[OutgoingResponse | None, Any], object]) -> None:
        """``answer`` gets the response, or ``None`` and an ``error-code``; once."""
        super().__init__(guest)
        self._answer: Callable[[OutgoingResponse | None, Any], object] | None = answer

    @staticmethod
    def set(outparam: ResponseOutparam, response: Any) -> None:
        """Answers the request."""
        answer, outparam._answer = outparam._answer, None
        if answer is None:
            raise misuse("a response is given twice")
        if label_of(response) == "ok":
            answer(payload_of(response), None)
        else:
            answer(None, payload_of(response))
        outparam.close()

    def send_informational(self, status: int, headers: Fields) -> None:
        """Sends a response before the response: servers that take these are rare."""
        headers.close()
        raise ComponentError(("internal-error", "informational responses are not sent"))

    def close(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer(None, ("internal-error", "the component gave no response"))
        super().close()


class FutureIncomingResponse(Resource):
    """The resource ``future-incoming-response``."""

    def __init__(
        self, guest: Guest, signal: Signal, find: Callable[[], tuple[str, Any]], cancel: Callable[[], object]
    ) -> None:
        """``find`` gives the response as a result, once the signal is set; ``cancel`` says that nobody wants it."""
        super().__init__(guest, PIPE_BYTES)
        self._signal = signal
        self._find = find
        self._cancel = cancel
        self._is_taken = False

    def add_to(self, wait: Wait, key: Any) -> None:
        """Adds its being ready to what is waited for."""
        self._signal.add_to(wait, key)

    def subscribe(self) -> Pollable:
        """Ready when there is a response, or none can come."""
        return Pollable(self.guest, self.add_to)

    def get(self) -> Any:
        """The response, once; ``None`` before it is there."""
        if not self._signal.is_set:
            return None
        if self._is_taken:
            return "err", None
        # Counted for the response from now on.
        self.uncount(PIPE_BYTES)
        found = self._find()
        self._is_taken = True
        return "ok", found

    def close(self) -> None:
        if not self._is_taken:
            self._cancel()
        super().close()
