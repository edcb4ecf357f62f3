// Runs tests on the CPython that a version of the npm package pyodide brings as WebAssembly.
//
//   node .ci/pyodide_run.mjs NODE_PREFIX WHEELS [PYTEST ARGUMENTS...]
//
// NODE_PREFIX holds node_modules/pyodide, WHEELS holds pure Python wheels of what the tests import. The checkout, and the
// specification's suite beside it, are mounted as they are. Without arguments, all tests run.
import { existsSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// All tests, of which those that start processes skip themselves; a few minutes.
const ALL = ["-q", "tests", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:xdist"];

const [prefix, wheels, ...given] = process.argv.slice(2);
if (!wheels) {
  console.error("usage: node pyodide_run.mjs NODE_PREFIX WHEELS [PYTEST ARGUMENTS...]");
  process.exit(2);
}
const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const suite = process.env.WASMZ_TESTSUITE ?? resolve(root, "../shared/testsuite");
const entry = resolve(prefix, "node_modules/pyodide/pyodide.mjs");
const { loadPyodide } = await import(pathToFileURL(entry).href);

const python = await loadPyodide();
python.setStdout({ write: (bytes) => writeSync(1, bytes) });
python.setStderr({ write: (bytes) => writeSync(2, bytes) });

function mount(folder, path) {
  python.FS.mkdirTree(path);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: resolve(folder) }, path);
}
mount(root, "/checkout");
mount(wheels, "/wheels");
if (existsSync(suite)) mount(suite, "/testsuite");

python.globals.set("arguments", python.toPy(given.length ? given : ALL));
const status = await python.runPythonAsync(`
import os, sys, zipfile
from pathlib import Path

for wheel in sorted(Path("/wheels").glob("*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall("/packages")
sys.path[:0] = ["/checkout", "/packages"]
sys.dont_write_bytecode = True
os.chdir("/checkout")
os.environ["WASMZ_TESTSUITE"] = "/testsuite"
Path("/tmp/cache").mkdir(mode=0o700)
os.environ["WASMZ_CACHE_DIR"] = "/tmp/cache"
print(f"CPython {sys.version.split()[0]} on {sys.platform}")

import pytest

int(pytest.main(list(arguments)))
`);
process.exit(status);
