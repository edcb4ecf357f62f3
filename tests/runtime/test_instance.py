"""Linking and instantiation, exports, segments, modules and stores."""

from __future__ import annotations

import gc
import pickle
import weakref
from typing import Any

import pytest

from tests.runtime.handmade import instantiate, make_image
from wasmz.errors import LinkError, Trap, TrapCode
from wasmz.runtime.calls.func import Func
from wasmz.runtime.calls.host import HostFunc
from wasmz.runtime.image import ElementSpec, ExportSpec, GlobalSpec, TableSpec, data_spec
from wasmz.runtime.link.compiled_module import CompiledModule
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.link.store import Store
from wasmz.runtime.memory.globals import Global
from wasmz.runtime.memory.linear import Memory
from wasmz.runtime.memory.table import Table
from wasmz.types import FuncType, GlobalType, MemoryType, TableType, ValType

I32 = ValType.I32


def const(value: int) -> tuple[tuple[str, Any], ...]:
    return (("i32.const", value),)


def test_every_bad_import_is_listed() -> None:
    image = make_image(
        [],
        imports=[
            ("env", "missing", "i:i"),
            ("env", "function", "i:i"),
            ("env", "memory", MemoryType(2, 3)),
            ("env", "global", GlobalType(I32)),
            ("env", "table", TableType(ValType.FUNCREF, 1)),
            ("env", "good", "i:i"),
        ],
    )
    store = Store()
    linker = Linker(store.engine)
    linker.define("env", "function", HostFunc(lambda: None, [I32], []))
    linker.define("env", "memory", Memory(store, MemoryType(1, 3)))
    linker.define("env", "global", Global(store, GlobalType(ValType.I64), 1))
    linker.define("env", "table", print)
    linker.define("env", "good", abs)
    with pytest.raises(LinkError) as caught:
        instantiate(image, linker, store)
    assert caught.value.problems == [
        "import env.missing is not defined: expected function (i32) -> (i32)",
        "import env.function has another type: expected function (i32) -> (i32), found function (i32) -> ()",
        "import env.memory has another type: expected memory 2..3 pages, found memory 1..3 pages",
        "import env.global has another type: expected global i32, found global i64",
        "import env.table has another type: expected table 1 of funcref, found a Python callable",
    ]
    with pytest.raises(LinkError, match="6 imports"):
        instantiate(image)


def test_grown_memories_satisfy_more() -> None:
    store = Store()
    memory = Memory(store, MemoryType(1, 5))
    image = make_image([], imports=[("m", "m", MemoryType(2, 5))])
    linker = Linker(store.engine)
    linker.define("m", "m", memory)
    with pytest.raises(LinkError):
        instantiate(image, linker, store)
    memory.grow(1)
    instantiate(image, linker, store)


def test_linker_definitions() -> None:
    linker = Linker()
    host = HostFunc(abs, [I32], [I32])
    linker.define("env", "abs", host)
    assert linker.get("env", "abs") is host
    assert linker.get("env", "other") is None
    with pytest.raises(TypeError, match=r"env\.x: 'text' cannot be imported"):
        linker.define("env", "x", "text")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="callable"):
        HostFunc(5, [], [])  # type: ignore[arg-type]


def test_unknown_imports_as_traps() -> None:
    image = make_image(
        [("call", ":", "def call(): f0()")], imports=[("env", "nowhere", ":")], exports=["call"], deep=["call"]
    )
    linker = Linker()
    linker.define_unknown_as_traps(CompiledModule(Engine(), image))
    with pytest.raises(Trap, match=r"unknown import env\.nowhere was called") as caught:
        instantiate(image, linker).exports.call()
    assert caught.value.code is TrapCode.UNREACHABLE


