"""Configurations: each field is described once, and everything that changes code is part of the cache's key."""

from __future__ import annotations

import copy
import functools
import inspect
import marshal
import pickle
import sys
from pathlib import Path
from typing import Any

import click
import pytest

import wasmz
from tests.differential.oracle import assemble
from tests.support.configuration_page import render_page
from wasmz.artifact.cache import compiler_state
from wasmz.cli.common import engine_options
from wasmz.cli.options import make_engine
from wasmz.compile.on_demand import TierCompiler
from wasmz.compile.pipeline import compile_module
from wasmz.config import OPTIONAL_PASSES, Config, ConfigType, setting
from wasmz.runtime.abi import BASELINE, OPTIMISED
from wasmz.settings import Setting

MODULES = {
    "arrays": """(module (memory 1) (func (export "f") (param $p i32) (loop $next
        (i32.store (local.get $p) (i32.mul (i32.load offset=4096 (local.get $p)) (i32.const 3)))
        (br_if $next (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 4))) (i32.const 4000))))))""",
    "numbers": """
(module (memory 1)
  (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func (export "sum") (param i32) (result i32) (local i32 i32)
    (loop $next
      (local.set 1 (i32.add (local.get 1) (call $double (i32.load (i32.shl (local.get 2) (i32.const 2))))))
      (br_if $next (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (local.get 0))))
    (local.get 1))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))""",
    "vectors": """
(module (func (export "f") (param v128) (result v128) (i32x4.add (local.get 0) (local.get 0))))""",
    "relaxed": """
(module (func (export "f") (param v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))""",
}
# try, catch_all and end of the legacy proposal, for which assemblers need another option.
LEGACY = bytes.fromhex("0061736d01000000 01040160 0000 03020100 0a0a0108 00 0640 01 19 01 0b 0b".replace(" ", ""))
# (i32.const 1) is left on the stack of a function without results.
INVALID = bytes.fromhex("0061736d01000000 01040160 0000 03020100 0a06010400 41010b".replace(" ", ""))

# For each field, a value other than the default.
OTHERS: dict[str, Any] = {
    "opt_level": 0,
    "mem_limit_bytes": 1 << 20,
    "table_limit": 10,
    "fuel": 1_000,
    "eager_compile": True,
    "legacy_exceptions": True,
    "simd": False,
    "relaxed_simd": False,
    "compile_mode": "lazy",
    "max_call_depth": 50,
    "cache_dir": "elsewhere",
    "cache_limit_bytes": 1,
    "use_cache": False,
    "verify": True,
    "disable_passes": ("inline", "values", "conditions"),
    "numpy": False,
    "background_compile": False,
    "_thresholds": (1, 1, 0, 0),
    "_profiling": True,
}


@functools.cache
def sources() -> dict[str, bytes]:
    return {**{name: assemble(text) for name, text in MODULES.items()}, "legacy": LEGACY}


@functools.cache
def by_default() -> dict[str, object]:
    return outcome(Config())


def outcome(config: Config) -> dict[str, object]:
    """The code of modules in all its forms, or how it is refused; and whether a function that is not valid matters."""
    found: dict[str, object] = {}
    for name, data in sources().items():
        try:
            image = compile_module(data, config)
            compiler = TierCompiler(data, config)
            bodies = range(len(image.body_offsets))
            made = [compiler.compile(body, form) for body in bodies for form in (BASELINE, OPTIMISED)]
            codes = [code.parts for code in (*image.functions, *made)]
            found[name] = marshal.dumps(repr_of(codes), 2)
        except wasmz.WasmzError as error:
            found[name] = repr(error)
    lazily = config.replace(use_cache=False, **({} if config.is_lazy else {"compile_mode": "smart"}))
    try:
        wasmz.Module.compile(wasmz.Engine(lazily), INVALID)
        found["invalid"] = None
    except wasmz.InvalidWasm as error:
        found["invalid"] = str(error)
    return found


def repr_of(value: Any) -> Any:
    """Code and what holds it as values that compare by content."""
    if isinstance(value, (tuple, list)):
        return tuple(map(repr_of, value))
    if isinstance(value, dict):
        return tuple((key, repr_of(item)) for key, item in value.items())
    if hasattr(value, "co_code"):
        parts = (value.co_code, value.co_names, value.co_varnames, value.co_exceptiontable, value.co_stacksize)
        return (*parts, repr_of(value.co_consts))
    return value if isinstance(value, (int, float, str, bytes, type(None))) else repr(value)


