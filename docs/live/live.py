"""What the live page asks of wasmz, in the Python of a browser; answers are JSON.

answer("open", {"source": "(module ...)", "level": 2})     -> what the module has, and its first function
answer("rows", {"index": 3})                               -> one function, row by row
answer("call", {"name": "add", "arguments": ["2", "40"]})  -> {"result": "42", "output": ""}
"""

import json
import sys
from typing import Any

import wasmz
from wasmz.compile.listing import Listing
from wasmz.module import errors_in_text, read_source
from wasmz.text import print_module

# What is printed of a module, shown of a function, and kept of a guest's output, at most.
LARGEST_PRINTED = 1_000_000
MOST_ROWS = 4_000
MOST_OUTPUT = 20_000
MOST_FRAMES = 8


class Session:
    """The module that the page shows."""

    def __init__(self) -> None:
        self.source = b""
        self.config = wasmz.Config()
        self.listing: Listing | None = None
        self.instance: wasmz.Instance | None = None
        self.output = ""

    def open(self, source: str | bytes, level: int, name: str | None = None) -> dict[str, Any]:
        """Decodes and validates a module; says what is in it."""
        self.instance, self.listing = None, None
        self.config = wasmz.Config(opt_level=level, use_cache=False, compile_mode="lazy", background_compile=False)
        given = source.encode() if isinstance(source, str) else source
        wasmz.Module.validate(given)
        data = read_source(given)
        self.source = bytes(data)
        with errors_in_text(data):
            self.listing = listing = Listing(self.source, self.config)
        module = wasmz.Module.compile(wasmz.Engine(self.config), self.source)
        own = listing.module.names.functions
        exported = {item.index: item.name for item in reversed(listing.module.exports) if item.kind == "func"}
        functions = [
            {"index": body.index, "name": own.get(body.index) or exported.get(body.index) or f"function {body.index}"}
            for body in listing.module.bodies
        ]
        text = None
        if type(data) is bytes and len(data) <= LARGEST_PRINTED:
            text = print_module(data)
        return {
            "name": name,
            "size": len(self.source),
            "text": text,
            "functions": functions,
            "imports": [f"{item.module_name}.{item.name}: {item.type}" for item in module.imports],
            "exports": [
                {"name": item.name, "type": str(item.type), "parameters": _parameters(item.type)}
                for item in module.exports.values()
            ],
        }

    def rows(self, index: int) -> dict[str, Any]:
        """A function: its type, its rows, and what became of its loops."""
        listing = self._opened()
        (body,) = (body for body in listing.module.bodies if body.index == index)
        header, rows = listing.rows(body)
        shown = [
            {
                "offset": f"0x{row.offset:04x}",
                "wasm": row.wasm,
                "ir": row.ir,
                "code": [f"{place:>4} {name} {argument}".rstrip() for place, name, argument in row.bytecode],
            }
            for row in rows[:MOST_ROWS]
        ]
        remarks = [f"loop at 0x{offset:x}: {line}" for offset, line in listing.remarks(body)]
        return {"header": header, "rows": shown, "left_out": max(0, len(rows) - MOST_ROWS), "remarks": remarks}

    def call(self, name: str, arguments: list[str]) -> dict[str, Any]:
        """Calls an exported function, with arguments as they were typed."""
        self._opened()
        self.output = ""
        if self.instance is None:
            self.instance = self._instantiate()
        type = self.instance.module.exports[name].type
        if not isinstance(type, wasmz.FuncType):
            raise TypeError(f"{name} is no function")
        values = [_value(text, kind) for text, kind in zip(arguments, type.params, strict=True)]
        try:
            returned = self.instance.exports[name](*values)
            result = shown(returned) if type.results else "done"
        except wasmz.WasiExit as stopped:
            result = f"exit status {stopped.exit_code}"
        return {"result": result, "output": self.output}

    def _opened(self) -> Listing:
        if self.listing is None:
            raise ValueError("no module is open")
        return self.listing

    def _instantiate(self) -> wasmz.Instance:
        """An instance whose imports are WASI, and functions that say that they were called."""
        engine = wasmz.Engine(self.config)
        module = wasmz.Module.compile(engine, self.source)
        store, linker = wasmz.Store(engine), wasmz.Linker(engine)
        linker.define_wasi(wasmz.WasiConfig(args=["prog"], stdin=b"", stdout=self._print, stderr=self._print))
        for item in module.imports:
            if not item.module_name.startswith("wasi_"):
                linker.define(item.module_name, item.name, self._import(store, item))
        return wasmz.Instance(store, module, linker)

    def _import(self, store: wasmz.Store, item: wasmz.ImportType) -> Any:
        if isinstance(item.type, wasmz.FuncType):
            results = [_zero(type) for type in item.type.results]
            name = f"{item.module_name}.{item.name}"

            def called(*arguments: Any) -> Any:
                self._print(f"{name}({', '.join(map(shown, arguments))})\n".encode())
                return None if not results else results[0] if len(results) == 1 else tuple(results)

            return called
        if isinstance(item.type, wasmz.MemoryType):
            return wasmz.Memory(store, item.type)
        if isinstance(item.type, wasmz.TableType):
            return wasmz.Table(store, item.type)
        if isinstance(item.type, wasmz.GlobalType):
            return wasmz.Global(store, item.type, _zero(item.type.value_type))
        return wasmz.Tag(store, item.type)

    def _print(self, data: bytes) -> None:
        if len(self.output) < MOST_OUTPUT:
            self.output += bytes(data).decode(errors="replace")
            if len(self.output) >= MOST_OUTPUT:
                self.output += "\n... and more"


