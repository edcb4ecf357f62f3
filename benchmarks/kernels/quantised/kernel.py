"""A layer of a neural network whose weights have eight bits: dot products of bytes."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 10, 1

ROWS, INNER = 64, 512


def prepare(n: int) -> tuple[list[int], list[list[int]]]:
    numbers = [number & 255 for number in random_numbers(8, INNER * (ROWS + 1))]
    signed = [number - 256 if number > 127 else number for number in numbers]
    return numbers[:INNER], [signed[start : start + INNER] for start in range(INNER, len(signed), INNER)]


def run(n: int, given: tuple[list[int], list[list[int]]]) -> int:
    values, weights = given
    total = 0
    for _ in range(n):
        for row in weights:
            total = total * 31 + (sum([a * b for a, b in zip(values, row, strict=False)]) >> 8) & 0xFFFFFFFF
    return total - (1 << 32) if total >> 31 else total
