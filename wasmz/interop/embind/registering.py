"""What C++ registers by embind when a module starts: a function for each import ``_embind_register_xxx``.

    REGISTERING["_embind_register_bool"](session, raw, name, true, false)

Arguments are i32: addresses of types and names, and indexes of functions. Newer versions of emscripten have more of
them than older ones. Signatures of functions are not needed: the functions have types.
"""

from __future__ import annotations

from wasmz.errors import LinkError, bounded
from wasmz.interop.embind.classes import Class, Object, Pointer, SmartPointer, StaticProperty, is_usable
from wasmz.interop.embind.functions import Function, Overload
from wasmz.interop.embind.wires import (
    Boolean,
    Enum,
    Field,
    Float,
    Integer,
    Structure,
    Text,
    Value,
    View,
    Void,
    run,
)
from wasmz.interop.javascript.values import JavaScriptError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.interop.embind.session import Session
    from wasmz.interop.embind.wires import Undo

_MOST_FIELDS: Final = 10_000
_SIZES: Final = (1, 2, 4, 8)


def _publish(session: Session, name: str, value: Any) -> None:
    if name in session.public:
        raise LinkError([f"the module registers the name {bounded(name)} twice"])
    session.public[name] = value


# --- types ---


def _void(session: Session, raw: int, name: int) -> None:
    session.register(raw, Void(session.name_at(name), "None"))


def _bool(session: Session, raw: int, name: int, *rest: int) -> None:
    # Before version 3.1.36 the size comes first.
    true, false = rest[-2:]
    session.register(raw, Boolean(session.name_at(name), true, false))


def _integer(session: Session, raw: int, name: int, size: int, least: int, *_: int) -> None:
    session.register(raw, Integer(session.name_at(name), size, is_signed=least != 0))


def _bigint(session: Session, raw: int, name: int, size: int, *limits: int) -> None:
    # Limits are two i64, or four i32.
    half = len(limits) // 2
    session.register(raw, Integer(session.name_at(name), size, is_signed=any(limits[:half])))


def _float(session: Session, raw: int, name: int, size: int) -> None:
    session.register(raw, Float(session.name_at(name), size))


def _string(session: Session, raw: int, name: int) -> None:
    session.register(raw, Text(session.name_at(name), 1))


def _wide_string(session: Session, raw: int, unit_bytes: int, name: int) -> None:
    session.register(raw, Text(session.name_at(name), unit_bytes))


def _emval(session: Session, raw: int, *name: int) -> None:
    if raw not in session.types:
        session.register(raw, Value())


def _user_type(session: Session, raw: int, name: int) -> None:
    session.register(raw, Value(session.name_at(name), "object"))


def _optional(session: Session, raw: int, inner: int) -> None:
    known = session.types.get(inner)
    hint = f"{known.hint} | None" if known is not None else "object"
    session.register(raw, Value("optional", hint, is_optional=True))


def _view(session: Session, raw: int, kind: int, name: int) -> None:
    if raw not in session.types:
        session.register(raw, View(session.name_at(name), kind))


def _enum(session: Session, raw: int, name: int, size: int, is_signed: int, form: int = 0) -> None:
    text = session.name_at(name)
    wire = Enum(text, size, bool(is_signed), form)
    session.register(raw, wire)
    _publish(session, text, wire.public)


def _enum_value(session: Session, raw: int, name: int, number: int) -> None:
    wire = session.types.get(raw)
    if not isinstance(wire, Enum):
        raise LinkError(["the module registers a value of an enumeration that it has not registered"])
    session.count()
    wire.add(session.name_at(name), number)


def _constant(session: Session, name: int, raw: int, value: float) -> None:
    text = session.name_at(name)
    wire = session.type_of(raw, text)
    session.count()
    is_number = isinstance(wire, (Float, Boolean))
    _publish(session, text, wire.from_wire(session, value if is_number else int(value)))


def _big_constant(session: Session, name: int, raw: int, value: int) -> None:
    text = session.name_at(name)
    session.count()
    _publish(session, text, session.type_of(raw, text).from_wire(session, value))


# --- functions ---


