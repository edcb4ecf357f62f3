"""TypeScript's declarations of a package, as lines of a stub: the types that a module's own exports do not tell.

    read_declarations("export function add(a: number, b?: string): bigint;")
    -> {"add": ["def add(a: float, b: str | None = ..., /) -> int: ..."]}

Read are functions, classes and enumerations, and the interfaces that emscripten writes for embind. What is not
understood is ``Any``, or left out; nothing is run.
"""

from __future__ import annotations

import keyword
import re

_MOST_CHARACTERS = 1 << 22
_DEEPEST = 40
_LONGEST_TYPE = 1_000
_WORD = re.compile(r"[\w$]+")
_TEXT = r"([A-Za-z_$][\w$]*|\"[^\"\n]*\"|'[^'\n]*'|-?\d[\d.]*|=>|\.\.\.|.)"
_TOKEN = re.compile(rf"\s*(?://[^\n]*\s*|/\*.*?\*/\s*)*{_TEXT}", re.DOTALL)
# After the last comment that is closed.
_LAST_TOKEN = re.compile(rf"\s*(?://[^\n]*\s*)*{_TEXT}", re.DOTALL)
_INTERFACE = re.compile(
    r"\binterface\s{1,9}([A-Za-z_$][\w$]{0,200})(?:\s{1,9}extends\s{1,9}([A-Za-z_$][\w$]{0,200}))?"
    r"[^{}]{0,200}\{([^{}]{0,50000})"
)
_NAMED = {
    "number": "float",
    "bigint": "int",
    "boolean": "bool",
    "string": "str",
    "void": "None",
    "undefined": "None",
    "null": "None",
    "Uint8Array": "bytes",
    "Uint8ClampedArray": "bytes",
    "Map": "dict[Any, Any]",
    "Record": "dict[str, Any]",
    "Set": "set[Any]",
    "Function": "Callable[..., Any]",
    "EmbindString": "str | bytes",
    "true": "bool",
    "false": "bool",
}
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_STATIC = "    @staticmethod"
_MODIFIERS = ("static", "readonly", "private", "protected", "public", "get", "set", "declare", "abstract")
# What embind and wasm-bindgen give all objects, for those of either.
_COMMON = (
    "    def __enter__(self) -> Any: ...",
    "    def __exit__(self, *error: object) -> None: ...",
)
_OF_EMBIND = ("    def close(self) -> None: ...", "    def clone(self) -> Any: ...")


class _Unreadable(Exception):
    """The text is not of a form that is known."""


def read_declarations(text: str) -> dict[str, list[str]]:
    """The lines of a stub by the names that they declare. ``Any`` and ``Callable`` are meant to be imported."""
    reader = _Reader(text[:_MOST_CHARACTERS])
    reader.read()
    return {name: lines for name, lines in reader.declared.items() if lines}


class _Reader:
    def __init__(self, text: str) -> None:
        # A comment that nothing closes is none: its end would be looked for from each place that begins another.
        closed = text.rfind("*/") + 2
        opened = text.find("/*", closed if closed > 1 else 0)
        self._tokens = [found[1] for found in _TOKEN.finditer(text if opened < 0 else text[:opened] + "\n;")]
        if opened >= 0:
            self._tokens += [found[1] for found in _LAST_TOKEN.finditer(text[opened:])]
        self._at = 0
        self._depth = 0
        self.declared: dict[str, list[str]] = {}
        # Types that are classes or enumerations here: other names are unknown ones.
        self._bound = _bound_interfaces(text)
        self._classes = self._bound | set(re.findall(r"\b(?:class|enum)\s{1,9}([A-Za-z_$][\w$]{0,200})", text))
        self._interfaces: dict[str, list[str]] = {}
        self._bases: dict[str, str] = {}

    # --- tokens ---

    def _peek(self, offset: int = 0) -> str:
        at = self._at + offset
        return self._tokens[at] if at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, token: str) -> bool:
        if self._peek() == token:
            self._at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise _Unreadable

    def _skip_group(self) -> None:
        """Skips what is between brackets, the first of which comes next."""
        opening = self._next()
        if opening not in _CLOSING:
            raise _Unreadable
        stack = [_CLOSING[opening]]
        while stack:
            token = self._next()
            if not token:
                raise _Unreadable
            if token == stack[-1]:
                stack.pop()
            elif token in "([{":
                stack.append(_CLOSING[token])

    def _skip_statement(self) -> None:
        while self._peek() and not self._take(";"):
            if self._peek() in ("(", "[", "{"):
                is_block = self._peek() == "{"
                self._skip_group()
                if is_block and self._peek() not in (";", "|", "&", "[", "="):
                    return
            else:
                self._next()

    # --- declarations ---

    def read(self) -> None:
        """Reads all that there is."""
        while self._peek():
            start = self._at
            try:
                self._read_statement()
            except _Unreadable:
                # What was read is not read again: that would take the square of the text's length.
                self._at = max(self._at, start + 1)
        classes = {name for name in self._bound if name in self._interfaces and name not in self.declared}
        for name in ("EmbindModule", "MainModule"):
            for line in self._interfaces.get(name, ()):
                found = re.match(r"    def (\w+)\(self(?:, )?", line)
                if found is not None and found[1] != "__init__":
                    self.declared.setdefault(found[1], []).append(f"def {found[1]}({line[found.end() :]}")
        for name in sorted(classes):
            base = self._bases.get(name, "")
            head = f"class {name}({base}):" if base in classes and base != name else f"class {name}:"
            self.declared[name] = [head, "    def __init__(self, *args: Any) -> None: ...", *self._interfaces[name]]
            self.declared[name] += [*_OF_EMBIND, *_COMMON]
        unknown = self._classes - self.declared.keys()

        def known(found: re.Match[str]) -> str:
            return "Any" if found[0] in unknown else found[0]

        # Types of other names than those that are declared would be errors.
        for key, lines in self.declared.items() if unknown else ():
            self.declared[key] = [_WORD.sub(known, line) if ": " in line or "->" in line else line for line in lines]

    def _read_statement(self) -> None:
        while self._peek() in ("export", "declare", "default", "abstract"):
            self._next()
        word = self._peek()
        if word == "function" and _is_usable(self._peek(1)):
            self._next()
            name = self._next()
            self.declared.setdefault(name, []).append(f"def {name}({self._signature('')}: ...")
            self._take(";")
        elif word == "class" and _is_usable(self._peek(1)):
            self._read_class()
        elif word == "interface":
            self._next()
            name = self._next()
            if self._take("extends"):
                self._bases[name] = self._peek()
            while self._peek() not in ("{", ""):
                self._next()
            if _is_usable(name):
                self._interfaces[name] = self._members()
            else:
                self._skip_group()
        elif word == "enum" and _is_usable(self._peek(1)):
            self._next()
            self._read_enum()
        elif word in ("const", "let", "var", "type", "import", "interface", "namespace"):
            self._skip_statement()
        else:
            self._next()

    def _read_class(self) -> None:
        self._next()
        name = self._next()
        while self._peek() not in ("{", ""):
            self._next()
        lines = self._members()
        self.declared[name] = [f"class {name}:", *lines, *_COMMON]

    def _read_enum(self) -> None:
        name = self._next()
        self._expect("{")
        lines = [f"class {name}:"]
        while not self._take("}"):
            member = self._next()
            if not member:
                raise _Unreadable
            if _is_usable(member):
                lines.append(f"    {member}: int")
            while self._peek() not in (",", "}", ""):
                self._next()
            self._take(",")
        self.declared[name] = lines if len(lines) > 1 else [f"{lines[0]} ..."]

    def _members(self) -> list[str]:
        """The members of a class or an interface, whose text comes next."""
        self._expect("{")
        lines: list[str] = []
        while not self._take("}"):
            if not self._peek():
                raise _Unreadable
            words = set()
            while self._peek() in _MODIFIERS and self._peek(1) not in ("(", ":", "?", ";"):
                words.add(self._next())
            if self._peek() == "[":
                self._skip_group()
                self._skip_member()
                continue
            name = self._next()
            is_optional = self._take("?")
            if self._peek() == "(" and words & {"get", "set"}:
                hint = self._signature("").rpartition(" -> ")[2]
                if "get" in words and _is_usable(name):
                    lines.append(f"    {name}: {hint}")
            elif self._peek() in ("(", "<"):
                lines += self._method(name, words)
            elif self._take(":"):
                hint = self._type() + (" | None" if is_optional else "")
                if _is_usable(name):
                    lines.append(f"    {name}: {hint}")
            self._skip_member()
        return _once(lines)

    def _skip_member(self) -> None:
        while self._peek() not in (";", ",", "}", ""):
            if self._peek() in ("(", "[", "{"):
                self._skip_group()
            else:
                self._next()
        if self._peek() != "}":
            self._next()

    def _method(self, name: str, words: set[str]) -> list[str]:
        is_static = "static" in words
        if name in ("constructor", "new"):
            signature = self._signature("self").rpartition(" -> ")[0]
            return [] if words & {"private", "protected"} else [f"    def __init__({signature} -> None: ..."]
        signature = self._signature("" if is_static else "self")
        if not _is_usable(name):
            return []
        return [*([_STATIC] if is_static else []), f"    def {name}({signature}: ..."]

    def _signature(self, first: str) -> str:
        """Parameters without the opening bracket, and the result."""
        if self._peek() == "<":
            self._skip_angles()
        self._expect("(")
        parts, rest = ([first] if first else []), ""
        taken = {"self"}
        while not self._take(")"):
            if self._take("..."):
                rest = "*args: Any"
            name = self._next()
            if not name:
                raise _Unreadable
            is_optional = self._take("?")
            hint = self._type() if self._take(":") else "Any"
            # All buffers are taken, and lists of numbers.
            hint = hint.replace("bytes", "bytes | bytearray | memoryview | list[int]")
            if not rest:
                shown = name if _is_usable(name) and name not in taken else f"arg{len(parts)}"
                taken.add(shown)
                parts.append(f"{shown}: {hint} | None = ..." if is_optional else f"{shown}: {hint}")
            self._take(",")
        if len(parts) > bool(first):
            parts.append("/")
        result = self._type() if self._take(":") else "Any"
        return f"{', '.join([*parts, *([rest] if rest else [])])}) -> {result}"

    # --- types ---

    def _type(self) -> str:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._depth = 0
            raise _Unreadable
        try:
            self._take("|")
            parts = [self._postfix()]
            while self._peek() in ("|", "&"):
                self._next()
                parts.append(self._postfix())
        finally:
            self._depth = max(0, self._depth - 1)
        return "Any" if "Any" in parts else " | ".join(dict.fromkeys(parts))

    def _postfix(self) -> str:
        found = self._primary()
        while self._peek() == "[":
            is_list = self._peek(1) == "]"
            self._skip_group()
            found = f"list[{found}]" if is_list and len(found) < _LONGEST_TYPE else "Any"
        return found

    def _primary(self) -> str:
        token = self._peek()
        if token == "(":
            self._skip_group()
            if self._take("=>"):
                self._type()
                return "Callable[..., Any]"
            return "Any"
        if token in ("{", "["):
            self._skip_group()
            return "dict[str, Any]" if token == "{" else "list[Any]"
        self._next()
        if token[:1] in "\"'" and token:
            return "str"
        if token.lstrip("-")[:1].isdigit():
            return "float"
        if token in ("typeof", "keyof", "readonly", "unique", "new"):
            self._postfix()
            return "Any"
        if not token or not (token[0].isalpha() or token[0] in "_$"):
            raise _Unreadable
        while self._peek() == "." and self._peek(1):
            self._at += 2
            token = ""
        if self._peek() == "<":
            inner = self._arguments()
            return f"list[{inner[0]}]" if token in ("Array", "ReadonlyArray") and inner else _NAMED.get(token, "Any")
        return _NAMED.get(token) or (token if token in self._classes and _is_usable(token) else "Any")

    def _arguments(self) -> list[str]:
        self._expect("<")
        found = []
        while not self._take(">"):
            found.append(self._type())
            self._take(",")
        return found

    def _skip_angles(self) -> None:
        depth = 0
        while True:
            token = self._next()
            depth += (token == "<") - (token == ">")
            if not token:
                raise _Unreadable
            if not depth:
                return


