"""Streams and futures between components (Canonical ABI, "Buffer State", "Stream State", "Future State").

Both ends of a stream share a `SharedStream`: whoever comes first leaves a buffer there, and who comes second copies.
Buffers give and take values as the other side wants them: between components, or Python's.
"""

from __future__ import annotations

from wasmz.component.traps import component_trap
from wasmz.component.waitables import Waitable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Protocol

    class Buffer(Protocol):
        """Where values are copied from, or to.

        Attributes:
            source: the encoding of its strings; ``"python"`` of Python's.
            progress: how many are copied.
        """

        source: str
        progress: int

        def remain(self) -> int: ...

        def is_empty(self) -> bool: ...

        def read(self, count: int, source: str) -> Any: ...

        def write(self, values: Any, count: int, source: str) -> None: ...

    # Told how a copy ended; and that values were copied, with what takes the buffer back.
    Done = Callable[[int], None]
    Copied = Callable[[Callable[[], None]], None]

__wasmz_frame__ = "helper"

COMPLETED, DROPPED, CANCELLED = range(3)
MOST_ITEMS: Final = (1 << 28) - 1

_SAME_COMPONENT: Final = "cannot read from and write to intra-component {}"


class Shared:
    """What both ends of a stream or future share.

    Attributes:
        kind: the type of its items, and who says so: a ``TransferKind``.
        is_dropped: whether one end is gone.
        buffer: of the end that came first, or ``None``.
    """

    __slots__ = ("__weakref__", "_copied", "_done", "_instance", "buffer", "is_dropped", "kind")

    def __init__(self, kind: Any) -> None:
        self.kind: Any = kind
        self.is_dropped: bool = False
        self.buffer: Buffer | None = None
        self._instance: object = None
        self._copied: Copied | None = None
        self._done: Done | None = None

    def leave(self, instance: object, buffer: Buffer | None, copied: Copied | None, done: Done | None) -> None:
        """Leaves a buffer for the other end."""
        self._instance, self.buffer, self._copied, self._done = instance, buffer, copied, done

    def take_back(self) -> None:
        """The buffer that was left is taken back."""
        self.leave(None, None, None, None)

    def _finish(self, result: int) -> None:
        done = self._done
        self.take_back()
        if done is not None:
            done(result)

    def cancel(self) -> None:
        """The end that left a buffer wants it back."""
        self._finish(CANCELLED)

    def drop(self) -> None:
        """One end is gone."""
        if not self.is_dropped:
            self.is_dropped = True
            if self.buffer is not None:
                self._finish(DROPPED)

    def _check_instances(self, instance: object) -> None:
        if instance is not None and instance is self._instance and not self.kind.is_number:
            raise component_trap(_SAME_COMPONENT.format("stream" if self.kind.is_stream else "future"))


class SharedStream(Shared):
    """What both ends of a stream share."""

    __slots__ = ()

    def read(self, instance: object, buffer: Buffer, copied: Copied, done: Done) -> None:
        """The readable end gives a buffer to be filled."""
        pending = self.buffer
        if self.is_dropped:
            done(DROPPED)
        elif pending is None:
            self.leave(instance, buffer, copied, done)
        else:
            self._check_instances(instance)
            if pending.remain() > 0:
                self._copy(pending, buffer, buffer.remain(), done)
            else:
                self._finish(COMPLETED)
                self.leave(instance, buffer, copied, done)

    def write(self, instance: object, buffer: Buffer, copied: Copied, done: Done) -> None:
        """The writable end gives a buffer with items."""
        pending = self.buffer
        if self.is_dropped:
            done(DROPPED)
        elif pending is None:
            self.leave(instance, buffer, copied, done)
        else:
            self._check_instances(instance)
            if pending.remain() > 0:
                self._copy(buffer, pending, buffer.remain(), done)
            elif buffer.is_empty() and pending.is_empty():
                done(COMPLETED)
            else:
                self._finish(COMPLETED)
                self.leave(instance, buffer, copied, done)

    def _copy(self, given: Buffer, taken: Buffer, wanted: int, done: Done) -> None:
        if wanted > 0:
            count = min(given.remain(), taken.remain())
            taken.write(given.read(count, taken.source), count, given.source)
            if self._copied is not None:
                self._copied(self.take_back)
        done(COMPLETED)


