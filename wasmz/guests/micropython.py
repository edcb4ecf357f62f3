"""Python in a sandbox: MicroPython, as the package `pwasm` carries it.

    guest = MicroPython(timeout=2, files={"data.json": "[1, 2]"}, functions={"lookup": table.get})
    guest.exec("import json; rows = json.load(open('data.json'))")
    guest.exec("sum(rows)").value                  -> 3

The interpreter runs source text, and gives no value. So the code's last expression is found by trial: the last lines
that compile as one, where the lines before compile without them.
"""

from __future__ import annotations

import re

from wasmz.errors import bounded, expect
from wasmz.guests.interpreter import Interpreter
from wasmz.guests.results import GuestError, json_of
from wasmz.runtime.link.emscripten import define_emscripten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from wasmz.guests.guest import Outcome
    from wasmz.module import Module
    from wasmz.runtime.link.linker import Linker

_PATH: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
# Of the interpreter's heap at first; it grows.
_HEAP_BYTES: Final = 256 << 10
# The last expression begins in one of so many lines that begin in the first column.
_MOST_TRIES: Final = 3
_OF_COMPILER: Final = ("SyntaxError", "IndentationError")
_CONTINUED: Final = (" ", "\t", "#", ")", "]", "}")

# What a guest has before its first code: names for what the host asks for.
_PRELUDE: Final = """
def __own__():
    import builtins, host
    call = host.call
    def value(x): call("#value", x)
    def make(name):
        def function(*args, **keywords):
            answer = call("#call", name, args, keywords)
            if len(answer) == 1:
                return answer[0]
            kind, message = answer
            kind = getattr(builtins, kind, None)
            if not (isinstance(kind, type) and issubclass(kind, Exception)):
                kind, message = RuntimeError, answer[0] + ": " + message
            raise kind(message)
        return function
    def add(names):
        for name in names:
            space[name] = make(name)
    space = globals()
    space.update({"__value__": value, "__add__": add, "__given__": lambda: call("#given")})
__own__()
del __own__
"""
# The files, for guests that use them: compiling it takes a while.
_FILES: Final = """
def __own__():
    import host, io
    call = host.call
    written = []

    class File:
        def __init__(self, path, mode):
            self.name, self.mode, self.closed = path, mode, False
            self._is_text = "b" not in mode
            self._is_written = mode[0] != "r" or "+" in mode
            if mode.replace("b", "").replace("t", "").replace("+", "") not in ("r", "w", "a", "x"):
                raise ValueError("invalid mode: " + repr(mode))
            content = ""
            if mode[0] == "x" and path in call("#list"):
                raise OSError("file exists: " + path)
            if mode[0] == "r" or mode[0] == "a" and path.strip("/") in call("#list"):
                answer = call("#call", "#read", [path], {})
                if len(answer) == 2:
                    raise OSError(answer[1])
                content = answer[0]
            self._buffer = io.StringIO(content) if self._is_text else io.BytesIO(content.encode())
            if mode[0] == "a":
                self._buffer.seek(0, 2)
            if self._is_written:
                written.append(self)
                call("#written")
                self._changed = mode[0] != "r"

        def write(self, data):
            if not self._is_written:
                raise OSError("not opened for writing")
            self._changed = True
            return self._buffer.write(data)

        def flush(self):
            if self._is_written and self._changed:
                self._changed = False
                content = self._buffer.getvalue()
                answer = call("#call", "#write", [self.name, content if self._is_text else content.decode()], {})
                if len(answer) == 2:
                    raise OSError(answer[1])

        def close(self):
            if not self.closed:
                self.flush()
                self.closed = True
                if self in written:
                    written.remove(self)

        def read(self, *size): return self._buffer.read(*size)
        def readline(self): return self._buffer.readline()
        def readlines(self): return list(self)
        def seek(self, *place): return self._buffer.seek(*place)
        def tell(self): return self._buffer.tell()
        def __enter__(self): return self
        def __exit__(self, *_): self.close()
        def __iter__(self): return self
        def __next__(self):
            line = self._buffer.readline()
            if not line:
                raise StopIteration
            return line

    class Files:
        def read(self, path):
            with File(path, "r") as file:
                return file.read()
        def write(self, path, text):
            with File(path, "w") as file:
                file.write(text)
        def list(self): return call("#list")

    def opened(path, mode="r", **_): return File(path, mode)
    def flush():
        while written:
            written.pop().flush()
    globals().update({"open": opened, "files": Files(), "__flush__": flush})
__own__()
del __own__
"""


