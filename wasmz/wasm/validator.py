"""Validation of a module (specification, section 3.5 "Modules").

module = decode_module(data)
validate_module(module, data)                                    all but function bodies
for body in module.bodies:
    validate_body(module, body.index, decode_body(data, body, module))
"""

from __future__ import annotations

from wasmz.errors import InvalidWasm
from wasmz.runtime.image import ExternKind
from wasmz.subtyping import default_value_exists, is_subtype
from wasmz.types import PAGE_BYTES, FuncType, HeapType, MemoryType, RefType, TableType, ValType
from wasmz.wasm.body_validator import validate_body
from wasmz.wasm.constant_rules import CONSTANT_RULES
from wasmz.wasm.instructions import BY_NAME, INSTRUCTIONS
from wasmz.wasm.syntax import ConstantExpression, WasmModule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Final, NoReturn

__all__ = ["check_memory_type", "check_table_type", "validate_body", "validate_constant", "validate_module"]

_FUNC: Final = RefType(HeapType.FUNC, nullable=False)
_I32_CONST: Final = BY_NAME["i32.const"].opcode
_REF_FUNC: Final = BY_NAME["ref.func"].opcode
_REF_NULL: Final = BY_NAME["ref.null"].opcode
_GLOBAL_GET: Final = BY_NAME["global.get"].opcode
# Constant instructions that have all their types in their row of the table (specification 3.3.16).
_CONSTANT_ROWS: Final = {
    BY_NAME[name].opcode: (BY_NAME[name].params or (), (BY_NAME[name].results or (ValType.I32,))[0])
    for name in (
        *("i32.const", "i64.const", "f32.const", "f64.const", "v128.const"),
        *("i32.add", "i32.sub", "i32.mul", "i64.add", "i64.sub", "i64.mul"),
    )
}


def validate_module(module: WasmModule, data: bytes | bytearray | memoryview) -> None:
    """Checks everything in a module except function bodies, and sets what their validation needs.

    Args:
        module: the decoded module; ``declared_functions`` is set.
        data: the bytes that it was decoded from.

    Raises:
        InvalidWasm: naming the offset and what was expected.
    """
    _check_function_types(module)
    _check_tags(module)
    _check_limits(module)
    for table in module.tables:
        if table.init is not None:
            validate_constant(module, table.init, table.type.element, _imported_globals(module))
        elif not default_value_exists(table.type.element):
            _fail(f"type mismatch: a table of {table.type.element.name} needs an initial value", table.offset)
    preceding = _imported_globals(module)
    for item in module.globals:
        validate_constant(module, item.init, item.type.value_type, preceding)
        preceding += 1
    _check_exports(module)
    _check_start(module)
    _check_elements(module)
    _check_data(module)
    module.declared_functions = frozenset(_declared_functions(module))


def validate_constant(module: WasmModule, expression: ConstantExpression, expected: ValType, visible: int) -> None:
    """Checks that an expression is constant and gives one value of type ``expected`` (specification 3.3.16).

    Args:
        module: the module that its indices refer to.
        expression: the decoded expression.
        expected: the type that it must have.
        visible: how many globals it may read, from the first.
    """
    instructions = expression.instructions
    if len(instructions) == 1 and instructions[0][0] == _I32_CONST and expected is ValType.I32:
        return
    stack: list[ValType] = []
    for opcode, immediate, offset in instructions:
        row = _CONSTANT_ROWS.get(opcode)
        if row is not None:
            params, result = row
            if params:
                _pop_operands(stack, params, offset)
            stack.append(result)
        elif opcode == _REF_FUNC:
            if immediate >= len(module.function_types):
                _fail(f"unknown function {immediate}", offset)
            stack.append(module.function_reference(immediate))
        elif opcode == _REF_NULL:
            stack.append(immediate)
        elif opcode == _GLOBAL_GET:
            if immediate >= visible:
                _fail(f"unknown global {immediate}", offset)
            if module.global_types[immediate].mutable:
                _fail(f"constant expression required: global {immediate} is mutable", offset)
            stack.append(module.global_types[immediate].value_type)
        elif opcode in CONSTANT_RULES:
            params, result = CONSTANT_RULES[opcode](module, immediate, stack, offset)
            _pop_operands(stack, params, offset)
            stack.append(result)
        else:
            _fail(f"constant expression required, found {INSTRUCTIONS[opcode].mnemonic}", offset)
    if not stack:
        _fail(f"type mismatch: expected {expected.name}, found nothing", expression.offset)
    if not is_subtype(stack[-1], expected):
        _fail(f"type mismatch: expected {expected.name}, found {stack[-1].name}", expression.offset)
    if len(stack) > 1:
        _fail(f"type mismatch: expected one value, found {len(stack)}", expression.offset)


