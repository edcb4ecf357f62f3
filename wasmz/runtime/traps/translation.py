"""Turns exceptions that CPython raises inside generated code into traps, at the boundary (docs/abi.md, "Traps").

    IndexError from a view, innermost frame wasm        -> Trap(MEMORY_OUT_OF_BOUNDS), with the wasm frames
    IndexError raised by a host function                -> None: it passes unchanged

The globals of a frame tell whose it is, under the key ``__wasmz_frame__``:

    an ``InstanceFrames``   generated code
    "helper"                a function of the runtime that generated code calls: counts as part of its caller
    "export", "host"        an adapter
    nothing                 any other code

The traceback that Python shows for an uncaught trap has the user's frames and the guest's, see :func:`guest_traceback`.
"""

from __future__ import annotations

import sys

from wasmz.errors import LightTrapCode as TrapCode
from wasmz.errors import Trap, WasmException, WasmFrame
from wasmz.runtime.abi import (
    EXPORT,
    EXPORT_FILE,
    FRAME_KEY,
    HELPER,
    HOST,
    INDEX_TRAPS,
    LARGEST_OFFSET,
    STUB_FILE,
    TRAPS,
    null_message,
)
from wasmz.runtime.image import ModuleImage
from wasmz.startup.concurrency import load
from wasmz.startup.light import FunctionType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType, TracebackType
    from typing import Any, Final, NoReturn

    from wasmz.runtime.traps.debug_lines import LineTable

    # The place of a frame: its instance, its code, and the offset of the Python instruction.
    _Note = tuple["InstanceFrames", CodeType, int]

__wasmz_frame__ = "helper"

# A backtrace keeps this many of the innermost frames: after runaway recursion the others say nothing new.
MAX_FRAMES: Final = 1000

# A traceback that is shown keeps this many entries at each end.
_ENTRIES: Final = 500
# Debugging information up to this size is read for a traceback, which takes up to a tenth of a second.
_MOST_LINE_BYTES: Final = 100_000
# The largest line number of a code object. A module may claim larger ones.
_LAST_LINE: Final = (1 << 31) - 1


class InstanceFrames:
    """Describes the frames of one instance's functions. It is in their globals, under ``__wasmz_frame__``.

    Attributes:
        image: the module.
        store: the store of the instance; only compared.
        namespace: the globals.
    """

    __slots__ = ("__weakref__", "_lines", "_names", "image", "namespace", "store")

    def __init__(self, image: ModuleImage, store: object, namespace: dict[str, Any]) -> None:
        self.image: ModuleImage = image
        self.store: object = store
        self.namespace: dict[str, Any] = namespace
        self._lines: LineTable | None = None
        self._names: dict[int, str] | None = None

    def describe(self, code: CodeType, byte_offset: int | None, is_innermost: bool) -> list[WasmFrame]:
        """The wasm frames for the Python frame of a code object.

        Empty if another frame of the same function is inside it: for a stub, a driver of tail calls, or baseline code
        that goes on in other code.
        """
        if code.co_filename == STUB_FILE:
            return []
        # Imported only here: frames are described when something failed.
        load("bisect")
        from bisect import bisect_left, bisect_right

        image = self.image
        index = image.imported_function_count + bisect_left(image.body_offsets, code.co_firstlineno)
        if not is_innermost and byte_offset == code.co_firstlineno:
            # No instruction has the first offset: this form of the function called another form to go on.
            return []
        offset = code.co_firstlineno if byte_offset is None else byte_offset
        find = self.find_source if image.code_start else None
        frames = [self._frame(index, offset, find)]
        origin = image.imported_function_count + bisect_right(image.body_offsets, offset) - 1
        if origin != index and index < image.imported_function_count + len(image.body_offsets):
            # An instruction of an inlined function. The place of its call is unknown.
            frames = [self._frame(origin, offset, find), self._frame(index, code.co_firstlineno, None)]
        return frames

    def _frame(self, index: int, offset: int, find: Callable[[int], tuple[str, int] | None] | None) -> WasmFrame:
        image = self.image
        number = index - image.imported_function_count
        name = self.name_of(index)
        return WasmFrame(
            index,
            name,
            offset,
            image.name,
            find,
            is_export_name=name is not None and index not in image.function_names,
            function_offset=image.body_offsets[number] if 0 <= number < len(image.body_offsets) else None,
        )

    def name_of(self, index: int) -> str | None:
        """The function's name, from the name section or else from its first export."""
        name = self.image.function_names.get(index)
        if name is not None:
            return name
        if self._names is None:
            # Reversed, so that the first export of a function is the one kept.
            self._names = {item.index: item.name for item in reversed(self.image.exports) if item.kind == "func"}
        return self._names.get(index)

    def find_source(self, byte_offset: int) -> tuple[str, int] | None:
        """The file and line in the sources of the instruction at a byte offset; ``None`` if they are unknown."""
        if self._lines is None:
            # Imported only here: few modules have debugging information.
            load("wasmz.runtime.traps.debug_lines")
            from wasmz.runtime.traps.debug_lines import LineTable

            self._lines = LineTable(dict(self.image.custom_sections))
        return self._lines.find(byte_offset - self.image.code_start)

    def find_quickly(self, byte_offset: int) -> tuple[str, int] | None:
        """Like :meth:`find_source`, if that is fast enough for traps that are caught."""
        if self._lines is None:
            sections = dict(self.image.custom_sections)
            if not self.image.code_start or len(sections.get(".debug_line", b"")) > _MOST_LINE_BYTES:
                return None
        return self.find_source(byte_offset)


