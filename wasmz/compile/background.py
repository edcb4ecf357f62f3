"""Has another process compile functions, while this process runs the code that it has.

    client = Client(data, config, supply)
    client.ask(5, OPTIMISED)        True: the supply will get the code. False: compile it in this process

A process has at most one helper, for all modules (``compile/helper.py``). The helper is started when the first function
gets hot, if there is a second processor. It ends when it has been idle for a while, or when this process ends. Nothing
in this file blocks: what has arrived is read when the next request is made.

The helper is a new process, not a fork: it shares no memory, threads, locks or descriptors with this one. If anything
goes wrong with it, functions are compiled in this process from then on, as without a helper.
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

# Frames of this module do not decide where an exception comes from, see runtime/traps/translation.py.
__wasmz_frame__ = "helper"

# Switches all helpers off if it is "0".
SWITCH: Final = "WASMZ_BACKGROUND_COMPILE"

# How many modules the helper knows at a time. It may be more while they all wait for code.
_MOST_MODULES: Final = 8
# Seconds between two reads of what has arrived.
_INTERVAL: Final = 0.001


class Client:
    """One module's view of the helper.

    Attributes:
        era: the ``Background.era`` to which ``number`` and ``pending`` belong.
        number: the module's number in the helper; -1 if the helper does not know the module.
        pending: the code that was requested and has not arrived.
        refused: the code that the helper could not make.
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
        """Whether the supply has the code, or will get it from the helper.

        ``False`` means that this process has to compile it.
        """
        return (index, form) not in self.refused and background.ask(self, (index, form))

    def settings(self) -> dict[str, Any]:
        """The settings that code depends on."""
        described = type(self.config)._described.items()
        values = {name: getattr(self.config, name) for name, about in described if about["key"] is not None}
        # The helper does not search the folders in which numpy may be installed.
        values["numpy"] = self.config.uses_numpy
        return {name: value for name, value in values.items() if value != self.config._defaults[name]}

    def receive(self, key: _Key, frozen: bytes | None) -> None:
        """Adds what the helper has made to the supply."""
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
        era: a number that changes with each helper.
        is_off: whether this process gives up on helpers.
        connection: to the helper, while there is one.
        pid: the helper's process id, once it has reported it.
    """

    def __init__(self) -> None:
        self.era: int = 0
        self.reset()

    def reset(self) -> None:
        """Forgets the helper without ending it."""
        self.era += 1
        self.is_off: bool = False
        self.connection: Connection | None = None
        self.pid: int | None = None
        self._lock: Any = RLock()
        # Whether another thread, or code that a signal handler interrupted, is inside `_exclusively`.
        self._is_running: bool = False
        # Whether an action was begun and not finished: an exception ended it in the middle.
        self._is_unfinished: bool = False
        self._clients: dict[int, ref[Client]] = {}
        self._opened: int = 0
        self._looked: float = 0.0

    def after_fork(self) -> None:
        """In a forked child: the helper belongs to the parent."""
        connection = self.connection
        self.reset()
        if connection is not None:
            connection.close()

    def ask(self, client: Client, key: _Key) -> bool:
        """See :meth:`Client.ask`."""
        if self.is_off:
            return False
        return self._exclusively(lambda: self._request(client, key))

    def look(self) -> None:
        """Reads what has arrived."""
        if self.connection is not None:
            self._exclusively(self._exchange)

    def _exclusively(self, action: Callable[[], bool | None]) -> bool:
        """Runs an action unless one is running already; ``False`` only if the action returns it.

        Another action may be running in another thread, or in code that a signal handler interrupted. The result is
        ``True`` then. A signal handler may raise an exception anywhere in here.
        """
        is_outermost = False
        try:
            if not self._lock.acquire(False) or self._is_running:
                return True
            self._is_running = is_outermost = True
            if self._is_unfinished:
                self._end()
            self._is_unfinished = True
            result = action()
            self._is_unfinished = False
            return result is not False
        finally:
            if is_outermost:
                self._is_running = False
            try:
                self._lock.release()
            except RuntimeError:
                # Another thread holds it.
                pass

    def close(self) -> None:
        """Closes the connection to the helper, which ends then."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def _request(self, client: Client, key: _Key) -> bool:
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
        """Tells the helper about a module, and which modules to forget."""
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
                # The next read finds what it sent before it ended, and that it ended.
                pass

    def _exchange(self) -> None:
        """Reads what has arrived, and sends what could not be sent before."""
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
        """Gives up the current helper; a new one may be started."""
        self.close()
        self.era += 1
        self.pid = None
        self._clients = {}


def is_possible() -> bool:
    """Whether a helper may be started here and would help."""
    if os.environ.get(SWITCH) == "0" or os.environ.get("WASMZ_COMPILE_DIAG"):
        # Faults of the compiler are shown as warnings, in the process that compiles.
        return False
    if sys.platform in ("emscripten", "wasi", "ios", "android") or is_finalizing():
        return False
    # In frozen programs, and in those that embed Python, the executable is the program itself.
    name = os.path.basename(sys.executable or "").lower()
    if getattr(sys, "frozen", False) or not name.startswith("python"):
        return False
    process: Any = sys.modules.get("multiprocessing.process")
    if process is not None and process.current_process().daemon:
        # Daemonic processes must not have children.
        return False
    return count_processors() > 1


def count_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def helper_command() -> list[str] | None:
    """The command that starts the helper; ``None`` if this package is not in the file system."""
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


# The places go to the end of sys.path: nothing there may replace a module of the standard library. Where processes can
# fork, the process that is started forks and ends at once: the program never gets a child that it could wait for.
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
