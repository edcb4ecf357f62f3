"""Values of all types through components: what comes back, and the bytes that wasmtime makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from tests.component_abi.support import dump, echo, flat, instantiate, parse, passed
from tests.component_abi.types import Made, flattened, for_wasmtime, plain, types, values

_ENCODINGS = ["utf8", "utf16", "latin1+utf16"]
_SETTINGS = settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@_SETTINGS
@given(st.data(), st.sampled_from(_ENCODINGS))
def test_values_come_back(data: st.DataObject, encoding: str) -> None:
    type = data.draw(types())
    made = Made()
    text = echo(made.text(type), "\n".join(made.definitions), encoding)
    seen = []

    def host(*arguments: Any) -> Any:
        seen.append(arguments)
        return arguments[-1], 7

    exports = instantiate(text, host=host).exports
    for value in data.draw(st.lists(values(type), min_size=1, max_size=3)):
        result, number = exports.echo(*range(16), value)
        assert (plain(type, result), number) == (value, 7)
        arguments = seen.pop()
        assert arguments[:16] == tuple(range(16))
        assert plain(type, arguments[16]) == value


@_SETTINGS
@given(st.data(), st.sampled_from(_ENCODINGS), st.sampled_from(_ENCODINGS))
def test_values_pass_between_components(data: st.DataObject, outer: str, inner: str) -> None:
    type = data.draw(types(named=False))
    exports = instantiate(passed(f"(tuple {'u32 ' * 16}{Made().text(type)})", outer, inner)).exports
    for value in data.draw(st.lists(values(type), min_size=1, max_size=3)):
        result = exports.echo((*range(16), value))
        assert (result[:16], plain(type, result[16])) == (tuple(range(16)), value)


@_SETTINGS
@given(st.data())
def test_values_pass_as_core_values(data: st.DataObject) -> None:
    type = data.draw(types())
    seen = []

    def host(value: Any) -> Any:
        seen.append(value)
        return value

    exports = instantiate(_flat(type), host=host).exports
    for value in data.draw(st.lists(values(type), min_size=1, max_size=3)):
        assert plain(type, exports.echo(value)) == value
        assert plain(type, seen.pop()) == value


@_SETTINGS
@given(st.data())
def test_bytes_are_those_of_wasmtime(data: st.DataObject) -> None:
    type = data.draw(types())
    made = Made()
    text = dump(made.text(type), "\n".join(made.definitions))
    _compare(type, text, [*range(16)], data)


@_SETTINGS
@given(st.data())
def test_core_values_are_those_of_wasmtime(data: st.DataObject) -> None:
    type = data.draw(types())
    _compare(type, _flat(type), [], data)


def _flat(type: Any) -> str:
    """The component that passes values of a type as core values, if they are few enough."""
    cores = flattened(type)
    # A function's own `result` returns or raises.
    if len(cores) > 15 or type[0] == "result":
        reject()
    made = Made()
    return flat(made.text(type), cores, cores if len(cores) == 1 else [], "\n".join(made.definitions))


def _compare(type: Any, text: str, before: list[int], data: st.DataObject) -> None:
    """Compares what `dump` gives for values with what it gives under wasmtime; other parameters come before these."""
    wasmtime = pytest.importorskip("wasmtime")
    component = pytest.importorskip("wasmtime.component")
    ours = instantiate(text, host=lambda value: value).exports.dump
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    linker = component.Linker(engine)
    with linker.root() as root:
        root.add_func("host", lambda _, value: value)
    theirs = linker.instantiate(store, component.Component(engine, parse(text)))
    function = theirs.get_func(store, "dump")
    their_type = function.type(store).params[-1][1]
    for value in data.draw(st.lists(values(type), min_size=1, max_size=2)):
        try:
            result = function(store, *before, for_wasmtime(type, value, their_type))
        except (TypeError, ValueError) as error:
            # Their binding cannot tell some cases of variants apart.
            assert "variant" in str(error).lower(), error
            reject()
        function.post_return(store)
        assert ours(*before, value) == bytes(result)
