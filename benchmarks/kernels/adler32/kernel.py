"""Adler-32: zlib's, unrolled 16 times, reduced once in 5552 bytes."""

from benchmarks.inputs import text

TOPIC = "bytes"
ORIGIN = "zlib 1.2.13 (zlib licence)"
SIZE, SMALL_SIZE = 600_000, 2_000

prepare = input_bytes = text


def run(n: int, data: bytes) -> int:
    low, high = 1, 0
    for start in range(0, n, 5552):
        for byte in data[start : start + 5552]:
            low += byte
            high += low
        low %= 65521
        high %= 65521
    return high << 16 | low
