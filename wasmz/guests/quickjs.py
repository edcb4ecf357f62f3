"""JavaScript in a sandbox: QuickJS, as the package `pwasm` carries it.

guest = QuickJS(timeout=2, functions={"lookup": table.get})
guest.exec("let total = 0; for (const key of ['a', 'b']) total += lookup(key); total").value
"""

from __future__ import annotations

import os
import re
import struct
import time
import weakref

from wasmz.errors import Interrupted, bounded, expect
from wasmz.guests.interpreter import Interpreter
from wasmz.guests.results import GuestError, json_of
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from wasmz.guests.guest import Outcome
    from wasmz.module import Module
    from wasmz.runtime.link.linker import Linker

# What the interpreter takes beside JavaScript's objects.
_BESIDE_OBJECTS: Final = 2 << 20
# Of the guest's stack in its memory: calls of functions nest some 700 deep, which CPython's stack can follow.
_STACK_BYTES: Final = 256 << 10
# After a polite request to stop: a long operation of the interpreter's own does not see those.
_GRACE_SECONDS: Final = 0.25
_PATH: Final = re.compile(r"[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*", re.ASCII)
_ERROR: Final = re.compile(r"([A-Za-z_$][\w$]*)(?:: (.*))?", re.ASCII | re.DOTALL)
_RANDOM_NUMBERS: Final = 32

# What is the guest's own part. Its random numbers come from the host: copies would all have the same ones.
_PRELUDE: Final = """
(() => {
    let numbers = [];
    const own = (target, name, value) => Object.defineProperty(
        target, name, {value, writable: true, configurable: true, enumerable: false});
    own(Math, "random", () => {
        if (!numbers.length) numbers = host["#random"]();
        return numbers.pop();
    });
    own(BigInt.prototype, "toJSON", function () {
        const number = Number(this);
        return Number.isSafeInteger(number) ? number : this.toString();
    });
    own(globalThis, "files", Object.freeze({
        read: path => host["#read"](String(path)),
        write: (path, text) => void host["#write"](String(path), String(text)),
        list: () => host["#list"](),
    }));
})()
"""


class QuickJS(Interpreter):
    """QuickJS-ng in a sandbox, ECMAScript 2023. See :class:`Guest` for what it takes and does.

    `print` and `console.log` write; `files.read(path)`, `files.write(path, text)` and `files.list()` use ``files``.
    What promises wait for is done before a call ends; a value that is a promise is not awaited. A guest whose time is
    up stays usable, unless it is in the middle of one long operation of the interpreter's.
    """

    _least_memory = 4 << 20
    _name = "quickjs"
    # When the guest is to stop, as ``time.monotonic`` counts, and whether it was told so.
    _stop_at: float | None = None
    _is_stopped = False

    def _define(self, linker: Linker, module: Module) -> None:
        linker.define_wasi(WasiConfig(["quickjs"], {}, b"", self._stdout, self._stderr))
        # The guest may live as long as its instance, and is not kept alive by it.
        reference = weakref.ref(self)

        def is_asked_to_stop() -> int:
            guest = reference()
            return int(guest is None or guest._is_asked_to_stop())

        linker.define("env", "host_interrupt", HostFunc(is_asked_to_stop, [], [ValType.I32]))

    def _preludes(self) -> list[str]:
        return [_PRELUDE]

    def _initialize(self) -> None:
        if self._instance.exports.qjs_init(self._memory - _BESIDE_OBJECTS, _STACK_BYTES):
            raise RuntimeError("QuickJS could not be started")

    def _limit_time(self, seconds: float | None) -> None:
        self._stop_at = None if seconds is None else time.monotonic() + seconds
        try:
            super()._limit_time(None if seconds is None else seconds + _GRACE_SECONDS)
        except RuntimeError:
            # There are no threads. The polite request has to do.
            pass

    def _is_asked_to_stop(self) -> bool:
        if self._stop_at is not None and time.monotonic() > self._stop_at:
            self._is_stopped = True
        return self._is_stopped

    def _exec_request(self, code: str, variables: Mapping[str, Any] | None) -> Any:
        expect(code, str, "code", "a string")
        if not variables:
            return [code]
        given = json_of(json_of(dict(variables), "variables"), "text")
        return [f"Object.assign(globalThis, JSON.parse({given})); void 0", code]

    def _call_request(self, name: str, args: tuple[Any, ...]) -> Any:
        expect(name, str, "name", "a string")
        if not _PATH.fullmatch(name):
            raise ValueError(f"{bounded(repr(name))} is not the name of a function")
        return [f"{name}(...JSON.parse({json_of(json_of(list(args), 'arguments'), 'text')}))"]

    def _answer(self, request: Any) -> Outcome:
        new = self._new_functions()
        before = [f"for (const name of {json_of(new, 'names')}) globalThis[name] = host[name]; void 0"] if new else []
        return self._evaluate_all([*before, *request])

    def _evaluate(self, source: str) -> Outcome:
        port, exports = self._port, self._instance.exports
        port.begin()
        self._is_stopped = False
        placed = self._put(source)
        if placed is None:
            return "", False, GuestError("InternalError", "out of memory", "")
        status = exports.qjs_eval(*placed)
        exports.free(placed[0])
        if self._is_stopped:
            return "", False, Interrupted()
        if status:
            return "", False, _error_of(port.error.text())
        text = port.value.text()
        return "null" if text == "undefined" else text, port.value.is_full, None

    def _own_functions(self) -> Mapping[str, Callable[..., Any]]:
        return {**super()._own_functions(), "#random": _random_numbers}


def _error_of(text: str) -> GuestError:
    """The exception that the interpreter's text describes: a line with class and message, and lines of the stack."""
    message, separator, stack = text.partition("\n    at ")
    found = _ERROR.fullmatch(message.rstrip("\n"))
    if found is None or not text.rstrip(" ").count("\n"):
        # Anything can be thrown.
        return GuestError("Error", message, text)
    return GuestError(found[1], found[2] or "", (message + separator + stack).rstrip("\n"))


def _random_numbers() -> list[float]:
    numbers = struct.unpack(f"<{_RANDOM_NUMBERS}Q", os.urandom(8 * _RANDOM_NUMBERS))
    return [(number >> 11) / (1 << 53) for number in numbers]
