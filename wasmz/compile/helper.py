"""The helper process: compiles for another process while that runs code (``compile/background.py`` starts it).

    standard input        messages: ("open", 0, data, settings); ("compile", 0, 5, -2); ("drop", 0); ...
    standard output       messages: ("ready", process id); (0, 5, -2, b"code"); ...; None, if it ends because it was
    idle

Before the first message stands the secret (``compile/messages.py``). The process ends as soon as its standard input
is closed, even in the middle of a compilation: it never outlives the process that started it.
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

# Seconds without work after which it ends; a new one is started when there is work again.
IDLE: Final = 20.0


def main() -> None:
    """Does what the messages ask for, until there are no more."""
    signal(SIGINT, SIG_IGN)
    if hasattr(os, "nice"):
        # If all processors are busy, the program has priority.
        os.nice(5)
    # Descriptors that the program passes on to its children are not for the helper.
    os.closerange(3, 1 << 16)
    # Whether code may use numpy was decided by the program.
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
    """The code; ``None`` if it cannot be made: the other process will compile it then, and meet the error."""
    try:
        return compiler.compile(index, CodeForm.of(number)).freeze()
    except Exception:
        return None


def _receive(secret: bytes, work: SimpleQueue[Any]) -> None:
    """Reads messages and queues them; ends the process when there are no more."""
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
        # The reader is gone.
        os._exit(0)
