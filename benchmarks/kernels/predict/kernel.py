"""What encoders of pictures do before they compress: differences of rows, their cost, a histogram; bytes."""

import itertools

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 150, 4

WIDTH = 192


def prepare(rows: int) -> list[bytes]:
    numbers = random_numbers(18, rows * WIDTH)
    return [
        bytes((2 * x + 3 * y + number % 7) & 255 for x, number in enumerate(numbers[y * WIDTH : (y + 1) * WIDTH]))
        for y in range(rows)
    ]


def run(rows: int, picture: list[bytes]) -> int:
    counts = [0] * 256
    total = 0
    for above, row in itertools.pairwise(picture):
        filtered = bytes([(a - b) & 255 for a, b in zip(row, above, strict=False)])
        total += sum([value if value < 128 else 256 - value for value in filtered])
        for value in filtered:
            counts[value] += 1
    for count in counts:
        total = (total * 7 + count) & 0xFFFFFFFF
    return total - (1 << 32) if total >> 31 else total
