"""A picture over another one, by its transparency: bytes."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 60_000, 100


def prepare(n: int) -> tuple[bytes, bytearray, bytes]:
    data = bytes(number & 255 for number in random_numbers(15, 3 * n))
    return data[::3], bytearray(data[1::3]), data[2::3]


def run(n: int, pictures: tuple[bytes, bytearray, bytes]) -> int:
    above, below, alpha = pictures
    below[:] = bytes([(a * t + b * (255 - t) + 128) >> 8 for a, b, t in zip(above, below, alpha, strict=False)])
    total = sum(below)
    below[:] = bytes([a ^ t for a, t in zip(above, alpha, strict=False)])
    return total
