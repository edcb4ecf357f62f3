"""The longest Collatz chain below a limit: 64-bit arithmetic with small values."""

TOPIC = "integers"
SIZE, SMALL_SIZE = 5_000, 100


def run(n: int) -> int:
    best = longest = 0
    for start in range(1, n):
        value = start
        steps = 0
        while value != 1:
            value = 3 * value + 1 if value & 1 else value >> 1
            steps += 1
        if steps > longest:
            longest = steps
            best = start
    return best * 1000 + longest
