"""Every line of the table of lanes: the vector operation and the operations on its lanes have the same results."""

from __future__ import annotations

import math
import random
import struct
from typing import Any

import pytest

from tests.passes.rule_checks import evaluate
from wasmz.ir.facts import BITS
from wasmz.ir.nodes import Block, Value
from wasmz.passes.rules import generate
from wasmz.passes.rules.generate_lanes import LaneRule, parse_lane_rules, render_lanes
from wasmz.passes.rules.lane_support import COUNTS, SHAPES, Rule, Writer
from wasmz.runtime.link.find_helpers import find_helper
from wasmz.types import ValType

RULES = list(parse_lane_rules((generate.HERE / "lanes.rules").read_text(encoding="utf-8")))
_FORMATS = {"f32": "<f", "f64": "<d"}
_FLOATS = [0.0, -0.0, 1.5, -2.75, 1e9, -3e9, 1e-40, math.inf, -math.inf, math.nan]


def _numbers(shape: str, generator: random.Random) -> list[Any]:
    """Lanes for one vector."""
    if shape in _FORMATS:
        return [
            generator.choice(_FLOATS) if shape == "f64" else _single(generator.choice(_FLOATS))
            for _ in range(COUNTS[shape])
        ]
    bits = BITS[shape]
    edges = [0, 1, 2, (1 << bits) - 1, 1 << (bits - 1), (1 << (bits - 1)) - 1, generator.getrandbits(bits)]
    return [generator.choice(edges) for _ in range(COUNTS[shape])]


def _single(number: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", number))[0])


def _packed(shape: str, lanes: list[Any]) -> int:
    bits = BITS[shape]
    if shape in _FORMATS:
        # Which NaN results is not specified.
        lanes = [math.nan if math.isnan(lane) else lane for lane in lanes]
        return int.from_bytes(b"".join(struct.pack(_FORMATS[shape], lane) for lane in lanes), "little")
    return sum((lane % (1 << bits)) << (bits * place) for place, lane in enumerate(lanes))


def check_lanes(line: LaneRule, rule: Rule) -> None:
    """Asserts that the vector operation gives what its lanes give."""
    generator = random.Random(line.op)
    for _ in range(200):
        writer, block = Writer(), Block()
        known: dict[Value, Any] = {}
        args: list[Any] = []
        whole: list[Any] = []
        for shape in line.shapes:
            if not shape:
                number = generator.choice([0, 1, 5, 31, 32, 33, 63, 64, 255])
                value = Value("local.get", ValType.I32, (), 0, 0, block)
                known[value] = number
                args.append(value)
                whole.append(number)
                continue
            numbers = _numbers(shape, generator)
            lanes = [Value("local.get", SHAPES[shape], (), 0, 0, block) for _ in numbers]
            known.update(zip(lanes, numbers, strict=True))
            args.append(lanes)
            whole.append(_packed(shape, numbers))
        value = Value(line.op, ValType.V128, (), None, 0, block)
        found = [evaluate(lane, known) for lane in rule.emit(writer, value, args, rule.result)]
        wanted = find_helper(line.op.replace(".", "_"))(*whole)
        assert _packed(rule.result, found) == _normal(rule.result, wanted), f"{line.text}: {whole}"


def _normal(shape: str, vector: int) -> int:
    """A vector with one NaN for all."""
    if shape not in _FORMATS:
        return vector
    lanes = struct.iter_unpack(_FORMATS[shape], vector.to_bytes(16, "little"))
    return _packed(shape, [lane for (lane,) in lanes])


def _compiled(text: str) -> list[tuple[LaneRule, Rule]]:
    namespace: dict[str, Any] = {}
    exec(render_lanes(text), namespace)
    return [(line, namespace["RULES"][line.op]) for line in parse_lane_rules(text)]


@pytest.mark.parametrize("line", RULES, ids=[line.op for line in RULES])
def test_lanes_give_what_the_vector_gives(line: LaneRule) -> None:
    from wasmz.passes.rules import lanes

    check_lanes(line, lanes.RULES[line.op])


@pytest.mark.parametrize(
    "text",
    [
        "f32x4.pmin a b = select a b (f32.lt b a) : 1 1",
        "f64x2.relaxed_nmadd a b c = f64.sub (f64.mul a b) c : 1 1",
        "i32x4.min_s a b = select a b (i32.lt_u a b) : 1 1",
        "i64x2.shr_s a n = i64.shr_u a (i64.extend_i32_u n) : 1 1",
        "f32x4.gt a b = f32.ge a b : 1 1",
        "i64x2.extend_low_i32x4_s a = i64.extend_i32_u a : 1 1",
        "i32x4.neg a = i32.sub a 0 : 1 1",
        "f32x4.relaxed_madd a b c = f32.add (f32.mul a c) b : 1 1",
    ],
)
def test_wrong_rules_are_found(text: str) -> None:
    for line, rule in _compiled(text):
        with pytest.raises(AssertionError):
            check_lanes(line, rule)


def test_what_is_no_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="no rule"):
        list(parse_lane_rules("f32x4.nonsense a = f32.neg a : 1 1"))
