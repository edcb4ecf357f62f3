"""C libraries that others compiled with SIMD: the same calls, and the same bytes in memory, as under wasmtime.

PFFFT, a Fourier transform, is in `libraries/`; RNNoise, a noise filter that is a small neural network, is fetched (see
`registry.py`). They compute with singles, whose bits agree where each operation is rounded as it should be.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wasmz
from tests.programs.registry import path_of
from wasmz.config import OPT_LEVELS

LIBRARIES = Path(__file__).parent / "libraries"
# Thresholds of the tiers such that the long loops go on in other code while they run.
_CONFIGS = {
    **{f"level {level}": wasmz.Config(opt_level=level, tier="eager", verify=True) for level in OPT_LEVELS},
    "tiers": wasmz.Config(tier="auto", _thresholds=(2, 2, 1, 40), verify=True),
}
Run = Callable[["UnderWasmtime | UnderWasmz"], bytes]


def _is_copy(params: int) -> bool:
    """Of what the libraries import only ``memcpy`` is called; it has three parameters."""
    return params == 3


class UnderWasmtime:
    """An instance in wasmtime."""

    def __init__(self, path: Path, memory: str) -> None:
        wasmtime: Any = pytest.importorskip("wasmtime")
        self.store = wasmtime.Store()
        module = wasmtime.Module.from_file(self.store.engine, str(path))
        imports = [wasmtime.Func(self.store, item.type, self._host(item.type)) for item in module.imports]
        self.exports = wasmtime.Instance(self.store, module, imports).exports(self.store)
        self.memory = self.exports[memory]

    def _host(self, type: Any) -> Callable[..., Any]:
        def host(*args: int) -> Any:
            assert _is_copy(len(args))
            self.write(args[0], self.read(args[1], args[2]))
            return args[0] if list(type.results) else None

        return host

    def call(self, name: str, *args: float) -> Any:
        return self.exports[name](self.store, *args)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.memory.read(self.store, address, address + size))

    def write(self, address: int, data: bytes) -> None:
        self.memory.write(self.store, data, address)


class UnderWasmz:
    """An instance in wasmz."""

    def __init__(self, path: Path, memory: str, config: wasmz.Config) -> None:
        engine = wasmz.Engine(config)
        store, linker = wasmz.Store(engine), wasmz.Linker(engine)
        module = wasmz.Module.compile(engine, path)
        for item in module.imports:
            assert isinstance(item.type, wasmz.FuncType)
            linker.define(
                item.module_name,
                item.name,
                wasmz.HostFunc(self._host(item.type), item.type.params, item.type.results),
            )
        self.exports = wasmz.Instance(store, module, linker).exports
        self.memory: wasmz.Memory = self.exports[memory]

    def _host(self, type: wasmz.FuncType) -> Callable[..., Any]:
        def host(*args: int) -> Any:
            assert _is_copy(len(args))
            self.write(args[0], self.read(args[1], args[2]))
            return args[0] if type.results else None

        return host

    def call(self, name: str, *args: float) -> Any:
        return self.exports[name](*args)

    def read(self, address: int, size: int) -> bytes:
        return self.memory.read(address, size)

    def write(self, address: int, data: bytes) -> None:
        self.memory.write(address, data)


def _sound(count: int, scale: float) -> bytes:
    """Three tones and a click."""
    samples = [math.sin(n / 7) + 0.5 * math.sin(n / 3 + 1) + 0.1 * math.sin(n * n / 90) for n in range(count)]
    samples[count // 3] += 2
    return struct.pack(f"<{count}f", *(scale * sample for sample in samples))


# What emscripten shortened the names of PFFFT's exports to.
_CONSTRUCT, _ALLOCATE, _SETUP, _CONVOLVE, _TRANSFORM, _TRANSFORM_ORDERED = "efknop"
_FORWARD, _BACKWARD = 0, 1


def _transform(library: UnderWasmtime | UnderWasmz) -> bytes:
    """Transforms of several lengths, real and complex: forwards in both orders, convolved with themselves, and back."""
    library.call(_CONSTRUCT)
    found = []
    for is_complex, count in ((0, 32), (0, 96), (1, 80), (1, 16), (0, 480)):
        setup = library.call(_SETUP, count, is_complex)
        size = 4 * count * (1 + is_complex)
        first, second, work = (library.call(_ALLOCATE, size) for _ in range(3))
        library.write(first, _sound(size // 4, 1.0))
        library.write(work, bytes(size))
        library.call(_TRANSFORM_ORDERED, setup, first, second, work, _FORWARD)
        found.append(library.read(second, size))
        library.call(_TRANSFORM, setup, first, second, work, _FORWARD)
        library.write(first, bytes(size))
        library.call(_CONVOLVE, setup, second, second, first, 1.0 / count)
        library.call(_TRANSFORM, setup, first, first, work, _BACKWARD)
        found.append(library.read(first, size))
    return b"".join(found)


def _filter_noise(library: UnderWasmtime | UnderWasmz) -> bytes:
    """Two frames of sound, and how likely each is speech."""
    library.call("__wasm_call_ctors")
    state, count = library.call("rnnoise_create", 0), library.call("rnnoise_get_frame_size")
    buffer = library.call("malloc", 4 * count)
    sound = _sound(2 * count, 3000.0)
    found = []
    for start in (0, 4 * count):
        library.write(buffer, sound[start : start + 4 * count])
        likely = library.call("rnnoise_process_frame", state, buffer, buffer)
        found += [struct.pack("<f", likely), library.read(buffer, 4 * count)]
    return b"".join(found)


_expected: dict[str, bytes] = {}


def _check(name: str, path: Path, memory: str, run: Run, config: wasmz.Config) -> None:
    if name not in _expected:
        _expected[name] = run(UnderWasmtime(path, memory))
    expected = _expected[name]
    assert len(set(expected)) > 50, "that is hardly a result"
    assert run(UnderWasmz(path, memory, config)) == expected


@pytest.mark.parametrize("name", _CONFIGS)
def test_fourier_transform(name: str) -> None:
    _check("pffft", LIBRARIES / "pffft.wasm", "d", _transform, _CONFIGS[name])


@pytest.mark.parametrize("name", _CONFIGS)
def test_noise_filter(name: str) -> None:
    _check("rnnoise", path_of("rnnoise"), "memory", _filter_noise, _CONFIGS[name])