def _parameters(type: object) -> list[str] | None:
    return list(map(str, type.params)) if isinstance(type, wasmz.FuncType) else None


def _zero(type: object) -> Any:
    if type in (wasmz.ValType.F32, wasmz.ValType.F64):
        return 0.0
    if type == wasmz.ValType.V128:
        return bytes(16)
    return 0 if isinstance(type, wasmz.ValType) else None


def _value(text: str, type: object) -> Any:
    """What was typed for a parameter: a number, 32 hexadecimal digits of a vector, nothing for a reference."""
    text = text.strip()
    try:
        if type in (wasmz.ValType.F32, wasmz.ValType.F64):
            return float(text or 0)
        if type == wasmz.ValType.V128:
            return bytes.fromhex(text or "00" * 16)
        if isinstance(type, wasmz.ValType):
            return int(text or "0", 0)
    except ValueError:
        raise ValueError(f"{text!r} is no {type}") from None
    return text or None


def _first_frames(error: wasmz.Trap) -> str:
    lines = error.backtrace().splitlines()
    left_out = [f"  ... {len(lines) - MOST_FRAMES} more"] if len(lines) > MOST_FRAMES else []
    return "\n".join([*lines[:MOST_FRAMES], *left_out])


def shown(value: object) -> str:
    """A value as the page shows it."""
    if isinstance(value, tuple):
        return f"({', '.join(map(shown, value))})"
    return value.hex() if isinstance(value, bytes) else repr(value)


SESSION = Session()


def answer(request: str, given: dict[str, Any]) -> str:
    """What the page gets: a value, or what was wrong."""
    try:
        return json.dumps({"value": getattr(SESSION, request)(**given)})
    except wasmz.InvalidText as error:
        place = {"line": error.line, "column": error.column, "source": error.source_line}
        return json.dumps({"error": {"title": "This is no module", "message": error.reason, **place}})
    except wasmz.Trap as error:
        return json.dumps(
            {"error": {"title": f"Trap: {error.message}", "message": _first_frames(error), "output": SESSION.output}}
        )
    except RecursionError:
        return json.dumps({"error": {"title": "Trap: call stack exhausted", "message": "", "output": SESSION.output}})
    except Exception as error:
        return json.dumps({"error": {"title": type(error).__name__, "message": str(error), "output": SESSION.output}})


def versions() -> str:
    """What runs here."""
    return f"wasmz {wasmz.__version__} on CPython {sys.version.split()[0]}"
