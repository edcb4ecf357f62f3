"""The programs: a module of the corpus, what it is to do, and how to do it through an engine's :class:`Guest`.

PROGRAMS["lua"].start(open_wasmz(wasm, {}), folder)()   -> (0, "89brown=30,..."): one round of the steady state
"""

from __future__ import annotations

import struct
import zlib

from benchmarks.inputs import text

# Whole processes are measured that import this file: it brings nothing along that not every program needs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from benchmarks.corpus.hosts import Guest, HostFunctions

    Work = Callable[[], Any]
    Start = Callable[[Guest, str], Work]


class Program:
    """A program of the corpus.

    Attributes:
        path: of the module in the corpus' folder.
        start: makes a fresh instance ready, given the path of the corpus' folder; what it returns does a round of work,
            and returns something to compare.
        functions: makes the imports that it needs beside those of every guest; state of a guest's own is made here.
        first: the same as ``start`` with little work, for measuring how long a program takes to its first result.
    """

    __slots__ = ("first", "functions", "path", "start")

    def __init__(
        self,
        path: str,
        start: Start,
        functions: Callable[[], HostFunctions] = dict,
        first: Start | None = None,
    ) -> None:
        self.path = path
        self.start = start
        self.functions = functions
        self.first = first or start


# Interpreters

_JAVASCRIPT = """
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }
var words = "the quick brown fox jumps over the lazy dog the end".split(" "), counts = {};
for (var i = 0; i < 300; i++) { var w = words[i % words.length]; counts[w] = (counts[w] || 0) + i }
var a = []; for (var i = 0; i < 200; i++) a.push((i * 7919) % 1009); a.sort(function (x, y) { return x - y });
"" + fib(10) + JSON.stringify(counts) + a[17] + "abc-123".replace(/[0-9]+/, "x")
"""
_LUA = b"""
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local t, text = {}, "the quick brown fox jumps over the lazy dog the end"
for w in text:gmatch("%a+") do t[w] = (t[w] or 0) + 1 end
local k = {} for w, c in pairs(t) do k[#k + 1] = w .. "=" .. c end table.sort(k)
local s = 0 for i = 1, 300 do s = (s * 31 + i) % 65521 end
return fib(11) .. table.concat(k, ",") .. s
"""


def _quickjs_functions() -> HostFunctions:
    output = bytearray()

    def write(guest: Guest, descriptor: int, address: int, size: int) -> None:
        if descriptor == 3:
            output[:] = guest.read(address, size)

    return {
        "env.host_write": write,
        "env.host_call": lambda *_: 0,
        "env.host_take": lambda *_: None,
        "env.host_interrupt": lambda *_: 0,
        "result": lambda: bytes(output),
    }


def _start_quickjs(guest: Guest, _: str, source: str = _JAVASCRIPT) -> Work:
    guest.call("_initialize")
    guest.call("qjs_init", 0, 512 * 1024)
    code = source.encode()

    def work() -> Any:
        address = guest.put(code + b"\0")
        status = guest.call("qjs_eval", address, len(code))
        guest.call("free", address)
        return status

    return work


def _start_mquickjs(guest: Guest, _: str, source: str = _JAVASCRIPT) -> Work:
    guest.call("__wasm_call_ctors")
    guest.call("sandbox_init", 1 << 20)

    def work() -> Any:
        address = guest.put(source.encode() + b"\0")
        result = guest.call("sandbox_eval", address)
        guest.call("free", address)
        return guest.string_at(result or guest.call("sandbox_get_error"))

    return work


def _start_lua(guest: Guest, _: str, source: bytes = _LUA) -> Work:
    guest.call("__wasm_call_ctors")
    state = guest.call("luaL_newstate")
    guest.call("luaL_openlibs", state)

    def work() -> Any:
        address, name = guest.put(source), guest.put(b"=t\0")
        status = guest.call("luaL_loadbufferx", state, address, len(source), name, 0)
        status = status or guest.call("lua_pcallk", state, 0, 1, 0, 0, 0)
        result = guest.string_at(guest.call("luaL_tolstring", state, -1, 0))
        guest.call("lua_settop", state, 0)
        guest.call("free", address)
        guest.call("free", name)
        return status, result

    return work


