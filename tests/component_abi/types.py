"""Types of the component model for tests: as text, with values of them, and how those look to wasmtime's binding.

made = Made(); text = made.text(("list", ("option", "u8")))         -> a WAT type; made.definitions has what it needs
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

# A type is the name of a primitive one, or a tuple that begins with its kind.
Type = Any

INTEGERS = {
    **{f"u{bits}": (0, (1 << bits) - 1) for bits in (8, 16, 32, 64)},
    **{f"s{bits}": (-(1 << bits - 1), (1 << bits - 1) - 1) for bits in (8, 16, 32, 64)},
}
PRIMITIVES = [*INTEGERS, "f32", "f64", "bool", "char", "string"]
LABELS = ["a", "b-c", "from", "x1", "limit", "count"]


class Made:
    """The definitions of named types that texts need."""

    def __init__(self) -> None:
        self.definitions: list[str] = []

    def text(self, type: Type) -> str:
        """A type as text."""
        if isinstance(type, str):
            return type
        kind, *rest = type
        if kind == "record":
            fields = [f'(field "{label}" {self.text(part)})' for label, part in zip(LABELS, rest, strict=False)]
            return self._named(f"(record {' '.join(fields)})")
        if kind == "variant":
            cases = [
                f'(case "{label}"{"" if part is None else " " + self.text(part)})'
                for label, part in zip(LABELS, rest, strict=False)
            ]
            return self._named(f"(variant {' '.join(cases)})")
        if kind in ("enum", "flags"):
            labels = " ".join([f'"l{number}"' for number in range(rest[0])])
            return self._named(f"({kind} {labels})")
        if kind == "result":
            ok, error = rest
            failure = "" if error is None else f" (error {self.text(error)})"
            return f"(result{'' if ok is None else ' ' + self.text(ok)}{failure})"
        return f"({kind} {' '.join(map(self.text, rest))})"

    def _named(self, text: str) -> str:
        number = len(self.definitions)
        self.definitions.append(f'(type $d{number} {text}) (import "t{number}" (type $t{number} (eq $d{number})))')
        return f"$t{number}"


def types(*, named: bool = True) -> st.SearchStrategy[Type]:
    """Types of any kind; or only those without a name."""

    def larger(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
        parts = st.lists(inner, min_size=1, max_size=4)
        maybe = st.none() | inner
        found = [
            st.tuples(st.just("list"), inner),
            st.tuples(st.just("option"), inner),
            st.tuples(st.just("result"), maybe, maybe),
            parts.map(lambda found: ("tuple", *found)),
        ]
        if named:
            found.append(parts.map(lambda found: ("record", *found)))
            found.append(st.lists(maybe, min_size=1, max_size=4).map(lambda found: ("variant", *found)))
        return st.one_of(found)

    enums = st.tuples(st.just("enum"), st.sampled_from([1, 3, 200, 300]))
    flags = st.tuples(st.just("flags"), st.sampled_from([1, 8, 9, 17, 32]))
    simple: st.SearchStrategy[Type] = st.sampled_from(PRIMITIVES)
    return st.recursive(simple | enums | flags if named else simple, larger, max_leaves=8)


def values(type: Type) -> st.SearchStrategy[Any]:
    """Values of a type, as may be given to a component."""
    if isinstance(type, str):
        if type in INTEGERS:
            return st.integers(*INTEGERS[type])
        if type in ("f32", "f64"):
            return st.floats(width=32 if type == "f32" else 64, allow_nan=False)
        texts = st.characters(codec="utf-8")
        return {"bool": st.booleans(), "char": texts, "string": st.text(texts, max_size=20)}[type]
    kind, *rest = type
    if kind == "record":
        return st.fixed_dictionaries({label: values(part) for label, part in zip(LABELS, rest, strict=False)})
    if kind == "variant":
        cases = [
            st.just(label) if part is None else st.tuples(st.just(label), values(part))
            for label, part in zip(LABELS, rest, strict=False)
        ]
        return st.one_of(cases)
    if kind == "enum":
        return st.integers(0, rest[0] - 1).map(lambda number: f"l{number}")
    if kind == "flags":
        return st.sets(st.integers(0, rest[0] - 1)).map(lambda found: [f"l{number}" for number in sorted(found)])
    if kind == "tuple":
        return st.tuples(*map(values, rest))
    if kind == "list":
        return st.lists(values(rest[0]), max_size=5)
    return _optional_values(kind, rest)


def _optional_values(kind: str, rest: list[Any]) -> st.SearchStrategy[Any]:
    from wasmz.component import Err, Ok, Some

    if kind == "option":
        inner = values(rest[0])
        return st.none() | (inner.map(Some) if rest[0][0] == "option" else inner)
    ok, error = rest
    oks = st.just(Ok()) if ok is None else values(ok).map(Ok)
    return oks | (st.just(Err()) if error is None else values(error).map(Err))


def plain(type: Type, value: Any) -> Any:
    """A value that a component gave, in the form that ``values`` makes."""
    if isinstance(type, str):
        return value
    kind, *rest = type
    if kind == "record":
        return {label: plain(part, item) for label, part, item in zip(LABELS, rest, value, strict=False)}
    if kind == "variant":
        part = rest[LABELS.index(value.case)]
        return value.case if part is None else (value.case, plain(part, value.value))
    if kind == "enum":
        return value.value
    if kind == "flags":
        return [f"l{number}" for number in range(rest[0]) if f"l{number}" in value]
    if kind == "tuple":
        return tuple([plain(part, item) for part, item in zip(rest, value, strict=True)])
    if kind == "list":
        return [plain(rest[0], item) for item in value]
    if kind == "option":
        inner = value.value if value is not None and rest[0][0] == "option" else value
        made = None if value is None else plain(rest[0], inner)
        return made if value is None or rest[0][0] != "option" else value.__class__(made)
    part = rest[0 if type_name(value) == "Ok" else 1]
    return value if part is None else value.__class__(plain(part, value.value))


def type_name(value: Any) -> str:
    """The name of a value's class."""
    return type(value).__name__


