"""Unpacking literals and overlapping copies: byte by byte from one place of memory to another."""

TOPIC = "memory"
SIZE, SMALL_SIZE = 200_000, 2_000


def prepare(n: int) -> bytes:
    state = 17
    packed = bytearray()
    made = 0
    while made < n:
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        r = state >> 8
        if made < 64 or r & 3 == 0:
            packed += bytes((0, r >> 8 & 255))
            made += 1
        else:
            length = 4 + (r >> 2 & 63)
            distance = 1 + (r >> 8) % min(made, 4096)
            packed += bytes((length, distance & 255, distance >> 8))
            made += length
    return bytes(packed)


def run(n: int, packed: bytes) -> int:
    text = bytearray()
    append = text.append
    position = 0
    end = len(packed)
    while position < end:
        length = packed[position]
        if length == 0:
            append(packed[position + 1])
            position += 2
        else:
            source = len(text) - (packed[position + 1] | packed[position + 2] << 8)
            position += 3
            for i in range(source, source + length):
                append(text[i])
    check = 0
    for word in memoryview(text)[: len(text) // 4 * 4].cast("I"):
        check = (check << 5 & 0xFFFFFFFF | check >> 27) ^ word
    return check
