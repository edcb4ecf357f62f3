"""``wasi:cli``: arguments, environment, exit, standard streams, terminals.

Cli(guest).get_arguments()      -> ["prog", "-v"]
"""

from __future__ import annotations

from wasmz.errors import WasiExit
from wasmz.runtime.wasi.flags import FileType
from wasmz.wasi2.guest import Resource, label_of
from wasmz.wasi2.streams import DescriptorSink, DescriptorSource, InputStream, OutputStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from wasmz.wasi2.guest import Guest


class TerminalInput(Resource):
    """The resource ``terminal-input``: says that there is a terminal."""


class TerminalOutput(Resource):
    """The resource ``terminal-output``: says that there is a terminal."""


class Cli:
    """Functions of all interfaces of ``wasi:cli``."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    def get_environment(self) -> list[tuple[str, str]]:
        """The variables of the environment."""
        found = [_text(item).partition("=") for item in self._guest.process.env]
        return [(name, value) for name, _, value in found]

    def get_arguments(self) -> list[str]:
        """The arguments, the program's name first."""
        return [_text(arg) for arg in self._guest.process.args]

    def initial_cwd(self) -> None:
        """The current directory: there is none."""

    def exit(self, status: Any) -> NoReturn:
        """Ends the guest: with 0 if the result is none of an error, with 1 otherwise."""
        self.exit_with_code(0 if label_of(status) == "ok" else 1)

    def exit_with_code(self, code: int) -> NoReturn:
        """Ends the guest with a status."""
        process = self._guest.process
        process.flush()
        if process.on_exit is not None:
            process.on_exit(code)
        raise WasiExit(code)

    def get_stdin(self) -> InputStream:
        """Standard input."""
        return InputStream(self._guest, DescriptorSource(self._guest.stream(0)))

    def get_stdout(self) -> OutputStream:
        """Standard output."""
        return OutputStream(self._guest, DescriptorSink(self._guest.stream(1)))

    def get_stderr(self) -> OutputStream:
        """Standard error."""
        return OutputStream(self._guest, DescriptorSink(self._guest.stream(2)))

    def get_terminal_stdin(self) -> TerminalInput | None:
        """The terminal that standard input is, if it is one."""
        return TerminalInput(self._guest) if self._is_terminal(0) else None

    def get_terminal_stdout(self) -> TerminalOutput | None:
        """The terminal that standard output is, if it is one."""
        return TerminalOutput(self._guest) if self._is_terminal(1) else None

    def get_terminal_stderr(self) -> TerminalOutput | None:
        """The terminal that standard error is, if it is one."""
        return TerminalOutput(self._guest) if self._is_terminal(2) else None

    def _is_terminal(self, number: int) -> bool:
        return self._guest.stream(number).file_type == FileType.CHARACTER_DEVICE


def _text(content: bytes) -> str:
    """Strings of this interface are Unicode; what is none is replaced."""
    return content.decode(errors="replace")
