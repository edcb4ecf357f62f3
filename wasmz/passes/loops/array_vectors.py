"""The numpy expressions for vectors of integers: an array has 16 bytes for each iteration, viewed as lanes.

VECTOR_OPERATIONS["i16x8.max_s"]   ->  "maximum({0}.view(i2),{1}.view(i2)).view(u1)"

An operand that the loop does not change is one row of 16 bytes, which numpy repeats. Vectors of floats were split into
numbers before (`passes/lanes.py`).
"""

from __future__ import annotations

from itertools import pairwise

from wasmz.ir.facts import INTEGER_CONSTANTS
from wasmz.ir.nodes import Value

# Shapes, and the bytes of a lane.
_SHAPES = (("i8x16", 1), ("i16x8", 2), ("i32x4", 4), ("i64x2", 8))
_COMPARISONS = (("eq", "=="), ("ne", "!="), ("lt", "<"), ("gt", ">"), ("le", "<="), ("ge", ">="))


def shifts_by_constant(value: Value) -> bool:
    """Whether the number of bits is the same in all iterations."""
    return value.args[1].op in INTEGER_CONSTANTS


def _of_shape(shape: str, size: int) -> dict[str, str]:
    u, i = f"u{size}", f"i{size}"
    one, other, signed, other_signed = f"{{0}}.view({u})", f"{{1}}.view({u})", f"{{0}}.view({i})", f"{{1}}.view({i})"
    found = {
        "add": f"({one}+{other})",
        "sub": f"({one}-{other})",
        "neg": f"(-{one})",
        "abs": f"absolute({signed})",
    }
    if size > 1:
        found["mul"] = f"({one}*{other})"
    if size < 8:
        for name, function in (("min", "minimum"), ("max", "maximum")):
            found[f"{name}_u"] = f"{function}({one},{other})"
            found[f"{name}_s"] = f"{function}({signed},{other_signed})"
    for name, symbol in _COMPARISONS:
        if name in ("eq", "ne"):
            found[name] = f"(-({one}{symbol}{other}).astype({i}))"
            continue
        found[f"{name}_s"] = f"(-({signed}{symbol}{other_signed}).astype({i}))"
        if size < 8:
            found[f"{name}_u"] = f"(-({one}{symbol}{other}).astype({i}))"
    if size < 4:
        wide, low, high = f"{2 * size}", -(1 << 8 * size - 1), (1 << 8 * size - 1) - 1
        found["avgr_u"] = f"(({one}.astype(u{wide})+{other}+u{wide}(1))>>u{wide}(1)).astype({u})"
        found["add_sat_u"] = f"minimum({one}.astype(u{wide})+{other},u{wide}({(1 << 8 * size) - 1})).astype({u})"
        found["sub_sat_u"] = f"(maximum({one},{other})-{other})"
        for name, symbol in (("add_sat_s", "+"), ("sub_sat_s", "-")):
            exact = f"{signed}.astype(i{wide}){symbol}{other_signed}"
            found[name] = f"minimum(maximum({exact},i{wide}({low})),i{wide}({high})).astype({i})"
        # Made from lanes of twice the width.
        both = f"join({{0}},{{1}}).view(i{wide})"
        found[f"narrow_{_NARROWED[size]}_s"] = f"minimum(maximum({both},i{wide}({low})),i{wide}({high})).astype({i})"
        found[f"narrow_{_NARROWED[size]}_u"] = (
            f"minimum(maximum({both},i{wide}(0)),i{wide}({(1 << 8 * size) - 1})).astype({u})"
            if size == 1
            else f"minimum(maximum({both},i4(0)),i4(65535)).astype(u2)"
        )
    return {f"{shape}.{name}": f"{text}.view(u1)" for name, text in found.items()}


_NARROWED = {1: "i16x8", 2: "i32x4"}


def _operations() -> dict[str, str]:
    found: dict[str, str] = {}
    for shape, size in _SHAPES:
        found.update(_of_shape(shape, size))
    for (narrow, size), (wide, _) in pairwise(_SHAPES):
        lanes = 8 // size
        for sign, kind in (("s", "i"), ("u", "u")):
            for half, part in (("low", f"[...,:{lanes}]"), ("high", f"[...,{lanes}:]")):
                view = [f"{{{n}}}.view({kind}{size}){part}.astype({kind}{2 * size})" for n in (0, 1)]
                found[f"{wide}.extend_{half}_{narrow}_{sign}"] = f"{view[0]}.view(u1)"
                found[f"{wide}.extmul_{half}_{narrow}_{sign}"] = f"({view[0]}*{view[1]}).view(u1)"
            if size < 4:
                found[f"{wide}.extadd_pairwise_{narrow}_{sign}"] = (
                    f"add_pairs({{0}}.view({kind}{size}).astype({kind}{2 * size}))"
                )
    for name, symbol in (("and", "&"), ("or", "|"), ("xor", "^")):
        found[f"v128.{name}"] = f"({{0}}.view(u8){symbol}{{1}}.view(u8)).view(u1)"
    found["v128.andnot"] = "({0}.view(u8)&~{1}.view(u8)).view(u1)"
    found["i32x4.dot_i16x8_s"] = "add_pairs({0}.view(i2).astype(i4)*{1}.view(i2).astype(i4))"
    rounded = "({0}.view(i2).astype(i4)*{1}.view(i2).astype(i4)+i4(16384))>>i4(15)"
    found["i16x8.q15mulr_sat_s"] = f"minimum({rounded},i4(32767)).astype(i2).view(u1)"
    found["i8x16.swizzle"] = "swizzle({0},{1})"
    for shape, size in _SHAPES:
        found[f"{shape}.splat"] = f"splat({{0}},u{size})"
    # Loads of less than a vector: what they make of a number.
    for bits in (32, 64):
        found[f"v128.zero{bits}"] = "first_lane({0})"
    for size in (1, 2, 4):
        for sign, kind in (("s", "i"), ("u", "u")):
            found[f"v128.wide{8 * size}_{sign}"] = f"widen({{0}},{kind}{size}).astype({kind}{2 * size}).view(u1)"
    # Made from numbers, for vectors that were split.
    found["i32x4.pack"] = "pack_lanes({0},{1},{2},{3})"
    found["i64x2.pack"] = "pack_lanes({0},{1})"
    found["v128.not"] = "(~{0}.view(u8)).view(u1)"
    found["v128.bitselect"] = "(({0}.view(u8)&{2}.view(u8))|({1}.view(u8)&~{2}.view(u8))).view(u1)"
    return found


