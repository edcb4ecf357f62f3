"""Values of all types through components: what comes back, and the bytes that wasmtime makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from tests.component_abi.support import dump, echo, instantiate, parse
from tests.component_abi.types import Made, for_wasmtime, plain, types, values

_SETTINGS = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@_SETTINGS
@given(st.data(), st.sampled_from(["utf8", "utf16", "latin1+utf16"]))
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
@given(st.data())
def test_bytes_are_those_of_wasmtime(data: st.DataObject) -> None:
    wasmtime = pytest.importorskip("wasmtime")
    component = pytest.importorskip("wasmtime.component")
    type = data.draw(types())
    made = Made()
    text = dump(made.text(type), "\n".join(made.definitions))
    ours = instantiate(text).exports.dump
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    theirs = component.Linker(engine).instantiate(store, component.Component(engine, parse(text)))
    function = theirs.get_func(store, "dump")
    their_type = function.type(store).params[-1][1]
    for value in data.draw(st.lists(values(type), min_size=1, max_size=2)):
        try:
            result = function(store, *range(16), for_wasmtime(type, value, their_type))
        except (TypeError, ValueError) as error:
            # Their binding cannot tell some cases of variants apart.
            assert "variant" in str(error).lower(), error
            reject()
        function.post_return(store)
        assert ours(*range(16), value) == bytes(result)
