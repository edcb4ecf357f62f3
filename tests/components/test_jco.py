"""Components of the repository ``bytecodealliance/jco``, made from C, Rust and C++, asynchronous ones among them.

``WASMZ_JCO`` names a checkout; nothing of it is kept here. The components check what their hosts give them, and trap if
it is wrong; what they give is compared here with known answers. Of the asynchronous ones some were made by an older
wit-bindgen, which waits alone for waitables that are in a set: that is a trap by the specification as it is now.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import wasmz
from wasmz.component import ComponentError, Err, Linker, Ok, WrongValue

_FOLDERS = ("packages/jco-transpile/test/fixtures/components", "packages/jco/test/fixtures/components")
_ROCKETS = "🚀🚀🚀 𠈄𓀀"
_LIMITS = {8: (0, 2**8 - 1), 16: (0, 2**16 - 1), 32: (0, 2**32 - 1), 64: (0, 2**64 - 1)}
_LARGEST_F32 = 3.4028234663852886e38
_LARGEST_F64 = 1.7976931348623157e308
_INFINITY = float("inf")

Link = Callable[..., Any]


@pytest.fixture
def link() -> Iterator[Link]:
    """Instantiates a component by its file's name, with WASI and other hosts by interface; gives its exports."""
    folder = os.environ.get("WASMZ_JCO")
    if folder is None:
        pytest.skip("the components of jco are missing: set WASMZ_JCO to a checkout of bytecodealliance/jco")
    with wasmz.Store(wasmz.Engine()) as store:

        def linked(name: str, hosts: dict[str, Any] | None = None) -> Any:
            found = [path for part in _FOLDERS if (path := Path(folder, part, name)).is_file()]
            assert found, f"{name} is not in {folder}"
            linker = Linker(store.engine)
            linker.define_wasi()
            for interface, host in (hosts or {}).items():
                linker.define(interface, host)
            return linker.instantiate(store, wasmz.Component.compile(store.engine, found[0])).exports

        yield linked


class _Expecting:
    """A host whose functions expect arguments and give results: ``name=((arguments), result)``."""

    def __init__(self, **answers: tuple[tuple[Any, ...], Any]) -> None:
        self.answers = answers
        self.called: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self.answers:
            raise AttributeError(name)
        expected, result = self.answers[name]

        def answer(*arguments: Any) -> Any:
            self.called.append(name)
            assert expected == arguments, name
            return result

        return answer


def test_numbers_and_options_are_their_own_hosts(link: Link) -> None:
    """What one instance exports is what another one imports: directly, and through Python's values."""
    for file, interface in (
        ("runtime/numbers.component.wasm", "test:numbers/test"),
        ("runtime/options.component.wasm", "test:options/test"),
    ):
        nothing = _Nothing()
        first = link(file, {interface: nothing})
        link(file, {interface: first[interface]}).test_imports()
        through = {name: _forward(item) for name, item in first[interface].items() if callable(item)}
        link(file, {interface: through}).test_imports()


