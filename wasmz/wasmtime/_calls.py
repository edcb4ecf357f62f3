"""The Python functions that calls go through, by number of parameters: cheap checks here, all else elsewhere.

The usual call passes arguments on after one look at their classes:

    make_call(2)(slow, recover, f, store, (int, float))             for a function (i32, f64) -> ..., makes

    def call(store, p0=MISSING, p1=MISSING, /, *more):
        if store is not owner or p0.__class__ is not c0 or p1.__class__ is not c1 or more:
            return slow(store, (p0, p1, *more))
        try:
            return f(p0, p1)
        except FAILURES as error:
            return recover(error, (p0, p1))

wasmz refuses integers that are out of range before it runs anything: ``recover`` reduces them as the binding does, and
calls again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import wasmz

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING: Any = object()
FAILURES: tuple[type[Exception], ...] = (wasmz.WasmzError, OverflowError)


class Never:
    """The class of no argument: arguments of such a type are always left to ``slow``."""


_calls: dict[int, Callable[..., Callable[..., Any]]] = {}
_host_calls: dict[tuple[int, str, bool], Callable[..., Callable[..., Any]]] = {}


def make_call(count: int) -> Callable[..., Callable[..., Any]]:
    """Makes functions for calls with ``count`` parameters; takes ``slow, recover, f, owner, classes``."""
    found = _calls.get(count)
    if found is None:
        names = [f"p{position}" for position in range(count)]
        classes = [f"c{position}" for position in range(count)]
        parameters = "".join(f", {name}=MISSING" for name in names)
        tests = "".join(f"or {name}.__class__ is not {cls} " for name, cls in zip(names, classes, strict=True))
        given = "".join(f"{name}, " for name in names)
        lines = [
            "def make(slow, recover, f, owner, classes):",
            f"    {''.join(f'{cls}, ' for cls in classes)}= classes" if classes else "    pass",
            f"    def call(store{parameters}, /, *more):",
            f"        if store is not owner {tests}or more:",
            f"            return slow(store, ({given}*more,))",
            "        try:",
            f"            return f({given})",
            "        except FAILURES as error:",
            f"            return recover(error, ({given}))",
            "    return call",
        ]
        found = _calls.setdefault(count, _made(lines))
    return found


def make_host_call(count: int, result: str, is_epoch_tested: bool) -> Callable[..., Callable[..., Any]]:
    """Makes functions that wasmz calls for a host's callable with ``count`` parameters; takes ``fn, convert, test``.

    ``result`` is the class of the only result, ``""`` if there is none, ``"other"`` for anything else. ``convert``
    converts the result for wasmz. ``test`` is called after the function, if ``is_epoch_tested``.
    """
    key = (count, result, is_epoch_tested)
    found = _host_calls.get(key)
    if found is None:
        names = ", ".join(f"p{position}" for position in range(count))
        lines = ["def make(fn, convert, test):", f"    def call({names}):", f"        r = fn({names})"]
        if is_epoch_tested:
            lines.append("        test()")
        lines += [f"        {line}" for line in _RESULTS[result]]
        found = _host_calls.setdefault(key, _made([*lines, "    return call"]))
    return found


_RESULTS = {
    "": ("if r is not None:", "    convert(r)"),
    # Within the range of both types; larger numbers are reduced.
    "int": ("if r.__class__ is not int or not -0x80000000 <= r <= 0x7FFFFFFF:", "    r = convert(r)", "return r"),
    "float": ("if r.__class__ is not float:", "    r = convert(r)", "return r"),
    "other": ("return convert(r)",),
}


def _made(lines: list[str]) -> Callable[..., Callable[..., Any]]:
    namespace: dict[str, Any] = {"MISSING": MISSING, "FAILURES": FAILURES}
    exec("\n".join(lines), namespace)
    made: Callable[..., Callable[..., Any]] = namespace["make"]
    return made
