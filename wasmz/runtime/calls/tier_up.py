"""Functions that are compiled when they are first called, and again when they get hot (docs/abi.md, "Tiers").

    tiers = InstanceTiers(binder, supply)                 one for each instance; the supply is the module's
    tiers.stub(5)                                         a function whose first call compiles function 5

A function begins as a stub. Its first call installs the best code that the supply has, or baseline code that is
compiled now. Installing replaces the stub's ``__code__``, so all references to the function see the new code. Baseline
code counts calls and loop iterations, and asks :meth:`InstanceTiers.request` from time to time which function to go on
with.

Any number of threads may call one instance, and a signal handler may interrupt any step and call it, too. Unique
objects are put in place by ``dict.setdefault``, which is atomic. Code is compiled under the supply's lock, and
installed under the instance's. A function's code is only ever replaced by better code.
"""

from __future__ import annotations

import itertools
import sys

from wasmz.errors import ImplementationLimit
from wasmz.runtime import abi
from wasmz.runtime.abi import (
    AT_START,
    BASELINE,
    EXPORT_FILE,
    FIRST_CALL,
    FIRST_TAIL_CALL,
    OPTIMISED,
    REQUEST,
    STUB_FILE,
    TAIL_REQUEST,
    CodeForm,
)
from wasmz.runtime.calls.adapters import describe_export, export_code, make_skipping
from wasmz.runtime.calls.supply import CodeSupply, NoRoom
from wasmz.startup.concurrency import is_finalizing, new_lock
from wasmz.startup.light import CodeType, FunctionType, memoized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final, Protocol

    from wasmz.runtime.calls.func import Func
    from wasmz.runtime.image import FunctionCode, ModuleImage
    from wasmz.runtime.link.store import Store

    class Binder(Protocol):
        """What this file needs of the instance's ``Binder`` (``loader.py``)."""

        store: Store
        namespace: dict[str, Any]

        def function(self, index: int) -> Callable[..., Any]: ...

        def func(self, index: int) -> Func: ...

        def add_names(self, names: Iterable[str]) -> None: ...

        def keep_gaps(self, made: FunctionCode) -> bool: ...


# Frames of this module do not decide where an exception comes from, see translation.py.
__wasmz_frame__ = "helper"


