"""The generator's vocabulary: numeric instructions by result type, and constants at the edges of ranges.

BY_RESULT["i32"]      -> (("i32.add", ("i32", "i32")), ("i32.eqz", ("i32",)), ...)
"""

from __future__ import annotations

TYPES = ("i32", "i64", "f32", "f64")

_INTEGER_BINARY = "add sub mul and or xor shl shr_s shr_u rotl rotr div_s div_u rem_s rem_u".split()
_INTEGER_COMPARISONS = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u".split()
_FLOAT_BINARY = "add sub mul div min max copysign".split()
_FLOAT_UNARY = "neg abs sqrt ceil floor trunc nearest".split()
_FLOAT_COMPARISONS = "eq ne lt gt le ge".split()


def _make_signatures() -> dict[str, tuple[str, tuple[str, ...]]]:
    rows: dict[str, tuple[str, tuple[str, ...]]] = {}
    for type in ("i32", "i64"):
        rows |= {f"{type}.{name}": (type, (type, type)) for name in _INTEGER_BINARY}
        rows |= {f"{type}.{name}": (type, (type,)) for name in ("clz", "ctz", "popcnt", "extend8_s", "extend16_s")}
        rows |= {f"{type}.{name}": ("i32", (type, type)) for name in _INTEGER_COMPARISONS}
        rows[f"{type}.eqz"] = ("i32", (type,))
        for float in ("f32", "f64"):
            for sign in "su":
                rows[f"{type}.trunc_{float}_{sign}"] = (type, (float,))
                rows[f"{type}.trunc_sat_{float}_{sign}"] = (type, (float,))
                rows[f"{float}.convert_{type}_{sign}"] = (float, (type,))
    for type, twin in (("f32", "i32"), ("f64", "i64")):
        rows |= {f"{type}.{name}": (type, (type, type)) for name in _FLOAT_BINARY}
        rows |= {f"{type}.{name}": (type, (type,)) for name in _FLOAT_UNARY}
        rows |= {f"{type}.{name}": ("i32", (type, type)) for name in _FLOAT_COMPARISONS}
        rows[f"{type}.reinterpret_{twin}"] = (type, (twin,))
        rows[f"{twin}.reinterpret_{type}"] = (twin, (type,))
    rows["i64.extend32_s"] = ("i64", ("i64",))
    rows["i32.wrap_i64"] = ("i32", ("i64",))
    rows["i64.extend_i32_s"] = rows["i64.extend_i32_u"] = ("i64", ("i32",))
    rows["f64.promote_f32"] = ("f64", ("f32",))
    rows["f32.demote_f64"] = ("f32", ("f64",))
    return rows


# Name -> (type of the result, types of the operands), of every scalar numeric instruction but constants.
SIGNATURES = _make_signatures()
BY_RESULT = {
    type: tuple((name, params) for name, (result, params) in SIGNATURES.items() if result == type) for type in TYPES
}

# Type -> loads of it, and stores of it, with the number of bytes.
LOADS = {
    "i32": (("i32.load", 4), ("i32.load8_s", 1), ("i32.load8_u", 1), ("i32.load16_s", 2), ("i32.load16_u", 2)),
    "i64": (
        ("i64.load", 8), ("i64.load8_s", 1), ("i64.load8_u", 1), ("i64.load16_s", 2), ("i64.load16_u", 2),
        ("i64.load32_s", 4), ("i64.load32_u", 4),
    ),
    "f32": (("f32.load", 4),),
    "f64": (("f64.load", 8),),
}  # fmt: skip
STORES = {
    "i32": (("i32.store", 4), ("i32.store8", 1), ("i32.store16", 2)),
    "i64": (("i64.store", 8), ("i64.store8", 1), ("i64.store16", 2), ("i64.store32", 4)),
    "f32": (("f32.store", 4),),
    "f64": (("f64.store", 8),),
}


