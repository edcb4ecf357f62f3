"""The code of a module whose functions are compiled when called; its instances and threads share it (docs/abi.md,
"Tiers").

    supply = CodeSupply(image, compile, Thresholds())
    supply.get(5, BASELINE)                 compiled now, unless the supply has it

Code is compiled under the supply's lock. A signal handler may interrupt that and need the same code: the code that is
made first stays.
"""

from __future__ import annotations

import time

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap
from wasmz.runtime.abi import BASELINE, OPTIMISED
from wasmz.runtime.image import FrozenCode, FunctionCode, ModuleImage
from wasmz.startup.concurrency import at_fork, new_lock, was_held
from wasmz.startup.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from wasmz.runtime.abi import CodeForm

    # Compiles a form of a function: (index, form) -> code.
    CompileFunction = Callable[[int, CodeForm], FunctionCode]

# Frames of this module do not decide where an exception comes from, see translation.py.
__wasmz_frame__ = "helper"


# A process that is killed loses the work of at most this many seconds.
_SAVE_EVERY: Final = 5.0
# The cost of counting, in values; also taken as the work between two counts where that is unknown.
_LEAST_COST: Final = 4
_USUAL_COST: Final = 20


class NoRoom(Trap):
    """The guest's calls are nested so deeply that the compiler has no room to run."""


class Thresholds(Record):
    """When code counts as hot.

    A value of baseline code takes about 30 nanoseconds, of optimised code half of that; optimising a value takes some
    30 microseconds. So a function is hot when it has run ``per_value`` times as many values as it has.

    Attributes:
        round: how many calls and loop iterations baseline code counts between two requests.
        base: how many it counts at least before it is hot.
        per_value: how many times the function's size must have run.
        loop_rounds: after how many requests in the same call a loop goes on in a continuation.
        per_value_elsewhere: ``per_value`` where another process compiles, which costs this one nothing.
    """

    round: int = 1024
    base: int = 1024
    per_value: int = 4000
    loop_rounds: int = 2
    per_value_elsewhere: int = 1500

    def work(self, made: FunctionCode, loop: int) -> int:
        """How much has run between two requests, estimated from the last one: most counts come from the same place."""
        return self.round * max(made.costs[loop] if made.costs else _USUAL_COST, _LEAST_COST)


class CodeSupply:
    """All compiled code of one module, shared by its instances and threads.

    Attributes:
        image: the module, without code.
        thresholds: when code is hot.
        codes: code or frozen code, by function and form.
        frozen: the optimised code of all functions, if the module was compiled in advance.
    """

    def __init__(
        self,
        image: ModuleImage,
        compile: CompileFunction,
        thresholds: Thresholds,
        codes: dict[tuple[int, CodeForm], bytes] | None = None,
        frozen: FrozenCode | None = None,
    ) -> None:
        self.image: ModuleImage = image
        self.thresholds: Thresholds = thresholds
        self.codes: dict[tuple[int, CodeForm], FunctionCode | bytes] = {**codes} if codes else {}
        self.frozen: FrozenCode | None = frozen
        self.saved: float = time.monotonic()
        # Stores the codes for other processes; set by the supply's maker.
        self.keep: Callable[[], None] | None = None
        self._compile: CompileFunction = compile
        # Asks another process for a form of a function; returns whether it compiles it. Set by the supply's maker.
        self.ask: Callable[[int, CodeForm], bool] | None = None
        # Drops the compiler; the next compilation makes a new one. Set by the supply's maker.
        self.forget: Callable[[], None] | None = None
        self._lock = new_lock()
        at_fork(self._after_fork)
        # Counters are iterators over this list, which all share.
        self.ticks: list[None] = [None] * thresholds.round

    def has(self, index: int, form: CodeForm) -> bool:
        """Whether the code has been compiled."""
        return (index, form) in self.codes or (form is OPTIMISED and self._is_frozen(index))

    def _is_frozen(self, index: int) -> bool:
        return self.frozen is not None and self.frozen.has(index)

    def is_coming(self, index: int, form: CodeForm) -> bool:
        """Whether another process compiles the code, so that :meth:`get` would repeat its work."""
        if self.ask is None or self.has(index, form):
            return False
        return self.ask(index, form) and not self.has(index, form)

    def get(self, index: int, form: CodeForm) -> FunctionCode:
        """The code of a function in a form; compiled now if it has not been."""
        key = (index, form)
        found = self.codes.get(key)
        if found.__class__ is FunctionCode:
            return found
        with self._lock:
            found = self.codes.get(key)
            if found is None and form is OPTIMISED and self.frozen is not None and self.frozen.has(index):
                made = self.frozen.thaw(index)
            elif found is None:
                try:
                    made = self._compile(index, form)
                except RecursionError:
                    # The compiler ran into the recursion limit: the guest's calls are nested too deeply.
                    raise NoRoom(TrapCode.STACK_OVERFLOW) from None
            elif isinstance(found, bytes):
                made = FunctionCode.thaw(found)
            else:
                return found
            # A signal handler may have stored it meanwhile.
            found = self.codes.get(key)
            if found.__class__ is FunctionCode:
                return found
            self.codes[key] = made
            if time.monotonic() - self.saved > _SAVE_EVERY:
                self.save()
            return made

    def _after_fork(self) -> None:
        """In a forked child: no other thread goes on compiling."""
        if was_held(self._lock) and self.forget is not None:
            self.forget()

    def save(self) -> None:
        """Stores what was compiled for other processes, if there is a cache."""
        with self._lock:
            if self.keep is not None:
                self.keep()
            self.saved = time.monotonic()

    @property
    def function_count(self) -> int:
        """How many functions have code."""
        return len({index for index, _ in self.codes}) if self.frozen is None else len(self.frozen)

    def compiled(self) -> list[FunctionCode]:
        """All code that is in use."""
        return [item for item in self.codes.values() if isinstance(item, FunctionCode)]

    def best(self, index: int) -> tuple[FunctionCode, bool]:
        """The code to install when a function is first called, and whether it is optimised."""
        is_optimised = self.has(index, OPTIMISED)
        return self.get(index, OPTIMISED if is_optimised else BASELINE), is_optimised


def precompiled_supply(image: ModuleImage, frozen: FrozenCode) -> CodeSupply:
    """The supply of a module that was compiled as a whole; each function is unmarshalled when it is first called."""

    def refuse(index: int, form: CodeForm) -> FunctionCode:
        raise MemoryError(f"function {index} was compiled ahead for memories of at most 65535 pages")

    return CodeSupply(image, refuse, Thresholds(), frozen=frozen)
