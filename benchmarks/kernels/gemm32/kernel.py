"""The matrix product of an inference engine: packed weights, bias and a rectifier; single precision, exact sums."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 1, 1

ROWS, INNER, COLUMNS = 32, 64, 64


def prepare(n: int) -> tuple[list[float], list[float], list[float]]:
    numbers = random_numbers(6, (ROWS + COLUMNS) * INNER + COLUMNS)
    values = [number % 32 / 16.0 - 1 for number in numbers]
    left, packed = values[: ROWS * INNER], values[ROWS * INNER : -COLUMNS]
    return left, packed, [number % 32 / 4.0 for number in numbers[-COLUMNS:]]


def run(n: int, given: tuple[list[float], list[float], list[float]]) -> float:
    left, packed, bias = given
    total = 0.0
    for k in range(n):
        result = []
        for start in range(0, ROWS * INNER, INNER):
            row = left[start : start + INNER]
            for j in range(COLUMNS):
                panel = (j & ~3) * INNER + (j & 3)
                value = bias[j]
                for a, b in zip(row, packed[panel : panel + 4 * INNER : 4], strict=False):
                    value += a * b
                result.append(max(value, 0.0))
        total += result[k * 37 % (ROWS * COLUMNS)]
    return total
