"""LibLZF: its compressor, a table of hashes of three bytes and the search for the longest match there."""

from benchmarks.inputs import text

TOPIC = "compression"
ORIGIN = "liblzf 3.6 (BSD licence)"
SIZE, SMALL_SIZE = 60_000, 1_000

LOG = 13
MOST_LITERALS, FARTHEST, LONGEST = 32, 1 << 13, 264

prepare = input_bytes = text


def slot(value: int) -> int:
    return ((value >> 24 - LOG) - value * 5) & (1 << LOG) - 1


def flush(output: bytearray, literals: bytes) -> None:
    for start in range(0, len(literals), MOST_LITERALS):
        run = literals[start : start + MOST_LITERALS]
        output.append(len(run) - 1)
        output += run


def compress(data: bytes) -> bytearray:
    output = bytearray()
    table = [-1] * (1 << LOG)
    end = len(data)
    position = anchor = 0
    while position < end - 2:
        a, b, c = data[position : position + 3]
        index = slot(a << 16 | b << 8 | c)
        found = table[index]
        table[index] = position
        distance = position - found - 1
        if found <= 0 or distance >= FARTHEST or data[found : found + 3] != data[position : position + 3]:
            position += 1
            continue
        flush(output, data[anchor:position])
        most = min(end - position - 2, LONGEST)
        # As the original: its unrolled part compares 16 bytes without a look at the limit if there is room.
        length = 3
        while (length < most or (most > 16 and length < 18)) and data[found + length] == data[position + length]:
            length += 1
        length -= 2
        if length < 7:
            output.append((distance >> 8) + (length << 5))
        else:
            output.append((distance >> 8) + (7 << 5))
            output.append(length - 7)
        output.append(distance & 255)
        position += length + 2
        anchor = position
        if position >= end - 2:
            break
        for place in (position - 2, position - 1):
            a, b, c = data[place : place + 3]
            table[slot(a << 16 | b << 8 | c)] = place
    flush(output, data[anchor:])
    return output


def run(n: int, data: bytes) -> int:
    output = compress(data)
    total = len(output)
    for byte in output[::101]:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return total
