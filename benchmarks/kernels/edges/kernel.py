"""Edges of a picture: the largest minus the smallest of nine neighbours; bytes, in loops that compilers vectorise."""

from benchmarks.inputs import random_numbers

TOPIC = "bytes"
SIZE, SMALL_SIZE = 120, 4

WIDTH = 256


def input_bytes(rows: int) -> bytes:
    """The picture: bright spots on waves."""
    numbers = random_numbers(1, rows * WIDTH)
    return bytes(
        number & 255 if number % 29 == 0 else 60 + (x & 31) + (y & 15)
        for y in range(rows)
        for x, number in enumerate(numbers[y * WIDTH : y * WIDTH + WIDTH])
    )


prepare = input_bytes


def run(rows: int, data: bytes) -> int:
    data += bytes(2)
    widest = bytes(map(max, data, data[1:], data[2:]))
    narrowest = bytes(map(min, data, data[1:], data[2:]))
    edges = 0
    for start in range(0, (rows - 2) * WIDTH, WIDTH):
        places = range(start, start + 3 * WIDTH, WIDTH)
        high = map(max, *(widest[place : place + WIDTH] for place in places))
        low = map(min, *(narrowest[place : place + WIDTH] for place in places))
        edges += sum(a - b > 200 for a, b in zip(high, low, strict=True))
    return edges
