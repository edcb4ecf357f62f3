"""Expressions and plain statements of JavaScript as trees: what toolchains write into the functions of their glue.

    parse_body(tokenize("const a = f(b); return a >>> 0;"))
    -> [("var", [("a", ("call", ("name", "f"), [("name", "b")]))]), ("return", ("binary", ">>>", ("name", "a"), ...))]

There are no loops, labels, generators or classes: bodies with them raise ``UnreadableScript``, as any other surprise.
"""

from __future__ import annotations

from wasmz.interop.javascript.tokens import UnreadableScript, tokenize, unescape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wasmz.interop.javascript.tokens import Token

    Node = tuple[Any, ...]

_BINARY = {
    "??": 1,
    "||": 2,
    "&&": 3,
    "|": 4,
    "^": 5,
    "&": 6,
    **dict.fromkeys(("==", "!=", "===", "!=="), 7),
    **dict.fromkeys(("<", ">", "<=", ">=", "instanceof", "in"), 8),
    **dict.fromkeys(("<<", ">>", ">>>"), 9),
    **dict.fromkeys(("+", "-"), 10),
    **dict.fromkeys(("*", "/", "%"), 11),
}
_ASSIGNMENTS = ("=", "+=", "-=", "|=", "&=", "??=", "||=")
_UNARY = ("!", "-", "+", "~", "typeof", "void", "delete")
_REFUSED = {
    "for",
    "while",
    "do",
    "switch",
    "with",
    "class",
    "yield",
    "import",
    "label",
    "debugger",
    "break",
    "continue",
}
_DEEPEST = 60
# Links of one chain: `a.b.c`, `a + b + c`. Each is a level of the tree, too.
_LONGEST = 150
# Python writes no longer numbers.
_MOST_DIGITS = 3000
# Larger integers are rounded, unless they are bigints.
_SAFE = 2**53 - 1


def parse_body(tokens: list[Token]) -> list[Node]:
    """The statements of a function's body. ``UnreadableScript``: it has others than those that are read here."""
    parser = _Parser(tokens)
    return parser.statements_to_end()