class _Nothing:
    """A host that is never called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def refuse(*arguments: Any) -> Any:
            raise AssertionError(name)

        return refuse


def _forward(function: Callable[..., Any]) -> Callable[..., Any]:
    def forward(*arguments: Any) -> Any:
        return function(*arguments)

    return forward


def test_lists(link: Link) -> None:
    answers: dict[str, tuple[tuple[Any, ...], Any]] = {
        "empty_list_param": ((b"",), None),
        "empty_string_param": (("",), None),
        "empty_list_result": ((), b""),
        "empty_string_result": ((), ""),
        "list_param": ((bytes([1, 2, 3, 4]),), None),
        "list_param2": (("foo",), None),
        "list_param3": ((["foo", "bar", "baz"],), None),
        "list_param4": (([["foo", "bar"], ["baz"]],), None),
        "list_param5": (([(1, 2, 3), (4, 5, 6)],), None),
        "list_result": ((), bytes([1, 2, 3, 4, 5])),
        "list_result2": ((), "hello!"),
        "list_result3": ((), ["hello,", "world!"]),
    }
    for bits, (low, high) in _LIMITS.items():
        signed = [-(1 << bits - 1), (1 << bits - 1) - 1]
        pair = (bytes([low, high]) if bits == 8 else [low, high], signed)
        answers[f"list_minmax{bits}"] = (pair, pair)
    floats = (
        [-_LARGEST_F32, _LARGEST_F32, -_INFINITY, _INFINITY],
        [-_LARGEST_F64, _LARGEST_F64, -_INFINITY, _INFINITY],
    )
    answers["list_minmax_float"] = (floats, floats)
    host = _Expecting(**answers)
    host.list_roundtrip = host.string_roundtrip = lambda x: x
    host.list_param_large = lambda x: None if len(x) == 1000 else pytest.fail("not 1,000 strings")
    exports = link("runtime/lists.component.wasm", {"test:lists/test": host})
    before = exports.allocated_bytes()
    exports.test_imports()
    assert set(host.called) == set(answers)
    lists = exports["test:lists/test"]
    lists.list_param_large(["blah"] * 1000)
    lists.list_param4([["foo", "bar"], ["baz"]])
    assert lists.empty_list_result() == b""
    assert lists.list_result3() == ["hello,", "world!"]
    assert lists.list_roundtrip(memoryview(b"..1234..")[2:6]) == b"1234"
    for text in ("x", "", "hello ⚑ world"):
        assert lists.string_roundtrip(text) == text
    assert exports.allocated_bytes() == before


def test_records_and_flags(link: Link) -> None:
    host = _Expecting(multiple_results=((), (4, 5)))
    host.swap_tuple = lambda pair: (pair[1], pair[0])
    host.roundtrip_flags1 = host.roundtrip_flags2 = host.roundtrip_record1 = host.tuple1 = lambda x: x
    host.roundtrip_flags3 = lambda *flags: flags
    exports = link("runtime/records.component.wasm", {"test:records/test": host})
    exports.test_imports()
    records = exports["test:records/test"]
    assert records.multiple_results() == (100, 200)
    assert records.swap_tuple((1, 2)) == (2, 1)
    for flags in ([], ["a"], ["a", "b"]):
        got = records.roundtrip_flags1(flags)
        assert [label for label in "ab" if label in got] == flags
    got = records.roundtrip_record1({"a": 8, "b": ["b"]})
    assert (got.a, "a" in got.b, "b" in got.b) == (8, False, True)
    assert records.tuple1((1,)) == (1,)


def test_variants(link: Link) -> None:
    def roundtrip_result(given: Ok | Err) -> float:
        if isinstance(given, Err):
            raise ComponentError(round(given.value))
        return given.value

    host = _Expecting(variant_enums=((True, Ok(None), "success"), (False, Err(None), "a")))
    host.roundtrip_option = lambda x: None if x is None else int(x)
    host.roundtrip_result = roundtrip_result
    host.roundtrip_enum = host.variant_casts = host.variant_zeros = lambda x: x
    host.invert_bool = lambda x: not x
    host.variant_typedefs = lambda *given: None
    exports = link("runtime/variants.component.wasm", {"test:variants/test": host})
    exports.test_imports()
    variants = exports["test:variants/test"]
    assert [variants.roundtrip_option(item) for item in (1, None, 2)] == [1, None, 2]
    assert variants.roundtrip_result(Ok(4)) == 4
    with pytest.raises(ComponentError) as failed:
        variants.roundtrip_result(Err(5.2))
    assert failed.value.payload == 5
    for case, values in (("a", (1, 2, 3, 4, 5, 6)), ("b", (1, 2.5, 3.5, 4.5, 5.5, 6.5))):
        got = variants.variant_casts([(case, value) for value in values])
        assert [(item.case, item.value) for item in got] == [(case, value) for value in values]
    assert [item.case for item in variants.variant_zeros(["b"] * 4)] == ["b"] * 4


def test_nested_values_and_failures(link: Link) -> None:
    failures = iter([ComponentError("b")])

    def errno_result() -> None:
        for failure in failures:
            raise failure

    host = _Expecting(
        f_list_in_record2=((), {"a": "list_in_record2"}),
        f_list_in_record3=(({"a": "list_in_record3 input"},), {"a": "list_in_record3 output"}),
        f_list_in_record4=(({"a": "input4"},), {"a": "result4"}),
        f_list_in_variant1=(("foo", Err("bar")), None),
        f_list_in_variant2=((), "list_in_variant2"),
        f_list_in_variant3=(("input3",), "output3"),
        list_typedefs=(("typedef1", ["typedef2"]), (b"typedef3", ["typedef4"])),
        list_of_variants=(
            ([True, False], [Ok(None), Err(None)], ["success", "a"]),
            ([False, True], [Err(None), Ok(None)], ["a", "b"]),
        ),
    )
    for name in ("f_list_in_record3", "f_list_in_record4"):
        host.answers[name] = ((_Attributes(**host.answers[name][0][0]),), host.answers[name][1])
    host.f_list_in_record1 = lambda x: None
    host.errno_result = errno_result
    exports = link("runtime/flavorful.component.wasm", {"test:flavorful/test": host})
    exports.test_imports()
    assert set(host.called) == set(host.answers)
    flavorful = exports["test:flavorful/test"]
    flavorful.f_list_in_record1({"a": "list_in_record1"})
    assert flavorful.f_list_in_record3({"a": "list_in_record3 input"}).a == "list_in_record3 output"
    assert flavorful.f_list_in_variant3("input3") == "output3"
    with pytest.raises(ComponentError) as failed:
        flavorful.errno_result()
    assert failed.value.payload == "b"
    assert flavorful.list_typedefs("typedef1", ["typedef2"]) == (b"typedef3", ["typedef4"])


class _Attributes:
    """Equal to any object with these attributes."""

    def __init__(self, **attributes: Any) -> None:
        self.attributes = attributes

    def __eq__(self, other: object) -> bool:
        return all(getattr(other, name) == value for name, value in self.attributes.items())

    __hash__ = None  # type: ignore[assignment]


def test_strings_and_many_arguments(link: Link) -> None:
    host = _Expecting(take_basic=(("latin utf16",), None), return_unicode=((), _ROCKETS))
    strings = link("runtime/strings.component.wasm", {"test:strings/imports": host})
    strings.test_imports()
    assert set(host.called) == {"take_basic", "return_unicode"}
    assert [strings.roundtrip(text) for text in ("str", _ROCKETS)] == ["str", _ROCKETS]
    assert strings.return_empty() == ""
    many = tuple(range(1, 17))
    for file in ("runtime/many-arguments.component.wasm", "runtime/many_arguments.component.wasm"):
        counting = _Expecting(many_arguments=(many, None))
        link(file, {"imports": counting}).many_arguments(*many)
        assert counting.called == ["many_arguments"]


class _Thing:
    """A host's resource, which keeps a number; ``open`` is how many there are."""

    open = 0

    def __init__(self, number: int) -> None:
        self.number = number
        _Thing.open += 1

    def foo(self) -> int:
        return self.number

    def bar(self, number: int) -> None:
        self.number = number

    get_a = foo
    set_a = bar

    @classmethod
    def add(cls, one: _Thing, number: int) -> _Thing:
        one.close()  # it is the host's now
        return cls(one.number + number)

    @classmethod
    def baz(cls, one: _Thing, other: _Thing) -> _Thing:
        one.close()
        other.close()
        return cls(one.number + other.number)

    def close(self) -> None:
        _Thing.open -= 1


