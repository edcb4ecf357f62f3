"""Configurations of engines. Settings can be set, but not read.

config = Config()
config.consume_fuel = True
engine = Engine(config)                         config cannot be used again

Settings that affect how wasmtime makes machine code are checked, and have no effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import wasmz
from wasmz.startup.concurrency import load
from wasmz.wasmtime._error import WasmtimeError
from wasmz.wasmtime._managed import Managed

if TYPE_CHECKING:
    from collections.abc import Callable

V = TypeVar("V")

_STRATEGIES = ("auto", "cranelift")
_OPT_LEVELS = ("none", "speed", "speed_and_size")
_PROFILERS = ("none", "jitdump", "vtune", "perfmap")
# Names of systems and of compilers for the same architecture.
_SAME_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


class Setting(Generic[V]):
    """An attribute that can only be set."""

    def __init__(self, kind: type, doc: str, check: Callable[[Config, V], None] | None = None) -> None:
        """``check`` is called with the value, and stores it."""
        self.__doc__ = f"{doc} It can only be set."
        self._kind = kind
        self._check = check

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __set__(self, config: Config, value: V) -> None:
        config._check_open()
        if self._kind is not object and not isinstance(value, self._kind):
            article = "an" if self._kind is int else "a"
            raise TypeError(f"expected {article} {self._kind.__name__}")
        if self._check is None:
            config._set(self._name, value)
        else:
            self._check(config, value)

    def __get__(self, config: Config | None, owner: type | None = None) -> Any:
        if config is None:
            return self
        raise AttributeError(f"{self._name} can only be set")


def _choice(what: str, choices: tuple[str, ...]) -> Callable[[Config, str], None]:
    def check(config: Config, value: str) -> None:
        if value not in choices:
            raise WasmtimeError(f"unknown {what}: {value}")

    return check


def _check_cache(config: Config, enabled: bool | str) -> None:
    if isinstance(enabled, bool):
        if not enabled:
            raise WasmtimeError("caching cannot be explicitly disabled")
    elif isinstance(enabled, str):
        config._set("cache_dir", _cache_directory(enabled))
    else:
        raise TypeError("expected string or bool")


def _cache_directory(path: str) -> str | None:
    """The directory in a configuration file of wasmtime's cache."""
    load("tomllib")
    import tomllib

    try:
        with open(path, "rb") as file:
            section = tomllib.load(file).get("cache", {})
    except OSError as error:
        raise WasmtimeError(f"failed to read config file: {path}\n\nCaused by:\n    {error}\n") from None
    except ValueError as error:
        raise WasmtimeError(f"failed to parse config file: {path}\n\nCaused by:\n    {error}\n") from None
    directory = section.get("directory") if isinstance(section, dict) else None
    if not (directory is None or isinstance(directory, str)):
        raise WasmtimeError(f"failed to parse config file: {path}\n\nCaused by:\n    directory is not a string\n")
    return directory


def _check_target(config: Config, target: str) -> None:
    load("platform")
    import platform

    architecture = target.partition("-")[0]
    own = platform.machine().lower()
    if architecture != _SAME_ARCHITECTURES.get(own, own):
        raise WasmtimeError(f"Unrecognized architecture: {architecture}")