_PYTHON = b"""
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
counts = {}
for word in "the quick brown fox jumps over the lazy dog the end".split():
    counts[word] = counts.get(word, 0) + 1
total = 0
for i in range(300):
    total = (total * 31 + i) % 65521
print(fib(10), sorted(counts), total, sorted([i * 7919 % 1009 for i in range(100)])[17])
"""


def _micropython_functions() -> HostFunctions:
    output = bytearray()

    def result() -> bytes:
        found = bytes(output)
        output.clear()
        return found

    def write(guest: Guest, _: int, address: int, size: int) -> None:
        output.extend(guest.read(address, size))

    return {"env.host_write": write, "env.host_call": lambda *_: 0, "env.host_take": lambda *_: None, "result": result}


def _start_micropython(guest: Guest, _: str, source: bytes = _PYTHON) -> Work:
    guest.call("_initialize")
    guest.call("mp_sandbox_init", 256 * 1024)

    def work() -> Any:
        address = guest.put(source)
        status = guest.call("mp_sandbox_exec", address, len(source))
        guest.call("free", address)
        return status

    return work


# Libraries


def _start_hash(
    guest: Guest, _: str, begin: tuple[int, ...] = (), end: tuple[int, ...] = (), size: int = 16_384, updates: int = 1
) -> Work:
    buffer = guest.call("Hash_GetBuffer")
    data = text(size)

    def work() -> bytes:
        guest.call("Hash_Init", *begin)
        guest.write(buffer, data)
        for _ in range(updates):
            guest.call("Hash_Update", len(data))
        guest.call("Hash_Final", *end)
        return guest.read(buffer, 16)

    return work


def _start_lz4(guest: Guest, _: str, size: int = 20_000) -> Work:
    data = text(size)

    def run(name: str, source: bytes) -> bytes:
        result = guest.call("__wbindgen_add_to_stack_pointer", -16)
        guest.call(name, result, guest.put(source, "__wbindgen_malloc"), len(source))
        address, size = struct.unpack("<II", guest.read(result, 8))
        guest.call("__wbindgen_add_to_stack_pointer", 16)
        output = guest.read(address, size)
        guest.call("__wbindgen_free", address, size)
        return output

    def work() -> tuple[bytes, bool]:
        packed = run("compress", data)
        return packed, run("decompress", packed) == data

    return work


def _start_zstd(guest: Guest, folder: str) -> Work:
    if guest.has_export("_initialize"):
        guest.call("_initialize")
    packed = _read(f"{folder}/zstd-dec/text-3.zst")
    source = guest.put(packed)
    size = guest.call("ZSTD_findDecompressedSize", source, len(packed))
    target = guest.call("malloc", size)

    def work() -> int:
        count = guest.call("ZSTD_decompress", target, size, source, len(packed))
        return zlib.crc32(guest.read(target, count))

    return work


def _start_harfbuzz(guest: Guest, folder: str) -> Work:
    guest.call("__wasm_call_ctors")
    data = _read(f"{folder}/harfbuzz/DejaVuSans.ttf")
    blob = guest.call("hb_blob_create", guest.put(data), len(data), 2, 0, 0)
    font = guest.call("hb_font_create", guest.call("hb_face_create", blob, 0))
    phrases = [phrase.encode() for phrase in ("Hello, fi ffl AVATAR!", "مرحبا بالعالم", "1/2 office — naïve")]

    def work() -> list[bytes]:
        shaped = []
        for phrase in phrases:
            source, count = guest.put(phrase), guest.put(bytes(4))
            buffer = guest.call("hb_buffer_create")
            guest.call("hb_buffer_add_utf8", buffer, source, len(phrase), 0, len(phrase))
            guest.call("hb_buffer_guess_segment_properties", buffer)
            guest.call("hb_shape", font, buffer, 0, 0)
            glyphs = guest.call("hb_buffer_get_glyph_infos", buffer, count)
            shaped.append(guest.read(glyphs, 20 * guest.call("hb_buffer_get_length", buffer)))
            guest.call("hb_buffer_destroy", buffer)
            guest.call("free", source)
            guest.call("free", count)
        return shaped

    return work


