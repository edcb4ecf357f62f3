"""The code of a module that is compiled as it is called, shared by its instances and threads (docs/abi.md, "Tiers").

    supply = CodeSupply(image, compile, Thresholds())
    supply.get(5, BASELINE)                 compiled now, unless it is there already

Code is compiled under the supply's lock. A signal handler may come in the middle of that and want the same code:
what is there first stays.
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

# Frames of this module do not decide whose exception it is, see translation.py.
__wasmz_frame__ = "helper"


# A process that is killed loses no more work than of this many seconds.
_SAVE_EVERY: Final = 5.0
# To count takes as long as this many values, and this much runs in between where that is not known.
_LEAST_COST: Final = 4
_USUAL_COST: Final = 20


class NoRoom(Trap):
    """The guest's calls are nested so deep that the compiler cannot run."""


class Thresholds(Record):
    """When code counts as hot.

    A value of baseline code takes about 30 nanoseconds, and optimised code half of that; to optimise one takes some 30
    microseconds. So a function is hot when it has run as much as ``per_value`` times its size.

    Attributes:
        round: how many calls and iterations of loops baseline code makes between two requests.
        base: how many it makes at least before it is hot.
        per_value: how often the function's size must have run.
        loop_rounds: after how many requests in the same call a loop goes on in a continuation.
        per_value_elsewhere: the same as ``per_value`` where another process compiles, which costs this one nothing.
    """

    round: int = 1024
    base: int = 1024
    per_value: int = 4000
    loop_rounds: int = 2
    per_value_elsewhere: int = 1500

    def work(self, made: FunctionCode, loop: int) -> int:
        """How much has run between two requests, as far as the last one tells: it came from there most often."""
        return self.round * max(made.costs[loop] if made.costs else _USUAL_COST, _LEAST_COST)


class CodeSupply:
    """All compiled code of one module, shared by its instances and threads.

    Attributes:
        image: the module, without code.
        thresholds: when code is hot.
        codes: by function and form, code or frozen code.
        frozen: the optimised code of all functions, where that was made in advance.
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
        # Keeps the codes for other processes; set by who made the supply.
        self.keep: Callable[[], None] | None = None
        self._compile: CompileFunction = compile
        # Has another process compile a form of a function; returns whether that does it. Set by who made the supply.
        self.ask: Callable[[int, CodeForm], bool] | None = None
        # Has a new compiler made: set by who made the supply.
        self.forget: Callable[[], None] | None = None
        self._lock = new_lock()
        at_fork(self._after_fork)
        # What counters are made of: all iterate over this list.
        self.ticks: list[None] = [None] * thresholds.round

    def has(self, index: int, form: CodeForm) -> bool:
        """Whether the code is there already."""
        return (index, form) in self.codes or (form is OPTIMISED and self._is_frozen(index))

    def _is_frozen(self, index: int) -> bool:
        return self.frozen is not None and self.frozen.has(index)

    def is_coming(self, index: int, form: CodeForm) -> bool:
        """Whether another process compiles the code, so that :meth:`get` would do its work again."""
        if self.ask is None or self.has(index, form):
            return False
        return self.ask(index, form) and not self.has(index, form)

    def get(self, index: int, form: CodeForm) -> FunctionCode:
        """The code of a function in a form, compiled if need be."""
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
                    # The guest's calls are nested so deep that the compiler has no room.
                    raise NoRoom(TrapCode.STACK_OVERFLOW) from None
            elif isinstance(found, bytes):
                made = FunctionCode.thaw(found)
            else:
                return found
            # A signal handler may have been here meanwhile.
            found = self.codes.get(key)
            if found.__class__ is FunctionCode:
                return found
            self.codes[key] = made
            if time.monotonic() - self.saved > _SAVE_EVERY:
                self.save()
            return made

    def _after_fork(self) -> None:
        """In the child: what another thread was just compiling, nobody will finish."""
        if was_held(self._lock) and self.forget is not None:
            self.forget()

    def save(self) -> None:
        """Keeps what was compiled for the next process, if there is a cache."""
        with self._lock:
            if self.keep is not None:
                self.keep()
            self.saved = time.monotonic()

    @property
    def function_count(self) -> int:
        """How many functions there is code of."""
        return len({index for index, _ in self.codes}) if self.frozen is None else len(self.frozen)

    def compiled(self) -> list[FunctionCode]:
        """All code that is in use."""
        return [item for item in self.codes.values() if isinstance(item, FunctionCode)]

    def best(self, index: int) -> tuple[FunctionCode, bool]:
        """What to install for a function that is called for the first time, and whether it is optimised."""
        is_optimised = self.has(index, OPTIMISED)
        return self.get(index, OPTIMISED if is_optimised else BASELINE), is_optimised


def precompiled_supply(image: ModuleImage, frozen: FrozenCode) -> CodeSupply:
    """The code of a module that was compiled as a whole; each function is unmarshalled when it is first called."""

    def refuse(index: int, form: CodeForm) -> FunctionCode:
        raise MemoryError(f"function {index} was compiled ahead for memories of at most 65535 pages")

    return CodeSupply(image, refuse, Thresholds(), frozen=frozen)
