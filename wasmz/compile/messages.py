"""What a process and its helper send each other: pieces of bytes with their length, and a sum with a secret in it.

    pack(b"secret", b"message")                       -> header + b"message"
    unpack(b"secret", header, b"message")             -> b"message"

What arrives is given to ``marshal``, which trusts it. The sum proves that the other process has sent it, even if a
program that closes descriptors it does not know has made something else of the pipe.
"""

from __future__ import annotations

import sys

from wasmz.errors import WasmzError
from wasmz.runtime import image
from wasmz.startup.light import blake2b

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Bytes before each message; of the secret, too.
HEADER: Final = 24

# Both sides must have the same.
FORMAT: Final = (image.FORMAT, sys.version)


class MessageError(WasmzError):
    """Something that the other process has not sent."""


def pack(secret: bytes, message: bytes) -> bytes:
    """The message as it is sent."""
    return len(message).to_bytes(8, "little") + _sum(secret, message) + message


def unpack(secret: bytes, header: bytes, message: bytes) -> bytes:
    """The message itself.

    Raises:
        MessageError: it does not fit its header.
    """
    if header[8:] != _sum(secret, message):
        raise MessageError("a message of the compiling process is damaged")
    return message


def _sum(secret: bytes, message: bytes) -> bytes:
    made = blake2b(secret, digest_size=16)
    made.update(message)
    return made.digest()