@pytest.mark.parametrize("field", Config.settings)
def test_all_that_changes_code_is_in_the_key(field: str) -> None:
    if field == "numpy" and not wasmz.config.has_numpy():
        pytest.skip("numpy is not installed: it changes nothing")
    default, other = Config(), Config(**{field: OTHERS[field]})
    assert getattr(other, field) != getattr(default, field)
    changes_code = outcome(other) != by_default()
    assert changes_code is (Config.settings[field].key is not None)
    assert (other.key != default.key) is changes_code
    assert (compiler_state(other) != compiler_state(default)) is changes_code


def test_a_field_must_be_described() -> None:
    with pytest.raises(TypeError, match="speed must be described by setting"):
        ConfigType("Other", (wasmz.config.Record,), {"__annotations__": {"speed": "int"}, "speed": 3})
    with pytest.raises(TypeError, match="speed must be described by setting"):
        ConfigType("Other", (wasmz.config.Record,), {"__annotations__": {"speed": "int"}})
    with pytest.raises(TypeError, match="key"):
        setting(default=1, help="How fast.")  # type: ignore[call-arg]
    assert {*Config.settings} == {*Config.__match_args__} == {*OTHERS}
    for name, about in Config.settings.items():
        assert isinstance(about, Setting) and about.help.endswith(".") and "\n" not in about.help
        assert about.default == getattr(Config(), name)
        about.check(name, about.default)


WRONG = [
    ({"opt_level": 3}, ValueError, r"opt_level must be one of 0, 1, 2, not 3"),
    ({"opt_level": "2"}, TypeError, "opt_level must be an integer, not '2'"),
    ({"opt_level": True}, TypeError, "opt_level must be an integer, not True"),
    ({"opt_level": None}, TypeError, "opt_level must be an integer, not None"),
    ({"simd": 1}, TypeError, "simd must be a bool, not 1"),
    ({"eager_compile": "yes"}, TypeError, "eager_compile must be a bool, not 'yes'"),
    ({"compile_mode": "fast"}, ValueError, "compile_mode must be one of 'smart', 'lazy', 'eager', not 'fast'"),
    ({"compile_mode": b"lazy"}, TypeError, "compile_mode must be a string"),
    ({"fuel": -1}, ValueError, "fuel must be between 0 and"),
    ({"fuel": sys.maxsize + 1}, ValueError, "fuel must be between 0 and"),
    ({"fuel": 1.5}, TypeError, "fuel must be an integer"),
    ({"max_call_depth": 0}, ValueError, "max_call_depth must be at least 1, but is 0"),
    ({"mem_limit_bytes": -1}, ValueError, "mem_limit_bytes must be at least 0, but is -1"),
    ({"cache_dir": 7}, TypeError, "cache_dir must be a path"),
    ({"cache_dir": b"x"}, TypeError, "cache_dir must be a path"),
    ({"disable_passes": "inline"}, ValueError, "disable_passes must be a collection of names, not 'inline'"),
    ({"disable_passes": 5}, TypeError, "disable_passes must be a collection of names, not 5"),
    ({"disable_passes": ["nothing", 3]}, ValueError, "there is no pass 3, nothing to disable"),
    ({"eager_compile": False, "compile_mode": "eager"}, ValueError, "eager_compile=False contradicts"),
    ({"speed": 1}, TypeError, "got speed"),
]


