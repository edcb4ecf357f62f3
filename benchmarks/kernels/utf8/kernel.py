"""UTF-8 to wide characters: the mbsrtowcs of musl, with its table of states."""

from benchmarks.inputs import random_numbers

TOPIC = "strings"
ORIGIN = "musl 1.2.3 (MIT licence)"
SIZE, SMALL_SIZE = 140_000, 500


def input_bytes(n: int) -> bytes:
    """Words in four alphabets, closed by a zero."""
    pieces = []
    for number in random_numbers(5, n // 5):
        first, least = ((0x61, 26), (0x430, 32), (0x4E00, 4000), (0x1F300, 200))[(0, 0, 0, 1, 1, 2, 2, 3)[number & 7]]
        size = (number >> 3) % 6 + 1
        pieces.append("".join(chr(first + (number >> 4) * (k + 1) % least) for k in range(size)))
    return " ".join(pieces).encode()[:n].decode(errors="ignore").encode() + b"\0"


prepare = input_bytes


def decode(data: bytes) -> list[int]:
    output = []
    position = 0
    while lead := data[position]:
        position += 1
        if lead < 0x80:
            output.append(lead)
            continue
        if lead < 0xC2 or lead > 0xF4:
            raise ValueError(f"bad lead byte {lead:#x}")
        second = data[position]
        if lead < 0xE0:
            count, code, low, high = 1, lead & 31, 0x80, 0xBF
        elif lead < 0xF0:
            low, high = 0xA0 if lead == 0xE0 else 0x80, 0x9F if lead == 0xED else 0xBF
            count, code = 2, lead & 15
        else:
            low, high = 0x90 if lead == 0xF0 else 0x80, 0x8F if lead == 0xF4 else 0xBF
            count, code = 3, lead & 7
        if not low <= second <= high:
            raise ValueError(f"bad second byte {second:#x}")
        for byte in data[position : position + count]:
            if byte & 0xC0 != 0x80:
                raise ValueError(f"bad byte {byte:#x}")
            code = code << 6 | byte & 63
        position += count
        output.append(code)
    return output


def run(n: int, data: bytes) -> int:
    output = decode(data)
    total = len(output)
    for code in output[::7]:
        total = (total * 31 + code) & 0xFFFFFFFF
    return total
