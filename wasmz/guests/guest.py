"""What guests of all languages have in common: limits, functions of the host, files, and the results of calls.

A subclass says how one request is given to its interpreter (``_turn``, ``_turn_async``), and how its answer is read.
"""

from __future__ import annotations

import re
import time
import weakref

from wasmz.errors import Interrupted, Trap, WasmException, bounded, expect, shown
from wasmz.guests.results import GuestError, GuestLost, OutputLimit, Result, json_of, value_of, weight_of
from wasmz.runtime.calls.host import is_coroutine_function
from wasmz.runtime.link.store import Store
from wasmz.runtime.wasi.memory_files import MemoryFileSystem
from wasmz.startup.concurrency import new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any, ClassVar, Final, Self

    from wasmz.module import Module

    # What a request came to: the value's JSON, and whether it is longer than it may be; or an error.
    Outcome = tuple[str, bool, BaseException | None]

_UNITS: Final = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}
_IDENTIFIER: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# How a call of the guest's own part begins that wants its answer in a list: of the value, or of an error's class and
# message.
_WRAPPED: Final = b'["#call",'
# "As the guest has it", for arguments of calls.
_SAME: Final = object()


class Guest:
    """An interpreter in a sandbox. State is kept from one call to the next.

    Code in a guest can compute, and use the functions and files that it is given; nothing else. What one piece of code
    leaves, later code in the same guest finds: use a guest for those who may see and change each other's data.

    A guest may be used by several threads, one after the other; a call waits for the one before.

    Attributes:
        files: what it sees as its files.
        functions: the host's functions that it may call, by name. Use :meth:`register` to add some.
        is_busy: whether a call is under way.
    """

    # The least that the interpreter needs.
    _least_memory: ClassVar[int]

    def __init__(
        self,
        *,
        timeout: float | None = 10.0,
        memory: int | str = "32MB",
        fuel: int | None = None,
        output: int | str = "1MB",
        files: Mapping[str, bytes | str] | MemoryFileSystem | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        """Starts the interpreter.

        Args:
            timeout: seconds for each call, ``None`` for no limit. Where Python has no threads, it has to be ``None``.
            memory: how much the guest may use, in bytes or as ``"64MB"``: its own memory and what it adds to its files.
            fuel: how many calls and iterations of the interpreter's code each call may take (docs/limits.md).
            output: how much a call may write, and how long its value may be, in bytes or as ``"1MB"``.
            files: what is in its files at first, by path; or a file system that others use, too.
            functions: functions of the host, by the names under which the guest calls them. Arguments and results
                go by way of JSON. In :meth:`exec_async` and :meth:`call_async` they may be coroutine functions.

        Raises:
            ImportError: the package that has the interpreter is not installed.
            TypeError, ValueError: an argument is none of these.
            RuntimeError: there are no threads, which a timeout needs, and MicroPython in any case.
        """
        self._timeout = _checked_timeout(timeout)
        self._memory = size_of(memory, "memory")
        if self._memory < self._least_memory:
            raise ValueError(f"memory must be at least {self._least_memory} bytes for this guest, not {self._memory}")
        expect(fuel, (int, type(None)), "fuel", "an integer or None")
        self._fuel = fuel
        self._most_output = size_of(output, "output")
        self.files: MemoryFileSystem = (
            files if isinstance(files, MemoryFileSystem) else MemoryFileSystem(files, limit_bytes=self._memory)
        )
        self.functions: dict[str, Callable[..., Any]] = {}
        for name, function in dict(functions or {}).items():
            self.register(name, function)
        self._lock = new_lock()
        self._stdout = Captured(self._most_output)
        self._stderr = Captured(self._most_output)
        self._store: Store
        self._release: weakref.finalize[[], Any] | None = None
        self._has_deadline = False
        # When the call under way has to end, as ``time.monotonic`` counts.
        self._ends_at: float | None = None
        # In the middle of a call: functions of the host cannot call their guest.
        self.is_busy: bool = False
        self.restart()

    # Calls

    def exec(
        self,
        code: str,
        *,
        variables: Mapping[str, Any] | None = None,
        timeout: float | object | None = _SAME,
        fuel: int | object | None = _SAME,
    ) -> Result:
        """Runs code. Whatever it does, and whichever limit it meets, is in the result; nothing of it is raised.

        Args:
            code: the code; its value is that of an expression at its end.
            variables: values for global variables, set before; what JSON has.
            timeout, fuel: in place of the guest's own.

        Raises:
            TypeError: an argument is of another type. GuestLost: an earlier call has ended the guest.
            KeyboardInterrupt: and what else comes from outside; the guest is lost then.
        """
        return self._run(self._exec_request(code, variables), timeout, fuel)

    def call(self, name: str, *args: Any, timeout: float | object | None = _SAME) -> Result:
        """Calls a function that the guest's code has defined, with arguments that JSON has. As :meth:`exec`."""
        return self._run(self._call_request(name, args), timeout, _SAME)

    async def exec_async(
        self,
        code: str,
        *,
        variables: Mapping[str, Any] | None = None,
        timeout: float | object | None = _SAME,
        fuel: int | object | None = _SAME,
    ) -> Result:
        """The same from asyncio. The guest computes in a thread, and the event loop goes on; functions of the host run
        in the loop, and may be coroutines. Cancelling it stops the guest, which is lost then.
        """
        return await self._run_async(self._exec_request(code, variables), timeout, fuel)

    async def call_async(self, name: str, *args: Any, timeout: float | object | None = _SAME) -> Result:
        """As :meth:`call`, from asyncio."""
        return await self._run_async(self._call_request(name, args), timeout, _SAME)

    def register(self, name: str, function: Callable[..., Any]) -> None:
        """Lets the guest call a function of the host, from the next call on, as a global function of this name.

        What it raises is raised in the guest, with its class's name and its message.

        Raises:
            TypeError: it is no function. ValueError: the name cannot be one.
        """
        expect(name, str, "name", "a string")
        if not callable(function):
            raise TypeError(f"{name} must be a function, not {bounded(repr(function))}")
        if not _IDENTIFIER.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a function")
        self.functions[name] = function

    # Life

    @property
    def is_usable(self) -> bool:
        """Whether it can be called: it was not stopped in the middle of its work, nor closed."""
        raise NotImplementedError

    def restart(self) -> None:
        """Makes the guest a fresh one, without the state that code has left. Its files stay as they are."""
        with self._lock:
            self.close()
            self._store = Store(self._module().engine)
            self._start()

    def close(self) -> None:
        """Ends the guest and frees its memory; :meth:`restart` makes a fresh one."""
        with self._lock:
            if self.is_busy:
                raise RuntimeError("the guest is in the middle of a call")
            if self._release is not None:
                self._release()
                self._release = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @shown
    def __repr__(self) -> str:
        state = "usable" if self.is_usable else "lost"
        return f"<{type(self).__name__} guest, {state}, {self._store.memory_budget.total_used} bytes in use>"

    # For subclasses

    def _module(self) -> Module:
        """Its module, in an engine with its limits."""
        raise NotImplementedError

    def _start(self) -> None:
        """Starts the interpreter in ``self._store``; sets ``self._release``, which frees it without the guest."""
        raise NotImplementedError

    def _exec_request(self, code: str, variables: Mapping[str, Any] | None) -> Any:
        raise NotImplementedError

    def _call_request(self, name: str, args: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    def _turn(self, request: Any) -> Outcome:
        """Has a request answered. Raises what has ended the guest."""
        raise NotImplementedError

    async def _turn_async(self, request: Any) -> Outcome:
        """The same from asyncio."""
        raise NotImplementedError

    def _serve(self, data: bytes) -> bytes:
        """Calls a function of the host for the guest: JSON of name and arguments, JSON of a result or an error."""
        is_wrapped = data.startswith(_WRAPPED)
        try:
            function, args, keywords = self._called(data, is_wrapped)
            if is_coroutine_function(function):
                raise TypeError("this function is a coroutine: the guest has to be called with exec_async")
            return _answer(function(*args, **keywords), is_wrapped)
        except Exception as error:
            if isinstance(error, Interrupted) and self._is_late():
                # It is the guest that is stopped: its code must not catch that.
                raise
            return _failure(error, is_wrapped)

    async def _serve_async(self, data: bytes) -> bytes:
        """The same, where functions may be coroutines."""
        is_wrapped = data.startswith(_WRAPPED)
        try:
            function, args, keywords = self._called(data, is_wrapped)
            value = function(*args, **keywords)
            if hasattr(type(value), "__await__"):
                value = await value
            return _answer(value, is_wrapped)
        except Exception as error:
            return _failure(error, is_wrapped)

    def _called(self, data: bytes, is_wrapped: bool) -> tuple[Callable[..., Any], list[Any], dict[str, Any]]:
        text = data.decode("utf-8", "replace")
        if weight_of(text) > self._memory:
            raise MemoryError("the arguments of a host function are too large for the guest's memory")
        called = value_of(text)
        keywords = {}
        if is_wrapped and isinstance(called, list) and isinstance(called[1], list) and len(called[1]) == 3:
            *called, keywords = called[1]
        if not (isinstance(called, list) and len(called) == 2 and isinstance(called[0], str)):
            raise TypeError("the arguments of a host function must be what JSON has")
        name, args = called
        function = self.functions.get(name) or self._own_functions().get(name)
        if function is None:
            raise NameError(f"the host has no function {bounded(repr(name))}")
        if not (isinstance(args, list) and isinstance(keywords, dict)):
            raise TypeError("the arguments of a host function must be what JSON has")
        return function, args, keywords

    def _own_functions(self) -> Mapping[str, Callable[..., Any]]:
        """What the guest's own part calls, by names that are no identifiers: its files."""
        files = self.files
        return {
            "#read": lambda path: files.read(path).decode("utf-8", "replace"),
            "#write": files.write,
            "#list": files.paths,
        }

    # One call

    def _run(self, request: Any, timeout: Any, fuel: Any) -> Result:
        with self._lock:
            call = _Call(self, timeout, fuel)
            try:
                outcome = self._turn(request)
            except Exception as failure:
                outcome = "", False, self._ended_by(failure)
            finally:
                call.end()
            return call.result(*outcome)

    async def _run_async(self, request: Any, timeout: Any, fuel: Any) -> Result:
        # A call under way in another thread is not waited for: the event loop goes on.
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("the guest is in the middle of a call: use a guest for each, or a Pool")
        try:
            call = _Call(self, timeout, fuel)
        finally:
            self._lock.release()
        try:
            outcome = await self._turn_async(request)
        except Exception as failure:
            outcome = "", False, self._ended_by(failure)
        finally:
            call.end()
        return call.result(*outcome)

    def _limit_time(self, seconds: float | None) -> None:
        """Sets the time until the guest is stopped, or takes it away."""
        if seconds is not None or self._has_deadline:
            self._store.set_deadline(seconds)
            self._has_deadline = seconds is not None

    def _is_late(self) -> bool:
        """Whether the time of the call under way is up."""
        return self._ends_at is not None and time.monotonic() >= self._ends_at

    def _ended_by(self, failure: Exception) -> Any:
        """What a result says of what ended the guest; what is no doing of the guest's is raised."""
        if isinstance(failure, (Trap, WasmException, GuestError)):
            # It refers to the guest's frames, and so to its memory.
            return failure.with_traceback(None)
        raise failure


class _Call:
    """The limits of one call, and what was used of them."""

    def __init__(self, guest: Guest, timeout: Any, fuel: Any) -> None:
        if not guest.is_usable:
            raise GuestLost("the guest was ended by an earlier call, or closed: restart() makes a fresh one")
        self.guest = guest
        self.store = guest._store
        timeout = guest._timeout if timeout is _SAME else _checked_timeout(timeout)
        if guest.is_busy:
            raise RuntimeError("the guest is in the middle of a call: use a guest for each, or a Pool")
        self.given = guest._fuel if fuel is _SAME else fuel
        if self.given is not None:
            if guest._fuel is None:
                raise ValueError("this guest does not count fuel: give it some when it is made")
            self.store.set_fuel(self.given)
        self.used: int | None = None
        guest._stdout.clear()
        guest._stderr.clear()
        guest._limit_time(timeout)
        guest._ends_at = None if timeout is None else time.monotonic() + timeout
        guest.is_busy = True
        self.begin = time.perf_counter()

    def end(self) -> None:
        self.guest.is_busy = False
        self.guest._limit_time(None)
        self.seconds = time.perf_counter() - self.begin
        if self.given is not None:
            self.used = self.given - (self.store.fuel or 0)

    def result(self, text: str, is_cut: bool, error: Any) -> Result:
        guest = self.guest
        stdout, stderr = guest._stdout, guest._stderr
        value = None
        if error is None:
            if stdout.is_full or stderr.is_full or is_cut:
                error = OutputLimit(f"the guest wrote more than {guest._most_output} bytes")
            elif weight_of(text) > guest._memory:
                error = OutputLimit(f"the value is too large for {guest._memory} bytes of memory")
            else:
                value = value_of(text)
        return Result(value, stdout.text(), stderr.text(), error, self.seconds, self.used, guest.is_usable)


class Captured:
    """Output, as far as it is within a limit.

    Attributes:
        is_full: whether some of it was not kept.
    """

    def __init__(self, most: int) -> None:
        self.is_full: bool = False
        self._most = most
        self._content = bytearray()

    def __call__(self, data: bytes | memoryview) -> None:
        free = self._most - len(self._content)
        self.is_full = self.is_full or len(data) > free
        self._content += data[:free]

    def clear(self) -> None:
        """Forgets it all."""
        self._content.clear()
        self.is_full = False

    def text(self) -> str:
        """What was written."""
        return self._content.decode("utf-8", "replace")


def size_of(size: int | str, name: str) -> int:
    """The number of bytes that is meant: ``"64MB"`` are 64 MiB. ``TypeError``, ``ValueError`` for anything else."""
    expect(size, (int, str), name, 'a number of bytes, or a string such as "64MB"')
    if isinstance(size, str):
        number = re.fullmatch(r"\s*(\d+)\s*([KMG]?B|)\s*", size.upper().replace("IB", "B"))
        if number is None:
            raise ValueError(f'{name} must be a number of bytes, or a string such as "64MB", not {bounded(repr(size))}')
        return int(number[1]) * _UNITS[number[2]]
    if size < 0:
        raise ValueError(f"{name} must not be negative")
    return size


def _checked_timeout(timeout: Any) -> float | None:
    expect(timeout, (int, float, type(None)), "timeout", "a number of seconds or None")
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout must be a positive number of seconds or None, not {timeout}")
    return timeout  # type: ignore[no-any-return]


def _answer(value: Any, is_wrapped: bool) -> bytes:
    text = json_of(value, "what a host function returns")
    return (f"v[{text}]" if is_wrapped else f"v{text}").encode("utf-8", "replace")


def _failure(error: Exception, is_wrapped: bool) -> bytes:
    name, message = type(error).__name__, bounded(str(error), 2_000)
    text = f"v{json_of([name, message], 'an error')}" if is_wrapped else f"e{name}: {message}"
    return text.encode("utf-8", "replace")
