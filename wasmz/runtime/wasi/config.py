"""What a WASI guest gets from its host.

WasiConfig(args=["prog", "-v"], env={"HOME": "/"}, stdin=b"input", stdout=io.BytesIO())
"""

from __future__ import annotations

from types import MappingProxyType

from wasmz.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any


class WasiConfig(Record):
    """Arguments, environment and standard streams of a guest.

    Attributes:
        args: the arguments, the program's name first; ``str`` goes as UTF-8.
        env: the environment.
        stdin: ``bytes``, a file object, ``"inherit"`` for this process's, or ``None`` for an empty one.
        stdout, stderr: a file object, a ``bytearray`` to append to, a callable that takes ``bytes``, ``"inherit"``, or
            ``None`` to discard everything. Text files get the output decoded as UTF-8.
    """

    args: Sequence[str | bytes] = ()
    env: Mapping[str, str] = MappingProxyType({})
    stdin: Any = None
    stdout: Any | Callable[[bytes], object] = "inherit"
    stderr: Any | Callable[[bytes], object] = "inherit"

    def check(self) -> None:
        if isinstance(self.args, (str, bytes)):
            raise TypeError(f"args must be a sequence of strings, not the string {self.args!r}")
        encoded = [*self.encoded_args(), *self.encoded_env()]
        for item in encoded:
            if b"\0" in item:
                raise ValueError(f"arguments and environment cannot contain a zero byte: {item!r}")
        for name in self.env:
            if not name or "=" in name:
                raise ValueError(f"{name!r} cannot be the name of an environment variable")

    def encoded_args(self) -> list[bytes]:
        """The arguments as the guest sees them, without the zero at the end."""
        return [_encoded(arg) for arg in self.args]

    def encoded_env(self) -> list[bytes]:
        """The environment as ``NAME=value``."""
        return [_encoded(f"{name}={value}") for name, value in self.env.items()]


def _encoded(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
