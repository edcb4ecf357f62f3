"""Resolves a guest's path: one component after the other, and never out of the directory at which it starts.

    with resolve(directory, b"a/link/../b", follow=True) as place:
        place.tree.stat(place.node, place.name)

Each component is entered relative to the open directory before it, without following symbolic links. Links are read,
and their targets resolved likewise. ``..`` returns to the directory that was open before, and not above the first. So
it does not matter what others rename or replace meanwhile: open directories stay what they were. Absolute paths, and
absolute links, always lead out. Operations on the resulting place do not follow links either.
"""

from __future__ import annotations

import errno

from wasmz.runtime.wasi.descriptors import Descriptor, Failure
from wasmz.runtime.wasi.errno import Errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final, Protocol

    from wasmz.runtime.wasi.descriptors import Stat
else:
    Protocol = object

# As on Linux (path_resolution(7)).
_MOST_LINKS: Final = 40
_LONGEST_PATH: Final = 4096


class Tree(Protocol):
    """A file system whose directories are nodes: file descriptors, paths, or objects.

    Names are single components, or ``.`` for the node itself. No method follows a symbolic link at the name. All raise
    ``OSError`` for errors.
    """

    def enter(self, node: Any, name: bytes) -> Any:
        """The node of a directory; ``NotADirectoryError`` for anything else, links included."""

    def leave(self, node: Any) -> None:
        """Releases a node that :meth:`enter` returned."""

    def read_link(self, node: Any, name: bytes) -> bytes:
        """The target of a symbolic link; EINVAL for anything else."""

    def stat(self, node: Any, name: bytes) -> Stat:
        """The attributes of an entry."""

    def open(self, node: Any, name: bytes, opening: Opening) -> Descriptor:
        """Opens an entry; creates a file if ``opening`` says so."""

    def make_directory(self, node: Any, name: bytes) -> None:
        """Makes an empty directory."""

    def remove_directory(self, node: Any, name: bytes) -> None:
        """Removes an empty directory."""

    def unlink(self, node: Any, name: bytes) -> None:
        """Removes an entry that is not a directory."""

    def rename(self, node: Any, name: bytes, to_node: Any, to_name: bytes) -> None:
        """Moves an entry, and replaces one at the new name."""

    def link(self, node: Any, name: bytes, to_node: Any, to_name: bytes) -> None:
        """Gives a file or symbolic link another name."""

    def symlink(self, target: bytes, node: Any, name: bytes) -> None:
        """Makes a symbolic link."""

    def set_times(self, node: Any, name: bytes, accessed: int | None, modified: int | None) -> None:
        """Sets timestamps in nanoseconds; ``None`` leaves one unchanged."""


class Opening:
    """How to open an entry.

    Attributes:
        flags: a combination of ``FdFlags``.
        can_read, can_write: whether the descriptor can be read, or written.
        is_read_only: whether nothing may ever be changed through the descriptor.
    """

    __slots__ = (
        *("can_read", "can_write", "create", "exclusive", "flags"),
        *("is_read_only", "must_be_directory", "truncate"),
    )

    def __init__(
        self,
        *,
        can_read: bool,
        can_write: bool,
        create: bool,
        exclusive: bool,
        truncate: bool,
        must_be_directory: bool,
        flags: int,
        is_read_only: bool,
    ) -> None:
        self.can_read = can_read
        self.can_write = can_write
        self.create = create
        self.exclusive = exclusive
        self.truncate = truncate
        self.must_be_directory = must_be_directory
        self.flags = flags
        self.is_read_only = is_read_only


class Directory(Descriptor):
    """An open directory of a tree.

    Attributes:
        tree, node: its file system, and its node there.
        is_read_only: whether nothing may be changed through it.
    """

    tree: Tree
    node: Any
    is_read_only: bool

    def entries(self) -> Iterator[tuple[int, int, bytes]]:
        """Its entries: inode, file type and name of each; without ``.`` and ``..``."""
        raise NotImplementedError


class Place:
    """A name in an open directory: where a path leads. As a context manager, it keeps the directory open.

    Attributes:
        name: the last component, or ``.`` if the path leads to the directory itself.
        must_be_directory: whether the path says that it names a directory, such as by a slash at its end.
    """

    __slots__ = ("_nodes", "must_be_directory", "name", "node", "tree")

    def __init__(self, tree: Tree, nodes: list[Any], name: bytes, *, must_be_directory: bool) -> None:
        self.tree: Tree = tree
        self.node: Any = nodes[-1]
        self.name: bytes = name
        self.must_be_directory: bool = must_be_directory
        self._nodes = nodes

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        # The first node belongs to the directory descriptor.
        for node in self._nodes[1:]:
            self.tree.leave(node)


def resolve(directory: Directory, path: bytes, *, follow: bool) -> Place:
    """Where a path leads from a directory.

    Args:
        follow: whether a symbolic link at the end is followed, too.

    Raises:
        Failure: PERM if it leads out; LOOP, NAMETOOLONG; NOENT for an empty path.
        OSError: an error of the system for a component.
    """
    tree = directory.tree
    todo, must_be_directory = _components(path)
    nodes = [directory.node]
    links = 0
    try:
        while True:
            name = todo.pop()
            is_last = not todo
            target = None
            if name == b"..":
                if len(nodes) == 1:
                    raise Failure(Errno.PERM)
                tree.leave(nodes.pop())
            elif is_last and name != b".":
                if follow:
                    target = _link_at(tree, nodes[-1], name)
                if target is None:
                    return Place(tree, nodes, name, must_be_directory=must_be_directory)
            elif name != b".":
                try:
                    nodes.append(tree.enter(nodes[-1], name))
                except OSError as error:
                    if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                        raise
                    target = _link_at(tree, nodes[-1], name)
                    if target is None:
                        raise Failure(Errno.NOTDIR) from None
            if target is not None:
                links += 1
                if links > _MOST_LINKS:
                    raise Failure(Errno.LOOP)
                more, ends_with_slash = _components(target)
                must_be_directory |= ends_with_slash and is_last
                todo += more
            elif is_last:
                return Place(tree, nodes, b".", must_be_directory=True)
    except BaseException:
        for node in nodes[1:]:
            tree.leave(node)
        raise


def _components(path: bytes) -> tuple[list[bytes], bool]:
    """The components in reverse order, and whether the path ends with a slash."""
    if not path:
        raise Failure(Errno.NOENT)
    if path[0] == 0x2F:
        raise Failure(Errno.PERM)
    if len(path) >= _LONGEST_PATH:
        raise Failure(Errno.NAMETOOLONG)
    components = [component for component in path.split(b"/") if component]
    components.reverse()
    return components, path.endswith(b"/")


def _link_at(tree: Tree, node: Any, name: bytes) -> bytes | None:
    """The target of a symbolic link; ``None`` for anything else, or nothing."""
    try:
        return tree.read_link(node, name)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise
