"""What wasm-bindgen's JavaScript says of a module: its functions and classes by name, their bodies as tokens.

    glue = read_glue(text)
    glue.functions["greet"].params          -> ["name"]
    glue.classes["Point"].members           -> {"x": ..., "free": ...}

The file's forms for bundlers, for the web, for Node.js and without modules are read, and what bundlers make of them as
long as it is not minified. Nothing of the file is run.
"""

from __future__ import annotations

from wasmz.errors import bounded
from wasmz.interop.javascript.tokens import UnreadableScript, all_closings, closing, tokenize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wasmz.interop.javascript.tokens import Token

# Functions whose bodies hold the definitions of the imports.
_HOLDERS = ("__wbg_get_imports", "getImports", "__wbg_init_memory")
# Of a class that stands for one of Rust's.
_MARK = "__destroy_into_raw"
# Functions that wrap functions.
_DEEPEST = 4
_FUNCTION_WORDS = ("function", "async")


class GlueFunction:
    """A function.

    Attributes:
        name: how the file calls it.
        params: names of its parameters.
        body: its tokens, without the braces.
        catches: whether what it throws goes to the module, by ``handleError``.
    """

    __slots__ = ("body", "catches", "name", "params")

    def __init__(self, name: str, params: list[str], body: list[Token]) -> None:
        self.name: str = name
        self.params: list[str] = params
        self.body: list[Token] = body
        self.catches: bool = False


class GlueMember:
    """A method, a property's reader or writer, or a constructor.

    Attributes:
        kind: ``method``, ``static``, ``get``, ``set`` or ``constructor``.
        function: its function.
    """

    __slots__ = ("function", "kind")

    def __init__(self, kind: str, function: GlueFunction) -> None:
        self.kind: str = kind
        self.function: GlueFunction = function


class GlueClass:
    """A class.

    Attributes:
        name: the one that users know.
        members: by kind and name: ``("get", "x")``.
    """

    __slots__ = ("members", "name")

    def __init__(self, name: str) -> None:
        self.name: str = name
        self.members: dict[tuple[str, str], GlueMember] = {}


class Glue:
    """What was read.

    Attributes:
        functions: by name, those that help the others among them.
        classes: by name, and by the names that bundlers give them inside.
        enums: named numbers or strings by name.
        exported: names that the file exports, with the ones that it has inside.
        values: other definitions of imports, by name: tokens of an expression.
    """

    def __init__(self) -> None:
        self.functions: dict[str, GlueFunction] = {}
        self.classes: dict[str, GlueClass] = {}
        self.enums: dict[str, dict[str, int | str]] = {}
        self.exported: dict[str, str] = {}
        self.values: dict[str, list[Token]] = {}

    def wasm_names(self, helper: str) -> list[str]:
        """The module's exports that a helping function uses, in order: in some versions they have numbers for names."""
        function = self.functions.get(helper)
        body = [] if function is None else function.body
        return [
            body[place + 2][1]
            for place in range(len(body) - 2)
            if body[place] == ("name", "wasm") and body[place + 1] == ("op", ".")
        ]


def read_glue(text: str, holders: tuple[str, ...] = _HOLDERS) -> Glue:
    """Reads a file; functions that are ``holders`` are read for what they define.

    Raises:
        UnreadableScript: it is no JavaScript, or nothing in it is wasm-bindgen's.
    """
    glue = Glue()
    try:
        GlueReader(glue, tokenize(text), holders).read()
    except UnreadableScript:
        raise
    except (ValueError, IndexError) as error:
        raise UnreadableScript(f"it ends in the middle, or has numbers that are none: {bounded(str(error))}") from None
    if not glue.functions and not glue.classes:
        raise UnreadableScript("it has no functions of wasm-bindgen")
    return glue


