"""Writes lifts: what turns core values and bytes of memory into values (Canonical ABI, "Loading", "Flat Lifting").

    lifting = Lifting(text, side)
    lifting.flat(TupleType([U8, STRING]), ["c0", "c1", "c2"])       -> "(c0 & 255, lift_utf8(memory_a, c1, c2))"
    lifting.at(type, "q")                                           -> an expression for the value at a checked address

A part of fixed layout is read with one ``struct`` call. Variants, and lists of what is no number, have a function each.
"""

from __future__ import annotations

from _struct import Struct

from wasmz.component.layout import as_cases, discriminant_size
from wasmz.component.transfer import MOST_BYTES, MOST_LIFTED
from wasmz.component.types import MapType, TupleType
from wasmz.startup.light import memoized
from wasmz.types import ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Final

    from wasmz.component.layout import Layout
    from wasmz.component.types import ValueType
    from wasmz.component.writer import Side, Text

# By kind, the format of a number in memory.
FORMATS: Final[dict[str, str]] = {
    "u8": "B",
    "s8": "b",
    "u16": "H",
    "s16": "h",
    "u32": "I",
    "s32": "i",
    "u64": "Q",
    "s64": "q",
    "f32": "f",
    "f64": "d",
    "bool": "B",
    "char": "I",
    "error-context": "I",
    "own": "I",
    "borrow": "I",
    "stream": "I",
    "future": "I",
}
# Numbers that lists have as they are.
NUMBERS: Final = frozenset({"u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"})
# By kind, the value of a core value; and of what is read from memory, where that is different.
_FLAT: Final[dict[str, str]] = {
    "bool": "{} != 0",
    "u8": "{} & 255",
    "u16": "{} & 65535",
    "u32": "{}",
    "u64": "{}",
    "f32": "{}",
    "f64": "{}",
    "s8": "(({} & 255) ^ 128) - 128",
    "s16": "(({} & 65535) ^ 32768) - 32768",
    "s32": "{0} if {0} < 2147483648 else {0} - 4294967296",
    "s64": "{0} if {0} < 9223372036854775808 else {0} - 18446744073709551616",
}
_LIFTED_STRINGS: Final = {"utf8": "lift_utf8", "utf16": "lift_utf16"}
_COMPOUND: Final = frozenset({"record", "tuple", "fixed-list"})
_CHOICES: Final = frozenset({"variant", "option", "result"})

# What is in them passes later.
_PASSED: Final = frozenset({"stream", "future"})
# More strings and lists of numbers than this in one call are charged.
_MOST_RANGES: Final = 2

# So many parts of a compound are read at once; larger ones have functions of their own.
MOST_LEAVES: Final = 48
# Variants of more types than this have a function of their own for flat values.
MOST_INLINE: Final = 24


def leaves(type: ValueType, most: int = MOST_LEAVES) -> int:
    """How many numbers are read for a value; beyond ``most`` it may be fewer than there are."""
    if type.kind in ("string", "list", "map"):
        return 2
    if type.kind not in _COMPOUND:
        return 1
    if type.kind == "fixed-list":
        return int(min(leaves(type.item, most) * type.length, most + 1))  # type: ignore[attr-defined]
    total = 0
    for part in type.parts():
        total += leaves(part, most)
        if total > most:
            break
    return total


@memoized
def struct_of(format: str) -> Struct:
    """The compiled form of a format."""
    return Struct(format)


class Packing:
    """The format of several numbers with gaps between them, from one address on."""

    def __init__(self, start: int) -> None:
        self.format: list[str] = ["<"]
        self.position: int = start
        self.names: list[str] = []

    def add(self, offset: int, format: str, size: int, name: str) -> None:
        """Adds a number at an offset, which has a name in the text."""
        if offset > self.position:
            self.format.append(f"{offset - self.position}x")
        self.format.append(format)
        self.position = offset + size
        self.names.append(name)

    def finish(self, end: int) -> Struct:
        """The format, up to an offset."""
        if end > self.position:
            self.format.append(f"{end - self.position}x")
        return struct_of("".join(self.format))


