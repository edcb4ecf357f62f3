"""Random modules behave as in wasmtime: results, traps, memories and globals, at every level."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.differential.affine import generate_affine
from tests.differential.carried import generate_carried
from tests.differential.choices import Choices
from tests.differential.counters import generate_counters
from tests.differential.generator import LEGACY_EXCEPTIONS, PROFILES, generate
from tests.differential.integers import generate_integers
from tests.differential.loops import FUNCTIONS, generate_loops
from tests.differential.oracle import Disagreement, agree, assemble, compare, make_calls
from tests.differential.sequences import FUNCTIONS as SEQUENCE_FUNCTIONS
from tests.differential.sequences import generate_sequences
from tests.differential.smith import find_tool, make_module
from tests.differential.thresholds import without_thresholds
from tests.differential.vector_programs import FUNCTIONS as VECTOR_FUNCTIONS
from tests.differential.vector_programs import generate_vectors
from tests.differential.vocabulary import EDGES, constant

# Bytes of choices for one module, and modules for each profile. pytest prints the seed of a failure (@seed, or
# --hypothesis-seed), hypothesis the bytes.
_BYTES = 1200
_EXAMPLES = {
    "expressions": 20,
    "control": 15,
    "memory": 15,
    "calls": 15,
    "everything": 15,
    "exceptions": 12,
    "loops": 40,
    "sequences": 40,
    "vectors": 20,
    "integers": 16,
    "affine": 15,
    "counters": 30,
}
_GENERATORS = {
    "affine": generate_affine,
    "carried": generate_carried,
    "counters": generate_counters,
    "loops": generate_loops,
    "sequences": generate_sequences,
    "vectors": generate_vectors,
    "integers": generate_integers,
}
# With vectors, few functions have parameters that can be passed.
_SMITH_SEEDS = {"numbers": range(1, 13), "gc": range(1, 13), "exceptions": range(1, 13), "vectors": range(1, 41)}
_SMITH_SEEDS["addresses"] = range(1, 21)


@pytest.mark.parametrize("name", _EXAMPLES)
def test_generated(name: str) -> None:
    @settings(
        max_examples=_EXAMPLES[name],
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.binary(min_size=_BYTES, max_size=_BYTES), seed=st.integers(0, 1 << 32))
    def check(data: bytes, seed: int) -> None:
        text = _GENERATORS[name](data) if name in _GENERATORS else generate(data, PROFILES[name])
        binary = assemble(text)
        try:
            compare(binary, make_calls(binary, seed, 3))
        except BaseException:
            note(text)
            raise

    check()


@pytest.mark.parametrize("name", ["loops", "sequences", "affine", "carried"])
def test_short_loops(name: str) -> None:
    """Loops read from streams, or are done on arrays, however few iterations they have: most have few here."""

    @settings(max_examples=40, database=None, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
    @given(data=st.binary(min_size=_BYTES, max_size=_BYTES), seed=st.integers(0, 1 << 32))
    def check(data: bytes, seed: int) -> None:
        text = _GENERATORS[name](data)
        note(text)
        binary = assemble(text)
        with without_thresholds():
            compare(binary, make_calls(binary, seed, 3), levels=(2,))

    check()


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_values_kept_from_bytes_that_are_stored(kept: int) -> None:
    """An iteration loads a value, and stores to the same bytes; the value is used some iterations later."""
    moves = " ".join(f"(local.set {n} (local.get {n - 1}))" for n in range(3 + kept - 1, 3, -1))
    text = f"""
    (module (memory (export "memory") 1) (data (i32.const 512) "\\07\\91\\d0\\33\\c8\\19\\7f\\80\\fe\\01")
      (func (export "f") (param i32) (result i32 i32 i32 i32) (local i32 i32 i32 i32 i32)
        (local.set 1 (i32.const 512)) (local.set 2 (i32.const 11))
        (loop {moves} (local.set 3 (i32.load8_u (local.get 1)))
          (i32.store8 (local.get 1) (i32.xor (i32.mul (i32.load8_u (local.get 1)) (i32.const 3)) (i32.const 77)))
          (i32.store8 offset=4096 (local.get 1) (local.get {2 + kept}))
          (local.set 1 (i32.add (local.get 1) (i32.const 1)))
          (br_if 0 (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))))
        (local.get 3) (local.get 4) (local.get 5) (local.get 1)))
    """
    with without_thresholds():
        compare(assemble(text), [("f", (0,))], levels=(2,))


@settings(max_examples=8, database=None, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(data=st.binary(min_size=_BYTES, max_size=_BYTES), seed=st.integers(0, 1 << 32))
def test_superseded_exceptions(data: bytes, seed: int) -> None:
    """They do what the final ones do, which wasmtime knows."""
    text = generate(data, LEGACY_EXCEPTIONS, is_legacy=True)
    note(text)
    binary = assemble(generate(data, LEGACY_EXCEPTIONS))
    compare(binary, make_calls(binary, seed, 3), legacy=assemble(text))


@pytest.mark.skipif(find_tool() is None, reason="wasm-tools is missing")
@pytest.mark.parametrize("feature", _SMITH_SEEDS)
def test_smith(feature: str) -> None:
    """Modules of another generator, always the same ones."""
    compared = 0
    for seed in _SMITH_SEEDS[feature]:
        binary = make_module(seed, **{feature: True}) if feature != "numbers" else make_module(seed)
        if binary is not None:
            compared += compare(binary, make_calls(binary, seed, 2))
    assert compared >= len(_SMITH_SEEDS[feature])


def test_differences_are_found() -> None:
    """The comparison itself: values, signs of zero, NaNs, and a module that gives something else each time."""
    assert agree(1, 1) and agree((1, 2.0), (1, 2.0)) and agree(float("nan"), -float("nan"))
    assert not agree(0.0, -0.0)
    assert not agree(1, 1.0)
    assert not agree((1,), (1, 2))
    assert not agree(None, 0)
    binary = assemble('(module (func (export "f") (result i32) (i32.const 1)))')
    assert compare(binary, [("f", ())]) == 1

    numbers = itertools.count(1)

    class Wrong(tuple):  # type: ignore[type-arg]
        """Arguments that change from one use to the next."""

        __slots__ = ()

        def __iter__(self) -> object:  # type: ignore[override]
            return iter((next(numbers),))

    binary = assemble('(module (func (export "f") (param i32) (result i32) (local.get 0)))')
    with pytest.raises(Disagreement, match="f.*gives 2, wasmtime 1"):
        compare(binary, [("f", Wrong())])


@pytest.mark.parametrize("name", PROFILES)
def test_no_bytes_make_a_module(name: str) -> None:
    binary = assemble(generate(b"", PROFILES[name]))
    assert compare(binary, make_calls(binary, 0, 1)) == PROFILES[name].functions


def test_no_bytes_make_loops() -> None:
    binary = assemble(generate_loops(b""))
    assert compare(binary, make_calls(binary, 0, 1)) == FUNCTIONS


def test_no_bytes_make_sequences() -> None:
    binary = assemble(generate_sequences(b""))
    assert compare(binary, make_calls(binary, 0, 1)) == SEQUENCE_FUNCTIONS


def test_no_bytes_make_vectors() -> None:
    binary = assemble(generate_vectors(b""))
    assert compare(binary, make_calls(binary, 0, 1)) == VECTOR_FUNCTIONS


def test_calls_that_take_too_long_are_left_out() -> None:
    text = """(module (global (export "g") (mut i32) (i32.const 0))
      (func (export "long") (loop (global.set 0 (i32.add (global.get 0) (i32.const 1))) (br 0)))
      (func (export "short") (result i32) (global.get 0)))"""
    assert compare(assemble(text), [("short", ()), ("long", ()), ("short", ())]) == 2


def test_constants_are_written_exactly() -> None:
    """What wasmtime's assembler reads is the bits that were meant."""
    for type, patterns in EDGES.items():
        code = {"i32": 0x41, "i64": 0x42, "f32": 0x43, "f64": 0x44}[type]
        for bits in patterns:
            binary = assemble(f"(module (func (drop {constant(type, bits)})))")
            if type in ("f32", "f64"):
                assert bytes([code]) + bits.to_bytes(4 if type == "f32" else 8, "little") in binary
    assert Choices(b"\x07\x01").below(5) == 2


def test_choices_at_the_end_are_the_first_ones() -> None:
    choices = Choices(b"\xff")
    assert not choices.is_spent
    assert choices.chance(1) and choices.is_spent
    assert not choices.chance(99)
    assert choices.pick("abc") == "a"
    assert choices.below(1000) == 0