class SharedFuture(Shared):
    """What both ends of a future share."""

    __slots__ = ()

    def read(self, instance: object, buffer: Buffer, copied: Copied, done: Done) -> None:
        """The readable end gives a buffer for the value."""
        self._meet(instance, buffer, done, is_read=True)

    def write(self, instance: object, buffer: Buffer, copied: Copied, done: Done) -> None:
        """The writable end gives the value."""
        if self.is_dropped:
            done(DROPPED)
        else:
            self._meet(instance, buffer, done, is_read=False)

    def _meet(self, instance: object, buffer: Buffer, done: Done, *, is_read: bool) -> None:
        pending = self.buffer
        if pending is None:
            self.leave(instance, buffer, None, done)
            return
        self._check_instances(instance)
        given, taken = (pending, buffer) if is_read else (buffer, pending)
        taken.write(given.read(1, taken.source), 1, given.source)
        self._finish(COMPLETED)
        done(COMPLETED)


IDLE, COPYING, CANCELLING, DONE = range(4)


class CopyEnd(Waitable):
    """One end of a stream or future, in a component's table.

    Attributes:
        shared: what it has in common with the other end.
        state: whether a copy is under way.
        is_reader: which end it is.
        partial: its buffer, if something was copied and the other end has not taken note of it.
    """

    __slots__ = ("is_reader", "partial", "shared", "state")

    def __init__(self, shared: Any, is_reader: bool) -> None:
        super().__init__()
        self.shared: Any = shared
        self.state: int = IDLE
        self.is_reader: bool = is_reader
        self.partial: Buffer | None = None

    def is_partly_done(self) -> bool:
        """Whether something was copied, and the rest may still be."""
        partial = self.partial
        return partial is not None and partial.remain() > 0 and self.shared.buffer is partial

    def is_copying(self) -> bool:
        """Whether a copy is under way."""
        return self.state in (COPYING, CANCELLING)

    def drop(self) -> None:
        kind = self.shared.kind
        if self.is_copying():
            name = "stream" if kind.is_stream else "future"
            raise component_trap(f"cannot {'remove' if self.is_reader else 'drop'} busy {name}")
        if not kind.is_stream and not self.is_reader and self.state != DONE:
            raise component_trap("cannot drop future write end without first writing a value")
        self.shared.drop()
        super().drop()

    def check_idle(self, what: str | None = None) -> None:
        """It is about to be used: ``what`` for."""
        if self.state == IDLE:
            return
        name = "stream" if self.shared.kind.is_stream else "future"
        if self.state != DONE:
            raise component_trap("cannot have concurrent operations active on a future/stream")
        verb = what or ("read from" if self.is_reader else "write to")
        if name == "stream":
            other = "writable" if self.is_reader else "readable"
            raise component_trap(f"cannot {verb} stream after being notified that the {other} end dropped")
        before = "read" if self.is_reader else "write"
        dropped = "" if self.is_reader else " or readable end dropped"
        raise component_trap(f"cannot {verb} future after previous {before} succeeded{dropped}")


# Between tables.


def take_end(state: Any, index: int, kind: Any) -> Any:
    """Takes the readable end of a stream or future out of a component's table, to pass it on."""
    end = state.handles.get(index)
    name = "stream" if kind.is_stream else "future"
    if end.__class__ is not CopyEnd or not end.is_reader or end.shared.kind.is_stream != kind.is_stream:
        raise component_trap(f"handle index {index} is no readable end of a {name}")
    if end.shared.kind.key != kind.key:
        raise component_trap(f"handle index {index} is a {name} of another type")
    end.check_idle("lift")
    if end.joined is not None:
        raise component_trap(f"cannot lift {name} while it's in a waitable set")
    state.handles.remove(index)
    return end.shared


def give_end(state: Any, shared: Any, kind: Any) -> int:
    """Puts the readable end of a stream or future into a component's table."""
    index: int = state.handles.add(CopyEnd(shared, True))
    return index
