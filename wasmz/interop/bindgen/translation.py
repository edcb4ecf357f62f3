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

from wasmz.interop.javascript.expressions import FROM_ANY, OF_RESULTS
from wasmz.interop.javascript.grammar import parse_body, parse_expression
from wasmz.interop.javascript.standard import GLOBALS
from wasmz.interop.javascript.tokens import UnreadableScript
from wasmz.interop.javascript.translation import PlainBody

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from wasmz.interop.bindgen.glue import Glue, GlueFunction
    from wasmz.interop.javascript.grammar import Node
    from wasmz.types import FuncType

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
        body = _Body(self, as_export, type, is_method)
        body.catches = function.catches
        lines = body.whole(name, function.params, parse_body(function.body), first="this" if is_method else "")
        return "\n".join(lines) + "\n"

    def value(self, name: str, tokens: list[tuple[str, str]], type: FuncType) -> str:
        """The source of an import that is no function in the glue, but a value to be called."""
        body = _Body(self, False, type)
        source, _ = body.expression(parse_expression(tokens))
        params = ", ".join(f"v_arg{number}" for number in range(len(type.params)))
        called = f"call({source}, UNDEFINED, ({params}{',' if params else ''}))"
        return f"def {name}({params}):\n    return {body.returned(called, 'any')}\n"


class _Body(PlainBody):
    """One function, with those inside it."""

    def __init__(self, translator: Translator, as_export: bool, type: FuncType | None, is_method: bool = False) -> None:
        super().__init__(GLOBALS, translator.needs, type, as_export=as_export)
        self.translator = translator
        self.is_method = is_method
        self.catches: bool = False
        self.params: list[str] = []

    def prologue(self, params: Sequence[str]) -> None:
        self.params = [self.names[param.removeprefix("...")] for param in params]
        super().prologue(params)

    def body(self, statements: list[Node]) -> None:
        if not self.catches:
            super().body(statements)
            return
        self.emit("try:")
        self.indented(statements)
        self.emit("except BaseException as error:")
        self.emit("    h_failed(error)")
        self.emit(f"    return {self.zero()}")

    def this(self) -> str:
        return "this" if self.is_method else super().this()

    def on_return(self, node: Node | None) -> None:
        if node == ("name", "this"):
            self.emit("return None")
            return
        super().on_return(node)

    def on_each(self, kind: str, name: str, items: Node, body: list[Node]) -> None:
        raise UnreadableScript("it has a loop")

    def repeat(self) -> None:
        raise UnreadableScript("it has a loop")

    def of_bigint(self, value: int) -> tuple[str, Any]:
        # Those of the module are plain integers.
        return self.of_number(value)

    def free(self, name: str) -> tuple[str, Any]:
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
        return super().free(name)

    def of_unary(self, op: str, node: Node) -> tuple[str, Any]:
        if op == "-":
            source, kind = self.expression(node)
            if kind in ("int", "float"):
                return f"(-{source})", kind
        return super().of_unary(op, node)

    def arithmetic(
        self, op: str, left_node: Node, left: str, right_node: Node, right: str, numbers: bool
    ) -> tuple[str, Any]:
        if numbers and op == "/" and right_node[0] == "number" and right_node[1]:
            # Addresses, which the items' size divides.
            return f"({left} // {right})", "int"
        is_item = "number" in (left_node[0], right_node[0])
        # Products of products grow fast: `multiply` bounds them.
        if numbers and (op in ("+", "-") or (op == "*" and is_item)):
            return f"({left} {op} {right})", "int"
        source, _ = super().arithmetic(op, left_node, left, right_node, right, numbers)
        return source, "int" if numbers and op == "*" else "any"

    def of_assign(self, target: Node, op: str, value: Node) -> tuple[str, Any]:
        if target[:2] == ("index", ("name", "heap")):
            # heap[stack_pointer++] = undefined
            return "h_give_back()", "any"
        if op == "=" and target[0] == "member" and target[2] == "__wbg_ptr":
            return f"h_own({self.expression(target[1])[0]}, {self.expression(value)[0]})", "any"
        view = self.view_item(target) if op == "=" else None
        if view is not None:
            return f"h_store_{view[0]}({view[1]}, {self.expression(value)[0]})", "any"
        return super().of_assign(target, op, value)

    def of_member(self, owner: Node, name: str) -> tuple[str, Any]:
        if owner == self.translator.module:
            return ("h_memory()", "any") if name == "memory" else (self.need("w", name), "any")
        if owner == ("name", "arguments") and name == "length" and "arguments" not in self.names:
            return f"count_given({', '.join(self.params)})", "int"
        if name == "__wbg_ptr":
            return (
                (f"{self.expression(owner)[0]}._ptr", "int")
                if owner == ("name", "this")
                else (
                    f"h_pointer({self.expression(owner)[0]})",
                    "int",
                )
            )
        return super().of_member(owner, name)

    def of_index(self, owner: Node, key: Node) -> tuple[str, Any]:
        view = self.view_item(("index", owner, key))
        if view is not None:
            return f"h_load_{view[0]}({view[1]})", "float" if view[0][0] == "f" else "int"
        return super().of_index(owner, key)

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

    def of_call(self, callee: Node, args: list[Node]) -> tuple[str, Any]:
        if callee[0] == "name":
            return self.call_by_name(callee[1], args)
        if callee[0] != "member":
            return super().of_call(callee, args)
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
        return super().of_call(callee, args)

    def call_by_name(self, name: str, args: list[Node]) -> tuple[str, Any]:
        inside = ", ".join(self.expression(arg)[0] for arg in args)
        if name in self.translator.helpers:
            kinds = {"isLikeNone": "bool", "getStringFromWasm0": "str", "getObject": "any", "takeObject": "any"}
            is_place = name.startswith(("pass", "add", "__lower"))
            return f"h_{name}({inside})", "int" if is_place else kinds.get(name, "any")
        if name in self.names:
            return super().of_call(("name", name), args)
        if name in self.translator.glue.functions:
            return f"{self.need('g', name)}({inside})", "any"
        return super().of_call(("name", name), args)

    def call_export(self, name: str, args: list[Node]) -> tuple[str, Any]:
        type = self.translator.type_of_export(name)
        if type is None:
            raise UnreadableScript(f"the module exports no function {name[:80]!r}")
        given = []
        for number, wanted in enumerate(type.params):
            source, kind = self.expression(args[number]) if number < len(args) else ("UNDEFINED", "any")
            convert = FROM_ANY.get(wanted)
            is_fitting = kind == "int" or (kind == "float" and convert == "to_double")
            given.append(source if convert is None or is_fitting else f"{convert}({source})")
        kinds = tuple([OF_RESULTS.get(result, "any") for result in type.results])
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
