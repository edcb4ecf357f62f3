"""What packages are used for, in at most ten lines of Python each, and how long that takes.

    python -m tests.interop.jobs            the rows of the table in docs/interop.md

Times are of one process with all its imports, in seconds of processor time: with an empty cache, then with a full one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from tests.interop.packages import ROOT, package

# By package: the family, the lines after `import wasmz`, in the package's folder, and what they print.
JOBS = {
    "tiktoken": (
        "wasm-bindgen",
        """
lib = wasmz.bind("tiktoken_bg.wasm")
with lib.get_encoding("gpt2") as encoder:
    tokens = encoder.encode("hello world")
    print(list(tokens), encoder.decode(tokens))
""",
        "[31373, 995] b'hello world'",
    ),
    "@resvg/resvg-wasm": (
        "wasm-bindgen",
        """
lib = wasmz.bind("index_bg.wasm", "index.js")
svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="4"><rect width="5" height="2" fill="red"/></svg>'
with lib.Resvg(svg) as picture, picture.render() as image:
    print(image.width, image.height, image.asPng()[:4], image.pixels[:4])
""",
        r"9 4 b'\x89PNG' b'\xff\x00\x00\xff'",
    ),
    "ywasm": (
        "wasm-bindgen",
        """
lib = wasmz.bind("ywasm_bg.wasm")
one, other = lib.YDoc(), lib.YDoc()
one.getText("notes").push("hello")
one.getMap("settings").set("sizes", [1, 2.5])
lib.applyUpdate(other, lib.encodeStateAsUpdate(one))
print(other.getText("notes"), other.getMap("settings").toJson())
""",
        "hello {'sizes': [1, 2.5]}",
    ),
    "@guanmingchiu/sqlparser-ts": (
        "wasm-bindgen",
        """
lib = wasmz.bind("wasm/sqlparser_rs_wasm_bg.wasm")
tree = lib.parse_sql("generic", "select a from t where b in (1, 2)")
print(tree[0]["Query"]["body"]["Select"]["selection"]["InList"]["negated"])
print(lib.format_sql("postgresql", "select a  from t where b in (1,2)"))
""",
        "False\nSELECT a FROM t WHERE b IN (1, 2)",
    ),
    "@rustledger/wasm": (
        "wasm-bindgen",
        """
lib = wasmz.bind("rustledger_wasm_bg.wasm")
ledger = '''2024-01-01 open Assets:Cash USD
2024-01-01 open Expenses:Food
2024-01-15 * "Coffee"
  Expenses:Food  5.00 USD
  Assets:Cash
'''
print(lib.validateSource(ledger), lib.query(ledger, "BALANCES")["columns"])
""",
        "{'valid': True, 'errors': []} ['account', 'balance']",
    ),
    "@chainsafe/as-sha256": (
        "AssemblyScript",
        """
lib = wasmz.bind("build/optimized.wasm")
lib.memory.write(lib.input.value, b"hello")
lib.digest(5)
print(lib.memory.read(lib.output.value, 32).hex())
""",
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    ),
    "@fluffylabs/anan-as": (
        "AssemblyScript",
        """
lib = wasmz.bind("dist/build/release.wasm")
print(lib.disassemble([0, 0, 3, 51, 7, 12, 1], lib.InputKind.Generic, lib.HasMetadata.No))
""",
        "0: LOAD_IMM(51) 7,  12,",
    ),
    "@astrojs/compiler": (
        "Go",
        """
lib = wasmz.bind("dist/astro.wasm")
compiler = getattr(lib, "@astrojs/compiler")
made = compiler["transform"]("<h1>{1 + 1}</h1><style>h1 { color: red }</style>", {})
print([line for line in made["code"].splitlines() if "<h1" in line], made["css"])
""",
        (
            "['return $$render`${$$maybeRenderHead($$result)}<h1 class=\"astro-sqglrgle\">${1 + 1}</h1>`;'] "
            "['h1:where(.astro-sqglrgle){color:red}']"
        ),
    ),
    "excelize-wasm": (
        "Go",
        """
