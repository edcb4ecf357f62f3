"""LZ4: the decoder of the reference implementation."""

from benchmarks.inputs import text

TOPIC = "compression"
ORIGIN = "lz4 1.9.4 (BSD licence)"
SIZE, SMALL_SIZE = 200_000, 1_000


def length_bytes(rest: int) -> bytes:
    return b"\xff" * (rest // 255) + bytes([rest % 255]) if rest >= 0 else b""


def compress(data: bytes) -> bytes:
    """A block as the format has it: the last match ends 12 bytes or more before the end."""
    output = bytearray()
    seen: dict[bytes, int] = {}
    position = anchor = 0
    while position < len(data) - 12:
        key = data[position : position + 4]
        found = seen.get(key, -65536)
        seen[key] = position
        if position - found > 65535:
            position += 1
            continue
        end = position + 4
        while end < len(data) - 5 and data[end] == data[end - position + found]:
            end += 1
        literals, match = data[anchor:position], end - position - 4
        output.append(min(len(literals), 15) << 4 | min(match, 15))
        output += length_bytes(len(literals) - 15) + literals
        output += (position - found).to_bytes(2, "little") + length_bytes(match - 15)
        position = anchor = end
    output.append(min(len(data) - anchor, 15) << 4)
    return bytes(output + length_bytes(len(data) - anchor - 15) + data[anchor:])


def input_bytes(n: int) -> bytes:
    block = compress(text(n))
    return len(block).to_bytes(4, "little") + block


prepare = input_bytes


def decompress(data: bytes, position: int) -> bytearray:
    output = bytearray()
    while True:
        token = data[position]
        position += 1
        length = token >> 4
        if length == 15:
            while True:
                more = data[position]
                position += 1
                length += more
                if more != 255:
                    break
        output += data[position : position + length]
        position += length
        if position >= len(data):
            return output
        distance = data[position] | data[position + 1] << 8
        position += 2
        length = token & 15
        if length == 15:
            while True:
                more = data[position]
                position += 1
                length += more
                if more != 255:
                    break
        length += 4
        start = len(output) - distance
        if distance >= length:
            output += output[start : start + length]
        else:
            output += (output[start:] * (length // distance + 1))[:length]


def run(n: int, data: bytes) -> int:
    output = decompress(data, 4)
    total = len(output)
    for byte in output[::101]:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return total
