"""Real programs are printed, and come back: compilers' names, custom sections, and numbers longer than need be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.built import missing
from wasmz.text import assemble, print_module

_CORPUS = Path(__file__).resolve().parents[2] / "cache" / "corpus"
# Larger ones take more than seconds.
_LARGEST, _LARGEST_OF_ALL = 400_000, 9_000_000
_FILES = sorted(_CORPUS.glob("*/*.wasm"), key=lambda path: (path.stat().st_size, path.name))


def test_corpus_is_there() -> None:
    if not _FILES:
        missing("the corpus was not fetched: python -m pytest tests/corpus")


@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.slow] if path.stat().st_size > _LARGEST else [], id=path.stem)
        for path in _FILES
        if path.stat().st_size < _LARGEST_OF_ALL
    ],
)
def test_programs_come_back(path: Path, folded: bool) -> None:
    data = path.read_bytes()
    text = print_module(data, folded)
    again = assemble(text)
    # Compilers leave room in numbers for linkers. What was made of text has no such room: it is the same, then.
    assert again == data or (len(again) <= len(data) and print_module(again, folded) == text)