import gzip, io, zipfile
data = gzip.open("excelize.wasm.gz").read()
book = wasmz.bind(data, globals={"excelize": {}}).excelize["NewFile"]()
book["SetCellValue"]("Sheet1", "A2", "Hello")
print(book["GetCellValue"]("Sheet1", "A2")["value"])
made = book["WriteToBuffer"]()["buffer"]
print("xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(made)).namelist())
""",
        "Hello\nTrue",
    ),
    "sh-syntax": (
        "TinyGo",
        """
lib = wasmz.bind("main.wasm")
def put(text):
    at = lib.wasmAlloc(len(text))
    lib.memory.write(at, text)
    return at, len(text), len(text)
options = (1, 1, 0, *put(b""), 0, 0, 2, 1, 1, 0, 0, 0, 0, 0)
at = lib.process(*put(b"a.sh"), *put(b"if  true;then echo  hi;fi"), *options)
print(lib.memory.read(at, 300).partition(b'"text":')[2].partition(b",")[0].decode())
""",
        r'"if true; then echo hi; fi\n"',
    ),
    "brotli-wasm": (
        "wasm-bindgen",
        """
lib = wasmz.bind("pkg.bundler/brotli_wasm_bg.wasm")
packed = lib.compress(b"wasm " * 1000, {"quality": 11})
print(len(packed), lib.decompress(packed) == b"wasm " * 1000)
""",
        "22 True",
    ),
    "zxing-wasm": (
        "embind, minified",
        """
import re
make = wasmz.bind("dist/writer/zxing_writer.wasm", "dist/es/writer/index.js")
read = wasmz.bind("dist/reader/zxing_reader.wasm", "dist/es/reader/index.js")
options = dict(format="QRCode", options="", scale=3, rotate=0, invert=False, addHRT=False, addQuietZones=True)
picture = make.writeBarcodeFromText("hello wasm", options)["image"]
read.memory.write(at := read.malloc(len(picture)), picture)
text = open("dist/es/bindings/readerOptions.d.ts").read()
names = re.findall(r"    (\\w+): (?:boolean|number);", text)
more = dict.fromkeys(names, 1) | dict(formats="", eanAddOnSymbol=0, textMode=0, characterSet=0)
print([(code["text"], code["format"]) for code in read.readBarcodesFromImage(at, len(picture), more)])
""",
        "[('hello wasm', 'QRCode')]",
    ),
    "clipper2-wasm": (
        "embind",
        """
lib = wasmz.bind("dist/es/clipper2z.wasm")
def square(x, y, size):
    path, paths = lib.Path64(), lib.Paths64()
    for corner in ((x, y), (x + size, y), (x + size, y + size), (x, y + size)):
        path.push_back(lib.Point64(*corner, 0))
    paths.push_back(path)
    return paths
both = lib.Union64(square(0, 0, 10), square(5, 5, 10), lib.FillRule.NonZero)
print([(point.x, point.y) for point in both[0]], lib.AreaPaths64(both))
""",
        "[(10, 5), (15, 5), (15, 15), (5, 15), (5, 10), (0, 10), (0, 0), (10, 0)] 175.0",
    ),
    "yoga-layout": (
        "embind, minified",
        """
import base64, re
glue = "dist/binaries/yoga-wasm-base64-esm.js"
lib = wasmz.bind(base64.b64decode(re.search("AGFzbQ[A-Za-z0-9+/=]+", open(glue).read())[0]), glue)
root, child = lib.Node.createDefault(), lib.Node.createDefault()
root.setJustifyContent(1), root.setWidth(500), root.setHeight(300)
child.setWidth(100), child.setHeight(100)
root.insertChild(child, 0)
root.calculateLayout(500, 300, 1)
print(child.getComputedLayout())
""",
        "{'left': 0.0, 'right': 0.0, 'top': 100.0, 'bottom': 0.0, 'width': 100.0, 'height': 100.0}",
    ),
    "@jsquash/webp": (
        "embind",
        """
coder, decoder = wasmz.bind("codec/enc/webp_enc.wasm"), wasmz.bind("codec/dec/webp_dec.wasm")
import re
text = open("meta.js").read()
options = {name: int(value) for name, value in re.findall(r"(\\w+): (\\d+)", text)}
pixels = bytes([255, 0, 0, 255, 0, 0, 255, 128] * 6)
packed = coder.encode(pixels, 4, 3, {**options, "lossless": 1})
image = decoder.decode(packed)
print(packed[:4], packed[8:16], image.width, image.height, image.data == pixels)
""",
        "b'RIFF' b'WEBPVP8L' 4 3 True",
    ),
    "manifold-3d": (
        "embind",
        """
lib = wasmz.bind("manifold.wasm")
cube, ball = lib._Cube({"x": 1, "y": 1, "z": 1}, True), lib._Sphere(0.6, 32)
with cube.subtract(ball) as rest:
    print(round(rest.volume(), 6), rest.genus(), rest.numTri())
""",
        "0.21301 5 632",
    ),
    "sql.js": (
        "emscripten, minified",
        """
instance = wasmz.instantiate("dist/sql-wasm.wasm")
sql, memory = instance.exports, instance.first_memory
def text(content):
    memory.write(at := sql.malloc(200), content.encode() + b"\\0")
    return at
place = sql.malloc(4)
sql.sqlite3_open(text(":memory:"), place)
query = text("select 'sum ' || sum(column1) from (values (40), (2))")
sql.sqlite3_prepare_v2(memory.read_value(place, "I"), query, -1, place, 0)
print(sql.sqlite3_step(row := memory.read_value(place, "I")), memory.read(sql.sqlite3_column_text(row, 0), 6))
""",
        "100 b'sum 42'",
    ),
    "jq-web": (
        "emscripten",
        """
result = wasmz.run("jq.wasm", ["-c", "map(.a) | add, length"], stdin=b'[{"a": 1}, {"a": 41}]', text=True)
print(result.stdout.split())
""",
        "['42', '2']",
    ),
    "7z-wasm": (
        "emscripten",
        """
import lzma
files = wasmz.MemoryFileSystem({"in.txt": "one line\\n" * 100})
wasmz.run("7zz.wasm", ["a", "-txz", "/out.xz", "/in.txt"], dirs={"/": files}, check=True)
print(lzma.decompress(files.read("out.xz")) == b"one line\\n" * 100)
""",
        "True",
    ),
    "wasmoon": (
        "emscripten",
        """
instance = wasmz.instantiate("dist/glue.wasm", wasi=True)
lua, memory = instance.exports, instance.first_memory
lua["__wasm_call_ctors"]()
state = lua.luaL_newstate()
lua.luaL_openlibs(state)
at = lua.malloc(99)
memory.write(at, b"local s = 0 for i = 1, 8 do s = s + i * i end print(s, ('x'):rep(3))\\0")
lua.luaL_loadstring(state, at), lua.lua_pcallk(state, 0, 0, 0, 0, 0)
""",
        "204\txxx",
    ),
}


# With what else than a known answer the results of packages are compared, in tests.
ORACLES = dict.fromkeys(
    (
        "tiktoken",
        "@resvg/resvg-wasm",
        "ywasm",
        "@guanmingchiu/sqlparser-ts",
        "@rustledger/wasm",
        "@fluffylabs/anan-as",
        "@astrojs/compiler",
        "brotli-wasm",
        "zxing-wasm",
        "clipper2-wasm",
        "yoga-layout",
        "@jsquash/webp",
        "manifold-3d",
    ),
    "node",
)
ORACLES.update(
    {"@chainsafe/as-sha256": "`hashlib`", "excelize-wasm": "`zipfile`", "sql.js": "`sqlite3`", "7z-wasm": "`lzma`"}
)


def run(name: str, cache: str) -> tuple[str, float]:
    """What a job prints, and the processor time that it took."""
    code = f"import time, wasmz{JOBS[name][1]}import sys; print(time.process_time(), file=sys.stderr)"
    environment = {**os.environ, "WASMZ_CACHE_DIR": cache, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=package(name), env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.strip(), float(done.stderr.split()[-1])


def main() -> None:
    """Prints the table's rows."""
    for name, (family, code, _) in JOBS.items():
        with tempfile.TemporaryDirectory() as cache:
            cold = run(name, cache)[1]
            warm = min(run(name, cache)[1] for _ in range(3))
        lines = len(code.strip().splitlines())
        oracle = ORACLES.get(name, "known answers")
        print(f"| `{name}` | {family} | {lines} | {cold:.1f} | {warm:.2f} | {oracle} |", flush=True)


if __name__ == "__main__":
    main()
