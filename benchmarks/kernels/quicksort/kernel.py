"""Quicksort in place: signed words, loads and stores at data-dependent places, recursion."""

TOPIC = "memory"
SIZE, SMALL_SIZE = 12_000, 200


def sort(items: list[int], low: int, high: int) -> None:
    while low < high:
        pivot = items[(low + high) >> 1]
        i, j = low, high
        while i <= j:
            while items[i] < pivot:
                i += 1
            while items[j] > pivot:
                j -= 1
            if i <= j:
                items[i], items[j] = items[j], items[i]
                i += 1
                j -= 1
        if j - low < high - i:
            sort(items, low, j)
            low = i
        else:
            sort(items, i, high)
            high = j


def run(n: int) -> int:
    state = 5
    items = []
    for _ in range(n):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        items.append((state >> 8) - 8388608)
    sort(items, 0, n - 1)
    check = 0
    for item in items:
        check = (check * 31 + item) & 0xFFFFFFFF
    return check - 0x100000000 if check >= 0x80000000 else check
