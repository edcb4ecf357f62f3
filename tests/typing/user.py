"""A program as users write it: every checker must accept it under its strictest settings, and it must run.

``assert_type`` states what checkers must know about results.
"""

# pyright: strict

from __future__ import annotations

import enum
import io
import os
import pickle
from collections.abc import Mapping
from typing import Any, assert_type

import wasmz
from wasmz import (
    ArcModule,
    Caller,
    Config,
    Engine,
    ExecResult,
    ExportType,
    Func,
    FuncType,
    Global,
    GlobalType,
    HostFunc,
    ImportType,
    Instance,
    InvalidWasm,
    Linker,
    LinkError,
    Memory,
    MemoryFileSystem,
    MemoryType,
    Module,
    RefType,
    ResourceLimiter,
    Store,
    Table,
    TableType,
    Tag,
    Trap,
    TrapCode,
    ValType,
    WasiConfig,
    WasiExit,
    WasmException,
    WasmFrame,
)

# (module
#   (import "env" "log" (func (param i32)))
#   (func (export "f") (param i32) (result i32) (call 0 (local.get 0)) (i32.const 7)))
MODULE = bytes.fromhex(
    "0061736d01000000010a0260017f0060017f017f020b0103656e76036c6f67000003020101070501016600010a0a0108002000100041070b"
)


class AtMostAMegabyte(ResourceLimiter):
    """A limiter as a user derives one."""

    def memory_growing(self, current: int, desired: int, maximum: int | None) -> bool:
        return desired <= 1 << 20


def configure() -> Engine:
    """Settings, and the knob for when to compile."""
    config = Config(opt_level=2, fuel=10_000, compile_mode="lazy", disable_passes=["inline"], cache_dir=os.curdir)
    assert_type(config.fuel, int | None)
    assert_type(config.replace(use_cache=False), Config)
    assert_type(Config.settings["fuel"].help, str)
    return Engine(config.replace(use_cache=False))


def link(engine: Engine, seen: list[int]) -> Instance:
    """Modules, linkers, host functions."""

    def log(caller: Caller, value: int) -> None:
        assert_type(caller.context, Any)
        seen.append(value)

    module = Module.compile(engine, io.BytesIO(MODULE))
    assert_type(module, Module)
    assert_type(module.imports, tuple[ImportType, ...])
    assert_type(module.exports, Mapping[str, ExportType])
    assert_type(module.func_names, Mapping[int, str])
    assert_type(module.is_command, bool)
    assert_type(Module.compile_arc(engine, MODULE), ArcModule)
    assert_type(pickle.loads(pickle.dumps(module)), Any)
    linker = Linker(engine)
    linker.define("env", "log", HostFunc(log, [ValType.I32], context="here", caller=True))
    linker.define_wasi(WasiConfig(args=["user"], stdout=io.BytesIO()).preopen_dir(MemoryFileSystem(), "/"))
    store = Store(engine, data={"user": 7}, limiter=AtMostAMegabyte())
    assert_type(store.memory_budget.total_used, int)
    return Instance(store, module, linker)


def call(instance: Instance) -> int:
    """Calls, and what they raise."""
    result = instance.try_call("f", 5)
    assert_type(result, ExecResult)
    assert_type(result.trap, Trap | None)
    try:
        instance.call("f", 6)
    except WasiExit as stopped:
        assert_type(stopped.exit_code, int)
    except Trap as trap:
        assert_type(trap.code, TrapCode)
        print(trap.code.name.lower())
        assert_type(trap.frames, tuple[WasmFrame, ...])
        assert_type(trap.frames[0].source, tuple[str, int] | None)
        match trap.code:
            case TrapCode.UNREACHABLE | TrapCode.STACK_OVERFLOW:
                return 1
            case _:
                return 2
    except WasmException as error:
        assert_type(error.values, tuple[Any, ...])
    except (InvalidWasm, LinkError) as error:
        print(error)
    assert_type(instance.memories, tuple[Memory, ...])
    function = instance.extern("f")
    assert isinstance(function, Func)
    assert_type(function.type, FuncType)
    value: int = instance.exports.f(7)
    return value


def make(store: Store) -> None:
    """Parts that Python makes."""
    memory = Memory(store, MemoryType(1, 2))
    assert_type(memory[0], int)
    assert_type(memory[0:4], bytes)
    assert_type(memory.grow(1), int)
    assert_type(memory.view(), memoryview)
    memory[0:4] = b"abcd"
    table = Table(store, TableType(ValType.FUNCREF, 1))
    assert_type(table.grow(1), int)
    assert_type(table.type.element, RefType)
    counter = Global(store, GlobalType(ValType.I32, mutable=True), 5)
    counter.value += 1
    tag = Tag(store, [ValType.I32])
    assert_type(tag.type.func_type.params, tuple[ValType, ...])
    assert_type(wasmz.f32_bits(1.5), int)
    kind: type[enum.Enum] = TrapCode
    assert_type([code.value for code in TrapCode], list[str])
    print(kind.__name__, counter.value, wasmz.__version__)


def main() -> None:
    """All of it."""
    seen: list[int] = []
    instance = link(configure(), seen)
    assert call(instance) == 7 and seen == [5, 6, 7]
    make(instance.store)


if __name__ == "__main__":
    main()
