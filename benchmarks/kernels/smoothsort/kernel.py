"""Smoothsort: the qsort of musl, with a function to compare and moves of any width through memcpy."""

from collections.abc import Callable

from benchmarks.inputs import random_numbers

TOPIC = "data structures"
ORIGIN = "musl 1.2.3 (MIT licence)"
SIZE, SMALL_SIZE = 2_000, 100

Compare = Callable[[int, int], int]


def compare(a: int, b: int) -> int:
    return -1 if a < b else int(a > b)


def sift(a: list[int], head: int, order: int, sizes: list[int], cmp: Compare) -> None:
    moved = a[head]
    while order > 1:
        right = head - 1
        left = right - sizes[order - 2]
        if cmp(moved, a[left]) >= 0 and cmp(moved, a[right]) >= 0:
            break
        if cmp(a[left], a[right]) >= 0:
            a[head] = a[left]
            head = left
            order -= 1
        else:
            a[head] = a[right]
            head = right
            order -= 2
    a[head] = moved


def trinkle(a: list[int], head: int, heaps: int, order: int, trusty: bool, sizes: list[int], cmp: Compare) -> None:
    moved = a[head]
    while heaps != 1:
        stepson = head - sizes[order]
        if cmp(a[stepson], moved) <= 0:
            break
        if not trusty and order > 1:
            right = head - 1
            left = right - sizes[order - 2]
            if cmp(a[right], a[stepson]) >= 0 or cmp(a[left], a[stepson]) >= 0:
                break
        a[head] = a[stepson]
        head = stepson
        rest = heaps - 1
        trail = (rest & -rest).bit_length() - 1
        heaps >>= trail
        order += trail
        trusty = False
    a[head] = moved
    if not trusty:
        sift(a, head, order, sizes, cmp)


def smoothsort(a: list[int], cmp: Compare) -> None:
    sizes = [1, 1]
    while sizes[-1] < len(a):
        sizes.append(sizes[-1] + sizes[-2] + 1)
    heaps, order = 1, 1
    last = len(a) - 1
    for head in range(last):
        if heaps & 3 == 3:
            sift(a, head, order, sizes, cmp)
            heaps >>= 2
            order += 2
        else:
            if sizes[order - 1] >= last - head:
                trinkle(a, head, heaps, order, False, sizes, cmp)
            else:
                sift(a, head, order, sizes, cmp)
            if order == 1:
                heaps <<= 1
                order = 0
            else:
                heaps <<= order - 1
                order = 1
        heaps |= 1
    trinkle(a, last, heaps, order, False, sizes, cmp)
    head = last
    while order != 1 or heaps != 1:
        if order <= 1:
            rest = heaps - 1
            trail = (rest & -rest).bit_length() - 1
            heaps >>= trail
            order += trail
        else:
            heaps = (heaps << 2 ^ 7) >> 1
            order -= 2
            trinkle(a, head - sizes[order] - 1, heaps, order + 1, True, sizes, cmp)
            heaps = heaps << 1 | 1
            trinkle(a, head - 1, heaps, order, True, sizes, cmp)
        head -= 1


def run(n: int) -> int:
    numbers = random_numbers(42, n)
    smoothsort(numbers, compare)
    total = 0
    for number in numbers:
        total = (total * 31 + number) & 0xFFFFFFFF
    return total
