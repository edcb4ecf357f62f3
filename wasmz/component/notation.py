"""Types of values and functions as WIT writes them.

structure(type, text)      what a type is, in lines; ``text`` gives what it mentions
described(type)            the same on one line, of a bounded length: for messages and ``repr``
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final

KEYWORDS: Final = frozenset(
    (
        *(
            "use",
            "type",
            "func",
            "u8",
            "u16",
            "u32",
            "u64",
            "s8",
            "s16",
            "s32",
            "s64",
            "f32",
            "f64",
            "char",
            "resource",
        ),
        *("own", "borrow", "record", "flags", "variant", "enum", "bool", "string", "option", "result", "future"),
        *("stream", "error-context", "list", "map", "as", "from", "static", "interface", "tuple", "world", "import"),
        *("export", "package", "constructor", "include", "with", "async"),
    )
)

# How many types a description goes into: types that share parts can be a thousand times as long as they are large.
_MOST_PARTS: Final = 100


def escaped(label: str) -> str:
    """A label as WIT writes it: with ``%`` where it would be a keyword."""
    return f"%{label}" if label in KEYWORDS else label


def structure(type: Any, text: Callable[[Any], str]) -> str:
    """What a type of values is, in lines."""
    kind = type.kind
    if kind == "record":
        return block("record", [f"{escaped(label)}: {text(field)}" for label, field in type.fields])
    if kind == "variant":
        return block("variant", [_case(label, payload, text) for label, payload in type.cases])
    if kind in ("flags", "enum"):
        return block(kind, map(escaped, type.labels))
    if kind == "fixed-list":
        return f"list<{text(type.item)}, {type.length}>"
    if kind == "result":
        return _result(type, text)
    if kind in ("own", "borrow"):
        return f"{kind}<{text(type.alias)}>"
    parts = type.parts()
    return f"{kind}<{', '.join(map(text, parts))}>" if parts else str(kind)


def _case(label: str, payload: Any, text: Callable[[Any], str]) -> str:
    return escaped(label) if payload is None else f"{escaped(label)}({text(payload)})"


def _result(type: Any, text: Callable[[Any], str]) -> str:
    if type.error is None:
        return "result" if type.ok is None else f"result<{text(type.ok)}>"
    return f"result<{'_' if type.ok is None else text(type.ok)}, {text(type.error)}>"


def signature(type: Any, text: Callable[[Any], str], *, without_self: bool = False) -> str:
    """The parameters and the result of a function."""
    listed = ", ".join([f"{escaped(label)}: {text(param)}" for label, param in type.params[without_self:]])
    return f"({listed})" + ("" if type.result is None else f" -> {text(type.result)}")


def function(type: Any, text: Callable[[Any], str], *, prefix: str = "", without_self: bool = False) -> str:
    """The type of a function."""
    return f"{prefix}{'async ' if type.is_async else ''}func{signature(type, text, without_self=without_self)}"


def described(type: Any) -> str:
    """A type of values or functions on one line; types that it mentions by their names, if they have some."""
    left = [_MOST_PARTS]

    def text(part: Any) -> str:
        if part.name is not None:
            return escaped(part.name)
        left[0] -= 1
        if left[0] < 0:
            return "..."
        return one_line(structure(part, text)) if hasattr(part, "parts") else "resource"

    return function(type, text) if type.kind == "func" else one_line(structure(type, text))


def block(head: str, lines: Iterable[str], end: str = ",") -> str:
    """Lines between braces, each with an end, and further in."""
    return "\n".join([f"{head} {{", *[f"{indented(line)}{end}" for line in lines], "}"])


def indented(text: str) -> str:
    """Lines further in."""
    return "\n".join([f"  {line}" if line else line for line in text.split("\n")])


def one_line(text: str) -> str:
    """A definition without line breaks."""
    return " ".join(text.split()).replace(", }", " }")
