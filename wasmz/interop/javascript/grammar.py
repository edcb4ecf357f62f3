"""Expressions and plain statements of JavaScript as trees: what toolchains write into the functions of their glue.

    parse_body(tokenize("const a = f(b); return a >>> 0;"))
    -> [("var", [("a", ("call", ("name", "f"), [("name", "b")]))]), ("return", ("binary", ">>>", ("name", "a"), ...))]

Labels, generators, classes and patterns are not read: bodies with them raise ``UnreadableScript``, as any surprise.
"""

from __future__ import annotations

from wasmz.interop.javascript.tokens import UnreadableScript, all_closings, tokenize, unescape

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
    "**": 12,
}
_ASSIGNMENTS = frozenset("= += -= *= /= %= **= |= &= ^= <<= >>= >>>= ??= ||= &&=".split())
_UNARY = ("!", "-", "+", "~", "typeof", "void", "delete")
_REFUSED = {"with", "class", "yield", "import", "label", "debugger", "async", "await"}
_STATEMENTS = ("if", "return", "throw", "try", "for", "while", "do", "switch", "break", "continue")
# No names of values.
_RESERVED = _REFUSED | {*_STATEMENTS, "super", "const", "let", "var", "catch", "finally", "case", "default", "else"}
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
        self._closings: dict[int, int] | None = None

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
            return [("block", self.block())]
        if kind == "name":
            if word in _REFUSED:
                raise self.surprise()
            if word in ("const", "let", "var"):
                self.position += 1
                return [self.declaration(word)]
            if word in _STATEMENTS:
                self.position += 1
                return [getattr(self, f"{word}_statement")()]
            if word == "function" and not self.peek("(", 1):
                self.position += 1
                return [("var", [(self.name(), self.function())])]
        node = self.expression()
        self.end()
        return [("expression", node)]

    def end(self) -> None:
        """A semicolon, which may be left out: what follows is then a statement by itself."""
        self.take(";")

    def declaration(self, word: str) -> Node:
        parts = []
        while True:
            name = self.name()
            parts.append((name, self.assignment() if self.take("=") else None))
            if not self.take(","):
                break
        self.end()
        return ("var" if word == "var" else "let", parts)

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

    def condition(self) -> Node:
        self.expect("(")
        node = self.expression()
        self.expect(")")
        return node

    def while_statement(self) -> Node:
        return ("while", self.condition(), self.statement())

    def do_statement(self) -> Node:
        body = self.statement()
        self.expect("while")
        node = ("do", body, self.condition())
        self.end()
        return node

    def for_statement(self) -> Node:
        self.expect("(")
        word = self.tokens[self.position][1] if self.position < len(self.tokens) else ""
        declares = word in ("const", "let", "var")
        for kind in ("of", "in"):
            if declares and self.peek(kind, 2):
                self.position += 1
                name = self.name()
                self.position += 1
                items = self.expression()
                self.expect(")")
                return ("each", kind, name, items, self.statement())
        start: list[Node] = []
        if declares:
            self.position += 1
            start = [self.declaration(word)]
            if self.tokens[self.position - 1] != ("op", ";"):
                raise self.surprise()
        elif not self.take(";"):
            start = [("expression", self.expression())]
            self.expect(";")
        test = None if self.peek(";") else self.expression()
        self.expect(";")
        step = None if self.peek(")") else self.expression()
        self.expect(")")
        return ("for", start, test, step, self.statement())

    def switch_statement(self) -> Node:
        value = self.condition()
        self.expect("{")
        cases: list[tuple[Node | None, list[Node]]] = []
        while not self.take("}"):
            if self.take("default"):
                test = None
            else:
                self.expect("case")
                test = self.expression()
            self.expect(":")
            body: list[Node] = []
            while not (self.peek("case") or self.peek("default") or self.peek("}")):
                body += self.statement()
            cases.append((test, body))
        return ("switch", value, cases)

    def break_statement(self) -> Node:
        return self.jump("break")

    def continue_statement(self) -> Node:
        return self.jump("continue")

    def jump(self, word: str) -> Node:
        """To the end or the start of the innermost loop."""
        if not (self.peek(";") or self.peek("}") or self.position == len(self.tokens)):
            raise self.surprise()
        self.end()
        return (word,)

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
        before: list[Node] = []
        if start < len(self.tokens) and self.tokens[start][0] == "name" and self.peek("=>", 1):
            params = [self.name()]
        elif self.peek("(") and self.tokens[self.closing(start) : self.closing(start) + 1] == [("op", "=>")]:
            params, before = self.params()
        else:
            return None
        self.expect("=>")
        body: list[Node] = self.block() if self.peek("{") else [("return", self.assignment())]
        return ("function", params, [*before, *body], True)

    def closing(self, start: int) -> int:
        """The position after the bracket that closes the one at ``start``; that of the end if none does."""
        if self._closings is None:
            self._closings = all_closings(self.tokens)
        return self._closings.get(start, len(self.tokens))

    def params(self) -> tuple[list[str], list[Node]]:
        """Names in brackets, ``...name`` for the rest; and what gives them values that are missing."""
        self.expect("(")
        found: list[str] = []
        before: list[Node] = []
        while not self.take(")"):
            is_rest = self.take("...")
            name = self.name()
            found.append(f"...{name}" if is_rest else name)
            if self.take("="):
                before.append(("missing", name, self.assignment()))
            if not self.take(",") and not self.peek(")"):
                raise self.surprise()
        return found, before

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
            # Powers are grouped from the right.
            left = self.chained(("binary", text, left, self.binary(height + (text != "**"))), links)
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
        return self.links(node, 0)

    def links(self, node: Node, links: int) -> Node:
        """What follows an operand: members, items, calls."""
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
            elif self.take("?."):
                self.deeper()
                try:
                    return ("optional", node, self.links(self.after_question(("hole", self.depth)), links), self.depth)
                finally:
                    self.depth -= 1
            else:
                return node

    def after_question(self, hole: Node) -> Node:
        if self.take("["):
            node = ("index", hole, self.expression())
            self.expect("]")
            return node
        return ("call", hole, self.arguments()) if self.peek("(") else ("member", hole, self.name())

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
            return ("bigint" if text[-1] == "n" else "number", number_of(text))
        if kind == "regex":
            pattern, _, flags = text[1:].rpartition("/")
            return ("regex", pattern, flags)
        if kind == "string":
            return ("string", text)
        if kind == "template":
            return self.template(text[1:-1])
        if kind == "name":
            if text == "function":
                return self.function()
            if text in _RESERVED:
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
        params, before = self.params()
        return ("function", params, [*before, *self.block()], False)

    def array(self) -> Node:
        items: list[Node] = []
        while not self.take("]"):
            items.append(("spread", self.assignment()) if self.take("...") else self.assignment())
            if not self.take(",") and not self.peek("]"):
                raise self.surprise()
        return ("array", items)

    def object(self) -> Node:
        """Pairs of keys, as expressions, and values; the key is ``None`` for all members of another object."""
        items: list[tuple[Node | None, Node]] = []
        while not self.take("}"):
            items.append(self.property())
            if not self.take(",") and not self.peek("}"):
                raise self.surprise()
        return ("object", items)

    def property(self) -> tuple[Node | None, Node]:
        if self.take("..."):
            return None, self.assignment()
        key: Node
        if self.take("["):
            key = self.assignment()
            self.expect("]")
            self.expect(":")
            return key, self.assignment()
        kind, text = self.tokens[self.position] if self.position < len(self.tokens) else ("", "")
        if kind not in ("name", "string", "number"):
            raise self.surprise()
        self.position += 1
        key = ("string", text)
        if self.peek("("):
            params, before = self.params()
            return key, ("function", params, [*before, *self.block()], False)
        if not self.take(":"):
            return key, ("name", text)
        return key, self.assignment()

    def template(self, text: str) -> Node:
        parts: list[Node] = []
        while "${" in text:
            plain, _, rest = text.partition("${")
            size = _size_of_braces(rest)
            parts += [("string", unescape(plain)), parse_expression(tokenize(rest[:size]))]
            text = rest[size + 1 :]
            self.chained(parts[0], len(parts) // 2)
        return ("template", [*parts, ("string", unescape(text))])


def _size_of_braces(text: str) -> int:
    """How long the expression is that a brace ends."""
    depth = 1
    for position, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if not depth:
            return position
    raise UnreadableScript("a template is not read here")


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
