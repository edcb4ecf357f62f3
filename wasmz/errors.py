"""Every exception that wasmz raises on purpose, as a tree:

    WasmzError
    ├── InvalidWasm            the bytes are malformed, or the module does not validate
    │   └── InvalidText        the same, for a module in the text format
    ├── UnsupportedFeature     valid, but of a proposal that wasmz lacks or that is switched off
    ├── ImplementationLimit    valid, but beyond what wasmz compiles
    ├── LinkError              imports are missing, or have another type than their definitions
    ├── WasmException          a WebAssembly exception that no wasm frame caught
    └── Trap                   execution stopped, for the reason in ``Trap.code``
        ├── OutOfFuel          the store's fuel is used up
        ├── Interrupted        the store's deadline passed, or it was interrupted
        ├── MemoryLimit        a memory would exceed ``Config.mem_limit_bytes``
        └── WasiExit           the guest called ``proc_exit``

Wrong arguments of the embedding API raise Python's own errors (``TypeError``, ``OverflowError``, ...).
"""

from __future__ import annotations

from _operator import index

from wasmz.startup.concurrency import load, new_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from enum import Enum
    from types import CodeType
    from typing import Any
else:
    # Before the class is first used: see LightTrapCode.
    Enum = object


# How many lines of a long backtrace are shown, from each end.
_INNER_LINES = 30
_OUTER_LINES = 10


# The greatest length of a message, and of a module's names, types and lists in it.
_LONGEST_MESSAGE = 4000
_LONGEST_PART = 200
_MOST_PROBLEMS = 20

# How many characters of a line in the text format are shown before the place of an error.
_SHOWN_BEFORE = 48


