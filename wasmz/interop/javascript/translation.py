"""Functions of JavaScript as Python functions, made of a fixed vocabulary.

    class Body(PlainBody): ...                what names mean that a function does not declare
    Body(type).whole("f", ["a"], statements)  -> ["def f(v_a=UNDEFINED, *_):", "    return add(v_a, 1)"]

A function may use what it declares (``v_...``), the vocabulary (``vocabulary.py``), and standard objects (``s_...``).
A name that is none of them is the browser's: using it raises an error. No text of the script gets into the Python code
but names, which are spelled anew, and strings and numbers, as literals.
"""

from __future__ import annotations

from wasmz.errors import bounded
from wasmz.interop.javascript.expressions import FROM_ANY, OF_RESULTS, Expressions, Scope, spelled
from wasmz.interop.javascript.tokens import UnreadableScript

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType
    from typing import Any

    from wasmz.interop.javascript.grammar import Node

# What a `continue` repeats of its loop, in characters of code.
_LONGEST_ENDING = 2_000
# Lines that CPython copies, as it does with what is done in `finally`.
_MOST_COPIED = 20_000


def compile_text(source: str, place: str) -> CodeType:
    """The code of what a translator made.

    Raises:
        UnreadableScript: it is too much for Python, or has a parameter twice.
    """
    try:
        return compile(source, place, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableScript(f"it has no form in Python: {bounded(str(error))}") from None


class PlainBody(Expressions):
    """One function, with those inside it; ``Expressions`` has its attributes."""

    counter: int
    indent: int
    # Lines that CPython copies, and jumps so far.
    copied: int = 0
    jumps: int = 0

    # --- functions and statements ---

    def whole(self, name: str, params: Sequence[str], statements: list[Node], *, first: str = "") -> list[str]:
        """The lines of a function; ``first`` is a parameter before the others."""
        _find_reassigned(statements, self.reassigned)
        types = () if self.type is None else self.type.params
        given = self.parameters(params)
        for number, param in enumerate(params):
            is_known = number < len(types) and param not in self.reassigned
            self.kinds[param.removeprefix("...")] = OF_RESULTS.get(types[number], "any") if is_known else "any"
        self.emit(f"def {name}({', '.join([*([first] if first else []), *given])}):")
        self.indent += 1
        self.rest(params)
        self.prologue(params)
        self.body(statements)
        return self.lines

    def prologue(self, params: Sequence[str]) -> None:
        """What is to be done before a function's first statement."""
        if self.as_export:
            for param in params:
                self.emit(f"{self.names[param]} = from_python({self.names[param]})")

    def body(self, statements: list[Node]) -> None:
        """A function's statements."""
        self.block(statements)
        if self.type is not None and self.type.results:
            self.emit(f"return {self.zero()}")

    def parameters(self, params: Sequence[str]) -> list[str]:
        """Declares parameters; gives them as Python has them."""
        found = []
        for param in params:
            found.append(f"*{self.declare(param[3:])}" if param[:3] == "..." else f"{self.declare(param)}=UNDEFINED")
        return found if any(param[:3] == "..." for param in params) else [*found, "*_"]

    def rest(self, params: Sequence[str]) -> None:
        for param in params:
            if param[:3] == "...":
                self.emit(f"{self.names[param[3:]]} = list({self.names[param[3:]]})")

    def zero(self) -> str:
        """What a function gives to the module that ends without a value."""
        results = () if self.type is None else self.type.results
        if len(results) != 1:
            return "None" if not results else f"({', '.join('0' for _ in results)})"
        return {"int": "0", "float": "0.0"}.get(OF_RESULTS.get(results[0], ""), "UNDEFINED")

    def emit(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def block(self, statements: list[Node]) -> None:
        before = len(self.lines)
        seen = dict(self.names), dict(self.kinds)
        for statement in statements:
            getattr(self, f"on_{statement[0]}")(*statement[1:])
        if len(self.lines) == before:
            self.emit("pass")
        # What was hidden is in sight again.
        self.names.update(seen[0])
        self.kinds.update(seen[1])

    def declare(self, name: str, *, anew: bool = True) -> str:
        """A name of the function's own, as it is spelled in Python."""
        spelling = f"v_{spelled(name)}"
        if anew and spelling in self.names.values():
            self.counter += 1
            spelling = f"{spelling}__{self.counter}"
        self.names[name] = spelling
        self.scope.declared.add(spelling)
        self.kinds.setdefault(name, "any")
        return spelling

    def on_var(self, parts: list[tuple[str, Node | None]]) -> None:
        for name, value in parts:
            is_known = name in self.names and self.names[name] in self.scope.declared
            if value is None and is_known:
                continue
            spelling = self.names[name] if is_known else ""
            if value is not None and value[0] == "function":
                # In a function it sees itself.
                spelling = spelling or self.declare(name)
            source, kind = ("UNDEFINED", "any") if value is None else self.expression(value)
            spelling = spelling or self.declare(name)
            self.kinds[name] = "any" if name in self.reassigned else kind
            self.emit(f"{spelling} = {source}")

    def on_let(self, parts: list[tuple[str, Node | None]]) -> None:
        for name, value in parts:
            spelling = self.declare(name) if value is not None and value[0] == "function" else ""
            source, kind = ("UNDEFINED", "any") if value is None else self.expression(value)
            spelling = spelling or self.declare(name)
            self.kinds[name] = "any" if name in self.reassigned else kind
            self.emit(f"{spelling} = {source}")

    def on_missing(self, name: str, value: Node) -> None:
        self.emit(f"if {self.names[name]} is UNDEFINED:")
        self.indent += 1
        self.emit(f"{self.names[name]} = {self.expression(value)[0]}")
        self.indent -= 1

    def on_expression(self, node: Node) -> None:
        if node[0] == "sequence":
            self.on_expression(node[1])
            self.on_expression(node[2])
        elif node[0] == "conditional":
            self.on_if(node[1], [("expression", node[2])], [("expression", node[3])])
        else:
            source = self.expression(node)[0]
            if source != "None":
                self.emit(source)

    def on_block(self, statements: list[Node]) -> None:
        self.block(statements)

    def on_if(self, condition: Node, then: list[Node], other: list[Node]) -> None:
        self.emit(f"if {self.condition(condition)}:")
        self.indented(then)
        if other:
            self.emit("else:")
            self.indented(other)

    def indented(self, statements: list[Node]) -> None:
        self.indent += 1
        self.block(statements)
        self.indent -= 1

    def on_while(self, condition: Node, body: list[Node]) -> None:
        self.loop(condition, body, [])

    def on_for(self, start: list[Node], condition: Node | None, step: Node | None, body: list[Node]) -> None:
        # What the loop declares is its own.
        seen = dict(self.names), dict(self.kinds)
        for statement in start:
            getattr(self, f"on_{statement[0]}")(*statement[1:])
        self.loop(condition, body, [] if step is None else [("expression", step)])
        self.names.update(seen[0])
        self.kinds.update(seen[1])

    def loop(self, condition: Node | None, body: list[Node], step: list[Node]) -> None:
        self.repeat()
        if condition is not None:
            self.emit(f"if not {self.condition(condition)}:")
            self.emit("    break")
        before = len(self.lines)
        for statement in step:
            self.on_expression(statement[1])
        self.end_loop(body, before)

    def repeat(self) -> None:
        """The head of a loop, which counts how often it repeats."""
        self.counter += 1
        self.emit(f"n{self.counter} = 0")
        self.emit("while True:")
        self.indent += 1
        self.emit(f"n{self.counter} = repeated(n{self.counter})")

    def looped(self, body: list[Node], ending: list[str]) -> None:
        if sum(map(len, ending)) > _LONGEST_ENDING:
            raise UnreadableScript("a loop's step is too long")
        self.scope.loops.append(ending)
        self.block(body)
        self.scope.loops.pop()

    def on_do(self, body: list[Node], condition: Node) -> None:
        self.repeat()
        before = len(self.lines)
        self.emit(f"if not {self.condition(condition)}:")
        self.emit("    break")
        self.end_loop(body, before)

    def end_loop(self, body: list[Node], before: int) -> None:
        """Ends a loop. The lines that were written since ``before`` come after its body, and wherever it continues."""
        ending = [line[4 * self.indent :] for line in self.lines[before:]]
        del self.lines[before:]
        self.looped(body, ending)
        for line in ending:
            self.emit(line)
        self.indent -= 1

    def on_each(self, kind: str, name: str, items: Node, body: list[Node]) -> None:
        source = self.expression(items)[0]
        seen = dict(self.names), dict(self.kinds)
        spelling = self.declare(name)
        self.kinds[name] = "any"
        self.emit(f"for {spelling} in {'iterate' if kind == 'of' else 'keys'}({source}):")
        self.indent += 1
        self.looped(body, [])
        self.indent -= 1
        self.names.update(seen[0])
        self.kinds.update(seen[1])

    def on_switch(self, value: Node, cases: list[tuple[Node | None, list[Node]]]) -> None:
        self.counter += 1
        kept, case = f"k{self.counter}", f"c{self.counter}"
        self.emit(f"{kept} = {self.expression(value)[0]}")
        otherwise = len(cases)
        word = "if"
        for number, (test, _) in enumerate(cases):
            if test is None:
                otherwise = number
                continue
            self.emit(f"{word} strict_equals({kept}, {self.expression(test)[0]}):")
            self.emit(f"    {case} = {number}")
            word = "elif"
        if word == "elif":
            self.emit("else:")
        self.emit(f"{'    ' if word == 'elif' else ''}{case} = {otherwise}")
        # From the case that was found on, until a `break`.
        self.emit("while True:")
        self.indent += 1
        self.scope.loops.append(None)
        for number, (_, body) in enumerate(cases):
            if body:
                self.emit(f"if {case} <= {number}:")
                self.indented(body)
        self.scope.loops.pop()
        self.emit("break")
        self.indent -= 1

    def on_break(self) -> None:
        if not self.scope.loops:
            raise UnreadableScript("it breaks out of no loop")
        self.jumps += 1
        self.emit("break")

    def on_continue(self) -> None:
        if not self.scope.loops or self.scope.loops[-1] is None:
            raise UnreadableScript("it goes on with a loop from inside of something else")
        self.jumps += 1
        for line in self.scope.loops[-1]:
            self.emit(line)
        self.emit("continue")

    def on_return(self, node: Node | None) -> None:
        self.jumps += 1
        if node is None:
            self.emit(
                f"return {self.zero() if self.type is not None else 'UNDEFINED' if not self.as_export else 'None'}"
            )
            return
        self.emit(f"return {self.returned(*self.expression(node))}")

    def returned(self, source: str, kind: Any) -> str:
        """What a function gives for a value: to users what is Python's, to the module what is of the type."""
        if self.as_export:
            return source if kind in ("int", "bool", "float", "str") else f"to_python({source})"
        if self.type is None:
            return source
        if len(self.type.results) != 1:
            return source if self.type.results else f"ignore({source})"
        wanted = FROM_ANY.get(self.type.results[0])
        if wanted is None:
            return source
        if wanted != "to_double" and (kind == "bool" or (kind == "int" and source[:2] in ("h_", "w_"))):
            # What the module gives, and places of objects, are of the type. Other integers may be larger.
            return source
        return source if kind == "float" and wanted == "to_double" else f"{wanted}({source})"

    def on_throw(self, node: Node) -> None:
        self.emit(f"raise thrown({self.expression(node)[0]})")

    def on_try(self, body: list[Node], name: str | None, handler: list[Node] | None, final: list[Node] | None) -> None:
        if final is None:
            self.catching(body, name, handler)
            return
        if leaves(final):
            raise UnreadableScript("it leaves a function or a loop in 'finally'")
        before = self.weight(), self.jumps
        self.counter += 1
        may_finish = f"u{self.counter}"
        self.emit(f"{may_finish} = True")
        self.emit("try:")
        self.indent += 1
        self.catching(body, name, handler)
        self.indent -= 1
        # What no guest may catch, it must not replace either, by what it throws at the end.
        self.emit("except BaseException as error:")
        self.emit(f"    {may_finish} = False")
        self.emit(f"    {may_finish} = is_catchable(error)")
        self.emit("    raise")
        self.emit("finally:")
        self.indent += 1
        self.emit(f"if {may_finish}:")
        jumps, start = self.jumps - before[1], self.weight()
        self.indented(final)
        self.indent -= 1
        # CPython has its code once more for each jump out of the body.
        self.copied += (self.weight() - start) * (jumps + 1)
        if self.copied > _MOST_COPIED:
            raise UnreadableScript("too much is done in 'finally'")

    def weight(self) -> int:
        """How many lines there are so far for CPython, with those that it copies."""
        return len(self.lines) + self.copied

    def catching(self, body: list[Node], name: str | None, handler: list[Node] | None) -> None:
        if handler is None:
            self.block(body)
            return
        self.emit("try:")
        self.indented(body)
        self.emit("except BaseException as error:")
        self.indent += 1
        seen = dict(self.names), dict(self.kinds)
        if name is None:
            self.emit("caught(error)")
        else:
            self.emit(f"{self.declare(name)} = caught(error)")
            self.kinds[name] = "any"
        self.block(handler)
        self.names.update(seen[0])
        self.kinds.update(seen[1])
        self.indent -= 1

    def of_function(self, params: list[str], body: list[Node], is_arrow: bool) -> tuple[str, Any]:
        if any(loop is not None for loop in self.scope.loops):
            # Each would have variables of its own in JavaScript.
            raise UnreadableScript("it makes functions in a loop")
        self.counter += 1
        name = f"f{self.counter}"
        saved = dict(self.kinds), dict(self.names), self.as_export, self.type, self.scope
        self.enter(dict(self.kinds), dict(self.names), False, None, Scope())
        inner = self.scope
        self.kinds.update(dict.fromkeys([param.removeprefix("...") for param in params], "any"))
        given = self.parameters(params)
        if not is_arrow and mentions(body, ("name", "arguments")):
            spellings = [self.names[param.removeprefix("...")] for param in params]
            self.emit(f"def {name}(*v_arguments):")
            self.indent += 1
            self.names["arguments"] = "v_arguments"
            self.kinds["arguments"] = "any"
            inner.declared.add("v_arguments")
            for number, spelling in enumerate(spellings):
                self.emit(f"{spelling} = v_arguments[{number}] if len(v_arguments) > {number} else UNDEFINED")
        else:
            self.emit(f"def {name}({', '.join(given)}):")
            self.indent += 1
            self.rest(params)
        at = len(self.lines)
        self.block(body)
        self.emit("return UNDEFINED")
        outer = inner.set - inner.declared
        if outer:
            self.lines.insert(at, "    " * self.indent + f"nonlocal {', '.join(sorted(outer))}")
        self.indent -= 1
        self.enter(*saved)
        self.scope.set |= outer
        return f"Builtin({name!r}, {name})", "any"


def _find_reassigned(nodes: Any, found: set[str]) -> None:
    """Names that are set other than where they are declared."""
    if isinstance(nodes, list):
        for node in nodes:
            _find_reassigned(node, found)
    elif isinstance(nodes, tuple):
        if nodes and nodes[0] == "assign" and nodes[1][0] == "name":
            found.add(nodes[1][1])
        if nodes and nodes[0] == "update" and nodes[3][0] == "name":
            found.add(nodes[3][1])
        for part in nodes:
            if isinstance(part, (list, tuple)):
                _find_reassigned(part, found)


def leaves(nodes: Any, is_in_loop: bool = False) -> bool:
    """Whether statements may leave the function, or the loop, that they are in."""
    if isinstance(nodes, list):
        return any(leaves(node, is_in_loop) for node in nodes)
    if not isinstance(nodes, tuple) or not nodes or nodes[0] == "function":
        return False
    if nodes[0] == "return" or (nodes[0] in ("break", "continue") and not is_in_loop and len(nodes) == 1):
        return True
    is_loop = is_in_loop or nodes[0] in ("while", "do", "for", "each", "switch")
    return any(leaves(part, is_loop) for part in nodes if isinstance(part, (list, tuple)))


def mentions(nodes: Any, wanted: Node) -> bool:
    """Whether a node is in others."""
    return nodes == wanted or (isinstance(nodes, (list, tuple)) and any(mentions(part, wanted) for part in nodes))