def _once(lines: list[str]) -> list[str]:
    """Members, of which those with the same name are one that takes anything."""
    found: dict[str, list[str]] = {}
    for position, line in enumerate(lines):
        if line == _STATIC:
            continue
        name = line.strip().removeprefix("def ").partition("(")[0].partition(":")[0]
        if name not in found:
            found[name] = [*lines[position - 1 : position], line] if lines[position - 1] == _STATIC else [line]
        elif "def " in line:
            found[name] = [f"    def {name}(self, *args: Any) -> {'None' if name == '__init__' else 'Any'}: ..."]
    return [line for part in found.values() for line in part]


def _bound_interfaces(text: str) -> set[str]:
    """The interfaces of embind's classes: what can be deleted, and their bases."""
    bases: dict[str, str] = {}
    found: set[str] = set()
    for name, base, body in _INTERFACE.findall(text):
        bases[name] = base
        if "delete(): void" in body or base == "ClassHandle":
            found.add(name)
    for name in list(found):
        base = bases[name]
        while base in bases and base not in found:
            found.add(base)
            base = bases[base]
    return found - {"EmbindModule", "MainModule", "WasmModule", "ClassHandle"}


def _is_usable(name: str) -> bool:
    """Whether a stub can declare this name."""
    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name) and not name.startswith("__")