def _png_functions() -> HostFunctions:
    pixels = bytearray()

    def take(guest: Guest, address: int, size: int, *_: int) -> int:
        pixels[:] = guest.read(address, size)
        return 40

    return {
        "wbg.__wbg_newwithownedu8clampedarrayandsh_91db5987993a08fb": take,
        "wbg.__wbindgen_memory": lambda *_: 41,
        "wbg.__wbg_buffer_a448f833075b71ba": lambda *_: 42,
        "wbg.__wbg_newwithbyteoffsetandlength_099217381c451830": lambda guest, _, *where: take(guest, *where),
        "wbg.__wbindgen_object_drop_ref": lambda *_: None,
        "result": lambda: bytes(pixels),
    }  # fmt: skip


def _start_png(guest: Guest, _: str, width: int = 64, height: int = 48) -> Work:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\1" + bytes((x * y + x) & 255 for x in range(width) for _ in range(3)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    image = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")

    def work() -> int:
        result: int = guest.call("decode", guest.put(image, "__wbindgen_malloc", 1), len(image))
        return result

    return work


def _source_map_functions() -> HostFunctions:
    rows: list[tuple[int, ...]] = []

    def result() -> str:
        shown = repr(rows)
        rows.clear()
        return shown

    return {"env.mapping_callback": lambda _, *row: rows.append(row), "result": result}


def _start_source_map(guest: Guest, _: str, lines: int = 40) -> Work:
    segments = ",".join(["AACA", *["IAAC", "MAAE", "QAAG", "EAAC"] * 4])
    source = ";".join([segments] * lines).encode()

    def work() -> None:
        address = guest.call("allocate_mappings", len(source))
        guest.write(address, source)
        mappings = guest.call("parse_mappings", address)
        guest.call("by_original_location", mappings)
        guest.call("free_mappings", mappings)

    return work


def _start_ballistics(guest: Guest, _: str, steps: int = 50_000) -> Work:
    guest.call("_initialize")
    return lambda: guest.call("tbw_bench_thr_dp", steps)


def _mesh(side: int) -> tuple[bytes, bytes]:
    """The vertices of a surface, and the triangles between them."""
    points = [(x, y, (x * 7 + y * 3) % 11 / 4.0, 0.0) for y in range(side) for x in range(side)]
    corners = [y * side + x for y in range(side - 1) for x in range(side - 1)]
    triangles = [c + d for c in corners for d in (0, 1, side, 1, side + 1, side)]
    return b"".join(struct.pack("<4f", *p) for p in points), struct.pack(f"<{len(triangles)}I", *triangles)


