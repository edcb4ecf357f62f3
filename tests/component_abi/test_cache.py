"""Components in the cache: what is kept of them, and that nothing is decoded again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wasmz
from tests.component_abi.support import parse
from tests.component_abi.test_calls import COUNTER
from wasmz.component import Linker
from wasmz.component.opening import open_component

PROGRAM = """
import sys
import wasmz
from wasmz.component import Linker
component = wasmz.Component.compile(sys.argv[1])
linker = Linker(component.engine)
linker.define("log", print)
exports = linker.instantiate(wasmz.Store(component.engine), component).exports["test:counters/all@1.0.0"]
with exports.Counter(5) as counter:
    print(counter.add(2))
print("decoder" if "wasmz.component.binary.decoder" in sys.modules else "cache")
print(len(component.code.codes))
"""


def _run(path: Path, cache: Path) -> list[str]:
    environment = {**os.environ, "WASMZ_CACHE_DIR": str(cache)}
    root = Path(__file__).parent.parent.parent
    command = [sys.executable, "-c", PROGRAM, str(path)]
    made = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root, env=environment)
    return made.stdout.split()


def test_components_come_from_the_cache(tmp_path: Path) -> None:
    if sys.platform == "emscripten":
        pytest.skip("there are no processes")
    file = tmp_path / "counter.wasm"
    file.write_bytes(parse(COUNTER))
    cache = tmp_path / "cache"
    assert _run(file, cache) == ["7", "dropped", "decoder", "3"]
    assert _run(file, cache) == ["7", "dropped", "cache", "3"]
    (kept,) = cache.glob("*.component")
    # A damaged file counts as missing, and is written again.
    content = kept.read_bytes()
    kept.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert _run(file, cache) == ["7", "dropped", "decoder", "3"]
    assert _run(file, cache) == ["7", "dropped", "cache", "3"]


def test_nested_components_are_kept_whole(tmp_path: Path) -> None:
    engine = wasmz.Engine(wasmz.Config(cache_dir=tmp_path))
    data = parse(COUNTER)
    first, _ = open_component(engine, data)
    again, _ = open_component(engine, data)
    assert again is not first
    assert again.data is data
    linker = Linker(engine)
    linker.define("log", print)
    exports = linker.instantiate(wasmz.Store(engine), wasmz.Component.compile(engine, data)).exports
    assert exports["test:counters/all@1.0.0"].Counter(1).add(1) == 2


def test_what_an_older_version_has_kept_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = wasmz.Engine(wasmz.Config(cache_dir=tmp_path))
    data = parse(COUNTER)
    first, _ = open_component(engine, data)
    # A class is gone that the file names.
    monkeypatch.delattr("wasmz.component.syntax.CoreModule")
    monkeypatch.setattr("wasmz.component.binary.decoder.decode_component", lambda _: first)
    monkeypatch.setattr("wasmz.component.validation.validator.validate_component", lambda *_, **__: None)
    monkeypatch.setattr("wasmz.component.opening._pickled", lambda *_: b"")
    again, codes = open_component(engine, data)
    assert again is first and codes == {}