class MicroPython(Interpreter):
    """MicroPython in a sandbox. See :class:`Guest` for what it takes and does.

    There are the modules `array`, `collections`, `gc`, `io`, `json`, `math` and `struct`, and no others. `open` uses
    ``files``, for text; what was not closed is written at the end of the call. `files.read(path)`, `files.write(path,
    text)` and `files.list()` are as in JavaScript. What a limit of time or fuel stops is lost; an exception of the
    guest's, `MemoryError` among them, leaves it usable.
    """

    _least_memory = 2 << 20
    _name = "micropython"
    # Whether the guest has the names of its files.
    _has_files = False
    # Values for the request under way, and whether it has opened files for writing.
    _given: Any = None
    _has_written = False

    def _define(self, linker: Linker, module: Module) -> None:
        define_emscripten(linker, module, overflow="mp_sandbox_recursion_error")
        # What is written there is the text of an exception that was not caught; there is no `sys.stderr`.
        self._port.sinks[2] = self._port.error

    def _preludes(self) -> list[str]:
        self._has_files = bool(self.files.paths())
        return [_PRELUDE, _FILES] if self._has_files else [_PRELUDE]

    def _initialize(self) -> None:
        if self._instance.exports.mp_sandbox_init(_HEAP_BYTES):
            raise RuntimeError("MicroPython could not be started")

    def _exec_request(self, code: str, variables: Mapping[str, Any] | None) -> Any:
        expect(code, str, "code", "a string")
        given = dict(variables or {})
        json_of(given, "variables")
        return given, code

    def _call_request(self, name: str, args: tuple[Any, ...]) -> Any:
        expect(name, str, "name", "a string")
        if not _PATH.fullmatch(name):
            raise ValueError(f"{bounded(repr(name))} is not the name of a function")
        json_of(args, "arguments")
        return list(args), f"{name}(*__given__())"

    def _answer(self, request: Any) -> Outcome:
        self._given, code = request
        before = []
        if not self._has_files and ("open" in code or "files" in code):
            self._has_files = True
            before.append(_FILES)
        new = self._new_functions()
        if new:
            before.append(f"__add__({new!r})")
        if self._given and isinstance(self._given, dict):
            before.append("globals().update(__given__())")
        outcome = self._evaluate_all(before)
        if outcome[2] is None:
            outcome = self._run_code(code)
        if self._has_written:
            self._has_written = False
            written = self._evaluate("__flush__()")
            outcome = outcome if outcome[2] is not None else (*outcome[:2], written[2])
        return outcome

    def _own_functions(self) -> Mapping[str, Any]:
        return {**super()._own_functions(), "#given": lambda: self._given, "#written": self._note_written}

    def _note_written(self) -> None:
        self._has_written = True

    def _evaluate(self, source: str) -> Outcome:
        port, exports = self._port, self._instance.exports
        port.begin()
        placed = self._put(source)
        if placed is None:
            return "", False, GuestError("MemoryError", "no room for the code", "")
        status = exports.mp_sandbox_exec(*placed)
        exports.free(placed[0])
        if status:
            return "", False, _error_of(port.error.text())
        return port.value.text() or "null", port.value.is_full, None

    def _run_code(self, code: str) -> Outcome:
        """Runs code, and finds the value of an expression at its end. Nothing is run that does not compile."""
        if _may_be_expression(code):
            outcome = self._evaluate(_valued(code))
            if not _is_refused(outcome):
                return outcome
        for head, last in _ends(code):
            # With brackets around it, an expression may have further lines; without, it is not "a) + (b".
            if _may_be_expression(last) and self._compiles(f"lambda: {last.strip()}"):
                outcome = self._evaluate(head)
                if not _is_refused(outcome):
                    return outcome if outcome[2] is not None else self._evaluate(_valued(last))
        return self._evaluate(code)

    def _compiles(self, text: str) -> bool:
        return self._evaluate("if 0:\n pass\n " + text.replace("\n", "\n "))[2] is None


def _ends(code: str) -> Iterator[tuple[str, str]]:
    """Where code's last statement may begin: what is before that, and the statement."""
    lines = code.rstrip().split("\n")
    head, mark, last = lines[-1].rpartition(";")
    if mark and not lines[-1].startswith(_CONTINUED):
        yield "\n".join([*lines[:-1], head]), last
    places = [at for at in range(1, len(lines)) if lines[at] and not lines[at].startswith(_CONTINUED)]
    for at in reversed(places[-_MOST_TRIES:]):
        yield "\n".join(lines[:at]), "\n".join(lines[at:])


def _may_be_expression(text: str) -> bool:
    """Whether a text that compiles in brackets is an expression: it does not close the brackets itself."""
    first, *others = text.strip().split("\n")
    if not first or first[0] == "#" or _STATEMENT.match(first):
        return False
    if not all(line.startswith(_CONTINUED) for line in others if line):
        return False
    depth = 0
    for mark in _BRACKETS.findall(text):
        depth += 1 if mark in "([{" else -1 if mark in ")]}" else 0
        if depth < 0:
            return False
    return True


# What surely begins no expression.
_STATEMENT: Final = re.compile(r"(import|from|def|class|if|for|while|with|try|return|raise|del|pass)\b|\w+\s*=[^=]")
# Brackets, and what has brackets that are none: strings and comments.
_BRACKETS: Final = re.compile(
    r"""'{3}.*?(?:'{3}|$)|"{3}.*?(?:"{3}|$)|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|\#[^\n]*|[()\[\]{}]""", re.DOTALL
)


def _is_refused(outcome: Outcome) -> bool:
    """Whether the interpreter could not compile a source: then no frame of it is in the traceback."""
    error = outcome[2]
    return isinstance(error, GuestError) and error.type in _OF_COMPILER and ", in " not in error.traceback


def _valued(expression: str) -> str:
    return f"__value__((\n{expression.strip()}\n))"


def _error_of(text: str) -> GuestError:
    """The exception that the interpreter's text is about: the lines of its frames, then class and message."""
    lines = text.rstrip("\n").split("\n")
    at = next((at for at, line in enumerate(lines) if line and not line.startswith(("Traceback ", "  File "))), 0)
    kind, _, message = "\n".join(lines[at:]).partition(": ")
    return GuestError(kind or "Exception", message, text.rstrip("\n"))
