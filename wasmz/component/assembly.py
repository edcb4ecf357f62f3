"""Writes the functions that pass calls between Python and components, and between components.

export_text(...)        Python calls a component: checks, lowers, calls, lifts
import_text(...)        a component calls Python
fused_text(...)         a component calls another one

For an export `add: func(a: u32, b: u32) -> u32`:

    def call(a, b):
        if not state_b.may_enter: trap_enter(state_b)
        state_b.may_enter = False
        try:
            if a.__class__ is not int or a < 0 or a > 1073741823: a = int_of(a, 0, 4294967295)
            if b.__class__ is not int or b < 0 or b > 1073741823: b = int_of(b, 0, 4294967295)
        except BaseException as error:
            raise wrong_arguments(error, a, b)
        try:
            r = f(a, b)
        except BaseException as error:
            raise failure(error)
        state_b.may_enter = True
        return r
"""

from __future__ import annotations

from wasmz.component.layout import MAX_FLAT_PARAMS, Layout
from wasmz.component.lifting import FORMATS, NUMBERS, Lifting
from wasmz.component.lowering import Lowering
from wasmz.component.spelling import attribute_name
from wasmz.component.types import FunctionType, ListType, TupleType
from wasmz.component.writer import Text
from wasmz.runtime.limits import depth

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from wasmz.component.types import ValueType
    from wasmz.component.writer import Side

_ALLOCATING: Final = frozenset({"string", "list", "map"})


def allocates(type: ValueType) -> bool:
    """Whether lowering a value needs memory."""
    seen: dict[Any, bool] = {}

    def find(type: ValueType) -> bool:
        found = seen.get(type.form)
        if found is None:
            found = type.kind in _ALLOCATING or (type.kind not in _ENDS and any(map(find, type.parts())))
            seen[type.form] = found
        return found

    return find(type)


# What they consist of passes later.
_ENDS: Final = frozenset({"stream", "future"})
_HANDLES: Final = frozenset({"own", "borrow", "stream", "future", "error-context"})


def passes_handles(type: ValueType) -> bool:
    """Whether there are handles in a value."""
    return any(part.kind in _HANDLES for part in parts_of(type))


def own_types(type: ValueType | None) -> list[Any]:
    """The resource types that a value has handles to which own resources."""
    found = [] if type is None else [part.resource for part in parts_of(type) if part.kind == "own"]  # type: ignore[attr-defined]
    return list(dict.fromkeys(found))


def parts_of(type: ValueType) -> list[ValueType]:
    """A type and those that it consists of, one of those that are equal."""
    seen = {type.form: type}
    waiting = [type]
    while waiting:
        one = waiting.pop()
        for part in () if one.kind in _ENDS else one.parts():
            if part.form not in seen:
                seen[part.form] = part
                waiting.append(part)
    return list(seen.values())


def parameter_names(type: FunctionType) -> list[str]:
    """The names of parameters in Python."""
    return [attribute_name(label) for label, _ in type.params]


class _Params:
    """How the parameters of a function pass.

    Attributes:
        types: their types.
        is_spilled: whether they are in memory.
        tuple: the type of all together.
    """

    def __init__(self, type: FunctionType, side: Side) -> None:
        self.types: list[Any] = [param for _, param in type.params]
        self.is_spilled: bool = side.layouts.flat_all(self.types) is None
        self.tuple: TupleType = TupleType(self.types)
        self.layout: Layout | None = side.layouts.of(self.tuple) if self.types else None
        self.has_borrow: bool = any(param.has_borrow for param in self.types)
        self.allocates: bool = self.is_spilled or any(allocates(param) for param in self.types)


def lower_params(text: Text, side: Side, params: _Params, names: Sequence[str]) -> list[str]:
    """Writes what lowers parameters, which have these names; the core arguments."""
    lowering = Lowering(text, side)
    state = lowering.state
    if params.allocates:
        text.line(f"{state}.may_leave = False")
    if params.is_spilled and params.layout is not None:
        layout = params.layout
        allocate = "allocate_passed" if side.is_raw else "allocate"
        text.line(f"p = {allocate}({lowering.memory}, {lowering.realloc}, {layout.alignment}, {layout.size})")
        lowering.store_all(params.types, list(names), layout.offsets, "p")
        cores = ["p"]
    else:
        cores = [core for type, name in zip(params.types, names, strict=True) for core in lowering.flat(type, name)]
    if params.allocates:
        text.line(f"{state}.may_leave = True")
    return cores