def _shifts() -> dict[str, str]:
    found = {}
    for shape, size in _SHAPES:
        for name, symbol, kind in (("shl", "<<", "u"), ("shr_u", ">>", "u"), ("shr_s", ">>", "i")):
            count = f"({{1}}&u4({8 * size - 1})).astype({kind}{size})"
            found[f"{shape}.{name}"] = f"({{0}}.view({kind}{size}){symbol}{count}).view(u1)"
    return found


VECTOR_OPERATIONS = _operations()
VECTOR_SHIFTS = _shifts()
# These have their immediate as an operand: the places of bytes in two vectors, or the number of a lane.
VECTOR_SHUFFLES = {
    **{f"{shape}.replace_lane": f"with_lane({{0}},{{1}},u{size},{{2}})" for shape, size in _SHAPES},
    "i8x16.shuffle": "take(join({0},{1}),{2})",
    # A shuffle of one vector.
    "v128.permute": "take({0},{1})",
    "i8x16.extract_lane_u": "{0}[...,{1}].astype(u4)",
    "i8x16.extract_lane_s": "{0}.view(i1)[...,{1}].astype(i4).view(u4)",
    "i16x8.extract_lane_u": "{0}.view(u2)[...,{1}].astype(u4)",
    "i16x8.extract_lane_s": "{0}.view(i2)[...,{1}].astype(i4).view(u4)",
    "i32x4.extract_lane": "{0}.view(u4)[...,{1}].copy()",
    "i64x2.extract_lane": "{0}.view(u8)[...,{1}].copy()",
}

# The same of a vector that is changed in place, as nothing else uses it: one that these have made.
LANE_WRITES = {f"{shape}.replace_lane": f"write_lane({{0}},{{1}},u{size},{{2}})" for shape, size in _SHAPES}
NEW_VECTORS = frozenset(f"{shape}.{name}" for shape, _ in _SHAPES for name in ("splat", "replace_lane"))

# Load of less than a vector -> the load of a number, and what makes a vector of it. Those of a lane have the vector as
# another operand; stores of a lane store a number, which the second operation takes out of the vector.
_NUMBERS = ((8, "i32.load8_u", "i32.store8", "i8x16"), (16, "i32.load16_u", "i32.store16", "i16x8"),
            (32, "i32.load", "i32.store", "i32x4"), (64, "i64.load", "i64.store", "i64x2"))  # fmt: skip
PARTIAL_LOADS = {
    **{f"v128.load{bits}_splat": (plain, f"{shape}.splat") for bits, plain, _, shape in _NUMBERS},
    **{f"v128.load{bits}_lane": (plain, f"{shape}.replace_lane") for bits, plain, _, shape in _NUMBERS},
    **{f"v128.load{bits}_zero": (plain, f"v128.zero{bits}") for bits, plain, _, _ in _NUMBERS[2:]},
    **{
        f"v128.load{bits}x{64 // bits}_{sign}": ("i64.load", f"v128.wide{bits}_{sign}")
        for bits in (8, 16, 32)
        for sign in "su"
    },
}
PARTIAL_STORES = {
    f"v128.store{bits}_lane": (plain, f"{shape}.extract_lane{'_u' if bits < 32 else ''}")
    for bits, _, plain, shape in _NUMBERS
}

# How many vectors are combined lane by lane into a parameter -> the function, and the type of the lanes.
VECTOR_TOTALS = {
    **{f"{shape}.add": ("add", f"u{size}") for shape, size in _SHAPES},
    **{
        f"{shape}.{name}_{sign}": (f"{name}imum", f"{'i' if sign == 's' else 'u'}{size}")
        for shape, size in _SHAPES[:3]
        for name in ("min", "max")
        for sign in "su"
    },
    "v128.and": ("bitwise_and", "u8"),
    "v128.or": ("bitwise_or", "u8"),
    "v128.xor": ("bitwise_xor", "u8"),
}