@pytest.fixture
def thing() -> Iterator[type[_Thing]]:
    """The class, of which no object may be left."""
    _Thing.open = 0
    yield _Thing
    assert _Thing.open == 0


def test_resources_checked_by_the_component(link: Link, thing: type[_Thing]) -> None:
    exports = link("runtime/resources.component.wasm", {"imports": {"y": thing}})["exports"]
    exports.test_imports()
    with exports.Z(10) as one, exports.Z(20) as other, exports.add(one, other) as both:
        assert (one.get_a(), both.get_a()) == (10, 30)
        before = exports.Z.num_dropped()
    assert exports.Z.num_dropped() == before + 3
    x = exports.X(5)
    x.set_a(10)
    with exports.X.add(x, 7) as sum:
        assert sum.get_a() == 17
    with pytest.raises(WrongValue, match="self: the X is closed"):
        x.get_a()
    assert exports.KebabCase.take_owned(exports.KebabCase(36)) == 36


def test_resources_that_wrap_the_host_s(link: Link, thing: type[_Thing]) -> None:
    """The component's own resource passes to the host's what it gets and 1 or 3 more, and gives back 2 or 4 more."""
    interface = "test:resource-import-and-export/test"
    file = "runtime/resource_import_and_export.component.wasm"
    exports = link(file, {interface: {"thing": thing}, "thing": thing, "toplevel-import": lambda item: item})
    wrapping = exports[interface].Thing
    one, other = wrapping(42), wrapping(1)
    assert one.foo() == 42 + 1 + 2
    one.bar(33)
    assert one.foo() == 33 + 3 + 2
    with wrapping.baz(one, other) as both:
        assert both.foo() == (33 + 3) + (1 + 1) + 4 + 1 + 2
    host_s = thing(7)
    with_it = exports.toplevel_export(host_s)
    assert with_it.number == 7
    with_it.close()


