"""What the decoder knows of the scope that it reads in, and where it reads."""

from __future__ import annotations

from wasmz.component.types import CoreModuleType
from wasmz.wasm.proposals import SUPPORTED_PROPOSALS
from wasmz.wasm.reader import Reader
from wasmz.wasm.typereader import TypeSpace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, NoReturn

    from wasmz.types import DefinedType, GroupReference
    from wasmz.wasm.proposals import Proposal

# How deep components and types of components and instances are nested, at most.
MAX_SCOPES: Final = 100

# The longest name, in bytes: the same as for core modules in the JavaScript embedding.
MAX_NAME_BYTES: Final = 100_000


class Scope:
    """A component, a component type or an instance type while it is read.

    Attributes:
        core_types: its core types so far.
        outer: the scope that it stands in, or ``None``.
        depth: how many scopes it stands in.
    """

    __slots__ = ("core_types", "depth", "outer")

    def __init__(self, outer: Scope | None = None) -> None:
        self.core_types: list[DefinedType | CoreModuleType] = []
        self.outer: Scope | None = outer
        self.depth: int = 0 if outer is None else outer.depth + 1

    def enclosing(self, count: int) -> Scope | None:
        """The scope that is ``count`` scopes further out; ``None`` if there is none."""
        scope: Scope | None = self
        while count and scope is not None:
            scope = scope.outer
            count -= 1
        return scope


class ScopeReader(Reader):
    """A reader that knows its scope.

    Attributes:
        scope: the scope.
    """

    __slots__ = ("scope",)

    def __init__(
        self, data: bytes, pos: int, end: int, scope: Scope, proposals: frozenset[Proposal] = SUPPORTED_PROPOSALS
    ) -> None:
        super().__init__(data, pos, end, proposals)
        self.scope: Scope = scope

    def part(self, end: int) -> ScopeReader:
        """A reader for what comes next, up to ``end``."""
        return ScopeReader(self.data, self.pos, end, self.scope, self.proposals)

    def enter(self) -> None:
        """Begins a scope inside the current one."""
        if self.scope.depth + 1 >= MAX_SCOPES:
            self.fail(f"nesting too deep: more than {MAX_SCOPES} components and types within each other")
        self.scope = Scope(self.scope)

    def leave(self) -> None:
        """Ends the scope."""
        outer = self.scope.outer
        if outer is not None:
            self.scope = outer

    def flag(self, what: str) -> bool:
        """The next byte as a yes or no."""
        byte = self.byte()
        if byte > 1:
            self.fail(f"malformed {what}: byte {byte:#04x}", self.pos - 1)
        return byte == 1

    def limited_count(self, most: int, what: str) -> int:
        """The length of a vector that may have so many items."""
        offset = self.pos
        count = self.count()
        if count > most:
            self.fail(f"too many {what}: {count} are more than {most}", offset)
        return count

    def short_name(self) -> str:
        """The next name, if it is not too long."""
        offset = self.pos
        name = self.name()
        if self.pos - offset > MAX_NAME_BYTES:
            self.fail(f"name too long: more than {MAX_NAME_BYTES} bytes", offset)
        return name

    def malformed(self, what: str, byte: int) -> NoReturn:
        """Raises :class:`~wasmz.InvalidWasm`: the byte just read stands for nothing."""
        self.fail(f"malformed {what}: byte {byte:#04x}", self.pos - 1)


class CoreTypeSpace(TypeSpace):
    """A scope's core types, as the readers of core types use them."""

    __slots__ = ()

    def resolve(self, reader: Reader, index: int, offset: int) -> DefinedType | GroupReference:
        """Type ``index``; ``InvalidWasm`` if there is none, or it is a module's."""
        found = super().resolve(reader, index, offset)
        if isinstance(found, CoreModuleType):
            reader.fail(f"type mismatch: core type {index} is a module type", offset)
        return found
