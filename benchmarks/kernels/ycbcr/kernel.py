"""Colour conversion: luma and chroma to red, green and blue with clamps, as decoders of pictures do it."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 15_000, 100


def prepare(n: int) -> bytes:
    return bytes(number & 255 for number in random_numbers(12, 3 * n))


def run(n: int, data: bytes) -> int:
    total = 0
    for luma, blue, red in zip(data[::3], data[1::3], data[2::3], strict=False):
        y, b, r = (luma << 16) + 32768, blue - 128, red - 128
        for value in ((y + 91881 * r) >> 16, (y - 46802 * r - 22554 * b) >> 16, (y + 116130 * b) >> 16, 255):
            total = (total * 5 + min(max(value, 0), 255)) & 0xFFFFFFFF
    return total - (1 << 32) if total >> 31 else total
