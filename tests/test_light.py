"""What ``startup/light.py`` has in place of the standard library's."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from wasmz.startup import light


class Value:
    pass


def test_values_go_in_silence_after_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)
    held: Any = light.WeakValueDictionary()
    value = held["name"] = Value()
    # As when the interpreter ends: modules lose their names before the last objects go.
    monkeypatch.setattr(light, "_remove_dead_weakref", None, raising=False)
    assert held.get("name") is value
    del value
    assert (held.get("name"), told) == (None, [])
