"""embind: what C++ registers, as Python functions and classes; bad registrations end in one error."""

from __future__ import annotations

import gc
import inspect
import sys
from typing import Any

import pytest

import wasmz
from tests.interop.embind_modules import (
    BOOL,
    DOUBLE,
    INT,
    LONG,
    STRING,
    UNSIGNED,
    VAL,
    VOID,
    WIDE,
    Source,
    counters,
)
from wasmz import importer
from wasmz.interop.embind import session


def test_numbers() -> None:
    source = Source()
    source.expose("add", [INT, INT, INT], "(param i32 i32 i32) (result i32) (i32.add (local.get 1) (local.get 2))")
    source.expose("add", [INT, INT], "(param i32 i32) (result i32) (i32.add (local.get 1) (i32.const 1))")
    source.expose("small", [UNSIGNED, UNSIGNED], "(param i32 i32) (result i32) (i32.add (local.get 1) (i32.const 256))")
    source.expose("long", [LONG, LONG], "(param i32 i64) (result i64) (i64.sub (local.get 1) (i64.const 1))")
    source.expose("half", [DOUBLE, DOUBLE], "(param i32 f64) (result f64) (f64.mul (local.get 1) (f64.const 0.5))")
    source.expose("nothing", [VOID, BOOL], "(param i32 i32)")
    source.expose("not", [BOOL, BOOL], "(param i32 i32) (result i32) (i32.eqz (local.get 1))")
    source.register("_embind_register_constant", source.text("LIMIT"), INT, 42)
    lib = source.bind()
    assert (lib.add(2, 3), lib.add(-5), lib.small(7), lib.long(-(2**63) + 1), lib.half(5)) == (5, -4, 7, -(2**63), 2.5)
    assert lib.nothing(True) is None and getattr(lib, "not")(False) is True and lib.LIMIT == 42
    assert lib.add.__doc__ == "add(arg0: int) -> int\nadd(arg0: int, arg1: int) -> int"
    assert str(inspect.signature(lib.half)) == "(arg0: 'float', /) -> 'float'"
    assert repr(lib.half) == "<function half(arg0: float) -> float>" and lib.half.__name__ == "half"
    with pytest.raises(TypeError, match="add takes 1 or 2 arguments, not 0"):
        lib.add()
    with pytest.raises(OverflowError, match="256 is out of range of unsigned char"):
        lib.small(256)
    with pytest.raises(TypeError, match="'x' is no int"):
        lib.add("x")
    with pytest.raises(OverflowError):
        lib.long(2**63)


def test_strings() -> None:
    source = Source()
    source.expose(
        "twice",
        [STRING, STRING],
        "(param i32 i32) (result i32) (call $copy (local.get 1) (i32.load (local.get 1)))",
    )
    source.expose(
        "wide",
        [WIDE, WIDE],
        "(param i32 i32) (result i32) (call $copy (local.get 1) (i32.mul (i32.load (local.get 1)) (i32.const 2)))",
    )
    source.expose("same", [INT, STRING, INT], "(param i32 i32 i32) (result i32) (local.get 2)")
    lib = source.bind()
    for text in ("", "plain", "zwölf \0 日本語 \U0001f600"):
        assert lib.twice(text) == text and lib.wide(text) == text
    # Bytes that are no UTF-8 come back as they were.
    assert lib.twice(b"\xff\x00a").encode("utf-8", "surrogateescape") == b"\xff\x00a"
    with pytest.raises(TypeError):
        lib.wide(b"bytes")
    with pytest.raises(TypeError):
        lib.same("text", "no number")
    assert source.used(lib) == 0


