"""Guests whose interpreter is a module with the functions that those of the package `pwasm` import.

The module calls `host_write(stream, address, size)`, and `host_call(name, size, arguments, size)`, which says how long
the answer is that `host_take(address, size)` then puts into its memory; less than 0 for an error. All of it is JSON.

To make an interpreter ready takes up to a fifth of a second. So that is done once for each limit of memory: other
guests begin with a copy of the memory that it left. Nothing else is a guest's own while no code runs in it.
"""

from __future__ import annotations

import weakref

from wasmz.errors import Trap
from wasmz.guests.guest import Captured, Guest
from wasmz.guests.modules import compiled
from wasmz.guests.results import json_of
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.linker import Linker
from wasmz.startup.concurrency import load
from wasmz.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar, Final

    from wasmz.guests.guest import Outcome
    from wasmz.module import Module
    from wasmz.runtime.calls.host import Caller

_MOST_ERROR_BYTES: Final = 64 << 10
# Enough for the guest's own part.
_FUEL_TO_START: Final = 1 << 40
# By guest and limits: the memory of an interpreter that has been made ready.
_ready: dict[tuple[str, int, bool, int], bytes] = {}
_MOST_READY: Final = 8


class Interpreter(Guest):
    """What guests have in common whose interpreter is such a module."""

    # The guest's name among the packages.
    _name: ClassVar[str]

    @property
    def is_usable(self) -> bool:
        return self._release is not None and not self._is_lost

    def _module(self) -> Module:
        return compiled(self._name, self._memory, is_metered=self._fuel is not None)

    def _start(self) -> None:
        module = self._module()
        self._port = Port(self._stdout, self._stderr, self._most_output)
        linker = Linker(module.engine)
        self._define(linker, module)
        self._port.define(linker)
        instance = self._instance = Instance(self._store, module, linker)
        self._known: set[str] = set()
        self._is_lost = False
        self._release = weakref.finalize(self, self._store.close)
        preludes = self._preludes()
        key = self._name, self._memory, self._fuel is not None, len(preludes)
        image = _ready.get(key)
        memory = instance.first_memory
        if image is not None:
            missing = len(image) - memory.size_bytes
            if missing > 0:
                memory.grow(missing // memory.type.page_bytes)
            memory.write(0, image)
            return
        if self._fuel is not None:
            self._store.set_fuel(_FUEL_TO_START)
        instance.initialize_reactor()
        self._initialize()
        error = self._evaluate_all(preludes)[2]
        if error is not None:
            raise error
        while len(_ready) >= _MOST_READY:
            del _ready[next(iter(_ready))]
        _ready[key] = memory.read(0, memory.size_bytes)

    def _turn(self, request: Any) -> Outcome:
        self._port.serve = self._serve
        return self._answered(request)

    async def _turn_async(self, request: Any) -> Outcome:
        # Imported only here: it needs asyncio.
        load("wasmz.guests.threads")
        from wasmz.guests.threads import in_thread

        def work(ask: Callable[[bytes], bytes]) -> Outcome:
            self._port.serve = ask
            return self._answered(request)

        try:
            return await in_thread(self._store, work, self._serve_async, self._ends_at)  # type: ignore[no-any-return]
        except BaseException:
            self._is_lost = True
            raise

    def _answered(self, request: Any) -> Outcome:
        try:
            return self._answer(request)
        except BaseException:
            self._is_lost = True
            raise

    def _new_functions(self) -> list[str]:
        """The names of functions of the host that the guest does not have yet, and gets now."""
        new = [name for name in self.functions if name not in self._known]
        self._known.update(new)
        return new

    def _evaluate_all(self, sources: list[str]) -> Outcome:
        """Has sources evaluated, as far as none ends with an error; what came of the last one."""
        outcome: Outcome = "null", False, None
        for source in sources:
            outcome = self._evaluate(source)
            if outcome[2] is not None:
                break
        return outcome

    def _put(self, source: str) -> tuple[int, int] | None:
        """A source in the guest's memory, its address and size; ``None`` if there is no room."""
        data = source.encode("utf-8", "replace")
        address = self._instance.exports.malloc(len(data) + 1) & 0xFFFF_FFFF
        if not address:
            return None
        self._instance.first_memory.write(address, data + b"\0")
        return address, len(data)

    def _ended_by(self, failure: Exception) -> Any:
        self._is_lost = self._is_lost or isinstance(failure, Trap)
        return super()._ended_by(failure)

    # A language's own

    def _define(self, linker: Linker, module: Module) -> None:
        """Defines what the module imports beside the port."""
        raise NotImplementedError

    def _preludes(self) -> list[str]:
        """What is evaluated before all else; as many sources are always the same ones."""
        raise NotImplementedError

    def _initialize(self) -> None:
        """Starts the interpreter in a fresh instance."""
        raise NotImplementedError

    def _answer(self, request: Any) -> Outcome:
        """Runs what was asked for."""
        raise NotImplementedError

    def _evaluate(self, source: str) -> Outcome:
        """Has one source evaluated."""
        raise NotImplementedError


class Port:
    """What the module calls.

    Attributes:
        serve: has a function of the host called.
        value, error: what the guest said of the end of its code.
    """

    def __init__(self, stdout: Captured, stderr: Captured, most: int) -> None:
        self.serve: Callable[[bytes], bytes] | None = None
        self.value: Captured = Captured(most)
        self.error: Captured = Captured(_MOST_ERROR_BYTES)
        self.sinks: dict[int, Captured] = {1: stdout, 2: stderr, 3: self.value}
        self._kept = b""

    def define(self, linker: Linker) -> None:
        """Defines the functions."""
        i32 = ValType.I32
        linker.define("env", "host_write", HostFunc(self._write, [i32] * 3, [], caller=True))
        linker.define("env", "host_call", HostFunc(self._call, [i32] * 4, [i32], caller=True))
        linker.define("env", "host_take", HostFunc(self._take, [i32] * 2, [], caller=True))

    def begin(self) -> None:
        """Forgets what was said of other code."""
        self.value.clear()
        self.error.clear()

    def _write(self, caller: Caller, stream: int, address: int, size: int) -> None:
        self.sinks.get(stream, self.error)(caller.memory.read(address, size & 0xFFFF_FFFF))

    def _call(self, caller: Caller, name: int, name_size: int, args: int, args_size: int) -> int:
        memory = caller.memory
        called = memory.read(name, name_size & 0xFFFF_FFFF).decode("utf-8", "replace")
        given = memory.read(args, args_size & 0xFFFF_FFFF)
        if called == "#value":
            # The guest's own part says the value of its code: in brackets, as an argument.
            self.value(given[1:-1])
            self._kept = b"null"
            return 4
        if self.serve is None:
            return 0
        answer = self.serve(b"[%b,%b]" % (json_of(called, "a name").encode("utf-8", "replace"), given))
        is_error, self._kept = answer[:1] == b"e", answer[1:]
        return -len(self._kept) if is_error else len(self._kept)

    def _take(self, caller: Caller, address: int, size: int) -> None:
        caller.memory.write(address, self._kept[: size & 0xFFFF_FFFF])
