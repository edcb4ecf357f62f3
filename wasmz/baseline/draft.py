"""The code of one function while the baseline compiler emits it: pieces, constants, names, temporaries.

A draft is what `translate.py` fills. The operand stack of WebAssembly is CPython's stack, value by value.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate

from wasmz.baseline.rows import FIXED_CONSTANTS, Rows
from wasmz.codegen.layout import encode_handler, encode_jump, encode_lines, place
from wasmz.codegen.targets.base import ALWAYS, AT_END, IF_FALSE, IF_TRUE, Target
from wasmz.runtime import abi
from wasmz.runtime.numeric.floats import f32_from_bits, f64_from_bits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Final

# An insertion moves all code after it, so nothing is inserted below more pieces than this.
LONGEST = 1000


class Unfit(Exception):
    """The function is not plainly valid, or is left to the pipeline."""


class Unbalanced(AssertionError):
    """Two paths reach a place with different stack depths: a fault of wasmz, not of the module."""


class Label:
    """A place in the code.

    Attributes:
        depth: of the stack there; -1 while it is unknown.
        index: its number among the marks, once it is put.
    """

    __slots__ = ("depth", "index")

    index: int

    def __init__(self) -> None:
        self.depth: int = -1

    def reach(self, depth: int) -> None:
        """Records that a path reaches this label with a stack of ``depth`` values."""
        if self.depth < 0:
            self.depth = depth
        elif self.depth != depth:
            raise Unbalanced(f"a label is reached with stack depths {self.depth} and {depth}")


class Jump:
    """A jump to a label, unconditional or depending on the value on top of the stack."""

    __slots__ = ("label", "when")

    def __init__(self, label: Label, when: str) -> None:
        self.label: Label = label
        self.when: str = when


class Region:
    """A part of the code whose exceptions have a handler.

    Attributes:
        label: the handler's label.
        kept: the number of values on the stack below the region, which the handler finds below the exception.
        around: the enclosing region.
    """

    __slots__ = ("around", "kept", "label")

    def __init__(self, kept: int, around: Region | None) -> None:
        self.label: Label = Label()
        self.kept: int = kept
        self.around: Region | None = around


# Stands for a conditional jump among the pieces: nothing, but with an effect on the stack of its own.
_TEST: Final[Any] = ()
# What stands for a jump, by when it is taken.
_STANDS: Final = {ALWAYS: b"", AT_END: b"", IF_TRUE: _TEST, IF_FALSE: _TEST}

# Stands for a region in which, up to the next jump or return, values below the protected region are dropped.
_LEAVING: Final = Region(0, None)


class Draft:
    """The code of a function under construction, and what it refers to.

    Code is a list of pieces. The emitting code keeps the ``floor``, the length of the list up to the last label or
    jump: nothing may be inserted below it, because the places of labels and jumps are indices.

    Attributes:
        out: the pieces; each jump has one that has no length.
        marks: the labels and jumps in order; ``None`` where the following code is not reached from the preceding.
        mark_places: their indices in ``out``.
        line_places, offsets: the indices in ``out`` where the byte offset changes, and the offsets.
        constants, names: those of the code object.
        constant_pieces: the pieces that push constants. Integers are keys themselves; other constants have tuples.
        global_pieces: the pieces that push globals, by name or by a key that stands for the name.
        callee_pieces: the pieces that push globals to be called, by function index or name.
        templates: the pieces of a template below and above its operands, by the key that `general.py` uses.
        effects: the change of stack depth of pieces that only this function has. (The target keeps those of the others
            for the life of the process.)
        first_temporary: the first fast local that temporaries may use.
        region: the innermost protected region.
        exceptions: the exception table; set by layout.
        stack_size: the deepest stack, without what single instructions push and pop; set by layout.
    """

    def __init__(self, rows: Rows, first_temporary: int) -> None:
        target = rows.target
        self.target: Target = target
        self.out: list[bytes] = []
        self.marks: list[Label | Jump | None] = []
        self.mark_places: list[int] = []
        self.line_places: list[int] = []
        self.offsets: list[int] = []
        self.constants: list[object] = [*FIXED_CONSTANTS]
        self.names: dict[str, int] = {}
        self.constant_pieces: dict[object, bytes] = rows.constant_pieces.copy()
        self.global_pieces: dict[object, bytes] = {}
        self.callee_pieces: dict[object, bytes] = {}
        self.effects: dict[bytes, int] = {}
        target.effects[_TEST] = -1
        self._movable = rows.movable
        self.templates: dict[object, tuple[Sequence[bytes], Sequence[bytes]]] = {}
        self.first_temporary: int = first_temporary
        self.temporary_count: int = 0
        self.region: Region | None = None
        # For each change: the index of a piece, and the innermost region from there on.
        self._coverage: list[tuple[int, Region | None]] = []
        self.exceptions: bytes = b""
        self.stack_size: int = 0

    def constant(self, value: int) -> bytes:
        """Pushes an integer."""
        piece = self.constant_pieces.get(value)
        if piece is None:
            piece = self.target.load_small_int(value) or self._add_constant(value)
            self.constant_pieces[value] = piece
        return piece

    def keyed_constant(self, key: tuple[object, ...], value: object) -> bytes:
        """Pushes a constant that is not an integer; ``key`` distinguishes it from all others."""
        piece = self.constant_pieces.get(key)
        if piece is None:
            piece = self.constant_pieces[key] = self._add_constant(value)
        return piece

    def float_constant(self, content: bytes) -> bytes:
        """Pushes a float, given as its four or eight bytes in the module."""
        piece = self.constant_pieces.get(content)
        if piece is None:
            bits = int.from_bytes(content, "little")
            value = f32_from_bits(bits) if len(content) == 4 else f64_from_bits(bits)
            piece = self.constant_pieces[content] = self._add_constant(value)
        return piece

    def _add_constant(self, value: object) -> bytes:
        self.constants.append(value)
        piece = self.target.load_const(len(self.constants) - 1)
        self._movable[piece] = -1
        return piece

    def none(self) -> bytes:
        """Pushes None."""
        return self.keyed_constant((None,), None)

    def name_index(self, name: str) -> int:
        """Position of a name in the code object."""
        return self.names.setdefault(name, len(self.names))

    def load_global(self, name: str) -> bytes:
        """Pushes a global."""
        piece = self.global_pieces.get(name)
        if piece is None:
            piece = self.global_pieces[name] = self.target.load_global(self.name_index(name))
        return piece

    def view(self, format: str, offset: int) -> bytes:
        """Pushes a view of the first memory; caches its piece by format and offset."""
        piece = self.global_pieces[format, offset] = self.load_global(abi.view(0, format, offset))
        return piece

    def load_callee(self, name: str) -> bytes:
        """Pushes a global that will be called."""
        piece = self.callee_pieces.get(name)
        if piece is None:
            piece = self.callee_pieces[name] = self.target.load_global_callee(self.name_index(name))
        return piece

    def callee(self, index: int) -> bytes:
        """Pushes a function of the module that will be called."""
        piece = self.callee_pieces[index] = self.load_callee(abi.function(index))
        return piece

    def temporary(self, number: int) -> int:
        """The fast local of a temporary, which is free again after the instruction that uses it."""
        if number >= self.temporary_count:
            self.temporary_count = number + 1
            self.target.reserve_locals(self.first_temporary + number + 1)
        return self.first_temporary + number

    def store_operands(self, count: int) -> None:
        """Pops operands into temporaries, the first operand into the first temporary."""
        stores = self.target.stores
        for number in range(count - 1, -1, -1):
            slot = self.temporary(number)
            self.out.append(stores[slot])

    def load_operands(self, count: int) -> None:
        """Pushes the operands again."""
        loads, first = self.target.loads, self.first_temporary
        self.out += loads[first : first + count]

    def put_below(self, count: int, *pieces: bytes) -> None:
        """Pushes values below operands that are on the stack already."""
        self.store_operands(count)
        self.out += pieces
        self.load_operands(count)

    def drop_below(self, extra: int, count: int) -> None:
        """Drops ``extra`` values below the topmost ``count`` ones; a jump or a return must follow."""
        if self._coverage:
            self._coverage.append((len(self.out), _LEAVING))
        if count == 1:
            for _ in range(extra):
                self.out += (self.target.swap2, self.target.pop)
            return
        self.store_operands(count)
        self.out += [self.target.pop] * extra
        self.load_operands(count)

    def unpack(self, count: int) -> None:
        """Replaces a tuple by its items, the last one on top."""
        stores = self.target.stores
        self.out.append(self.target.unpack(count))
        for number in range(count):
            slot = self.temporary(number)
            self.out.append(stores[slot])
        self.load_operands(count)

    # Lines, labels and jumps

    def mark(self, offset: int) -> None:
        """Sets the byte offset that a traceback shows for the following code, which may trap or call."""
        self.line_places.append(len(self.out))
        self.offsets.append(offset)

    def shift(self, begin: int, count: int) -> None:
        """Adjusts places after an insertion of ``count`` pieces (or a removal) at ``begin``, above the floor."""
        places = self.line_places
        for number in range(len(places) - 1, -1, -1):
            if places[number] < begin:
                return
            places[number] += count

    def insert(self, begin: int, *pieces: bytes) -> None:
        """Inserts pieces below operands whose code begins at ``begin``."""
        self.out[begin:begin] = pieces
        self.shift(begin, len(pieces))

    def put(self, label: Label) -> int:
        """Puts a label here; returns the floor."""
        floor = len(self.out)
        label.index = len(self.mark_places)
        self.marks.append(label)
        self.mark_places.append(floor)
        return floor

    def jump(self, label: Label, when: str = ALWAYS) -> int:
        """Emits a jump; returns the floor."""
        out = self.out
        self.marks.append(Jump(label, when))
        self.mark_places.append(len(out))
        out.append(_STANDS[when])
        return len(out)

    def count_jumps(self) -> int:
        """How many pieces are jumps, before layout. Where counters have empty parts, these count, too."""
        return self.out.count(b"") + self.out.count(_TEST)

    def end(self) -> int:
        """Ends a path: what follows is not reached from here; returns the floor."""
        self.marks.append(None)
        self.mark_places.append(len(self.out))
        return len(self.out)

    def repeated(self) -> set[Label]:
        """The labels to which reachable code jumps back."""
        seen: set[Label] = set()
        reached: set[Label] = set()
        found: set[Label] = set()
        is_reached = True
        for mark in self.marks:
            if isinstance(mark, Jump):
                if is_reached:
                    (found if mark.label in seen else reached).add(mark.label)
                    is_reached = mark.when is not ALWAYS
            elif mark is None:
                is_reached = False
            else:
                seen.add(mark)
                is_reached = is_reached or mark in reached
        return found

    # Protected regions

    def protect(self, kept: int) -> Region:
        """Begins a region, with ``kept`` values below it."""
        self.region = Region(kept, self.region)
        self._coverage.append((len(self.out), self.region))
        return self.region

    def end_region(self) -> Region:
        """Ends the innermost region, and returns it."""
        region = self.region
        if region is None:
            raise Unfit
        self.region = region.around
        self._coverage.append((len(self.out), self.region))
        return region

    def _protected(self) -> list[tuple[int, int, Region]]:
        """The parts of the code that have a handler, as ranges of indices of pieces, in order."""
        parts: list[tuple[int, int, Region]] = []
        region: Region | None = None
        begin = 0
        for index, event in self._coverage:
            if region is not None and begin < index:
                parts.append((begin, index, region))
            if event is _LEAVING:
                number = bisect_right(self.mark_places, index)
                # The jump is a piece, too.
                begin = self.mark_places[number] + (self.marks[number].__class__ is Jump)
            else:
                region, begin = event, index
        return parts

    def layout(self, first_offset: int, prologue: bytes) -> tuple[bytes, bytes]:
        """The instructions and the line table. The prologue comes first."""
        out, target = self.out, self.target
        ends = list(accumulate(map(len, out), initial=0))
        parts = self._protected() if self._coverage else ()
        for _, _, region in parts:
            region.label.reach(region.kept + 1)
        jumps, places = self._follow()
        drafts = [ends[index] >> 1 for index in self.mark_places]
        positions, sizes = place(drafts, jumps, target)
        known = target.jumps
        for index, (mark, label, when), units in zip(places, jumps, sizes, strict=True):
            distance = positions[label] - positions[mark] - units
            out[index] = known.get((when, distance, units)) or encode_jump(when, distance, units, target)
        moved = list(accumulate(sizes, initial=len(prologue) >> 1))
        lines = [
            ((ends[index] >> 1) + moved[bisect_left(places, index)], offset)
            for index, offset in zip(self.line_places, self.offsets, strict=True)
        ]
        code = prologue + b"".join(out)
        if parts:
            first = len(prologue)
            code_units = [length >> 1 for length in accumulate(map(len, out), initial=first)]
            self.exceptions = b"".join(
                encode_handler(
                    code_units[begin],
                    code_units[end] - code_units[begin],
                    (first >> 1) + positions[region.label.index],
                    region.kept,
                )
                for begin, end, region in parts
            )
        return code, encode_lines(lines, len(code) >> 1, first_offset)

    def _effects(self) -> Iterable[int]:
        own, common = self.effects, self.target.effects
        if own:
            return [own[piece] if piece in own else common[piece] for piece in self.out]
        return map(common.__getitem__, self.out)

    def _follow(self) -> tuple[list[tuple[int, int, str]], list[int]]:
        """Computes the stack depth everywhere; returns the jumps for :func:`place`, and their places in ``out``."""
        iterator_items = self.target.iterator_items
        # The depths if all code were reached from the code before it, and iterators never ended.
        depths = list(accumulate(self._effects(), initial=0))
        jumps: list[tuple[int, int, str]] = []
        places: list[int] = []
        # The number to add to these, since when, where code is reached.
        added = begin = deepest = 0
        is_reached = True
        for number, (end, mark) in enumerate(zip(self.mark_places, self.marks, strict=True)):
            if mark.__class__ is Jump:
                label, when = mark.label, mark.when
                jumps.append((number, label.index, when))
                places.append(end)
                if not is_reached:
                    continue
                depth = depths[end] + added
                if when is IF_TRUE or when is IF_FALSE:
                    depth -= 1
                else:
                    deepest = max(deepest, max(depths[begin : end + 1]) + added)
                    begin = end
                    if when is ALWAYS:
                        is_reached = False
                    else:
                        depth -= iterator_items
                        added += 1
            elif mark is None:
                if is_reached:
                    deepest = max(deepest, max(depths[begin : end + 1]) + added)
                    is_reached = False
                continue
            else:
                label = mark  # type: ignore[assignment]
                if not is_reached:
                    if label.depth >= 0:
                        added = label.depth - depths[end]
                        begin = end
                        is_reached = True
                    continue
                depth = depths[end] + added
            # What `reach` does, of which most is a comparison.
            if label.depth != depth:
                label.reach(depth)
        self.stack_size = deepest
        return jumps, places
