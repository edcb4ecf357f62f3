"""Vector instructions lane by lane, on lists of bit patterns (specification, section 4.3.8 and following).

    evaluate_vector("i16x8.add_sat_s", [0x7FFF, ...8 lanes], [1, ...])   -> [0x7FFF, ...]
    evaluate_vector("f64x2.lt", a, b)                                   -> [0xFFFF_FFFF_FFFF_FFFF, 0]

Floats go through :mod:`tests.differential.arithmetic`, so that a lane that may be any NaN is ``NAN``. Relaxed
operations are as docs/simd.md says. Shares nothing with wasmz.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.differential.arithmetic import NAN, Result, evaluate, signed

Lanes = list[Any]

# Shape -> bits of a lane.
SHAPES = {"i8x16": 8, "i16x8": 16, "i32x4": 32, "i64x2": 64, "f32x4": 32, "f64x2": 64}
FLOATS = {"f32x4": "f32", "f64x2": "f64"}


def split(vector: int, bits: int) -> list[int]:
    """A vector's lanes, lowest first."""
    return [vector >> place & (1 << bits) - 1 for place in range(0, 128, bits)]


def join(lanes: list[int], bits: int) -> int:
    """The vector of some lanes."""
    return sum((lane & (1 << bits) - 1) << bits * index for index, lane in enumerate(lanes))


def _clamp(number: int, low: int, high: int) -> int:
    return max(low, min(high, number))