def translate(error: Exception) -> Trap | None:
    """The trap that the exception stands for, with its frames; ``None`` if the exception must pass unchanged.

    To be called in the handler of an export adapter, whose frame is then the traceback's first entry. A trap or
    WebAssembly exception that passes gets the frames of this adapter's part of the stack appended.
    """
    kind = type(error)
    traceback = error.__traceback__
    if traceback is None:
        return None
    if isinstance(error, Trap):
        error.frames = (error.frames + _wasm_frames(traceback))[:MAX_FRAMES]
        error.__traceback__ = guest_traceback(traceback)
        return None
    if isinstance(error, WasmException):
        noted = note_frames(traceback.tb_next, error.trail)
        error.frames = (error.frames + _described(noted))[:MAX_FRAMES]
        error.trail = None
        error.__traceback__ = guest_traceback(traceback)
        return None
    code, message = TRAPS.get(kind), None
    if code is None:
        return None
    if isinstance(error, AttributeError):
        # Generated code looks up attributes only on references.
        message = null_message(error) if _is_generated(_innermost(traceback)) else None
        if message is None:
            return None
    if not _is_ours(traceback, kind is RecursionError):
        return None
    if kind is IndexError:
        code = INDEX_TRAPS.get(_indexed(traceback), code)
    trap = Trap(code, message)
    trap.frames = _wasm_frames(traceback)
    if kind is not RecursionError:
        # The adapter's own entry is added when it raises the trap.
        trap.__traceback__ = guest_traceback(traceback.tb_next)
    else:
        # Otherwise thousands of frames would live as long as the trap, with all their locals.
        error.__traceback__ = None
    return trap


