"""Multiplication of large numbers in digits of 28 bits: LibTomMath's comba multiplier."""

from operator import mul

from benchmarks.inputs import random_numbers

TOPIC = "integers"
ORIGIN = "LibTomMath 1.2.0 (Unlicense)"
SIZE, SMALL_SIZE = 12, 1

DIGITS = 120
BITS = 28
MASK = (1 << BITS) - 1


def multiply(a: list[int], b: list[int]) -> list[int]:
    """Digits of the product, the least significant one first."""
    reverse = b[::-1]
    product = []
    carry = 0
    for column in range(len(a) + len(b)):
        first = max(0, column - len(b) + 1)
        skip = max(0, len(b) - 1 - column)
        carry += sum(map(mul, a[first : column + 1], reverse[skip:]))
        product.append(carry & MASK)
        carry >>= BITS
    while product and not product[-1]:
        product.pop()
    return product


def run(n: int) -> int:
    numbers = random_numbers(3, 2 * DIGITS)
    one, other = numbers[::2], [number << 4 for number in numbers[1::2]]
    total = 0
    for first in range(n, 0, -1):
        one[0] = first
        for digit in multiply(one, other):
            total = (total * 31 + digit) & 0xFFFFFFFF
    return total