def _edges(width: int) -> tuple[int, ...]:
    found = [0, 1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 100, 127, 128, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 0x10000]
    found += [1 << 30, (1 << 30) - 1, (1 << 30) + 1, (1 << 31) - 1, 1 << 31, (1 << 31) + 1, (1 << 32) - 1]
    if width == 64:
        found += [1 << 32, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, (1 << 24) + 1]
        found += [(1 << 60) - 1, 1 << 60, (1 << 32) + 1, (1 << 33) - 1]
    top = 1 << width
    found += [top - 1, top - 2, top - 127, top - 128, top - 129, top - 0x8000, top - 0x8001]
    return tuple(dict.fromkeys(number & top - 1 for number in found))


# Unsigned integers, and floats by their bits.
EDGES: dict[str, tuple[int, ...]] = {
    "i32": _edges(32),
    "i64": _edges(64),
    "f32": (
        0, 0x3F80_0000, 0x8000_0000, 0xBF80_0000, 0x3F00_0000, 0xBF00_0000, 0x3FC0_0000, 0x4020_0000, 0x0000_0001,
        0x8000_0001, 0x007F_FFFF, 0x0080_0000, 0x7F7F_FFFF, 0xFF7F_FFFF, 0x7F80_0000, 0xFF80_0000, 0x4EFF_FFFF,
        0x4F00_0000, 0xCF00_0000, 0xCF00_0001, 0x4F7F_FFFF, 0x4F80_0000, 0x5EFF_FFFF, 0x5F00_0000, 0xDF00_0000,
        0x5F7F_FFFF, 0x5F80_0000, 0xBF7F_FFFF, 0x4B00_0001, 0x4B80_0000, 0x4AFF_FFFF, 0x3EFF_FFFF, 0x7FC0_0000,
        0xC2C8_0000, 0x42C8_CCCD,
    ),
    "f64": (
        0, 0x3FF0_0000_0000_0000, 1 << 63, 0xBFF0_0000_0000_0000, 0x3FE0_0000_0000_0000, 0xBFE0_0000_0000_0000,
        0x3FF8_0000_0000_0000, 0x4004_0000_0000_0000, 1, 1 << 63 | 1, 0x000F_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000,
        0x7FEF_FFFF_FFFF_FFFF, 0xFFEF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000, 0xFFF0_0000_0000_0000,
        0x41DF_FFFF_FFC0_0000, 0x41E0_0000_0000_0000, 0xC1E0_0000_0000_0000, 0xC1E0_0000_0020_0000,
        0x41EF_FFFF_FFE0_0000, 0x41EF_FFFF_FFFF_FFFF, 0x41F0_0000_0000_0000, 0x43DF_FFFF_FFFF_FFFF,
        0x43E0_0000_0000_0000, 0xC3E0_0000_0000_0000, 0x43EF_FFFF_FFFF_FFFF, 0x43F0_0000_0000_0000,
        0xBFEF_FFFF_FFFF_FFFF, 0x4330_0000_0000_0001, 0x432F_FFFF_FFFF_FFFF, 0x3FDF_FFFF_FFFF_FFFF,
        0x47EF_FFFF_E000_0000, 0x47EF_FFFF_F000_0000, 0x36A0_0000_0000_0000, 0x3690_0000_0000_0000,
        0x3690_0000_0000_0001, 0x7FF8_0000_0000_0000, 0x4009_21FB_5444_2D18,
    ),
}  # fmt: skip


def constant(type: str, bits: int) -> str:
    """The instruction that gives the value, in the text format."""
    if type in ("i32", "i64"):
        return f"({type}.const {bits:#x})"
    width, fraction_bits = (32, 23) if type == "f32" else (64, 52)
    sign = "-" if bits >> width - 1 else ""
    exponent = bits >> fraction_bits & (1 << width - 1 - fraction_bits) - 1
    fraction = bits & (1 << fraction_bits) - 1
    if exponent == (1 << width - 1 - fraction_bits) - 1:
        return f"({type}.const {sign}{f'nan:{fraction:#x}' if fraction else 'inf'})"
    bias = (1 << width - 2 - fraction_bits) - 1
    implied = 1 if exponent else 0
    # 0x0.<fraction> in whole hexadecimal digits.
    padded = fraction << -fraction_bits % 4
    digits = f"{padded:0{(fraction_bits + 3) // 4}x}"
    return f"({type}.const {sign}0x{implied}.{digits}p{max(exponent, 1) - bias:+d})"