@pytest.mark.parametrize(("settings", "kind", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_values_are_refused(settings: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        Config(**settings)
    with pytest.raises(kind, match=message):
        Config().replace(**settings)


def test_one_knob_for_when_to_compile() -> None:
    eager = Config(compile_mode="eager")
    assert Config(eager_compile=True) == eager != Config() and eager.eager_compile
    assert Config(eager_compile=True, compile_mode="lazy") == eager and not eager.is_lazy
    assert Config(eager_compile=False) == Config() and Config().is_lazy
    assert eager.replace(compile_mode="smart") == Config() == eager.replace(eager_compile=False)
    assert eager.replace(opt_level=0) == Config(compile_mode="eager", opt_level=0)
    for config in (eager, Config(), Config(fuel=1, disable_passes=["values"])):
        assert pickle.loads(pickle.dumps(config)) == copy.copy(config) == config == config.replace()


def test_tier_is_deprecated() -> None:
    for tier, mode in (("eager", "eager"), ("auto", "smart")):
        with pytest.warns(DeprecationWarning, match="compile_mode") as caught:
            config = Config(tier=tier)  # type: ignore[call-arg]
        assert config == Config(compile_mode=mode) and caught[0].filename == __file__
        with pytest.warns(DeprecationWarning, match="compile_mode") as caught:
            assert config.tier == tier
        assert caught[0].filename == __file__
    with (
        pytest.warns(DeprecationWarning, match="tier"),
        pytest.raises(ValueError, match="tier must be one of 'auto', 'eager'"),
    ):
        Config(tier="lazy")  # type: ignore[call-arg]


def test_what_others_are_told() -> None:
    assert Config().changes == Config().limits == {}
    config = Config(fuel=5, mem_limit_bytes=0, max_call_depth=9, use_cache=False, verify=True, cache_dir=Path("x"))
    assert config.limits == {"fuel": 5, "mem_limit_bytes": 0, "max_call_depth": 9}
    assert config.changes == {**config.limits, "verify": True}
    assert Config(**config.changes).key == config.key


def test_a_precompiled_file_brings_its_depth_along(tmp_path: Path) -> None:
    """Code that counts calls is not the code of an engine that does not."""
    from wasmz.artifact.pyc import encode_pyc, hash_source
    from wasmz.compile.parallel import compile_frozen

    data = assemble(
        '(module (func $f (export "f") (param i32) (result i32) (i32.add (call $f (local.get 0)) (i32.const 1))))'
    )
    config = Config(max_call_depth=30)
    image, code = compile_frozen(data, config)
    namespace: dict[str, Any] = {"__name__": "lib"}
    exec(marshal.loads(encode_pyc(image, hash_source(data), code, config.limits)[16:]), namespace)
    with pytest.raises(wasmz.Trap, match="call stack exhausted") as trapped:
        namespace["f"](1)
    assert len(trapped.value.frames) == 30


# The command line


def engine_of(*words: str) -> Config:
    made: list[Config] = []

    @click.command()
    @engine_options
    def command(**options: Any) -> None:
        made.append(make_engine(options).config)

    command.main(list(words), standalone_mode=False)
    return made[0]


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        ("", {}),
        ("--opt-level 0", {"opt_level": 0}),
        ("--mem-limit 3", {"mem_limit_bytes": 3 << 20}),
        ("--table-limit 0 --fuel 0", {"table_limit": 0, "fuel": 0}),
        ("--no-cache --verify --legacy-exceptions", {"use_cache": False, "verify": True, "legacy_exceptions": True}),
        ("--disable-pass inline --disable-pass values", {"disable_passes": ("inline", "values")}),
        ("--eager-compile", {"compile_mode": "eager"}),
        ("--smart-compile", {"compile_mode": "smart"}),
        ("--compile-mode lazy", {"compile_mode": "lazy"}),
        ("--compile-mode lazy --eager-compile", {"compile_mode": "eager"}),
    ],
)
def test_options_of_the_command_line(words: str, settings: dict[str, Any]) -> None:
    assert engine_of(*words.split()) == Config(**settings)


def test_the_option_of_before() -> None:
    for tier, mode in (("eager", "eager"), ("auto", "smart")):
        with pytest.warns(DeprecationWarning, match="--compile-mode"):
            assert engine_of("--tier", tier) == Config(compile_mode=mode)


def test_each_option_is_described_once() -> None:
    @click.command()
    @engine_options
    def command() -> None: ...

    options = {option.name for option in command.params}
    assert options == {name for name, about in Config.settings.items() if about.option} | {"tier"}


def test_what_a_reader_sees() -> None:
    shown = inspect.signature(Config).parameters
    assert list(shown) == [name for name in Config.settings if not name.startswith("_")]
    assert (shown["fuel"].default, shown["fuel"].annotation) == (None, "int | None")
    for name in shown:
        assert f"\n    {name}: {Config.settings[name].help}" in inspect.cleandoc(str(Config.__doc__))
    assert Config.settings["disable_passes"].choices == OPTIONAL_PASSES


@pytest.mark.generated
def test_the_page_is_current() -> None:
    page = (Path(__file__).parent.parent / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == render_page(), "run: python -m tests.support.configuration_page"


def test_the_level_that_was_between_is_the_highest() -> None:
    assert wasmz.Config(opt_level=1) == wasmz.Config()
    assert wasmz.Config(opt_level=1, fuel=3).opt_level == 2
