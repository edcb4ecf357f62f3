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
}


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
        print(f"| `{name}` | {family} | {lines} | {cold:.1f} | {warm:.2f} |", flush=True)


if __name__ == "__main__":
    main()
