"""The cyclic redundancy check of zip files, by a table: bytes and 32-bit masks."""

TOPIC = "bytes"
SIZE, SMALL_SIZE = 300_000, 2_000


def prepare(n: int) -> tuple[list[int], bytes]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = 0xEDB88320 ^ value >> 1 if value & 1 else value >> 1
        table.append(value)
    state = 1
    data = bytearray(n)
    for i in range(n):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        data[i] = state >> 8 & 255
    return table, bytes(data)


def run(n: int, prepared: tuple[list[int], bytes]) -> int:
    table, data = prepared
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
