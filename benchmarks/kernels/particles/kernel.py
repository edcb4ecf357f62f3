"""Physics: particles that fall and bounce, an array for each of their numbers; single precision, exact."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 20, 2
# Sums are made in double precision.
TOLERANCE = 1e-4

COUNT = 1024

Arrays = tuple[list[float], list[float], list[float], list[float]]


def prepare(steps: int) -> Arrays:
    numbers = random_numbers(17, 4 * COUNT)
    places = [[float(number % 512) for number in numbers[start::4]] for start in (0, 1)]
    speeds = [[number % 64 / 8.0 - 4 for number in numbers[start::4]] for start in (2, 3)]
    return places[0], places[1], speeds[0], speeds[1]


def run(steps: int, arrays: Arrays) -> float:
    x, y, dx, dy = arrays
    for _ in range(steps):
        dy[:] = [value - 0.125 for value in dy]
        x[:] = [place + speed * 0.25 for place, speed in zip(x, dx, strict=False)]
        y[:] = [place + speed * 0.25 for place, speed in zip(y, dy, strict=False)]
        dx[:] = [-speed if place < 0 or place > 512 else speed for place, speed in zip(x, dx, strict=False)]
        dy[:] = [-speed if place < 0 else speed for place, speed in zip(y, dy, strict=False)]
        y[:] = [0.0 if place < 0 else place for place in y]
    return sum([a - b for a, b in zip(x, y, strict=False)])
