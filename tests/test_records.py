"""Records are what dataclasses with ``frozen=True, slots=True`` are, as far as wasmz uses those."""

from __future__ import annotations

import copy
import pickle

import pytest

from wasmz.records import Record


class Point(Record):
    """Two numbers."""

    x: int
    y: int = 0

    def check(self) -> None:
        if self.x > 100:
            raise ValueError("too far")

    @property
    def sum(self) -> int:
        return self.x + self.y


class Other(Record):
    x: int
    y: int = 0


class Single(Record):
    values: tuple[int, ...]


def test_values() -> None:
    point = Point(1)
    assert (point.x, point.y, point.sum) == (1, 0, 1)
    assert repr(point) == "Point(x=1, y=0)"
    assert Point(y=2, x=1) == Point(1, y=2) == Point(1, 2)
    match point:
        case Point(x, y):
            assert (x, y) == (1, 0)


def test_equality_and_hash() -> None:
    assert Point(1) != Point(2)
    assert Point(1) != Other(1)
    assert Point(1) != (1, 0)
    assert len({Point(1), Point(1, 0), Point(1, 1), Single((1,)), Single((1,))}) == 3


def test_frozen() -> None:
    point = Point(1)
    for name in ("x", "z"):
        with pytest.raises(AttributeError, match="frozen"):
            setattr(point, name, 2)
    with pytest.raises(AttributeError, match="frozen"):
        del point.x
    assert not hasattr(point, "__dict__")


@pytest.mark.parametrize(
    ("args", "named", "message"),
    [
        ((), {}, "missing x"),
        ((), {"y": 1}, "missing x"),
        ((1, 2, 3), {}, "got 3"),
        ((1,), {"x": 1}, "got x"),
        ((1,), {"z": 1}, "got z"),
        ((1, 2), {"y": 1}, "got y"),
    ],
)
def test_wrong_arguments(args: tuple[int, ...], named: dict[str, int], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Point(*args, **named)


def test_check_runs() -> None:
    with pytest.raises(ValueError, match="too far"):
        Point(101)


def test_copies() -> None:
    for record in (Point(1, 2), Single((1, 2))):
        assert copy.copy(record) == copy.deepcopy(record) == pickle.loads(pickle.dumps(record)) == record
