"""``Promise``, for programs that hand out results later: jobs run one after another, before a user's call returns.

promise.then(print); run_jobs()         prints what the promise was resolved with, if it was
"""

from __future__ import annotations

from wasmz.interop.javascript.operations import METHODS, StandardClass, iterate, typeof
from wasmz.interop.javascript.values import UNDEFINED, Builtin, call, caught, thrown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Promise:
    """A result that may come later.

    Attributes:
        state: ``pending``, ``fulfilled`` or ``rejected``.
        value: the result, or what was thrown.
    """

    __slots__ = ("_jobs", "_waiting", "state", "value")

    def __init__(self, jobs: Jobs) -> None:
        self._jobs: Jobs = jobs
        self.state: str = "pending"
        self.value: Any = UNDEFINED
        self._waiting: list[Callable[[], None]] = []

    def settle(self, state: str, value: Any) -> None:
        """Ends the waiting, once."""
        if self.state != "pending":
            return
        if state == "fulfilled" and isinstance(value, Promise):
            value.when(lambda: self.settle(value.state, value.value))
            return
        self.state, self.value = state, value
        for job in self._waiting:
            self._jobs.add(job)
        self._waiting.clear()

    def when(self, job: Callable[[], None]) -> None:
        """Has a job run when there is a result."""
        if self.state == "pending":
            self._waiting.append(job)
        else:
            self._jobs.add(job)

    def then(self, on_value: Any = UNDEFINED, on_error: Any = UNDEFINED) -> Promise:
        """The promise of what a function makes of the result."""
        made = Promise(self._jobs)

        def job() -> None:
            function = on_value if self.state == "fulfilled" else on_error
            if typeof(function) != "function":
                made.settle(self.state, self.value)
                return
            try:
                made.settle("fulfilled", call(function, UNDEFINED, (self.value,)))
            except BaseException as error:
                made.settle("rejected", caught(error))

        self.when(job)
        return made

    def result(self) -> Any:
        """The value; raises what was thrown. ``RuntimeError``: it is still pending."""
        if self.state == "pending":
            raise RuntimeError("the promise is still pending, and nothing is left that would settle it")
        if self.state == "rejected":
            raise thrown(self.value)
        return self.value


class Jobs:
    """What is to run before a user's call returns."""

    def __init__(self) -> None:
        self._jobs: list[Callable[[], None]] = []

    def add(self, job: Callable[[], None]) -> None:
        """Puts a job last."""
        self._jobs.append(job)

    def run(self) -> None:
        """Runs all jobs, and those that they add."""
        while self._jobs:
            self._jobs.pop(0)()


def promise_class(jobs: Jobs) -> StandardClass:
    """The class ``Promise`` whose jobs these are."""

    def make(executor: Any) -> Promise:
        promise = Promise(jobs)
        resolve = Builtin("resolve", lambda value=UNDEFINED: promise.settle("fulfilled", value))
        reject = Builtin("reject", lambda value=UNDEFINED: promise.settle("rejected", value))
        try:
            call(executor, UNDEFINED, (resolve, reject))
        except BaseException as error:
            promise.settle("rejected", caught(error))
        return promise

    def settled(state: str) -> Callable[..., Promise]:
        def make_settled(value: Any = UNDEFINED) -> Promise:
            promise = Promise(jobs)
            promise.settle(state, value)
            return promise

        return make_settled

    def all_of(promises: Any) -> Promise:
        items = [item if isinstance(item, Promise) else settled("fulfilled")(item) for item in iterate(promises)]
        made = Promise(jobs)

        def check() -> None:
            failed = next((item for item in items if item.state == "rejected"), None)
            if failed is not None:
                made.settle("rejected", failed.value)
            elif all(item.state == "fulfilled" for item in items):
                made.settle("fulfilled", [item.value for item in items])

        for item in items:
            item.when(check)
        jobs.add(check)
        return made

    members: dict[str, Any] = {
        "resolve": Builtin("Promise.resolve", settled("fulfilled")),
        "reject": Builtin("Promise.reject", settled("rejected")),
        "all": Builtin("Promise.all", all_of),
    }
    return StandardClass("Promise", make, lambda value: isinstance(value, Promise), members)


METHODS[Promise] = {
    "then": Promise.then,
    "catch": lambda promise, on_error=UNDEFINED: promise.then(UNDEFINED, on_error),
    "finally": lambda promise, job=UNDEFINED: promise.then(job, job),
}
