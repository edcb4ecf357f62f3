"""Two-way string search: the memmem of musl, with its table of shifts."""

from benchmarks.inputs import text

TOPIC = "strings"
ORIGIN = "musl 1.2.3 (MIT licence)"
SIZE, SMALL_SIZE = 250_000, 1_000

prepare = input_bytes = text


def maximal_suffix(needle: bytes, is_reversed: bool) -> tuple[int, int]:
    """Where the greatest suffix starts, less one, and its period."""
    size = len(needle)
    i, j, k, period = -1, 0, 1, 1
    while j + k < size:
        a, b = needle[i + k], needle[j + k]
        if a == b:
            if k == period:
                j += period
                k = 1
            else:
                k += 1
        elif (a < b) if is_reversed else (a > b):
            j += k
            k = 1
            period = j - i
        else:
            i = j
            j += 1
            k = period = 1
    return i, period


def find(text: bytes, needle: bytes) -> int:
    size = len(needle)
    shifts = {byte: size - 1 - index for index, byte in enumerate(needle)}
    split, period = maximal_suffix(needle, False)
    other, other_period = maximal_suffix(needle, True)
    if other > split:
        split, period = other, other_period
    if needle[: split + 1] == needle[period : period + split + 1]:
        remembered = size - period
    else:
        remembered = 0
        period = max(split, size - split - 1) + 1
    memory = 0
    start = 0
    while start + size <= len(text):
        shift = shifts.get(text[start + size - 1], size)
        if shift:
            start += max(shift, memory) if shift < size else size
            memory = 0
            continue
        k = max(split + 1, memory)
        while k < size and needle[k] == text[start + k]:
            k += 1
        if k < size:
            start += k - split
            memory = 0
            continue
        k = split + 1
        while k > memory and needle[k - 1] == text[start + k - 1]:
            k -= 1
        if k <= memory:
            return start
        start += period
        memory = remembered
    return -1


def run(n: int, data: bytes) -> int:
    total = 0
    for k in range(1, 8):
        place = n // 8 * k
        total = (total * 31 + find(data, data[place : place + 24 + k])) & 0xFFFFFFFF
    return total
