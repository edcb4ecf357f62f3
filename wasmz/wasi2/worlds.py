"""All interfaces of WASI 0.2, and how a linker of components gets them.

    add_to_linker(linker, WasiConfig(args=["prog"]).preopen_dir("data", "/"))

Each is defined once, with the latest version of 0.2: linkers serve imports of the earlier ones with it. What belongs
to one interface is imported when a component asks for something of it.
"""

from __future__ import annotations

from _collections_abc import Mapping

from wasmz.errors import expect
from wasmz.runtime.wasi.wasi_config import WasiConfig
from wasmz.startup.concurrency import load
from wasmz.wasi2.guest import Guest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Final, Protocol

    from wasmz.runtime.link.store import Store
else:
    Protocol = object

VERSION: Final = "0.2.12"


class Definitions(Protocol):
    """What is needed of a linker of components."""

    def define_instance(self, name: str, items: Any) -> None:
        """Defines an interface."""

    def on_instantiate(self, join: Callable[[Store], object]) -> None:
        """Calls a function with the store before each instance is made."""


# Interface -> name -> the file, and what is there: a function or the class of a resource; or, with a dot, a method of
# an object that is made of the guest.
INTERFACES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "wasi:io/error": {"error": ("streams", "IoError")},
    "wasi:io/poll": {"pollable": ("polling", "Pollable"), "poll": ("polling", "poll")},
    "wasi:io/streams": {
        "input-stream": ("streams", "InputStream"),
        "output-stream": ("streams", "OutputStream"),
    },
    "wasi:clocks/monotonic-clock": {
        "now": ("clocks", "Clocks.now"),
        "resolution": ("clocks", "Clocks.resolution"),
        "subscribe-instant": ("clocks", "Clocks.subscribe_instant"),
        "subscribe-duration": ("clocks", "Clocks.subscribe_duration"),
    },
    "wasi:clocks/wall-clock": {
        "now": ("clocks", "Clocks.wall_now"),
        "resolution": ("clocks", "Clocks.wall_resolution"),
    },
    "wasi:clocks/timezone": {
        "display": ("clocks", "Clocks.display"),
        "utc-offset": ("clocks", "Clocks.utc_offset"),
    },
    "wasi:random/random": {
        "get-random-bytes": ("random", "Random.bytes"),
        "get-random-u64": ("random", "Random.number"),
    },
    "wasi:random/insecure": {
        "get-insecure-random-bytes": ("random", "Random.bytes"),
        "get-insecure-random-u64": ("random", "Random.number"),
    },
    "wasi:random/insecure-seed": {"insecure-seed": ("random", "Random.seed")},
    "wasi:cli/environment": {
        "get-environment": ("cli", "Cli.get_environment"),
        "get-arguments": ("cli", "Cli.get_arguments"),
        "initial-cwd": ("cli", "Cli.initial_cwd"),
    },
    "wasi:cli/exit": {"exit": ("cli", "Cli.exit"), "exit-with-code": ("cli", "Cli.exit_with_code")},
    "wasi:cli/stdin": {"get-stdin": ("cli", "Cli.get_stdin")},
    "wasi:cli/stdout": {"get-stdout": ("cli", "Cli.get_stdout")},
    "wasi:cli/stderr": {"get-stderr": ("cli", "Cli.get_stderr")},
    "wasi:cli/terminal-input": {"terminal-input": ("cli", "TerminalInput")},
    "wasi:cli/terminal-output": {"terminal-output": ("cli", "TerminalOutput")},
    "wasi:cli/terminal-stdin": {"get-terminal-stdin": ("cli", "Cli.get_terminal_stdin")},
    "wasi:cli/terminal-stdout": {"get-terminal-stdout": ("cli", "Cli.get_terminal_stdout")},
    "wasi:cli/terminal-stderr": {"get-terminal-stderr": ("cli", "Cli.get_terminal_stderr")},
    "wasi:filesystem/preopens": {"get-directories": ("filesystem", "Files.get_directories")},
    "wasi:filesystem/types": {
        "descriptor": ("filesystem", "Descriptor"),
        "directory-entry-stream": ("filesystem", "DirectoryEntryStream"),
        "filesystem-error-code": ("filesystem", "Files.filesystem_error_code"),
    },
    "wasi:sockets/instance-network": {"instance-network": ("network", "Names.instance_network")},
    "wasi:sockets/network": {
        "network": ("network", "Network"),
        "network-error-code": ("network", "Names.network_error_code"),
    },
    "wasi:sockets/ip-name-lookup": {
        "resolve-addresses": ("network", "Names.resolve_addresses"),
        "resolve-address-stream": ("network", "ResolveAddressStream"),
    },
    "wasi:sockets/tcp": {"tcp-socket": ("tcp", "TcpSocket")},
    "wasi:sockets/tcp-create-socket": {"create-tcp-socket": ("tcp", "Tcp.create_tcp_socket")},
    "wasi:sockets/udp": {
        "udp-socket": ("udp", "UdpSocket"),
        "incoming-datagram-stream": ("udp", "IncomingDatagramStream"),
        "outgoing-datagram-stream": ("udp", "OutgoingDatagramStream"),
    },
    "wasi:sockets/udp-create-socket": {"create-udp-socket": ("udp", "Udp.create_udp_socket")},
    "wasi:http/types": {
        "fields": ("http_fields", "Fields"),
        "[constructor]fields": ("http_types", "Types.make_fields"),
        "[static]fields.from-list": ("http_types", "Types.fields_from_list"),
        "incoming-request": ("http_types", "IncomingRequest"),
        "outgoing-request": ("http_types", "OutgoingRequest"),
        "[constructor]outgoing-request": ("http_types", "Types.make_request"),
        "request-options": ("http_types", "RequestOptions"),
        "[constructor]request-options": ("http_types", "Types.make_options"),
        "response-outparam": ("http_types", "ResponseOutparam"),
        "incoming-response": ("http_types", "IncomingResponse"),
        "incoming-body": ("http_bodies", "IncomingBody"),
        "future-trailers": ("http_bodies", "FutureTrailers"),
        "outgoing-response": ("http_types", "OutgoingResponse"),
        "[constructor]outgoing-response": ("http_types", "Types.make_response"),
        "outgoing-body": ("http_bodies", "OutgoingBody"),
        "future-incoming-response": ("http_types", "FutureIncomingResponse"),
        "http-error-code": ("http_types", "Types.http_error_code"),
    },
    "wasi:http/outgoing-handler": {"handle": ("http_client", "Client.handle")},
}


def add_to_linker(linker: Definitions, config: WasiConfig | None = None) -> Guest:
    """Defines all interfaces. Together they are one guest, which all instances of the linker share: the result.

    Raises:
        OSError: a directory to preopen cannot be opened.
        TypeError: this is no ``WasiConfig``.
    """
    expect(config, (WasiConfig, type(None)), "config", "a WasiConfig")
    guest = Guest(WasiConfig() if config is None else config)
    linker.on_instantiate(guest.join)
    for name, items in INTERFACES.items():
        linker.define_instance(f"{name}@{VERSION}", Interface(guest, "wasmz.wasi2", items))
    return guest


class Interface(Mapping[str, "Any"]):
    """What an interface has, by name, as a mapping; imported when it is asked for, from files of a package."""

    def __init__(self, guest: Guest, package: str, items: Mapping[str, tuple[str, str]]) -> None:
        self._guest = guest
        self._package = package
        self._items = items
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._find(*self._items[name])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def _find(self, file: str, path: str) -> Any:
        module = load(f"{self._package}.{file}")
        owner, _, name = path.partition(".")
        found = getattr(module, owner)
        return getattr(found(self._guest), name) if name else found
