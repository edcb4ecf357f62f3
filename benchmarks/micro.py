"""The small costs: one call in each direction, and compiling one instruction.

call_costs(engines, rounds=5)   -> {"export call, loop included": {"wasmz O2": 60.1, "python": 38.0, ...}, ...}, ns
compile_costs(rounds=3)         -> {"mquickjs": {"baseline": [1.4, ...], "pwasm": [8.1, ...], ...}, ...}, us
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from itertools import repeat
from pathlib import Path
from time import process_time
from types import FunctionType
from typing import Any

from benchmarks.engines import Engine
from benchmarks.timing import measure
from wasmz.compile.on_demand import TierCompiler
from wasmz.config import Config
from wasmz.runtime.abi import BASELINE, OPTIMISED, CodeForm

CALLS = Path(__file__).parent / "micro" / "calls.wasm"
ROOT = Path(__file__).parent.parent
# Short rounds, many of them: the shortest one is the one that nothing else on the machine disturbed.
CALL_COUNT = 2_000
ROUNDS_FACTOR = 10


def call_costs(engines: Sequence[Engine], rounds: int) -> dict[str, dict[str, float]]:
    """Nanoseconds of one call of an export, with the loop around the calls and without, and of one call from wasm to a
    Python function, without.

    The shortest of many interleaved rounds; ``python`` is the call of an ordinary Python function with the same body.
    """
    wasm = CALLS.read_bytes()
    loaded = {engine.name: engine.load(wasm, {"env": {"add": _add}}) for engine in engines if not engine.slow}
    inward: dict[str, Callable[[], Any]] = {"loop": partial(_loop, CALL_COUNT), "python": _caller(_add)}
    outward: dict[str, Callable[[], Any]] = {}
    for name, exports in loaded.items():
        inward[name] = _caller(exports["add"])
        outward[name] = partial(exports["call_host"], CALL_COUNT)
        outward[f"{name} loop"] = partial(exports["call_none"], CALL_COUNT)
    for warm_up in (*inward.values(), *outward.values()):
        warm_up()
    rounds *= ROUNDS_FACTOR
    inward_times = {name: min(times) for name, times in measure(inward, rounds).items()}
    outward_times = {name: min(times) for name, times in measure(outward, rounds).items()}
    each = 1e9 / CALL_COUNT
    loop = inward_times.pop("loop")
    with_loop = {name: seconds * each for name, seconds in inward_times.items()}
    export_call = {name: (seconds - loop) * each for name, seconds in inward_times.items()}
    host_call = {name: (outward_times[name] - outward_times[f"{name} loop"]) * each for name in loaded}
    return {
        "export call, loop included": with_loop,
        "export call, loop subtracted": export_call,
        "host call, loop subtracted": {"python": export_call["python"], **host_call},
    }


def _add(a: int, b: int) -> int:
    return a + b


def _loop(count: int) -> None:
    for _ in repeat(None, count):
        pass


def _caller(function: Callable[[int, int], Any]) -> Callable[[], None]:
    """A loop of its own for each callee: CPython specialises a place that calls for the function called there."""
    return partial(FunctionType(_call.__code__.replace(co_name="call_one"), globals()), function)


def _call(function: Callable[[int, int], Any]) -> None:
    for _ in repeat(None, CALL_COUNT):
        function(1, 2)


# Compiling


def large_module_path() -> Path | None:
    """A real interpreter of 229 KB that pwasm's package carries, or ``None`` where that is not installed."""
    return _guests().get("mquickjs")


def _guests() -> dict[str, Path]:
    """The real interpreters that pwasm's package carries: none where that is not installed."""
    spec = find_spec("pwasm")
    folder = None if spec is None or spec.origin is None else Path(spec.origin).parent / "guests"
    return {} if folder is None else {name: folder / f"{name}.wasm" for name in ("mquickjs", "micropython", "quickjs")}


def compile_costs(rounds: int) -> dict[str, dict[str, list[float]]]:
    """By module, for each compiler, microseconds of CPU time an instruction in each round, decoding included.

    wasmz validates as well, pwasm does not. Level 2 takes long: only the smallest module is compiled with it.
    """
    import pwasm

    costs: dict[str, dict[str, list[float]]] = {}
    for name, path in _guests().items():
        wasm = path.read_bytes()
        count = sum(len(function.body) for function in pwasm.decode_module(wasm).funcs)
        contenders = {
            "baseline": partial(_compile, wasm, BASELINE),
            "pwasm": partial(_translate_with_pwasm, wasm),
        }
        if not costs:
            contenders["level 2"] = partial(_compile, wasm, OPTIMISED)
        times = measure(contenders, rounds, clock=process_time)
        costs[name] = {kind: [seconds / count * 1e6 for seconds in found] for kind, found in times.items()}
    if not costs:
        raise ImportError("pwasm is not installed")
    return costs


def _compile(wasm: bytes, form: CodeForm) -> None:
    compiler = TierCompiler(wasm, Config(use_cache=False))
    for body in compiler.module.bodies:
        compiler.compile(body.index, form)


def _translate_with_pwasm(wasm: bytes) -> None:
    import pwasm
    from pwasm import codegen
    from pwasm.runtime import WasmFunction

    codegen.CACHE_DIR = None
    module = pwasm.decode_module(wasm)
    imports: dict[str, dict[str, Any]] = {}
    for item in module.imports:
        imports.setdefault(item.module, {})[item.name] = _ignore
    for function in pwasm.instantiate(module, imports, mode="compile").functions:
        if isinstance(function, WasmFunction) and function.pyfunc is None:
            codegen.compile_to_python(function)


def _ignore(*_: Any) -> int:
    return 0
