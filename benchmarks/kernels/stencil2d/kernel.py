"""Jacobi's method on a square, five points, double precision."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 6, 2

SIDE = 128


def prepare(steps: int) -> list[list[float]]:
    values = [number % 1000 / 8.0 for number in random_numbers(5, SIDE * SIDE)]
    return [values[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE)]


def run(steps: int, grid: list[list[float]]) -> float:
    for _ in range(steps):
        changed = [grid[0]]
        for above, row, below in zip(grid, grid[1:], grid[2:], strict=False):
            inner = [
                0.2 * (middle + left + right + up + down)
                for left, middle, right, up, down in zip(row, row[1:], row[2:], above[1:], below[1:], strict=False)
            ]
            changed.append([row[0], *inner, row[-1]])
        grid = [*changed, grid[-1]]
    return grid[SIDE // 2][SIDE // 3]
