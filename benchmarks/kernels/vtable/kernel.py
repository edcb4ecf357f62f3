"""Objects with methods chosen at run time: indirect calls of tiny functions."""

from __future__ import annotations

from dataclasses import dataclass

TOPIC = "indirect calls"
SIZE, SMALL_SIZE = 150_000, 1_500


@dataclass(slots=True)
class Shape:
    width: int
    height: int

    def area(self) -> int:
        raise NotImplementedError

    def sides(self) -> int:
        raise NotImplementedError


class Rectangle(Shape):
    __slots__ = ()

    def area(self) -> int:
        return self.width * self.height

    def sides(self) -> int:
        return 1 if self.width == self.height else 4


class Triangle(Shape):
    __slots__ = ()

    def area(self) -> int:
        return self.width * self.height // 2

    def sides(self) -> int:
        return 3 if self.height > 0 else 0


class Circle(Shape):
    __slots__ = ()

    def area(self) -> int:
        return self.width * self.width * 355 // 113

    def sides(self) -> int:
        return 0


def prepare(n: int) -> list[Shape]:
    kinds = (Rectangle, Triangle, Circle)
    return [kinds[i * 7 % 3](i % 31 + 1, i % 17 + 1) for i in range(1024)]


def run(n: int, shapes: list[Shape]) -> int:
    total = 0
    for i in range(n):
        shape = shapes[i % 1024]
        total += shape.area() + shape.sides()
    return total