def _signed_binary(bits: int) -> dict[str, Callable[[int, int], int]]:
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    return {
        "add_sat_s": lambda a, b: _clamp(a + b, low, high),
        "sub_sat_s": lambda a, b: _clamp(a - b, low, high),
        "min_s": min,
        "max_s": max,
        "lt_s": lambda a, b: -(a < b),
        "gt_s": lambda a, b: -(a > b),
        "le_s": lambda a, b: -(a <= b),
        "ge_s": lambda a, b: -(a >= b),
        "q15mulr_sat_s": lambda a, b: _clamp((a * b + 0x4000) // 0x8000, low, high),
        "relaxed_q15mulr_s": lambda a, b: _clamp((a * b + 0x4000) // 0x8000, low, high),
    }


def _unsigned_binary(bits: int) -> dict[str, Callable[[int, int], int]]:
    high = (1 << bits) - 1
    return {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "add_sat_u": lambda a, b: _clamp(a + b, 0, high),
        "sub_sat_u": lambda a, b: _clamp(a - b, 0, high),
        "avgr_u": lambda a, b: (a + b + 1) // 2,
        "min_u": min,
        "max_u": max,
        "eq": lambda a, b: -(a == b),
        "ne": lambda a, b: -(a != b),
        "lt_u": lambda a, b: -(a < b),
        "gt_u": lambda a, b: -(a > b),
        "le_u": lambda a, b: -(a <= b),
        "ge_u": lambda a, b: -(a >= b),
    }


def evaluate_vector(name: str, *operands: int, lanes: tuple[int, ...] = ()) -> tuple[int, Lanes]:
    """Bits of a lane of the result and its lanes; one lane of 32 bits and more for a number."""
    shape, _, op = name.partition(".")
    if shape == "v128":
        return 128, [_bitwise(op, *operands)]
    bits = SHAPES[shape]
    if op.endswith("laneselect"):
        return 128, [_bitwise("bitselect", *operands)]
    if op in ("shuffle", "swizzle", "relaxed_swizzle"):
        return 8, _moved(op, operands, lanes)
    if op in ("splat", "extract_lane", "extract_lane_s", "extract_lane_u", "replace_lane"):
        return _single_lane(op, shape, bits, operands, lanes)
    if op in ("shl", "shr_u", "shr_s"):
        return bits, _shifted(op, bits, *operands)
    if op in ("all_true", "bitmask"):
        return 32, [_tested(op, bits, operands[0])]
    if shape in FLOATS:
        return bits, _floats(op, shape, bits, operands)
    return bits, _integers(op, bits, operands)


def _bitwise(op: str, a: int, b: int = 0, c: int = 0) -> int:
    everything = (1 << 128) - 1
    return {
        "not": everything - a,
        "and": a & b,
        "or": a | b,
        "xor": a ^ b,
        "andnot": a & (everything - b),
        "bitselect": (a & c) | (b & (everything - c)),
        "any_true": int(a != 0),
    }[op]


def _moved(op: str, operands: tuple[int, ...], lanes: tuple[int, ...]) -> Lanes:
    first = split(operands[0], 8)
    if op == "shuffle":
        return [(first + split(operands[1], 8))[lane] for lane in lanes]
    return [first[lane] if lane < 16 else 0 for lane in split(operands[1], 8)]


def _single_lane(
    op: str, shape: str, bits: int, operands: tuple[int, ...], lanes: tuple[int, ...]
) -> tuple[int, Lanes]:
    if op == "splat":
        return bits, [operands[0] & (1 << bits) - 1] * (128 // bits)
    found: Lanes = list(split(operands[0], bits))
    if op == "replace_lane":
        found[lanes[0]] = operands[1] & (1 << bits) - 1
        return bits, found
    number = found[lanes[0]]
    if op == "extract_lane_s":
        number = signed(number, bits) & 0xFFFF_FFFF
    return max(bits, 32), [number]


def _shifted(op: str, bits: int, vector: int, count: int) -> Lanes:
    count %= bits
    if op == "shl":
        return [lane << count & (1 << bits) - 1 for lane in split(vector, bits)]
    if op == "shr_u":
        return [lane >> count for lane in split(vector, bits)]
    return [signed(lane, bits) >> count & (1 << bits) - 1 for lane in split(vector, bits)]


def _tested(op: str, bits: int, vector: int) -> int:
    lanes = split(vector, bits)
    if op == "all_true":
        return int(0 not in lanes)
    return sum((lane >> bits - 1) << index for index, lane in enumerate(lanes))


def _integers(op: str, bits: int, operands: tuple[int, ...]) -> Lanes:
    mask = (1 << bits) - 1
    if "trunc" in op:
        return _truncated(op, operands[0])
    for sign, table in ((True, _signed_binary(bits)), (False, _unsigned_binary(bits))):
        if op in table:
            pairs = zip(*(_numbers(vector, bits, sign) for vector in operands), strict=True)
            return [table[op](a, b) & mask for a, b in pairs]
    if op in ("abs", "neg", "popcnt"):
        unary: dict[str, Callable[[int], int]] = {
            "abs": abs,
            "neg": lambda a: -a,
            "popcnt": lambda a: bin(a & mask).count("1"),
        }
        return [unary[op](a) & mask for a in _numbers(operands[0], bits, True)]
    sign = not op.endswith("_u")
    if op.startswith("narrow"):
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if sign else (0, mask)
        wide = [lane for vector in operands for lane in _numbers(vector, 2 * bits, True)]
        return [_clamp(number, low, high) & mask for number in wide]
    narrow = [_numbers(vector, 8 if "i7x16" in op else bits // 2, sign) for vector in operands[:2]]
    if op.startswith("ext") and "pairwise" not in op:
        half = slice(None, 64 * 2 // bits) if "_low_" in op else slice(64 * 2 // bits, None)
        if op.startswith("extend"):
            return [number & mask for number in narrow[0][half]]
        return [a * b & mask for a, b in zip(narrow[0][half], narrow[1][half], strict=True)]
    if "pairwise" in op:
        return [a + b & mask for a, b in _pairs(narrow[0])]
    products = [a * b for a, b in zip(*narrow, strict=True)]
    sums = [a + b for a, b in _pairs(products)]
    if "relaxed" in op:
        sums = [_clamp(number, -0x8000, 0x7FFF) for number in sums]
    if "add_s" in op:
        added = _numbers(operands[2], 32, True)
        sums = [a + b + c for (a, b), c in zip(_pairs(sums), added, strict=True)]
    return [number & mask for number in sums]


def _numbers(vector: int, bits: int, sign: bool) -> list[int]:
    return [signed(lane, bits) if sign else lane for lane in split(vector, bits)]


def _pairs(numbers: list[int]) -> list[tuple[int, int]]:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _truncated(op: str, vector: int) -> Lanes:
    source = "f64" if "f64x2" in op else "f32"
    sign = "u" if "_u" in op else "s"
    lanes: Lanes = [
        evaluate(f"i32.trunc_sat_{source}_{sign}", lane) for lane in split(vector, 64 if source == "f64" else 32)
    ]
    return lanes + [0] * (4 - len(lanes))


def _floats(op: str, shape: str, bits: int, operands: tuple[int, ...]) -> Lanes:
    type = FLOATS[shape]
    if op.startswith("convert"):
        return [evaluate(f"{type}.convert_i32_{op[-1]}", lane) for lane in split(operands[0], 32)[: 128 // bits]]
    if op.startswith("demote"):
        return [evaluate("f32.demote_f64", lane) for lane in split(operands[0], 64)] + [0, 0]
    if op.startswith("promote"):
        return [evaluate("f64.promote_f32", lane) for lane in split(operands[0], 32)[:2]]
    vectors = [split(vector, bits) for vector in operands]
    return [_float_lane(op, type, bits, *lane) for lane in zip(*vectors, strict=True)]


def _float_lane(op: str, type: str, bits: int, *lane: int) -> Result:
    if op in ("eq", "ne", "lt", "gt", "le", "ge"):
        return (1 << bits) - 1 if evaluate(f"{type}.{op}", *lane) else 0
    if op == "pmin":
        return lane[1] if evaluate(f"{type}.lt", lane[1], lane[0]) else lane[0]
    if op == "pmax":
        return lane[1] if evaluate(f"{type}.lt", lane[0], lane[1]) else lane[0]
    if op in ("relaxed_madd", "relaxed_nmadd"):
        product = evaluate(f"{type}.mul", *lane[:2])
        if product == NAN:
            return NAN
        if op == "relaxed_nmadd":
            product = int(product) ^ 1 << bits - 1
        return evaluate(f"{type}.add", int(product), lane[2])
    return evaluate(f"{type}.{op.removeprefix('relaxed_')}", *lane)
