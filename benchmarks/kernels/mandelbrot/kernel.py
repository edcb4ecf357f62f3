"""Escape times of the Mandelbrot set: double precision, no memory."""

TOPIC = "floats"
SIZE, SMALL_SIZE = 110, 12


def run(n: int) -> int:
    total = 0
    for row in range(n):
        ci = 3.0 * row / n - 1.5
        for column in range(n):
            cr = 3.0 * column / n - 2.25
            zr = zi = 0.0
            steps = 0
            while steps < 50:
                zr2 = zr * zr
                zi2 = zi * zi
                if zr2 + zi2 > 4.0:
                    break
                zi = 2.0 * zr * zi + ci
                zr = zr2 - zi2 + cr
                steps += 1
            total += steps
    return total
