"""BLAKE2s: the reference implementation; 32-bit additions, rotations by table-driven rounds."""

import struct

from benchmarks.inputs import text

TOPIC = "integers"
ORIGIN = "libb2 0.98.1 (CC0)"
SIZE, SMALL_SIZE = 24_000, 100

MASK = 0xFFFFFFFF
IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
SIGMA = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
)
MIXED = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13),
         (3, 4, 9, 14))  # fmt: skip

prepare = input_bytes = text


def compress(h: list[int], block: bytes, count: int, is_last: bool) -> list[int]:
    m = struct.unpack("<16I", block)
    v = [*h, *IV]
    v[12] ^= count & MASK
    v[13] ^= count >> 32
    if is_last:
        v[14] ^= MASK
    for sigma in SIGMA:
        for i, (a, b, c, d) in enumerate(MIXED):
            va, vb, vc, vd = v[a], v[b], v[c], v[d]
            va = (va + vb + m[sigma[2 * i]]) & MASK
            vd ^= va
            vd = vd >> 16 | vd << 16 & MASK
            vc = (vc + vd) & MASK
            vb ^= vc
            vb = vb >> 12 | vb << 20 & MASK
            va = (va + vb + m[sigma[2 * i + 1]]) & MASK
            vd ^= va
            vd = vd >> 8 | vd << 24 & MASK
            vc = (vc + vd) & MASK
            vb ^= vc
            v[a], v[b], v[c], v[d] = va, vb >> 7 | vb << 25 & MASK, vc, vd
    return [x ^ y ^ z for x, y, z in zip(h, v[:8], v[8:], strict=True)]


def run(n: int, data: bytes) -> int:
    h = list(IV)
    h[0] ^= 0x01010020
    last = max(n - 1, 0) & ~63
    for start in range(0, last, 64):
        h = compress(h, data[start : start + 64], start + 64, False)
    h = compress(h, data[last:].ljust(64, b"\0"), n, True)
    return h[1] << 32 | h[0]
