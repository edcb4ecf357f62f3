"""Made from instructions.cases by ``python -m wasmz.baseline.generate``: change that file, not this one.

One pass over a function's bytes decodes, checks and emits (see `__init__.py`).
"""

from __future__ import annotations

from wasmz.baseline.dead_code import skip_dead_code
from wasmz.baseline.draft import LONGEST, Draft, Label, Unfit
from wasmz.baseline.frames import BOUNDARY, DROPPED, NULLS, NUMBERS, REFERENCES, Frame
from wasmz.baseline.general import general, read_immediates
from wasmz.baseline.handlers import handle, read_clauses, throw, throw_again
from wasmz.baseline.rows import NEW, NoRow, Rows
from wasmz.baseline.shapes import (
    CONSTANT_FORMS,
    CONSUMERS,
    INVERSE,
    TRUE,
    ZERO,
    Pieces,
    call_indirect,
    call_reference,
    constant_comparison,
    constant_form,
    read_targets,
    push_test,
    switch,
)
from wasmz.baseline.subtypes import Variables, fit, fit_all, settle, settle_from, without_nulls
from wasmz.baseline.tiers import Requests
from wasmz.baseline.typed import describe, read_typed
from wasmz.codegen.targets.base import IF_FALSE, IF_TRUE
from wasmz.runtime import abi
from wasmz.runtime.abi import UNREACHABLE
from wasmz.subtyping import without_null
from wasmz.types import RefType, ValType
from wasmz.wasm.proposals import Proposal
from wasmz.wasm.reader import read_s32, read_s64, read_u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.baseline.module import BaselineModule
    from wasmz.wasm.syntax import FunctionBody

I32, I64, F32, F64 = ValType.I32, ValType.I64, ValType.F32, ValType.F64

# The facts of opcodes that are not in `operand_facts`.
NOTHING = (b"", 0)

# The branches of a function may drop or move this many values, plus one for each byte.
_MOST_MOVED = 20_000


