"""Mutated components: whatever bytes they have, they run, or are refused with one of our errors, soon.

    python -m tests.components.fuzz [--count 10000] [--seed 0]

Seeds are all components of the suite. Bytes are flipped, replaced, removed, repeated and copied from other components,
numbers become large ones; mostly so that the sizes of sections stay right. What is valid is printed as WIT and
instantiated, without imports and with little fuel, and its functions without parameters are called.

Exit status 1 if anything else than our errors comes, 2 if the suite is missing.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import wasmz
from tests.components.building import COMPONENT, whole_section
from tests.components.suite import MISSING, find_suite, list_scripts
from tests.spec.suite import ConversionError, convert
from wasmz.component import Linker
from wasmz.component.binary.decoder import decode_component
from wasmz.component.types import FunctionType
from wasmz.component.validation.validator import validate_component
from wasmz.component.wit import print_wit
from wasmz.errors import InvalidWasm, WasmzError
from wasmz.wasm.reader import read_u32

# A component of the suite takes some milliseconds. One that takes this long makes us do too much.
SLOW_SECONDS = 6.0

_ENGINE = wasmz.Engine(wasmz.Config(fuel=100_000, mem_limit_bytes=1 << 26, cache_dir=None))

_LARGE = (b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x08", b"\xff\x7f", b"\x80\x80\x04")


def seeds() -> list[bytes]:
    """The binary components of the suite, those that are to be refused among them; none without the suite."""
    suite = find_suite()
    found: dict[bytes, None] = {}
    for script in [] if suite is None else list_scripts(suite):
        try:
            converted = convert(script)
        except ConversionError:
            continue
        for command in converted.commands:
            name = command.get("filename", "")
            if name.endswith(".wasm"):
                found[(Path(converted.folder) / name).read_bytes()] = None
    return list(found)


def mutate(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """The bytes after some random changes; mostly in one section, whose size stays right."""
    if chance.random() < 0.15:
        return _changed(data, others, chance)
    bounds = _sections(data)
    if not bounds:
        return _changed(data, others, chance)
    kind, before, start, end = chance.choice(bounds)
    content = data[start:end]
    inner = kind == COMPONENT and chance.random() < 0.8
    content = mutate(content, others, chance) if inner else _changed(content, others, chance)
    return data[:before] + whole_section(kind, content) + data[end:]


def _sections(data: bytes) -> list[tuple[int, int, int, int]]:
    """The outermost sections as (number, where it begins, where its content begins, where that ends)."""
    found = []
    position = 8
    try:
        while position < len(data):
            size, start = read_u32(data, position + 1, len(data))
            found.append((data[position], position, start, start + size))
            position = start + size
    except InvalidWasm:
        pass
    return found


def _changed(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """The bytes after one to four random changes anywhere."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(made) + 1)
        kind = chance.randrange(8)
        length = chance.choice((1, 1, 1, 2, 4, 16))
        if kind == 0:
            made[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1 and at < len(made):
            made[at] ^= 1 << chance.randrange(8)
        elif kind in (2, 3) and at < len(made):
            made[at] = (made[at] + chance.choice((1, -1, 2, -2))) & 0xFF
        elif kind == 4:
            made[at : at + length] = b"" if chance.random() < 0.5 else made[at : at + length] * 2
        elif kind == 5:
            other = chance.choice(others)
            start = chance.randrange(max(len(other), 1))
            made[at : at + length] = other[start : start + length]
        elif kind == 6:
            made[at : at + 1] = chance.choice(_LARGE)
        elif made:
            # Small numbers are indices, sorts and opcodes.
            made[at : at + 1] = bytes([chance.choice((0, 1, 2, 3, 4, 5, 0x11, 0x40, 0x41, 0x42, 0x69, 0x70, 0x72))])
    return bytes(made)


def examine(data: bytes) -> tuple[str, float]:
    """What becomes of a component, with the name of an error of ours if there is one, and the seconds it took.

    Raises:
        Exception: whatever else is raised.
    """
    start = time.process_time()
    try:
        component = decode_component(data)
        validate_component(component)
        print_wit(component)
        outcome = _run(wasmz.Component.compile(_ENGINE, data))
    except WasmzError as error:
        str(error)
        outcome = type(error).__name__
    return outcome, time.process_time() - start


def _run(component: wasmz.Component) -> str:
    """Instantiates a component, and calls what can be called without arguments."""
    try:
        with wasmz.Store(_ENGINE) as store:
            store.set_deadline(SLOW_SECONDS / 2)
            exports = Linker(_ENGINE).instantiate(store, component).exports
            for name, extern in component.exports.items():
                if isinstance(extern, FunctionType) and not extern.params and not extern.is_async:
                    exports[name]()
    except WasmzError as error:
        return f"valid, then {type(error).__name__}"
    return "valid"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.components.fuzz", description="Validate mutated components.")
    parser.add_argument("--count", type=int, default=10_000, help="mutations (default: 10000)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (default: 0)")
    options = parser.parse_args()
    found = seeds()
    if not found:
        print(MISSING, file=sys.stderr)
        return 2
    chance = random.Random(options.seed)
    outcomes: Counter[str] = Counter()
    faults = 0
    slowest = 0.0
    for number in range(options.count):
        data = mutate(chance.choice(found), found, chance)
        try:
            outcome, seconds = examine(data)
        except Exception:
            print(f"mutation {number}: {data.hex()}", file=sys.stderr)
            traceback.print_exc()
            faults += 1
            continue
        if seconds > SLOW_SECONDS:
            print(f"mutation {number} took {seconds:.1f} s: {data.hex()}", file=sys.stderr)
            faults += 1
        slowest = max(slowest, seconds)
        outcomes[outcome] += 1
    counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    print(f"{options.count} mutations of {len(found)} components: {counts}; {faults} faults; slowest {slowest:.3f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