def _pop_operands(stack: list[ValType], params: tuple[ValType, ...], offset: int) -> None:
    for param in reversed(params):
        if not stack:
            _fail(f"type mismatch: expected {param.name}, found nothing on the stack", offset)
        found = stack.pop()
        if found is not param and not is_subtype(found, param):
            _fail(f"type mismatch: expected {param.name}, found {found.name}", offset)


def _fail(reason: str, offset: int | None) -> NoReturn:
    raise InvalidWasm(reason, offset=offset)


def _imported_globals(module: WasmModule) -> int:
    return len(module.global_types) - len(module.globals)


def _typed_items(module: WasmModule, kind: ExternKind) -> Iterator[tuple[int, int]]:
    """The type index and offset of each function or tag, imported ones first."""
    for item in module.imports:
        if item.kind == kind and isinstance(item.descriptor, int):
            yield item.descriptor, item.offset
    if kind == "func":
        yield from zip(module.function_types[module.imported_function_count :], module.function_offsets, strict=True)
    else:
        yield from zip(module.tags, module.tag_offsets, strict=True)


def _signature(module: WasmModule, type_index: int, offset: int) -> FuncType:
    if type_index >= len(module.types):
        _fail(f"unknown type {type_index}", offset)
    composite = module.types[type_index].composite
    if not isinstance(composite, FuncType):
        _fail(f"type mismatch: type {type_index} is not a function type", offset)
    return composite


def _check_function_types(module: WasmModule) -> None:
    for type_index, offset in _typed_items(module, "func"):
        _signature(module, type_index, offset)


def _check_tags(module: WasmModule) -> None:
    for type_index, offset in _typed_items(module, "tag"):
        if _signature(module, type_index, offset).results:
            _fail("non-empty tag result type", offset)


def _check_limits(module: WasmModule) -> None:
    """Checks the sizes of all memories and tables, including imported ones (specification 3.2.15-3.2.17)."""
    for item in module.imports:
        if isinstance(item.descriptor, MemoryType):
            check_memory_type(item.descriptor, item.offset)
        elif isinstance(item.descriptor, TableType):
            check_table_type(item.descriptor, item.offset)
    for memory, offset in zip(module.memories, module.memory_offsets, strict=True):
        check_memory_type(memory, offset)
    for table in module.tables:
        check_table_type(table.type, table.offset)


