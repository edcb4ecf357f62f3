"""The generator xorshift64*: 64-bit shifts and multiplications in one loop, no memory."""

TOPIC = "64-bit"
SIZE, SMALL_SIZE = 80_000, 1_000

MASK = 0xFFFFFFFFFFFFFFFF


def run(n: int) -> int:
    x = 88172645463325252
    total = 0
    for _ in range(n):
        x ^= x >> 12
        x = (x ^ x << 25) & MASK
        x ^= x >> 27
        total += x * 2685821657736338717
    return total & MASK