def test_classes() -> None:
    source = Source()
    counters(source)
    lib = source.bind()
    with lib.Counter(10) as counter:
        assert counter.add(5) == 15 and counter.add() == 16 and counter.value == 16
        counter.value = 3
        assert lib.value_of(counter) == 3 and source.used(lib) == 1
        with pytest.raises(AttributeError):
            counter.other = 1
        with pytest.raises(TypeError, match="Counter takes 1 arguments, not 0"):
            lib.Counter()
    assert counter.isDeleted() and source.used(lib) == 0
    with pytest.raises(wasmz.JavaScriptError, match="Counter instance already deleted"):
        counter.add()
    with pytest.raises(wasmz.JavaScriptError):
        counter.delete()
    counter.close()
    first = lib.Counter(1)
    second = first.clone()
    first.delete()
    assert second.isAliasOf(second) and second.add() == 2
    second.deleteLater()
    assert lib.Counter.double(4) == 8 and lib.value_of(None) == -1 and source.used(lib) == 0
    assert "Counter(arg0: int)" in lib.Counter.__doc__ and repr(lib.Counter) == "<class Counter of C++>"
    assert str(inspect.signature(lib.Counter)) == "(arg0: 'int', /)"
    assert lib.Counter.value.__doc__ == "value: int"


def test_inheritance() -> None:
    source = Source()
    counters(source)
    lib = source.bind()
    derived = lib.Derived(5)
    assert issubclass(lib.Derived, lib.Counter) and derived.own() == 7
    # Methods of the base get a pointer to the base; so do functions.
    assert derived.add(1) == 6 and derived.value == 6 and lib.value_of(derived) == 6
    base = lib.as_base(derived)
    assert base.isAliasOf(derived) and base.value == 6
    with pytest.raises(TypeError):
        lib.as_base(base)
    with pytest.raises(TypeError):
        lib.value_of(Source().bind())
    other = Source()
    counters(other)
    with pytest.raises(TypeError):
        lib.value_of(other.bind().Counter(1))


def test_smart_pointers() -> None:
    source = Source()
    counters(source)
    lib = source.bind()
    shared = lib.make_shared(9)
    assert shared.add(1) == 10 and lib.peek(shared) == 10 and lib.peek(None) == -1
    with pytest.raises(TypeError, match="C\\+\\+ wants Shared"):
        lib.peek(lib.Counter(1))
    assert source.used(lib) == 3
    del shared
    gc.collect()
    # Released at the next call.
    assert lib.Counter.double(1) == 2 and source.used(lib) == 1


def structures(source: Source) -> None:
    make = source.function("(result i32) (call $malloc (i32.const 16))")
    destroy = source.function("(param i32) (call $free (local.get 0))")
    get = source.function("(param i32 i32) (result i32) (i32.load (i32.add (local.get 0) (local.get 1)))")
    put = source.function("(param i32 i32 i32) (i32.store (i32.add (local.get 0) (local.get 1)) (local.get 2))")
    source.register("_embind_register_value_object", 30, source.text("Point"), 0, make, 0, destroy)
    for offset, name in enumerate(("x", "y")):
        args = source.text(name), INT, 0, get, 4 * offset, INT, 0, put, 4 * offset
        source.register("_embind_register_value_object_field", 30, *args)
    source.register("_embind_finalize_value_object", 30)
    source.register("_embind_register_value_array", 31, source.text("Pair"), 0, make, 0, destroy)
    for offset in (0, 8):
        source.register("_embind_register_value_array_element", 31, INT, 0, get, offset, INT, 0, put, offset)
    source.register("_embind_finalize_value_array", 31)
    copy = "(param i32 i32) (result i32) (call $copy (local.get 1) (i32.const 8))"
    source.expose("mirror", [30, 30], copy)
    source.expose("pair", [31, 31], copy)


def test_structures() -> None:
    source = Source()
    structures(source)
    lib = source.bind()
    assert lib.mirror({"x": 1, "y": -2, "more": 3}) == {"x": 1, "y": -2}

    class Point:
        x, y = 4, 5

    assert lib.mirror(Point()) == {"x": 4, "y": 5} and lib.pair([8, 9]) == (8, 9)
    for wrong in ({"x": 1}, "text", 5, None, [1, 2]):
        with pytest.raises(TypeError):
            lib.mirror(wrong)
    for wrong in ([1], {"a": 1, "b": 2}, "ab", 3):
        with pytest.raises(TypeError):
            lib.pair(wrong)
    with pytest.raises(TypeError):
        lib.mirror({"x": "no number", "y": 1})
    assert source.used(lib) == 0