def for_wasmtime(type: Type, value: Any, theirs: Any) -> Any:
    """A value in the form that wasmtime's binding takes for its type ``theirs``."""
    from wasmtime.component import Record, Variant

    if isinstance(type, str):
        return value
    kind, *rest = type
    if kind == "record":
        made: Any = Record()
        for (label, part), (_, inner) in zip(zip(LABELS, rest, strict=False), theirs.fields, strict=True):
            made.__dict__[label] = for_wasmtime(part, value[label], inner)
        return made
    if kind == "tuple":
        parts = zip(rest, value, theirs.elements, strict=True)
        return tuple([for_wasmtime(part, item, inner) for part, item, inner in parts])
    if kind == "list":
        if rest[0] == "u8":
            return bytes(value)
        return [for_wasmtime(rest[0], item, theirs.element) for item in value]
    if kind == "flags":
        return set(value)
    if kind == "enum":
        return value
    if kind == "variant":
        case, payload = (value, None) if isinstance(value, str) else value
        part = rest[LABELS.index(case)]
    elif kind == "option":
        case, payload, part = "none" if value is None else "some", value, rest[0]
        if value is not None and part[0] == "option":
            payload = value.value
    else:
        case, payload = type_name(value).lower(), value.value
        part = rest[0 if case == "ok" else 1]
    inner = dict(theirs._cases())[case]
    made = None if part is None or case == "none" else for_wasmtime(part, payload, inner)
    if isinstance(made, bool) and kind != "option" and not theirs._tagged():
        # Their binding takes it for the first case whose payload is an integer.
        raise ValueError("a bool in a variant")
    return Variant(case, made) if theirs._tagged() else made


_CORES = {**dict.fromkeys(("u64", "s64"), ("i64",)), "f32": ("f32",), "f64": ("f64",), "string": ("i32", "i32")}


def flattened(type: Type) -> list[str]:
    """The core types that values of a type are passed in (Canonical ABI, "Flattening")."""
    if isinstance(type, str):
        return list(_CORES.get(type, ("i32",)))
    kind, *rest = type
    if kind in ("record", "tuple"):
        return [core for part in rest for core in flattened(part)]
    if kind == "list":
        return ["i32", "i32"]
    if kind in ("enum", "flags"):
        return ["i32"]
    joined: list[str] = []
    for part in rest:
        for position, core in enumerate([] if part is None else flattened(part)):
            if position == len(joined):
                joined.append(core)
            elif joined[position] != core:
                joined[position] = "i32" if {joined[position], core} == {"i32", "f32"} else "i64"
    return ["i32", *joined]
