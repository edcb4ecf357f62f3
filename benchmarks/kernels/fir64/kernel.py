"""A digital filter in double precision, a tap for all samples at a time."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 6_000, 50

TAPS = 32


def prepare(n: int) -> tuple[list[float], list[float]]:
    numbers = random_numbers(19, n + 2 * TAPS)
    samples = [number % 1024 / 16.0 - 32 for number in numbers[: n + TAPS]]
    return samples, [number % 64 / 64.0 for number in numbers[n + TAPS :]]


def run(n: int, given: tuple[list[float], list[float]]) -> float:
    samples, taps = given
    filtered = [0.0] * n
    for number, tap in enumerate(taps):
        filtered = [value + tap * sample for value, sample in zip(filtered, samples[number : number + n], strict=False)]
    return max(filtered)
