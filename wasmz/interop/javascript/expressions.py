"""Expressions of JavaScript as expressions of Python, for ``translation.py``: the source, and the kind of the value.

of_binary("+", ("name", "a"), ("number", 1))      -> ("add(v_a, 1)", "any")
"""

from __future__ import annotations

import re

from wasmz.interop.javascript.tokens import UnreadableScript
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any

    from wasmz.interop.javascript.grammar import Node

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_CONSTANTS = {"undefined": "UNDEFINED", "null": "None", "true": "True", "false": "False"}
_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder", "**": "power"}
_COMPARED = {"<": "less", ">": "greater", "<=": "less_or_equal", ">=": "greater_or_equal"}
_BITS = {"&": "bits_and", "|": "bits_or", "^": "bits_xor"}
_CHANGES = {**_ARITHMETIC, **_BITS, "<<": "bits_left", ">>": "bits_right"}
OF_RESULTS = {ValType.I32: "int", ValType.I64: "int", ValType.F32: "float", ValType.F64: "float"}
FROM_ANY = {ValType.I32: "to_int32", ValType.I64: "to_int64", ValType.F32: "to_double", ValType.F64: "to_double"}


def spelled(name: str) -> str:
    """A name of JavaScript's as a part of one of Python's."""
    if _PLAIN_NAME.match(name):
        return name
    return "".join(c if c.isascii() and (c.isalnum() or c == "_") else f"_{ord(c):x}_" for c in name)


class Scope:
    """What is known while one function is written, of those that are inside each other."""

    __slots__ = ("declared", "loops", "set")

    def __init__(self) -> None:
        # Python's names.
        self.declared: set[str] = set()
        self.set: set[str] = set()
        # What `continue` has to do first, for each loop around; None for a switch.
        self.loops: list[list[str] | None] = []


