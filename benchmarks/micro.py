"""The small costs: one call in each direction, compiling one instruction, starting a process, its peak memory.

call_costs(engines, rounds=5)   -> {"export call, loop included": {"wasmz O1": 60.1, "python": 38.0, ...}, ...}, ns
compile_costs(rounds=3)         -> {"wasmz O1": 6.1, "pwasm": 19.8}, microseconds an instruction
start_costs(rounds=5)           -> {"sha256": {"wasmz cold": Start(seconds=0.11, peak_bytes=...), ...}, ...}
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import repeat
from pathlib import Path
from time import perf_counter
from types import FunctionType
from typing import Any

from benchmarks.catalogue import KERNELS
from benchmarks.engines import Engine
from benchmarks.timing import measure

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


def large_module() -> bytes | None:
    """A real interpreter of 229 KB that pwasm's package carries, or ``None`` where that is not installed."""
    spec = find_spec("pwasm")
    if spec is None or spec.origin is None:
        return None
    return (Path(spec.origin).parent / "guests" / "mquickjs.wasm").read_bytes()


def compile_costs(rounds: int) -> tuple[int, dict[str, float]]:
    """The number of instructions of :func:`large_module`, and microseconds for each, decoding included.

    wasmz validates as well, pwasm does not.
    """
    import pwasm

    import wasmz
    from wasmz.config import OPT_LEVELS

    wasm = large_module()
    if wasm is None:
        raise ImportError("pwasm is not installed")
    count = sum(len(function.body) for function in pwasm.decode_module(wasm).funcs)
    contenders: dict[str, Callable[[], Any]] = {"pwasm": partial(_translate_with_pwasm, wasm)}
    for level in OPT_LEVELS:
        engine = wasmz.Engine(wasmz.Config(opt_level=level, use_cache=False, eager_compile=True))
        contenders[f"wasmz O{level}"] = partial(wasmz.Module.compile, engine, wasm)
    times = measure(contenders, rounds)
    return count, {name: statistics.median(seconds) / count * 1e6 for name, seconds in times.items()}


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


# Whole processes


@dataclass(frozen=True, slots=True)
class Start:
    """A process that loads a module, makes an instance and calls one function, from start to end."""

    seconds: float
    peak_bytes: int


_PROLOGUE = """
import sys
path, = sys.argv[1:]
data = open(path, "rb").read()
"""
_EPILOGUE = """
import resource
try:
    # The kernel's high-water mark of this program; ru_maxrss would count the parent's pages before exec.
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
except OSError:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(peak)
"""
_BODIES = {
    "python": "",
    "wasmz": """
import wasmz
engine = wasmz.Engine()
module = wasmz.Module.compile(engine, data)
linker = wasmz.Linker(engine)
for item in module.imports:
    linker.define(item.module_name, item.name, lambda *args: 0)
instance = wasmz.Instance(wasmz.Store(engine), module, linker)
if module.exports.get("run"):
    instance.call("run", 0)
""",
    "pwasm": """
import pwasm
module = pwasm.decode_module(data)
imports = {}
for item in module.imports:
    imports.setdefault(item.module, {})[item.name] = lambda *args: 0
instance = pwasm.instantiate(module, imports, mode="compile")
if "run" in instance.exports:
    instance.exports.run(0)
""",
    "wasmtime": """
import wasmtime
engine = wasmtime.Engine()
store = wasmtime.Store(engine)
module = wasmtime.Module(engine, data)
linker = wasmtime.Linker(engine)
linker.define_unknown_imports_as_traps(module)
exports = linker.instantiate(store, module).exports(store)
if "run" in [item.name for item in module.exports]:
    exports["run"](store, 0)
""",
}


def start_costs(rounds: int) -> dict[str, dict[str, Start]]:
    """Whole processes for a small and a large module, with the compilation cache empty ("cold") and filled ("warm")."""
    paths = {"sha256 (1.5 KB)": KERNELS / "sha256" / "kernel.wasm"}
    contenders = [name for name in _BODIES if name == "python" or find_spec(name) is not None]
    results: dict[str, dict[str, Start]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        large = large_module()
        if large is not None:
            paths["mquickjs (229 KB)"] = Path(scratch) / "large.wasm"
            paths["mquickjs (229 KB)"].write_bytes(large)
        for title, path in paths.items():
            results[title] = _start_all(contenders, path, Path(scratch), rounds)
    return results


def _start_all(contenders: Sequence[str], path: Path, scratch: Path, rounds: int) -> dict[str, Start]:
    samples: dict[str, list[Start]] = {}
    for _ in range(rounds):
        for name in contenders:
            with tempfile.TemporaryDirectory(dir=scratch) as cache:
                cached = name in ("wasmz", "pwasm")
                samples.setdefault(f"{name} cold" if cached else name, []).append(_start(name, path, cache))
                if cached:
                    samples.setdefault(f"{name} warm", []).append(_start(name, path, cache))
    return {
        name: Start(statistics.median(s.seconds for s in starts), int(statistics.median(s.peak_bytes for s in starts)))
        for name, starts in samples.items()
    }


def _start(name: str, path: Path, cache: str) -> Start:
    environment = process_environment(cache)
    code = _PROLOGUE + _BODIES[name] + _EPILOGUE
    command = [sys.executable, "-c", code, str(path)]
    started = perf_counter()
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment, cwd=ROOT)
    return Start(perf_counter() - started, int(result.stdout.splitlines()[-1]))


def process_environment(cache: str) -> dict[str, str]:
    """The environment of processes with a cache folder of their own.

    The engines' own modules are compiled already, as they are after an installation.
    """
    environment = {**os.environ, "WASMZ_CACHE_DIR": cache, "PWASM_CACHE_DIR": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir(), "wasmz-benchmark-bytecode"))
    return environment
