"""The pieces of any template in a function, with the function's constants, names and temporaries."""

from __future__ import annotations

from wasmz.baseline.draft import LONGEST, Draft, Unfit
from wasmz.baseline.rows import (
    JUMPS,
    MEMORY,
    MEMORY_ACCESS,
    NAMES,
    NO_IMMEDIATES,
    SEGMENT,
    SEGMENT_AND_MEMORY,
    TWO_MEMORIES,
    Template,
    number_of,
    verb,
)
from wasmz.codegen.emitted import in_array
from wasmz.runtime import abi
from wasmz.wasm.reader import read_u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from wasmz.baseline.module import BaselineModule


def read_immediates(
    module: BaselineModule, template: Template, data: bytes, pos: int, end: int
) -> tuple[int, tuple[int, ...], int]:
    """The offset of a memory access, the indices of memories and segments, and the position after them."""
    kind = template.immediates
    if kind == NO_IMMEDIATES:
        return 0, (), pos
    if not module.has_memory:
        raise Unfit
    if kind == MEMORY_ACCESS:
        if data[pos] > template.alignment:
            raise Unfit
        offset, pos = read_u32(data, pos + 1, end)
        return offset, (), pos
    first, pos = read_u32(data, pos, end)
    if kind == SEGMENT:
        _check_segment(module, first)
        return 0, (first,), pos
    if kind == MEMORY:
        second = first
    else:
        second, pos = read_u32(data, pos, end)
        if kind == SEGMENT_AND_MEMORY:
            _check_segment(module, first)
        elif kind == TWO_MEMORIES and first:
            raise Unfit
    if second:
        raise Unfit
    return 0, (first, second), pos


def _check_segment(module: BaselineModule, index: int) -> None:
    if index >= module.data_count:
        raise Unfit


def general(
    draft: Draft,
    template: Template,
    offset: int,
    indices: tuple[int, ...],
    place: int,
    count: int,
    begin: int,
    second: int,
) -> None:
    """Emits a template for ``count`` operands on the stack. The first one's code begins at ``begin`` (-1: unknown).

    ``place`` is the byte offset of the instruction; ``second`` is where the code of the last operand begins.
    """
    out = draft.out
    key = (template, offset, indices)
    below, above = draft.templates.get(key) or _instantiate_template(draft, template, key, count)
    if below:
        if begin >= 0 and len(out) - begin < LONGEST:
            draft.insert(begin, *below)
        else:
            # These temporaries are free again before the template uses any.
            draft.put_below(count, *below)
    if template.in_array:
        place = in_array(place)
        if second >= begin >= 0 and second == len(out) - 1 and _takes_items(template.above):
            # The index cannot have an effect on the array.
            if out[second] in draft.target.plain_loads:
                index = out.pop()
                draft.mark(place)
                items, *after = instantiate(draft, [template.above[1], *template.above[3:]], offset, indices)
                out += (items, index, *after)
                return
    if template.traps:
        draft.mark(place)
    out += above


def _instantiate_template(
    draft: Draft, template: Template, key: tuple[Template, int, tuple[int, ...]], count: int
) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """The pieces below and above the operands; cached for the function."""
    if template.between:
        raise Unfit
    _, offset, indices = key
    below = instantiate(draft, template.below, offset, indices)
    above = instantiate(draft, template.above, offset, indices)
    if not template.is_long:
        effects = draft.target.effects
        joined = b"".join(above)
        draft.effects[joined] = (template.result is not None) - count - sum([effects[piece] for piece in below])
        above = [joined]
    draft.templates[key] = made = (below, above)
    return made


def _takes_items(above: Sequence[str]) -> bool:
    """Whether a template replaces the array, which is below an index, by its items."""
    return above[0] == above[2] == "swap:2"


def instantiate(draft: Draft, words: Sequence[str], offset: int, indices: Sequence[int]) -> list[bytes]:
    """The pieces of words in one function; ``offset`` and ``indices`` are the instruction's immediates."""
    made: list[bytes] = []
    jumps: list[tuple[int, str, str]] = []
    labels: dict[str, int] = {}
    for word in words:
        kind, _, argument = word.partition(":")
        if kind in JUMPS:
            jumps.append((len(made), JUMPS[kind], argument))
            made.append(b"")
        elif kind == "label":
            labels[argument] = len(made)
        else:
            made.append(_instantiate(draft, kind, argument, offset, indices))
    target = draft.target
    # Jumps are short and go forward.
    for place, when, label in reversed(jumps):
        distance = sum(map(len, made[place + 1 : labels[label]])) // 2
        made[place] = target.jump_piece(target.forward_jumps[when], distance)
    return made


def _instantiate(draft: Draft, kind: str, argument: str, offset: int, indices: Sequence[int]) -> bytes:
    target = draft.target
    if kind == "const":
        if argument == "None":
            return draft.none()
        number = number_of(argument)
        return draft.keyed_constant(("float", argument), number) if "." in argument else draft.constant(number)
    if kind == "callee":
        return draft.load_callee(argument)
    if kind == "global":
        return draft.load_global(argument)
    if kind == "view":
        format, _, added = argument.partition("+")
        return draft.load_global(abi.view(0, format, offset + int(added)))
    if kind == "attribute":
        return target.load_attribute(draft.name_index(_attribute(argument, indices)))
    if kind == "set_attribute":
        return target.store_attribute(draft.name_index(_attribute(argument, indices)))
    if kind == "call_maker":
        return draft.load_callee(abi.maker(indices[int(argument)]))
    if kind == "text":
        return draft.keyed_constant(("text", argument), argument.replace("_", " "))
    if kind == "bytes":
        return draft.keyed_constant(("bytes", argument), bytes.fromhex(argument))
    if kind == "list":
        return target.build_list(int(argument))
    if kind in NAMES:
        return draft.load_global(NAMES[kind](indices[int(argument)]))
    if kind == "load" or kind == "store":
        slot = draft.temporary(int(argument))
        return (target.loads if kind == "load" else target.stores)[slot]
    return verb(target, kind, argument)


def _attribute(argument: str, indices: Sequence[int]) -> str:
    """The name of an attribute, which may be that of a field given by an index."""
    field, _, place = argument.partition(":")
    return abi.field(indices[int(place)]) if place else field