class Lifting:
    """Writes lifts from one component into a text."""

    def __init__(self, text: Text, side: Side) -> None:
        self.text: Text = text
        self.side: Side = side
        letter = side.letter
        self.memory: str = f"memory_{letter}"
        self.state: str = f"state_{letter}"
        self.of: Callable[[ValueType], Layout] = side.layouts.of
        self.pointer: str = "I" if side.layouts.pointer == 4 else "Q"
        self._is_charged = False

    def limit(self, types: Iterable[ValueType]) -> None:
        """Writes what limits how large the values of a call get, where they may be larger than the memory they are in.

        Items of a list may all point to the same text, and so may the fields of a record. What is left is kept with
        the instance: a call that lifts such values begins anew, and nothing else is called meanwhile.
        """
        if may_grow(types):
            self._is_charged = True
            self.text.line(f"{self.state}.budget = {MOST_LIFTED}")

    # Flat values

    def flat(self, type: ValueType, cores: list[str]) -> str:
        """An expression for the value that core values stand for, which are names; it writes lines before it."""
        return self._flat(type, iter(cores))

    def _flat(self, type: ValueType, cores: Iterator[str]) -> str:
        kind = type.kind
        if kind in _FLAT:
            return f"({_FLAT[kind].format(next(cores))})"
        if kind in ("record", "tuple"):
            parts = [self._flat(part, cores) for part in type.parts()]
            return self._record(type, parts)
        if kind == "fixed-list":
            return self._items(type, [self._flat(type.item, cores) for _ in range(type.length)])  # type: ignore[attr-defined]
        if kind in _CHOICES:
            return self._flat_choice(type, cores)
        if kind in ("string", "list", "map"):
            return self._range(type, next(cores), next(cores))
        if kind == "flags":
            return self._flags(type, next(cores))
        made = self.text.fresh("v")
        # At once: the order in which handles leave their table can be observed.
        self.text.line(f"{made} = {self._scalar(type, next(cores))}")
        return made

    def _flat_choice(self, type: ValueType, cores: Iterator[str]) -> str:
        types = self.side.layouts.flat(type)
        if types is None:
            raise SystemError("a value is flattened that has too many parts")
        names = [next(cores) for _ in types]
        text = self.text
        if type.size > MOST_INLINE:
            params = [f"c{number}" for number in range(len(names))]
            shared = ", s" if type.has_borrow else ""

            def write() -> None:
                self._write_cases(type, types, params)

            made = text.function(
                "V", (self.side.letter, type.form, type.name, types), ", ".join(params) + shared, write
            )
            return f"{made}({', '.join(names)}{shared})"
        return self._cases(type, types, names)

    def _cases(self, type: ValueType, types: tuple[ValType, ...], names: list[str]) -> str:
        text, made = self.text, self.text.fresh("v")
        for number, (_, payload) in enumerate(as_cases(type)):
            text.line(f"{'el' if number else ''}if {names[0]} == {number}:")
            with text.indented():
                text.line(f"{made} = {self._flat_case(type, types, names, number, payload)}")
        text.line("else:")
        text.line("    trap_discriminant()")
        return made

    def _write_cases(self, type: ValueType, types: tuple[ValType, ...], names: list[str]) -> None:
        """Writes the same as a function."""
        text, cases = self.text, as_cases(type)

        def write(number: int) -> None:
            text.line(f"return {self._flat_case(type, types, names, number, cases[number][1])}")

        text.choose(names[0], range(len(cases)), write)
        text.line("trap_discriminant()")

    def _flat_case(
        self, type: ValueType, types: tuple[ValType, ...], names: list[str], number: int, payload: ValueType | None
    ) -> str:
        value = None
        if payload is not None:
            wanted = self.side.layouts.flat(payload) or ()
            pairs = zip(names[1:], types[1:], wanted, strict=False)
            value = self._flat(payload, iter([self._coerced(name, have, want) for name, have, want in pairs]))
        return self._case(type, number, value)

    def _coerced(self, name: str, have: ValType, want: ValType) -> str:
        """A name for a core value of a variant, in the type that a case's payload has."""
        if have is want:
            return name
        made = self.text.fresh("x")
        wrapped = f"{name} & 4294967295" if have is ValType.I64 else name
        if want is ValType.F32:
            wrapped = f"f32_from_bits({wrapped})"
        elif want is ValType.F64:
            wrapped = f"f64_from_bits({name})"
        self.text.line(f"{made} = {wrapped}")
        return made

    # What is in memory

    def at(self, type: ValueType, address: str) -> str:
        """An expression for the value at an address, a name, whose bytes are known to be there; it writes lines."""
        layout = self.of(type)
        packing = Packing(0)
        value = self._part(type, 0, packing, address)
        self._unpack(packing, layout.size, address)
        return value

    def utf8_at(self, address: str, name: str) -> None:
        """Writes what lifts a string in UTF-8, whose address and length are at an address, into a name."""
        text, size = self.text, self.side.layouts.pointer
        start, count, end = text.fresh("a"), text.fresh("a"), text.fresh("a")
        text.line(f"{start} = words_{self.side.letter}[{address}]")
        text.line(f"{count} = words_{self.side.letter}[{address} + {size}]")
        text.line(f"{end} = {start} + {count}")
        text.line(f"if {count} > {MOST_BYTES} or {end} > {self.memory}.size_bytes: trap_string()")
        text.line(f"try: {name} = {self.memory}.bytes[{start}:{end}].tobytes().decode()")
        text.line("except UnicodeDecodeError as error: trap_string(error)")

    def _unpack(self, packing: Packing, size: int, address: str) -> None:
        if packing.names:
            unpack = self.text.bind("U", packing.finish(size).unpack_from)
            self.text.line(f"{', '.join(packing.names)}, = {unpack}({self.memory}.bytes, {address})")

    def _part(self, type: ValueType, offset: int, packing: Packing, address: str | None) -> str:
        """An expression for the part at an offset, in terms of numbers that are added to the packing.

        Where there is no address, the part consists of such numbers only.
        """
        kind = type.kind
        if kind in _COMPOUND:
            if address is not None and leaves(type) > MOST_LEAVES:
                return f"{self._reader(type)}({self._sum(address, offset)}{', s' if type.has_borrow else ''})"
            if kind == "fixed-list":
                step = self.of(type.item).size  # type: ignore[attr-defined]
                return self._items(
                    type,
                    [self._part(type.item, offset + step * n, packing, address) for n in range(type.length)],  # type: ignore[attr-defined]
                )
            offsets = self.of(type).offsets
            pairs = zip(type.parts(), offsets, strict=True)
            return self._record(type, [self._part(part, offset + at, packing, address) for part, at in pairs])
        if kind in _CHOICES:
            return f"{self._reader(type)}({self._sum(address, offset)}{', s' if type.has_borrow else ''})"
        if kind in ("string", "list", "map"):
            size = self.side.layouts.pointer
            start, count = self.text.fresh("a"), self.text.fresh("a")
            packing.add(offset, self.pointer, size, start)
            packing.add(offset + size, self.pointer, size, count)
            return self._range(type, start, count)
        name = self.text.fresh("a")
        format = FORMATS.get(kind) or {1: "B", 2: "H", 4: "I"}[self.of(type).size]
        packing.add(offset, format, self.of(type).size, name)
        if kind == "bool":
            return f"{name} != 0"
        if kind in NUMBERS:
            return name
        return self._flags(type, name) if kind == "flags" else self._scalar(type, name)

    @staticmethod
    def _sum(address: str | None, offset: int) -> str:
        if address is None:
            raise SystemError("a part of a variable layout has no address")
        return f"{address} + {offset}" if offset else address

    def _reader(self, type: ValueType) -> str:
        """The function that reads a value from an address."""
        shared = ", s" if type.has_borrow else ""
        return self.text.function(
            "L", (self.side.letter, type.form, type.name), f"q{shared}", lambda: self._write_reader(type)
        )

    def _write_reader(self, type: ValueType) -> None:
        text = self.text
        if type.kind == "fixed-list":
            item = type.item  # type: ignore[attr-defined]
            size, length = self.of(item).size, type.length  # type: ignore[attr-defined]
            text.line(f"e = q + {size * length}")
            self.write_items(type, item, "q", "e")
            return
        if type.kind not in _CHOICES:
            parts = []
            packing = Packing(0)
            for part, offset in zip(type.parts(), self.of(type).offsets, strict=True):
                parts.append(self._part(part, offset, packing, "q"))
            self._unpack(packing, self.of(type).size, "q")
            text.line(f"return {self._record(type, parts)}")
            return
        cases = as_cases(type)
        size = discriminant_size(len(cases))
        if size == 1:
            text.line(f"d = {self.memory}.bytes[q]")
        else:
            unpack = text.bind("U", struct_of("<H" if size == 2 else "<I").unpack_from)
            text.line(f"d, = {unpack}({self.memory}.bytes, q)")
        payload_at = self.of(type).payload

        def write(number: int) -> None:
            payload, value = cases[number][1], None
            if payload is not None:
                packing = Packing(payload_at)
                value = self._part(payload, payload_at, packing, "q")
                if packing.names:
                    unpack = text.bind("U", packing.finish(0).unpack_from)
                    text.line(f"{', '.join(packing.names)}, = {unpack}({self.memory}.bytes, q + {payload_at})")
            text.line(f"return {self._case(type, number, value)}")

        text.choose("d", range(len(cases)), write)
        text.line("trap_discriminant()")

    # Lists and strings

    def _range(self, type: ValueType, start: str, count: str) -> str:
        """An expression for a string, list or map that begins at an address."""
        if type.kind == "string" and self.side.encoding == "latin1+utf16":
            tag = 1 << (8 * self.side.layouts.pointer - 1)
            if self._is_charged:
                count = f"charged_units({self.state}, {count}, {_charge(type)}, {tag})"
            return f"lift_latin1_or_utf16({self.memory}, {start}, {count}, {tag}, {self.side.is_raw})"
        if self._is_charged:
            count = f"charged({self.state}, {count}, {_charge(type)})"
        if type.kind == "string":
            return f"{_LIFTED_STRINGS[self.side.encoding]}({self.memory}, {start}, {count})"
        if type.kind == "list" and type.item.kind in NUMBERS:  # type: ignore[attr-defined]
            item = type.item  # type: ignore[attr-defined]
            if self.side.is_raw:
                return f"lift_view({self.memory}, {start}, {count}, {self.of(item).size})"
            if item.kind == "u8":
                return f"lift_bytes({self.memory}, {start}, {count})"
            return f"lift_numbers({self.memory}, {start}, {count}, {FORMATS[item.kind]!r}, {self.of(item).size})"
        shared = ", s" if type.has_borrow else ""
        key = (self.side.letter, type.form, type.name)
        made = self.text.function("M", key, f"p, n{shared}", lambda: self._write_list(type))
        return f"{made}({start}, {count}{shared})"

    def _write_list(self, type: ValueType) -> None:
        item = item_of(type)
        layout = self.of(item)
        self.text.line(f"e = check_list({self.memory}, p, n, {layout.size}, {layout.alignment})")
        self.write_items(type, item, "p", "e")

    def write_items(self, type: ValueType, item: ValueType, start: str, end: str) -> None:
        """Writes the return of the items between two addresses."""
        text, layout = self.text, self.of(item)
        if leaves(item) <= MOST_LEAVES and _is_plain(item):
            packing = Packing(0)
            value = self._part(item, 0, packing, None)
            unpack = text.bind("I", packing.finish(layout.size).iter_unpack)
            source = f"{unpack}({self.memory}.bytes[{start}:{end}])"
            listed = f"[{value} for {', '.join(packing.names)}, in {source}]"
        else:
            shared = ", s" if item.has_borrow else ""
            listed = f"[{self._reader_of(item)}(q{shared}) for q in range({start}, {end}, {layout.size})]"
        text.line(f"return {self._listed(type, listed)}")

    def _reader_of(self, item: ValueType) -> str:
        if item.kind in _CHOICES or item.kind in _COMPOUND:
            return self._reader(item)
        raise SystemError(f"items of kind {item.kind} are read one by one")

    def _listed(self, type: ValueType, items: str) -> str:
        if type.kind == "map" and not self.side.is_raw:
            return f"dict({items})"
        return f"tuple({items})" if type.kind == "fixed-list" and self.side.is_raw else items

    def _items(self, type: ValueType, items: list[str]) -> str:
        listed = f"[{', '.join(items)}]"
        return listed if not self.side.is_raw else f"({', '.join(items)},)"

    # Values

    def _record(self, type: ValueType, parts: list[str]) -> str:
        together = f"({', '.join(parts)},)"
        if type.kind == "tuple" or self.side.is_raw:
            return together
        return f"new({self._class(type)}, {together})"

    def _class(self, type: ValueType) -> str:
        classes = self.side.classes
        if classes is None:
            raise SystemError("values between components have no classes")
        return self.text.bind("C", classes(type))

    def _case(self, type: ValueType, number: int, value: str | None) -> str:
        """An expression for a case of a variant with a payload."""
        if self.side.is_raw:
            return f"({number}, {value})"
        if type.kind == "option":
            if number == 0:
                return "None"
            return f"new(Some, ({value},))" if is_nullable(type.item) else str(value)  # type: ignore[attr-defined]
        if type.kind == "result":
            return f"new({'Err' if number else 'Ok'}, ({value},))"
        cls = self._cls(type).cases[number]
        if value is None:
            return self.text.bind("K", cls.only)
        return f"new({self.text.bind('C', cls)}, ({value},))"

    def _cls(self, type: ValueType) -> Any:
        classes = self.side.classes
        if classes is None:
            raise SystemError("values between components have no classes")
        return classes(type)

    def _flags(self, type: ValueType, name: str) -> str:
        mask = (1 << len(type.labels)) - 1  # type: ignore[attr-defined]
        if self.side.is_raw:
            return f"({name} & {mask})"
        return f"{self.text.bind('F', self._cls(type).known)}[{name} & {mask}]"

    def _scalar(self, type: ValueType, name: str) -> str:
        kind, raw = type.kind, self.side.is_raw
        if kind == "enum":
            count = len(type.labels)  # type: ignore[attr-defined]
            if raw:
                return f"check_case({name}, {count})"
            return f"case_of({self.text.bind('E', self._cls(type).by_index)}, {name})"
        if kind == "char":
            return f"{'check_char' if raw else 'char_of'}({name})"
        if kind in ("own", "borrow"):
            resource = self.side.resources(type.resource)  # type: ignore[attr-defined]
            bound = self.text.bind("R", resource)
            scope = ", s" if kind == "borrow" else ""
            return f"{'pass' if raw else 'lift'}_{kind}({self.state}, {name}, {bound}{scope})"
        if kind == "error-context":
            return f"pass_error_context({self.state}, {name})"
        bound = self.text.bind("T", self.side.transfer(type))
        return f"pass_end({self.state}, {name}, {bound})" if raw else f"{bound}.lift({self.state}, {name})"


