"""LibLZF: its decompressor, which copies short matches by a jump into a row of copies of one byte."""

from benchmarks.inputs import text

TOPIC = "compression"
ORIGIN = "liblzf 3.6 (BSD licence)"
SIZE, SMALL_SIZE = 120_000, 1_000


def compress(data: bytes) -> bytes:
    """Literals in runs of up to 32; matches of 3 to 264 bytes, up to 8192 bytes back."""
    output = bytearray()
    seen: dict[bytes, int] = {}
    position = anchor = 0
    while position < len(data):
        key = data[position : position + 3]
        found = seen.get(key, -1)
        seen[key] = position
        distance = position - found - 1
        if found < 0 or distance >= 8192 or len(key) < 3:
            position += 1
            continue
        end = position + 3
        while end < len(data) and end - position < 264 and data[end] == data[end - distance - 1]:
            end += 1
        for start in range(anchor, position, 32):
            run = data[start : min(start + 32, position)]
            output += bytes([len(run) - 1]) + run
        length = end - position - 2
        output += bytes([min(length, 7) << 5 | distance >> 8])
        output += bytes([length - 7] if length >= 7 else []) + bytes([distance & 255])
        position = anchor = end
    for start in range(anchor, len(data), 32):
        run = data[start : start + 32]
        output += bytes([len(run) - 1]) + run
    return bytes(output)


def input_bytes(n: int) -> bytes:
    packed = compress(text(n))
    return len(packed).to_bytes(4, "little") + packed


prepare = input_bytes


def decompress(data: bytes, position: int) -> bytearray:
    output = bytearray()
    while position < len(data):
        control = data[position]
        position += 1
        if control < 32:
            output += data[position : position + control + 1]
            position += control + 1
            continue
        length = control >> 5
        if length == 7:
            length += data[position]
            position += 1
        distance = ((control & 31) << 8 | data[position]) + 1
        position += 1
        length += 2
        start = len(output) - distance
        if start < 0:
            raise ValueError(f"a match {distance} bytes back at {len(output)}")
        if distance >= length:
            output += output[start : start + length]
        else:
            output += (output[start:] * (length // distance + 1))[:length]
    return output


def run(n: int, data: bytes) -> int:
    output = decompress(data, 4)
    total = len(output)
    for byte in output[::101]:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return total
