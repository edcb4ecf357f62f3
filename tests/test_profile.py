"""Profiles: what is counted, how it is used, and that profiles of other modules are refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.differential.oracle import assemble
from wasmz.codegen.lowering.control import likely_cases
from wasmz.compile.front_end import validate
from wasmz.compile.pipeline import ModuleCompiler, compile_module
from wasmz.compile.profile import BadProfile, Profile, collect_profile, load_profile, module_hash, save_profile
from wasmz.ir.verifier import verify_function
from wasmz.irbuild.profiling import FunctionProfile, annotate, order_blocks
from wasmz.runtime.link.compiled_module import CompiledModule

ROOT = Path(__file__).resolve().parent.parent

TEXT = """
(module
  (func $odd (param i32) (result i32) (i32.and (local.get 0) (i32.const 1)))
  (func $unused (result i32) (i32.const 3))
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (loop $next
      (block $end (block $d (block $c (block $b (block $a
        (br_table $a $b $c $d $end (i32.rem_u (local.get $n) (i32.const 13))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 1))) (br $end))
        (local.set $sum (i32.add (local.get $sum) (i32.const 20))) (br $end))
        (local.set $sum (i32.xor (local.get $sum) (i32.const 300))) (br $end))
        (local.set $sum (i32.add (local.get $sum) (i32.const 4000))))
      (if (call $odd (local.get $n)) (then (local.set $sum (i32.add (local.get $sum) (i32.const 7)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 2)))
      (br_if $next (i32.gt_s (local.get $n) (i32.const 0))))
    (local.get $sum)))
"""


@pytest.fixture(scope="module")
def binary() -> bytes:
    return assemble(TEXT)


@pytest.fixture(scope="module")
def profile(binary: bytes) -> Profile:
    """Of a run with 1300 rounds of the loop."""
    engine = wasmz.Engine(wasmz.Config(compile_mode="smart", _profiling=True, verify=True))
    instance = wasmz.Instance(wasmz.Store(engine), wasmz.Module.compile(engine, binary))
    assert instance.exports.run(2599) == run(compile_module(binary, wasmz.Config()), 2599)
    return collect_profile(instance, binary)


def run(image: Any, count: int) -> int:
    engine = wasmz.Engine()
    result: int = wasmz.Instance(wasmz.Store(engine), CompiledModule(engine, image)).exports.run(count)
    return result


def test_counts(profile: Profile) -> None:
    assert profile.functions == {
        0: FunctionProfile(1300, (), ()),
        # The switch, the condition, and the back edge.
        2: FunctionProfile(1, (1300,), ((100, 100, 100, 100, 900), (1300, 0), (1299, 1))),
    }


def test_written_and_read(profile: Profile, binary: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    save_profile(path, profile)
    assert load_profile(path, binary) == profile
    first = path.read_bytes()
    save_profile(path, load_profile(path, binary))
    assert path.read_bytes() == first


@pytest.mark.parametrize("level", [0, 2])
def test_code_that_uses_it_does_the_same(profile: Profile, binary: bytes, level: int) -> None:
    config = wasmz.Config(opt_level=level, verify=True)
    image = compile_module(binary, config, profile=profile)
    plain = compile_module(binary, config)
    for count in (1, 2, 26, 999):
        assert run(image, count) == run(plain, count)
    assert image == compile_module(binary, config, profile=profile)
    # Functions that were never called are not optimised.
    assert image.functions[1].code == compile_module(binary, wasmz.Config(opt_level=0)).functions[1].code


def test_likely_cases_come_first(binary: bytes) -> None:
    compiler = ModuleCompiler(binary, validate(binary), wasmz.Config())
    function = compiler.build_index(2)
    (switch,) = (block.terminator for block in function.blocks if block.terminator.op == "switch")
    assert likely_cases(switch) == []
    counts = ((10, 600, 5, 300, 40), (1, 1), (1, 1))
    assert annotate(function, FunctionProfile(1, (955,), counts))
    assert likely_cases(switch) == [1, 3]
    order_blocks(function)
    verify_function(function)
    position = function.blocks.index(switch.edges[1].block)
    assert function.blocks[position - 1].terminator is switch


def test_counts_of_something_else_are_not_used(binary: bytes) -> None:
    compiler = ModuleCompiler(binary, validate(binary), wasmz.Config())
    assert not annotate(compiler.build_index(2), FunctionProfile(1, (), ((1, 2),)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"module": "00"}, "is for another module: 00, not "),
        ({"version": 2}, "is a profile of version 2, not 1"),
        ({"format": "x"}, "is not a profile"),
        ({"functions": []}, "has no functions"),
        ({"functions": {"x": {}}}, "'x' is not a function"),
        ({"functions": {"1": {"calls": -1, "loops": [], "branches": []}}}, "the entry of function 1 is malformed"),
        ({"functions": {"1": {"calls": 1, "loops": [True], "branches": []}}}, "the entry of function 1 is malformed"),
        ({"functions": {"1": {"calls": 1, "loops": [], "branches": [3]}}}, "the entry of function 1 is malformed"),
        ({"functions": {"1": 5}}, "the entry of function 1 is malformed"),
    ],
)
def test_bad_profiles(binary: bytes, tmp_path: Path, change: dict[str, Any], message: str) -> None:
    good = {"format": "wasmz profile", "version": 1, "module": module_hash(binary), "functions": {}}
    path = tmp_path / "p.json"
    path.write_text(json.dumps({**good, **change}), encoding="utf-8")
    with pytest.raises(BadProfile, match=message):
        load_profile(path, binary)
    path.write_text(json.dumps(good), encoding="utf-8")
    assert load_profile(path, binary).functions == {}


@pytest.mark.parametrize("content", [b"", b"[", b"[]", b"\xff\xfe", b"3"])
def test_what_is_no_profile_at_all(binary: bytes, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(BadProfile, match="is not a profile"):
        load_profile(path, binary)


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wasmz", *words], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )


def test_commands(binary: bytes, tmp_path: Path) -> None:
    module, profile, output = tmp_path / "m.wasm", tmp_path / "p.json", tmp_path / "m.pyc"
    module.write_bytes(binary)
    done = command("run", "--profile-out", str(profile), str(module), "--invoke", "run", "2599")
    assert done.stderr == f"{profile}: 2 functions were called\n"
    assert load_profile(profile, binary).functions[2].loops == (1300,)
    assert command("compile", "--profile-use", str(profile), str(module), "-o", str(output)).returncode == 0
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import m; print(m.run(2599))"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=120, check=True
    )
    assert ran.stdout == done.stdout
    module.write_bytes(assemble("(module)"))
    refused = command("compile", "--profile-use", str(profile), str(module), "-o", str(output))
    assert refused.returncode == 1
    assert "is for another module" in refused.stderr