def test_instances_link_directly_and_share_state() -> None:
    store = Store()
    library = instantiate(
        make_image(
            [("inc", "i:i", "def inc(a):\n c0[0] += 1\n return a + 1")],
            exports=["inc", ExportSpec("count", "global", 0), ExportSpec("mem", "memory", 0)],
            globals=(GlobalSpec(GlobalType(I32, mutable=True), const(5), boxed=True),),
            memories=(MemoryType(1),),
        ),
        store=store,
    )
    linker = Linker(store.engine)
    linker.define_instance("lib", library)
    user = instantiate(
        make_image(
            [("twice", "i:i", "def twice(a): return f0(f0(a)) + c0[0] + m0_B[9]")],
            imports=[
                ("lib", "inc", "i:i"),
                ("lib", "count", GlobalType(I32, mutable=True)),
                ("lib", "mem", MemoryType(1)),
            ],
            exports=["twice", ExportSpec("again", "func", 0), ExportSpec("count", "global", 0)],
        ),
        linker,
        store,
    )
    library.exports.mem[9] = 100
    assert user.exports.twice(1) == 3 + 7 + 100
    assert library.exports.count.value == 7
    user.exports.count.value = 0
    assert library.exports.count.value == 0
    # No adapter in between, and the same function everywhere.
    assert user._binder.namespace["f0"] is library.exports.inc.wasmz_func.code
    assert user.exports.again.wasmz_func is library.exports.inc.wasmz_func
    # An exported function itself is accepted, too; its own type counts.
    linker.define("lib", "inc", library.exports.inc)
    assert isinstance(linker.get("lib", "inc"), Func)


def test_exports() -> None:
    image = make_image(
        [("add", "ii:i", "def add(a, b): return a + b"), ("get", ":i", "def get(): return 7")],
        exports=["add", "get", ExportSpec("not an identifier", "func", 0), ExportSpec("pi", "global", 0)],
        globals=(GlobalSpec(GlobalType(ValType.F64), (("f64.const", 0x4009_21FB_5444_2D18),), boxed=False),),
    )
    instance = instantiate(image)
    exports = instance.exports
    assert list(exports) == ["add", "get", "not an identifier", "pi"]
    assert exports["not an identifier"](1, 2) == exports.add(1, 2) == instance.call("add", 1, 2) == 3
    assert exports.get() == exports["get"]() == 7
    assert exports.pi.value == pytest.approx(3.14159265)
    assert exports.pi is exports["pi"]
    assert "add" in exports
    assert "sub" not in exports
    with pytest.raises(AttributeError, match=r"exports no 'ad'; did you mean 'add'\?"):
        _ = exports.ad
    with pytest.raises(KeyError, match="did you mean 'add'"):
        exports["addd"]
    with pytest.raises(TypeError, match="'pi' is not a function"):
        instance.call("pi")
    assert "add" in dir(exports)


def test_exports_cannot_be_replaced() -> None:
    image = make_image(
        [("add", "ii:i", "def add(a, b): return a + b")],
        exports=["add", ExportSpec("pi", "global", 0), ExportSpec("_specs", "func", 0)],
        globals=(GlobalSpec(GlobalType(ValType.F64), (("f64.const", 0),), boxed=False),),
    )
    exports = instantiate(image).exports
    for name in ("add", "other", "_specs", "_instance"):
        with pytest.raises(AttributeError, match=f"exports cannot be set: '{name}'$"):
            setattr(exports, name, 1)
        with pytest.raises(AttributeError, match=f"exports cannot be deleted: '{name}'"):
            delattr(exports, name)
    with pytest.raises(AttributeError, match=r"its value can: exports\.pi\.value"):
        exports.pi = 3
    assert exports.add(1, 2) == exports["_specs"](1, 2) == 3
    assert not hasattr(exports, "other")


def test_what_cannot_be_pickled_says_so() -> None:
    instance = instantiate(make_image([("add", "ii:i", "def add(a, b): return a + b")], exports=["add"]))
    for item in (instance, instance.exports, instance.store):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(item)


