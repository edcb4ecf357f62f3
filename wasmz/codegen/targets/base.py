"""The code generator's interface to a Python version: methods that return small pieces of bytecode.

    target.load_fast(3)      -> b'|\\x03'
    target.binary("+")       -> b'z\\x00\\x00\\x00'      with its inline cache

Pieces are made once and cached. :attr:`Target.effects` has the change of stack depth of each. A version's file
overrides only the methods that changed.
"""

from __future__ import annotations

import opcode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar

# Arguments of BINARY_OP, as in CPython's Include/opcode.h; in-place forms are never used.
BINARY_OPERATORS = {
    "+": 0, "&": 1, "//": 2, "<<": 3, "*": 5, "%": 6, "|": 7, "**": 8, ">>": 9, "-": 10, "/": 11, "^": 12,
}  # fmt: skip

COMPARE_OPERATORS = ("<", "<=", "==", "!=", ">", ">=")

# The condition under which a jump is taken.
ALWAYS, IF_TRUE, IF_FALSE = "always", "if true", "if false"

# The jump of FOR_ITER: taken if the iterator on top of the stack is exhausted; otherwise its next item is pushed. At
# the label, `Target.after_end` comes first, and removes the iterator. Forward only.
AT_END = "at end"


# `definite.py` proves that code sets fast locals below this before it reads them. The others are read by an instruction
# that checks them, so that the proof takes linear time and little memory. No compiler's output has as many.
PROVEN_SLOTS = 1024


# Shared by all targets of the process, so that making one advances even if signal handlers that need one interrupt it
# again and again.
_EFFECTS: dict[bytes, int] = {b"": 0}
_PIECES: dict[tuple[str, int], bytes] = {}

_NOTHING = (0, 0)

# Encoded jumps are kept for distances below this.
_NEAR = 1024


def cache_count(name: str) -> int:
    """The number of inline cache entries after an instruction of the running interpreter."""
    entries: Any = opcode._inline_cache_entries  # type: ignore[attr-defined]
    if isinstance(entries, list):
        return int(entries[opcode.opmap[name]])
    return int(entries.get(name, 0))


def extended(code: int, arg: int) -> bytes:
    """An instruction, after as many EXTENDED_ARG as its argument needs."""
    if arg < 256:
        return bytes((code, arg))
    prefix = bytearray()
    for shift in (24, 16, 8):
        if arg >> shift:
            prefix += bytes((opcode.EXTENDED_ARG, arg >> shift & 255))
    return bytes(prefix) + bytes((code, arg & 255))


