"""Sound at another rate, by a filter for each phase: dot products of 16 numbers of 16 bits."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 8_000, 50

TAPS, PHASES, MOST = 16, 8, 16384


def _signed(number: int) -> int:
    return (number & 65535 ^ 32768) - 32768


def prepare(n: int) -> tuple[list[int], list[list[int]]]:
    numbers = random_numbers(16, MOST + PHASES * TAPS)
    taps = [number % 4096 - 2048 for number in numbers[MOST:]]
    return [_signed(number) for number in numbers[:MOST]], [taps[p * TAPS : (p + 1) * TAPS] for p in range(PHASES)]


def run(n: int, given: tuple[list[int], list[list[int]]]) -> int:
    samples, filters = given
    total = 0
    for i in range(n):
        start, phase = divmod(i * 9, PHASES)
        value = 16384 + sum([a * b for a, b in zip(samples[start : start + TAPS], filters[phase], strict=False)]) >> 15
        total = (total * 3 + min(max(value, -32768), 32767)) & 0xFFFFFFFF
    return total - (1 << 32) if total >> 31 else total
