"""Fibonacci numbers by double recursion: nothing but calls."""

TOPIC = "calls"
SIZE, SMALL_SIZE = 26, 12


def fib(n: int) -> int:
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def run(n: int) -> int:
    return fib(n)
