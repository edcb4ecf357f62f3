"""Inflate: zlib's decoder of deflate streams, tables of Huffman codes and copies from the window."""

import zlib

from benchmarks.inputs import text

TOPIC = "compression"
ORIGIN = "zlib 1.2.13 (zlib licence)"
SIZE, SMALL_SIZE = 100_000, 500

LENGTHS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
           227, 258)  # fmt: skip
LENGTH_BITS = (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0)
DISTANCES = (1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
             4097, 6145, 8193, 12289, 16385, 24577)  # fmt: skip
DISTANCE_BITS = (0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13)
ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


def input_bytes(n: int) -> bytes:
    packer = zlib.compressobj(6, wbits=-15)
    return packer.compress(text(n)) + packer.flush()


prepare = input_bytes


def make_table(lengths: list[int]) -> tuple[list[tuple[int, int]], int]:
    """Table from the next bits to (symbol, length of its code), and the number of bits that index it."""
    longest = max(lengths)
    table = [(0, 0)] * (1 << longest)
    code = 0
    for length in range(1, longest + 1):
        for symbol, found in enumerate(lengths):
            if found == length:
                first = int(f"{code:0{length}b}"[::-1], 2)
                for index in range(first, 1 << longest, 1 << length):
                    table[index] = symbol, length
                code += 1
        code <<= 1
    return table, (1 << longest) - 1


class Inflater:
    """Reads bits from the least significant end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = self.held = self.count = 0

    def bits(self, count: int) -> int:
        while self.count < count:
            self.held |= self.data[self.position] << self.count
            self.position += 1
            self.count += 8
        value = self.held & (1 << count) - 1
        self.held >>= count
        self.count -= count
        return value

    def symbol(self, table: list[tuple[int, int]], mask: int) -> int:
        while self.count < 15 and self.position < len(self.data):
            self.held |= self.data[self.position] << self.count
            self.position += 1
            self.count += 8
        symbol, length = table[self.held & mask]
        self.held >>= length
        self.count -= length
        return symbol

    def dynamic_tables(self) -> tuple[list[int], list[int]]:
        literals, distances, count = self.bits(5) + 257, self.bits(5) + 1, self.bits(4) + 4
        lengths = [0] * 19
        for index in ORDER[:count]:
            lengths[index] = self.bits(3)
        table, mask = make_table(lengths)
        lengths = []
        while len(lengths) < literals + distances:
            symbol = self.symbol(table, mask)
            if symbol < 16:
                lengths.append(symbol)
            elif symbol == 16:
                lengths += lengths[-1:] * (3 + self.bits(2))
            elif symbol == 17:
                lengths += [0] * (3 + self.bits(3))
            else:
                lengths += [0] * (11 + self.bits(7))
        return lengths[:literals], lengths[literals:]

    def block(self, output: bytearray, literals: list[int], distances: list[int]) -> None:
        literal_table, literal_mask = make_table(literals)
        distance_table, distance_mask = make_table(distances)
        while True:
            symbol = self.symbol(literal_table, literal_mask)
            if symbol < 256:
                output.append(symbol)
                continue
            if symbol == 256:
                return
            length = LENGTHS[symbol - 257] + self.bits(LENGTH_BITS[symbol - 257])
            symbol = self.symbol(distance_table, distance_mask)
            distance = DISTANCES[symbol] + self.bits(DISTANCE_BITS[symbol])
            start = len(output) - distance
            if distance >= length:
                output += output[start : start + length]
            else:
                chunk = output[start:]
                output += (chunk * (length // distance + 1))[:length]

    def inflate(self) -> bytearray:
        output = bytearray()
        last = False
        while not last:
            last = bool(self.bits(1))
            kind = self.bits(2)
            if kind == 0:
                self.bits(self.count & 7)
                size = self.bits(16)
                self.bits(16)
                output += bytes(self.bits(8) for _ in range(size))
            elif kind == 1:
                self.block(output, [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8, [5] * 30)
            else:
                self.block(output, *self.dynamic_tables())
        return output


def run(n: int, data: bytes) -> int:
    output = Inflater(data).inflate()
    total = len(output)
    for byte in output[::101]:
        total = (total * 31 + byte) & 0xFFFFFFFF
    return total
