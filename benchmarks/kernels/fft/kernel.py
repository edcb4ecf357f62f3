"""Fast Fourier transform: KISS FFT, radix 4 and 2, in double precision."""

import cmath

from benchmarks.inputs import random_numbers

TOPIC = "floats"
ORIGIN = "KISS FFT 131.1.0 (BSD licence)"
SIZE, SMALL_SIZE = 20, 1

POINTS = 1024
# The functions that compute the twiddle factors differ in the last bit.
TOLERANCE = 1e-9

Data = tuple[list[complex], list[complex]]


def prepare(n: int) -> Data:
    numbers = random_numbers(7, 2 * POINTS)
    signal = [complex(a, b) / 16777216 for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
    return signal, [cmath.exp(-2j * cmath.pi * i / POINTS) for i in range(POINTS)]


def transform(signal: list[complex], twiddles: list[complex], stride: int) -> list[complex]:
    n = len(signal)
    if n == 1:
        return signal
    if n % 4:
        even = transform(signal[0::2], twiddles, stride * 2)
        odd = transform(signal[1::2], twiddles, stride * 2)
        odd = [x * w for x, w in zip(odd, twiddles[::stride][: n // 2], strict=True)]
        return [x + y for x, y in zip(even, odd, strict=True)] + [x - y for x, y in zip(even, odd, strict=True)]
    m = n // 4
    parts = [transform(signal[k::4], twiddles, stride * 4) for k in range(4)]
    output = [0j] * n
    for k, (a, b, c, d) in enumerate(zip(*parts, strict=True)):
        b *= twiddles[stride * k]
        c *= twiddles[2 * stride * k]
        d *= twiddles[3 * stride * k]
        difference = (b - d) * 1j
        total = b + d
        output[k] = a + c + total
        output[k + m] = a - c - difference
        output[k + 2 * m] = a + c - total
        output[k + 3 * m] = a - c + difference
    return output


def run(n: int, data: Data) -> float:
    signal, twiddles = data
    total = 0.0
    for first in range(n - 1, -1, -1):
        signal[0] = complex(first, signal[0].imag)
        for i, value in enumerate(transform(signal, twiddles, 1)):
            total += value.real * (i & 7) - value.imag
    return total
