"""What happens later: timers, and jobs of promises, of one program.

events = Events(instance)
GLOBALS | events.members()         setTimeout, queueMicrotask, Promise ...
events.settle()                    runs what is due
events.finish()                    runs all, and waits for timers
"""

from __future__ import annotations

import time

from wasmz.interop.javascript.operations import to_int32
from wasmz.interop.javascript.promises import Jobs, Promise, promise_class
from wasmz.interop.javascript.values import UNDEFINED, Builtin, call
from wasmz.runtime.limits.checkpoints import LONGEST_WAIT
from wasmz.runtime.limits.inside import run_inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.runtime.link.instance import Instance


class Events:
    """The jobs and timers of a program, which deadlines stop as they stop its code.

    Attributes:
        instance: the program.
        jobs: what is to run before anything else does.
        timers: by number: when it is due, in nanoseconds; the function and its arguments; the interval, or 0.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance: Instance = instance
        self.jobs: Jobs = Jobs()
        self.timers: dict[int, tuple[int, Any, tuple[Any, ...], int]] = {}
        self._last: int = 0

    def members(self) -> dict[str, Any]:
        """The functions by which a program asks for something to happen later, by name."""
        return {
            "Promise": promise_class(self.jobs),
            "clearInterval": Builtin("clearInterval", self._clear),
            "clearTimeout": Builtin("clearTimeout", self._clear),
            "queueMicrotask": Builtin("queueMicrotask", self._add_job),
            "setInterval": Builtin("setInterval", lambda job, delay=0, *args: self._set(job, delay, args, True)),
            "setTimeout": Builtin("setTimeout", lambda job, delay=0, *args: self._set(job, delay, args, False)),
        }

    def settle(self) -> None:
        """Runs jobs, and timers that are due."""
        run_inside(self.instance, self._settle, ())

    def finish(self) -> None:
        """Runs everything, until nothing is left to happen."""
        run_inside(self.instance, self._finish, ())

    def wait_for(self, promise: Promise) -> Any:
        """What a promise resolves to; raises what it is rejected with."""
        run_inside(self.instance, self._finish, (promise,))
        return promise.result()

    def _settle(self) -> None:
        self.jobs.run()
        while (number := self._next()) is not None and self.timers[number][0] <= time.monotonic_ns():
            self._fire(number)

    def _finish(self, promise: Promise | None = None) -> None:
        self.jobs.run()
        while (promise is None or promise.state == "pending") and (number := self._next()) is not None:
            self._fire(number)

    def _next(self) -> int | None:
        return min(self.timers, key=lambda number: self.timers[number][0], default=None)

    def _fire(self, number: int) -> None:
        due, job, args, interval = self.timers[number]
        while (delay := due - time.monotonic_ns()) > 0:
            # In parts, between which this can be stopped.
            time.sleep(min(delay / 1e9, LONGEST_WAIT))
        if interval:
            self.timers[number] = time.monotonic_ns() + interval, job, args, interval
        else:
            del self.timers[number]
        call(job, UNDEFINED, args)
        self.jobs.run()

    def _set(self, job: Any, delay: Any, args: tuple[Any, ...], repeats: bool) -> int:
        self._last += 1
        signed = to_int32(delay)
        wait = 0 if signed >> 31 else signed * 1_000_000
        self.timers[self._last] = time.monotonic_ns() + wait, job, args, max(wait, 1_000_000) if repeats else 0
        return self._last

    def _clear(self, number: Any = UNDEFINED) -> Any:
        if isinstance(number, (int, float)) and number == number:
            self.timers.pop(int(number), None)
        return UNDEFINED

    def _add_job(self, job: Any) -> Any:
        def run() -> None:
            call(job, UNDEFINED, ())

        self.jobs.add(run)
        return UNDEFINED
