"""Translates one function of such an object, for an import of some type.

translate("i_add", tokens, type, helpers, known)
-> the code that defines i_add(a, b), and the standard objects that it needs
"""

from __future__ import annotations

from wasmz.errors import bounded
from wasmz.interop.javascript.expressions import spelled
from wasmz.interop.javascript.grammar import parse_expression
from wasmz.interop.javascript.translation import PlainBody, compile_text, mentions
from wasmz.types import HeapType, RefType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from types import CodeType
    from typing import Any

    from wasmz.interop.javascript.grammar import Node
    from wasmz.interop.javascript.tokens import Token
    from wasmz.types import FuncType


def translate(
    name: str, tokens: list[Token], type: FuncType, helpers: Container[str], known: Container[str]
) -> tuple[CodeType, set[tuple[str, str]], bool]:
    """The code of a function, what it needs, and whether it is the function itself.

    If it is not, ``name`` is a function without parameters that gives the value to call.

    Args:
        name: its name in the code.
        tokens: what was read.
        type: the import's type.
        helpers: names that have a meaning in such files, which the code has after ``h_``.
        known: names of standard objects.

    Raises:
        UnreadableScript: it is not of a form that is read here.
    """
    node = parse_expression(tokens)
    # One that looks at `arguments` is called as JavaScript calls it.
    is_function = node[0] == "function" and (node[3] or not mentions(node[2], ("name", "arguments")))
    needs: set[tuple[str, str]] = set()
    body = _Body(helpers, known, needs, type if is_function else None)
    lines = body.whole(name, node[1], node[2]) if is_function else body.whole(name, [], [("return", node)])
    return compile_text("\n".join(lines) + "\n", f"<glue {bounded(name)}>"), needs, is_function


class _Body(PlainBody):
    def __init__(
        self, helpers: Container[str], known: Container[str], needs: set[tuple[str, str]], type: FuncType | None
    ) -> None:
        super().__init__(known, needs, type)
        self.helpers = helpers

    def prologue(self, params: Sequence[str]) -> None:
        types = () if self.type is None else self.type.params
        for param, wanted in zip(params, types, strict=False):
            if param[:3] == "...":
                continue
            spelling = self.names[param]
            if wanted is ValType.I64:
                # A number beside it would be another kind.
                self.kinds[param] = "any"
                self.emit(f"{spelling} = BigInt({spelling})")
            elif _is_function(wanted):
                self.emit(f"{spelling} = h_function({spelling})")

    def free(self, name: str) -> tuple[str, Any]:
        return (f"h_{spelled(name)}", "any") if name in self.helpers else super().free(name)

    def of_call(self, callee: Node, args: list[Node]) -> tuple[str, Any]:
        method = _method_of_prototype(callee, args)
        return (f"h_unbound({method!r})", "any") if method is not None else super().of_call(callee, args)


def _is_function(type: ValType | RefType) -> bool:
    return isinstance(type, RefType) and type.heap_type is HeapType.FUNC


def _method_of_prototype(callee: Node, args: list[Node]) -> str | None:
    """``m`` of ``Function.prototype.call.bind(X.prototype.m)``."""
    bind = ("member", ("member", ("member", ("name", "Function"), "prototype"), "call"), "bind")
    if callee == bind and len(args) == 1:
        method = args[0]
        if method[0] == "member" and method[1][0] == "member" and method[1][2] == "prototype":
            return str(method[2])
    return None
