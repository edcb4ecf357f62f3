"""A Gaussian filter of a picture, rows and then columns: bytes and numbers of 16 bits."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 100, 6

WIDTH = 256


def prepare(rows: int) -> bytes:
    return bytes(number & 255 for number in random_numbers(14, rows * WIDTH))


def run(rows: int, data: bytes) -> int:
    sums = []
    for start in range(0, rows * WIDTH, WIDTH):
        row = data[start : start + WIDTH]
        inner = [
            a + 4 * b + 6 * c + 4 * d + e
            for a, b, c, d, e in zip(row, row[1:], row[2:], row[3:], row[4:], strict=False)
        ]
        sums.append([0, 0, *inner, 0, 0])
    total = 0
    for y in range(2, rows - 2):
        five = zip(*sums[y - 2 : y + 3], strict=False)
        blurred = bytes([(a + 4 * b + 6 * c + 4 * d + e) >> 8 for a, b, c, d, e in five])
        total += blurred[y]
    return total