def _run(call: Callable[[], Any]) -> Any:
    async def limited() -> Any:
        return await asyncio.wait_for(call(), 60)

    return asyncio.run(limited())


async def _answer(text: str) -> str:
    await asyncio.sleep(0.001)
    return f"{text} - entered host - exited host"


@pytest.mark.parametrize("kind", ["stackful", "synchronous", "stackless-sync-import"])
def test_round_trip(link: Link, kind: str) -> None:
    """Guest, host, guest, with a coroutine of the host's."""
    file = f"p3/round-trip/async-round-trip-{kind}.wasm"
    exports = link(file, {"local:local/baz": {"foo": _answer}})
    got = _run(lambda: exports["local:local/baz"].foo("hello"))
    assert got == "hello - entered guest - entered host - exited host - exited guest"


@pytest.mark.parametrize(
    ("caller", "callee", "interface"),
    [
        ("general/async-post-return-caller", "general/async-post-return-callee", "local:local/post-return"),
        (
            "error-context/async-error-context-caller",
            "error-context/async-error-context-callee",
            "local:local/run-result",
        ),
    ],
)
def test_pair(link: Link, caller: str, callee: str, interface: str) -> None:
    """One component calls another."""
    first = link(f"p3/{callee}.wasm")
    exports = link(f"p3/{caller}.wasm", {interface: first[interface]})
    _run(exports["local:local/run"].run)


def test_two_calls_that_meet_in_a_future(link: Link) -> None:
    """The first call reads what the second one writes."""
    run = link("p3/general/async-intertask-communication.wasm")["local:local/run"].run
    _run(lambda: asyncio.gather(run(), run()))


def test_a_call_that_waits_for_a_later_one(link: Link) -> None:
    run = link("p3/general/async-intertask-communication.wasm")["local:local/run"].run

    async def one_after_the_other() -> None:
        first = asyncio.ensure_future(run())
        await asyncio.sleep(0.05)
        await asyncio.gather(first, run())

    _run(one_after_the_other)
    with pytest.raises(wasmz.Trap, match="deadlock"):
        asyncio.run(run())


def test_context_and_backpressure_without_tasks(link: Link) -> None:
    context = link("p3/context-sync/component.wasm")
    context.push_context(42)
    assert context.pull_context() == 0  # each call has its own
    pressed = link("p3/backpressure-sync/component.wasm")
    pressed.inc_backpressure()
    pressed.dec_backpressure()
