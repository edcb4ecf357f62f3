"""Canonical definitions in the binary format.

00 00 05 02 00 03 00 07      Lift(core_function=5, options=(utf8, memory 0), type_index=7)
0e 03                        BuiltIn("stream.new", type_index=3)
"""

from __future__ import annotations

from wasmz.component.binary.references import read_result
from wasmz.component.syntax import BuiltIn, Lift, Lower, Options
from wasmz.errors import UnsupportedFeature
from wasmz.wasm.typereader import read_value_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from wasmz.component.binary.scopes import ScopeReader
    from wasmz.component.syntax import Definition

_MAX_OPTIONS: Final = 10
_LIFT, _LOWER = 0x00, 0x01
_ENCODINGS: Final = ("utf8", "utf16", "latin1+utf16")
_INDEX_OPTIONS: Final = {0x03: "memory", 0x04: "realloc", 0x05: "post_return", 0x07: "callback"}
_ASYNC_OPTION: Final = 0x06

# The built-ins by their first byte: the name, and what follows.
_BUILT_INS: Final[dict[int, tuple[str, tuple[str, ...]]]] = {
    0x02: ("resource.new", ("type",)),
    0x03: ("resource.drop", ("type",)),
    0x04: ("resource.rep", ("type",)),
    0x05: ("task.cancel", ()),
    0x06: ("subtask.cancel", ("async",)),
    0x09: ("task.return", ("result", "options")),
    0x0A: ("context.get", ("slot",)),
    0x0B: ("context.set", ("slot",)),
    0x0C: ("thread.yield", ("cancellable",)),
    0x0D: ("subtask.drop", ()),
    0x0E: ("stream.new", ("type",)),
    0x0F: ("stream.read", ("type", "options")),
    0x10: ("stream.write", ("type", "options")),
    0x11: ("stream.cancel-read", ("type", "async")),
    0x12: ("stream.cancel-write", ("type", "async")),
    0x13: ("stream.drop-readable", ("type",)),
    0x14: ("stream.drop-writable", ("type",)),
    0x15: ("future.new", ("type",)),
    0x16: ("future.read", ("type", "options")),
    0x17: ("future.write", ("type", "options")),
    0x18: ("future.cancel-read", ("type", "async")),
    0x19: ("future.cancel-write", ("type", "async")),
    0x1A: ("future.drop-readable", ("type",)),
    0x1B: ("future.drop-writable", ("type",)),
    0x1C: ("error-context.new", ("options",)),
    0x1D: ("error-context.debug-message", ("options",)),
    0x1E: ("error-context.drop", ()),
    0x1F: ("waitable-set.new", ()),
    0x20: ("waitable-set.wait", ("cancellable", "memory")),
    0x21: ("waitable-set.poll", ("cancellable", "memory")),
    0x22: ("waitable-set.drop", ()),
    0x23: ("waitable.join", ()),
    0x24: ("backpressure.inc", ()),
    0x25: ("backpressure.dec", ()),
    0x26: ("thread.index", ()),
    0x27: ("thread.new-indirect", ("type", "table")),
    0x28: ("thread.resume-later", ()),
    0x29: ("thread.suspend", ("cancellable",)),
    0x2A: ("thread.suspend-then-resume", ("cancellable",)),
    0x2B: ("thread.yield-then-resume", ("cancellable",)),
    0x2C: ("thread.suspend-then-promote", ("cancellable",)),
    0x2D: ("thread.yield-then-promote", ("cancellable",)),
}

# Those of a proposal that is not finished, for threads that share memory.
_SHARED_THREADS: Final = {
    0x40: "thread.spawn-ref",
    0x41: "thread.spawn-indirect",
    0x42: "thread.available-parallelism",
}


def read_canonical(reader: ScopeReader) -> Definition:
    """One item of the canonical section."""
    offset = reader.pos
    code = reader.byte()
    if code in (_LIFT, _LOWER):
        sort = reader.byte()
        if sort:
            reader.malformed("canonical definition", sort)
        function = reader.u32()
        options = read_options(reader)
        return Lift(function, options, reader.u32(), offset) if code == _LIFT else Lower(function, options, offset)
    if code in _SHARED_THREADS:
        raise UnsupportedFeature(_SHARED_THREADS[code], proposal="shared-everything-threads", offset=offset)
    if code not in _BUILT_INS:
        reader.malformed("canonical definition", code)
    name, operands = _BUILT_INS[code]
    built_in = BuiltIn(name, offset)
    for operand in operands:
        _read_operand(reader, built_in, operand)
    return built_in


def _read_operand(reader: ScopeReader, built_in: BuiltIn, operand: str) -> None:
    if operand == "type":
        built_in.type_index = reader.u32()
    elif operand == "options":
        built_in.options = read_options(reader)
    elif operand == "async":
        built_in.is_async = reader.flag("`async`")
    elif operand == "cancellable":
        built_in.is_cancellable = reader.flag("`cancellable`")
    elif operand == "memory":
        built_in.options = Options(reader.pos)
        built_in.options.memory = reader.u32()
    elif operand == "table":
        built_in.table = reader.u32()
    elif operand == "slot":
        built_in.value_type = read_value_type(reader, [])
        built_in.slot = reader.u32()
    else:
        built_in.result = read_result(reader)


def read_options(reader: ScopeReader) -> Options:
    """The options of a canonical definition, none of them twice."""
    options = Options(reader.pos)
    seen = set()
    for _ in range(reader.limited_count(_MAX_OPTIONS, "canonical options")):
        offset = reader.pos
        code = reader.byte()
        kind = _INDEX_OPTIONS.get(code)
        if kind is not None:
            setattr(options, kind, reader.u32())
        elif code < len(_ENCODINGS):
            kind = "encoding"
            options.encoding = _ENCODINGS[code]
        elif code == _ASYNC_OPTION:
            kind = "async"
            options.is_async = True
        else:
            reader.malformed("canonical option", code)
        if kind in seen:
            reader.fail(f"canonical option `{kind.replace('_', '-')}` is specified more than once", offset)
        seen.add(kind)
    return options
