"""Gaussian elimination: a matrix as the product of two triangular ones, double precision."""

from benchmarks.inputs import random_numbers

TOPIC = "numeric"
SIZE, SMALL_SIZE = 100, 8


def run(n: int) -> float:
    numbers = [number % 64 / 8.0 for number in random_numbers(4, n * n)]
    matrix = [numbers[start : start + n] for start in range(0, n * n, n)]
    for i in range(n):
        matrix[i][i] += 500
    for k in range(n):
        pivot = matrix[k]
        tail = pivot[k + 1 :]
        for i in range(k + 1, n):
            row = matrix[i]
            row[k] = factor = row[k] / pivot[k]
            row[k + 1 :] = [a - factor * b for a, b in zip(row[k + 1 :], tail, strict=False)]
    product = 1.0
    for i in range(n):
        product *= matrix[i][i] / 512
    return product