class Expressions:
    """One function, with those inside it.

    Attributes:
        as_export: whether users call it: ``None`` is undefined then, and results become Python's.
        type: the type of the import that it is.
        needs: what the code made so far refers to: ``("s", name)`` for a standard object.
        kinds: what kind of values the names in sight have.
        names: how they are spelled.
    """

    def __init__(
        self, known: Container[str], needs: set[tuple[str, str]], type: FuncType | None, *, as_export: bool = False
    ) -> None:
        self.known: Container[str] = known
        self.needs: set[tuple[str, str]] = needs
        self.as_export: bool = as_export
        self.type: FuncType | None = type
        self.kinds: dict[str, Any] = {}
        self.names: dict[str, str] = {}
        self.reassigned: set[str] = set()
        self.lines: list[str] = []
        self.indent: int = 0
        self.counter: int = 0
        self.scope: Scope = Scope()

    def enter(
        self, kinds: dict[str, Any], names: dict[str, str], as_export: bool, type: FuncType | None, scope: Scope
    ) -> None:
        """Goes on in another function: one inside of this, or the one around it."""
        self.kinds = kinds
        self.names = names
        self.as_export = as_export
        self.type = type
        self.scope = scope

    # --- expressions: their source, and what kind of value it gives ---

    def condition(self, node: Node) -> str:
        source, kind = self.expression(node)
        return source if kind in ("int", "bool") else f"truthy({source})"

    def expression(self, node: Node) -> tuple[str, Any]:
        """The Python of an expression, and the kind of its value: ``int``, ``float``, ``bool``, ``str`` or ``any``."""
        found: tuple[str, Any] = getattr(self, f"of_{node[0]}")(*node[1:])
        return found

    def of_number(self, value: float) -> tuple[str, Any]:
        if value == float("inf"):
            return self.need("s", "Infinity"), "float"
        return f"({value!r})" if value < 0 else repr(value), "int" if isinstance(value, int) else "float"

    def of_bigint(self, value: int) -> tuple[str, Any]:
        return f"BigInt({value!r})", "any"

    def of_string(self, value: str) -> tuple[str, Any]:
        return repr(value), "str"

    def of_regex(self, pattern: str, flags: str) -> tuple[str, Any]:
        return f"construct({self.of_name('RegExp')[0]}, ({pattern!r}, {flags!r}))", "any"

    def of_template(self, parts: list[Node]) -> tuple[str, Any]:
        return f"join_text({', '.join(self.expression(part)[0] for part in parts)})", "str"

    def of_name(self, name: str) -> tuple[str, Any]:
        if name in self.names:
            return self.names[name], self.kinds[name]
        if name in _CONSTANTS:
            return _CONSTANTS[name], "bool" if name in ("true", "false") else "any"
        if name == "this":
            return self.this(), "any"
        return self.free(name)

    def this(self) -> str:
        """The object that a method is of."""
        raise UnreadableScript("it uses 'this' where there is none")

    def free(self, name: str) -> tuple[str, Any]:
        """A name that the function does not declare."""
        if name in self.known:
            return self.need("s", name), "any"
        return f"not_defined({name!r})", "any"

    def need(self, sort: str, name: str) -> str:
        self.needs.add((sort, name))
        return f"{sort}_{spelled(name)}"

    def of_hole(self, number: int) -> tuple[str, Any]:
        return f"q{number}", "any"

    def of_optional(self, owner: Node, rest: Node, number: int) -> tuple[str, Any]:
        source = self.expression(owner)[0]
        return f"(UNDEFINED if is_nullish(q{number} := {source}) else {self.expression(rest)[0]})", "any"

    def of_array(self, items: list[Node]) -> tuple[str, Any]:
        return f"[{', '.join(self.expression(item)[0] for item in items)}]", "any"

    def of_object(self, items: list[tuple[Node | None, Node]]) -> tuple[str, Any]:
        parts = []
        for key, value in items:
            source = self.expression(value)[0]
            if key is None:
                parts.append(f"**members({source})")
            else:
                name = self.expression(key)[0]
                parts.append(f"{name if key[0] == 'string' else f'key_of({name})'}: {source}")
        return f"{{{', '.join(parts)}}}", "any"

    def of_sequence(self, first: Node, second: Node) -> tuple[str, Any]:
        before = self.expression(first)[0]
        source, kind = self.expression(second)
        return f"({before}, {source})[1]", kind

    def of_spread(self, node: Node) -> tuple[str, Any]:
        return f"*iterate({self.expression(node)[0]})", "any"

    def of_conditional(self, condition: Node, then: Node, other: Node) -> tuple[str, Any]:
        test = self.condition(condition)
        left, left_kind = self.expression(then)
        right, right_kind = self.expression(other)
        return f"({left} if {test} else {right})", left_kind if left_kind == right_kind else "any"

    def of_unary(self, op: str, node: Node) -> tuple[str, Any]:
        if op == "typeof":
            if node[0] == "name" and self.of_name(node[1])[0].startswith("not_defined("):
                return "'undefined'", "str"
            return f"typeof({self.expression(node)[0]})", "str"
        if op == "void":
            return (
                ("UNDEFINED", "any")
                if node[0] == "number"
                else (f"ignore({self.expression(node)[0]}, UNDEFINED)", "any")
            )
        if op == "delete":
            if node[0] not in ("member", "index"):
                raise UnreadableScript("it deletes something that is no property")
            return f"delete({self.expression(node[1])[0]}, {self.key(node)})", "bool"
        if op == "!":
            return f"(not {self.condition(node)})", "bool"
        source, kind = self.expression(node)
        if op == "-":
            return (f"(-{source})", kind) if node[0] == "number" and node[1] else (f"negated({source})", "any")
        return (f"to_number({source})", "any") if op == "+" else (f"bits_not({source})", "any")

    def of_binary(self, op: str, left_node: Node, right_node: Node) -> tuple[str, Any]:
        left, left_kind = self.expression(left_node)
        right, right_kind = self.expression(right_node)
        numbers = left_kind == right_kind == "int"
        if op in ("&&", "||"):
            if left_kind == right_kind == "bool":
                return f"({left} {'and' if op == '&&' else 'or'} {right})", "bool"
            self.counter += 1
            kept = f"k{self.counter}"
            test = f"truthy({kept} := {left})"
            return (f"({right} if {test} else {kept})" if op == "&&" else f"({kept} if {test} else {right})"), "any"
        if op == "??":
            self.counter += 1
            return f"({right} if is_nullish(k{self.counter} := {left}) else k{self.counter})", "any"
        if op in ("===", "!==", "==", "!="):
            return self.comparison(op, left, left_kind, right, right_kind), "bool"
        if op in ("<", ">", "<=", ">="):
            if numbers:
                return f"({left} {op} {right})", "bool"
            # Strings are compared as they are, if both are.
            return f"({_COMPARED[op]}({left}, {right}))", "bool"
        if op == ">>>":
            if left_kind == "int" and right == "0":
                return f"({left} & 0xFFFFFFFF)", "int"
            return f"(to_int32({left}) >> {_distance(right)})", "int"
        if op in ("<<", ">>"):
            if numbers:
                return f"signed(signed({left}) {op} {_distance(right)})", "int"
            return f"{'bits_left' if op == '<<' else 'bits_right'}({left}, {right})", "any"
        if op in _BITS:
            if "int" in (left_kind, right_kind):
                return f"signed(signed({left}) {op} signed({right}))", "int"
            return f"{_BITS[op]}({left}, {right})", "any"
        if op == "instanceof":
            return f"instance_of({left}, {right})", "bool"
        if op == "in":
            return f"has({right}, {left})", "bool"
        return self.arithmetic(op, left_node, left, right_node, right, numbers)

    def arithmetic(
        self, op: str, left_node: Node, left: str, right_node: Node, right: str, numbers: bool
    ) -> tuple[str, Any]:
        if op not in _ARITHMETIC:
            raise UnreadableScript(f"it uses the operator {op[:80]!r}")
        return f"{_ARITHMETIC[op]}({left}, {right})", "any"

    def comparison(self, op: str, left: str, left_kind: Any, right: str, right_kind: Any) -> str:
        negation = op[0] == "!"
        if len(op) == 3 and right in ("UNDEFINED", "None"):
            return f"({left} is {'not ' if negation else ''}{right})"
        if left_kind == right_kind and left_kind in ("int", "str"):
            return f"({left} {'!=' if negation else '=='} {right})"
        name = "strict_equals" if len(op) == 3 else "loose_equals"
        return f"({'not ' if negation else ''}{name}({left}, {right}))"

    def of_assign(self, target: Node, op: str, value: Node) -> tuple[str, Any]:
        if op != "=" and target[0] in ("member", "index"):
            if op[:-1] not in _CHANGES:
                raise UnreadableScript(f"it uses the operator {op[:80]!r} on a property")
            place = f"{self.expression(target[1])[0]}, {self.key(target)}"
            return f"changed({place}, {_CHANGES[op[:-1]]}, {self.expression(value)[0]})", "any"
        if op != "=":
            value = ("binary", op[:-1], target, value)
        source, kind = self.expression(value)
        if target[0] == "name":
            return f"({self.set_name(target[1])} := {source})", kind if target[1] not in self.reassigned else "any"
        if target[0] not in ("member", "index"):
            raise UnreadableScript("it sets something that is no variable")
        return f"put({self.expression(target[1])[0]}, {self.key(target)}, {source})", "any"

    def set_name(self, name: str) -> str:
        """The spelling of a variable that is set."""
        if name not in self.names:
            raise UnreadableScript(f"it sets {name[:80]!r}, which is not its own")
        self.scope.set.add(self.names[name])
        return self.names[name]

    def of_update(self, op: str, is_before: bool, target: Node) -> tuple[str, Any]:
        step = 1 if op == "++" else -1
        if target[0] == "name":
            spelling = self.set_name(target[1])
            moved = f"({spelling} := moved({spelling}, {step}))"
            return (moved if is_before else f"moved({moved}, {-step})"), "any"
        if target[0] not in ("member", "index"):
            raise UnreadableScript("it counts in something that is no variable")
        return f"update({self.expression(target[1])[0]}, {self.key(target)}, {step}, {is_before})", "any"

    def key(self, node: Node) -> str:
        return repr(node[2]) if node[0] == "member" else self.expression(node[2])[0]

    def of_member(self, owner: Node, name: str) -> tuple[str, Any]:
        return f"get({self.expression(owner)[0]}, {name!r})", "any"

    def of_index(self, owner: Node, key: Node) -> tuple[str, Any]:
        source, kind = self.expression(owner)
        if isinstance(kind, tuple) and key[0] == "number" and key[1] in range(len(kind)):
            return f"{source}[{key[1]}]", kind[key[1]]
        return f"get({source}, {self.expression(key)[0]})", "any"

    def of_new(self, kind: Node, args: list[Node]) -> tuple[str, Any]:
        return f"construct({self.expression(kind)[0]}, {self.arguments(args)})", "any"

    def arguments(self, args: list[Node]) -> str:
        inside = ", ".join(self.expression(arg)[0] for arg in args)
        return f"({inside}{',' if inside else ''})"

    def of_call(self, callee: Node, args: list[Node]) -> tuple[str, Any]:
        if callee[0] in ("member", "index"):
            owner = self.expression(callee[1])[0]
            return f"call_method({owner}, {self.key(callee)}, {self.arguments(args)})", "any"
        return f"call({self.expression(callee)[0]}, UNDEFINED, {self.arguments(args)})", "any"


def _distance(source: str) -> str:
    """How far to shift, in code: JavaScript takes it modulo 32."""
    return source if source.isdecimal() and int(source) < 32 else f"(to_int32({source}) & 31)"
