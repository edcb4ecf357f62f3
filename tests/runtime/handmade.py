"""Images made by hand: Python source that follows docs/abi.md stands for what the compiler would emit.

    image = make_image([("add", "ii:i", "def add(a, b): return (a + b) & 0xFFFFFFFF")], exports=["add"])

A signature has one letter a value: ``i I f F r e`` for i32 i64 f32 f64 funcref externref.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

from wasmz import types as t
from wasmz.codegen.layout import encode_lines
from wasmz.runtime.abi import IN_TABLE
from wasmz.runtime.image import ExportSpec, FunctionCode, ModuleImage
from wasmz.runtime.link.compiled_module import CompiledModule
from wasmz.runtime.link.engine import Engine
from wasmz.runtime.link.instance import Instance
from wasmz.runtime.link.linker import Linker
from wasmz.runtime.link.store import Store
from wasmz.types import FuncType, ImportType, ValType, define_function_type

ROOT = Path(__file__).resolve().parents[2]

LETTERS = {
    "i": ValType.I32,
    "I": ValType.I64,
    "f": ValType.F32,
    "F": ValType.F64,
    "v": ValType.V128,
    "r": ValType.FUNCREF,
    "e": ValType.EXTERNREF,
}

# Bodies of functions are this many "bytes" apart, and their lines count from there.
BODY_SPACING = 100


def signature(text: str) -> FuncType:
    params, results = text.split(":")
    return FuncType([LETTERS[letter] for letter in params], [LETTERS[letter] for letter in results])


def code_of(source: str, first_line: int, *, is_driver: bool = False) -> CodeType:
    """The code object of the one function in ``source``, its lines counted from ``first_line``.

    Lines that end with ``# table`` are marked as the compiler marks accesses to tables. All of a driver of tail calls
    is at the first line, where no instruction is.
    """
    module = compile("\n" * (first_line - 1) + source, "<wasm handmade>", "exec")
    code = next(constant for constant in module.co_consts if isinstance(constant, CodeType))
    marked = {first_line + n for n, line in enumerate(source.split("\n")) if line.endswith("# table")}
    if not marked and not is_driver:
        return code
    lines = [first_line if is_driver else place[0] or first_line for place in code.co_positions()]
    places = [(unit, line | IN_TABLE if line in marked else line) for unit, line in enumerate(lines)]
    return code.replace(co_linetable=encode_lines(places, len(lines), code.co_firstlineno))


def make_image(
    functions: Sequence[tuple[str, str, str]],
    *,
    imports: Sequence[tuple[str, str, str | t.ExternType]] = (),
    exports: Iterable[str | ExportSpec] = (),
    deep: Iterable[str] = (),
    tail_sources: dict[str, str] | None = None,
    extra_types: Sequence[str] = (),
    **parts: Any,
) -> ModuleImage:
    """An image of functions (name, signature, source); their indices come after the imported functions."""
    import_types = [
        ImportType(module, name, signature(type) if isinstance(type, str) else type) for module, name, type in imports
    ]
    func_types = [item.type for item in import_types if isinstance(item.type, FuncType)]
    first = len(func_types)
    func_types += [signature(text) for _, text, _ in functions]
    index_of = {name: first + number for number, (name, _, _) in enumerate(functions)}
    types = [*map(define_function_type, func_types), *(define_function_type(signature(text)) for text in extra_types)]
    offsets = [BODY_SPACING * (number + 1) for number in range(len(functions))]
    code = [
        code_of(source, offset, is_driver=name in (tail_sources or {}))
        for (name, _, source), offset in zip(functions, offsets, strict=True)
    ]
    tail_code = {
        index_of[name]: code_of(source, offsets[index_of[name] - first])
        for name, source in (tail_sources or {}).items()
    }
    made = [
        FunctionCode(item, tail_code.get(first + number), is_deep=functions[number][0] in {*deep})
        for number, item in enumerate(code)
    ]
    names = {name for function in made for name in function.names()}
    return ModuleImage(
        name="handmade",
        types=tuple(types),
        imports=tuple(import_types),
        function_types=tuple(range(len(func_types))),
        exports=tuple(ExportSpec(e, "func", index_of[e]) if isinstance(e, str) else e for e in exports),
        functions=tuple(made),
        function_names={index: name for name, index in index_of.items()},
        body_offsets=tuple(offsets),
        names=tuple(sorted(names)),
        **parts,
    )


def instantiate(image: ModuleImage, linker: Linker | None = None, store: Store | None = None) -> Instance:
    store = store or Store(Engine())
    return Instance(store, CompiledModule(store.engine, image), linker)
