"""One process of the start benchmark: opens an interpreter, and computes 6 * 7 in its language.

    python -m benchmarks.corpus.first_result wasmz quickjs FOLDER

It imports nothing that its engine does not need: what both would have to load hides what they differ in.
"""

from __future__ import annotations

import sys

from benchmarks.corpus.hosts import open_pwasm, open_wasmz

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.corpus.hosts import Guest, HostFunctions

    Open = Callable[[bytes, HostFunctions], Guest]

PATHS = {"quickjs": "quickjs-pwasm/quickjs.wasm", "lua": "lua/glue.wasm"}


def quickjs(open_guest: Open, wasm: bytes) -> bytes:
    """What QuickJS makes of ``6 * 7``."""
    output = bytearray()

    def write(guest: Guest, descriptor: int, address: int, size: int) -> None:
        if descriptor == 3:
            output[:] = guest.read(address, size)

    functions: HostFunctions = {"env.host_write": write, "env.host_interrupt": lambda *_: 0}
    guest = open_guest(wasm, functions)
    guest.call("_initialize")
    guest.call("qjs_init", 0, 512 * 1024)
    address = guest.put(b"6 * 7\0")
    guest.call("qjs_eval", address, 5)
    return bytes(output)


def lua(open_guest: Open, wasm: bytes) -> bytes:
    """What Lua makes of ``return 6 * 7``."""
    guest = open_guest(wasm, {})
    guest.call("__wasm_call_ctors")
    state = guest.call("luaL_newstate")
    guest.call("luaL_openlibs", state)
    source = b"return 6 * 7"
    address, name = guest.put(source), guest.put(b"=t\0")
    guest.call("luaL_loadbufferx", state, address, len(source), name, 0)
    guest.call("lua_pcallk", state, 0, 1, 0, 0, 0)
    return guest.string_at(guest.call("luaL_tolstring", state, -1, 0)).encode()


def main() -> None:
    engine, program, folder = sys.argv[1:]
    with open(f"{folder}/{PATHS[program]}", "rb") as file:  # noqa: PTH123
        wasm = file.read()
    open_guest: Open = open_wasmz if engine == "wasmz" else lambda wasm, functions: open_pwasm(wasm, functions, None)
    result = {"quickjs": quickjs, "lua": lua}[program](open_guest, wasm)
    if b"42" not in result:
        sys.exit(f"{program} on {engine} computed {result!r}")


if __name__ == "__main__":
    main()