def test_enumerations() -> None:
    source = Source()
    source.register("_embind_register_enum", 40, source.text("Color"), 4, 1, 0)
    for name, number in (("RED", 1), ("class", -2)):
        source.register("_embind_register_enum_value", 40, source.text(name), number)
    source.expose("swap", [40, 40], "(param i32 i32) (result i32) (i32.sub (i32.const -1) (local.get 1))")
    source.register("_embind_register_enum", 41, source.text("Words"), 4, 0, 2)
    source.register("_embind_register_enum_value", 41, source.text("one"), 1)
    source.expose("word", [41, 41], "(param i32 i32) (result i32) (local.get 1)")
    lib = source.bind()
    assert lib.swap(lib.Color.RED) is lib.Color["class"] and repr(lib.Color.RED) == "<Color.RED: 1>"
    assert lib.swap("class") == lib.Color.RED == 1 and len(lib.Color) == 2 and lib.Color.RED.value == 1
    assert lib.word("one") == "one" and lib.Words.one == "one"
    for wrong in ("BLUE", None):
        with pytest.raises(TypeError):
            lib.swap(wrong)
    with pytest.raises(AttributeError):
        lib.Color.RED = 2


def valued(version: str) -> Any:
    """A module that uses values of Python: by the imports of a version."""
    source = Source(has_new_handles=version != "old")
    key = source.text("key")
    for name, letters in (
        ("_emval_new_cstring", "i:i"),
        ("_emval_get_property", "ii:i"),
        ("_emval_set_property", "iii:"),
        ("_emval_new_object", ":i"),
        ("_emval_get_global", "i:i"),
        ("_emval_typeof", "i:i"),
        ("_emval_incref", "i:"),
        ("_emval_decref", "i:"),
    ):
        source.imported(name, letters)
    taken = "(param i32 i32) (result i32)"
    source.expose(
        "get",
        [VAL, VAL],
        f"{taken} (call $_emval_get_property (local.get 1) (call $_emval_new_cstring (i32.const {key})))",
    )
    source.expose(
        "wrap",
        [VAL, VAL],
        f"{taken} (local $made i32) (local.set $made (call $_emval_new_object))"
        f" (call $_emval_set_property (local.get $made) (call $_emval_new_cstring (i32.const {key})) (local.get 1))"
        " (local.get $made)",
    )
    source.expose("kind", [VAL, VAL], f"{taken} (call $_emval_typeof (local.get 1))")
    # The handles that C++ has of undefined, null and true.
    step = 1 if version == "old" else 2
    for number, name in enumerate(("undefined", "null", "yes", "no")):
        source.expose(name, [VAL], f"(param i32) (result i32) (i32.const {step * (number + 1)})")
    for name in ("document", "Math"):
        body = f"(param i32) (result i32) (call $_emval_get_global (i32.const {source.text(name)}))"
        source.expose(f"use_{name}", [VAL], body)
    find = source.imported("_emval_get_global", "i:i")
    source.expose(
        "browse",
        [VAL],
        f"(param i32) (result i32) (call $_emval_get_property (call {find} (i32.const {source.text('document')}))"
        f" (call $_emval_new_cstring (i32.const {key})))",
    )
    types = source.words(INT, INT)
    arguments = "(i32.store (i32.const 800) (i32.const 20))"
    if version == "old":
        source.imported("_emval_call", "iiii:i")
        call = f"(call $_emval_call (local.get 1) (i32.const 1) (i32.const {types}) (i32.const 800))"
        source.expose("call", [VAL, VAL], f"{taken} {arguments} {call}")
    elif version == "middle":
        source.imported("_emval_get_method_caller", "iii:i")
        source.imported("_emval_call", "iiii:d")
        caller = f"(call $_emval_get_method_caller (i32.const 2) (i32.const {types}) (i32.const 0))"
        call = f"(call $_emval_call {caller} (local.get 1) (i32.const 700) (i32.const 800))"
        source.expose("call", [INT, VAL], f"{taken} {arguments} (i32.trunc_f64_s {call})")
    else:
        source.imported("_emval_create_invoker", "iii:i")
        source.imported("_emval_invoke", "iiiii:d")
        caller = f"(call $_emval_create_invoker (i32.const 2) (i32.const {types}) (i32.const 0))"
        call = f"(call $_emval_invoke {caller} (local.get 1) (i32.const 0) (i32.const 700) (i32.const 800))"
        source.expose("call", [INT, VAL], f"{taken} {arguments} (i32.trunc_f64_s {call})")
    return source.bind()


