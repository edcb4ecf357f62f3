"""Has functions compiled in another process, while this one runs the code that it has.

    client = Client(data, config, supply)
    client.ask(5, OPTIMISED)        True: the supply will get the code. False: nobody else compiles it

A process has at most one helper, for all modules (``compile/helper.py``). It is started when the first function is hot,
where there is a second processor, and ends when it has had nothing to do for a while, or this process ends. Everything
that this file does takes a moment only: it waits for nothing, and what has arrived is found at the next question.

The helper is a new process, not a fork: it has nothing of this one's memory, threads, locks and descriptors. If
anything is wrong with it, functions are compiled in this process from then on, as they are without it.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from _thread import RLock

from wasmz.compile.connection import Connection, Ended, connect
from wasmz.compile.messages import FORMAT
from wasmz.errors import WasmzError
from wasmz.runtime.abi import CodeForm
from wasmz.runtime.image import FunctionCode
from wasmz.startup.concurrency import at_fork, is_finalizing
from wasmz.startup.light import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.config import Config
    from wasmz.runtime.calls.supply import CodeSupply

    _Key = tuple[int, CodeForm]

# Frames of this module do not decide whose exception it is, see runtime/traps/translation.py.
__wasmz_frame__ = "helper"

# Switches all helpers off if it is "0".
SWITCH: Final = "WASMZ_BACKGROUND_COMPILE"

# Modules that the helper knows at a time, unless it has work for more.
_MOST_MODULES: Final = 8
# Seconds between two looks at what has arrived.
_INTERVAL: Final = 0.001


class Client:
    """What one module has to do with the helper.

    Attributes:
        era: of the ``Background``, to which number and pending belong.
        number: under which the helper has the module; -1 if it has not.
        pending: what it has been asked for and has not made yet.
        refused: what it could not make.
    """

    def __init__(self, data: bytes, config: Config, supply: CodeSupply) -> None:
        self.data: bytes = data
        self.config: Config = config
        self.supply: ref[CodeSupply] = ref(supply)
        self.era: int = -1
        self.number: int = -1
        self.pending: set[_Key] = set()
        self.refused: set[_Key] = set()

    def ask(self, index: int, form: CodeForm) -> bool:
        """Whether the helper has been asked for the code; the supply has it then, or will have it.

        ``False`` if this process is to compile it.
        """
        return (index, form) not in self.refused and background.ask(self, (index, form))

    def settings(self) -> dict[str, Any]:
        """The settings that code depends on."""
        described = type(self.config)._described.items()
        values = {name: getattr(self.config, name) for name, about in described if about["key"] is not None}
        # The other process does not find what is installed beside Python.
        values["numpy"] = self.config.uses_numpy
        return {name: value for name, value in values.items() if value != self.config._defaults[name]}

    def receive(self, key: _Key, frozen: bytes | None) -> None:
        """Takes what the helper has made."""
        self.pending.discard(key)
        supply = self.supply()
        if frozen is None:
            self.refused.add(key)
        elif supply is not None:
            # Another thread may have compiled it meanwhile.
            supply.codes.setdefault(key, FunctionCode.thaw(frozen))


class Background:
    """The helper of this process, if it has one.

    Attributes:
        era: changes when the helper does.
        is_off: there will be none any more.
        connection: to the helper, as long as there is one.
        pid: the helper's, as soon as it has said so.
    """

    def __init__(self) -> None:
        self.era: int = 0
        self.reset()

    def reset(self) -> None:
        """Forgets everything, without a trace in another process."""
        self.era += 1
        self.is_off: bool = False
        self.connection: Connection | None = None
        self.pid: int | None = None
        self._lock: Any = RLock()
        # Whether someone is at it; and the same, which stays so after an exception in the middle of that.
        self._is_busy: bool = False
        self._is_torn: bool = False
        self._clients: dict[int, ref[Client]] = {}
        self._opened: int = 0
        self._looked: float = 0.0

    def after_fork(self) -> None:
        """In a forked child: the helper is the parent's."""
        connection = self.connection
        self.reset()
        if connection is not None:
            connection.close()

    def ask(self, client: Client, key: _Key) -> bool:
        """See :meth:`Client.ask`."""
        if self.is_off:
            return False
        return self._alone(lambda: self._is_asked(client, key))

    def look(self) -> None:
        """Takes what has arrived."""
        if self.connection is not None:
            self._alone(self._exchange)

    def _alone(self, action: Callable[[], bool | None]) -> bool:
        """The result of an action that nobody else does at the same time; ``True`` if somebody does one.

        That is another thread, or what a signal handler has interrupted in this one. Handlers may raise exceptions at
        any point here, too.
        """
        is_first = False
        try:
            if not self._lock.acquire(False) or self._is_busy:
                return True
            self._is_busy = is_first = True
            if self._is_torn:
                self._end()
            self._is_torn = True
            result = action()
            self._is_torn = False
            return result is not False
        finally:
            if is_first:
                self._is_busy = False
            try:
                self._lock.release()
            except RuntimeError:
                # Another thread has it.
                pass

    def close(self) -> None:
        """Lets the helper end, if there is one."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def _is_asked(self, client: Client, key: _Key) -> bool:
        now = time.monotonic()
        if self.connection is not None and now - self._looked >= _INTERVAL:
            self._looked = now
            self._exchange()
        if self.is_off:
            return False
        if client.era != self.era:
            client.era = self.era
            client.number = -1
            client.pending.clear()
        supply = client.supply()
        if key in client.pending or key in client.refused or (supply is not None and supply.has(*key)):
            return key not in client.refused
        if self.connection is None and not self._start():
            return False
        if client.number < 0:
            self._open(client)
        client.pending.add(key)
        self._send(("compile", client.number, key[0], key[1].number))
        return True

    def _start(self) -> bool:
        command = helper_command() if is_possible() else None
        self.connection = None if command is None else connect(command)
        self.is_off = self.connection is None
        return not self.is_off

    def _open(self, client: Client) -> None:
        """Tells the helper about a module, and which ones to forget."""
        for number, reference in list(self._clients.items()):
            known = reference()
            if known is None or (len(self._clients) >= _MOST_MODULES and not known.pending):
                del self._clients[number]
                if known is not None:
                    known.number = -1
                self._send(("drop", number))
        number = self._opened
        self._opened += 1
        client.number = number
        self._clients[number] = ref(client)
        self._send(("open", number, client.data, client.settings()))

    def _send(self, message: tuple[Any, ...]) -> None:
        if self.connection is not None:
            try:
                self.connection.send(marshal.dumps(message))
            except (Ended, OSError):
                # What it has sent before is read next time.
                pass

    def _exchange(self) -> None:
        """Takes what has arrived, and sends what is left to be sent."""
        connection = self.connection
        if connection is None:
            return
        is_expected = False
        try:
            for message in connection.receive():
                answer = marshal.loads(message)
                if answer is None:
                    is_expected = True
                elif answer[0] == "ready":
                    if answer[2] != FORMAT:
                        raise Ended
                    self.pid = answer[1]
                else:
                    self._deliver(*answer)
        except (Ended, WasmzError, OSError):
            self._end()
            self.is_off = not is_expected

    def _deliver(self, number: int, index: int, form: int, frozen: bytes | None) -> None:
        reference = self._clients.get(number)
        client = None if reference is None else reference()
        if client is not None:
            client.receive((index, CodeForm.of(form)), frozen)

    def _end(self) -> None:
        """Is without a helper; a new one may be started."""
        self.close()
        self.era += 1
        self.pid = None
        self._clients = {}


def is_possible() -> bool:
    """Whether a helper may be started here, and can be of use."""
    if os.environ.get(SWITCH) == "0" or os.environ.get("WASMZ_COMPILE_DIAG"):
        # Faults of the compiler are shown as warnings of the process that compiles.
        return False
    if sys.platform in ("emscripten", "wasi", "ios", "android") or is_finalizing():
        return False
    # In programs that contain Python, and in frozen ones, this is the program itself.
    name = os.path.basename(sys.executable or "").lower()
    if getattr(sys, "frozen", False) or not name.startswith("python"):
        return False
    process: Any = sys.modules.get("multiprocessing.process")
    if process is not None and process.current_process().daemon:
        # Such processes must not have children.
        return False
    return count_processors() > 1


def count_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def helper_command() -> list[str] | None:
    """What starts the helper; ``None`` if this package is in no file system."""
    places = []
    for name in ("wasmz", "bytecode"):
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None) if module is not None else _find_file(name)
        if not file:
            return None
        place = os.path.dirname(os.path.dirname(os.path.abspath(file)))
        if place not in places:
            places.append(place)
    options = ["-I", "-S", *(["-" + "O" * sys.flags.optimize] if sys.flags.optimize else [])]
    if sys.dont_write_bytecode:
        options.append("-B")
    if sys.pycache_prefix is not None:
        options += ["-X", f"pycache_prefix={sys.pycache_prefix}"]
    return [sys.executable, *options, "-c", _PROGRAM, *places]


def _find_file(name: str) -> str | None:
    from _frozen_importlib_external import PathFinder

    spec = PathFinder.find_spec(name)
    return None if spec is None else spec.origin


# The places come last: nothing there is taken for a part of the standard library. Where processes can fork, the one
# that is started ends at once; the child of a child is nobody's whom the program could wait for.
_PROGRAM: Final = """
import os, sys
if hasattr(os, "fork") and os.fork():
    os._exit(0)
sys.path += sys.argv[1:]
from wasmz.compile.helper import main
main()
"""

background: Final = Background()
at_fork(background.after_fork)