def lift_params(text: Text, side: Side, params: _Params, cores: list[str], most: int = MAX_FLAT_PARAMS) -> list[str]:
    """Writes what lifts parameters from core arguments; names for them."""
    lifting = Lifting(text, side)
    lifting.limit(params.types)
    flat = side.layouts.flat_all(params.types)
    if flat is None or len(flat) > most:
        check_address(text, lifting.memory, cores[0], side.layouts.of(params.tuple))
        made = text.fresh("g")
        text.line(f"{made} = {lifting.at(params.tuple, cores[0])}")
        names = [text.fresh("g") for _ in params.types]
        text.line(f"{', '.join(names)}, = {made}")
        return names
    names, position = [], 0
    for type in params.types:
        count = len(side.layouts.flat(type) or ())
        name = text.fresh("g")
        text.line(f"{name} = {lifting.flat(type, cores[position : position + count])}")
        names.append(name)
        position += count
    return names


def lift_result(text: Text, side: Side, type: ValueType, core: str) -> str:
    """Writes what lifts a result; a name for it."""
    lifting = Lifting(text, side)
    lifting.limit([type])
    made = text.fresh("g")
    if _is_flat(side, type):
        text.line(f"{made} = {lifting.flat(type, [core])}")
        return made
    check_address(text, lifting.memory, core, side.layouts.of(type))
    if type.kind == "string" and side.encoding == "utf8" and not side.is_raw:
        lifting.utf8_at(core, made)
    else:
        text.line(f"{made} = {lifting.at(type, core)}")
    return made


def check_address(text: Text, memory: str, address: str, layout: Layout) -> None:
    """Writes the check that values are in memory at an address that a function was told."""
    is_unaligned = f"{address} & {layout.alignment - 1} or " if layout.alignment > 1 else ""
    text.line(
        f"if {is_unaligned}{address} + {layout.size} > {memory}.size_bytes: trap_address({address}, {layout.alignment})"
    )


def _is_flat(side: Side, type: ValueType) -> bool:
    flat = side.layouts.flat(type)
    return flat is not None and len(flat) <= 1


def lower_result(text: Text, side: Side, type: ValueType, name: str, pointer: str | None) -> str | None:
    """Writes what lowers a result, to an address if there is one; the core result, if there is one."""
    lowering = Lowering(text, side)
    needs_memory = allocates(type)
    if needs_memory:
        text.line(f"{lowering.state}.may_leave = False")
    core = None
    if pointer is None:
        core = text.fresh("w")
        text.line(f"{core}, = {lowering.flat(type, name)[0]},")
    else:
        check_address(text, lowering.memory, pointer, side.layouts.of(type))
        lowering.store(type, name, pointer)
    if needs_memory:
        text.line(f"{lowering.state}.may_leave = True")
    return core


def _enter(text: Text, entered: Sequence[Any], letter: str) -> list[str]:
    """Writes what marks instances as entered; names for them."""
    names = [f"state_{letter}"] if entered else []
    text.namespace.update({f"around_{number}": state for number, state in enumerate(entered[1:])})
    names += [f"around_{number}" for number in range(len(entered) - 1)]
    for name in names:
        text.line(f"if not {name}.may_enter: trap_enter({name})")
    for name in names:
        text.line(f"{name}.may_enter = False")
    return names