@pytest.mark.parametrize("version", ["old", "middle", "new"])
def test_values(version: str) -> None:
    lib = valued(version)
    assert lib.get({"key": [1, {"a": 2}]}) == [1, {"a": 2}] and lib.get({}) is None
    assert lib.wrap("text") == {"key": "text"} and lib.wrap(None) == {"key": None}
    assert lib.call(lambda number: number + 1) == 21
    assert (lib.undefined(), lib.null(), lib.yes(), lib.no()) == (None, None, True, False)
    assert [lib.kind(item) for item in (None, 1, "a", {}, len, True)] == [
        "undefined",
        "number",
        "string",
        "object",
        "function",
        "boolean",
    ]

    def fail(number: int) -> int:
        raise LookupError(number)

    with pytest.raises(LookupError):
        lib.call(fail)
    with pytest.raises(wasmz.JavaScriptError):
        lib.call("no function")


def test_values_have_nothing_of_the_host() -> None:
    lib = valued("new")

    class Secret:
        key = "secret"

    # Python's objects have no properties for the module, and pass through it.
    secret = Secret()
    assert lib.get(secret) is None and lib.wrap(secret)["key"] is secret
    with pytest.raises(wasmz.JavaScriptError, match="document is not defined: it is the browser's"):
        lib.browse()
    for name in ("emscripten_run_script", "emscripten_asm_const_int", "_emscripten_fetch", "_embind_other"):
        source = Source()
        source.imported(name, "i:i")
        with pytest.raises(wasmz.LinkError, match=name):
            source.bind()


def register_twice(source: Source) -> None:
    source.types()


def no_end_of_name(source: Source) -> None:
    source.start("(memory.fill (i32.const 120000) (i32.const 65) (i32.const 11072))")
    source.register("_embind_register_void", 60, 120_001)


def name_outside(source: Source) -> None:
    source.register("_embind_register_void", 60, -8)


def many_arguments(source: Source) -> None:
    source.register("_embind_register_function", source.text("f"), 2**31 - 1, 1024, 0, 1, 0)


def no_arguments(source: Source) -> None:
    source.register("_embind_register_function", source.text("f"), 0, 1024, 0, 1, 0)


def no_such_class(source: Source) -> None:
    source.register("_embind_register_class_function", 99, source.text("f"), 2, source.words(INT, INT), 0, 1, 0, 0)


def own_base(source: Source) -> None:
    source.register("_embind_register_class", 60, 61, 62, 60, 0, 0, 0, 0, 0, 0, source.text("Loop"), 0, 1)


def bases_in_a_circle(source: Source) -> None:
    source.register("_embind_register_class", 60, 61, 62, 63, 0, 0, 0, 0, 0, 0, source.text("One"), 0, 1)
    source.register("_embind_register_class", 63, 64, 65, 60, 0, 0, 0, 0, 0, 0, source.text("Two"), 0, 1)


def no_base(source: Source) -> None:
    source.register("_embind_register_class", 60, 61, 62, INT, 0, 0, 0, 0, 0, 0, source.text("Odd"), 0, 1)


def long_lineage(source: Source) -> None:
    for number in range(100):
        base = 100 + 3 * number - 3 if number else 0
        ids = (100 + 3 * number, 101 + 3 * number, 102 + 3 * number)
        source.register("_embind_register_class", *ids, base, 0, 0, 0, 0, 0, 0, source.text(f"C{number}"), 0, 1)


def without_end(source: Source) -> None:
    raw = "(local.get 0)"
    call = source.imported("_embind_register_void", "ii:")
    loop = source.function(
        f"(param i32) (loop (call {call} {raw} (i32.const 1024))"
        " (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))"
    )
    source.start(f"(call $f{loop - 1} (i32.const 1000))")


def handles_without_end(source: Source) -> None:
    source.imported("_emval_new_object", ":i")
    loop = source.function("(loop (drop (call $_emval_new_object)) (br 0))")
    source.start(f"(call $f{loop - 1})")


