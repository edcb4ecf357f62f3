"""Compiles one function in one pass, from its bytes to its code object."""

from __future__ import annotations

from wasmz.baseline.draft import Draft, Unfit
from wasmz.baseline.rows import current_rows
from wasmz.baseline.shapes import Pieces
from wasmz.baseline.subtypes import Variables
from wasmz.baseline.tiers import Requests
from wasmz.baseline.translate import translate
from wasmz.codegen.code_object import CodeDescription, make_code
from wasmz.runtime import abi
from wasmz.runtime.image import FunctionCode
from wasmz.startup.light import memoized
from wasmz.types import RefType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from wasmz.baseline.module import BaselineModule
    from wasmz.wasm.syntax import FunctionBody

# Functions with more locals, or a deeper operand stack, are left to the pipeline: compilers stay far below.
_MOST_LOCALS: Final = 500
_MOST_OPERANDS: Final = 1000
# The most that a single instruction pushes besides its operands and results; checked where templates are tested.
MARGIN: Final = 10
# How many locals are unpacked at a time from a constant tuple of zeros.
_ZEROS: Final = 8
# About how many bytes correspond to one value of the pipeline's IR.
_BYTES_PER_VALUE: Final = 2


@memoized
def _pieces() -> Pieces:
    rows = current_rows()
    return Pieces(rows.target, rows)


def compile_function(module: BaselineModule, body: FunctionBody) -> FunctionCode:
    """The code of a function.

    Raises:
        Unfit, LookupError, InvalidWasm, UnsupportedFeature, ImplementationLimit: it is not plainly valid, or is left to
            the pipeline.
    """
    if sum(count for count, _ in body.locals) > _MOST_LOCALS:
        raise Unfit
    rows = current_rows()
    count, params, _ = module.signatures[body.index]
    local_types: list[Any] = [*params]
    all_have_defaults = True
    for number, type in body.locals:
        local_types += [type] * number
        if type.__class__ is RefType and not type.nullable:
            all_have_defaults = False
    if len(local_types) > _MOST_LOCALS:
        raise Unfit
    target = rows.target
    target.reserve_locals(len(local_types) + 2)
    draft = Draft(rows, len(local_types) + 2)
    requests = Requests(body.index, body.start, count, len(local_types), uses_fuel=module.uses_fuel)
    variables = Variables(local_types, target.loads, count, all_have_defaults=all_have_defaults)
    translate(module, rows, _pieces(), body, variables, draft, requests)
    size = (body.end - body.code_start) // _BYTES_PER_VALUE
    requests.finish(draft, size)
    zeros = [*zip(range(count, len(local_types)), local_types[count:], strict=True)]
    if requests.has_loops:
        zeros.append((requests.rounds, ValType.I32))
    prologue = target.resume + b"".join(_zero(draft, zeros))
    instructions, lines = draft.layout(body.start, prologue)
    if draft.stack_size > _MOST_OPERANDS:
        raise Unfit
    name = module.module.names.functions.get(body.index) or abi.function(body.index)
    slots = draft.first_temporary + draft.temporary_count
    description = CodeDescription(
        name=name,
        filename=module.filename,
        first_offset=body.start,
        argument_count=count,
        constants=tuple(draft.constants),
        global_names=tuple(draft.names),
        local_names=_local_names(slots | 63)[:slots],
    )
    code = make_code(description, instructions, max(draft.stack_size, _ZEROS) + MARGIN, lines, draft.exceptions)
    return FunctionCode(code, size=size, costs=requests.costs)


@memoized
def _local_names(count: int) -> tuple[str, ...]:
    # Kept for the life of the process, so only for a few counts.
    return tuple([f"l{number}" for number in range(count)])


def _zero(draft: Draft, zeros: list[tuple[int, Any]]) -> list[bytes]:
    """Sets locals to zero or null at the start (specification 4.4.10), so that no fast local is read before it is set.

    Locals without a default value are set to null, too: code passes them on when it goes on in other code.
    """
    stores = draft.target.stores
    made: list[bytes] = []
    for first in range(0, len(zeros), _ZEROS):
        part = zeros[first : first + _ZEROS]
        if len(part) < 3:
            for slot, type in part:
                value = _zero_of(type)
                is_integer = value.__class__ is int
                made += (
                    draft.constant(0) if is_integer else draft.keyed_constant(("zero", value), value),
                    stores[slot],
                )
            continue
        values = tuple([_zero_of(type) for _, type in part])
        key = ("zeros", *[str(value) for value in values])
        made += (draft.keyed_constant(key, values), draft.target.unpack(len(part)))
        made += [stores[slot] for slot, _ in part]
    return made


def _zero_of(type: ValType) -> object:
    if isinstance(type, RefType):
        return None
    return 0.0 if type is ValType.F32 or type is ValType.F64 else 0
