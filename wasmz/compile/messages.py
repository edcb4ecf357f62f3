"""The messages between a process and its helper: bytes, with their length and a sum keyed with a secret.

    pack(b"secret", b"message")                       -> header + b"message"
    unpack(b"secret", header, b"message")             -> b"message"

Received messages are given to ``marshal``, which trusts its input. The sum proves that the other process sent them,
even if a program closed a descriptor that it did not know, and opened something else in its place.
"""

from __future__ import annotations

import sys

from wasmz.errors import WasmzError
from wasmz.runtime import image
from wasmz.startup.light import blake2b

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# The length of a message's header, and of the secret.
HEADER: Final = 24

# Must be equal on both sides.
FORMAT: Final = (image.FORMAT, sys.version)


class MessageError(WasmzError):
    """Something arrived that the other process did not send."""


def pack(secret: bytes, message: bytes) -> bytes:
    """The message with its header, as it is sent."""
    return len(message).to_bytes(8, "little") + _sum(secret, message) + message


def unpack(secret: bytes, header: bytes, message: bytes) -> bytes:
    """The message without its header.

    Raises:
        MessageError: the message does not fit its header.
    """
    if header[8:] != _sum(secret, message):
        raise MessageError("a message of the compiling process is damaged")
    return message


def _sum(secret: bytes, message: bytes) -> bytes:
    made = blake2b(secret, digest_size=16)
    made.update(message)
    return made.digest()