def names_without_end(source: Source) -> None:
    source.start("(memory.fill (i32.const 110000) (i32.const 65) (i32.const 4000))")
    call = source.imported("_embind_register_void", "ii:")
    loop = source.function(
        f"(param i32) (loop (call {call} (local.get 0) (i32.const 110000))"
        " (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))"
    )
    source.start(f"(call $f{loop - 1} (i32.const 1000))")


def strings_without_end(source: Source) -> None:
    source.start("(memory.fill (i32.const 60000) (i32.const 65) (i32.const 71071))")
    source.imported("_emval_new_cstring", "i:i")
    loop = source.function("(loop (drop (call $_emval_new_cstring (i32.const 60000))) (br 0))")
    source.start(f"(call $f{loop - 1})")


def string_past_memory(source: Source) -> None:
    source.start("(memory.fill (i32.const 60000) (i32.const 65) (i32.const 71072))")
    source.imported("_emval_new_u16string", "i:i")
    source.start("(drop (call $_emval_new_u16string (i32.const 60001)))")


def long_list(source: Source) -> None:
    source.imported("_emval_new_object", ":i")
    source.imported("_emval_new_array", ":i")
    source.imported("_emval_set_property", "iii:")
    source.imported("_emval_take_value", "ii:i")
    source.start("(i32.store (i32.const 900) (i32.const 900000))")
    key = f"(call $_emval_take_value (i32.const {INT}) (i32.const 900))"
    source.start(f"(call $_emval_set_property (call $_emval_new_array) {key} (call $_emval_new_object))")


def callers_without_end(source: Source) -> None:
    source.imported("_emval_create_invoker", "iii:i")
    types = source.words(INT)
    loop = source.function(
        f"(loop (drop (call $_emval_create_invoker (i32.const 1) (i32.const {types}) (i32.const 0))) (br 0))"
    )
    source.start(f"(call $f{loop - 1})")


def odd_sizes(source: Source) -> None:
    source.register("_embind_register_integer", 60, source.text("int24_t"), 3, 0, 5)


def unknown_view(source: Source) -> None:
    source.register("_embind_register_memory_view", 60, 77, source.text("view"))


def deleted_value(source: Source) -> None:
    source.imported("_emval_typeof", "i:i")
    source.start("(drop (call $_emval_typeof (i32.const 5000)))")


def field_of_nothing(source: Source) -> None:
    source.register("_embind_register_value_object_field", 60, source.text("x"), INT, 0, 1, 0, INT, 0, 1, 0)


def name_of_two(source: Source) -> None:
    source.expose("same", [VOID], "(param i32)")
    source.register("_embind_register_constant", source.text("same"), INT, 1)


