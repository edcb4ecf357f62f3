"""The pipes to a helper process. Nothing here blocks.

    connection = connect([sys.executable, "-c", "..."])     None if no process can be started
    connection.send(b"message")                             sends as much as the pipe takes, the rest later
    for message in connection.receive(): ...                messages that have arrived; raises Ended at the end

On POSIX the pipes are non-blocking. Windows has no such pipes: there, two threads read and write them.
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

# Frames of this module do not decide where an exception comes from, see runtime/traps/translation.py.
__wasmz_frame__ = "helper"

_PIECE: Final = 1 << 16


class Ended(Exception):
    """The other process has ended, or the descriptor of the pipe was closed and is used for something else."""


class Connection:
    """Exchanges messages with a process."""

    def __init__(self, pipes: _Pipes | _ThreadPipes) -> None:
        self._pipes: _Pipes | _ThreadPipes = pipes
        self._secret: bytes = os.urandom(HEADER)
        self._unsent: list[memoryview] = [memoryview(self._secret)]
        self._received = bytearray()

    def send(self, message: bytes) -> None:
        """Sends a message, or as much of it as the pipe takes; the rest follows with later calls.

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
            MessageError: something arrived that the other process did not send.
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
        """Closes the pipes, which ends the process."""
        self._pipes.close()


class _Pipes:
    """Non-blocking pipes."""

    def __init__(self, reading: int, writing: int, starter: int) -> None:
        self._reading: int = reading
        self._writing: int = writing
        # The process that was started. It forks the helper and ends at once.
        self._starter: int = starter
        # A program may close descriptors that it does not know; then their numbers are reused for other files.
        self._identities = {number: _identity(number) for number in (reading, writing)}

    def _check(self, number: int) -> None:
        if _identity(number) != self._identities.get(number):
            raise Ended

    def read(self) -> bytes:
        """What has arrived, perhaps nothing.

        Raises:
            Ended: the process has ended.
        """
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
        """Writes as much as the pipe takes; returns the number of bytes written."""
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
                # The program has waited for any child.
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
    """Blocking pipes, read and written by a thread each, with the methods of ``_Pipes``."""

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
        """Has the thread write all of it."""
        self._leaving.put(content)
        return len(content)

    def close(self) -> None:
        """Has the pipes closed. The process ends then, and with it the reading thread."""
        self._leaving.put(None)


def connect(command: list[str]) -> Connection | None:
    """Starts a process with pipes for its standard input and output."""
    try:
        return Connection(_spawn_on_windows(command) if sys.platform == "win32" else _spawn(command))
    except Exception:
        # The system, its administrator, or an audit hook of the program forbids it.
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
        # Ctrl-C is for the program, not for the helper.
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
    # Nothing waits for it: without a return code, Popen would warn.
    process.returncode = 0
    return made
