"""Functions of wasm-bindgen's glue as Python functions, made of a fixed vocabulary.

    Translator(glue, types).function("g_greet", function, as_export=True)
    -> def g_greet(v_name=UNDEFINED): ... return to_python(h_getStringFromWasm0(v_r0, v_r1))

What a function may use is the module's exports (``w_...``), wasm-bindgen's helpers, which ``support.py`` has in Python
(``h_...``), other functions and classes of the glue (``g_...``, ``c_...``), and the standard objects (``s_...``). A
name that is none of them is the browser's: using it raises an error. No text of the glue gets into the Python code but
names, which are spelled anew, and strings and numbers, as literals.
"""

from __future__ import annotations

import re

from wasmz.errors import bounded
from wasmz.interop.javascript.grammar import parse_body, parse_expression
from wasmz.interop.javascript.standard import GLOBALS
from wasmz.interop.javascript.tokens import UnreadableScript
from wasmz.types import FuncType, ValType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from wasmz.interop.bindgen.glue import Glue, GlueFunction
    from wasmz.interop.javascript.grammar import Node

# The functions that support.py has, by wasm-bindgen's names for them.
HELPERS = frozenset(
    [
        *("addBorrowedObject", "addHeapObject", "addToExternrefTable0", "takeFromExternrefTable0", "takeObject"),
        *("getObject", "dropObject", "isLikeNone", "debugString", "makeMutClosure", "makeClosure"),
        *("getStringFromWasm0", "getCachedStringFromWasm0", "passStringToWasm0", "getFromExternrefTable0"),
        *("getArrayJsValueFromWasm0", "getArrayJsValueViewFromWasm0", "passArrayJsValueToWasm0"),
        *("_assertClass", "_assertNum", "_assertBigInt", "_assertBoolean", "_assertNonNull"),
        *(f"passArray{bits}ToWasm0" for bits in ("8", "16", "32", "64", "F32", "F64")),
        *(f"getArray{kind}FromWasm0" for kind in ("I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64", "F32", "F64")),
        *("getClampedArrayU8FromWasm0", "getArrayU8FromWasm"),
    ]
)
# Views of the memory, by the middle of their helpers' names: how an item is read.
_VIEWS = {
    "Int8": ("i8", 1),
    "Uint8": ("u8", 1),
    "Int16": ("i16", 2),
    "Uint16": ("u16", 2),
    "Int32": ("i32", 4),
    "Uint32": ("u32", 4),
    "Float32": ("f32", 4),
    "Float64": ("f64", 8),
    "BigInt64": ("i64", 8),
    "BigUint64": ("u64", 8),
}
_VIEW = re.compile(r"get([A-Z]\w*?\d+?)(?:Array)?Memory0$")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_CONSTANTS = {"undefined": "UNDEFINED", "null": "None", "true": "True", "false": "False"}
_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder"}
_COMPARED = {"<": "less", ">": "greater", "<=": "less_or_equal", ">=": "greater_or_equal"}
_BITS = ("&", "|", "^")
_OF_RESULTS = {ValType.I32: "int", ValType.I64: "int", ValType.F32: "float", ValType.F64: "float"}
_FROM_ANY = {ValType.I32: "to_int32", ValType.I64: "to_int64", ValType.F32: "to_double", ValType.F64: "to_double"}


def spelled(name: str) -> str:
    """A name of JavaScript's as a part of one of Python's."""
    if _PLAIN_NAME.match(name):
        return name
    return "".join(c if c.isascii() and (c.isalnum() or c == "_") else f"_{ord(c):x}_" for c in name)


