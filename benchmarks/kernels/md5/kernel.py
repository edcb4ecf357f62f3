"""MD5: musl's, of its password hashes, in loops over a table."""

import struct
from math import floor, sin

from benchmarks.inputs import text

TOPIC = "integers"
ORIGIN = "musl 1.2.3 (public domain)"
SIZE, SMALL_SIZE = 48_000, 200

MASK = 0xFFFFFFFF
TABLE = [floor(abs(sin(i + 1)) * 2**32) for i in range(64)]
SHIFTS = (7, 12, 17, 22) * 4 + (5, 9, 14, 20) * 4 + (4, 11, 16, 23) * 4 + (6, 10, 15, 21) * 4
ORDER = [*range(16), *((5 * i + 1) % 16 for i in range(16)), *((3 * i + 5) % 16 for i in range(16)),
         *(7 * i % 16 for i in range(16))]  # fmt: skip
STEPS = list(zip(ORDER, SHIFTS, TABLE, strict=True))

prepare = input_bytes = text


def compress(state: tuple[int, int, int, int], block: bytes) -> tuple[int, int, int, int]:
    w = struct.unpack("<16I", block)
    a, b, c, d = state
    for index, shift, constant in STEPS[:16]:
        x = (a + (d ^ b & (c ^ d)) + w[index] + constant) & MASK
        a, b, c, d = d, (x << shift | x >> 32 - shift) + b & MASK, b, c
    for index, shift, constant in STEPS[16:32]:
        x = (a + (c ^ d & (b ^ c)) + w[index] + constant) & MASK
        a, b, c, d = d, (x << shift | x >> 32 - shift) + b & MASK, b, c
    for index, shift, constant in STEPS[32:48]:
        x = (a + (b ^ c ^ d) + w[index] + constant) & MASK
        a, b, c, d = d, (x << shift | x >> 32 - shift) + b & MASK, b, c
    for index, shift, constant in STEPS[48:]:
        x = (a + (c ^ (b | d ^ MASK)) + w[index] + constant) & MASK
        a, b, c, d = d, (x << shift | x >> 32 - shift) + b & MASK, b, c
    return (state[0] + a) & MASK, (state[1] + b) & MASK, (state[2] + c) & MASK, (state[3] + d) & MASK


def run(n: int, data: bytes) -> int:
    padded = data + b"\x80" + bytes(-(n + 9) % 64) + (8 * n).to_bytes(8, "little")
    state = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
    for start in range(0, len(padded), 64):
        state = compress(state, padded[start : start + 64])
    return state[1] << 32 | state[0]
