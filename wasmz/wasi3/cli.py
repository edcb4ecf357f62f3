"""``wasi:cli`` 0.3: standard streams; the rest is as in 0.2.

Cli(guest).stdin()              -> a stream of bytes, and a future of how it ends
Cli(guest).stdout(stream)       -> a future of how writing ends
"""

from __future__ import annotations

from wasmz.runtime.wasi.errno import Errno
from wasmz.wasi2 import cli
from wasmz.wasi2.cli import TerminalInput, TerminalOutput
from wasmz.wasi2.streams import DescriptorSink, DescriptorSource
from wasmz.wasi3.transfers import incoming, outgoing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.wasi3.transfers import Ending


class Cli(cli.Cli):
    """Functions of all interfaces of ``wasi:cli``."""

    def stdin(self) -> tuple[Any, Ending]:
        """Standard input."""
        return incoming(self._guest, lambda: DescriptorSource(self._guest.stream(0)), _code)

    def stdout(self, data: Any) -> Ending:
        """Writes to standard output."""
        return outgoing(self._guest, data, lambda: DescriptorSink(self._guest.stream(1)), _code)

    def stderr(self, data: Any) -> Ending:
        """Writes to standard error."""
        return outgoing(self._guest, data, lambda: DescriptorSink(self._guest.stream(2)), _code)


def _code(number: int) -> str:
    return {Errno.PIPE: "pipe", Errno.ILSEQ: "illegal-byte-sequence"}.get(number, "io")


__all__ = ["Cli", "TerminalInput", "TerminalOutput"]