def compile_text(source: str, place: str) -> CodeType:
    """The code of what a translator made.

    Raises:
        UnreadableScript: it is too much for Python, or has a parameter twice.
    """
    try:
        return compile(source, place, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableScript(f"it has no form in Python: {bounded(str(error))}") from None


class Translator:
    """Translates functions of one glue for one module.

    Attributes:
        helpers: names of functions that are there in Python, after ``h_``.
        module: how the glue names the module's exports.
        needs: what the code made so far refers to: ``("w", name)`` and so on.
    """

    def __init__(
        self,
        glue: Glue,
        type_of_export: Callable[[str], FuncType | None],
        helpers: frozenset[str] = HELPERS,
        module_name: str = "wasm",
    ) -> None:
        self.glue: Glue = glue
        self.helpers: frozenset[str] = helpers
        self.module: tuple[str, str] = ("name", module_name)
        self.type_of_export: Callable[[str], FuncType | None] = type_of_export
        self.needs: set[tuple[str, str]] = set()

    def function(
        self,
        name: str,
        function: GlueFunction,
        *,
        as_export: bool = False,
        is_method: bool = False,
        type: FuncType | None = None,
    ) -> str:
        """The source of a function.

        Args:
            name: its name in the code.
            function: what it was read from.
            as_export: whether users call it: ``None`` is undefined then, and results become Python's.
            is_method: whether its first argument is ``this``.
            type: the type of the import that it is.

        Raises:
            UnreadableScript: it has something in it that is none of wasm-bindgen's forms.
        """
        body = _Body(self, as_export, type)
        lines = body.whole(name, function, is_method)
        return "\n".join(lines) + "\n"

    def value(self, name: str, tokens: list[tuple[str, str]], type: FuncType) -> str:
        """The source of an import that is no function in the glue, but a value to be called."""
        body = _Body(self, False, type)
        source, _ = body.expression(parse_expression(tokens))
        params = ", ".join(f"v_arg{number}" for number in range(len(type.params)))
        called = f"call({source}, UNDEFINED, ({params}{',' if params else ''}))"
        return f"def {name}({params}):\n    return {body.returned(called, 'any')}\n"


class _Body:
    """One function, with those inside it."""

    def __init__(self, translator: Translator, as_export: bool, type: FuncType | None) -> None:
        self.translator = translator
        self.as_export = as_export
        self.type = type
        self.kinds: dict[str, Any] = {}
        self.reassigned: set[str] = set()
        self.lines: list[str] = []
        self.indent = 0
        self.counter = 0
        self.params: list[str] = []

    # --- functions and statements ---

    def whole(self, name: str, function: GlueFunction, is_method: bool) -> list[str]:
        statements = parse_body(function.body)
        _find_reassigned(statements, self.reassigned)
        self.params = function.params
        params = [f"v_{spelled(param)}=UNDEFINED" for param in function.params]
        types = self.type.params if self.type is not None else ()
        for number, param in enumerate(function.params):
            known = number < len(types) and param not in self.reassigned
            self.kinds[param] = _OF_RESULTS.get(types[number], "any") if known else "any"
        self.emit(f"def {name}({', '.join([*(['this'] if is_method else []), *params, '*_'])}):")
        self.indent += 1
        if self.as_export:
            for param in function.params:
                self.emit(f"v_{spelled(param)} = from_python(v_{spelled(param)})")
        if function.catches:
            self.emit("try:")
            self.indent += 1
        self.block(statements)
        if function.catches:
            self.indent -= 1
            self.emit("except BaseException as error:")
            self.emit("    h_failed(error)")
            self.emit(f"    return {self.zero()}")
        elif self.type is not None and self.type.results:
            self.emit(f"return {self.zero()}")
        return self.lines

    def zero(self) -> str:
        results = () if self.type is None else self.type.results
        if len(results) != 1:
            return "None" if not results else f"({', '.join('0' for _ in results)})"
        return {"int": "0", "float": "0.0"}.get(_OF_RESULTS.get(results[0], ""), "UNDEFINED")

    def emit(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def block(self, statements: list[Node]) -> None:
        before = len(self.lines)
        for statement in statements:
            getattr(self, f"on_{statement[0]}")(*statement[1:])
        if len(self.lines) == before:
            self.emit("pass")

    def on_var(self, parts: list[tuple[str, Node | None]]) -> None:
        for name, value in parts:
            source, kind = ("UNDEFINED", "any") if value is None else self.expression(value)
            self.kinds[name] = "any" if name in self.reassigned else kind
            self.emit(f"v_{spelled(name)} = {source}")

    def on_expression(self, node: Node) -> None:
        if node[0] == "assign" and node[1][0] == "name" and node[2] == "=":
            self.kinds.setdefault(node[1][1], "any")
            self.emit(f"v_{spelled(node[1][1])} = {self.expression(node[3])[0]}")
        elif node[0] == "sequence":
            self.on_expression(node[1])
            self.on_expression(node[2])
        else:
            source = self.expression(node)[0]
            if source != "None":
                self.emit(source)

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

    def on_return(self, node: Node | None) -> None:
        if node is None:
            self.emit(
                f"return {self.zero() if self.type is not None else 'UNDEFINED' if not self.as_export else 'None'}"
            )
            return
        if node == ("name", "this"):
            self.emit("return None")
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
        wanted = _FROM_ANY.get(self.type.results[0])
        if wanted is None or (kind in ("int", "bool") and wanted != "to_double"):
            return source
        return source if kind == "float" and wanted == "to_double" else f"{wanted}({source})"

    def on_throw(self, node: Node) -> None:
        self.emit(f"raise thrown({self.expression(node)[0]})")

    def on_try(self, body: list[Node], name: str | None, handler: list[Node] | None, final: list[Node] | None) -> None:
        self.emit("try:")
        self.indented(body)
        if handler is not None:
            self.emit("except BaseException as error:")
            self.indent += 1
            if name is None:
                self.emit("caught(error)")
            else:
                self.kinds[name] = "any"
                self.emit(f"v_{spelled(name)} = caught(error)")
            self.block(handler)
            self.indent -= 1
        if final is not None:
            self.emit("finally:")
            self.indented(final)

    # --- expressions: their source, and what kind of value it gives ---

    def condition(self, node: Node) -> str:
        source, kind = self.expression(node)
        return source if kind in ("int", "bool") else f"truthy({source})"

    def expression(self, node: Node) -> tuple[str, Any]:
        found: tuple[str, Any] = getattr(self, f"of_{node[0]}")(*node[1:])
        return found

    def of_number(self, value: float) -> tuple[str, Any]:
        if value == float("inf"):
            return self.need("s", "Infinity"), "float"
        return f"({value!r})" if value < 0 else repr(value), "int" if isinstance(value, int) else "float"

    def of_string(self, value: str) -> tuple[str, Any]:
        return repr(value), "str"

    def of_template(self, parts: list[Node]) -> tuple[str, Any]:
        return f"join_text({', '.join(self.expression(part)[0] for part in parts)})", "str"

    def of_name(self, name: str) -> tuple[str, Any]:
        if name in self.kinds:
            return f"v_{spelled(name)}", self.kinds[name]
        if name in _CONSTANTS:
            return _CONSTANTS[name], "bool" if name in ("true", "false") else "any"
        if name == "this":
            return "this", "any"
        if name == "wasm":
            # In tests of whether there is a module.
            return "True", "bool"
        if name == "WASM_VECTOR_LEN":
            return "h_length[0]", "int"
        if name in self.translator.helpers:
            return f"h_{name}", "any"
        if name in self.translator.glue.classes:
            return self.need("c", name), "any"
        if name in self.translator.glue.functions:
            return self.need("g", name), "any"
        if name in GLOBALS:
            return self.need("s", name), "any"
        return f"not_defined({name!r})", "any"

    def need(self, sort: str, name: str) -> str:
        self.translator.needs.add((sort, name))
        return f"{sort}_{spelled(name)}"

    def of_array(self, items: list[Node]) -> tuple[str, Any]:
        return f"[{', '.join(self.expression(item)[0] for item in items)}]", "any"

    def of_object(self, items: list[tuple[str, Node]]) -> tuple[str, Any]:
        return f"{{{', '.join(f'{key!r}: {self.expression(value)[0]}' for key, value in items)}}}", "any"

    def of_function(self, params: list[str], body: list[Node]) -> tuple[str, Any]:
        self.counter += 1
        name = f"f{self.counter}"
        saved = dict(self.kinds), self.as_export, self.type
        self.as_export, self.type = False, None
        self.kinds.update(dict.fromkeys(params, "any"))
        self.emit(f"def {name}({', '.join([*(f'v_{spelled(param)}=UNDEFINED' for param in params), '*_'])}):")
        self.indented(body)
        self.emit("    return UNDEFINED")
        self.kinds, self.as_export, self.type = saved
        return f"Builtin({name!r}, {name})", "any"

    def of_sequence(self, first: Node, second: Node) -> tuple[str, Any]:
        source, kind = self.expression(second)
        return f"({self.expression(first)[0]}, {source})[1]", kind

    def of_spread(self, node: Node) -> tuple[str, Any]:
        return f"*iterate({self.expression(node)[0]})", "any"

    def of_conditional(self, condition: Node, then: Node, other: Node) -> tuple[str, Any]:
        left, left_kind = self.expression(then)
        right, right_kind = self.expression(other)
        return f"({left} if {self.condition(condition)} else {right})", left_kind if left_kind == right_kind else "any"

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
            return f"delete({self.expression(node[1])[0]}, {self.key(node)})", "bool"
        if op == "!":
            return f"(not {self.condition(node)})", "bool"
        source, kind = self.expression(node)
        if op == "-":
            return (f"(-{source})", kind) if kind in ("int", "float") else (f"(-to_number({source}))", "any")
        return (f"to_number({source})", "any") if op == "+" else (f"(~signed({source}))", "int")

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
            return f"({right} if h_isLikeNone(k{self.counter} := {left}) else k{self.counter})", "any"
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
            return f"signed(signed({left}) {op} {_distance(right)})", "int"
        if op in _BITS:
            return f"signed(signed({left}) {op} signed({right}))", "int"
        if op == "instanceof":
            return f"instance_of({left}, {right})", "bool"
        if op == "in":
            return f"has({right}, {left})", "bool"
        if numbers and op == "/" and right_node[0] == "number" and right_node[1]:
            # Addresses, which the items' size divides.
            return f"({left} // {right})", "int"
        is_item = "number" in (left_node[0], right_node[0])
        # Products of products grow fast: `multiply` bounds them.
        if numbers and (op in ("+", "-") or (op == "*" and is_item)):
            return f"({left} {op} {right})", "int"
        if op not in _ARITHMETIC:
            raise UnreadableScript(f"it uses the operator {op[:80]!r}")
        return f"{_ARITHMETIC[op]}({left}, {right})", "int" if numbers and op == "*" else "any"

    def comparison(self, op: str, left: str, left_kind: Any, right: str, right_kind: Any) -> str:
        negation = op[0] == "!"
        if len(op) == 3 and right in ("UNDEFINED", "None"):
            return f"({left} is {'not ' if negation else ''}{right})"
        if left_kind == right_kind and left_kind in ("int", "str"):
            return f"({left} {'!=' if negation else '=='} {right})"
        name = "strict_equals" if len(op) == 3 else "loose_equals"
        return f"({'not ' if negation else ''}{name}({left}, {right}))"

    def of_assign(self, target: Node, op: str, value: Node) -> tuple[str, Any]:
        if op != "=":
            value = ("binary", op[:-1], target, value)
        if target[:2] == ("index", ("name", "heap")):
            # heap[stack_pointer++] = undefined
            return "h_give_back()", "any"
        source, kind = self.expression(value)
        if target[0] == "name":
            if target[1] not in self.kinds:
                raise UnreadableScript(f"it sets {target[1][:80]!r}, which is not its own")
            return f"(v_{spelled(target[1])} := {source})", kind
        if target[0] == "member" and target[2] == "__wbg_ptr":
            return f"h_own({self.expression(target[1])[0]}, {source})", "any"
        view = self.view_item(target)
        if view is not None:
            return f"h_store_{view[0]}({view[1]}, {source})", "any"
        if target[0] not in ("member", "index"):
            raise UnreadableScript("it sets something that is no variable")
        return f"put({self.expression(target[1])[0]}, {self.key(target)}, {source})", "any"

    def of_update(self, op: str, is_before: bool, target: Node) -> tuple[str, Any]:
        if target[0] not in ("member", "index"):
            raise UnreadableScript("it counts in a variable")
        step = 1 if op == "++" else -1
        return f"update({self.expression(target[1])[0]}, {self.key(target)}, {step}, {is_before})", "any"

    def key(self, node: Node) -> str:
        return repr(node[2]) if node[0] == "member" else self.expression(node[2])[0]

    def of_member(self, owner: Node, name: str) -> tuple[str, Any]:
        if owner == self.translator.module:
            return ("h_memory()", "any") if name == "memory" else (self.need("w", name), "any")
        if owner == ("name", "arguments") and name == "length":
            return f"count_given({', '.join(f'v_{spelled(param)}' for param in self.params)})", "int"
        if name == "__wbg_ptr":
            return (
                (f"{self.expression(owner)[0]}._ptr", "int")
                if owner == ("name", "this")
                else (
                    f"h_pointer({self.expression(owner)[0]})",
                    "int",
                )
            )
        return f"get({self.expression(owner)[0]}, {name!r})", "any"

    def of_index(self, owner: Node, key: Node) -> tuple[str, Any]:
        view = self.view_item(("index", owner, key))
        if view is not None:
            return f"h_load_{view[0]}({view[1]})", "float" if view[0][0] == "f" else "int"
        source, kind = self.expression(owner)
        if isinstance(kind, tuple) and key[0] == "number" and key[1] in range(len(kind)):
            return f"{source}[{key[1]}]", kind[key[1]]
        return f"get({source}, {self.expression(key)[0]})", "any"

    def view_item(self, node: Node) -> tuple[str, str] | None:
        """The kind and the address of ``getInt32Memory0()[place]``; ``None`` if a node is something else."""
        if node[0] != "index" or node[1][0] != "call" or node[1][1][0] != "name":
            return None
        match = _VIEW.match(node[1][1][1])
        if match is None or match.group(1) not in _VIEWS:
            return None
        kind, size = _VIEWS[match.group(1)]
        source, place_kind = self.expression(node[2])
        return kind, f"{source if place_kind == 'int' else f'to_int32({source})'} * {size}"

    def of_new(self, kind: Node, args: list[Node]) -> tuple[str, Any]:
        return f"construct({self.expression(kind)[0]}, {self.arguments(args)})", "any"

    def arguments(self, args: list[Node]) -> str:
        inside = ", ".join(self.expression(arg)[0] for arg in args)
        return f"({inside}{',' if inside else ''})"

    def of_call(self, callee: Node, args: list[Node]) -> tuple[str, Any]:
        if callee[0] == "name":
            return self.call_by_name(callee[1], args)
        if callee[0] != "member":
            return f"call({self.expression(callee)[0]}, UNDEFINED, {self.arguments(args)})", "any"
        owner, name = callee[1], callee[2]
        if owner == self.translator.module:
            return self.call_export(name, args)
        if name in ("__wrap", "__unwrap") and owner[0] == "name":
            return f"h{name[1:]}({self.expression(owner)[0]}, {self.arguments(args)[1:-1].rstrip(',')})", "any"
        if name == "__destroy_into_raw":
            return f"h_release({self.expression(owner)[0]})", "int"
        if name in ("register", "unregister") and owner[0] == "name" and owner[1].endswith("Finalization"):
            return "None", "any"
        if owner[0] == "call" and owner[1] in (("name", "getDataViewMemory0"), ("name", "getDataView")):
            return self.data_view(name, args)
        if owner == ("name", "BigInt") and name in ("asUintN", "asIntN") and args[0] == ("number", 64):
            source, kind = self.expression(args[1])
            if kind == "int":
                return (f"({source} & 0xFFFFFFFFFFFFFFFF)", "int") if name == "asUintN" else (source, "int")
        if name == "call" and owner[0] == "member" and owner[1][0] == "member" and owner[1][2] == "prototype":
            this, *rest = args
            return f"call_method({self.expression(this)[0]}, {owner[2]!r}, {self.arguments(rest)})", "any"
        return f"call_method({self.expression(owner)[0]}, {name!r}, {self.arguments(args)})", "any"

    def call_by_name(self, name: str, args: list[Node]) -> tuple[str, Any]:
        inside = ", ".join(self.expression(arg)[0] for arg in args)
        if name in self.translator.helpers:
            kinds = {"isLikeNone": "bool", "getStringFromWasm0": "str", "getObject": "any", "takeObject": "any"}
            is_place = name.startswith(("pass", "add", "__lower"))
            return f"h_{name}({inside})", "int" if is_place else kinds.get(name, "any")
        if name in self.kinds:
            return f"call(v_{spelled(name)}, UNDEFINED, {self.arguments(args)})", "any"
        if name in self.translator.glue.functions:
            return f"{self.need('g', name)}({inside})", "any"
        return f"call({self.of_name(name)[0]}, UNDEFINED, {self.arguments(args)})", "any"

    def call_export(self, name: str, args: list[Node]) -> tuple[str, Any]:
        type = self.translator.type_of_export(name)
        if type is None:
            raise UnreadableScript(f"the module exports no function {name[:80]!r}")
        given = []
        for number, wanted in enumerate(type.params):
            source, kind = self.expression(args[number]) if number < len(args) else ("UNDEFINED", "any")
            convert = _FROM_ANY.get(wanted)
            is_fitting = kind == "int" or (kind == "float" and convert == "to_double")
            given.append(source if convert is None or is_fitting else f"{convert}({source})")
        kinds = tuple([_OF_RESULTS.get(result, "any") for result in type.results])
        source = f"{self.need('w', name)}({', '.join(given)})"
        if not kinds:
            return source, "any"
        return source, kinds[0] if len(kinds) == 1 else kinds

    def data_view(self, name: str, args: list[Node]) -> tuple[str, Any]:
        kind, size = _VIEWS.get(name[3:], ("", 0))
        if not size or name[:3] not in ("get", "set"):
            raise UnreadableScript(f"it uses {name[:80]!r} of a view of the memory")
        place, place_kind = self.expression(args[0])
        place = place if place_kind == "int" else f"to_int32({place})"
        if name[:3] == "get":
            return f"h_load_{kind}({place})", "float" if kind[0] == "f" else "int"
        return f"h_store_{kind}({place}, {self.expression(args[1])[0]})", "any"


def _distance(source: str) -> str:
    """How far to shift, in code: JavaScript takes it modulo 32."""
    return source if source.isdecimal() and int(source) < 32 else f"(to_int32({source}) & 31)"


def _find_reassigned(nodes: Any, found: set[str]) -> None:
    """Names that are set other than where they are declared."""
    if isinstance(nodes, list):
        for node in nodes:
            _find_reassigned(node, found)
    elif isinstance(nodes, tuple):
        if nodes and nodes[0] == "assign" and nodes[1][0] == "name":
            found.add(nodes[1][1])
        for part in nodes:
            if isinstance(part, (list, tuple)):
                _find_reassigned(part, found)