def test_try_call() -> None:
    image = make_image([("div", "ii:i", "def div(a, b): return a // b")], exports=["div"])
    instance = instantiate(image)
    result = instance.try_call("div", 6, 3)
    assert (result.ok, result.trap, result.is_ok, result.unwrap()) == (2, None, True, 2)
    failed = instance.try_call("div", 6, 0)
    assert (failed.ok, failed.is_ok) == (None, False)
    assert failed.trap is not None
    assert failed.trap.code is TrapCode.INTEGER_DIVISION_BY_ZERO
    with pytest.raises(Trap):
        failed.unwrap()
    with pytest.raises(TypeError):
        instance.try_call("div", "6", 0)


SEGMENTS: dict[str, Any] = {
    "memories": (MemoryType(1),),
    "tables": (
        TableSpec(TableType(ValType.FUNCREF, 3), None),
        TableSpec(TableType(ValType.FUNCREF, 2), (("ref.func", 0),)),
    ),
    "globals": (
        GlobalSpec(GlobalType(I32), const(2), boxed=False),
        GlobalSpec(GlobalType(ValType.FUNCREF), (("ref.func", 0),), boxed=False),
        GlobalSpec(
            GlobalType(I32),
            (("global.get", 0), ("i32.const", 3), ("i32.mul", None), ("i32.const", 1), ("i32.sub", None)),
            False,
        ),
    ),
}


def test_initialisation() -> None:
    image = make_image(
        [
            ("one", ":i", "def one(): return 1"),
            ("late", ":i", "def late():\n memory_init(m0, data1, 50, 0, 3)\n return g2"),
            ("through", "i:i", "def through(a): return tab0_f0[a]() + tab1_f0[1]()"),
        ],
        exports=["late", "through", ExportSpec("m", "memory", 0), ExportSpec("f", "global", 1)],
        elements=(
            ElementSpec("active", ValType.FUNCREF, ((("ref.null", None),), (("global.get", 1),)), 0, const(1)),
            ElementSpec("declarative", ValType.FUNCREF, ((("ref.func", 1),),)),
        ),
        data=(
            data_spec("active", b"hello", 0, (("global.get", 2),)),
            data_spec("passive", b"abc"),
        ),
        **SEGMENTS,
    )
    exports = instantiate(image).exports
    assert exports.m[4:11] == b"\0hello\0"
    assert exports.through(2) == 2
    with pytest.raises(Trap, match="uninitialized element"):
        exports.through(1)
    assert exports.late() == 5
    assert exports.m[50:53] == b"abc"
    assert exports.f.value() == 1


def test_earlier_segments_stay_when_a_later_one_traps() -> None:
    store = Store()
    memory, table = Memory(store, MemoryType(1)), Table(store, TableType(ValType.FUNCREF, 2))
    linker = Linker(store.engine)
    linker.define("env", "m", memory)
    linker.define("env", "t", table)
    parts: dict[str, Any] = {
        "imports": [("env", "m", MemoryType(1)), ("env", "t", TableType(ValType.FUNCREF, 2))],
        "elements": (ElementSpec("active", ValType.FUNCREF, ((("ref.func", 0),),), 0, const(1)),),
        "data": (data_spec("active", b"ab", 0, const(0)), data_spec("active", b"xy", 0, const(65535))),
    }
    image = make_image([("one", ":i", "def one(): return g0")], globals=SEGMENTS["globals"][:1], **parts)
    with pytest.raises(Trap, match="out of bounds memory access"):
        instantiate(image, linker, store)
    assert memory[0:2] == b"ab"
    assert memory[65535] == 0
    # Functions of the instance that failed are alive.
    assert table[1]() == 2
    parts["elements"] = (ElementSpec("active", ValType.FUNCREF, ((("ref.func", 0),),) * 2, 0, const(1)),)
    with pytest.raises(Trap, match="out of bounds table access"):
        instantiate(make_image([("one", ":i", "def one(): return 3")], **parts), linker, store)
    assert table[1]() == 2


