"""Every benchmark kernel computes on wasmz what its hand-written version computes."""

from __future__ import annotations

import pytest

import wasmz
from benchmarks.catalogue import kernel_names, load_kernel, module_of
from benchmarks.timing import geometric_mean, measure, paired_ratio
from tests.support.built import built
from wasmz.config import OPT_LEVELS


@pytest.mark.parametrize("opt_level", OPT_LEVELS)
@pytest.mark.parametrize("name", kernel_names())
def test_kernel(name: str, opt_level: int) -> None:
    built(module_of(name), name)
    kernel = load_kernel(name)
    engine = wasmz.Engine(wasmz.Config(opt_level=opt_level, verify=True, use_cache=False))
    module = wasmz.Module.compile(engine, kernel.wasm)
    instance = wasmz.Instance(wasmz.Store(engine), module, wasmz.Linker(engine))
    run = kernel.prepare_wasm(instance.exports, kernel.small_size)
    assert kernel.same_result(run(), kernel.prepare_python(kernel.small_size)())


def test_timing() -> None:
    calls = []
    times = measure({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=2)
    assert calls == ["a", "b", "b", "a"]
    assert [len(seconds) for seconds in times.values()] == [2, 2]
    assert paired_ratio([4.0, 6.0, 5.0], [2.0, 2.0, 1.0]) == 3.0
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4.0)
