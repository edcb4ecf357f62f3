"""Edit distance of two strings: dynamic programming in one row of words."""

TOPIC = "memory"
SIZE, SMALL_SIZE = 500, 40


def prepare(n: int) -> tuple[bytes, bytes]:
    state = 11
    texts = bytearray(), bytearray()
    for _ in range(n):
        for text in texts:
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            text.append(ord("a") + (state >> 8) % 6)
    return bytes(texts[0]), bytes(texts[1])


def run(n: int, texts: tuple[bytes, bytes]) -> int:
    left, right = texts
    row = list(range(n + 1))
    for i, a in enumerate(left, 1):
        diagonal = row[0]
        row[0] = beside = i
        for j, b in enumerate(right, 1):
            above = row[j]
            cost = diagonal + (a != b)
            if above + 1 < cost:
                cost = above + 1
            if beside + 1 < cost:
                cost = beside + 1
            row[j] = beside = cost
            diagonal = above
    return row[n]
