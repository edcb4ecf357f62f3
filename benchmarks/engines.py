"""One adapter for each engine: bytes of a module in, its exports as Python callables out.

    engine("wasmz O1").load(wasm, {"env": {"add": operator.add}})  -> {"add": <callable>, "run": <callable>}

An engine whose package is not installed is left out, loudly.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Exports = Mapping[str, Callable[..., Any]]
Imports = Mapping[str, Mapping[str, Callable[..., Any]]]


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine under test.

    Attributes:
        name: how tables call it.
        load: compiles and instantiates a module.
        slow: an interpreter, to be run with a kernel's small size.
    """

    name: str
    load: Callable[[bytes, Imports], Exports]
    slow: bool = False


def available_engines() -> list[Engine]:
    """Every engine that can be imported here, wasmz's highest level first."""
    engines: list[Engine] = []
    for add in (_wasmz_engines, pwasm_engine, _pywasm_engine, _wasmtime_engine):
        try:
            engines += add()
        except ImportError as error:
            print(f"left out: {error} (install the extra: pip install -e '.[bench]')", file=sys.stderr)
    return engines


def _wasmz_engines() -> list[Engine]:
    from wasmz.config import OPT_LEVELS

    return [_wasmz_engine(level) for level in sorted(OPT_LEVELS, reverse=True)]


def limited_engines() -> list[Engine]:
    """wasmz without limits, and with each of those that code could notice."""
    return [
        _wasmz_engine(2),
        _wasmz_engine(2, "fuel", fuel=sys.maxsize),
        _wasmz_engine(2, "time", deadline=3600.0),
    ]


# wasmz's highest level: the standard library only; also with numpy; with fuel; with a deadline.
PLAIN, NUMPY, FUEL, TIME = "wasmz", "wasmz numpy", "wasmz fuel", "wasmz time"


def wasmz_variants(*names: str) -> list[Engine]:
    """Some of the above; all but ``NUMPY`` without numpy."""
    made = {
        PLAIN: _wasmz_engine(2, numpy=False),
        NUMPY: _wasmz_engine(2, numpy=True),
        FUEL: _wasmz_engine(2, fuel=sys.maxsize, numpy=False),
        TIME: _wasmz_engine(2, deadline=3600.0, numpy=False),
    }
    return [Engine(name, made[name].load) for name in names]


def _wasmz_engine(
    level: int, limit: str = "", fuel: int | None = None, deadline: float | None = None, *, numpy: bool = True
) -> Engine:
    import wasmz

    def load(wasm: bytes, imports: Imports) -> Exports:
        config = wasmz.Config(opt_level=level, use_cache=False, eager_compile=True, fuel=fuel, numpy=numpy)
        engine = wasmz.Engine(config)
        module = wasmz.Module.compile(engine, wasm)
        linker = wasmz.Linker(engine)
        for module_name, functions in imports.items():
            for name, function in functions.items():
                linker.define(module_name, name, function)
        store = wasmz.Store(engine)
        if deadline is not None:
            store.set_deadline(deadline)
        exports = wasmz.Instance(store, module, linker).exports
        return _Lookup(lambda name: exports[name])

    return Engine(f"wasmz {limit or f'O{level}'}", load)


def pwasm_engine() -> list[Engine]:
    """The package ``pwasm`` in its compiled mode.

    Raises:
        ImportError: it is not installed.
    """
    import pwasm
    from pwasm import codegen

    codegen.CACHE_DIR = None  # measured apart, as warm start

    def load(wasm: bytes, imports: Imports) -> Exports:
        instance = pwasm.instantiate(pwasm.decode_module(wasm), _as_dicts(imports), mode="compile")
        return _Lookup(lambda name: getattr(instance.exports, name))

    return [Engine("pwasm", load)]


def _pywasm_engine() -> list[Engine]:
    import pywasm

    def load(wasm: bytes, imports: Imports) -> Exports:
        if any(imports.values()):
            raise NotImplementedError("host functions of pywasm are not measured")
        runtime = pywasm.core.Runtime()
        instance = runtime.instance(pywasm.core.ModuleDesc.from_reader(io.BytesIO(wasm)))

        def bind(name: str) -> Callable[..., Any]:
            def call(*args: Any) -> Any:
                results = runtime.invocate(instance, name, list(args))
                return results[0] if results else None

            return call

        return _Lookup(bind)

    return [Engine("pywasm", load, slow=True)]


def _wasmtime_engine() -> list[Engine]:
    import wasmtime

    engine = wasmtime.Engine()

    def load(wasm: bytes, imports: Imports) -> Exports:
        store = wasmtime.Store(engine)
        module = wasmtime.Module(engine, wasm)
        linker = wasmtime.Linker(engine)
        for item in module.imports:
            linker.define_func(item.module, item.name, item.type, imports[item.module][item.name])
        exports = linker.instantiate(store, module).exports(store)

        def bind(name: str) -> Callable[..., Any]:
            function = exports[name]
            return lambda *args: function(store, *args)

        return _Lookup(bind)

    return [Engine("wasmtime", load)]


def _as_dicts(imports: Imports) -> dict[str, dict[str, Any]]:
    return {module: dict(functions) for module, functions in imports.items()}


class _Lookup(dict[str, Callable[..., Any]]):
    """Exports by name, bound on first use; a name that the module lacks is a ``KeyError``."""

    def __init__(self, bind: Callable[[str], Callable[..., Any]]) -> None:
        super().__init__()
        self._bind = bind

    def __missing__(self, name: str) -> Callable[..., Any]:
        try:
            function = self[name] = self._bind(name)
        except (AttributeError, IndexError) as error:
            raise KeyError(name) from error
        return function