def _start_encoder(guest: Guest, _: str, side: int = 24) -> Work:
    guest.call("__wasm_call_ctors")
    vertices, triangles = _mesh(side)
    room = 4 * len(triangles)
    source, indices, target = (guest.call("sbrk", room) for _ in range(3))
    guest.write(source, vertices)
    guest.write(indices, triangles)
    guest.call("meshopt_encodeIndexVersion", 1)

    def work() -> bytes:
        size = guest.call("meshopt_encodeVertexBuffer", target, room, source, side * side, 16)
        found = guest.read(target, size)
        size = guest.call("meshopt_encodeIndexBuffer", target, room, indices, len(triangles) // 4)
        return found + guest.read(target, size)

    return work


def _start_decoder(guest: Guest, _: str, count: int = 1024) -> Work:
    guest.call("__wasm_call_ctors")
    target = guest.call("sbrk", 16 * count)
    normals = bytes(number * 37 & 127 for number in range(4 * count))
    powers = struct.pack(f"<{count}i", *[(n % 20 - 10 << 24) | (n * 12345 & 0xFFFFFF) for n in range(count)])

    def work() -> bytes:
        guest.write(target, normals)
        guest.call("meshopt_decodeFilterOct", target, count, 4)
        found = guest.read(target, 4 * count)
        guest.write(target, powers)
        guest.call("meshopt_decodeFilterExp", target, count, 4)
        return found + guest.read(target, 4 * count)

    return work


def _start_simplifier(guest: Guest, _: str, side: int = 14) -> Work:
    guest.call("__wasm_call_ctors")
    vertices, triangles = _mesh(side)
    source, indices, target, error = (guest.call("sbrk", 4 * len(triangles)) for _ in range(4))
    guest.write(source, vertices)
    guest.write(indices, triangles)
    count = len(triangles) // 4

    def work() -> bytes:
        arguments = (target, indices, count, source, side * side, 16, count // 4, 1.0, 0, error)
        return guest.read(target, 4 * guest.call("meshopt_simplify", *arguments))

    return work


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


def _with(start: Callable[..., Work], **parameters: Any) -> Start:
    """A start with these parameters; ``functools`` is not imported for that."""
    return lambda guest, folder: start(guest, folder, **parameters)


def _hash(size: int = 16_384, **parameters: Any) -> dict[str, Start]:
    return {
        "start": _with(_start_hash, size=size, **parameters),
        "first": _with(_start_hash, **{**parameters, "size": 100, "updates": 1}),
    }


PROGRAMS = {
    "quickjs": Program(
        *("quickjs-pwasm/quickjs.wasm", _start_quickjs, _quickjs_functions), _with(_start_quickjs, source="6 * 7")
    ),
    "mquickjs": Program("mquickjs/mquickjs.wasm", _start_mquickjs, first=_with(_start_mquickjs, source="6 * 7")),
    "lua": Program("lua/glue.wasm", _start_lua, first=_with(_start_lua, source=b"return 6 * 7")),
    "lz4": Program("lz4/lz4_wasm_nodejs_bg.wasm", _start_lz4, first=_with(_start_lz4, size=300)),
    "zstd": Program("zstd-dec/zstddec.wasm", _start_zstd),
    "harfbuzz": Program("harfbuzz/harfbuzz.wasm", _start_harfbuzz),
    "png": Program("png/squoosh_png_bg.wasm", _start_png, _png_functions, _with(_start_png, width=8, height=8)),
    "source-map": Program(
        *("source-map/mappings.wasm", _start_source_map, _source_map_functions), _with(_start_source_map, lines=1)
    ),
    "ballistics": Program("bclibc/tiny_bclibc_dp.wasm", _start_ballistics, first=_with(_start_ballistics, steps=500)),
    "micropython": Program(
        *("mp/micropython.wasm", _start_micropython, _micropython_functions),
        _with(_start_micropython, source=b"print(6 * 7)"),
    ),
    "mesh-encoder": Program("meshopt/meshopt_encoder_wasm.wasm", _start_encoder),
    "mesh-decoder": Program("meshopt/meshopt_decoder_wasm_base.wasm", _start_decoder),
    "mesh-simplifier": Program("meshopt/meshopt_simplifier_wasm.wasm", _start_simplifier),
    "md5": Program("hash-wasm/md5.wasm", **_hash()),
    "sha256": Program("hash-wasm/sha256.wasm", **_hash(begin=(256,))),
    "sha1": Program("hash-wasm/sha1.wasm", **_hash()),
    "sha512": Program("hash-wasm/sha512.wasm", **_hash(begin=(512,))),
    "sha3": Program("hash-wasm/sha3.wasm", **_hash(begin=(256,), end=(6,), size=4096)),
    "blake2b": Program("hash-wasm/blake2b.wasm", **_hash(begin=(512,), size=4096)),
    "blake3": Program("hash-wasm/blake3.wasm", **_hash(begin=(32,), end=(32,))),
    "xxhash64": Program("hash-wasm/xxhash64.wasm", **_hash(updates=10)),
}
