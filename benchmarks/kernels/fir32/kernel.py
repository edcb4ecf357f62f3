"""A digital filter: single precision, chosen so that every sum is exact in either precision."""

from array import array

TOPIC = "floats"
SIZE, SMALL_SIZE = 7_500, 200


def run(n: int) -> float:
    taps = [(i + 1) / 16.0 for i in range(16)]
    samples = array("f", ((i * 37 % 256 - 128) / 256.0 for i in range(n)))
    filtered = array("f", bytes(4 * n))
    for i in range(16, n):
        total = 0.0
        for k in range(16):
            total += samples[i - k] * taps[k]
        filtered[i] = total
    peak = 0.0
    for value in filtered[16:]:
        peak = max(peak, value)
    return peak