def _function(
    session: Session, name: int, count: int, types: int, signature: int, invoker: int, context: int, *_: int
) -> None:
    text = _function_name(session, name)
    session.count()
    known = session.public.get(text)
    if known is None:
        known = session.public[text] = Function(session, text)
    if not isinstance(known, Function):
        raise LinkError([f"the module registers the name {bounded(text)} twice"])
    known.add(Overload(_types(session, count, types), invoker, context))


def _function_name(session: Session, name: int) -> str:
    """A function's name; what is registered may have parameters after it."""
    return session.name_at(name).partition("(")[0].strip()


def _types(session: Session, count: int, address: int) -> list[int]:
    if count < 1:
        raise LinkError(["the module registers a function without the type of a result"])
    return session.words(count, address)


# --- structures ---


def _structure(is_array: bool) -> Callable[..., None]:
    def register(session: Session, raw: int, name: int, _: int, make: int, __: int, destroy: int, *more: int) -> None:
        if raw in session.pending or raw in session.types:
            raise LinkError([f"the module registers {bounded(session.name_at(name))} twice"])
        session.count()
        session.pending[raw] = Structure(session.name_at(name), make, destroy, is_array=is_array)

    return register


def _add_field(session: Session, raw: int, field: Field) -> None:
    structure = session.pending.get(raw)
    if structure is None:
        raise LinkError(["the module registers a field of a structure that it has not begun to register"])
    session.count()
    if len(structure.fields) >= _MOST_FIELDS:
        raise LinkError([f"{bounded(structure.name)} has more than {_MOST_FIELDS} fields"])
    structure.fields.append(field)