def translate(
    module: BaselineModule, rows: Rows, pieces: Pieces, body: FunctionBody, variables: Variables, draft: Draft,
    requests: Requests,
) -> None:
    """Emits a function's body to the draft.

    Raises:
        Unfit, LookupError, InvalidWasm, UnsupportedFeature, ImplementationLimit: see `function.py`.
    """
    data, pos, end = module.data, body.code_start, body.end
    target = draft.target
    local_types, loads, fresh = variables.types, variables.loads, variables.fresh
    stores = target.stores
    case_numbers, rare_cases, facts = rows.cases, rows.rare_cases, rows.facts
    load_facts, operand_facts = rows.load_facts, pieces.operand_facts
    swap, copy, drop = target.swap2, target.copy1, target.pop
    subscript, store_subscript = target.subscript, target.store_subscript
    calls, selects, and_, zero = pieces.calls, pieces.selects, pieces.and_, pieces.zero
    conditions, materials, to_integer = pieces.conditions, pieces.materials, pieces.to_integer
    out, drop_below, constant = draft.out, draft.drop_below, draft.constant
    append, insert = out.append, out.insert
    put, jump, end_of_path, shift = draft.put, draft.jump, draft.end, draft.shift
    places, offsets = draft.line_places, draft.offsets
    place = places.append
    constant_pieces, global_pieces, callee_pieces = draft.constant_pieces, draft.global_pieces, draft.callee_pieces
    typed = module.typed
    signatures, globals_, has_memory = module.signatures, module.globals, module.has_memory
    movable, local_count = rows.movable, len(local_types)
    set_ends = [0] * local_count
    outermost = Frame.of_function(module.results(body.index))
    return_code = pieces.return_code(draft, len(outermost.results))
    frames = [outermost]
    types: list[Any] = [BOUNDARY]
    starts = [0]
    push, pop = types.append, types.pop
    push_start, pop_start = starts.append, starts.pop
    floor = requests.begin(draft)
    constant_end = last_constant = -1
    piece: Any
    masking: tuple[bytes, ...]
    moved = 0
    most_moved = _MOST_MOVED + end - pos
    while True:
        start = pos
        opcode: int = data[pos]
        pos += 1
        case = case_numbers[opcode]
        if case >= 46:
            if case == 46:
                number, pos = read_u32(data, pos, end)
                opcode = opcode << 16 | number
                if number > 0xFFFF or (opcode > 0xFD0000 and not module.has_vectors):
                    raise Unfit
                case = rare_cases.get(opcode, NEW)
            if case == NEW:
                try:
                    case = rows.prepare(opcode)
                except NoRow:
                    raise Unfit from None
        if case < 8:
            if case == 0:  # LOCAL_GET
                index = data[pos]
                if index < 0x80:
                    pos += 1
                else:
                    index, pos = read_u32(data, pos, end)
                type = local_types[index]
                push_start(len(out))
                access = load_facts.get(data[pos]) if type is I32 else None
                if access is None:
                    push(type)
                    append(loads[index])
                else:
                    # The following load needs no insertion: its view is pushed first.
                    start = pos
                    pos += 1
                    result, format, piece, alignment = access
                    offset = data[pos + 1]
                    if data[pos] > alignment or not has_memory:
                        raise Unfit
                    if offset < 0x80:
                        pos += 2
                    else:
                        offset, pos = read_u32(data, pos + 1, end)
                    push(result)
                    append(global_pieces.get((format, offset)) or draft.view(format, offset))
                    append(loads[index])
                    place(len(out))
                    offsets.append(start)
                    append(piece)
            elif case == 1:  # I32_CONST
                number = data[pos]
                if number < 0x80:
                    pos += 1
                    if number >= 0x40:
                        number |= 0xFFFFFF80
                else:
                    number, pos = read_s32(data, pos, end)
                    number &= 0xFFFFFFFF
                piece = constant_pieces.get(number)
                append(constant(number) if piece is None else piece)
                operation, limit = operand_facts.get(data[pos], NOTHING)
                if number < limit and types[-1] is I32:
                    # The constant is the second operand of the following instruction.
                    pos += 1
                    append(operation)
                else:
                    push(I32)
                    push_start(len(out) - 1)
                    last_constant = number
                    constant_end = len(out)
            elif case == 2:  # BINARY
                type, result, piece = facts[opcode]
                if pop() is not type or types[-1] is not type:
                    raise Unfit
                pop_start()
                types[-1] = result
                if constant_end == len(out) and opcode in CONSTANT_FORMS:
                    out[-1:] = constant_form(pieces, draft, opcode, last_constant)
                else:
                    append(piece)
            elif case == 3:  # LOCAL_TEE
                index = data[pos]
                if index < 0x80:
                    pos += 1
                else:
                    index, pos = read_u32(data, pos, end)
                if types[-1] is not local_types[index]:
                    types[-1] = variables.set(index, types[-1], len(frames))
                append(copy)
                append(stores[index])
                set_ends[index] = len(out)
            elif case == 4:  # LOAD
                result, format, piece, alignment = facts[opcode]
                offset = data[pos + 1]
                if data[pos] > alignment or not has_memory:
                    raise Unfit
                if offset < 0x80:
                    pos += 2
                else:
                    offset, pos = read_u32(data, pos + 1, end)
                if types[-1] is not I32:
                    raise Unfit
                types[-1] = result
                begin = starts[-1]
                view = global_pieces.get((format, offset)) or draft.view(format, offset)
                if begin >= floor and len(out) - begin < LONGEST:
                    insert(begin, view)
                    if places and places[-1] >= begin:
                        shift(begin, 1)
                else:
                    out += (view, swap)
                place(len(out))
                offsets.append(start)
                append(piece)
            elif case == 5:  # LOCAL_SET
                index = data[pos]
                if index < 0x80:
                    pos += 1
                else:
                    index, pos = read_u32(data, pos, end)
                type = pop()
                if type is not local_types[index]:
                    variables.set(index, type, len(frames))
                pop_start()
                append(stores[index])
                set_ends[index] = len(out)
            elif case == 6:  # END
                frame = frames.pop()
                results = frame.results
                height = frame.height
                if types[height:] != results:
                    settle_from(types, height, results)
                if frame.otherwise is not None:
                    if frame.clauses:
                        jump(frame.label)
                        moved += handle(draft, frame, frames, start)
                        if moved > most_moved:
                            raise Unfit
                    else:
                        if frame.params != results:
                            fit_all(frame.params, results)
                        floor = put(frame.otherwise)
                if not frame.is_loop:
                    floor = put(frame.label)
                    # On other paths to the label, another value may be on top.
                    constant_end = -1
                if fresh:
                    variables.leave(len(frames) + 1)
                if not frames:
                    break
                height -= 1
                del types[height]
                del starts[height]
                floor = len(out)
                constant_end = -1
            else:  # STORE
                type, format, needed, alignment = facts[opcode]
                offset = data[pos + 1]
                if data[pos] > alignment or not has_memory:
                    raise Unfit
                if offset < 0x80:
                    pos += 2
                else:
                    offset, pos = read_u32(data, pos + 1, end)
                if pop() is not type or pop() is not I32:
                    raise Unfit
                stored, begin = pop_start(), pop_start()
                view = global_pieces.get((format, offset)) or draft.view(format, offset)
                masking = ()
                if needed is not None:
                    if constant_end == len(out):
                        out[-1] = constant(last_constant & needed)
                    else:
                        masking = (constant(needed), and_)
                if begin >= floor and stored == begin + 1 and (local := movable.get(out[begin])) is not None and (
                    local < 0 or (local < local_count and set_ends[local] <= stored)
                ):
                    # The address is a local or a constant, and can be pushed last.
                    address = out[begin]
                    del out[begin]
                    if places and places[-1] > begin:
                        shift(begin, -1)
                    out += (*masking, view, address)
                elif begin >= floor and stored == len(out) - 1 and (local := movable.get(out[stored])) is not None and (
                    local < 0 or (local < local_count and set_ends[local] <= begin)
                ):
                    # The value is one, too, and can be pushed first.
                    draft.insert(begin, out.pop(), *masking, view)
                else:
                    out += (*masking, swap, view, swap)
                place(len(out))
                offsets.append(start)
                append(store_subscript)
        elif case < 16:
            if case == 8:  # BR_IF
                depth = data[pos]
                if depth < 0x80:
                    pos += 1
                else:
                    depth, pos = read_u32(data, pos, end)
                before, if_true, if_false = conditions[pop()]
                pop_start()
                frame = frames[-1 - depth]
                if before:
                    append(before)
                label_types = frame.label_types
                arity = len(label_types)
                if arity and types[-arity:] != label_types:
                    settle(types, label_types)
                extra = len(types) - frame.height - depth - arity
                if not extra:
                    floor = jump(frame.label, if_true)
                else:
                    over = Label()
                    jump(over, if_false)
                    moved += extra + arity
                    if moved > most_moved:
                        raise Unfit
                    drop_below(extra, arity)
                    jump(frame.label)
                    floor = put(over)
            elif case == 9:  # CALL
                index = data[pos]
                if index < 0x80:
                    pos += 1
                else:
                    index, pos = read_u32(data, pos, end)
                count, params, results = signatures[index]
                piece = callee_pieces.get(index) or draft.callee(index)
                if count:
                    if types[-count:] != params:
                        settle(types, params)
                    begin = starts[-count]
                    del types[-count:]
                    del starts[-count:]
                    if begin >= floor and len(out) - begin < LONGEST:
                        insert(begin, piece)
                        if places and places[-1] >= begin:
                            shift(begin, 1)
                    else:
                        draft.put_below(count, piece)
                else:
                    begin = len(out)
                    append(piece)
                place(len(out))
                offsets.append(start)
                append(calls[count])
                if len(results) == 1:
                    types += results
                    push_start(begin)
                elif results:
                    moved += len(results)
                    if moved > most_moved:
                        raise Unfit
                    draft.unpack(len(results))
                    floor = len(out)
                    types += results
                    starts += [begin] * len(results)
                else:
                    append(drop)
            elif case == 10:  # COMPARE
                type, piece = facts[opcode]
                if pop() is not type or types[-1] is not type:
                    raise Unfit
                pop_start()
                append(piece)
                if data[pos] in CONSUMERS:
                    types[-1] = TRUE
                else:
                    append(to_integer)
                    types[-1] = I32
            elif case == 11:  # SIGNED
                type, flip, piece = facts[opcode]
                if pop() is not type or types[-1] is not type:
                    raise Unfit
                begin = pop_start()
                if constant_end == len(out):
                    out[-1:] = constant_comparison(pieces, draft, opcode, last_constant)
                    if data[pos] in CONSUMERS:
                        types[-1] = TRUE
                    else:
                        append(to_integer)
                        types[-1] = I32
                else:
                    if begin >= floor and len(out) - begin < LONGEST:
                        insert(begin, flip)
                        if places and places[-1] >= begin:
                            shift(begin, 1)
                    else:
                        out += (swap, flip, swap)
                    append(piece)
                    if data[pos] in CONSUMERS:
                        types[-1] = TRUE
                    else:
                        append(to_integer)
                        types[-1] = I32
            elif case == 12:  # EQZ
                type = types[-1]
                if opcode == 0x45 and type in INVERSE:
                    result = INVERSE[type]
                elif type is (I32 if opcode == 0x45 else I64):
                    result = ZERO
                else:
                    raise Unfit
                if data[pos] in CONSUMERS:
                    types[-1] = result
                else:
                    out += materials[result]
                    types[-1] = I32
            elif case == 13:  # BLOCK
                frame = Frame(data, pos, module)
                pos = frame.code_start
                params = frame.params
                if params:
                    count = len(params)
                    if types[-count:] != params:
                        settle(types, params)
                    types.insert(-count, BOUNDARY)
                    starts.insert(-count, 0)
                else:
                    count = 0
                    push(BOUNDARY)
                    push_start(0)
                frame.height = len(types) - count
                frames.append(frame)
                floor = len(out)
            elif case == 14:  # LOOP
                frame = Frame(data, pos, module)
                pos = frame.code_start
                frame.is_loop = True
                params = frame.label_types = frame.params
                if params:
                    count = len(params)
                    if types[-count:] != params:
                        settle(types, params)
                    types.insert(-count, BOUNDARY)
                    starts.insert(-count, 0)
                else:
                    count = 0
                    push(BOUNDARY)
                    push_start(0)
                frame.height = len(types) - count
                frames.append(frame)
                moved += len(types) - len(frames)
                if moved > most_moved:
                    raise Unfit
                put(frame.label)
                floor = requests.add(draft, frame.label, len(types) - len(frames))
            else:  # IF
                before, if_true, if_false = conditions[pop()]
                pop_start()
                if before:
                    append(before)
                frame = Frame(data, pos, module)
                pos = frame.code_start
                frame.otherwise = Label()
                floor = jump(frame.otherwise, if_false)
                params = frame.params
                if params:
                    count = len(params)
                    if types[-count:] != params:
                        settle(types, params)
                    types.insert(-count, BOUNDARY)
                    starts.insert(-count, 0)
                else:
                    count = 0
                    push(BOUNDARY)
                    push_start(0)
                frame.height = len(types) - count
                frames.append(frame)
        elif case < 24:
            if case == 16:  # BR
                depth = data[pos]
                if depth < 0x80:
                    pos += 1
                else:
                    depth, pos = read_u32(data, pos, end)
                frame = frames[-1 - depth]
                label_types = frame.label_types
                arity = len(label_types)
                if arity and types[-arity:] != label_types:
                    settle(types, label_types)
                extra = len(types) - frame.height - depth - arity
                if extra:
                    moved += extra + arity
                    if moved > most_moved:
                        raise Unfit
                    drop_below(extra, arity)
                floor = jump(frame.label)
                floor = end_of_path()
                frame = frames[-1]
                following = data[pos]
                if following != 0x0B and following != 0x05:
                    pos = skip_dead_code(module, body, pos, requests)
                results = frame.results
                types[frame.height :] = results
                starts[frame.height :] = [0] * len(results)
            elif case == 17:  # GLOBAL_GET
                index = data[pos]
                if index < 0x80:
                    pos += 1
                else:
                    index, pos = read_u32(data, pos, end)
                type, _, name, is_boxed = globals_[index]
                push(type)
                push_start(len(out))
                append(global_pieces.get(name) or draft.load_global(name))
                if is_boxed:
                    out += (zero, subscript)
            elif case == 18:  # GLOBAL_SET
                index = data[pos]
                if index < 0x80:
                    pos += 1
                else:
                    index, pos = read_u32(data, pos, end)
                type, is_mutable, name, is_boxed = globals_[index]
                if types[-1] is not type:
                    fit(types[-1], type)
                if not is_mutable:
                    raise Unfit
                pop()
                pop_start()
                if is_boxed:
                    out += (draft.load_global(name), zero, store_subscript)
                else:
                    append(target.store_global(draft.name_index(name)))
            elif case == 19:  # UNARY
                type, result, piece = facts[opcode]
                if types[-1] is not type:
                    raise Unfit
                types[-1] = result
                if piece:
                    append(piece)
            elif case == 20:  # I64_CONST
                number, pos = read_s64(data, pos, end)
                number &= 0xFFFFFFFFFFFFFFFF
                push(I64)
                push_start(len(out))
                append(constant(number))
                last_constant = number
                constant_end = len(out)
            elif case == 21:  # ELSE
                frame = frames[-1]
                height = frame.height
                if frame.otherwise is None or frame.clauses:
                    raise Unfit
                if types[height:] != frame.results:
                    settle_from(types, height, frame.results)
                if fresh:
                    variables.leave(len(frames))
                jump(frame.label)
                floor = put(frame.otherwise)
                frame.otherwise = None
                params = frame.params
                types[height:] = params
                starts[height:] = [0] * len(params)
            elif case == 22:  # SELECT
                condition = pop()
                pop_start()
                piece = selects[condition]
                type = pop()
                pop_start()
                if types[-1] is not type or type not in NUMBERS:
                    raise Unfit
                append(piece)
            else:  # DROP
                type = pop()
                if type not in DROPPED and type.__class__ is not RefType:
                    raise Unfit
                pop_start()
                append(drop)
        elif case < 32:
            if case == 24:  # RETURN
                results = frames[0].results
                count = len(results)
                if count and types[-count:] != results:
                    settle(types, results)
                extra = len(types) - len(frames) - count
                if extra:
                    moved += extra + count
                    if moved > most_moved:
                        raise Unfit
                    drop_below(extra, count)
                out += return_code
                floor = end_of_path()
                frame = frames[-1]
                following = data[pos]
                if following != 0x0B and following != 0x05:
                    pos = skip_dead_code(module, body, pos, requests)
                results = frame.results
                types[frame.height :] = results
                starts[frame.height :] = [0] * len(results)
            elif case == 25:  # HELPER
                params, count, result, name = facts[opcode]
                if types[-count:] != params:
                    settle(types, params)
                if constant_end == len(out) and opcode in CONSTANT_FORMS:
                    pop()
                    pop_start()
                    out[-1:] = constant_form(pieces, draft, opcode, last_constant)
                else:
                    begin = starts[-count]
                    piece = callee_pieces.get(name) or draft.load_callee(name)
                    if begin >= floor and len(out) - begin < LONGEST:
                        insert(begin, piece)
                        if places and places[-1] >= begin:
                            shift(begin, 1)
                    else:
                        draft.put_below(count, piece)
                    types[-count:] = (result,)
                    starts[-count:] = (begin,)
                    place(len(out))
                    offsets.append(start)
                    append(calls[count])
            elif case == 26:  # DIVIDE
                type, result, piece = facts[opcode]
                if pop() is not type or types[-1] is not type:
                    raise Unfit
                pop_start()
                types[-1] = result
                place(len(out))
                offsets.append(start)
                append(piece)
            elif case == 27:  # F64_CONST
                key = data[pos : pos + 8]
                push(F64)
                push_start(len(out))
                append(draft.float_constant(key))
                pos += 8
            elif case == 28:  # F32_CONST
                key = data[pos : pos + 4]
                push(F32)
                push_start(len(out))
                append(draft.float_constant(key))
                pos += 4
            elif case == 29:  # UNREACHABLE
                append(draft.load_callee(UNREACHABLE))
                draft.mark(start)
                out += (calls[0], target.raise_exception)
                floor = end_of_path()
                frame = frames[-1]
                following = data[pos]
                if following != 0x0B and following != 0x05:
                    pos = skip_dead_code(module, body, pos, requests)
                results = frame.results
                types[frame.height :] = results
                starts[frame.height :] = [0] * len(results)
            elif case == 30:  # CALL_INDIRECT
                index = data[pos]
                if index < 0x80:
                    pos += 1
                else:
                    index, pos = read_u32(data, pos, end)
                table = data[pos]
                if table < 0x80:
                    pos += 1
                else:
                    table, pos = read_u32(data, pos, end)
                count, params, results = module.indirect_signature(index, table)
                if pop() is not I32:
                    raise Unfit
                begin = pop_start()
                if count:
                    if types[-count:] != params:
                        settle(types, params)
                    first = starts[-count]
                    del types[-count:]
                    del starts[-count:]
                else:
                    first = begin
                call_indirect(draft, module.callees(index, table), start, first, begin, count, floor)
                if len(results) == 1:
                    types += results
                    push_start(first)
                elif results:
                    moved += len(results)
                    if moved > most_moved:
                        raise Unfit
                    draft.unpack(len(results))
                    floor = len(out)
                    types += results
                    starts += [first] * len(results)
                else:
                    append(drop)
            else:  # BR_TABLE
                targets, pos = read_targets(data, pos, end)
                if pop() is not I32:
                    raise Unfit
                pop_start()
                cases = []
                for depth in dict.fromkeys(targets):
                    frame = frames[-1 - depth]
                    label_types = frame.label_types
                    arity = len(label_types)
                    if arity and types[-arity:] != label_types:
                        settle(types.copy(), label_types)
                    if arity != len(frames[-1 - targets[-1]].label_types):
                        raise Unfit
                    extra = len(types) - frame.height - depth - arity
                    if extra:
                        moved += extra + arity
                        if moved > most_moved:
                            raise Unfit
                    cases.append((depth, frame.label, extra, arity))
                switch(draft, targets, cases)
                floor = end_of_path()
                frame = frames[-1]
                following = data[pos]
                if following != 0x0B and following != 0x05:
                    pos = skip_dead_code(module, body, pos, requests)
                results = frame.results
                types[frame.height :] = results
                starts[frame.height :] = [0] * len(results)
        elif case < 40:
            if case == 32:  # REF_NULL
                type = NULLS.get(data[pos])
                if type is None:
                    type, pos = module.read(opcode, data, pos, end)
                else:
                    pos += 1
                push(type)
                push_start(len(out))
                append(draft.none())
            elif case == 33:  # REF_IS_NULL
                type = types[-1]
                if type not in REFERENCES and type.__class__ is not RefType:
                    raise Unfit
                out += (draft.none(), target.is_operator)
                if data[pos] in CONSUMERS:
                    types[-1] = TRUE
                else:
                    append(to_integer)
                    types[-1] = I32
            elif case == 34:  # REF_FUNC
                index = data[pos]
                if index < 0x80:
                    pos += 1
                else:
                    index, pos = read_u32(data, pos, end)
                push(module.function_reference(index))
                push_start(len(out))
                append(draft.load_global(abi.reference(index)))
            elif case == 35:  # NOP
                pass
            elif case == 36:  # GENERAL
                template = facts[opcode]
                offset, indices, pos = read_immediates(module, template, data, pos, end)
                params = template.params
                count = len(params)
                if count:
                    if types[-count:] != params:
                        settle(types, params)
                    begin = starts[-count]
                    second = starts[-1]
                    del types[-count:]
                    del starts[-count:]
                else:
                    begin = second = len(out)
                general(draft, template, offset, indices, start, count, begin if begin >= floor else -1, second)
                if template.is_condition:
                    append(to_integer)
                if template.result is not None:
                    push(template.result)
                    push_start(begin)
            elif case == 37:  # TYPED
                first = facts[opcode]
                second = -1
                if first < 0:
                    first, pos = read_typed(module, opcode, data, pos, end, types)
                elif first == 1:
                    first = data[pos]
                    if first < 0x80:
                        pos += 1
                    else:
                        first, pos = read_u32(data, pos, end)
                else:
                    first = data[pos]
                    if first < 0x80:
                        pos += 1
                    else:
                        first, pos = read_u32(data, pos, end)
                    second = data[pos]
                    if second < 0x80:
                        pos += 1
                    else:
                        second, pos = read_u32(data, pos, end)
                template = typed.get((opcode, first, second)) or describe(module, opcode, first, second)
                params = template.params
                count = len(params)
                if count:
                    if types[-count:] != params:
                        settle(types, params)
                    begin = starts[-count]
                    second = starts[-1]
                    del types[-count:]
                    del starts[-count:]
                else:
                    begin = second = len(out)
                general(draft, template, template.offset, template.indices, start, count, begin if begin >= floor else -1, second)
                if template.is_condition:
                    push_start(begin)
                    if data[pos] in CONSUMERS:
                        push(TRUE)
                    else:
                        append(to_integer)
                        push(I32)
                elif template.result is not None:
                    push(template.result)
                    push_start(begin)
            elif case == 38:  # SELECT_TYPED
                selected, pos = module.read(opcode, data, pos, end)
                if len(selected) != 1:
                    raise Unfit
                piece = selects[pop()]
                pop_start()
                settle(types, selected * 2)
                pop()
                pop_start()
                append(piece)
            else:  # CALL_REF
                index = data[pos]
                if index < 0x80:
                    pos += 1
                else:
                    index, pos = read_u32(data, pos, end)
                type, (count, params, results) = module.reference_signature(index)
                fit(pop(), type)
                begin = pop_start()
                if count:
                    if types[-count:] != params:
                        settle(types, params)
                    first = starts[-count]
                    del types[-count:]
                    del starts[-count:]
                else:
                    first = begin
                call_reference(draft, start, first, begin, count, floor)
                if len(results) == 1:
                    types += results
                    push_start(first)
                elif results:
                    moved += len(results)
                    if moved > most_moved:
                        raise Unfit
                    draft.unpack(len(results))
                    floor = len(out)
                    types += results
                    starts += [first] * len(results)
                else:
                    append(drop)
        else:
            if case == 40:  # BR_ON_NULL
                module.require(Proposal.FUNCTION_REFERENCES)
                depth = data[pos]
                if depth < 0x80:
                    pos += 1
                else:
                    depth, pos = read_u32(data, pos, end)
                type = without_nulls(pop())
                frame = frames[-1 - depth]
                label_types = frame.label_types
                arity = len(label_types)
                settle(types, label_types)
                extra = len(types) - frame.height - depth - arity
                moved += extra + arity
                if moved > most_moved:
                    raise Unfit
                over = Label()
                out += (copy, draft.none(), target.is_operator)
                jump(over, IF_FALSE)
                append(drop)
                if extra:
                    drop_below(extra, arity)
                jump(frame.label)
                floor = put(over)
                push(type)
            elif case == 41:  # BR_ON_NON_NULL
                module.require(Proposal.FUNCTION_REFERENCES)
                depth = data[pos]
                if depth < 0x80:
                    pos += 1
                else:
                    depth, pos = read_u32(data, pos, end)
                frame = frames[-1 - depth]
                label_types = frame.label_types
                arity = len(label_types)
                types[-1] = without_nulls(types[-1])
                if not arity:
                    raise Unfit
                settle(types, label_types)
                extra = len(types) - frame.height - depth - arity
                moved += extra + arity
                if moved > most_moved:
                    raise Unfit
                over = Label()
                out += (copy, draft.none(), target.is_operator)
                jump(over, IF_TRUE)
                if extra:
                    drop_below(extra, arity)
                jump(frame.label)
                floor = put(over)
                append(drop)
                pop()
                pop_start()
            elif case == 42:  # BR_ON_CAST
                (depth, type, result), pos = module.read(opcode, data, pos, end)
                fit(result, type)
                rest = without_null(type, result)
                fit(pop(), type)
                frame = frames[-1 - depth]
                label_types = frame.label_types
                fit(result if opcode == 0xFB0018 else rest, label_types[-1])
                settle(types, label_types[:-1])
                push(rest if opcode == 0xFB0018 else result)
                arity = len(label_types)
                extra = len(types) - frame.height - depth - arity
                moved += extra + arity
                if moved > most_moved:
                    raise Unfit
                template = typed.get((0xFB0014, result, -1)) or describe(module, 0xFB0014, result, -1)
                push_test(draft, template, template.indices)
                over = Label()
                jump(over, IF_FALSE if opcode == 0xFB0018 else IF_TRUE)
                if extra:
                    drop_below(extra, arity)
                jump(frame.label)
                floor = put(over)
            elif case == 43:  # TRY_TABLE
                frame = Frame(data, pos, module)
                clauses, pos = read_clauses(module, frames, data, frame.code_start, end)
                params = frame.params
                count = len(params)
                settle(types, params)
                types.insert(len(types) - count, BOUNDARY)
                starts.insert(len(starts) - count, 0)
                frame.height = len(types) - count
                frames.append(frame)
                floor = len(out)
                constant_end = -1
                if clauses:
                    if requests.uses_fuel:
                        # Which loops repeat, and so use fuel, depends on which handlers are reached. The pipeline finds that out.
                        raise Unfit
                    frame.clauses = clauses
                    frame.otherwise = draft.protect(frame.height - len(frames)).label
            elif case == 44:  # THROW
                index = data[pos]
                if index < 0x80:
                    pos += 1
                else:
                    index, pos = read_u32(data, pos, end)
                params = [*module.tag_params(index)]
                count = len(params)
                settle(types, params)
                begin = starts[-count] if count else len(out)
                throw(draft, index, count, begin if begin >= floor and len(out) - begin < LONGEST else -1, start)
                floor = end_of_path()
                frame = frames[-1]
                following = data[pos]
                if following != 0x0B and following != 0x05:
                    pos = skip_dead_code(module, body, pos, requests)
                results = frame.results
                types[frame.height :] = results
                starts[frame.height :] = [0] * len(results)
            elif case == 45:  # THROW_REF
                module.require(Proposal.EXCEPTIONS)
                fit(pop(), ValType.EXNREF)
                begin = pop_start()
                throw_again(draft, local_types, begin if begin >= floor and len(out) - begin < LONGEST else -1, start)
                floor = end_of_path()
                frame = frames[-1]
                following = data[pos]
                if following != 0x0B and following != 0x05:
                    pos = skip_dead_code(module, body, pos, requests)
                results = frame.results
                types[frame.height :] = results
                starts[frame.height :] = [0] * len(results)
            else:
                raise Unfit
    if pos != end:
        raise Unfit
    out += return_code
    end_of_path()