def parse_expression(tokens: list[Token]) -> Node:
    """One expression. ``UnreadableScript``: the tokens are something else."""
    parser = _Parser(tokens)
    node = parser.expression()
    if parser.position != len(tokens):
        raise parser.surprise()
    return node


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    def surprise(self) -> UnreadableScript:
        near = " ".join(text for _, text in self.tokens[self.position : self.position + 6])
        return UnreadableScript(f"{near[:80]!r} is not read here")

    def peek(self, text: str, ahead: int = 0) -> bool:
        position = self.position + ahead
        return position < len(self.tokens) and self.tokens[position] in (("op", text), ("name", text))

    def take(self, text: str) -> bool:
        if self.peek(text):
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.surprise()

    def name(self) -> str:
        if self.position < len(self.tokens) and self.tokens[self.position][0] == "name":
            self.position += 1
            return self.tokens[self.position - 1][1]
        raise self.surprise()

    def chained(self, node: Node, links: int) -> Node:
        """A chain with so many links. ``UnreadableScript``: it is too long."""
        if links > _LONGEST:
            raise UnreadableScript("it is nested too deeply")
        return node

    # --- statements ---

    def statements_to_end(self) -> list[Node]:
        found: list[Node] = []
        while self.position < len(self.tokens):
            found += self.statement()
        return found

    def block(self) -> list[Node]:
        self.expect("{")
        found: list[Node] = []
        while not self.take("}"):
            found += self.statement()
        return found

    def statement(self) -> list[Node]:
        self.deeper()
        try:
            return self._statement()
        finally:
            self.depth -= 1

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnreadableScript("it is nested too deeply")

    def _statement(self) -> list[Node]:
        if self.take(";"):
            return []
        if self.position >= len(self.tokens):
            raise self.surprise()
        kind, word = self.tokens[self.position]
        if kind == "op" and word == "{":
            return self.block()
        if kind == "name":
            if word in _REFUSED:
                raise self.surprise()
            if word in ("const", "let", "var"):
                self.position += 1
                return [self.declaration()]
            if word in ("if", "return", "throw", "try"):
                self.position += 1
                return [getattr(self, f"{word}_statement")()]
        node = self.expression()
        self.end()
        return [("expression", node)]

    def end(self) -> None:
        """A semicolon, which may be left out: what follows is then a statement by itself."""
        self.take(";")

    def declaration(self) -> Node:
        parts = []
        while True:
            name = self.name()
            parts.append((name, self.assignment() if self.take("=") else None))
            if not self.take(","):
                break
        self.end()
        return ("var", parts)

    def if_statement(self) -> Node:
        self.expect("(")
        condition = self.expression()
        self.expect(")")
        then = self.statement()
        return ("if", condition, then, self.statement() if self.take("else") else [])

    def return_statement(self) -> Node:
        if self.peek(";") or self.peek("}") or self.position == len(self.tokens):
            self.end()
            return ("return", None)
        node = self.expression()
        self.end()
        return ("return", node)

    def throw_statement(self) -> Node:
        node = self.expression()
        self.end()
        return ("throw", node)

    def try_statement(self) -> Node:
        body = self.block()
        name, handler, final = None, None, None
        if self.take("catch"):
            if self.take("("):
                name = self.name()
                self.expect(")")
            handler = self.block()
        if self.take("finally"):
            final = self.block()
        return ("try", body, name, handler, final)

    # --- expressions ---

    def expression(self) -> Node:
        node, links = self.assignment(), 0
        while self.take(","):
            links += 1
            node = self.chained(("sequence", node, self.assignment()), links)
        return node

    def assignment(self) -> Node:
        self.deeper()
        try:
            arrow = self.arrow()
            if arrow is not None:
                return arrow
            left = self.conditional()
            if self.position < len(self.tokens):
                kind, text = self.tokens[self.position]
                if kind == "op" and text in _ASSIGNMENTS:
                    self.position += 1
                    return ("assign", left, text, self.assignment())
            return left
        finally:
            self.depth -= 1

    def arrow(self) -> Node | None:
        start = self.position
        if start < len(self.tokens) and self.tokens[start][0] == "name" and self.peek("=>", 1):
            params = [self.name()]
        elif self.peek("("):
            position, params = start + 1, []
            while position < len(self.tokens) and self.tokens[position][0] == "name":
                params.append(self.tokens[position][1])
                position += 1
                if position < len(self.tokens) and self.tokens[position] == ("op", ","):
                    position += 1
            if self.tokens[position : position + 2] != [("op", ")"), ("op", "=>")]:
                return None
            self.position = position + 1
        else:
            return None
        self.expect("=>")
        if self.peek("{"):
            return ("function", params, self.block())
        return ("function", params, [("return", self.assignment())])

    def conditional(self) -> Node:
        condition = self.binary(1)
        if not self.take("?"):
            return condition
        then = self.assignment()
        self.expect(":")
        return ("conditional", condition, then, self.assignment())

    def binary(self, least: int) -> Node:
        left, links = self.unary(), 0
        while self.position < len(self.tokens):
            kind, text = self.tokens[self.position]
            height = _BINARY.get(text, 0) if kind in ("op", "name") else 0
            if height < least:
                break
            self.position += 1
            links += 1
            left = self.chained(("binary", text, left, self.binary(height + 1)), links)
        return left

    def unary(self) -> Node:
        if self.position < len(self.tokens):
            kind, text = self.tokens[self.position]
            is_update = kind == "op" and text in ("++", "--")
            if is_update or (kind in ("op", "name") and text in _UNARY):
                self.position += 1
                self.deeper()
                try:
                    node = self.unary()
                finally:
                    self.depth -= 1
                return ("update", text, True, node) if is_update else ("unary", text, node)
        node = self.postfix()
        for text in ("++", "--"):
            if self.take(text):
                return ("update", text, False, node)
        return node

    def postfix(self) -> Node:
        if self.take("new"):
            kind = self.primary()
            links = 0
            while self.take("."):
                links += 1
                kind = self.chained(("member", kind, self.name()), links)
            node: Node = ("new", kind, self.arguments() if self.peek("(") else [])
        else:
            node = self.primary()
        links = 0
        while True:
            links += 1
            self.chained(node, links)
            if self.take("."):
                node = ("member", node, self.name())
            elif self.take("["):
                node = ("index", node, self.expression())
                self.expect("]")
            elif self.peek("("):
                node = ("call", node, self.arguments())
            else:
                return node

    def arguments(self) -> list[Node]:
        self.expect("(")
        found: list[Node] = []
        while not self.take(")"):
            found.append(("spread", self.assignment()) if self.take("...") else self.assignment())
            if not self.take(",") and not self.peek(")"):
                raise self.surprise()
        return found

    def primary(self) -> Node:
        if self.position >= len(self.tokens):
            raise self.surprise()
        kind, text = self.tokens[self.position]
        self.position += 1
        if kind == "number":
            return ("number", number_of(text))
        if kind == "string":
            return ("string", text)
        if kind == "template":
            return self.template(text[1:-1])
        if kind == "name":
            if text == "function":
                return self.function()
            if text in _REFUSED or text in ("async", "await", "super", "const", "let", "var", "catch", "finally"):
                self.position -= 1
                raise self.surprise()
            return ("name", text)
        if text == "(":
            node = self.expression()
            self.expect(")")
            return node
        if text == "[":
            return self.array()
        if text == "{":
            return self.object()
        self.position -= 1
        raise self.surprise()

    def function(self) -> Node:
        if not self.peek("("):
            self.name()
        self.expect("(")
        params = []
        while not self.take(")"):
            params.append(self.name())
            self.take(",")
        return ("function", params, self.block())

    def array(self) -> Node:
        items: list[Node] = []
        while not self.take("]"):
            items.append(self.assignment())
            if not self.take(",") and not self.peek("]"):
                raise self.surprise()
        return ("array", items)

    def object(self) -> Node:
        items: list[tuple[str, Node]] = []
        while not self.take("}"):
            kind, key = self.tokens[self.position] if self.position < len(self.tokens) else ("", "")
            if kind not in ("name", "string", "number"):
                raise self.surprise()
            self.position += 1
            items.append((key, self.assignment() if self.take(":") else ("name", key)))
            if not self.take(",") and not self.peek("}"):
                raise self.surprise()
        return ("object", items)

    def template(self, text: str) -> Node:
        parts: list[Node] = []
        while "${" in text:
            plain, _, rest = text.partition("${")
            inner, found, text = rest.partition("}")
            if not found or "{" in inner:
                raise UnreadableScript("a template is not read here")
            parts += [("string", unescape(plain)), parse_expression(tokenize(inner))]
            self.chained(parts[0], len(parts) // 2)
        return ("template", [*parts, ("string", unescape(text))])


def number_of(text: str) -> int | float:
    """The number that a literal stands for. ``UnreadableScript``: it is none, or too long."""
    digits = text.replace("_", "").removesuffix("n")
    if len(digits) > _MOST_DIGITS:
        raise UnreadableScript("a number is too long")
    try:
        if digits[:2].lower() in ("0x", "0b", "0o"):
            value = int(digits, 0)
        elif any(c in digits for c in ".eE"):
            return float(digits)
        else:
            value = int(digits)
        return value if value <= _SAFE or text[-1] == "n" else float(value)
    except OverflowError:
        return float("inf")
    except ValueError:
        raise UnreadableScript(f"{text[:80]!r} is no number") from None
