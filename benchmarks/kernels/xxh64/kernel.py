"""XXH64: 64-bit multiplications and rotations in four lanes."""

import struct

from benchmarks.inputs import text

TOPIC = "integers"
ORIGIN = "xxHash 0.8.1 (BSD licence)"
SIZE, SMALL_SIZE = 600_000, 2_000

MASK = 0xFFFFFFFFFFFFFFFF
P1, P2, P3, P4, P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)

prepare = input_bytes = text


def rotl(x: int, r: int) -> int:
    return (x << r | x >> 64 - r) & MASK


def mixed(accumulator: int, lane: int) -> int:
    return rotl((accumulator + lane * P2) & MASK, 31) * P1 & MASK


def xxh64(data: bytes, seed: int) -> int:
    size = len(data)
    end = size & ~31
    if size >= 32:
        a, b, c, d = (seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK
        for w, x, y, z in struct.iter_unpack("<4Q", data[:end]):
            a = (a + w * P2) & MASK
            a = ((a << 31 | a >> 33) & MASK) * P1 & MASK
            b = (b + x * P2) & MASK
            b = ((b << 31 | b >> 33) & MASK) * P1 & MASK
            c = (c + y * P2) & MASK
            c = ((c << 31 | c >> 33) & MASK) * P1 & MASK
            d = (d + z * P2) & MASK
            d = ((d << 31 | d >> 33) & MASK) * P1 & MASK
        h = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)
        for accumulator in (a, b, c, d):
            h = ((h ^ mixed(0, accumulator)) * P1 + P4) & MASK
    else:
        h = seed + P5
    h = (h + size) & MASK
    while end + 8 <= size:
        h = (rotl(h ^ mixed(0, int.from_bytes(data[end : end + 8], "little")), 27) * P1 + P4) & MASK
        end += 8
    if end + 4 <= size:
        h = (rotl(h ^ int.from_bytes(data[end : end + 4], "little") * P1 & MASK, 23) * P2 + P3) & MASK
        end += 4
    for byte in data[end:]:
        h = rotl(h ^ byte * P5 & MASK, 11) * P1 & MASK
    h = (h ^ h >> 33) * P2 & MASK
    h = (h ^ h >> 29) * P3 & MASK
    return h ^ h >> 32


def run(n: int, data: bytes) -> int:
    return xxh64(data, 7)