class Target:
    """The bytecode of one CPython version."""

    # Forward jumps by condition, and the only backward jump used: specialisation counts its executions.
    forward_jumps: ClassVar[dict[str, str]] = {
        ALWAYS: "JUMP_FORWARD",
        IF_TRUE: "POP_JUMP_IF_TRUE",
        IF_FALSE: "POP_JUMP_IF_FALSE",
        AT_END: "FOR_ITER",
    }
    backward_jump: ClassVar[str] = "JUMP_BACKWARD"

    # Whether CPython looks for the handler of a callee's exception at the instruction before the call, one code unit
    # before the CALL.
    raises_before_calls: ClassVar[bool] = False

    # How many stack items an iterator takes while FOR_ITER reads it.
    iterator_items: ClassVar[int] = 1

    # Reads a fast local, and raises an exception if it is not set. (In CPython 3.11, every load does.)
    checked_load: ClassVar[str] = "LOAD_FAST_CHECK"

    # Pairs of instructions on fast locals that the version's own compiler emits as one.
    fused_locals: ClassVar[dict[tuple[str, str], str]] = {}

    def __init__(self) -> None:
        self.effects: dict[bytes, int] = _EFFECTS
        self._pieces = _PIECES
        self._near_jumps: dict[tuple[str, int], bytes] = {}
        self._binaries: dict[str, bytes] = {
            operator: self.piece("BINARY_OP", number) for operator, number in BINARY_OPERATORS.items()
        }
        self._comparisons: dict[str, bytes] = {
            operator: self.piece("COMPARE_OP", self.compare_argument(number))
            for number, operator in enumerate(COMPARE_OPERATORS)
        }
        # Pairs of pieces that the version has one piece for; and the second pieces of these pairs.
        self.fusions: dict[tuple[bytes, bytes], bytes] = {}
        self.fused_seconds: set[bytes] = set()
        self.resume: bytes = self.piece("RESUME", 0)
        self.pop: bytes = self.piece("POP_TOP")
        self.return_value: bytes = self.piece("RETURN_VALUE")
        self.raise_exception: bytes = self.piece("RAISE_VARARGS", 1)
        # Raises the exception again that the handler was entered with.
        self.reraise: bytes = self.piece("RERAISE", 0)
        # Replaces a class by whether the exception below it is of that class; the exception stays.
        self.check_exception: bytes = self.piece("CHECK_EXC_MATCH")
        # Pieces that end a path.
        self.ends: frozenset[bytes] = frozenset({self.return_value, self.raise_exception, self.reraise})
        self.subscript: bytes = self.make_subscript()
        self.store_subscript: bytes = self.piece("STORE_SUBSCR")
        # Makes a slice of its start, stop and step.
        self.build_slice: bytes = self.piece("BUILD_SLICE", 3)
        # Replaces an object by an iterator over it.
        self.get_iterator: bytes = self.piece("GET_ITER")
        # Make the stack items that FOR_ITER reads from the iterator on top of the stack, and remove them.
        self.begin_iteration: bytes = b""
        self.drop_iterator: bytes = self.pop
        self.negate: bytes = self.piece("UNARY_NEGATIVE")
        self.invert: bytes = self.piece("UNARY_INVERT")
        self.nop: bytes = self.piece("NOP")
        self.is_operator: bytes = self.piece("IS_OP", 0)
        self.is_not_operator: bytes = self.piece("IS_OP", 1)
        self.swap2: bytes = self.swap(2)
        self.copy1: bytes = self.copy(1)
        # Come before and after a callee that is not a global: a NULL marks it as "no method" for CPython.
        self.before_callee: bytes = self.piece("PUSH_NULL")
        self.after_callee: bytes = b""
        # The instruction that CPython expects at the target of an iterator's end, and skips.
        self.after_end: bytes = self.make_after_end()
        self.effects[self.after_end] = 0
        # Converts an int to a jump's condition.
        self.to_condition: bytes = b""
        self.jump_sizes: dict[str, int] = {
            name: 1 + cache_count(name) for name in (*self.forward_jumps.values(), self.backward_jump)
        }
        # The least sizes of jumps, by when they are taken. No version has all conditional backward jumps: a forward
        # jump on the opposite condition skips a plain one.
        self.forward_sizes: dict[str, int] = {when: self.jump_sizes[name] for when, name in self.forward_jumps.items()}
        plain = self.jump_sizes[self.backward_jump]
        self.backward_sizes: dict[str, int] = {
            ALWAYS: plain,
            IF_TRUE: plain + self.forward_sizes[IF_FALSE],
            IF_FALSE: plain + self.forward_sizes[IF_TRUE],
        }
        # Encoded jumps, by condition, distance (negative if backward) and size.
        self.jumps: dict[tuple[str, int, int], bytes] = {}
        # The same around the lowest byte of the distance, by the distance without that byte.
        self.far_jumps: dict[tuple[str, int, int], tuple[bytes, bytes]] = {}
        # Pieces that change a local, a global or an item.
        self.effectful: set[bytes] = {self.store_subscript}
        # Pieces that only push a fast local, a constant, a global or a NULL.
        self.plain_loads: set[bytes] = {self.piece("PUSH_NULL")}
        # Pieces that call.
        self.calls: set[bytes] = set()
        # Pieces that compute only from fast locals and constants, and cannot raise: they may run twice, and may be
        # moved over anything that does not store to a fast local.
        self.movable: set[bytes] = {self.negate, self.invert}
        self.movable.update(self.binary(operator) for operator in ("+", "-", "*", "&", "|", "^", "<<", ">>"))
        # The fast locals that a piece reads before setting them, and those that it sets, as bits; only those below
        # PROVEN_SLOTS.
        self.accesses: dict[bytes, tuple[int, int]] = {}
        # The union of both.
        self.touched: dict[bytes, int] = {}
        self.loads: list[bytes] = []
        self.stores: list[bytes] = []
        self.reserve_locals(64)
        self._fuse_locals()

    def reserve_locals(self, count: int) -> None:
        """Makes ``loads`` and ``stores``, the accesses to fast locals by number, at least ``count`` long.

        Threads, and signal handlers that interrupt this, may do the same. So all facts about a piece are recorded
        before it is in a list, and its place there does not depend on who adds it.
        """
        first = len(self.stores)
        if count <= first:
            return
        loads = [self.load_fast(slot) for slot in range(first, count)]
        stores = [self.store_fast(slot) for slot in range(first, count)]
        self.effectful.update(stores)
        self.movable.update(loads)
        self.plain_loads.update(loads)
        for slot in range(first, min(count, PROVEN_SLOTS)):
            self._note_access(loads[slot - first], 1 << slot, 0)
            self._note_access(stores[slot - first], 0, 1 << slot)
        self.loads[first:count] = loads
        self.stores[first:count] = stores

    def _note_access(self, piece: bytes, read: int, written: int) -> None:
        self.accesses[piece] = (read, written)
        self.touched[piece] = read | written

    def piece(self, name: str, arg: int = 0) -> bytes:
        """An instruction with its argument and inline cache."""
        key = (name, arg)
        found = self._pieces.get(key)
        if found is None:
            code = opcode.opmap[name]
            found = extended(code, arg) + bytes(2 * cache_count(name))
            # Records facts before the piece can be found: another thread or a signal handler may use it at once.
            self.effects[found] = opcode.stack_effect(code, arg if code >= opcode.HAVE_ARGUMENT else None, jump=False)
            self._pieces[key] = found
        return found

    def join(self, *pieces: bytes) -> bytes:
        """Joins several pieces to one."""
        joined = b"".join(pieces)
        if joined not in self.effects:
            self.effects[joined] = sum(self.effects[piece] for piece in pieces)
        return joined

    # Locals, constants, globals. Callers cache the results by argument, so these need not be fast.

    def load_fast(self, slot: int) -> bytes:
        """Pushes a fast local, which must be set."""
        return self.piece("LOAD_FAST" if slot < PROVEN_SLOTS else self.checked_load, slot)

    def store_fast(self, slot: int) -> bytes:
        """Pops into a fast local."""
        return self.piece("STORE_FAST", slot)

    def load_const(self, index: int) -> bytes:
        """Pushes a constant of the code object."""
        piece = self.piece("LOAD_CONST", index)
        self.plain_loads.add(piece)
        return piece

    def load_small_int(self, number: int) -> bytes | None:
        """Pushes an int without a constant, or ``None`` if the version or the number does not allow it."""
        return None

    def load_global(self, name_index: int) -> bytes:
        """Pushes a global."""
        return self.piece("LOAD_GLOBAL", name_index << 1)

    def load_global_callee(self, name_index: int) -> bytes:
        """Pushes a global that will be called, with its NULL."""
        piece = self.piece("LOAD_GLOBAL", name_index << 1 | 1)
        self.plain_loads.add(piece)
        return piece

    def store_global(self, name_index: int) -> bytes:
        """Pops into a global."""
        piece = self.piece("STORE_GLOBAL", name_index)
        self.effectful.add(piece)
        return piece

    # Attributes

    def load_attribute(self, name_index: int) -> bytes:
        """Replaces an object by one of its attributes."""
        return self.piece("LOAD_ATTR", name_index << 1)

    def store_attribute(self, name_index: int) -> bytes:
        """Pops an object, and below it the new value of one of its attributes."""
        piece = self.piece("STORE_ATTR", name_index)
        self.effectful.add(piece)
        return piece

    # Operators

    def binary(self, operator: str) -> bytes:
        """A binary operator."""
        return self._binaries[operator]

    def compare(self, operator: str) -> bytes:
        """A comparison, which leaves a bool if its operands are numbers."""
        return self._comparisons[operator]

    def compare_argument(self, index: int) -> int:
        """The version's argument for a comparison."""
        raise NotImplementedError

    def make_subscript(self) -> bytes:
        """``a[b]``."""
        return self.piece("BINARY_SUBSCR")

    def make_after_end(self) -> bytes:
        """See :attr:`after_end`."""
        return self.join(self.piece("END_FOR"))

    # Stack, calls, tuples

    def swap(self, depth: int) -> bytes:
        """Swaps the top of the stack with the item at ``depth``, counted from 1."""
        return self.piece("SWAP", depth)

    def copy(self, depth: int) -> bytes:
        """Pushes a copy of the item at ``depth``, counted from 1."""
        return self.piece("COPY", depth)

    def call(self, arg_count: int) -> bytes:
        """Calls the callee below the arguments."""
        piece = self.make_call(arg_count)
        self.calls.add(piece)
        return piece

    def make_call(self, arg_count: int) -> bytes:
        """See :meth:`call`."""
        return self.piece("CALL", arg_count)

    def build_tuple(self, count: int) -> bytes:
        """Makes a tuple of the topmost items."""
        return self.piece("BUILD_TUPLE", count)

    def build_list(self, count: int) -> bytes:
        """Makes a list of the topmost items."""
        return self.piece("BUILD_LIST", count)

    def unpack(self, count: int) -> bytes:
        """Replaces a tuple by its items, the first on top."""
        return self.piece("UNPACK_SEQUENCE", count)

    # Jumps

    def jump_piece(self, name: str, distance: int) -> bytes:
        """A jump over ``distance`` code units, counted from the end of its inline cache."""
        if distance >= _NEAR:
            return extended(opcode.opmap[name], distance) + bytes(2 * cache_count(name))
        key = (name, distance)
        found = self._near_jumps.get(key)
        if found is None:
            found = self._near_jumps[key] = extended(opcode.opmap[name], distance) + bytes(2 * cache_count(name))
        return found

    def fuse(self, pair: tuple[bytes, bytes], fused: bytes) -> bytes:
        """Makes a pair of consecutive pieces be emitted as one piece."""
        self.fusions[pair] = fused
        read, written = self.accesses.get(pair[0], _NOTHING)
        then_read, then_written = self.accesses.get(pair[1], _NOTHING)
        self._note_access(fused, read | then_read & ~written, written | then_written)
        self.fused_seconds.add(pair[1])
        return fused

    def _fuse_locals(self) -> None:
        makers = {"LOAD_FAST": self.load_fast, "STORE_FAST": self.store_fast}
        for (first, second), fused in self.fused_locals.items():
            for a in range(16):
                for b in range(16):
                    pair = (makers[first](a), makers[second](b))
                    piece = self.fuse(pair, self.piece(fused, a << 4 | b))
                    if self.plain_loads.issuperset(pair):
                        self.plain_loads.add(piece)