def _accessors(
    got: int, _: int, getter: int, getter_context: int, given: int, __: int, setter: int, setter_context: int
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """What reads a field and what writes it: each is a type, a function, and what the function gets first."""
    return (got, getter, getter_context), (given, setter, setter_context)


def _field(session: Session, raw: int, name: int, *accessors: int) -> None:
    _add_field(session, raw, Field(session.name_at(name), *_accessors(*accessors)))


def _element(session: Session, raw: int, *accessors: int) -> None:
    structure = session.pending.get(raw)
    name = str(len(structure.fields)) if structure is not None else ""
    _add_field(session, raw, Field(name, *_accessors(*accessors)))


def _finalize(session: Session, raw: int) -> None:
    structure = session.pending.pop(raw, None)
    if structure is None:
        raise LinkError(["the module ends a structure that it has not begun to register"])
    session.register(raw, structure)


# --- classes ---


def _class(
    session: Session,
    raw: int,
    raw_pointer: int,
    raw_constant: int,
    base: int,
    _: int,
    actual: int,
    __: int,
    upcast: int,
    ___: int,
    downcast: int,
    name: int,
    ____: int,
    destroy: int,
) -> None:
    text = session.name_at(name)
    made = Class(session, text, base, (actual, upcast, downcast, destroy))
    session.register(raw, Pointer(made, text, is_reference=True))
    made.pointer = Pointer(made, f"{text}*")
    made.constant = Pointer(made, f"{text} const*", is_constant=True)
    session.register(raw_pointer, made.pointer)
    session.register(raw_constant, made.constant)
    _publish(session, text, made)


def _class_of(session: Session, raw: int) -> Class:
    wire = session.types.get(raw)
    if not isinstance(wire, Pointer):
        raise LinkError(["the module registers a member of a class that it has not registered"])
    session.count()
    return wire.target


def _constructor(session: Session, raw: int, count: int, types: int, _: int, invoker: int, context: int) -> None:
    owner = _class_of(session, raw)
    overload = Overload(_types(session, count, types), invoker, context)
    if overload.arity in owner.constructors:
        raise LinkError([f"{bounded(owner.name)} has two constructors with {overload.arity} arguments"])
    owner.constructors[overload.arity] = overload


def _method(
    session: Session, raw: int, name: int, count: int, types: int, _: int, invoker: int, context: int, *more: int
) -> None:
    owner, text = _class_of(session, raw), _function_name(session, name)
    if count < 2:
        raise LinkError([f"{bounded(owner.name)}.{bounded(text)} is registered as a method without an object"])
    # Of methods with as many arguments, the last one counts.
    owner.function(text).add(Overload(session.words(count, types), invoker, context, is_method=True), replaces=True)


def _static_method(
    session: Session, raw: int, name: int, count: int, types: int, _: int, invoker: int, context: int, *more: int
) -> None:
    owner, text = _class_of(session, raw), _function_name(session, name)
    owner.function(text).add(Overload(_types(session, count, types), invoker, context), replaces=True)


def _property(session: Session, raw: int, name: int, *accessors: int) -> None:
    owner, text = _class_of(session, raw), session.name_at(name)
    if text in owner.members:
        raise LinkError([f"the module registers {bounded(owner.name)}.{bounded(text)} twice"])
    field = Field(text, *_accessors(*accessors))

    def read(self: Any) -> Any:
        return field.read(session, session.type_of(raw, text).to_wire(session, [], self))

    def write(self: Any, value: Any) -> None:
        undo: Undo = []
        field.write(session, session.type_of(raw, text).to_wire(session, undo, self), value)
        run(undo)

    got, setter = field.getter[0], field.setter[1]
    known = session.types.get(got)
    owner.show(text, property(read, write if setter else None, doc=f"{text}: {known.hint if known else 'object'}"))


def _static_property(
    session: Session, raw: int, name: int, type: int, address: int, _: int, getter: int, __: int, setter: int
) -> None:
    owner, text = _class_of(session, raw), session.name_at(name)
    if text in owner.static_properties:
        raise LinkError([f"the module registers {bounded(owner.name)}.{bounded(text)} twice"])
    if is_usable(text):
        owner.static_properties[text] = StaticProperty(session, text, type, address, getter, setter)


def _smart_pointer(
    session: Session,
    raw: int,
    target: int,
    name: int,
    policy: int,
    _: int,
    get: int,
    __: int,
    make: int,
    ___: int,
    share: int,
    ____: int,
    destroy: int,
) -> None:
    owner = _class_of(session, target)
    session.register(raw, SmartPointer(owner, session.name_at(name), policy, (get, make, share, destroy)))


def _iterable(session: Session, raw: int, element: int, size: int, get: int) -> None:
    owner, size_name, get_name = _class_of(session, raw), session.name_at(size), session.name_at(get)

    def items(self: Object) -> Any:
        for position in range(int(getattr(self, size_name)())):
            yield getattr(self, get_name)(position)

    owner.members["__iter__"] = items
    if owner.has_python():
        type.__setattr__(owner.python, "__iter__", items)


def _inheriting(session: Session, *_: int) -> int:
    raise JavaScriptError("classes of C++ cannot be extended from here: use implement, if the class has it", "Error")


# By the name of the import; its types are in names.py.
REGISTERING: Final[dict[str, Callable[..., Any]]] = {
    "_embind_register_void": _void,
    "_embind_register_bool": _bool,
    "_embind_register_integer": _integer,
    "_embind_register_bigint": _bigint,
    "_embind_register_float": _float,
    "_embind_register_std_string": _string,
    "_embind_register_std_wstring": _wide_string,
    "_embind_register_emval": _emval,
    "_embind_register_user_type": _user_type,
    "_embind_register_optional": _optional,
    "_embind_register_memory_view": _view,
    "_embind_register_enum": _enum,
    "_embind_register_enum_value": _enum_value,
    "_embind_register_constant": _constant,
    "_embind_register_bigint_constant": _big_constant,
    "_embind_register_function": _function,
    "_embind_register_value_object": _structure(is_array=False),
    "_embind_register_value_object_field": _field,
    "_embind_finalize_value_object": _finalize,
    "_embind_register_value_array": _structure(is_array=True),
    "_embind_register_value_array_element": _element,
    "_embind_finalize_value_array": _finalize,
    "_embind_register_class": _class,
    "_embind_register_class_constructor": _constructor,
    "_embind_register_class_function": _method,
    "_embind_register_class_class_function": _static_method,
    "_embind_register_class_property": _property,
    "_embind_register_class_class_property": _static_property,
    "_embind_register_smart_ptr": _smart_pointer,
    "_embind_register_iterable": _iterable,
    "_embind_create_inheriting_constructor": _inheriting,
}
