"""Makes a ``WasiConfig`` from the options of ``wasmz run`` for a WASI guest.

GuestOptions(environment=("A=1",), directories=("data::/",)).make_config(["prog", "-v"])
"""

from __future__ import annotations

import os

from wasmz.cli.console import WrongUsage
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.startup.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import BinaryIO


class GuestOptions(Record):
    """The options' values, unparsed.

    Attributes:
        environment: items ``NAME=VALUE``, or ``NAME`` for this process's value.
        inherit_env: whether the guest gets this process's environment, too.
        directories: items ``HOST`` or ``HOST::GUEST``.
        stdin: a file to read instead of this process's input.
        addresses: items ``HOST:PORT`` to listen at.
        networks, http_hosts: items ``HOST[:PORT]`` that a component may reach.
    """

    environment: tuple[str, ...] = ()
    inherit_env: bool = False
    directories: tuple[str, ...] = ()
    stdin: BinaryIO | None = None
    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    http_hosts: tuple[str, ...] = ()

    def make_config(self, arguments: list[str]) -> WasiConfig:
        """The configuration, with listening sockets and an open input file.

        Raises:
            WrongUsage: an option is malformed, or the system refuses it.
        """
        variables = {}
        for setting in self.environment:
            name, separator, value = setting.partition("=")
            if not name:
                raise WrongUsage(f"--env needs NAME=VALUE or NAME, not {setting!r}")
            if separator:
                variables[name] = value
            elif name in os.environ:
                variables[name] = os.environ[name]
        config = WasiConfig(
            args=arguments,
            env=variables,
            inherit_env=self.inherit_env,
            stdin="inherit" if self.stdin is None else self.stdin,
        )
        # Sockets first: servers expect them from descriptor 3 on.
        for address in self.addresses:
            config.preopen_socket(listen(address, "--tcplisten"))
        for directory in self.directories:
            host, _, guest = directory.partition("::")
            if not host or not os.path.isdir(host):
                raise WrongUsage(f"--dir needs a directory, not {host!r}")
            config.preopen_dir(host, guest or None)
        try:
            config.allow_network(*self.networks).allow_http(*self.http_hosts)
        except ValueError as error:
            raise WrongUsage(str(error)) from None
        return config


def listen(address: str, option: str) -> socket.socket:
    """A socket that listens at ``HOST:PORT``, which an option gives. ``WrongUsage`` if it cannot be made."""
    # Imported only for servers.
    import socket

    host, separator, port = address.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65_535:
        raise WrongUsage(f"{option} needs HOST:PORT, not {address!r}")
    host = host.removeprefix("[").removesuffix("]")
    try:
        return socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise WrongUsage(f"cannot listen at {address}: {error}") from error