def export_text(
    type: FunctionType, side: Side, entered: Sequence[Any], is_deep: bool, has_post: bool
) -> tuple[Text, str]:
    """The function that Python calls for a component's; and the names of its parameters."""
    text = Text()
    params = _Params(type, side)
    names = [f"ARG{number}" for number in range(len(type.params))]
    for resource in own_types(type.result):
        bound = text.bind("R", side.resources(resource))
        text.line(f"if {bound}.abandoned: drop_abandoned({bound})")
    states = _enter(text, entered, side.letter)
    lowering = Lowering(text, side)
    has_scope = any(param.has_borrow and not lowering.is_at_home(param) for param in params.types)
    gives = any(map(passes_handles, params.types))
    text.line("try:")
    with text.indented():
        if has_scope:
            text.line("t = HostScope()")
        if gives:
            text.line(f"{lowering.state}.given = []")
        cores = lower_params(text, side, params, names) if names else []
        text.line(f"{lowering.state}.given = None" if gives else "pass")
    scope = ", t" if has_scope else ""
    _write_handler(text, f"wrong_arguments(error, ({''.join(name + ', ' for name in names)}){scope})", "BaseException")
    for line in (depth.ENTER if is_deep else "try:").splitlines():
        text.line(line)
    with text.indented():
        text.line(f"{'r = ' if type.result is not None else ''}f({', '.join(cores)})")
        made = "None" if type.result is None else lift_result(text, side, type.result, "r")
        if has_scope:
            text.line("t.check()")
        if has_post:
            _write_post(text, side, type)
    _write_handler(text, "failure(error, t)" if has_scope else "failure(error)", "Exception")
    if is_deep:
        for line in depth.LEAVE.splitlines():
            text.line(line)
    if has_scope:
        text.line("t.end()")
    for state in states:
        text.line(f"{state}.may_enter = True")
    if type.result is not None:
        if type.result.kind == "result":
            text.line(f"if {made}.__class__ is Err: raise ComponentError({made}[0])")
            text.line(f"return {made}[0]")
        else:
            text.line(f"return {made}")
    return text, ", ".join(names)


def _write_handler(text: Text, found: str, kind: str) -> None:
    """Writes what becomes of exceptions: others, or they pass."""
    text.line(f"except {kind} as error:")
    text.line(f"    found = {found}")
    text.line("    if found is None: raise")
    text.line("    raise found from None")


def _write_post(text: Text, side: Side, type: FunctionType) -> None:
    text.line(f"state_{side.letter}.may_leave = False")
    text.line(f"post({'r' if type.result is not None else ''})")
    text.line(f"state_{side.letter}.may_leave = True")


def import_text(type: FunctionType, side: Side) -> tuple[Text, str]:
    """The function that a component calls for one of Python's."""
    text = Text()
    params = _Params(type, side)
    cores = [f"c{number}" for number in range(len(side.layouts.lowered(type).params))]
    text.line(f"if not state_{side.letter}.may_leave: trap_leave()")
    if params.has_borrow:
        text.line("s = []")
    pointer = cores[-1] if type.result is not None and not _is_flat(side, type.result) else None
    arguments = lift_params(text, side, params, cores) if params.types else []
    call = f"f({', '.join(arguments)})"
    if params.has_borrow:
        # What is lent to it is gone then, too.
        text.line("try:")
        with text.indented():
            _write_host_call(text, type, call)
        text.line("except BaseException: end_lending(s); raise")
    else:
        _write_host_call(text, type, call)
    result = None
    if type.result is None:
        text.line("if r is not None: raise needless_result(r)")
    else:
        text.line("try:")
        with text.indented():
            result = lower_result(text, side, type.result, "r", pointer)
        _write_handler(text, "wrong_result(error, r)", "Exception")
    if params.has_borrow:
        text.line("end_lending(s)")
    if result is not None:
        text.line(f"return {result}")
    return text, ", ".join(cores)


def _write_host_call(text: Text, type: FunctionType, call: str) -> None:
    if type.result is not None and type.result.kind == "result":
        text.line(f"try: r = new(Ok, ({call},))")
        text.line("except ComponentError as error: r = new(Err, (error.payload,))")
    else:
        text.line(f"r = {call}")


def fused_text(
    type: FunctionType, their_type: FunctionType, caller: Side, callee: Side, entered: Sequence[Any], has_post: bool
) -> tuple[Text, str]:
    """The function that a component calls for another one's, whose type it says with other resource types."""
    text = Text()
    given, taken = _Params(type, caller), _Params(their_type, callee)
    cores = [f"c{number}" for number in range(len(caller.layouts.lowered(type).params))]
    text.line(f"if not state_{caller.letter}.may_leave: trap_leave()")
    states = _enter(text, entered, callee.letter)
    if given.has_borrow:
        text.line("s = []")
        text.line("t = CallScope()")
    names = lift_params(text, caller, given, cores) if given.types else []
    arguments = lower_params(text, callee, taken, names) if names else []
    text.line("try:")
    text.line(f"    {'r = ' if type.result is not None else ''}f({', '.join(arguments)})")
    text.line("except WasmException as error: raise error.as_trap() from None")
    result = None
    if type.result is not None and their_type.result is not None:
        made = lift_result(text, callee, their_type.result, "r")
        if given.has_borrow:
            text.line("t.check()")
        pointer = None if _is_flat(caller, type.result) else cores[-1]
        result = lower_result(text, caller, type.result, made, pointer)
    elif given.has_borrow:
        text.line("t.check()")
    if has_post:
        _write_post(text, callee, their_type)
    if given.has_borrow:
        text.line("end_lending(s)")
    for state in states:
        text.line(f"{state}.may_enter = True")
    if result is not None:
        text.line(f"return {result}")
    return text, ", ".join(cores)


