"""Sine: musl's, with Cody and Waite's reduction by multiples of half of pi."""

from math import frexp

TOPIC = "floats"
ORIGIN = "musl 1.2.3 (MIT licence; Sun Microsystems' notice in the files)"
SIZE, SMALL_SIZE = 40_000, 500

TO_INT = 1.5 / 2.0**-52
INVERSE = 6.36619772367581382433e-01
PIO2_1 = 1.57079632673412561417e00
PIO2_1T = 6.07710050650619224932e-11
PIO2_2 = 6.07710050630396597660e-11
PIO2_2T = 2.02226624879595063154e-21


def kernel_sin(x: float, y: float) -> float:
    z = x * x
    w = z * z
    r = (8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04 + z * 2.75573137070700676789e-06)
         + z * w * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10))  # fmt: skip
    v = z * x
    return x - ((z * (0.5 * y - v * r) - y) - v * -1.66666666666666324348e-01)


def kernel_cos(x: float, y: float) -> float:
    z = x * x
    w = z * z
    low = 4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * 2.48015872894767294178e-05)
    high = -2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)
    r = z * low + w * w * high
    hz = 0.5 * z
    w = 1.0 - hz
    return w + (((1.0 - w) - hz) + (z * r - x * y))


def sin(x: float) -> float:
    if -0.7853981 < x < 0.7853981:
        return kernel_sin(x, 0.0)
    multiple = x * INVERSE + TO_INT - TO_INT
    r = x - multiple * PIO2_1
    w = multiple * PIO2_1T
    high = r - w
    if frexp(x)[1] - frexp(high)[1] > 16:
        t = r
        w = multiple * PIO2_2
        r = t - w
        w = multiple * PIO2_2T - ((t - r) - w)
        high = r - w
    low = (r - high) - w
    quadrant = int(multiple) & 3
    result = kernel_cos(high, low) if quadrant & 1 else kernel_sin(high, low)
    return -result if quadrant & 2 else result


def run(n: int) -> float:
    total = 0.0
    for i in range(1, n + 1):
        total += sin(i * 0.37)
    return total
