"""Traps, with the guest's frames; and the exceptions for wasmz's errors.

try: func(store)
except Trap as trap: print(trap.trap_code, trap.frames[0].func_name)
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import wasmz
from wasmz.wasmtime._error import REFUSALS, WasmtimeError, exit_trap
from wasmz.wasmtime._managed import Managed

# The largest number of frames in a backtrace.
_MOST_FRAMES = 20


class TrapCode(Enum):
    """The reason for a trap. Those for components and continuations never occur here."""

    STACK_OVERFLOW = 0
    MEMORY_OUT_OF_BOUNDS = 1
    HEAP_MISALIGNED = 2
    TABLE_OUT_OF_BOUNDS = 3
    INDIRECT_CALL_TO_NULL = 4
    BAD_SIGNATURE = 5
    INTEGER_OVERFLOW = 6
    INTEGER_DIVISION_BY_ZERO = 7
    BAD_CONVERSION_TO_INTEGER = 8
    UNREACHABLE = 9
    INTERRUPT = 10
    OUT_OF_FUEL = 11
    ATOMIC_WAIT_NON_SHARED_MEMORY = 12
    NULL_REFERENCE = 13
    ARRAY_OUT_OF_BOUNDS = 14
    ALLOCATION_TOO_LARGE = 15
    CAST_FAILURE = 16
    CANNOT_ENTER_COMPONENT = 17
    NO_ASYNC_RESULT = 18
    UNHANDLED_TAG = 19
    CONTINUATION_ALREADY_CONSUMED = 20
    DISABLED_OPCODE = 21
    ASYNC_DEADLOCK = 22
    CANNOT_LEAVE_COMPONENT = 23
    CANNOT_BLOCK_SYNC_TASK = 24
    INVALID_CHAR = 25
    DEBUG_ASSERT_STRING_ENCODING_FINISHED = 26
    DEBUG_ASSERT_EQUAL_CODE_UNITS = 27
    DEBUG_ASSERT_POINTER_ALIGNED = 28
    DEBUG_ASSERT_UPPER_BITS_UNSET = 29
    STRING_OUT_OF_BOUNDS = 30
    LIST_OUT_OF_BOUNDS = 31
    INVALID_DISCRIMINANT = 32
    UNALIGNED_POINTER = 33
    TASK_CANCEL_NOT_CANCELLED = 34
    TASK_CANCEL_OR_RETURN_TWICE = 35
    SUBTASK_CANCEL_AFTER_TERMINAL = 36
    TASK_RETURN_INVALID = 37
    WAITABLE_SET_DROP_HAS_WAITERS = 38
    SUBTASK_DROP_NOT_RESOLVED = 39
    THREAD_NEW_INDIRECT_INVALID_TYPE = 40
    THREAD_NEW_INDIRECT_UNINITIALIZED = 41
    BACKPRESSURE_OVERFLOW = 42
    UNSUPPORTED_CALLBACK_CODE = 43
    CANNOT_RESUME_THREAD = 44
    CONCURRENT_FUTURE_STREAM_OP = 45
    REFERENCE_COUNT_OVERFLOW = 46
    STREAM_OP_TOO_BIG = 47
    WAITABLE_SYNC_AND_ASYNC = 48
    UNCAUGHT_EXCEPTION = 49


_CODES = {
    "STACK_OVERFLOW": TrapCode.STACK_OVERFLOW,
    "MEMORY_OUT_OF_BOUNDS": TrapCode.MEMORY_OUT_OF_BOUNDS,
    "UNALIGNED_ATOMIC_ACCESS": TrapCode.HEAP_MISALIGNED,
    "TABLE_OUT_OF_BOUNDS": TrapCode.TABLE_OUT_OF_BOUNDS,
    "UNDEFINED_ELEMENT": TrapCode.TABLE_OUT_OF_BOUNDS,
    "INDIRECT_CALL_TO_NULL": TrapCode.INDIRECT_CALL_TO_NULL,
    "BAD_SIGNATURE": TrapCode.BAD_SIGNATURE,
    "INTEGER_OVERFLOW": TrapCode.INTEGER_OVERFLOW,
    "INTEGER_DIVISION_BY_ZERO": TrapCode.INTEGER_DIVISION_BY_ZERO,
    "BAD_CONVERSION_TO_INTEGER": TrapCode.BAD_CONVERSION_TO_INTEGER,
    "UNREACHABLE": TrapCode.UNREACHABLE,
    "INTERRUPTED": TrapCode.INTERRUPT,
    "OUT_OF_FUEL": TrapCode.OUT_OF_FUEL,
    "UNSHARED_MEMORY_WAIT": TrapCode.ATOMIC_WAIT_NON_SHARED_MEMORY,
    "NULL_REFERENCE": TrapCode.NULL_REFERENCE,
    "ARRAY_OUT_OF_BOUNDS": TrapCode.ARRAY_OUT_OF_BOUNDS,
    "OUT_OF_MEMORY": TrapCode.ALLOCATION_TOO_LARGE,
    "OUT_OF_SYSTEM_MEMORY": TrapCode.ALLOCATION_TOO_LARGE,
    "CAST_FAILURE": TrapCode.CAST_FAILURE,
}

# In wasmtime's words.
_MESSAGES = {
    TrapCode.STACK_OVERFLOW: "call stack exhausted",
    TrapCode.MEMORY_OUT_OF_BOUNDS: "out of bounds memory access",
    TrapCode.HEAP_MISALIGNED: "unaligned atomic",
    TrapCode.TABLE_OUT_OF_BOUNDS: "undefined element: out of bounds table access",
    TrapCode.INDIRECT_CALL_TO_NULL: "uninitialized element",
    TrapCode.BAD_SIGNATURE: "indirect call type mismatch",
    TrapCode.INTEGER_OVERFLOW: "integer overflow",
    TrapCode.INTEGER_DIVISION_BY_ZERO: "integer divide by zero",
    TrapCode.BAD_CONVERSION_TO_INTEGER: "invalid conversion to integer",
    TrapCode.UNREACHABLE: "wasm `unreachable` instruction executed",
    TrapCode.INTERRUPT: "interrupt",
    TrapCode.OUT_OF_FUEL: "all fuel consumed by WebAssembly",
    TrapCode.ATOMIC_WAIT_NON_SHARED_MEMORY: "atomic wait on non-shared memory",
    TrapCode.NULL_REFERENCE: "null reference",
    TrapCode.ARRAY_OUT_OF_BOUNDS: "out of bounds array access",
    TrapCode.ALLOCATION_TOO_LARGE: "allocation size too large",
    TrapCode.CAST_FAILURE: "cast failure",
}


class Frame(Managed[Any]):
    """A frame of the guest: where it was when it trapped."""

    _frame: wasmz.WasmFrame

    @property
    def func_index(self) -> int:
        """The function's index in its module."""
        self._check_open()
        return self._frame.function_index

    @property
    def func_name(self) -> str | None:
        """The function's name, from the name section; ``None`` if it has none there."""
        self._check_open()
        return None if self._frame.is_export_name else self._frame.function_name

    @property
    def module_name(self) -> str | None:
        """The module's name, from the name section; ``None`` if it has none."""
        self._check_open()
        return self._frame.module_name

    @property
    def module_offset(self) -> int:
        """The offset of the instruction in the module."""
        self._check_open()
        return self._frame.byte_offset

    @property
    def func_offset(self) -> int:
        """The offset of the instruction in the function."""
        self._check_open()
        return self._frame.byte_offset - (self._frame.function_offset or 0)