def check_memory_type(memory: MemoryType, offset: int) -> None:
    """Check that a memory's size is possible (specification 3.2.16)."""
    if memory.page_bytes not in (1, PAGE_BYTES):
        _fail(f"invalid custom page size {memory.page_bytes}", offset)
    bits = 32 if memory.address_type is ValType.I32 else 64
    # Sizes must be numbers of the address type (proposal "custom page sizes").
    most = min((1 << bits) // memory.page_bytes, (1 << bits) - 1)
    for size in (memory.minimum, memory.maximum):
        if size is not None and size > most:
            extent = " (4GiB)" if bits == 32 else ""
            _fail(f"memory size must be at most {most} pages{extent}, found {size}", offset)
    if memory.shared and memory.maximum is None:
        _fail("shared memory must have maximum", offset)
    _check_order(memory.minimum, memory.maximum, offset)


def check_table_type(table: TableType, offset: int) -> None:
    """Check that a table's size is possible (specification 3.2.17)."""
    most = 0xFFFFFFFF if table.address_type is ValType.I32 else 0xFFFFFFFFFFFFFFFF
    for size in (table.minimum, table.maximum):
        if size is not None and size > most:
            _fail(f"table size must be at most {most} elements, found {size}", offset)
    _check_order(table.minimum, table.maximum, offset)


def _check_order(minimum: int, maximum: int | None, offset: int) -> None:
    if maximum is not None and minimum > maximum:
        _fail(f"size minimum must not be greater than maximum: {minimum} > {maximum}", offset)


# The size of the index space for each kind of export.
_SPACE_SIZES: Final[dict[ExternKind, Callable[[WasmModule], int]]] = {
    "func": lambda module: len(module.function_types),
    "table": lambda module: len(module.table_types),
    "memory": lambda module: len(module.memory_types),
    "global": lambda module: len(module.global_types),
    "tag": lambda module: len(module.tag_types),
}
_KIND_NAMES: Final = {"func": "function"}


def _check_exports(module: WasmModule) -> None:
    sizes = {kind: count(module) for kind, count in _SPACE_SIZES.items()}
    seen: set[str] = set()
    for export in module.exports:
        if export.index >= sizes[export.kind]:
            _fail(f"unknown {_KIND_NAMES.get(export.kind, export.kind)} {export.index}", export.offset)
        if export.name in seen:
            _fail(f'duplicate export name "{export.name}"', export.offset)
        seen.add(export.name)


def _check_start(module: WasmModule) -> None:
    if module.start is None:
        return
    if module.start >= len(module.function_types):
        _fail(f"unknown function {module.start}", module.start_offset)
    func_type = module.function_type(module.start)
    if func_type.params or func_type.results:
        _fail(f"start function must have type () -> (), found {func_type}", module.start_offset)


def _check_elements(module: WasmModule) -> None:
    visible = len(module.global_types)
    function_count = len(module.function_types)
    for segment in module.elements:
        if segment.position is not None:
            if segment.table >= len(module.table_types):
                _fail(f"unknown table {segment.table}", segment.offset)
            table = module.table_types[segment.table]
            if not is_subtype(segment.type, table.element):
                found = segment.type.name
                _fail(f"type mismatch: expected elements of type {table.element.name}, found {found}", segment.offset)
            validate_constant(module, segment.position, table.address_type, visible)
        plain = is_subtype(_FUNC, segment.type)
        for item in segment.items:
            opcode, index, offset = item.instructions[0] if item.instructions else (0, 0, item.offset)
            if plain and opcode == _REF_FUNC and len(item.instructions) == 1:
                # References to functions have a type below `func`: large tables hold little else.
                if index >= function_count:
                    _fail(f"unknown function {index}", offset)
            else:
                validate_constant(module, item, segment.type, visible)


def _check_data(module: WasmModule) -> None:
    visible = len(module.global_types)
    for segment in module.data:
        if segment.position is not None:
            if segment.memory >= len(module.memory_types):
                _fail(f"unknown memory {segment.memory}", segment.offset)
            address_type = module.memory_types[segment.memory].address_type
            validate_constant(module, segment.position, address_type, visible)


def _declared_functions(module: WasmModule) -> Iterator[int]:
    """Functions that occur outside bodies: inside, ``ref.func`` may name only these (specification 3.5.16)."""
    for export in module.exports:
        if export.kind == "func":
            yield export.index
    expressions = [item.init for item in module.globals]
    expressions += [table.init for table in module.tables if table.init is not None]
    for segment in module.elements:
        expressions += segment.items
    for expression in expressions:
        for opcode, immediate, _ in expression.instructions:
            if opcode == _REF_FUNC:
                yield immediate
