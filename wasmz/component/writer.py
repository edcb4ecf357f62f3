"""The text of generated functions: lines, names for what they refer to, and helper functions beside them.

    text = Text()
    text.line("return a")                     a line of the function that is being written
    text.bind("C", cls)                       -> "C0", a global of the function that is this object
    with text.function("L", key, "q") as name: ...          a helper, written once for each key
    text.finish("p, q")                       -> the source of all functions, the last of which is `_call`

Names in lines are written without the underscore that all of them get in the end, so that parameters may have any name
that a component gives them: in lines they are ARG0, ARG1.

Texts do not depend on what names are bound to: so those of another process, or instance, are the same, and code is kept
by text (``code_cache.py``).
"""

from __future__ import annotations

from keyword import iskeyword

from wasmz.startup.light import memoized

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    from wasmz.component.forms import Resource
    from wasmz.component.layout import Layouts


# So many numbers are compared one after the other.
_MOST_IN_CHAIN: Final = 8


class Side:
    """One of the two components, or the host, between which a function passes values.

    Attributes:
        letter: what its names end in: ``memory_a``, ``realloc_a``, ``state_a``.
        layouts: how values lie in its memory.
        encoding: of its strings.
        is_raw: whether values are those that pass between components: tuples for records, pairs for variants. The
            host's are those that Python code has.
        source: the encoding of strings that are lowered here: of the other component, or ``"python"``.
        resources: what the resource types of its own type stand for.
        state: the component instance.
        classes: the host's classes for records, variants and so on.
        transfer: what its streams and futures carry.
    """

    __slots__ = ("classes", "encoding", "is_raw", "layouts", "letter", "resources", "source", "state", "transfer")

    def __init__(
        self,
        letter: str,
        layouts: Layouts,
        encoding: str,
        resources: Callable[[Resource], Any],
        state: Any,
        classes: Callable[[Any], Any] | None,
        source: str = "python",
        transfer: Callable[[Any], Any] = id,
    ) -> None:
        self.letter: str = letter
        self.layouts: Layouts = layouts
        self.encoding: str = encoding
        self.is_raw: bool = classes is None
        self.source: str = source
        self.resources: Callable[[Resource], Any] = resources
        self.state: Any = state
        self.classes: Callable[[Any], Any] | None = classes
        self.transfer: Callable[[Any], Any] = transfer


class Text:
    """What is written so far.

    Attributes:
        namespace: what the names stand for.
        lines: of the function that is being written.
    """

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {}
        self.lines: list[str] = []
        self._indent = "    "
        self._made: list[str] = []
        self._functions: dict[tuple[str, Any], str] = {}
        self._bound: dict[tuple[str, int], str] = {}
        self._counts: dict[str, int] = {}

    def line(self, text: str) -> None:
        """Adds a line."""
        self.lines.append(self._indent + text)

    def indented(self) -> _Indented:
        """For ``with``: lines inside are indented further."""
        return _Indented(self)

    def fresh(self, prefix: str) -> str:
        """A name that is used nowhere else."""
        number = self._counts.get(prefix, 0)
        self._counts[prefix] = number + 1
        return f"{prefix}{number}"

    def choose(self, name: str, numbers: Sequence[int], write: Callable[[int], None]) -> None:
        """Writes a choice by the value of a name, which ``write`` writes the lines for; others go on after it.

        It is a tree: a chain of hundreds would be slow, and of thousands is more than CPython compiles.
        """
        if len(numbers) <= _MOST_IN_CHAIN:
            for number in numbers:
                self.line(f"if {name} == {number}:")
                with self.indented():
                    write(number)
            return
        middle = len(numbers) // 2
        self.line(f"if {name} < {numbers[middle]}:")
        with self.indented():
            self.choose(name, numbers[:middle], write)
        self.line("else:")
        with self.indented():
            self.choose(name, numbers[middle:], write)

    def bind(self, prefix: str, value: Any) -> str:
        """The name of a global that stands for an object."""
        key = (prefix, id(value))
        name = self._bound.get(key)
        if name is None:
            name = self._bound[key] = self.fresh(prefix)
            # This keeps the object, whose number is in the key.
            self.namespace[name] = value
        return name

    def function(self, prefix: str, key: Any, params: str, write: Callable[[], None]) -> str:
        """The name of a helper function; ``write`` writes its lines if there is none for the key yet."""
        name = self._functions.get((prefix, key))
        if name is None:
            name = self._functions[prefix, key] = self.fresh(prefix)
            outer, self.lines = self.lines, []
            indent, self._indent = self._indent, "    "
            write()
            self._made.append("\n".join([f"def {name}({params}):", *self.lines]))
            self.lines, self._indent = outer, indent
        return name

    def finish(self, params: str, names: Sequence[str] = ()) -> str:
        """The source of the function, after that of its helpers; ``names`` are those of its parameters ARG0, ARG1."""

        def rename(found: re.Match[str]) -> str:
            name = found[0]
            if name.startswith("ARG"):
                return names[int(name[3:])]
            return name if iskeyword(name) else f"_{name}"

        source = "\n".join([*self._made, f"def call({params}):", *(self.lines or ["    pass"]), ""])
        return _names().sub(rename, source)

    def names(self) -> dict[str, Any]:
        """What the names stand for, as they are in the source."""
        return {f"_{name}": value for name, value in self.namespace.items()}


@memoized
def _names() -> re.Pattern[str]:
    """Names, but for attributes and what is in quotes."""
    # 2 ms, which opening a component does not need.
    import re

    return re.compile(r"(?<![\w.'\"])[A-Za-z]\w*")


class _Indented:
    def __init__(self, text: Text) -> None:
        self._text = text

    def __enter__(self) -> None:
        self._text._indent += "    "

    def __exit__(self, *error: object) -> None:
        self._text._indent = self._text._indent[:-4]