# The parts of calls that may wait in between: each a function of its own.


def lower_arguments_text(type: FunctionType, side: Side) -> tuple[Text, str]:
    """What lowers arguments, for a call's scope ``t``: the core arguments as a tuple."""
    text = Text()
    params = _Params(type, side)
    names = [f"p{number}" for number in range(len(params.types))]
    cores = lower_params(text, side, params, names) if names else []
    text.line(f"return ({''.join(core + ', ' for core in cores)})")
    return text, ", ".join(["t", *names])


def lift_result_text(type: FunctionType, side: Side) -> tuple[Text, str]:
    """What lifts the result of a function from its core result."""
    text = Text()
    if type.result is not None:
        text.line(f"return {lift_result(text, side, type.result, 'c0')}")
    return text, "c0"


def lift_arguments_text(type: FunctionType, side: Side, most: int, count: int) -> tuple[Text, str]:
    """What lifts arguments from ``count`` core ones, to be lent handles in ``s``: a tuple."""
    text = Text()
    params = _Params(type, side)
    cores = [f"c{number}" for number in range(count)]
    names = lift_params(text, side, params, cores, most) if params.types else []
    text.line(f"return ({''.join(name + ', ' for name in names)})")
    return text, ", ".join(["s", *cores])


def lower_result_text(type: FunctionType, side: Side, *, is_async: bool) -> tuple[Text, str]:
    """What lowers the result ``v`` of a function, to the address ``c`` if it goes to memory: the core result."""
    text = Text()
    if type.result is not None:
        is_flat = not is_async and _is_flat(side, type.result)
        core = lower_result(text, side, type.result, "v", None if is_flat else "c")
        text.line(f"return {core}")
    return text, "v, c"


def returned_text(result: ValueType | None, side: Side) -> tuple[Text, str]:
    """What lifts the value that a component gives to ``task.return``."""
    text = Text()
    if result is None:
        text.line("return None")
        return text, ""
    flat = side.layouts.flat_all([result])
    cores = [f"c{number}" for number in range(1 if flat is None else len(flat))]
    params = _Params(FunctionType([("result", result)]), side)
    text.line(f"return {lift_params(text, side, params, cores)[0]}")
    return text, ", ".join(cores)


def read_items_text(item: ValueType, side: Side) -> tuple[Text, str]:
    """What reads items between two addresses, which are checked."""
    text = Text()
    lifting = Lifting(text, side)
    if item.kind in NUMBERS:
        source = f"{lifting.memory}.bytes[p:e]"
        if side.is_raw:
            text.line(f"return {source}")
        elif item.kind == "u8":
            text.line(f"return {source}.tobytes()")
        else:
            text.line(f"return {source}.cast({FORMATS[item.kind]!r}).tolist()")
    else:
        lifting.limit([ListType(item)])
        lifting.write_items(ListType(item), item, "p", "e")
    return text, "p, e"


def write_items_text(item: ValueType, side: Side) -> tuple[Text, str]:
    """What writes items ``v`` from an address on, which is checked."""
    text = Text()
    lowering = Lowering(text, side)
    if item.kind in NUMBERS and side.is_raw:
        text.line(f"{lowering.memory}.bytes[q:q + len(v)] = v")
    elif item.kind == "u8":
        text.line("v = bytes(v)")
        text.line(f"{lowering.memory}.bytes[q:q + len(v)] = v")
    else:
        needs_memory = allocates(item)
        if needs_memory:
            text.line(f"{lowering.state}.may_leave = False")
        lowering.write_items(item, "v", "q")
        if needs_memory:
            text.line(f"{lowering.state}.may_leave = True")
    return text, "v, q"
