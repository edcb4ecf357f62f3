"""All interfaces of WASI 0.3, and how a linker of components gets them, with those of 0.2.

    add_to_linker(linker, WasiConfig(args=["prog"]).preopen_dir("data", "/"))

A component may import both versions: Rust's standard library still has 0.2. Both are one guest.
"""

from __future__ import annotations

from wasmz.wasi2 import worlds
from wasmz.wasi2.worlds import Interface

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.runtime.wasi.wasi_config import WasiConfig
    from wasmz.wasi2.guest import Guest

VERSION: Final = "0.3.0"

# As in `wasi2/worlds.py`: interface -> name -> the file, and what is there.
INTERFACES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "wasi:clocks/monotonic-clock": {
        "now": ("clocks", "Clocks.now"),
        "get-resolution": ("clocks", "Clocks.resolution"),
        "wait-until": ("clocks", "Clocks.wait_until"),
        "wait-for": ("clocks", "Clocks.wait_for"),
    },
    "wasi:clocks/system-clock": {
        "now": ("clocks", "Clocks.system_now"),
        "get-resolution": ("clocks", "Clocks.system_resolution"),
    },
    "wasi:clocks/timezone": {
        "iana-id": ("clocks", "Clocks.iana_id"),
        "utc-offset": ("clocks", "Clocks.zone_offset"),
        "to-debug-string": ("clocks", "Clocks.zone_string"),
    },
    "wasi:random/random": {
        "get-random-bytes": ("random", "Random.bytes"),
        "get-random-u64": ("random", "Random.number"),
    },
    "wasi:random/insecure": {
        "get-insecure-random-bytes": ("random", "Random.bytes"),
        "get-insecure-random-u64": ("random", "Random.number"),
    },
    "wasi:random/insecure-seed": {"get-insecure-seed": ("random", "Random.seed")},
    "wasi:cli/environment": {
        "get-environment": ("cli", "Cli.get_environment"),
        "get-arguments": ("cli", "Cli.get_arguments"),
        "get-initial-cwd": ("cli", "Cli.initial_cwd"),
    },
    "wasi:cli/exit": {"exit": ("cli", "Cli.exit"), "exit-with-code": ("cli", "Cli.exit_with_code")},
    "wasi:cli/stdin": {"read-via-stream": ("cli", "Cli.stdin")},
    "wasi:cli/stdout": {"write-via-stream": ("cli", "Cli.stdout")},
    "wasi:cli/stderr": {"write-via-stream": ("cli", "Cli.stderr")},
    "wasi:cli/terminal-input": {"terminal-input": ("cli", "TerminalInput")},
    "wasi:cli/terminal-output": {"terminal-output": ("cli", "TerminalOutput")},
    "wasi:cli/terminal-stdin": {"get-terminal-stdin": ("cli", "Cli.get_terminal_stdin")},
    "wasi:cli/terminal-stdout": {"get-terminal-stdout": ("cli", "Cli.get_terminal_stdout")},
    "wasi:cli/terminal-stderr": {"get-terminal-stderr": ("cli", "Cli.get_terminal_stderr")},
    "wasi:filesystem/preopens": {"get-directories": ("filesystem", "Files.get_directories")},
    "wasi:filesystem/types": {"descriptor": ("filesystem", "Descriptor")},
    "wasi:sockets/types": {
        "tcp-socket": ("tcp", "TcpSocket"),
        "[static]tcp-socket.create": ("tcp", "Tcp.create"),
        "udp-socket": ("udp", "UdpSocket"),
        "[static]udp-socket.create": ("udp", "Udp.create"),
    },
    "wasi:http/types": {
        "fields": ("http_types", "Fields"),
        "[constructor]fields": ("http_types", "Types.make_fields"),
        "[static]fields.from-list": ("http_types", "Types.fields_from_list"),
        "request": ("http_types", "Request"),
        "[static]request.new": ("http_types", "Types.make_request"),
        "request-options": ("http_types", "RequestOptions"),
        "[constructor]request-options": ("http_types", "Types.make_options"),
        "response": ("http_types", "Response"),
        "[static]response.new": ("http_types", "Types.make_response"),
    },
    "wasi:http/client": {"send": ("http_client", "Client.send")},
    "wasi:sockets/ip-name-lookup": {"resolve-addresses": ("sockets", "Names.resolve_addresses")},
}


def add_to_linker(linker: worlds.Definitions, config: WasiConfig | None = None) -> Guest:
    """Defines all interfaces of 0.2 and 0.3, for one guest that all instances of the linker share: the result.

    Raises:
        OSError: a directory to preopen cannot be opened.
        TypeError: this is no ``WasiConfig``.
    """
    guest = worlds.add_to_linker(linker, config)
    for name, items in INTERFACES.items():
        linker.define_instance(f"{name}@{VERSION}", Interface(guest, "wasmz.wasi3", items))
    return guest