@pytest.mark.parametrize(
    "register",
    [
        register_twice,
        no_end_of_name,
        name_outside,
        many_arguments,
        no_arguments,
        no_such_class,
        own_base,
        bases_in_a_circle,
        no_base,
        long_lineage,
        without_end,
        handles_without_end,
        names_without_end,
        strings_without_end,
        string_past_memory,
        long_list,
        callers_without_end,
        odd_sizes,
        unknown_view,
        deleted_value,
        field_of_nothing,
        name_of_two,
    ],
)
def test_hostile_registrations(register: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_MOST_BYTES", 1 << 22)
    source = Source()
    register(source)
    with pytest.raises(wasmz.WasmzError):
        source.bind()


def test_hostile_functions() -> None:
    source = Source()
    source.register("_embind_register_function", source.text("missing"), 1, source.words(VOID), 0, 900, 0)
    source.register("_embind_register_function", source.text("unknown"), 1, source.words(77), 0, 1, 0)
    source.expose("narrow", [INT, INT, INT], "(param i32) (result i32) (local.get 0)")
    source.expose("silent", [INT], "(param i32)")
    source.expose("view", [50], "(param i32) (result i32) (i32.const 900)")
    source.register("_embind_register_memory_view", 50, 5, source.text("view"))
    source.start("(i32.store (i32.const 900) (i32.const -1))")
    lib = source.bind()
    for name, args in (("missing", ()), ("unknown", ()), ("narrow", (1, 2)), ("silent", ()), ("view", ())):
        with pytest.raises(wasmz.WasmzError):
            getattr(lib, name)(*args)
    with pytest.raises(wasmz.JavaScriptError, match="unknown cannot be used: type Unknown was not registered"):
        lib.unknown()


def test_names_that_python_has() -> None:
    source = Source()
    counters(source)
    words = source.words(INT, 21)
    for name in ("__init__", "__class__", "__del__", "_held", "_class", "class", "delete", "a b", ""):
        source.register("_embind_register_class_function", 20, source.text(name), 2, words, 0, 1, 0, 0)
    for name in ("__class__", "__dict__", "__wasm_instance__", "import", "_name"):
        source.expose(name, [INT], "(param i32) (result i32) (i32.const 3)")
    lib = source.bind()
    assert isinstance(lib, wasmz.Bindings) and getattr(lib, "import")() == 3
    assert isinstance(lib.__wasm_instance__, wasmz.Instance)
    counter = lib.Counter(2)
    assert counter.value == 2 and callable(getattr(counter, "class"))
    with counter:
        pass
    assert counter.isDeleted()


def test_structures_within_themselves() -> None:
    source = Source()
    make = source.function("(result i32) (call $malloc (i32.const 16))")
    destroy = source.function("(param i32) (call $free (local.get 0))")
    get = source.function("(param i32 i32) (result i32) (local.get 1)")
    put = source.function("(param i32 i32 i32)")
    source.register("_embind_register_value_object", 30, source.text("Loop"), 0, make, 0, destroy)
    source.register("_embind_register_value_object_field", 30, source.text("me"), 30, 0, get, 0, 30, 0, put, 0)
    source.register("_embind_finalize_value_object", 30)
    source.expose("loop", [30, 30], "(param i32 i32) (result i32) (local.get 1)")
    source.expose("made", [30], "(param i32) (result i32) (i32.const 800)")
    lib = source.bind()
    value: dict[str, Any] = {}
    value["me"] = value
    with pytest.raises(wasmz.JavaScriptError, match="Loop contains itself"):
        lib.loop(value)
    with pytest.raises(wasmz.JavaScriptError, match="Loop contains itself"):
        lib.made()


def test_vectors() -> None:
    """Told by their methods; one that says it is endless is no reason to wait, or to run out of memory."""
    source = Source()
    destroy = source.function("(param i32)")
    make = source.function("(param i32) (result i32) (call $malloc (i32.const 8))")
    source.register("_embind_register_class", 20, 21, 22, 0, 0, 0, 0, 0, 0, 0, source.text("Vector"), 0, destroy)
    source.register("_embind_register_class_constructor", 20, 1, source.words(21), 0, make, 0)
    size = source.function("(param i32 i32) (result i32) (i32.load (local.get 1))")
    get = source.function("(param i32 i32 i32) (result i32) (i32.mul (local.get 2) (i32.const 10))")
    push = source.function("(param i32 i32 i32) (i32.store (local.get 1) (local.get 2))")
    method = "_embind_register_class_function"
    source.register(method, 20, source.text("size"), 2, source.words(INT, 21), 0, size, 0, 0)
    source.register(method, 20, source.text("get"), 3, source.words(INT, 21, INT), 0, get, 0, 0)
    source.register(method, 20, source.text("push_back"), 3, source.words(VOID, 21, INT), 0, push, 0, 0)
    lib = source.bind()
    vector = lib.Vector()
    vector.push_back(3)
    assert len(vector) == 3 and list(vector) == [0, 10, 20] and vector[-1] == 20
    with pytest.raises(IndexError):
        vector[3]
    vector.push_back(2**31 - 1)
    with pytest.raises(wasmz.JavaScriptError, match="Vector says that it has 2147483647 elements"):
        list(vector)


def test_import(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source()
    counters(source)
    (tmp_path / "counted_by_embind.wasm").write_bytes(source.assemble())
    monkeypatch.syspath_prepend(tmp_path)
    importer.install()
    try:
        import counted_by_embind  # type: ignore[import-not-found]

        assert counted_by_embind.Counter(4).add() == 5
    finally:
        importer.uninstall()
        sys.modules.pop("counted_by_embind", None)
