"""Heat that spreads in a rod: a stencil of three points, double precision."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 40, 2

POINTS = 2048


def prepare(steps: int) -> list[float]:
    return [number % 1000 / 8.0 for number in random_numbers(3, POINTS)]


def run(steps: int, now: list[float]) -> float:
    for _ in range(steps):
        inner = [0.25 * a + 0.5 * b + 0.25 * c for a, b, c in zip(now, now[1:], now[2:], strict=False)]
        now[1:-1] = inner
    return now[0] + now[POINTS // 3] * now[POINTS // 2]
