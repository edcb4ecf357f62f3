"""The pipes to a helper process, which are never waited for.

    connection = connect([sys.executable, "-c", "..."])     None if no process can be started
    connection.send(b"message")                             as much as goes, the rest later
    for message in connection.receive(): ...                what is there; raises Ended at the end

On POSIX the pipes do not block. Windows has no such pipes: two threads read and write them there.
"""

from __future__ import annotations

import os
import sys
from _thread import start_new_thread

from wasmz.compile.messages import HEADER, pack, unpack
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

# Frames of this module do not decide whose exception it is, see runtime/traps/translation.py.
__wasmz_frame__ = "helper"

_PIECE: Final = 1 << 16


class Ended(Exception):
    """The other process has ended, or the pipe is not ours any more."""


class Connection:
    """Messages to a process and from it."""

    def __init__(self, pipes: _Pipes | _ThreadPipes) -> None:
        self._pipes: _Pipes | _ThreadPipes = pipes
        self._secret: bytes = os.urandom(HEADER)
        self._unsent: list[memoryview] = [memoryview(self._secret)]
        self._received = bytearray()

    def send(self, message: bytes) -> None:
        """Sends a message, now or later.

        Raises:
            Ended: the process has ended.
        """
        self._unsent.append(memoryview(pack(self._secret, message)))
        self._flush()

    def _flush(self) -> None:
        unsent = self._unsent
        while unsent:
            count = self._pipes.write(unsent[0])
            if not count:
                break
            unsent[0] = unsent[0][count:]
            if not unsent[0]:
                del unsent[0]

    def receive(self) -> Iterator[bytes]:
        """The messages that have arrived.

        Raises:
            Ended: there will be no more.
            MessageError: something else has arrived.
        """
        is_ended = False
        try:
            while part := self._pipes.read():
                self._received += part
            self._flush()
        except (Ended, OSError):
            is_ended = True
        received = self._received
        while len(received) >= HEADER:
            end = HEADER + int.from_bytes(received[:8], "little")
            if len(received) < end:
                break
            message = unpack(self._secret, bytes(received[:HEADER]), bytes(received[HEADER:end]))
            del received[:end]
            yield message
        if is_ended:
            raise Ended

    def close(self) -> None:
        """Lets the process end."""
        self._pipes.close()


class _Pipes:
    """Pipes that do not block."""

    def __init__(self, reading: int, writing: int, starter: int) -> None:
        self._reading: int = reading
        self._writing: int = writing
        # The process that was started, which ends at once.
        self._starter: int = starter
        # A program may close descriptors that it does not know, and get their numbers for something else.
        self._identities = {number: _identity(number) for number in (reading, writing)}

    def _check(self, number: int) -> None:
        if _identity(number) != self._identities.get(number):
            raise Ended

    def read(self) -> bytes:
        """What is there; nothing if there is nothing yet."""
        self._reap()
        self._check(self._reading)
        try:
            part = os.read(self._reading, _PIECE)
        except BlockingIOError:
            return b""
        if not part:
            raise Ended
        return part

    def write(self, content: memoryview) -> int:
        """Writes what goes, and returns how many bytes that was."""
        self._check(self._writing)
        try:
            return os.write(self._writing, content)
        except BlockingIOError:
            return 0

    def _reap(self) -> None:
        if self._starter:
            try:
                if os.waitpid(self._starter, os.WNOHANG)[0]:
                    self._starter = 0
            except ChildProcessError:
                # Whoever waits for any child has met it.
                self._starter = 0

    def close(self) -> None:
        """Closes the pipes."""
        for number, identity in self._identities.items():
            if _identity(number) == identity:
                os.close(number)
        self._identities = {}
        self._reap()


def _identity(number: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(number)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class _ThreadPipes:
    """The same with threads."""

    def __init__(self, reading: int, writing: int) -> None:
        from _queue import SimpleQueue

        self._arrived: Any = SimpleQueue()
        self._leaving: Any = SimpleQueue()
        start_new_thread(self._read, (reading,))
        start_new_thread(self._write, (writing,))

    def _read(self, number: int) -> None:
        part: bytes | None = b"-"
        while part:
            try:
                part = os.read(number, _PIECE)
            except OSError:
                part = None
            self._arrived.put(part)
        os.close(number)

    def _write(self, number: int) -> None:
        try:
            while content := self._leaving.get():
                while content:
                    content = content[os.write(number, content[:_PIECE]) :]
        except OSError:
            pass
        os.close(number)

    def read(self) -> bytes:
        """See :meth:`_Pipes.read`."""
        if self._arrived.empty():
            return b""
        part: bytes | None = self._arrived.get()
        if not part:
            raise Ended
        return part

    def write(self, content: memoryview) -> int:
        """Has everything written."""
        self._leaving.put(content)
        return len(content)

    def close(self) -> None:
        """Has the pipes closed: the process ends then, and that ends the other thread."""
        self._leaving.put(None)


def connect(command: list[str]) -> Connection | None:
    """Starts a process with pipes for its standard input and output."""
    try:
        return Connection(_spawn_on_windows(command) if sys.platform == "win32" else _spawn(command))
    except Exception:
        # The system, its administrator, or a hook of the program's does not allow that.
        return None


def _spawn(command: list[str]) -> _Pipes:
    from _signal import SIGINT, SIGQUIT  # type: ignore[import-not-found]

    descriptors = [*os.pipe()]
    try:
        descriptors += os.pipe()
        if min(descriptors) < 3:
            raise OSError("a standard stream is closed")
        asking, writing, reading, answering = descriptors
        actions = [
            (os.POSIX_SPAWN_DUP2, asking, 0),
            (os.POSIX_SPAWN_DUP2, answering, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        # Ctrl-C is for the program.
        starter = os.posix_spawn(command[0], command, os.environ, file_actions=actions, setsigmask=[SIGINT, SIGQUIT])
        for number in (writing, reading):
            os.set_blocking(number, False)
        made = _Pipes(reading, writing, starter)
        descriptors = [asking, answering]
        return made
    finally:
        for number in descriptors:
            os.close(number)


def _spawn_on_windows(command: list[str]) -> _ThreadPipes:
    load("subprocess")
    import subprocess

    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, bufsize=0, creationflags=flags
    )
    with process.stdin as sending, process.stdout as receiving:  # type: ignore[union-attr]
        made = _ThreadPipes(os.dup(receiving.fileno()), os.dup(sending.fileno()))
    # Nobody waits for it.
    process.returncode = 0
    return made
