"""Writes lowering: what turns values into core values and bytes of memory (Canonical ABI, "Storing", "Flat Lowering").

    lowering = Lowering(text, side)
    lowering.flat(STRING, "p0")             -> ["a0", "a1"], after the lines that encode it into the memory
    lowering.store(type, "v0", "q")         writes the lines that store a value at a checked address

Python's values are checked on the way: whatever is wrong with one raises some exception, from which ``explain.py``
finds what to say. Numbers that go to memory are checked by ``struct``.
"""

from __future__ import annotations

from wasmz.component.layout import as_cases, discriminant_size
from wasmz.component.lifting import (
    FORMATS,
    MOST_INLINE,
    MOST_LEAVES,
    NUMBERS,
    Packing,
    is_nullable,
    item_of,
    leaves,
    struct_of,
)
from wasmz.component.transfer import MOST_BYTES
from wasmz.component.types import INTEGER_BOUNDS
from wasmz.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from wasmz.component.layout import Layout
    from wasmz.component.types import ValueType
    from wasmz.component.writer import Side, Text

# Up to where integers are compared without a call.
_QUICK: Final = 0x3FFFFFFF
_COMPOUND: Final = frozenset({"record", "tuple", "fixed-list"})
_CHOICES: Final = frozenset({"variant", "option", "result"})
_ENCODERS: Final[dict[tuple[str, str], str]] = {
    ("python", "utf8"): "utf8_of_text",
    ("python", "utf16"): "utf16_of_text",
    ("python", "latin1+utf16"): "latin1_or_utf16_of_text",
    ("utf8", "utf8"): "utf8_of_utf8",
    ("utf8", "utf16"): "utf16_of_utf8",
    ("utf8", "latin1+utf16"): "latin1_or_utf16_of_utf8",
    ("utf16", "utf8"): "utf8_of_utf16",
    ("utf16", "utf16"): "utf16_of_utf16",
    ("utf16", "latin1+utf16"): "latin1_or_utf16_of_utf16",
    ("latin1+utf16", "utf8"): "utf8_of_latin1_or_utf16",
    ("latin1+utf16", "utf16"): "utf16_of_latin1_or_utf16",
    ("latin1+utf16", "latin1+utf16"): "latin1_or_utf16_of_same",
}


class _Run(Packing):
    """Numbers that one ``struct`` call writes; what is of variable layout comes between two such calls."""

    def __init__(self, lowering: Lowering, address: str, start: int = 0) -> None:
        super().__init__(start)
        self.lowering = lowering
        self.address = address
        self.start = start

    def flush(self, next_offset: int = 0) -> None:
        """Writes the call for what was added, and begins anew."""
        if self.names:
            text = self.lowering.text
            pack = text.bind("P", self.finish(0).pack_into)
            at = f"{self.address} + {self.start}" if self.start else self.address
            text.line(f"{pack}({self.lowering.memory}.bytes, {at}, {', '.join(self.names)})")
        self.format, self.names = ["<"], []
        self.start = self.position = next_offset

    def add(self, offset: int, format: str, size: int, name: str) -> None:
        if not self.names:
            self.start = self.position = offset
        super().add(offset, format, size, name)


