"""What all versions of WASI do with paths, on open directories and bytes: opening, links, renaming, and so on.

open_path(directory, b"a.txt", follow=True, can_read=True, can_write=False)     -> a Descriptor
stat_path(directory, b"link", follow=False)                                    -> its attributes

All raise ``Failure``, or the ``OSError`` of the system. How arguments come from a guest's memory, and who may call
what, is said by the versions: ``paths.py`` for preview 1, ``wasmz/wasi2/filesystem.py`` for WASI 0.2.
"""

from __future__ import annotations

from wasmz.runtime.wasi.descriptors import Failure
from wasmz.runtime.wasi.errno import Errno
from wasmz.runtime.wasi.flags import FileType
from wasmz.runtime.wasi.resolution import Directory, Opening, Place, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.runtime.wasi.descriptors import Descriptor, Stat


def open_path(
    directory: Directory,
    path: bytes,
    *,
    follow: bool,
    can_read: bool,
    can_write: bool,
    create: bool = False,
    exclusive: bool = False,
    truncate: bool = False,
    must_be_directory: bool = False,
    flags: int = 0,
) -> Descriptor:
    """Opens, perhaps makes, a file; or opens a directory. ``flags`` are of ``FdFlags``.

    What is to be made or cut can be written; what is to be opened for nothing can be read.
    """
    if must_be_directory and (create or truncate or exclusive):
        raise Failure(Errno.INVAL)
    can_write = can_write or create or truncate
    if directory.is_read_only and can_write:
        raise Failure(Errno.PERM)
    # What exists need not be looked for when it must not exist.
    follow = (follow or ends_with_slash(path)) and not (create and exclusive)
    with resolve(directory, path, follow=follow) as place:
        if create and place.must_be_directory:
            raise Failure(Errno.EXIST if exclusive and place.name == b"." else Errno.ISDIR)
        opening = Opening(
            can_read=can_read,
            can_write=can_write,
            create=create,
            exclusive=exclusive,
            truncate=truncate,
            must_be_directory=must_be_directory or place.must_be_directory,
            flags=flags,
            is_read_only=directory.is_read_only,
        )
        return place.tree.open(place.node, place.name, opening)


def stat_path(directory: Directory, path: bytes, *, follow: bool) -> Stat:
    """The attributes of what a path leads to."""
    with resolve(directory, path, follow=follow or ends_with_slash(path)) as place:
        stat = place.tree.stat(place.node, place.name)
        if place.must_be_directory and stat[2] != FileType.DIRECTORY:
            raise Failure(Errno.NOTDIR)
        return stat


def set_path_times(
    directory: Directory, path: bytes, accessed: int | None, modified: int | None, *, follow: bool
) -> None:
    """Sets timestamps in nanoseconds; ``None`` leaves one as it is."""
    check_changeable(directory)
    with resolve(directory, path, follow=follow or ends_with_slash(path)) as place:
        _check_directory(place)
        place.tree.set_times(place.node, place.name, accessed, modified)


def make_directory(directory: Directory, path: bytes) -> None:
    """Makes an empty directory."""
    check_changeable(directory)
    with resolve(directory, path, follow=False) as place:
        place.tree.make_directory(place.node, place.name)


def remove_directory(directory: Directory, path: bytes) -> None:
    """Removes an empty directory."""
    check_changeable(directory)
    try:
        with resolve(directory, path, follow=False) as place:
            place.tree.remove_directory(place.node, place.name)
    except NotADirectoryError:
        if path.endswith(b"/"):
            # The slash asks for what a symbolic link leads to: that may be outside, which is the error then.
            with resolve(directory, path, follow=True):
                pass
        raise


def unlink_file(directory: Directory, path: bytes) -> None:
    """Removes a name of anything but a directory."""
    check_changeable(directory)
    with resolve(directory, path, follow=False) as place:
        _check_directory(place)
        place.tree.unlink(place.node, place.name)


def rename_path(source: Directory, path: bytes, target: Directory, to_path: bytes) -> None:
    """Moves, and replaces what is there."""
    check_changeable(source)
    check_changeable(target)
    with (
        resolve(source, path, follow=False) as old,
        resolve(target, to_path, follow=False) as new,
    ):
        if source.tree is not target.tree:
            raise Failure(Errno.XDEV)
        if b"." in (old.name, new.name):
            raise Failure(Errno.BUSY)
        _check_directory(old)
        if new.must_be_directory and old.tree.stat(old.node, old.name)[2] != FileType.DIRECTORY:
            raise Failure(Errno.NOTDIR)
        old.tree.rename(old.node, old.name, new.node, new.name)


def link_path(source: Directory, path: bytes, target: Directory, to_path: bytes) -> None:
    """Gives a file, or a symbolic link, another name."""
    check_changeable(source)
    check_changeable(target)
    with (
        resolve(source, path, follow=False) as old,
        resolve(target, to_path, follow=ends_with_slash(to_path)) as new,
    ):
        if source.tree is not target.tree:
            raise Failure(Errno.XDEV)
        _check_directory(old)
        old.tree.stat(old.node, old.name)
        _check_new_file(new)
        old.tree.link(old.node, old.name, new.node, new.name)


def symlink_path(directory: Directory, target: bytes, path: bytes) -> None:
    """Makes a symbolic link, which may not lead to an absolute path."""
    check_changeable(directory)
    if target.startswith(b"/"):
        # It would lead out, if not for this guest, then for the host's programs.
        raise Failure(Errno.PERM)
    with resolve(directory, path, follow=ends_with_slash(path)) as place:
        if not target:
            raise Failure(Errno.NOENT)
        _check_new_file(place)
        place.tree.symlink(target, place.node, place.name)


def read_link_path(directory: Directory, path: bytes) -> bytes:
    """The target of a symbolic link."""
    with resolve(directory, path, follow=False) as place:
        _check_directory(place)
        target = place.tree.read_link(place.node, place.name)
    if target.startswith(b"/"):
        # What is outside is not even named.
        raise Failure(Errno.PERM)
    return target


def check_changeable(directory: Directory) -> None:
    """Refuses a directory in which nothing may be changed."""
    if directory.is_read_only:
        raise Failure(Errno.PERM)


def ends_with_slash(path: bytes) -> bool:
    """Whether the path says that a directory is meant, so that a link in its place is followed in any case."""
    return path.endswith(b"/")


def _check_directory(place: Place) -> None:
    """Refuses what is no directory, if the path said that it is one."""
    if place.must_be_directory and place.tree.stat(place.node, place.name)[2] != FileType.DIRECTORY:
        raise Failure(Errno.NOTDIR)


def _check_new_file(place: Place) -> None:
    """Refuses a slash behind the name of something new that will be no directory."""
    if place.must_be_directory:
        stat = place.tree.stat(place.node, place.name)
        raise Failure(Errno.EXIST if stat[2] == FileType.DIRECTORY else Errno.NOTDIR)