class InstanceTiers:
    """Installs code in one instance, and decides when functions get better code."""

    def __init__(self, binder: Binder, supply: CodeSupply) -> None:
        self.binder = binder
        self.supply = supply
        self.image: ModuleImage = supply.image
        # For each function: how often its counter ran out, and how much had run then; and the hot functions.
        self._ended: dict[int, int] = {}
        self._work: dict[int, int] = {}
        self._hot: set[int] = set()
        self._lock = new_lock()
        # The optimised code of functions; and the functions where it is installed.
        self._goals: dict[int, FunctionCode] = {}
        self._optimised: set[int] = set()
        # Functions that are too complex to optimise, or whose optimised code does not work with memories of the current
        # size.
        self._refused: set[int] = set()
        # Functions that are no longer stubs.
        self._installed: set[int] = set()
        # By function, loop, and whether it belongs to the tail form.
        self._continuations: dict[tuple[int, int, bool], FunctionType] = {}
        self._tails: dict[int, FunctionType] = {}
        # Counters of profiles, by function and number.
        self._counters: dict[tuple[int, int], Any] = {}
        # Exports of each function, with their names.
        self._exports: dict[int, list[tuple[FunctionType, str]]] = {}

    def helpers(self) -> dict[str, Any]:
        """The helpers of stubs and baseline code, by their names in globals."""
        return {
            FIRST_CALL: self.first,
            FIRST_TAIL_CALL: self.first_tail,
            REQUEST: self.request,
            TAIL_REQUEST: self.request_tail,
        }

    def is_deep(self, index: int) -> bool:
        """Whether calls of a function may nest without a known bound; ``True`` until its optimised code is there."""
        frozen = self.supply.frozen
        return frozen is None or not frozen.has(index) or frozen.is_deep(index)

    def functions(self) -> list[FunctionType]:
        """All functions that get or have got code here, except those that the instance holds."""
        exported = [function for entries in list(self._exports.values()) for function, _ in entries]
        return [*exported, *self._tails.copy().values(), *self._continuations.copy().values()]

    # Stubs and what they become

    def stub(self, index: int) -> FunctionType:
        """A function that becomes function ``index`` when it is first called."""
        image = self.image
        type: Any = image.types[image.function_types[index]].composite
        made = FunctionType(_stub_code(len(type.params)), self.binder.namespace)
        made.__kwdefaults__ = {"index": index}
        return made

    def tail_stub(self, index: int) -> FunctionType:
        """The stub for the tail form of function ``index``."""
        tail = self._tails.get(index)
        if tail is None:
            tail = FunctionType(_tail_stub_code(), self.binder.namespace)
            # Keyword defaults of the stub, and of the forwarder that may replace it.
            tail.__kwdefaults__ = {"index": index, "function": self.binder.function(index)}
            tail = self._tails.setdefault(index, tail)
        return tail

    def first(self, index: int) -> Any:
        """Installs code in a function whose stub was called; returns the function, which the stub then calls."""
        if index not in self._installed:
            try:
                self._install(index, *self.supply.best(index))
            except Exception:
                skipped = self._skipped(index)
                if skipped is None:
                    raise
                return skipped
        return self.binder.function(index)

    def _skipped(self, index: int) -> Any:
        """An export that is called while the interpreter shuts down, when its compiler cannot be imported any more.

        Destructors call exports then, to free what is gone anyway: such calls do nothing and return zeros. A function
        that the guest itself calls must not be skipped: the guest would go on with a wrong result.
        """
        if not is_finalizing() or sys._getframe(3).f_code.co_filename != EXPORT_FILE:
            return None
        return make_skipping(self.image.function_type(index))

    def first_tail(self, index: int) -> Any:
        """Like :meth:`first`, for the stub of a tail form."""
        self.first(index)
        return self._ready_tail(index)

    def _install(self, index: int, made: FunctionCode, is_optimised: bool) -> None:
        binder = self.binder
        if is_optimised and not binder.keep_gaps(made):
            # A memory is as large as its addresses allow. Only baseline code handles that.
            self._refused.add(index)
            if index in self._installed:
                return
            made, is_optimised = self.supply.get(index, BASELINE), False
        binder.add_names(made.code.co_names)
        if made.tail_code is not None:
            binder.add_names(made.tail_code.co_names)
        function: Any = binder.function(index)
        with self._lock:
            binder.store.check_open()
            if is_optimised:
                self._goals.setdefault(index, made)
            best = self._goals.get(index, made)
            function.__code__ = best.code
            if best is made and index in self._goals:
                # A signal handler may have stored better code after ``best`` was read.
                best = self._goals[index]
                function.__code__ = best.code
            if index in self._goals:
                func = binder.func(index)
                func.is_deep = best.is_deep
                if func.when_shallow is not None and not best.is_deep:
                    func.when_shallow()
                for exported, name in self._exports.get(index, ()):
                    exported.__code__ = self._export_code(index, name, best.entry_code)
                self._optimised.add(index)
            self._installed.add(index)
            if index in self._tails:
                self._install_tail(index, best)

    def _install_tail(self, index: int, made: FunctionCode) -> None:
        """Installs code in the tail form; its keyword default serves both the stub and the forwarder."""
        self.binder.store.check_open()
        tail = self._tails[index]
        tail.__code__ = _forwarder_code() if made.tail_code is None else made.tail_code

    # Exports

    def export(self, index: int, name: str) -> FunctionType:
        """The function that Python calls for function ``index``, exported under ``name``."""
        with self._lock:
            self.binder.store.check_open()
            goal = self._goals.get(index)
            exported = self.adapter(index, name, None if goal is None else goal.entry_code)
            self._exports.setdefault(index, []).append((exported, name))
            if goal is None and index in self._goals:
                # A signal handler had it compiled meanwhile.
                exported.__code__ = self._export_code(index, name, self._goals[index].entry_code)
        return exported

    def adapter(self, index: int, name: str, entry_code: CodeType | None = None) -> FunctionType:
        """An export adapter; its code is not replaced later."""
        adapter = FunctionType(self._export_code(index, name, entry_code), self.binder.namespace, name)
        describe_export(adapter, self.binder.func(index), name)
        return adapter

    def _export_code(self, index: int, name: str, entry_code: CodeType | None) -> CodeType:
        """The fastest code known for an export."""
        binder = self.binder
        if entry_code is not None and not binder.store.engine.config.counts_calls:
            binder.add_names(entry_code.co_names)
            return entry_code.replace(co_name=name, co_qualname=name)
        callee = abi.function(index)
        binder.add_names((callee,))
        return export_code(binder.func(index), name, binder.namespace, callee)

    # Hot code

    def counter(self, index: int) -> Any:
        """The counter of a function's baseline code."""
        return iter(self.supply.ticks)

    def profile_counter(self, index: int, number: int) -> Any:
        """A counter of code that makes a profile; its next item is its count."""
        return self._counters.setdefault((index, number), itertools.count())

    def counts(self) -> dict[int, list[int]]:
        """For each function that makes a profile, its counters by number. None may be in use any more."""
        found: dict[int, list[int]] = {}
        for (index, _), counter in sorted(self._counters.items(), key=lambda item: item[0]):
            found.setdefault(index, []).append(next(counter))
        return found

    def request(self, index: int, loop: int, rounds: int) -> Any:
        """The function that goes on for ``index`` at ``loop``, where its counter ran out; ``None`` if none does."""
        return self._try_to_decide(index, loop, rounds, self.binder.function)

    def request_tail(self, index: int, loop: int, rounds: int) -> Any:
        """Like :meth:`request`, for a tail form; the result is one, too."""
        return self._try_to_decide(index, loop, rounds, self._ready_tail)

    def _try_to_decide(self, index: int, loop: int, rounds: int, get: Callable[[int], Any]) -> Any:
        try:
            return self._decide(index, loop, rounds, get)
        except NoRoom:
            # Another call will have room for the compiler.
            self._restart(index)
            return None
        except ImplementationLimit:
            # Code that runs must not fail because it got hot.
            self._refused.add(index)
            self._restart(index)
            return None

    def _decide(self, index: int, loop: int, rounds: int, get: Callable[[int], Any]) -> Any:
        if index in self._refused:
            self._restart(index)
            return None
        supply, thresholds = self.supply, self.supply.thresholds
        ended = self._ended[index] = self._ended.get(index, 0) + 1
        if loop != AT_START and (index, loop, get == self._ready_tail) in self._continuations:
            return self._continuation(index, loop, get)
        is_made = loop != AT_START and supply.has(index, CodeForm.of(loop))
        is_hot = is_made or self._is_hot(index, loop, ended)
        if not (is_hot or self._is_warm(index, ended)):
            self._restart(index)
            return None
        is_long = loop != AT_START and (rounds >= thresholds.loop_rounds or rounds + 1 == ended > 1)
        form = CodeForm.of(loop) if is_long or is_made else OPTIMISED
        if supply.is_coming(index, form) or not (is_hot or supply.has(index, form)):
            self._restart(index)
            return None
        self._hot.add(index)
        if loop == AT_START:
            self._optimise(index)
            if index in self._refused:
                self._restart(index)
                return None
            return get(index)
        if is_long or is_made:
            # The counter stays exhausted: the next call asks at once for the optimised function.
            return self._continuation(index, loop, get)
        # Called often rather than running long: this call may end soon, and later ones get the optimised function.
        self._optimise(index)
        self._restart(index)
        return None

    def _is_hot(self, index: int, loop: int, ended: int) -> bool:
        """Whether a function has run enough to be hot; adds what it has run since the last time."""
        if index in self._hot:
            return True
        supply, thresholds = self.supply, self.supply.thresholds
        is_frequent = ended * thresholds.round >= thresholds.base
        if supply.has(index, OPTIMISED):
            return is_frequent
        baseline = supply.get(index, BASELINE)
        work = self._work[index] = self._work.get(index, 0) + thresholds.work(baseline, loop)
        return is_frequent and work >= thresholds.per_value * baseline.size

    def _is_warm(self, index: int, ended: int) -> bool:
        """Whether a function has run enough for another process to compile it."""
        supply, thresholds = self.supply, self.supply.thresholds
        if supply.ask is None or ended * thresholds.round < thresholds.base:
            return False
        return self._work.get(index, 0) >= thresholds.per_value_elsewhere * supply.get(index, BASELINE).size

    def _restart(self, index: int) -> None:
        self.binder.namespace[abi.counter(index)] = self.counter(index)

    def _optimise(self, index: int) -> None:
        if index not in self._optimised:
            self._install(index, self.supply.get(index, OPTIMISED), True)

    def _ready_tail(self, index: int) -> Any:
        tail = self.tail_stub(index)
        # Without the lock, because it may have to be compiled.
        made = self.supply.get(index, BASELINE) if index not in self._optimised else self._goals[index]
        with self._lock:
            self._install_tail(index, self._goals.get(index, made))
        return tail

    def _continuation(self, index: int, loop: int, get: Callable[[int], Any]) -> Any:
        is_tail = get == self._ready_tail
        key = (index, loop, is_tail)
        made = self._continuations.get(key)
        if made is None:
            compiled = self.supply.get(index, CodeForm.of(loop))
            if not self.binder.keep_gaps(compiled):
                self._refused.add(index)
                self._restart(index)
                return None
            self.binder.add_names(compiled.code.co_names)
            code = compiled.code
            if is_tail and compiled.tail_code is not None:
                self.binder.add_names(compiled.tail_code.co_names)
                code = compiled.tail_code
            made = FunctionType(code, self.binder.namespace)
            if is_tail and compiled.tail_code is None:
                function, made = made, FunctionType(_forwarder_code(), self.binder.namespace)
                made.__kwdefaults__ = {"function": function}
            made = self._continuations.setdefault(key, made)
        return made


def tier_first(index: int) -> Any:
    """Stands in the code below for the global of this name in an instance."""
    raise NotImplementedError(index)


# Stubs by number of parameters; the last takes any number.
_STUBS: Final[tuple[Any, ...]] = (
    lambda *, index: tier_first(index)(),
    lambda a, /, *, index: tier_first(index)(a),
    lambda a, b, /, *, index: tier_first(index)(a, b),
    lambda a, b, c, /, *, index: tier_first(index)(a, b, c),
    lambda a, b, c, d, /, *, index: tier_first(index)(a, b, c, d),
    lambda *args, index: tier_first(index)(*args),
)


@memoized
def _stub_code(count: int) -> CodeType:
    """The code of a stub with ``count`` parameters: has the function compiled, and calls it."""
    code: CodeType = _STUBS[min(count, len(_STUBS) - 1)].__code__
    return code.replace(co_filename=STUB_FILE)


@memoized
def _tail_stub_code() -> CodeType:
    """The code of a tail form's stub; all tail forms have one parameter."""
    return _stub_code(1).replace(co_names=(FIRST_TAIL_CALL,))


@memoized
def _forwarder_code() -> CodeType:
    """The code of a tail form for a function that makes no tail calls: calls the function."""
    forward: Any = lambda args, /, *, function: (None, function(*args))  # noqa: E731
    code: CodeType = forward.__code__
    return code.replace(co_filename=STUB_FILE)