class Lowering:
    """Writes lowering into one component into a text."""

    def __init__(self, text: Text, side: Side) -> None:
        self.text: Text = text
        self.side: Side = side
        letter = side.letter
        self.memory: str = f"memory_{letter}"
        self.realloc: str = f"realloc_{letter}"
        self.state: str = f"state_{letter}"
        self.of: Callable[[ValueType], Layout] = side.layouts.of
        self.pointer: str = "I" if side.layouts.pointer == 4 else "Q"

    # Flat values

    def flat(self, type: ValueType, name: str) -> list[str]:
        """Expressions for the core values that stand for a value, a name; it writes lines before them."""
        kind, raw, text = type.kind, self.side.is_raw, self.text
        if kind in INTEGER_BOUNDS:
            return [self._integer(kind, name)]
        if kind in ("record", "tuple"):
            return [
                core
                for part, part_name in zip(type.parts(), self._fields(type, name), strict=True)
                for core in self.flat(part, part_name)
            ]
        if kind == "fixed-list":
            return [core for part in self._fields(type, name) for core in self.flat(type.item, part)]  # type: ignore[attr-defined]
        if kind in _CHOICES:
            return self._flat_choice(type, name)
        if kind in ("string", "list", "map"):
            return self._range(type, name)
        if kind == "bool":
            if not raw:
                text.line(f"if {name} is not True and {name} is not False: {name} = bool_of({name})")
            return [f"(1 if {name} else 0)"]
        if kind in ("f32", "f64"):
            if not raw:
                text.line(f"if {name}.__class__ is not float: {name} = float_of({name})")
                if kind == "f32":
                    text.line(f"f32_scratch[0] = {name}; {name} = f32_scratch[0]")
            return [name]
        made = text.fresh("w")
        if self.is_at_home(type):
            # The component that defines the type gets the representation itself: nothing is noted of the call.
            text.line(
                f"{made} = {name}._rep if {name}.__class__ is {text.bind('C', self._resource(type).cls)} else None"
            )
            text.line(f"if {made} is None: refuse()")
        else:
            text.line(f"{made} = {self._scalar(type, name)}")
        return [made]

    def _resource(self, type: ValueType) -> Any:
        return self.side.resources(type.resource)  # type: ignore[attr-defined]

    def is_at_home(self, type: ValueType) -> bool:
        """Whether a value is Python's handle to a resource, lent to the component that defines its type."""
        return type.kind == "borrow" and not self.side.is_raw and self._resource(type).state is self.side.state

    def _integer(self, kind: str, name: str) -> str:
        low, high = INTEGER_BOUNDS[kind]
        if not self.side.is_raw:
            quick_low, quick_high = max(low, -_QUICK), min(high, _QUICK)
            self.text.line(
                f"if {name}.__class__ is not int or {name} < {quick_low} or {name} > {quick_high}:"
                f" {name} = int_of({name}, {low}, {high})"
            )
        if low == 0:
            return name
        return f"({name} & {18446744073709551615 if kind == 's64' else 4294967295})"

    def _flat_choice(self, type: ValueType, name: str) -> list[str]:
        types = self.side.layouts.flat(type)
        if types is None:
            raise SystemError("a value is flattened that has too many parts")
        text = self.text
        if type.size <= MOST_INLINE:
            return self._flat_cases(type, name, types)
        shared = ", t" if type.has_borrow else ""

        def write() -> None:
            self._write_flat_cases(type, types)

        made = text.function("W", (self.side.letter, type.form, type.name, types), f"v{shared}", write)
        names = [text.fresh("w") for _ in types]
        text.line(f"{', '.join(names)}, = {made}({name}{shared})")
        return names

    def _flat_cases(self, type: ValueType, name: str, types: tuple[ValType, ...]) -> list[str]:
        text = self.text
        number, payload_name = self._split(type, name)
        made = [text.fresh("w") for _ in types[1:]]
        for index, (_, payload) in enumerate(as_cases(type)):
            if not made:
                break
            text.line(f"{'el' if index else ''}if {number} == {index}:")
            with text.indented():
                given = self._flat_case(payload, payload_name, types)
                text.line(f"{', '.join(made)}, = {', '.join(given)},")
        if not made:
            self._check_empty(type, number, payload_name)
        return [number, *made]

    def _write_flat_cases(self, type: ValueType, types: tuple[ValType, ...]) -> None:
        """Writes the same as a function of ``v``."""
        text, cases = self.text, as_cases(type)
        number, payload_name = self._split(type, "v")

        def write(index: int) -> None:
            given = self._flat_case(cases[index][1], payload_name, types)
            text.line(f"return {', '.join([number, *given])},")

        if len(types) > 1:
            text.choose(number, range(len(cases)), write)
            text.line("refuse()")
        else:
            self._check_empty(type, number, payload_name)
            text.line(f"return {number},")

    def _flat_case(self, payload: ValueType | None, name: str, types: tuple[ValType, ...]) -> list[str]:
        """The core values after the number of a case, whose payload has a name."""
        given: list[str] = []
        if payload is not None:
            have = self.side.layouts.flat(payload) or ()
            cores = self.flat(payload, name)
            given = [_coerced(core, one, want) for core, one, want in zip(cores, have, types[1:], strict=False)]
        return given + ["0.0" if rest in (ValType.F32, ValType.F64) else "0" for rest in types[1 + len(given) :]]

    def _check_empty(self, type: ValueType, number: str, payload_name: str) -> None:
        """Nothing is to be lowered, but what a case without a payload has must be nothing."""
        if not self.side.is_raw and type.kind != "option":
            self.text.line(f"if {payload_name} is not None: refuse()")

    def _split(self, type: ValueType, name: str) -> tuple[str, str]:
        """Writes what finds a case's number and payload; their names."""
        text = self.text
        number, payload = text.fresh("d"), text.fresh("x")
        if self.side.is_raw:
            text.line(f"{number}, {payload} = {name}")
        elif type.kind == "option":
            text.line(f"{number} = 0 if {name} is None else 1")
            text.line(f"{payload} = {name}")
            if is_nullable(type.item):  # type: ignore[attr-defined]
                text.line(f"if {number}:")
                text.line(f"    if {name}.__class__ is not Some: refuse()")
                text.line(f"    {payload}, = {name}")
        elif type.kind == "result":
            text.line(f"if {name}.__class__ is tuple: {name} = result_of({name})")
            text.line(f"{number} = 0 if {name}.__class__ is Ok else 1 if {name}.__class__ is Err else refuse()")
            text.line(f"{payload}, = {name}")
        else:
            cls = self._cls(type)
            indices = text.bind("X", cls.indices)
            text.line(f"{number} = {indices}.get({name}.__class__)")
            text.line(f"if {number} is None:")
            text.line(f"    {name} = case_value({name}, {text.bind('C', cls)}); {number} = {indices}[{name}.__class__]")
            text.line(f"{payload} = {name}[0] if {name} else None")
        return number, payload

    # What goes to memory

    def store(self, type: ValueType, name: str, address: str) -> None:
        """Writes what stores a value at an address; both are names."""
        run = _Run(self, address)
        self._part(type, name, 0, run)
        run.flush()

    def store_all(self, types: list[ValueType], names: list[str], offsets: tuple[int, ...], address: str) -> None:
        """The same for several values."""
        run = _Run(self, address)
        for type, name, offset in zip(types, names, offsets, strict=True):
            self._part(type, name, offset, run)
        run.flush()

    def _part(self, type: ValueType, name: str, offset: int, run: _Run) -> None:
        kind, text = type.kind, self.text
        if kind in _CHOICES or (kind in _COMPOUND and leaves(type) > MOST_LEAVES):
            run.flush(offset + self.of(type).size)
            at = f"{run.address} + {offset}" if offset else run.address
            text.line(f"{self._writer(type)}({name}, {at}{', t' if type.has_borrow else ''})")
        elif kind == "fixed-list":
            step = self.of(type.item).size  # type: ignore[attr-defined]
            for number, item_name in enumerate(self._fields(type, name)):
                self._part(type.item, item_name, offset + number * step, run)  # type: ignore[attr-defined]
        elif kind in _COMPOUND:
            names = self._fields(type, name)
            for part, part_name, start in zip(type.parts(), names, self.of(type).offsets, strict=True):
                self._part(part, part_name, offset + start, run)
        elif kind in ("string", "list", "map"):
            size = self.side.layouts.pointer
            for position, core in enumerate(self._range(type, name)):
                run.add(offset + position * size, self.pointer, size, core)
        else:
            size = self.of(type).size
            format = FORMATS.get(kind) or {1: "B", 2: "H", 4: "I"}[size]
            run.add(offset, format, size, self._stored(type, name))

    def _stored(self, type: ValueType, name: str) -> str:
        """What ``struct`` gets for a number: it checks most of them itself."""
        kind, raw, text = type.kind, self.side.is_raw, self.text
        if kind in NUMBERS:
            if kind == "f32" and not raw:
                text.line(f"f32_scratch[0] = {name}; {name} = f32_scratch[0]")
            return name
        if kind == "bool":
            if not raw:
                text.line(f"if {name} is not True and {name} is not False: {name} = bool_of({name})")
            return name
        made = text.fresh("w")
        text.line(f"{made} = {self._scalar(type, name)}")
        return made

    def _writer(self, type: ValueType) -> str:
        """The function that stores a value at an address."""
        shared = ", t" if type.has_borrow else ""
        key = (self.side.letter, type.form, type.name)
        return self.text.function("S", key, f"v, q{shared}", lambda: self._write_writer(type))

    def _write_writer(self, type: ValueType) -> None:
        text, kind = self.text, type.kind
        if kind == "fixed-list":
            item, length = type.item, type.length  # type: ignore[attr-defined]
            text.line(f"v = {'v' if self.side.is_raw else f'items_of(v, {length})'}")
            self.write_items(item, "v", "q")
            return
        run = _Run(self, "q")
        if kind not in _CHOICES:
            for part, name, at in zip(type.parts(), self._fields(type, "v"), self.of(type).offsets, strict=True):
                self._part(part, name, at, run)
            run.flush()
            return
        number, payload_name = self._split(type, "v")
        cases, offset = as_cases(type), self.of(type).payload
        size = discriminant_size(len(cases))
        if size == 1:
            text.line(f"{self.memory}.bytes[q] = {number}")
        else:
            pack = text.bind("P", struct_of("<H" if size == 2 else "<I").pack_into)
            text.line(f"{pack}({self.memory}.bytes, q, {number})")

        def write(index: int) -> None:
            payload = cases[index][1]
            if payload is not None:
                run = _Run(self, "q", offset)
                self._part(payload, payload_name, offset, run)
                run.flush()

        filled = [index for index, (_, payload) in enumerate(cases) if payload is not None]
        text.choose(number, filled, write)
        if not filled:
            self._check_empty(type, number, payload_name)

    # Lists and strings

    def _range(self, type: ValueType, name: str) -> list[str]:
        """Writes what puts a string, list or map into memory; names for its address and length."""
        text, side = self.text, self.side
        start, count = text.fresh("w"), text.fresh("w")
        if type.kind == "string" and side.encoding == "utf8" and not side.is_raw:
            data = text.fresh("b")
            text.line(f"if {name}.__class__ is not str: {name} = text_of({name})")
            text.line(f"{data} = {name}.encode()")
            text.line(f"{count} = len({data})")
            text.line(f"{start} = {self.realloc}(0, 0, 1, {count})")
            end = f"{start} + {count}"
            text.line(f"if {count} > {MOST_BYTES} or {end} > {self.memory}.size_bytes: raise no_room({count})")
            text.line(f"{self.memory}.bytes[{start}:{end}] = {data}")
            return [start, count]
        if type.kind == "string":
            encode = _ENCODERS[side.source if side.is_raw else "python", side.encoding]
            tag = f", {1 << (8 * side.layouts.pointer - 1)}" if side.encoding == "latin1+utf16" else ""
            text.line(f"{start}, {count} = {encode}({name}, {self.memory}, {self.realloc}{tag})")
            return [start, count]
        item = item_of(type)
        if type.kind == "list" and item.kind in NUMBERS:
            size = self.of(item).size
            if side.is_raw:
                text.line(f"{start}, {count} = store_view({name}, {self.memory}, {self.realloc}, {size})")
            elif item.kind == "u8":
                text.line(f"{start}, {count} = store_bytes({name}, {self.memory}, {self.realloc})")
            else:
                code = FORMATS[item.kind]
                arguments = f"{name}, {self.memory}, {self.realloc}, {code!r}, {size}"
                text.line(f"{start}, {count} = store_numbers({arguments})")
            return [start, count]
        shared = ", t" if type.has_borrow else ""
        key = (side.letter, type.form, type.name)
        made = text.function("N", key, f"v{shared}", lambda: self._write_list(type, item))
        text.line(f"{start}, {count} = {made}({name}{shared})")
        return [start, count]

    def _write_list(self, type: ValueType, item: ValueType) -> None:
        text, layout = self.text, self.of(item)
        if not self.side.is_raw:
            text.line("v = pairs_of(v)" if type.kind == "map" else "v = items_of(v)")
        text.line("n = len(v)")
        allocate = "allocate_passed" if self.side.is_raw else "allocate"
        arguments = f"{self.memory}, {self.realloc}, {layout.alignment}, n * {layout.size}"
        text.line(f"p = q = {allocate}({arguments})")
        self.write_items(item, "v", "q")
        text.line("return p, n")

    def write_items(self, item: ValueType, items: str, address: str) -> None:
        """Writes the loop that stores items one after the other; it changes the address, a name."""
        text = self.text
        text.line(f"for e in {items}:")
        with text.indented():
            run = _Run(self, address)
            self._part(item, "e", 0, run)
            run.flush()
            text.line(f"{address} += {self.of(item).size}")

    # Values

    def _fields(self, type: ValueType, name: str) -> list[str]:
        """Writes what takes a compound apart; names for its parts."""
        text, raw = self.text, self.side.is_raw
        count = type.length if type.kind == "fixed-list" else len(type.parts())  # type: ignore[attr-defined]
        names = [text.fresh("x") for _ in range(count)]
        taken = f"{', '.join(names)},"
        if raw:
            text.line(f"{taken} = {name}")
        elif type.kind == "record":
            cls = text.bind("C", self._cls(type))
            text.line(f"{taken} = {name} if {name}.__class__ is {cls} else fields_of({name}, {cls})")
        elif type.kind == "tuple":
            text.line(f"{taken} = {name} if {name}.__class__ is tuple else tuple_of({name})")
        else:
            text.line(f"{taken} = items_of({name}, {count})")
        return names

    def _cls(self, type: ValueType) -> Any:
        classes = self.side.classes
        if classes is None:
            raise SystemError("values between components have no classes")
        return classes(type)

    def _scalar(self, type: ValueType, name: str) -> str:
        kind, raw, text = type.kind, self.side.is_raw, self.text
        if kind == "enum":
            if raw:
                return name
            cls = text.bind("C", self._cls(type))
            return f"{name}.index if {name}.__class__ is {cls} else enum_index({name}, {cls})"
        if kind == "flags":
            if raw:
                return name
            cls = text.bind("C", self._cls(type))
            return f"{name}._value_ if {name}.__class__ is {cls} else flags_of({name}, {cls})"
        if kind == "char":
            return name if raw else f"code_of({name})"
        if kind in ("own", "borrow"):
            bound = text.bind("R", self._resource(type))
            scope = ", t" if kind == "borrow" else ""
            return f"{'receive' if raw else 'lower'}_{kind}({self.state}, {name}, {bound}{scope})"
        if kind == "error-context":
            return f"receive_error_context({self.state}, {name})"
        bound = text.bind("T", self.side.transfer(type))
        return f"receive_end({self.state}, {name}, {bound})" if raw else f"{bound}.lower({self.state}, {name})"


def _coerced(core: str, have: ValType, want: ValType) -> str:
    """A core value of a case's payload in the type that the variant has there."""
    if have is ValType.F32 and want is not ValType.F32:
        return f"f32_to_bits({core})"
    if have is ValType.F64 and want is not ValType.F64:
        return f"f64_to_bits({core})"
    return core
