"""What a request begins with: its method, scheme, authority and path. Both versions of ``wasi:http`` have it.

request.set_method("get"); request.set_authority("example.org"); request.set_path_with_query("/news?page=2")
text_of(method_value("PURGE"))                              -> "PURGE"; the value is ("other", "PURGE")
"""

from __future__ import annotations

import re

from wasmz.errors import ComponentError
from wasmz.wasi2.guest import label_of, payload_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

_METHODS: Final = ("get", "head", "post", "put", "delete", "connect", "options", "trace", "patch")
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")


def method_value(name: str) -> Any:
    """A method as the variant ``method``."""
    return name.lower() if name.lower() in _METHODS and name.isupper() else ("other", name)


def scheme_value(name: str) -> Any:
    """A scheme as the variant ``scheme``."""
    return name.upper() if name.lower() in ("http", "https") else ("other", name)


def text_of(value: Any) -> str:
    """A method or scheme as text."""
    label = label_of(value)
    return str(payload_of(value)) if label == "other" else label.upper()


class RequestLine:
    """What a guest sets in a request before it sends this. ``ComponentError`` for what cannot be sent.

    What returns these has other names in each version of the interface.
    """

    # What a path and an authority may be, which the versions of the interface set.
    _path_form: re.Pattern[str]
    _authority_form: re.Pattern[str]

    _method: Any = "get"
    _path: str | None = None
    _scheme: Any = None
    _authority: str | None = None

    def set_method(self, method: Any) -> None:
        """Its method."""
        if not _TOKEN.fullmatch(text_of(method)):
            raise ComponentError(None)
        self._method = method_value(text_of(method))

    def set_path_with_query(self, path: str | None) -> None:
        """What follows the authority."""
        if path is not None and not self._path_form.fullmatch(path):
            raise ComponentError(None)
        self._path = path

    def set_scheme(self, scheme: Any) -> None:
        """Its scheme."""
        if scheme is not None and not _SCHEME.fullmatch(text_of(scheme)):
            raise ComponentError(None)
        self._scheme = None if scheme is None else scheme_value(text_of(scheme))

    def set_authority(self, authority: str | None) -> None:
        """The host, with its port if that is not the scheme's."""
        if authority is not None and not self._authority_form.fullmatch(authority):
            raise ComponentError(None)
        self._authority = authority