class Trap(Exception, Managed[Any]):
    """Execution of a guest stopped. Host functions may raise it, too."""

    _frames: tuple[wasmz.WasmFrame, ...] = ()
    _code: TrapCode | None = None

    def __init__(self, message: str) -> None:
        """Makes a trap without frames and without a code."""
        super().__init__(message)
        self._message = message.encode().decode()

    @property
    def message(self) -> str:
        """What went wrong, with the frames."""
        self._check_open()
        return self._message

    @property
    def frames(self) -> list[Frame]:
        """The guest's frames, innermost first, 20 at most."""
        self._check_open()
        found = []
        for frame in self._frames[:_MOST_FRAMES]:
            made = Frame()
            made._frame = frame
            found.append(made)
        return found

    @property
    def trap_code(self) -> TrapCode | None:
        """The reason; ``None`` for traps made by the host, and for uncaught exceptions."""
        self._check_open()
        return self._code

    def __str__(self) -> str:
        return self.message


def raised(error: wasmz.WasmzError) -> Exception:
    """The exception that the binding raises where wasmz raised this error."""
    if isinstance(error, wasmz.WasiExit):
        return exit_trap(error.exit_code, _told(error.frames, f"Exited with i32 exit status {error.exit_code}"))
    if isinstance(error, wasmz.Trap):
        code = _CODES.get(error.code.name)
        if code is None:
            return WasmtimeError(_told(error.frames, error.message))
        return _trap(error.frames, code, f"wasm trap: {_MESSAGES[code]}")
    if isinstance(error, wasmz.WasmException):
        return _trap(error.frames, None, "thrown Wasm exception")
    if isinstance(error, REFUSALS):
        # A function was validated at its first call.
        return WasmtimeError(f"failed to compile\n\nCaused by:\n    {error}\n")
    return WasmtimeError(str(error))


def _trap(frames: tuple[wasmz.WasmFrame, ...], code: TrapCode | None, reason: str) -> Trap:
    trap = Trap(_told(frames, reason))
    trap._frames, trap._code = frames, code
    return trap


def _told(frames: tuple[wasmz.WasmFrame, ...], reason: str) -> str:
    """The message in wasmtime's form, if there are frames."""
    if not frames:
        return reason
    lines = [f"{number:5}: {_place(frame)}" for number, frame in enumerate(frames[:_MOST_FRAMES])]
    return "\n".join(["error while executing at wasm backtrace:", *lines, "", "Caused by:", f"    {reason}", ""])


def _place(frame: wasmz.WasmFrame) -> str:
    name = None if frame.is_export_name else frame.function_name
    shown = name or f"<wasm function {frame.function_index}>"
    return f"{frame.byte_offset:#8x} - {frame.module_name or '<unknown>'}!{shown}"
