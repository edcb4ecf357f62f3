"""Base64 of a buffer, and a hash of the text: bytes in, bytes out."""

TOPIC = "bytes"
SIZE, SMALL_SIZE = 100_000, 1_000

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def prepare(n: int) -> bytes:
    state = 7
    data = bytearray(n)
    for i in range(n):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        data[i] = state >> 8 & 255
    return bytes(data)


def encode(data: bytes) -> bytearray:
    alphabet = ALPHABET
    text = bytearray()
    append = text.append
    whole = len(data) - len(data) % 3
    for i in range(0, whole, 3):
        bits = data[i] << 16 | data[i + 1] << 8 | data[i + 2]
        append(alphabet[bits >> 18])
        append(alphabet[bits >> 12 & 63])
        append(alphabet[bits >> 6 & 63])
        append(alphabet[bits & 63])
    rest = data[whole:]
    if rest:
        bits = int.from_bytes(rest.ljust(3, b"\0"), "big")
        append(alphabet[bits >> 18])
        append(alphabet[bits >> 12 & 63])
        append(alphabet[bits >> 6 & 63] if len(rest) == 2 else ord("="))
        append(ord("="))
    return text


def run(n: int, data: bytes) -> int:
    check = 0
    for byte in encode(data):
        check = (check * 31 + byte) & 0xFFFFFFFF
    return check