def bounded(text: str, most: int = _LONGEST_PART) -> str:
    """The text, with its middle left out if it is too long: modules have names and types of any length."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}...({len(text) - 2 * half} characters)...{text[-half:]}"


def expect(value: object, kinds: Any, name: str, wanted: str) -> None:
    """Raises ``TypeError`` unless the argument ``name`` is of one of these classes."""
    if not isinstance(value, kinds):
        raise TypeError(f"{name} must be {wanted}, not {bounded(repr(value))}")


def expect_integer(value: Any, name: str) -> int:
    """The value of the argument ``name`` as an integer. ``TypeError`` if it is not one."""
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {bounded(repr(value))}") from None


def expect_iterable(value: Any, name: str, wanted: str) -> Any:
    """The value of the argument ``name``, which must be iterable; otherwise ``TypeError``."""
    if not hasattr(type(value), "__iter__"):
        raise TypeError(f"{name} must be an iterable, {wanted}, not {bounded(repr(value))}")
    return value


def shown(describe: Callable[[Any], str]) -> Callable[[Any], str]:
    """Makes a ``__repr__`` work for unfinished objects, such as in the frame of a constructor that failed."""

    def show(self: Any) -> str:
        try:
            return describe(self)
        except (AttributeError, ValueError):
            return f"<{type(self).__name__}, not made>"

    return show


def counted(number: int, noun: str) -> str:
    """A number and what it counts: ``1 page``, ``2 pages``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class WasmzError(Exception):
    """The root of the errors that wasmz raises on purpose. They can be pickled, as process pools do."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own method would call the class with the message only.
        return _restore, (type(self), self.args, self.__dict__)


class InvalidWasm(WasmzError, ValueError):
    """The module is malformed or does not validate (specification, chapters "Binary Format" and "Validation").

    Attributes:
        reason: what is wrong, in the specification's words if it has them.
        offset: the byte offset in the module where it was found, or ``None``.
        function: the function's name in messages (``12 "parse"``), or ``None`` outside functions.
    """

    def __init__(self, reason: str, *, offset: int | None = None, function: str | None = None) -> None:
        expect(reason, str, "reason", "a string")
        _expect_place(offset, function)
        self.reason: str = bounded(reason, _LONGEST_MESSAGE)
        self.offset = offset
        self.function = function
        super().__init__(self.reason + _place(offset, function))


class InvalidText(InvalidWasm):
    """A module in the text format is malformed (specification, chapter "Text Format"), or does not validate.

    The message shows the line, with a caret below the place.

    Attributes:
        line: where it was found, from 1 on.
        column: likewise, in characters of the line.
        source_line: the line's text.
        name: the name of the file, or ``None``.
    """

    def __init__(self, reason: str, line: int, column: int, source_line: str, name: str | None = None) -> None:
        expect(source_line, str, "source_line", "a string")
        expect(name, (str, type(None)), "name", "a string")
        super().__init__(reason)
        self.line: int = expect_integer(line, "line")
        self.column: int = expect_integer(column, "column")
        self.source_line: str = source_line
        self.name: str | None = name
        place = f"{line}:{column}" if name is None else f"{bounded(name)}:{line}:{column}"
        # Of a long line, shows what is around the place.
        start = max(column - 1 - _SHOWN_BEFORE, 0)
        shown = "".join(c if c.isprintable() else " " for c in source_line[start : start + 2 * _SHOWN_BEFORE])
        self.args: tuple[str] = (f"{place}: {self.reason}\n  {shown}\n  {' ' * (column - 1 - start)}^",)


class UnsupportedFeature(WasmzError, NotImplementedError):
    """The module needs a proposal that wasmz lacks or that the configuration switches off.

    Attributes:
        proposal: the name of the proposal, as in the table of instructions.
        offset: the byte offset in the module of its first use, or ``None``.
        function: the function's name in messages, or ``None`` outside functions.
    """

    def __init__(self, what: str, *, proposal: str, offset: int | None = None, function: str | None = None) -> None:
        expect(what, str, "what", "a string")
        expect(proposal, str, "proposal", "a string")
        _expect_place(offset, function)
        self.proposal = proposal
        self.offset = offset
        self.function = function
        super().__init__(f"{bounded(what, _LONGEST_MESSAGE)} needs the {proposal} proposal{_place(offset, function)}")


class ImplementationLimit(WasmzError):
    """The module is larger or more complex than wasmz compiles (specification, "Implementation Limitations")."""


class LinkError(WasmzError):
    """Imports are missing, or their definitions have another type.

    Attributes:
        problems: one line for each import at fault, shortened if long, with the types expected and found. The message
            has the first of them.
        hints: for imports of a known kind, such as WASI's, how to define them.
    """

    def __init__(self, problems: list[str], hints: list[str] | None = None) -> None:
        if not isinstance(problems, list) or not all(isinstance(problem, str) for problem in problems):
            raise TypeError(f"problems must be a list of strings, not {bounded(repr(problems))}")
        self.problems: list[str] = problems
        self.hints: list[str] = [*(hints or ())]
        shown = problems[:_MOST_PROBLEMS]
        if len(shown) < len(problems):
            shown.append(f"... and {len(problems) - len(shown)} more")
        lines = shown if len(shown) == 1 else [f"{len(problems)} imports cannot be satisfied:", *_indented(shown)]
        super().__init__("\n".join([*lines, *_indented(self.hints)]))


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


class WasmException(WasmzError):
    """An exception thrown by WebAssembly code, or to be thrown into it by a host function.

    Attributes:
        tag: the exception's ``Tag``.
        payload: its values in the form of generated code.
        frames: the WebAssembly frames that it left, innermost first. Empty until it reaches a call from Python.
        trail: frames that are not among them yet, as noted by `exn_keep` of `runtime.traps.exceptions`, or ``None``.
    """

    __slots__ = ("frames", "payload", "tag", "trail")

    # Generated code makes exceptions without calling this (runtime/traps/exceptions.py).
    def __init__(self, tag: Any, values: Iterable[Any] = ()) -> None:
        """Makes an exception that carries the given values.

        Raises:
            TypeError, OverflowError: the values do not fit the tag's type.
        """
        if not hasattr(type(tag), "lift"):
            raise TypeError(f"tag must be a Tag, not {bounded(repr(tag))}")
        super().__init__(tag, values)
        self.tag: Any = tag
        self.payload: tuple[Any, ...] = tag.lower(values)
        self.frames: tuple[WasmFrame, ...] = ()
        self.trail: list[tuple[Any, CodeType, int]] | None = None

    @property
    def values(self) -> tuple[Any, ...]:
        """The values that it carries, as Python values."""
        return self.tag.lift(self.payload)  # type: ignore[no-any-return]

    def backtrace(self) -> str:
        """The wasm frames as text, innermost first, one on each line; if there are very many, those at both ends."""
        return _listed(self.frames)

    def as_trap(self) -> Trap:
        """The trap UNHANDLED_EXCEPTION with this exception as its cause, for code that expects only traps."""
        trap = Trap(LightTrapCode.UNHANDLED_EXCEPTION)
        trap.frames = self.frames
        trap.__cause__ = self
        return trap

    def __str__(self) -> str:
        return f"unhandled WebAssembly exception of {self.tag!r} with values {self.values!r}"


class TrapCode(Enum):
    """The reason for a trap: an ``enum.Enum``, whose members sort by name.

    A member's value is the message, in the words of the specification's test suite. ``TrapCode["UNREACHABLE"]`` finds a
    member by name, ``TrapCode("unreachable")`` by value. Members can be pickled, and are compared by identity.
    """

    UNREACHABLE = "unreachable"
    MEMORY_OUT_OF_BOUNDS = "out of bounds memory access"
    TABLE_OUT_OF_BOUNDS = "out of bounds table access"
    UNDEFINED_ELEMENT = "undefined element"
    INDIRECT_CALL_TO_NULL = "uninitialized element"
    INTEGER_DIVISION_BY_ZERO = "integer divide by zero"
    INTEGER_OVERFLOW = "integer overflow"
    BAD_CONVERSION_TO_INTEGER = "invalid conversion to integer"
    STACK_OVERFLOW = "call stack exhausted"
    BAD_SIGNATURE = "indirect call type mismatch"
    OUT_OF_FUEL = "all fuel consumed"
    GROWTH_OPERATION_LIMITED = "growth operation limited"
    OUT_OF_SYSTEM_MEMORY = "out of system memory"
    NULL_REFERENCE = "null reference"
    CAST_FAILURE = "cast failure"
    ARRAY_OUT_OF_BOUNDS = "out of bounds array access"
    OUT_OF_MEMORY = "memory limit exceeded"
    UNHANDLED_EXCEPTION = "unhandled exception"
    UNALIGNED_ATOMIC_ACCESS = "unaligned atomic"
    UNSHARED_MEMORY_WAIT = "expected shared memory"
    INTERRUPTED = "interrupted"
    EXIT = "exit"
    CANONICAL_ABI = "a rule of the canonical ABI was broken"

    def __lt__(self, other: object) -> bool:
        return self.name < other.name if isinstance(other, type(self)) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.name > other.name if isinstance(other, type(self)) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.name <= other.name if isinstance(other, type(self)) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.name >= other.name if isinstance(other, type(self)) else NotImplemented


# The same names with plain strings, the messages; the runtime uses these. Importing ``enum`` takes 2 to 4 ms, a tenth
# of a module's start, and traps may be raised at the end of the stack, or in the middle of an import.
LightTrapCode = TrapCode

# The members of TrapCode, once it was used.
_reasons: set[object] = set()

_lock = new_lock()


def _trap_code() -> type[TrapCode]:
    """The enumeration, made from the class body above at its first use."""
    made: Any = globals().get("TrapCode")
    if made is None:
        load("enum")
        from enum import Enum, EnumMeta

        with _lock:
            made = globals().get("TrapCode")
            if made is None:
                body: Any = EnumMeta.__prepare__("TrapCode", (Enum,))
                for name, value in vars(LightTrapCode).items():
                    if name not in ("__dict__", "__weakref__"):
                        body[name] = value
                made = globals()["TrapCode"] = EnumMeta("TrapCode", (Enum,), body)
    return made  # type: ignore[no-any-return]


def _light(code: TrapCode) -> Any:
    reason: Any = getattr(code, "value", code)
    if not _reasons:
        _reasons.update([value for name, value in vars(LightTrapCode).items() if name.isupper()])
    if reason.__class__ is not str or reason not in _reasons:
        raise TypeError(f"code must be a TrapCode, not {bounded(repr(code))}")
    return reason


if not TYPE_CHECKING:
    del TrapCode

    def __getattr__(name: str) -> Any:
        if name == "TrapCode":
            return _trap_code()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class WasmFrame:
    """A WebAssembly frame of a trap's backtrace. Frames are equal if they are at the same instruction.

    Attributes:
        function_index: the function's index in its module.
        function_name: its name from the name section or an export, or ``None``.
        byte_offset: the offset in the module of the instruction that was running.
        module_name: the module's own name, or ``None``.
        is_export_name: whether ``function_name`` is an export's, because the name section has none.
        function_offset: the offset in the module of the function's body, including its locals; or ``None``.
    """

    __slots__ = (
        *("_find_source", "_source", "byte_offset", "function_index", "function_name", "function_offset"),
        *("is_export_name", "module_name"),
    )

    def __init__(
        self,
        function_index: int,
        function_name: str | None,
        byte_offset: int,
        module_name: str | None = None,
        find_source: Callable[[int], tuple[str, int] | None] | None = None,
        *,
        is_export_name: bool = False,
        function_offset: int | None = None,
    ) -> None:
        self.function_index: int = expect_integer(function_index, "function_index")
        expect(function_name, (str, type(None)), "function_name", "a string")
        expect(module_name, (str, type(None)), "module_name", "a string")
        self.function_name: str | None = function_name
        self.byte_offset: int = expect_integer(byte_offset, "byte_offset")
        self.module_name: str | None = module_name
        self.is_export_name: bool = is_export_name
        self.function_offset: int | None = function_offset
        self._find_source = find_source
        self._source: tuple[str, int] | None = None

    @property
    def source(self) -> tuple[str, int] | None:
        """The file and line in the sources, for a module compiled with debugging information (DWARF).

        It is looked up when it is first used.
        """
        find, self._find_source = self._find_source, None
        if find is not None:
            self._source = find(self.byte_offset)
        return self._source

    def _content(self) -> tuple[int, str | None, int, str | None]:
        return self.function_index, self.function_name, self.byte_offset, self.module_name

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, WasmFrame) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content())

    @shown
    def __repr__(self) -> str:
        index, name, offset, module = self._content()
        names = [repr(text) if text is None else bounded(repr(text)) for text in (name, module)]
        return f"WasmFrame({index}, {names[0]}, {offset}, {names[1]})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore_frame, (self._content(), self.source, self.is_export_name, self.function_offset)

    def __str__(self) -> str:
        name = self.function_name or f"function[{self.function_index}]"
        source = self.source
        place = f" ({source[0]}:{source[1]})" if source is not None else ""
        return f"{self.module_name + '!' if self.module_name else ''}{name} at 0x{self.byte_offset:x}{place}"


class Trap(WasmzError):
    """Execution of WebAssembly code stopped abnormally. Host functions may raise it too.

    Attributes:
        light_code: the reason, in the runtime's form: see :data:`LightTrapCode`.
        message: what went wrong.
        frames: the WebAssembly frames that were active, innermost first. Empty until the trap reaches the call from
            Python that it ends.
        exit_code: for :class:`WasiExit`, the guest's exit status; otherwise ``None``.
    """

    exit_code: int | None = None

    def __init__(self, code: TrapCode | None = None, message: str | None = None) -> None:
        """Makes a trap; by default with the code ``TrapCode.UNREACHABLE``, and with the message of its code.

        Raises:
            TypeError: an argument is not a code, or not a string.
        """
        reason = LightTrapCode.UNREACHABLE if code is None else _light(code)
        expect(message, (str, type(None)), "message", "a string")
        self.light_code: TrapCode = reason
        self.frames: tuple[WasmFrame, ...] = ()
        self.message: str = str(reason) if message is None else message
        super().__init__(self.message)

    @property
    def code(self) -> TrapCode:
        """The reason."""
        return _trap_code()(self.light_code)

    def __str__(self) -> str:
        """The message, and the function that trapped, if it is known."""
        return f"{self.message}, in {self.frames[0]}" if self.frames else self.message

    def backtrace(self) -> str:
        """The wasm frames as text, innermost first, one on each line; if there are very many, those at both ends."""
        return _listed(self.frames)


class WasiExit(Trap):
    """The guest ended itself by ``proc_exit``.

    Attributes:
        exit_code: the status it passed.
    """

    exit_code: int

    def __init__(self, exit_code: int) -> None:
        exit_code = expect_integer(exit_code, "exit_code")
        super().__init__(LightTrapCode.EXIT, f"exit status {exit_code}")
        self.exit_code = exit_code


class OutOfFuel(Trap):
    """All fuel of the store is used up (``TrapCode.OUT_OF_FUEL``)."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(LightTrapCode.OUT_OF_FUEL, message)


