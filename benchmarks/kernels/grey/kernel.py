"""Colour conversion: red, green and blue bytes to grey ones."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 60_000, 100


def prepare(n: int) -> bytes:
    return bytes(number & 255 for number in random_numbers(2, 3 * n))


def run(n: int, data: bytes) -> int:
    pixels = zip(data[::3], data[1::3], data[2::3], strict=False)
    return sum(bytes([(77 * red + 150 * green + 29 * blue) >> 8 for red, green, blue in pixels]))
