"""The sieve of Eratosthenes: single bytes with a stride."""

TOPIC = "bytes"
SIZE, SMALL_SIZE = 200_000, 2_000


def run(n: int) -> int:
    composite = bytearray(n)
    count = 0
    for i in range(2, n):
        if composite[i]:
            continue
        count += 1
        for j in range(i * i, n, i):
            composite[j] = 1
    return count
