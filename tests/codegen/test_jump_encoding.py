"""Encoded jumps lead where they should, whatever was encoded before: parts of them are kept."""

from __future__ import annotations

import dis
import random

import pytest

from wasmz.baseline.rows import current_rows
from wasmz.codegen.layout import encode_jump
from wasmz.codegen.targets.base import ALWAYS, AT_END, IF_FALSE, IF_TRUE

EDGES = (0, 1, 5, 255, 256, 257, 1000, 65_535, 65_536, 65_537, 16_777_215, 16_777_216)
BACKWARD = [(when, -distance) for when in (ALWAYS, IF_TRUE, IF_FALSE) for distance in EDGES if distance]
FORWARD = [(when, distance) for when in (ALWAYS, IF_TRUE, IF_FALSE, AT_END) for distance in EDGES]


def leads(encoded: bytes) -> list[tuple[str, int]]:
    """The jumps in it, each with the code units from the end of ``encoded`` to its target."""
    found, argument, start = [], 0, 0
    while start < len(encoded):
        name = dis.opname[encoded[start]]
        argument = argument << 8 | encoded[start + 1]
        start += 2
        if name == "EXTENDED_ARG":
            continue
        if name != "CACHE":
            end = start + 2 * (current_rows().target.jump_sizes[name] - 1)
            distance = -argument if "BACKWARD" in name else argument
            found.append((name, (end - len(encoded)) // 2 + distance))
        argument = 0
    return found


@pytest.mark.parametrize("seed", range(3))
def test_jumps_lead_to_their_labels(seed: int) -> None:
    target = current_rows().target
    target.jumps.clear()
    target.far_jumps.clear()
    opposite = {IF_TRUE: IF_FALSE, IF_FALSE: IF_TRUE}
    cases = [(when, distance, extra) for when, distance in FORWARD + BACKWARD for extra in (0, 1)] * 2
    random.Random(seed).shuffle(cases)
    for when, distance, extra in cases:
        size = abs(distance)
        sizes = target.forward_sizes if distance >= 0 else target.backward_sizes
        units = sizes[when] + (size > 0xFF) + (size > 0xFFFF) + (size > 0xFFFFFF) + extra
        encoded = encode_jump(when, distance, units, target)
        assert len(encoded) == 2 * units
        if distance >= 0:
            assert leads(encoded) == [(target.forward_jumps[when], distance)]
        elif when is ALWAYS:
            assert leads(encoded) == [(target.backward_jump, distance)]
        else:
            around = (target.forward_jumps[opposite[when]], 0)
            assert leads(encoded) == [around, (target.backward_jump, distance)]
