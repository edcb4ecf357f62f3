"""Values of the scripts' JSON form, to and from Python, exact to the bit.

    to_python({"type": "f32", "value": "2141192192"})         -> a float that holds that signalling NaN
    mismatch({"type": "f64", "value": "nan:canonical"}, 1.5)  -> "expected f64 nan:canonical, got 0x3ff8000000000000"

Numbers are decimal: i32 and i64 signed or unsigned, f32 and f64 as the bit pattern. Null is ``"null"``; references to
host objects are numbered; an expected reference without a value stands for any that is not null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import wasmz

_LANE_BITS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "f32": 32, "f64": 64}
# Quiet NaN of each width: canonical is exactly this (sign aside), arithmetic has at least these bits.
_QUIET = {"f32": 0x7FC0_0000, "f64": 0x7FF8_0000_0000_0000}
_SIGN = {"f32": 1 << 31, "f64": 1 << 63}


@dataclass(frozen=True, slots=True)
class HostObject:
    """The host object that a script calls by a number; equal numbers are the same object."""

    number: int


def to_python(value: dict[str, Any]) -> Any:
    """The argument that a script writes, as the public API takes it."""
    kind, written = value["type"], value.get("value")
    if kind in ("i32", "i64"):
        return _signed(kind, written)
    if kind == "f32":
        return wasmz.f32_from_bits(int(written))
    if kind == "f64":
        return wasmz.f64_from_bits(int(written))
    if kind == "v128":
        return _vector_bytes(value["lane_type"], written)
    if written in (None, "null"):
        return None
    return HostObject(int(written))


def results_mismatch(expected: list[dict[str, Any]], result: Any) -> str | None:
    """Why ``result`` of a call is not what ``expected`` says, or ``None`` if it is."""
    if not expected:
        return None if result is None else f"expected no result, got {result!r}"
    found = (result,) if len(expected) == 1 else result
    if not isinstance(found, tuple) or len(found) != len(expected):
        return f"expected {len(expected)} results, got {result!r}"
    return next((why for want, got in zip(expected, found, strict=True) if (why := mismatch(want, got))), None)


def mismatch(expected: dict[str, Any], got: Any) -> str | None:
    """Why the one value ``got`` is not what ``expected`` says, or ``None`` if it is."""
    kind, written = expected["type"], expected.get("value")
    if kind == "either":
        reasons = [mismatch(choice, got) for choice in expected["values"]]
        return None if None in reasons else f"none of: {'; '.join(map(str, reasons))}"
    if kind in ("i32", "i64"):
        same = type(got) is int and got == _signed(kind, written)
        return None if same else f"expected {kind} {written}, got {got!r}"
    if kind in ("f32", "f64"):
        if type(got) is not float:
            return f"expected {kind}, got {got!r}"
        bits = wasmz.f32_bits(got) if kind == "f32" else wasmz.f64_bits(got)
        return None if _float_agrees(kind, written, bits) else f"expected {_float_text(kind, written)}, got {bits:#x}"
    if kind == "v128":
        return _vector_mismatch(expected["lane_type"], written, got)
    return _reference_mismatch(kind, written, got)


def _signed(kind: str, written: str) -> int:
    """An integer as Python has it; ``wast2json`` writes unsigned ones."""
    sign = 1 << int(kind[1:]) - 1
    return (int(written) & 2 * sign - 1 ^ sign) - sign


def _float_agrees(kind: str, written: str, bits: int) -> bool:
    quiet = _QUIET[kind]
    if written == "nan:canonical":
        return bits & ~_SIGN[kind] == quiet
    if written == "nan:arithmetic":
        return bits & quiet == quiet
    return bits == int(written)


def _float_text(kind: str, written: str) -> str:
    return f"{kind} {written}" if written.startswith("nan") else f"{kind} {int(written):#x}"


def _vector_bytes(lane_type: str, lanes: list[str]) -> bytes:
    bits = _LANE_BITS[lane_type]
    return b"".join((int(lane) & (1 << bits) - 1).to_bytes(bits // 8, "little") for lane in lanes)


def _vector_mismatch(lane_type: str, lanes: list[str], got: Any) -> str | None:
    if not isinstance(got, bytes) or len(got) != 16:
        return f"expected v128, got {got!r}"
    size = _LANE_BITS[lane_type] // 8
    for index, lane in enumerate(lanes):
        bits = int.from_bytes(got[index * size : (index + 1) * size], "little")
        if lane_type.startswith("f"):
            agrees = _float_agrees(lane_type, lane, bits)
        else:
            agrees = bits == int(lane) & (1 << size * 8) - 1
        if not agrees:
            return f"lane {index}: expected {lane_type} {lane}, got {bits:#x}"
    return None


def _reference_mismatch(kind: str, written: str | None, got: Any) -> str | None:
    if written == "null" or kind.startswith("null") or kind == "refnull":
        return None if got is None else f"expected a null {kind}, got {got!r}"
    if written is None:
        return None if got is not None else f"expected a {kind}, got null"
    return None if got == HostObject(int(written)) else f"expected {kind} {written}, got {got!r}"
