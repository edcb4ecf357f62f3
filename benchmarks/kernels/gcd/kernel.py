"""Euclid's algorithm for all pairs: signed remainders."""

TOPIC = "integers"
SIZE, SMALL_SIZE = 250, 20


def gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a


def run(n: int) -> int:
    return sum(gcd(a, b) for a in range(1, n + 1) for b in range(1, n + 1))