def guest_traceback(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback without the runtime's entries: the user's and the guest's remain.

    The guest's functions are shown at lines of their sources if these are known already, and otherwise at a line of the
    module, whose number is a byte offset. Only the former have made-up frames. A module may claim any file as its
    source, and whatever prints a traceback opens the files. So they are named ``<src/main.c>``, which nothing opens.
    """
    shown: list[TracebackType] = []
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_globals.get(FRAME_KEY) not in (HELPER, HOST) and frame.f_code.co_filename != STUB_FILE:
            shown.append(traceback)
        traceback = traceback.tb_next
    del shown[_ENTRIES:-_ENTRIES]
    made: TracebackType | None = None
    for entry in reversed(shown):
        frame, instruction, line = entry.tb_frame, entry.tb_lasti, _line_of(entry)
        owner = frame.f_globals.get(FRAME_KEY)
        if line >= 0 and owner.__class__ is InstanceFrames and frame.f_code.co_filename != EXPORT_FILE:
            line &= LARGEST_OFFSET
            source = owner.find_quickly(line)
            if source is not None and source[1] <= _LAST_LINE:
                frame, instruction, line = _frame_in(f"<{source[0]}>", source[1], frame.f_code.co_name), 0, source[1]
        made = entry.__class__(made, frame, instruction, line)
    return made


def _line_of(entry: TracebackType) -> int:
    """An entry's line; -1 if its instruction has none, as some have at which CPython 3.11 handles signals."""
    line: int | None = entry.tb_lineno
    return -1 if line is None else line


def _frame_in(file: str, line: int, function: str) -> FrameType:
    """A frame that is shown as that of a function, at a line of a file."""
    code = _own_frame.__code__
    # Without columns, which would be those of the code below.
    lines = b"\xef\x00" * (len(code.co_code) // 16 + 1)
    names = {"co_filename": file, "co_name": function, "co_qualname": function}
    shown = code.replace(**names, co_firstlineno=line, co_linetable=lines)  # type: ignore[arg-type]
    made: FrameType = FunctionType(shown, {"get_frame": sys._getframe})()
    return made


def _own_frame() -> FrameType:
    return get_frame()  # type: ignore[name-defined,no-any-return]  # noqa: F821


def _indexed(traceback: TracebackType) -> int:
    """What the failed instruction was indexing: ``IN_TABLE``, ``IN_ARRAY``, or 0 for a memory.

    CPython's message may be the same for all three, so the compiler notes it in the line number of the instruction.
    Helpers check the indices of tables and arrays themselves.
    """
    innermost = _innermost(traceback)
    return max(_line_of(innermost), 0) & ~LARGEST_OFFSET if _is_generated(innermost) else 0


def _innermost(traceback: TracebackType) -> TracebackType:
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback


def _is_generated(entry: TracebackType) -> bool:
    """Whether the frame is that of generated code."""
    return _mark_of(entry.tb_frame).__class__ is InstanceFrames


def _is_ours(traceback: TracebackType, is_recursion: bool) -> bool:
    """Whether generated code raised it: whether its frame is the innermost one outside of the runtime."""
    # When the recursion limit stops an adapter, it has not yet called a function of anyone's.
    transparent = (HELPER, HOST, EXPORT) if is_recursion else (HELPER,)
    ours = is_recursion
    entry: TracebackType | None = traceback
    while entry is not None:
        mark = _mark_of(entry.tb_frame)
        if mark.__class__ is InstanceFrames:
            ours = True
        elif mark not in transparent:
            ours = False
        entry = entry.tb_next
    return ours


def _mark_of(frame: FrameType) -> Any:
    """The value of ``__wasmz_frame__`` for a frame, see above."""
    mark = frame.f_globals.get(FRAME_KEY)
    return EXPORT if mark.__class__ is InstanceFrames and frame.f_code.co_filename == EXPORT_FILE else mark


def _wasm_frames(traceback: TracebackType) -> tuple[WasmFrame, ...]:
    """The wasm frames from the first entry, an export adapter's, to the next such adapter; innermost first."""
    return _described(note_frames(traceback.tb_next, None))


def note_frames(entry: TracebackType | None, inner: list[_Note] | None) -> list[_Note]:
    """The places of wasm frames from an entry of a traceback to the next export adapter; innermost first.

    ``inner`` has the places noted before, which are further in.
    """
    noted: list[_Note] = []
    while entry is not None:
        frame = entry.tb_frame
        mark = _mark_of(frame)
        if mark.__class__ is InstanceFrames:
            noted.append((mark, frame.f_code, entry.tb_lasti))
        elif mark == EXPORT:
            break
        entry = entry.tb_next
    noted.reverse()
    if inner:
        noted = inner + noted
    del noted[MAX_FRAMES:]
    return noted


def _described(noted: list[_Note]) -> tuple[WasmFrame, ...]:
    frames: list[WasmFrame] = []
    # In runaway recursion, the same few places recur.
    offsets: dict[tuple[CodeType, int], int | None] = {}
    for position, (owner, code, instruction) in enumerate(noted):
        place = (code, instruction)
        if place not in offsets:
            offsets[place] = _offset_of(code, instruction)
        frames += owner.describe(code, offsets[place], position == 0)
    return tuple(frames[:MAX_FRAMES])


def _offset_of(code: CodeType, instruction: int) -> int | None:
    """The byte offset in the module of a Python instruction: its line number."""
    for start, end, line in code.co_lines():
        if start <= instruction < end:
            return None if line is None else line & LARGEST_OFFSET
    return None


def trap_unreachable() -> NoReturn:
    """The instruction ``unreachable``."""
    raise Trap(TrapCode.UNREACHABLE)


def call_of_null(*args: Any) -> NoReturn:
    """The callee for a null element, in lists of callees."""
    raise Trap(TrapCode.INDIRECT_CALL_TO_NULL)


def call_of_other_type(*args: Any) -> NoReturn:
    """The callee for a function of another type, in lists of callees."""
    raise Trap(TrapCode.BAD_SIGNATURE)
