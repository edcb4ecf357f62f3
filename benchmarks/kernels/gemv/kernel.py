"""A matrix times a vector, and its transpose times that: linear algebra in double precision."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 3, 1

SIDE = 256


def prepare(n: int) -> tuple[list[float], list[list[float]]]:
    x: list[float] = []
    matrix: list[list[float]] = []
    numbers = [number % 100 / 16.0 for number in random_numbers(9, SIDE * (SIDE + 1))]
    for start in range(0, len(numbers), SIDE + 1):
        x.append(numbers[start])
        matrix.append(numbers[start + 1 : start + 1 + SIDE])
    return x, matrix


def run(n: int, given: tuple[list[float], list[list[float]]]) -> float:
    x, matrix = given
    y = [0.0] * SIDE
    products = [0.0] * SIDE
    for _ in range(n):
        for number, row in enumerate(matrix):
            total = 0.0
            for a, b in zip(row, x, strict=False):
                total += a * b
            products[number] = total
            y = [c + a * total for c, a in zip(y, row, strict=False)]
    return y[7] + products[SIDE // 2]