class Config(Managed[Any]):
    """The configuration of an :class:`Engine`. An engine can be made from it once."""

    def __init__(self) -> None:
        """The default configuration."""
        self._settings: dict[str, Any] = {}

    def _set(self, name: str, value: Any) -> None:
        self._settings[name] = value

    def _take(self) -> dict[str, Any]:
        self._consume()
        return self._settings

    wasm_simd: Setting[bool] = Setting(bool, "Whether vectors are accepted.")
    wasm_relaxed_simd: Setting[bool] = Setting(bool, "Whether relaxed operations on vectors are accepted.")
    consume_fuel: Setting[bool] = Setting(
        bool,
        "Whether code uses fuel: a unit for each call and each iteration of a loop. Stores have none at first; see "
        "``Store.set_fuel``.",
    )
    epoch_interruption: Setting[object] = Setting(
        object, "Whether ``Engine.increment_epoch`` can stop code; see ``Store.set_epoch_deadline``."
    )
    shared_memory: Setting[bool] = Setting(bool, "Whether ``SharedMemory`` can be made.")
    cache: Setting[Any] = Setting(
        object,
        "``True``, or the path of a configuration file of wasmtime's cache, of which the directory counts. What was "
        "compiled is kept in any case.",
        _check_cache,
    )
    strategy: Setting[str] = Setting(
        object, 'Accepted, without effect: ``"auto"`` or ``"cranelift"``.', _choice("strategy", _STRATEGIES)
    )
    cranelift_opt_level: Setting[str] = Setting(
        object,
        'Accepted, without effect: ``"none"``, ``"speed"`` or ``"speed_and_size"``.',
        _choice("opt level", _OPT_LEVELS),
    )
    profiler: Setting[str] = Setting(
        object,
        'Accepted, without effect: ``"none"``, ``"jitdump"``, ``"vtune"`` or ``"perfmap"``.',
        _choice("profiler", _PROFILERS),
    )
    target: Setting[str] = Setting(
        str, "Accepted, without effect, for the architecture of this machine; others are refused.", _check_target
    )
    debug_info: Setting[bool] = Setting(
        bool, "Accepted, without effect: backtraces show what debugging information there is."
    )
    wasm_threads: Setting[bool] = Setting(
        bool, "Accepted, without effect: shared memories and atomic access are always there."
    )
    wasm_tail_call: Setting[bool] = Setting(bool, "Accepted, without effect: tail calls are always there.")
    wasm_reference_types: Setting[bool] = Setting(bool, "Accepted, without effect: reference types are always there.")
    wasm_bulk_memory: Setting[bool] = Setting(
        bool, "Accepted, without effect: bulk memory operations are always there."
    )
    wasm_multi_value: Setting[bool] = Setting(bool, "Accepted, without effect: several results are always there.")
    wasm_multi_memory: Setting[bool] = Setting(bool, "Accepted, without effect: several memories are always there.")
    wasm_memory64: Setting[bool] = Setting(
        bool, "Accepted, without effect: memories with 64-bit addresses are always there."
    )
    wasm_relaxed_simd_deterministic: Setting[bool] = Setting(
        bool, "Accepted, without effect: relaxed operations always do the same (docs/simd.md)."
    )
    wasm_component_model: Setting[bool] = Setting(bool, "Accepted, without effect: components are always there.")
    wasm_component_model_map: Setting[bool] = Setting(bool, "Accepted, without effect: components are always there.")
    wasm_component_model_implements: Setting[bool] = Setting(
        bool, "Accepted, without effect: components are always there."
    )
    wasm_exceptions: Setting[bool] = Setting(bool, "Accepted, without effect: exceptions are always there.")
    wasm_function_references: Setting[bool] = Setting(
        bool, "Accepted, without effect: typed function references are always there."
    )
    wasm_gc: Setting[bool] = Setting(bool, "Accepted, without effect: structures and arrays are always there.")
    wasm_wide_arithmetic: Setting[bool] = Setting(bool, "Accepted, without effect: wide arithmetic is always there.")
    wasm_custom_page_sizes: Setting[bool] = Setting(
        bool, "Accepted, without effect: pages of one byte are always there."
    )
    wasm_stack_switching: Setting[bool] = Setting(
        bool, "Accepted, without effect: there is no stack switching, and modules that use it are refused."
    )
    cranelift_debug_verifier: Setting[bool] = Setting(bool, "Accepted, without effect.")
    parallel_compilation: Setting[bool] = Setting(
        bool, "Accepted, without effect: functions are compiled when they are called."
    )
    gc_support: Setting[bool] = Setting(bool, "Accepted, without effect.")
    cranelift_nan_canonicalization: Setting[bool] = Setting(bool, "Accepted, without effect.")
    memory_may_move: Setting[bool] = Setting(bool, "Accepted, without effect.")
    native_unwind_info: Setting[bool] = Setting(bool, "Accepted, without effect.")
    macos_use_mach_ports: Setting[bool] = Setting(bool, "Accepted, without effect.")
    signals_based_traps: Setting[bool] = Setting(bool, "Accepted, without effect.")
    memory_init_cow: Setting[bool] = Setting(bool, "Accepted, without effect.")
    max_wasm_stack: Setting[int] = Setting(
        int, "Accepted, without effect: how deeply calls may nest is ``wasmz.Config(max_call_depth)``."
    )
    memory_reservation: Setting[int] = Setting(int, "Accepted, without effect.")
    memory_guard_size: Setting[int] = Setting(int, "Accepted, without effect.")
    memory_reservation_for_growth: Setting[int] = Setting(int, "Accepted, without effect.")

    def cranelift_flag_enable(self, flag: str) -> None:
        """Accepted, without effect."""
        self._check_open()
        if not isinstance(flag, str):
            raise TypeError("expected a str")

    def cranelift_flag_set(self, key: str, value: str) -> None:
        """Accepted, without effect."""
        self._check_open()
        if not isinstance(key, str):
            raise TypeError("expected a str for key")
        if not isinstance(value, str):
            raise TypeError("expected a str for value")


def own_config(settings: dict[str, Any]) -> wasmz.Config:
    """The configuration of wasmz for the given settings."""
    return wasmz.Config(
        fuel=0 if settings.get("consume_fuel") else None,
        simd=settings.get("wasm_simd", True),
        relaxed_simd=settings.get("wasm_relaxed_simd", True),
        cache_dir=settings.get("cache_dir"),
    )
