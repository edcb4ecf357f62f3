"""Product of two matrices: double precision in flat arrays."""

TOPIC = "floats"
SIZE, SMALL_SIZE = 70, 10


def run(n: int) -> float:
    a = [i % 7 * 0.5 for i in range(n * n)]
    b = [i % 5 * 0.25 for i in range(n * n)]
    c = [0.0] * (n * n)
    for i in range(n):
        row = i * n
        for j in range(n):
            total = 0.0
            for k in range(n):
                total += a[row + k] * b[k * n + j]
            c[row + j] = total
    return sum(c[i * n + i] for i in range(n))
