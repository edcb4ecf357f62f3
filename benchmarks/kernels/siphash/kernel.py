"""SipHash-2-4 of an array of words: full 64-bit additions, rotations and exclusive ors."""

from __future__ import annotations

from array import array

TOPIC = "64-bit"
SIZE, SMALL_SIZE = 8_000, 100

MASK = 0xFFFFFFFFFFFFFFFF


def prepare(n: int) -> array[int]:
    state = 3
    words = array("Q")
    for i in range(n):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        high = state >> 8
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        words.append((high << 40 | state >> 8 << 16 | i % 65536) & MASK)
    return words


def mix(v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    v0 = (v0 + v1) & MASK
    v1 = (v1 << 13 & MASK | v1 >> 51) ^ v0
    v0 = v0 << 32 & MASK | v0 >> 32
    v2 = (v2 + v3) & MASK
    v3 = (v3 << 16 & MASK | v3 >> 48) ^ v2
    v0 = (v0 + v3) & MASK
    v3 = (v3 << 21 & MASK | v3 >> 43) ^ v0
    v2 = (v2 + v1) & MASK
    v1 = (v1 << 17 & MASK | v1 >> 47) ^ v2
    v2 = v2 << 32 & MASK | v2 >> 32
    return v0, v1, v2, v3


def run(n: int, words: array[int]) -> int:
    k0, k1 = 0x0706050403020100, 0x0F0E0D0C0B0A0908
    v0, v1 = 0x736F6D6570736575 ^ k0, 0x646F72616E646F6D ^ k1
    v2, v3 = 0x6C7967656E657261 ^ k0, 0x7465646279746573 ^ k1
    for word in (*words, n * 8 << 56 & MASK):
        v0, v1, v2, v3 = mix(*mix(v0, v1, v2, v3 ^ word))
        v0 ^= word
    v2 ^= 0xFF
    for _ in range(4):
        v0, v1, v2, v3 = mix(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3
