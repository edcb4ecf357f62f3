"""What benchmarks.components times gives the same under wasmtime's API."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.components import _ours, _theirs, component


def _plain(value: Any) -> Any:
    if hasattr(value, "name") and hasattr(value, "x"):
        return value.x, value.y, value.name
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return getattr(value, "value", value)


def test_both_give_the_same() -> None:
    pytest.importorskip("wasmtime.component")
    data = component()
    ours, theirs = _ours(data), _theirs(data)
    assert ours.keys() == theirs.keys()
    for name, call in ours.items():
        # wasmtime's binding needs a second for a megabyte.
        if "MB" not in name:
            assert _plain(call()) == _plain(theirs[name]()), name
    assert ours["list<u8> of 1 MB, there"]() == 1 << 20
    assert ours["list<u8> of 1 MB, there and back"]() == bytes(range(256)) * 4096