class Interrupted(Trap):
    """The store's deadline passed, or it was interrupted (``TrapCode.INTERRUPTED``)."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(LightTrapCode.INTERRUPTED, message)


class MemoryLimit(Trap):
    """A memory would exceed ``Config.mem_limit_bytes`` (``TrapCode.OUT_OF_MEMORY``)."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(LightTrapCode.OUT_OF_MEMORY, message)


class ComponentError(WasmzError):
    """A function whose result type is a ``result`` failed. Functions of the host raise it to return an error.

    Attributes:
        payload: the error's value; ``None`` if it has none.
    """

    def __init__(self, payload: Any = None) -> None:
        super().__init__(payload)
        self.payload: Any = payload

    def __str__(self) -> str:
        return bounded(str(self.payload)) if self.payload is not None else "the function returned an error"


def _listed(frames: tuple[WasmFrame, ...]) -> str:
    lines = [f"  {number}: {frame}" for number, frame in enumerate(frames)]
    left_out = len(lines) - _INNER_LINES - _OUTER_LINES
    if left_out > 1:
        # Unbounded recursion: a thousand lines would say no more.
        lines[_INNER_LINES:-_OUTER_LINES] = [f"  ... {left_out:,} more"]
    return "\n".join(lines)


def _restore(kind: type[WasmzError], args: tuple[Any, ...], state: dict[str, Any]) -> WasmzError:
    """Makes an error that was pickled."""
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


def _restore_frame(
    content: tuple[Any, ...], source: tuple[str, int] | None, is_export_name: bool, function_offset: int | None
) -> WasmFrame:
    frame = WasmFrame(*content, is_export_name=is_export_name, function_offset=function_offset)
    frame._source = source
    return frame


def _expect_place(offset: object, function: object) -> None:
    expect(offset, (int, type(None)), "offset", "an integer")
    expect(function, (str, type(None)), "function", "a string")


def _place(offset: int | None, function: str | None) -> str:
    parts = []
    if function is not None:
        parts.append(f"function {function}")
    if offset is not None:
        parts.append(f"offset 0x{offset:x}")
    return f" ({', '.join(parts)})" if parts else ""