def test_start_function() -> None:
    image = make_image(
        [("start", ":", "def start(): m0_B[0] = 65"), ("look", ":i", "def look(): return m0_B[0]")],
        exports=["look"],
        memories=(MemoryType(1),),
        start=0,
    )
    assert instantiate(image).exports.look() == 65
    trapping = make_image([("start", ":", "def start(): trap_unreachable()")], start=0)
    with pytest.raises(Trap, match="unreachable") as caught:
        instantiate(trapping)
    assert caught.value.frames[0].function_name == "start"


def test_commands_and_reactors() -> None:
    calls: list[str] = []
    functions = [("_start", ":", "def _start(): f0()"), ("_initialize", ":", "def _initialize(): f0()")]
    image = make_image(functions, imports=[("env", "note", ":")], exports=["_start", "_initialize"])
    linker = Linker()
    linker.define("env", "note", lambda: calls.append("called"))
    instance = instantiate(image, linker)
    assert (instance.is_command, instance.is_reactor) == (True, True)
    instance.run_start_function()
    instance.initialize_reactor()
    assert len(calls) == 2
    bare = instantiate(make_image([]))
    assert (bare.is_command, bare.is_reactor) == (False, False)
    bare.initialize_reactor()
    with pytest.raises(KeyError, match="_start"):
        bare.run_start_function()


def test_module_inspection_and_closing() -> None:
    image = make_image(
        [("_start", ":", "def _start(): pass")],
        imports=[("env", "f", "i:i"), ("env", "m", MemoryType(1))],
        exports=["_start", ExportSpec("memory", "memory", 0)],
        custom_sections=(("note", b"1"), ("other", b"2"), ("note", b"3")),
        data=(data_spec("passive", b"12345"),),
    )
    with CompiledModule(Engine(), image) as module:
        assert module.name == "handmade"
        assert module.is_command
        assert not module.is_reactor
        start = module.exports["_start"]
        assert (start.name, start.type) == ("_start", FuncType((), ()))
        assert list(module.exports) == ["_start", "memory"]
        assert module.exports.get("nothing") is None
        assert [(item.module_name, item.name) for item in module.imports] == [("env", "f"), ("env", "m")]
        assert [item.func_name for item in module.imported_funcs] == ["f"]
        assert module.func_names == {1: "_start"}
        assert module.custom_sections("note") == [b"1", b"3"]
        stats = module.mem_stats()
        assert (stats["function_count"], stats["pending_function_count"], stats["data_bytes"]) == (1, 0, 5)
    with pytest.raises(ValueError, match="closed"):
        _ = module.exports
    with pytest.raises(ValueError, match="closed"):
        _ = module.image


def test_closed_engines_and_stores() -> None:
    engine = Engine()
    engine.close()
    with pytest.raises(ValueError, match="closed"):
        Store(engine)
    image = make_image([("look", ":i", "def look(): return m0_B[0]")], exports=["look"], memories=(MemoryType(1),))
    with Store(data="mine") as store:
        assert store.data == "mine"
        instance = instantiate(image, store=store)
        assert instance.exports.look() == 0
        assert instance.mem_stats()["memory_bytes"] == 65536
    with pytest.raises(ValueError, match="the store is closed"):
        instance.exports.look()


def test_instances_are_collected_while_functions_keep_the_memory() -> None:
    image = make_image([("look", "i:i", "def look(a): return m0_B[a]")], exports=["look"], memories=(MemoryType(1),))
    store = Store()
    look = instantiate(image, store=store).exports.look
    code = look.wasmz_func.code
    del look
    gc.collect()
    assert store.memory_budget.total_used == 65536
    assert code(65535) == 0
    gone = weakref.ref(code)
    del code
    gc.collect()
    assert gone() is None
    assert store.memory_budget.total_used == 0


def test_generated_code_reaches_no_builtins() -> None:
    instance = instantiate(make_image([("f", ":i", "def f(): return 1")], exports=["f"]))
    function = instance.exports.f.wasmz_func.code
    assert function.__globals__["__builtins__"] == {}
    assert function.__builtins__ == {}
