"""C libraries that others compiled with SIMD: the same calls, and the same bytes in memory, as under wasmtime.

PFFFT, a Fourier transform, RNNoise, a noise filter that is a small neural network, and an encoder of WebP pictures are
fetched by ``python -m benchmarks.build``. The former two compute with singles, whose bits agree where each operation is
rounded as it should be.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import pytest

import wasmz
from benchmarks.fetch import modules_of
from tests.programs.embind import Bindings
from tests.programs.engines import Host, Library, UnderWasmtime, UnderWasmz, copy, copy_and_return
from tests.support.built import built
from wasmz.config import OPT_LEVELS

# Thresholds of the tiers such that the long loops go on in other code while they run.
_CONFIGS = {
    **{f"level {level}": wasmz.Config(opt_level=level, compile_mode="eager", verify=True) for level in OPT_LEVELS},
    "tiers": wasmz.Config(compile_mode="smart", _thresholds=(2, 2, 1, 40), verify=True),
}
Run = Callable[[Library], bytes]


def _sound(count: int, scale: float) -> bytes:
    """Three tones and a click."""
    samples = [math.sin(n / 7) + 0.5 * math.sin(n / 3 + 1) + 0.1 * math.sin(n * n / 90) for n in range(count)]
    samples[count // 3] += 2
    return struct.pack(f"<{count}f", *(scale * sample for sample in samples))


# What emscripten shortened the names of PFFFT's exports to.
_CONSTRUCT, _ALLOCATE, _SETUP, _CONVOLVE, _TRANSFORM, _TRANSFORM_ORDERED = "efknop"
_FORWARD, _BACKWARD = 0, 1


def _transform(library: Library) -> bytes:
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


def _filter_noise(library: Library) -> bytes:
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


# As the package's JavaScript has it, but for the quality, and two passes.
_WEBP = dict.fromkeys(
    """target_size filter_sharpness partitions show_compressed preprocessing autofilter partition_limit
    exact image_hint emulate_jpeg_size low_memory use_delta_palette use_sharp_yuv""".split(), 0
) | {
    "quality": 60.0, "target_PSNR": 0.0,
    "method": 4, "sns_strength": 50, "filter_strength": 60, "filter_type": 1, "segments": 4, "pass": 2,
    "alpha_compression": 1, "alpha_filtering": 1, "alpha_quality": 100, "near_lossless": 100,
}  # fmt: skip


def _picture(width: int, height: int) -> bytes:
    """Coloured rings on a gradient, half transparent at the right."""
    pixels = []
    for y in range(height):
        for x in range(width):
            ring = int(math.hypot(x - 12, y - 9)) % 5
            pixels += [40 * ring, 5 * x, 255 - 7 * y, 255 if x < width // 2 else 128]
    return bytes(pixels)


def _encode_picture(library: Library, bindings: Bindings) -> bytes:
    """The same picture with losses and without."""
    library.call("y")
    found = []
    for lossless in (0, 1):
        picture = bindings.string(library, _picture(40, 24))
        config = bindings.structure(library, "WebPConfig", {**_WEBP, "lossless": lossless})
        bindings.call(library, "encode", picture, 40, 24, config)
        found.append(bindings.made[-1])
    assert all(data[:4] == b"RIFF" and data[8:12] == b"WEBP" for data in found)
    return b"".join(found)


_expected: dict[str, bytes] = {}


def _check(name: str, memory: str, host: Host, run: Run, config: wasmz.Config) -> None:
    (path,) = modules_of(name)
    built(path, name)
    if name not in _expected:
        _expected[name] = run(UnderWasmtime(path, memory, host))
    expected = _expected[name]
    assert len(set(expected)) > 50, "that is hardly a result"
    assert run(UnderWasmz(path, memory, host, config)) == expected


@pytest.mark.parametrize("name", _CONFIGS)
def test_fourier_transform(name: str) -> None:
    _check("pffft", "d", {"c": copy}, _transform, _CONFIGS[name])


@pytest.mark.parametrize("name", _CONFIGS)
def test_noise_filter(name: str) -> None:
    host = {"emscripten_memcpy_big": copy_and_return}
    _check("rnnoise", "memory", host, _filter_noise, _CONFIGS[name])


@pytest.mark.parametrize("name", _CONFIGS)
def test_picture_encoder(name: str) -> None:
    names = {"malloc": "z", "table": "D"}
    letters = dict.fromkeys("motsqdhcbieujl", "nothing") | {
        "n": "value_object", "a": "value_object_field", "f": "function", "w": "get_global", "v": "new",
    }  # fmt: skip

    def encode(library: Library) -> bytes:
        return _encode_picture(library, bindings)

    bindings = Bindings(names)
    host = {letter: getattr(bindings, name) for letter, name in letters.items()} | {"r": copy}
    _check("webp", "x", host, encode, _CONFIGS[name])
