"""Base64 in lines: libb64's encoder, a switch in whose middle a coroutine goes on."""

from benchmarks.inputs import text

TOPIC = "bytes"
ORIGIN = "libb64 1.2 (public domain)"
SIZE, SMALL_SIZE = 160_000, 1_000

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

prepare = input_bytes = text


def encode(data: bytes) -> bytearray:
    output = bytearray()
    groups = 0
    whole = len(data) // 3 * 3
    for a, b, c in zip(data[0:whole:3], data[1:whole:3], data[2:whole:3], strict=True):
        output.append(ALPHABET[a >> 2])
        output.append(ALPHABET[(a & 3) << 4 | b >> 4])
        output.append(ALPHABET[(b & 15) << 2 | c >> 6])
        output.append(ALPHABET[c & 63])
        groups += 1
        if groups == 18:
            output.append(10)
            groups = 0
    rest = data[whole:]
    if len(rest) == 1:
        output += bytes([ALPHABET[rest[0] >> 2], ALPHABET[(rest[0] & 3) << 4]]) + b"=="
    elif len(rest) == 2:
        a, b = rest
        output += bytes([ALPHABET[a >> 2], ALPHABET[(a & 3) << 4 | b >> 4], ALPHABET[(b & 15) << 2]]) + b"="
    output.append(10)
    return output


def run(n: int, data: bytes) -> int:
    output = encode(data)
    total = len(output)
    for byte in output[::101]:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return total
