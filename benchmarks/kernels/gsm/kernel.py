"""GSM 06.10 full-rate speech: the short-term analysis filter of the coder, in saturating 16-bit arithmetic."""

from benchmarks.inputs import random_numbers

TOPIC = "integers"
ORIGIN = "libgsm 1.0.22 (Technische Universitaet Berlin's licence)"
SIZE, SMALL_SIZE = 40, 1

STEPS = ((0, -32, 13107), (0, -32, 13107), (4096, -16, 13107), (-5120, -16, 13107), (188, -8, 19223),
         (-3584, -8, 17476), (-682, -4, 31454), (-2288, -4, 29708))  # fmt: skip


def saturated(x: int) -> int:
    return 32767 if x > 32767 else -32768 if x < -32768 else x


def decoded(coded: list[int]) -> list[int]:
    """Log area ratios."""
    ratios = []
    for code, (twice_b, least, inverse) in zip(coded, STEPS, strict=True):
        value = saturated((code + least << 10) - twice_b)
        value = inverse * value + 16384 >> 15
        ratios.append(saturated(value + value))
    return ratios


def reflection(ratio: int) -> int:
    size = min(abs(ratio), 32767)
    size = size << 1 if size < 11059 else size + 11059 if size < 20070 else saturated((size >> 2) + 26112)
    return -size if ratio < 0 else size


class Filter:
    """The filter and what it remembers from one frame to the next."""

    def __init__(self) -> None:
        self.u = [0] * 8
        self.before = [0] * 8

    def frame(self, coded: list[int], samples: list[int]) -> list[int]:
        now = decoded(coded)
        old = self.before
        self.before = now
        mixes = (
            [saturated(saturated((a >> 2) + (b >> 2)) + (a >> 1)) for a, b in zip(old, now, strict=True)],
            [saturated((a >> 1) + (b >> 1)) for a, b in zip(old, now, strict=True)],
            [saturated(saturated((a >> 2) + (b >> 2)) + (b >> 1)) for a, b in zip(old, now, strict=True)],
            now,
        )
        output: list[int] = []
        for mix, start, end in zip(mixes, (0, 13, 27, 40), (13, 27, 40, 160), strict=True):
            output += self.part([reflection(ratio) for ratio in mix], samples[start:end])
        return output

    def part(self, rp: list[int], samples: list[int]) -> list[int]:
        u = self.u
        output = []
        for sample in samples:
            d = saved = sample
            for i, r in enumerate(rp):
                ui = u[i]
                u[i] = saved
                saved = ui + (r * d + 16384 >> 15)
                saved = 32767 if saved > 32767 else -32768 if saved < -32768 else saved
                d += r * ui + 16384 >> 15
                d = 32767 if d > 32767 else -32768 if d < -32768 else d
            output.append(d)
        return output


def run(n: int) -> int:
    numbers = iter(random_numbers(11, n * 168))
    masks = (63, 63, 31, 31, 15, 15, 7, 7)
    filter = Filter()
    total = 0
    for _ in range(n):
        coded = [next(numbers) >> 12 & mask for mask in masks]
        samples = [((next(numbers) >> 4) + 32768 & 0xFFFF) - 32768 for _ in range(160)]
        for sample in filter.frame(coded, samples):
            total = (total * 31 + sample) & 0xFFFFFFFF
    return total