class GlueReader:
    """Goes through tokens, and puts what they define into a glue.

    Attributes:
        at: the position of the next token.
        depth: how many functions it is inside of, which wrap others.
    """

    def __init__(self, glue: Glue, tokens: list[Token], holders: tuple[str, ...] = _HOLDERS) -> None:
        self.glue: Glue = glue
        self.tokens: list[Token] = tokens
        self.holders: tuple[str, ...] = holders
        self.at: int = 0
        self.depth: int = 0
        self._closings: dict[int, int] | None = None

    def closing(self, start: int) -> int:
        """As the function of this name, for an opening bracket; however often it is asked, it goes once through all."""
        if self._closings is None:
            self._closings = all_closings(self.tokens)
        end = self._closings.get(start)
        if end is None:
            raise UnreadableScript(f"nothing closes {self.tokens[start][1]!r}")
        return end

    def word(self, ahead: int = 0) -> str:
        """The text of a token, if it is no string."""
        place = self.at + ahead
        return self.tokens[place][1] if 0 <= place < len(self.tokens) and self.tokens[place][0] != "string" else ""

    def read(self) -> None:
        """Reads all tokens."""
        while self.at < len(self.tokens):
            kind, word = self.tokens[self.at]
            if kind == "name":
                if word == "function" and self.word(1) != "(":
                    self.named_function()
                    continue
                if word == "class" and self.word(-1) != ".":
                    self.class_(self.word(1))
                    continue
                if word in ("export", "exports", "__exports") and self.export():
                    continue
                if self.word(1) in ("=", ":") and self.word(-1) != "?" and self.definition(word):
                    continue
                if self.word(1) == "(" and self.word(-1) in ("{", ",") and self.shorthand(word):
                    continue
            self.at += 1

    def params(self) -> list[str]:
        """The names in the brackets where the reader is; puts it after them."""
        end = closing(self.tokens, self.at)
        found = [text for kind, text in self.tokens[self.at + 1 : end - 1] if kind == "name"]
        self.at = end
        return found

    def function(self, name: str) -> GlueFunction:
        """A function from its parameters on."""
        params = self.params()
        if self.word() == "=>":
            self.at += 1
        end = closing(self.tokens, self.at)
        body = self.tokens[self.at + 1 : end - 1]
        self.at = end
        return _unwrapped(GlueFunction(name, params, body), self.depth + 1)

    def named_function(self) -> None:
        is_exported = self.word(-1) == "export" or (self.word(-1) == "async" and self.word(-2) == "export")
        self.at += 1
        name = self.word()
        if name in self.holders:
            # What is in its body is read as the rest is.
            self.at += 1
            self.params()
            return
        self.at += 1
        self.glue.functions[name] = self.function(name)
        if is_exported:
            self.glue.exported[name] = name

    def export(self) -> bool:
        """``export { a as b }``, ``exports.A = A`` and ``export const E = Object.freeze(...)``."""
        if self.word() != "export":
            if self.word(1) == "." and self.word(3) == "=" and self.word(5) in (";", ""):
                self.glue.exported[self.word(2)] = self.word(4)
                self.at += 5
                return True
            if self.word(1) == "." and self.word(3) == "=":
                self.glue.exported[self.word(2)] = self.word(2)
                self.at += 2
                return True
            return False
        if self.word(1) != "{":
            return False
        end = closing(self.tokens, self.at + 1)
        for part in _split(self.tokens[self.at + 2 : end - 1]):
            if part:
                self.glue.exported[part[-1][1]] = part[0][1]
        self.at = end
        return True

    def definition(self, name: str) -> bool:
        """``name = function (...) {...}``, a class, a frozen object, or another expression for an import."""
        start = self.at
        is_member = self.word(-1) == "."
        self.at += 2
        if self.word() == "async":
            self.at += 1
        if self.word() == "function":
            self.at += 1 if self.word(1) == "(" else 2
        elif self.word() == "class":
            self.class_(name)
            return True
        elif self.word() == "(" and self._is_arrow(self.closing(self.at)):
            pass
        elif self.word() == "Object" and self.word(2) == "freeze":
            self.at += 3
            self.enum(name)
            return True
        else:
            if is_member and name.startswith("__wb"):
                self.value(name)
                return True
            self.at = start
            return False
        if self.word() != "(":
            self.at = start
            return False
        if name in self.holders:
            self.params()
            return True
        self.glue.functions[name] = self.function(name)
        return True

    def _is_arrow(self, at: int) -> bool:
        return self.tokens[at : at + 2] == [("op", "=>"), ("op", "{")]

    def shorthand(self, name: str) -> bool:
        """``{ name(params) {...} }``, as imports are written."""
        end = self.closing(self.at + 1)
        if not name.startswith("__wb") or self.tokens[end : end + 1] != [("op", "{")]:
            return False
        self.at += 1
        self.glue.functions[name] = self.function(name)
        return True

    def value(self, name: str) -> None:
        start, depth = self.at, 0
        while self.at < len(self.tokens):
            word = self.word()
            depth += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
            if word == ";" or depth < 0:
                break
            self.at += 1
        self.glue.values[name] = self.tokens[start : self.at]

    def enum(self, name: str) -> None:
        end = closing(self.tokens, self.at)
        members: dict[str, int | str] = {}
        for part in _split(self.tokens[self.at + 2 : end - 2]):
            if len(part) == 3 and part[1] == ("op", ":"):
                (kind, key), _, (value_kind, value) = part
                if kind == "name" and value_kind in ("number", "string"):
                    members[key] = int(value, 0) if value_kind == "number" and value.isalnum() else value
            elif len(part) == 4 and part[2] == ("op", "-") and part[3][1].isdecimal():
                members[part[0][1]] = -int(part[3][1])
        self.glue.enums[name] = members
        if self.word(-7) in ("export", "exports", "__exports"):
            self.glue.exported[name] = name
        self.at = end

    def class_(self, name: str) -> None:
        """A class from the word ``class`` on; ``name`` is the one that it is assigned to, or its own."""
        is_exported = self.word(-1) == "export"
        self.at += 1
        inner = self.word() if self.word() not in ("{", "extends") else name
        while self.word() != "{":
            self.at += 1
            if self.at >= len(self.tokens):
                raise UnreadableScript(f"the class {name} has no body")
        end = closing(self.tokens, self.at)
        self.at += 1
        found = GlueClass(name)
        while self.at < end - 1:
            self.member(found)
        self.at = end
        self.glue.classes[name] = self.glue.classes[inner] = found
        if is_exported or ("method", _MARK) in found.members:
            self.glue.exported[name] = name

    def member(self, owner: GlueClass) -> None:
        kind = "method"
        if self.word() == ";":
            self.at += 1
            return
        for word in ("static", "async", "get", "set"):
            if self.word() == word and self.word(1) not in ("(", "="):
                kind = word if word != "async" else kind
                self.at += 1
        if self.word() == "*":
            self.at += 1
        if self.word() == "[":
            end = closing(self.tokens, self.at)
            name = "@@" + self.tokens[end - 2][1]
            self.at = end
        else:
            name = self.tokens[self.at][1]
            self.at += 1
        if self.word() != "(":
            # A field, which wasm-bindgen's classes do not have.
            while self.word() not in (";", "}", ""):
                self.at = closing(self.tokens, self.at) if self.word() in ("(", "[", "{") else self.at + 1
            return
        kind = "constructor" if name == "constructor" else kind
        owner.members[kind, name] = GlueMember(kind, self.function(name))


def _unwrapped(function: GlueFunction, depth: int) -> GlueFunction:
    """The function inside ``return handleError(function (...) {...}, arguments)``; or itself."""
    words = [text for _, text in function.body[:5]]
    if words[:3] in (["return", "handleError", "("], ["return", "logError", "("]) and len(words) == 5:
        if depth > _DEEPEST:
            raise UnreadableScript("it is nested too deeply")
        inner = GlueReader(Glue(), function.body)
        inner.at, inner.depth = 3, depth
        if inner.word() == "function":
            inner.at = 4 if inner.word(1) == "(" else 5
        made = inner.function(function.name)
        made.catches = made.catches or words[1] == "handleError"
        return made
    return function


def _split(tokens: list[Token]) -> list[list[Token]]:
    """What stands between commas."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token == ("op", ","):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
