"""Real programs are printed and assembled again: names, custom sections, and numbers longer than necessary."""

from __future__ import annotations

import sys

import pytest

from tests.corpus.test_corpus import CORPUS, WORK, fetch
from wasmz.text import assemble, print_module

pytestmark = pytest.mark.skipif(sys.platform == "emscripten", reason="the modules are fetched by a process")

# Folders of the corpus whose modules take a second or two together.
_FOLDERS = ("bclibc", "gofmt", "lua", "lz4", "micropython-wasi", "png", "source-map", "vt100", "zstd-dec")
_LARGE_FOLDERS = ("cowboy", "dprint", "harfbuzz", "kairo", "meshopt", "mquickjs", "quickjs-pwasm", "quickjs-rs", "tfjs")


@pytest.mark.parametrize("folded", [False, True], ids=["flat", "folded"])
@pytest.mark.parametrize(
    "folder", [*_FOLDERS, *(pytest.param(folder, marks=pytest.mark.slow) for folder in _LARGE_FOLDERS)]
)
def test_programs_come_back(folder: str, folded: bool) -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus is missing: no {CORPUS} (WASMZ_CORPUS names it)")
    fetch(folder)
    modules = sorted((WORK / folder).glob("*.wasm"))
    assert modules
    for path in modules:
        data = path.read_bytes()
        text = print_module(data, folded)
        again = assemble(text)
        # Compilers leave room in numbers for linkers. Assembled modules have no such room, so they come out the same.
        assert again == data or (len(again) <= len(data) and print_module(again, folded) == text), path.name
