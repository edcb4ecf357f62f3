"""What a WASI guest gets from its host. It has nothing else.

config = WasiConfig(args=["prog", "-v"], env={"HOME": "/"}, stdin=b"input", stdout=io.BytesIO())
config.preopen_dir("data", "/data", read_only=True)
"""

from __future__ import annotations

import os

from wasmz.errors import bounded, expect_iterable, shown
from wasmz.startup.concurrency import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from wasmz.runtime.wasi.memory_files import MemoryFileSystem


class WasiConfig:
    """A guest's arguments, environment, streams, files, sockets and clocks.

    Attributes:
        args: the arguments, the program's name first; ``str`` is encoded as UTF-8.
        env: the environment. It includes inherited variables, which it may override.
        stdin: ``bytes``, a file object, a file descriptor of this process, a callable that takes a number of bytes and
            returns at most so many (none at the end), ``"inherit"`` for this process's, or ``None`` for an empty one.
        stdout, stderr: a file object, a file descriptor, a ``bytearray`` to append to, a callable that takes ``bytes``,
            ``"inherit"``, or ``None`` to discard everything. Text files get the output decoded as UTF-8. ``"inherit"``
            stands for the current ``sys.stdout`` at each output, as for ``print``.
        preopens: directories and sockets, in the order of their descriptors, from 3 on; see :meth:`preopen_dir` and
            :meth:`preopen_socket`.
        networks, http_hosts: what components may reach; see :meth:`allow_network` and :meth:`allow_http`.
        realtime, monotonic: a callable that returns the clock's time in nanoseconds; or a number, at which the clock
            starts; it then advances by a microsecond whenever it is read, and when the guest sleeps, so that every run
            sees the same times. ``None`` for the real clocks.
        random: a callable that returns the number of bytes it is given; a number for a reproducible sequence; ``None``
            for the system's random numbers.
        max_descriptors: how many descriptors the guest may have open, including streams and preopened ones. A file of
            the host also takes one of this process's descriptors.
        on_exit: called with the status when the guest calls ``proc_exit``, before ``WasiExit`` is raised.
    """

    __slots__ = (
        *("args", "env", "http_hosts", "max_descriptors", "monotonic", "networks", "on_exit", "preopens"),
        *("random", "realtime", "stderr", "stdin", "stdout"),
    )

    def __init__(
        self,
        args: Sequence[str | bytes] = (),
        env: Mapping[str, str] | None = None,
        stdin: Any = None,
        stdout: Any | Callable[[bytes], object] = "inherit",
        stderr: Any | Callable[[bytes], object] = "inherit",
        *,
        inherit_env: bool | Iterable[str] = False,
        realtime: int | Callable[[], int] | None = None,
        monotonic: int | Callable[[], int] | None = None,
        random: int | Callable[[int], bytes] | None = None,
        on_exit: Callable[[int], object] | None = None,
        max_descriptors: int = 1 << 16,
    ) -> None:
        """``inherit_env`` passes on this process's environment, or the variables with the given names.

        Raises:
            TypeError: an argument has another type than described.
            ValueError: a string has a zero byte, or a name is not valid for a variable.
        """
        if isinstance(args, (str, bytes)):
            raise TypeError(f"args must be a sequence of strings, not the string {args!r}")
        if isinstance(inherit_env, str):
            raise TypeError(f"inherit_env must be a bool or an iterable of names, not the string {inherit_env!r}")
        if not (env is None or hasattr(type(env), "keys")):
            raise TypeError(f"env must be a mapping of names, not {bounded(repr(env))}")
        self.args: tuple[str | bytes, ...] = tuple(expect_iterable(args, "args", "of strings"))
        self.env: dict[str, str] = {**_inherited(inherit_env), **(env or {})}
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.preopens: list[Preopen] = []
        self.networks: list[str] = []
        self.http_hosts: list[str] = []
        self.realtime = realtime
        self.monotonic = monotonic
        self.random = random
        self.on_exit = on_exit
        if not isinstance(max_descriptors, int) or max_descriptors < 0:
            raise TypeError(f"max_descriptors must be a number of descriptors, not {max_descriptors!r}")
        self.max_descriptors = max_descriptors
        for name, value in (("realtime", realtime), ("monotonic", monotonic), ("random", random), ("on_exit", on_exit)):
            if value is not None and not callable(value) and (name == "on_exit" or not isinstance(value, int)):
                raise TypeError(f"{name} must be callable, not {value!r}")
        for name in self.env:
            if not isinstance(name, str):
                raise TypeError(f"env must have names that are strings, not {bounded(repr(name))}")
            if not name or "=" in name:
                raise ValueError(f"{name!r} cannot be the name of an environment variable")
        for item in (*self.encoded_args(), *self.encoded_env()):
            if b"\0" in item:
                raise ValueError(f"arguments and environment cannot contain a zero byte: {item!r}")

    def preopen_dir(
        self, host: str | os.PathLike[str] | MemoryFileSystem, guest: str | None = None, *, read_only: bool = False
    ) -> WasiConfig:
        """Gives the guest a directory.

        Args:
            host: the path of a directory, or an in-memory file system.
            guest: the guest's name for it; by default the same as ``host``, or ``/`` for an in-memory file system.
            read_only: whether nothing in it can be changed or created through this name.

        Returns:
            This object, so that calls can be chained.
        """
        load("wasmz.runtime.wasi.preopens")
        from wasmz.runtime.wasi.preopens import PreopenedDirectory

        self.preopens.append(PreopenedDirectory(host, guest, read_only=read_only))
        return self

    def preopen_socket(self, socket: Any) -> WasiConfig:
        """Gives the guest a ``socket.socket``, listening or connected, which the caller still has to close."""
        load("wasmz.runtime.wasi.preopens")
        from wasmz.runtime.wasi.preopens import PreopenedSocket

        self.preopens.append(PreopenedSocket(socket))
        return self

    def allow_network(self, *places: str) -> WasiConfig:
        """Lets a component make sockets, and reach these places with them; modules cannot make any.

        Args:
            places: ``HOST[:PORT]``, where a host is a name, an address, a network as ``10.0.0.0/8``, or ``*``. The
                guest may connect and send there, and listen there if that is this machine; of names it may ask for
                addresses.

        Returns:
            This object, so that calls can be chained.

        Raises:
            ValueError, TypeError: these are no places.
        """
        self.networks += _places(places)
        return self

    def allow_http(self, *hosts: str) -> WasiConfig:
        """Lets a component send HTTP requests to these hosts: ``HOST[:PORT]`` as for :meth:`allow_network`.

        Returns:
            This object, so that calls can be chained.

        Raises:
            ValueError, TypeError: these are no places.
        """
        self.http_hosts += _places(hosts)
        return self

    def encoded_args(self) -> list[bytes]:
        """The arguments as the guest sees them, without the terminating zeros."""
        return [_encoded(arg) for arg in self.args]

    def encoded_env(self) -> list[bytes]:
        """The environment as ``NAME=value``."""
        return [_encoded(f"{name}={value}") for name, value in self.env.items()]

    @shown
    def __repr__(self) -> str:
        args, env, preopens = (bounded(repr(part)) for part in (self.args, self.env, self.preopens))
        return f"WasiConfig(args={args}, env={env}, preopens={preopens})"


if TYPE_CHECKING:
    from wasmz.runtime.wasi.preopens import PreopenedDirectory, PreopenedSocket

    Preopen = PreopenedDirectory | PreopenedSocket


def _inherited(wanted: bool | Iterable[str]) -> dict[str, str]:
    if isinstance(wanted, bool):
        # Windows' shells store data under names that start with "=".
        return {name: value for name, value in os.environ.items() if "=" not in name} if wanted else {}
    names = list(expect_iterable(wanted, "inherit_env", "or a bool"))
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"inherit_env must be a bool or an iterable of names, not of {bounded(repr(name))}")
    return {name: os.environ[name] for name in names if name in os.environ}


def _places(places: tuple[str, ...]) -> tuple[str, ...]:
    if not places:
        return places
    load("wasmz.runtime.wasi.grants")
    from wasmz.runtime.wasi.grants import split_place

    for place in places:
        if not isinstance(place, str):
            raise TypeError(f"a place of a network must be a string, not {bounded(repr(place))}")
        split_place(place)
    return places


def _encoded(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"args must be strings, not {bounded(repr(text))}")
    return text.encode("utf-8", "surrogateescape")
