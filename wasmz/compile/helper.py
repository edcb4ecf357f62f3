"""The process that compiles for another one while that runs code (``compile/background.py`` starts it).

    standard input        messages: ("open", 0, data, settings); ("compile", 0, 5, -2); ("drop", 0); ...
    standard output       messages: ("ready", process id); (0, 5, -2, b"code"); ...; None, when it has had nothing to do

The first message's place has the secret (``compile/messages.py``). The process ends as soon as its standard input does,
whatever it is doing: it never outlives who started it.
"""

from __future__ import annotations

import marshal
import os
from _queue import Empty, SimpleQueue
from _signal import SIG_IGN, SIGINT, signal  # type: ignore[import-not-found]
from _thread import start_new_thread

from wasmz.compile.messages import FORMAT, HEADER, MessageError, pack, unpack
from wasmz.compile.on_demand import TierCompiler
from wasmz.config import Config, assume_numpy
from wasmz.runtime.abi import CodeForm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

# Seconds without work after which it ends; whoever needs it again starts another one.
IDLE: Final = 20.0


def main() -> None:
    """Does what the messages say until there are no more."""
    signal(SIGINT, SIG_IGN)
    if hasattr(os, "nice"):
        # The program comes first if all processors are busy.
        os.nice(5)
    # What the program that started it passes on to its children is no business of this one.
    os.closerange(3, 1 << 16)
    # The program says whether code may use it.
    assume_numpy()
    secret = _read(HEADER)
    work: SimpleQueue[Any] = SimpleQueue()
    _send(secret, ("ready", os.getpid(), FORMAT))
    start_new_thread(_receive, (secret, work))
    compilers: dict[int, TierCompiler] = {}
    while True:
        try:
            kind, module, *rest = work.get(timeout=IDLE)
        except Empty:
            _send(secret, None)
            os._exit(0)
        if kind == "open":
            data, settings = rest
            compilers[module] = TierCompiler(data, Config(**settings, use_cache=False))
        elif kind == "drop":
            compilers.pop(module, None)
        else:
            index, number = rest
            _send(secret, (module, index, number, _compile(compilers[module], index, number)))


def _compile(compiler: TierCompiler, index: int, number: int) -> bytes | None:
    """The code; ``None`` if it cannot be made, which the other process will find out itself then."""
    try:
        return compiler.compile(index, CodeForm.of(number)).freeze()
    except Exception:
        return None


def _receive(secret: bytes, work: SimpleQueue[Any]) -> None:
    """Takes messages in; ends the process after the last one."""
    try:
        while True:
            header = _read(HEADER)
            work.put(marshal.loads(unpack(secret, header, _read(int.from_bytes(header[:8], "little")))))
    except (OSError, MessageError, MemoryError):
        pass
    finally:
        os._exit(0)


def _read(size: int) -> bytes:
    parts = []
    while size:
        part = os.read(0, min(size, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _send(secret: bytes, message: Any) -> None:
    rest = memoryview(pack(secret, marshal.dumps(message)))
    try:
        while rest:
            rest = rest[os.write(1, rest) :]
    except OSError:
        # Nobody reads it any more.
        os._exit(0)
