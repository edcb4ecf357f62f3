"""The queens puzzle with bit masks: recursion with a loop in every frame."""

TOPIC = "calls"
SIZE, SMALL_SIZE = 10, 5


def place(every: int, columns: int, left: int, right: int) -> int:
    if columns == every:
        return 1
    count = 0
    free = every & ~(columns | left | right)
    while free:
        bit = free & -free
        free ^= bit
        count += place(every, columns | bit, (left | bit) << 1, (right | bit) >> 1)
    return count


def run(n: int) -> int:
    return place((1 << n) - 1, 0, 0, 0)
