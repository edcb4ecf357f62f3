"""Records behave like frozen dataclasses with slots, enumerations like those of ``enum``, as far as wasmz uses them."""

from __future__ import annotations

import copy
import pickle

import pytest

from wasmz.startup.records import Enumeration, Record


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


class Color(Enumeration):
    """Two of them."""

    RED = "red"
    BLUE = "blue"

    @property
    def shouted(self) -> str:
        return self.value.upper()


class Shade(Enumeration):
    RED = "red"


def test_members_of_enumerations() -> None:
    assert Color.RED is Color("red") is Color["RED"] is Color(Color.RED)
    assert (Color.RED.name, Color.RED.value, Color.RED.shouted) == ("RED", "red", "RED")
    assert list(Color) == [Color.RED, Color.BLUE] and len(Color) == 2
    assert Color.RED in Color and "blue" in Color and "green" not in Color
    assert Color.RED != Shade.RED and Color.RED != "red" and len({Color.RED, Shade.RED, Color("red")}) == 2
    assert (repr(Color.RED), str(Color.RED)) == ("<Color.RED: 'red'>", "Color.RED")
    assert isinstance(Color.RED, Color) and Color.__doc__ == "Two of them."


@pytest.mark.parametrize("value", ["green", None, [], Shade.RED])
def test_values_that_are_no_members(value: object) -> None:
    with pytest.raises(ValueError, match="is not a valid Color"):
        Color(value)


def test_members_are_the_same_object_everywhere() -> None:
    assert copy.copy(Color.RED) is copy.deepcopy(Color.RED) is pickle.loads(pickle.dumps(Color.RED)) is Color.RED


def test_enumerations_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Color.RED = 1  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del Color.BLUE
    with pytest.raises(AttributeError):
        Color.RED.value = "x"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del Color.RED.name
    with pytest.raises(AttributeError):
        Color.RED.other = 1  # type: ignore[attr-defined]