def item_of(type: ValueType) -> ValueType:
    """The type of the items of a list; those of a map are pairs."""
    if isinstance(type, MapType):
        return TupleType([type.key, type.value])
    return type.item  # type: ignore[attr-defined, no-any-return]


def _is_plain(type: ValueType) -> bool:
    """Whether no part of a value has its own discriminant."""
    if type.kind in _CHOICES:
        return False
    return type.kind not in _COMPOUND or all(_is_plain(part) for part in type.parts())


def may_grow(types: Iterable[ValueType]) -> bool:
    """Whether values may take much more memory than a component has.

    They may if a list has what is no number in it, or if there are several strings and lists.
    """
    seen: dict[Any, int] = {}

    def count(type: ValueType) -> int:
        found = seen.get(type.form)
        if found is None:
            if type.kind == "map" or (type.kind == "list" and type.item.kind not in NUMBERS):  # type: ignore[attr-defined]
                found = _MOST_RANGES + 1
            elif type.kind in ("list", "string"):
                found = 1
            elif type.kind in _PASSED:
                found = 0
            else:
                found = sum(map(count, type.parts())) * getattr(type, "length", 1)
            seen[type.form] = found = min(found, _MOST_RANGES + 1)
        return found

    return sum(map(count, types)) > _MOST_RANGES


def _charge(type: ValueType) -> int:
    """What an item of a list, or a unit of a string, is charged: about the bytes that it takes in Python."""
    if type.kind == "string":
        return 4
    item = item_of(type)
    return 1 if item.kind == "u8" else _weight(item, {})


def _weight(type: ValueType, known: dict[Any, int]) -> int:
    """The bytes that a value takes in Python, without what strings and lists have in them."""
    found = known.get(type.form)
    if found is None:
        parts = [_weight(part, known) for part in type.parts()] if type.kind in _COMPOUND | _CHOICES else []
        if type.kind == "fixed-list":
            found = 56 + parts[0] * type.length  # type: ignore[attr-defined]
        elif type.kind in _COMPOUND:
            found = 48 + 8 * len(parts) + sum(parts)
        elif type.kind in _CHOICES:
            found = 64 + max(parts, default=0)
        else:
            found = 64 if type.kind in ("string", "list", "map") else 16
        known[type.form] = found
    return found


def is_nullable(type: ValueType) -> bool:
    """Whether ``None`` may be a value of this type."""
    return type.kind == "option"


__all__ = ["FORMATS", "NUMBERS", "Lifting", "Packing", "is_nullable", "item_of", "leaves", "struct_of"]
